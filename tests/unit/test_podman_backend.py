"""What the backend asks a Podman for, and how it takes the answers that no real one gives on demand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.transport_server import CHUNKED, ScriptedEngine, Seen, answer, chunk
from tui.runtime.engine.backend import EngineRuntime, open_runtime
from tui.runtime.engine.prefetch import Prefetch
from tui.runtime.errors import Conflict, NotFound, StreamBroken, Unsupported

PING = answer(b"OK", Api_Version="1.41", Libpod_Api_Version="4.3.1", Server="Libpod/4.3.1 (linux)")
ROW = {"Id": "c1", "Names": ["web"], "State": "running", "Status": "healthy", "ImageID": "a" * 64}


@contextlib.asynccontextmanager
async def podman(path: Path, **answers: bytes) -> AsyncIterator[tuple[ScriptedEngine, EngineRuntime]]:
    """A Podman that answers by the last part of the path, and the runtime connected to it."""

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        name = seen.path.partition("?")[0].rpartition("/")[2]
        writer.write(PING if name == "_ping" else answers.get(name, answer({"message": f"no {name}"}, 404)))
        return True

    async with ScriptedEngine(path / "s", handler).running() as engine:
        runtime = await open_runtime(engine.endpoint)
        try:
            yield engine, runtime
        finally:
            await runtime.close()


async def test_the_list_is_libpods_and_other_calls_are_dockers(tmp_path: Path) -> None:
    async with podman(tmp_path, json=answer([ROW])) as (engine, runtime):
        (row,) = await runtime.container_list(all=True)
        await runtime.image_list()
        assert [seen.path for seen in engine.seen[1:]] == [
            "/v4.0.0/libpod/containers/json?all=1",
            "/v1.41/images/json",
        ]
    assert row.status == "Up Less than a second (healthy)"


async def test_the_early_list_is_libpods_too(tmp_path: Path) -> None:
    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        writer.write(PING if seen.path == "/_ping" else answer([ROW]))
        await writer.drain()
        return False

    async with ScriptedEngine(tmp_path / "s", handler).running() as engine:
        rows = await asyncio.to_thread(lambda: Prefetch(engine.endpoint).containers(5))
        assert [seen.path for seen in engine.seen] == ["/_ping", "/v4.0.0/libpod/containers/json?all=1"]
    assert rows is not None
    assert [(row.id, row.name, row.image_id) for row in rows] == [("c1", "web", f"sha256:{'a' * 64}")]


async def test_stats_of_nothing_are_refused_before_the_stream(tmp_path: Path) -> None:
    async with podman(tmp_path, stats=CHUNKED) as (engine, runtime):
        with pytest.raises(NotFound):
            async with runtime.container_stats("gone"):
                pass
        assert [seen.path for seen in engine.seen[1:]] == ["/v4.0.0/libpod/containers/gone/exists"]


async def test_processes_of_what_does_not_run(tmp_path: Path) -> None:
    async with podman(tmp_path, top=CHUNKED + chunk(b"")) as (_, runtime):
        with pytest.raises(Conflict) as caught:
            await runtime.container_top("web")
        assert caught.value.operation == "container_top"


async def test_an_engine_that_logs_no_events_says_so(tmp_path: Path) -> None:
    info = answer({"host": {"eventLogger": "none"}})
    async with podman(tmp_path, events=CHUNKED + chunk(b""), info=info) as (engine, runtime):
        async with runtime.events() as stream:
            with pytest.raises(Unsupported) as caught:
                await anext(stream)
        assert engine.seen[-1].path == "/v4.0.0/libpod/info"
    assert caught.value.capability == "events"
    assert "events_logger" in caught.value.hint


@pytest.mark.parametrize("info", [answer({"host": {"eventLogger": "journald"}}), answer({"message": "no"}, 500)])
async def test_any_other_end_of_the_events_is_a_break(tmp_path: Path, info: bytes) -> None:
    async with (
        podman(tmp_path, events=CHUNKED + chunk(b""), info=info) as (_, runtime),
        runtime.events() as stream,
    ):
        with pytest.raises(StreamBroken, match="the engine ended the stream"):
            await anext(stream)


async def test_events_that_came_first_make_it_a_break(tmp_path: Path) -> None:
    message = b'{"Type": "container", "Action": "died", "Actor": {"ID": "c1", "Attributes": {}}}\n'
    async with (
        podman(tmp_path, events=CHUNKED + chunk(message) + chunk(b"")) as (engine, runtime),
        runtime.events() as stream,
    ):
        assert (await anext(stream)).action == "die"
        with pytest.raises(StreamBroken):
            await anext(stream)
        assert not any(seen.path.endswith("/info") for seen in engine.seen)
