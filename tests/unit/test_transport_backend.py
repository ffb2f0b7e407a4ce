from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.transport_server import CHUNKED, Handler, ScriptedEngine, Seen, answer, chunk
from tui.runtime.endpoints import Endpoint
from tui.runtime.engine.backend import EngineRuntime, open_runtime
from tui.runtime.engine.prefetch import Prefetch
from tui.runtime.errors import (
    BackendUnavailable,
    Conflict,
    EngineFault,
    Forbidden,
    InvalidRequest,
    NotFound,
    OperationFailed,
    ProtocolViolation,
    RateLimited,
    RuntimeFault,
    StreamBroken,
    Unauthorized,
    Unsupported,
)
from tui.runtime.models import EngineKind, LogLine
from tui.runtime.registry import connect

PING = answer(b"OK", Api_Version="1.41", Server="Docker/20.10.24 (linux)")
Serve = Callable[[Handler], AbstractAsyncContextManager[ScriptedEngine]]


def by_path(**answers: bytes) -> Handler:
    """Answers by the last part of the path; ``_ping`` is answered when not given, the rest is a 404."""

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        name = seen.path.partition("?")[0].rpartition("/")[2]
        writer.write(answers.get(name) or (PING if name == "_ping" else answer({"message": f"no {name}"}, 404)))
        return True

    return handler


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    @contextlib.asynccontextmanager
    async def serve(handler: Handler) -> AsyncIterator[ScriptedEngine]:
        async with ScriptedEngine(tmp_path / "s", handler).running() as engine:
            yield engine

    return serve


@contextlib.asynccontextmanager
async def opened(engine: ScriptedEngine) -> AsyncIterator[EngineRuntime]:
    runtime = await open_runtime(engine.endpoint)
    try:
        yield runtime
    finally:
        await runtime.close()


# --- the first contact ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "used"), [("1.41", "v1.41"), ("1.24", "v1.24"), ("1.47", "v1.47"), ("1.52", "v1.47"), ("2.0", "v1.47")]
)
async def test_the_smaller_of_both_versions_is_used(serve: Serve, offered: str, used: str) -> None:
    async with (
        serve(by_path(_ping=answer(b"OK", Api_Version=offered), json=answer([]))) as engine,
        opened(engine) as runtime,
    ):
        assert await runtime.container_list() == []
        assert engine.seen[-1].path == f"/{used}/containers/json"
        assert [seen.path for seen in engine.seen[:-1]] == ["/_ping"]


async def test_the_environment_wins(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_API_VERSION", "1.30")
    async with serve(by_path(json=answer([]))) as engine, opened(engine) as runtime:
        await runtime.container_list()
        assert engine.seen[-1].path == "/v1.30/containers/json"
    monkeypatch.setenv("DOCKER_API_VERSION", "newest")
    async with serve(by_path()) as engine:
        with pytest.raises(InvalidRequest, match="newest"):
            await open_runtime(engine.endpoint)


@pytest.mark.parametrize("ping", [answer(b"OK"), answer({"message": "not allowed"}, 403)], ids=["silent", "proxy"])
async def test_version_is_asked_where_ping_does_not_tell(serve: Serve, ping: bytes) -> None:
    version = answer({"ApiVersion": "1.40", "Components": [{"Name": "Podman Engine"}], "Version": "4.3.1"})
    async with serve(by_path(_ping=ping, version=version)) as engine, opened(engine) as runtime:
        assert [seen.path for seen in engine.seen] == ["/_ping", "/version"]
        assert (await runtime.version()).kind is EngineKind.PODMAN
        assert engine.seen[-1].path == "/v1.40/version"


async def test_podman_is_known_by_its_headers(serve: Serve) -> None:
    ping = answer(b"OK", Api_Version="1.41", Libpod_Api_Version="4.3.1", Server="Libpod/4.3.1 (linux)")
    async with serve(by_path(_ping=ping, info=answer({"ID": "x"}))) as engine, opened(engine) as runtime:
        info = await runtime.info()
        assert (info.kind, info.api_version) == (EngineKind.PODMAN, "1.41")


async def test_what_is_no_engine_leaves_nothing_open(serve: Serve) -> None:
    for wrong in (answer(b"OK", Api_Version="soon"), answer({"hello": 1})):
        async with serve(by_path(_ping=wrong, version=answer({}))) as engine:
            with pytest.raises(ProtocolViolation):
                await open_runtime(engine.endpoint)
            await engine.closed()


async def test_the_registry_takes_urls_and_endpoints(serve: Serve) -> None:
    async with serve(by_path()) as engine:
        for given in (engine.endpoint, engine.endpoint.url):
            runtime = await connect(given)
            assert runtime.endpoint == engine.endpoint.url
            await runtime.close()
    with pytest.raises(BackendUnavailable, match="ssh"):
        await connect("ssh://host")


# --- operations whose trouble a real engine does not make on demand --------------------------------------------------


async def test_a_stop_signal_needs_an_engine_that_knows_it(serve: Serve) -> None:
    async with serve(by_path()) as engine, opened(engine) as runtime:
        with pytest.raises(Unsupported) as caught:
            await runtime.container_stop("x", signal="HUP")
        assert caught.value.capability == "stop signal"
        assert len(engine.seen) == 1
    async with (
        serve(by_path(_ping=answer(b"", Api_Version="1.44"), stop=answer({}, 204))) as engine,
        opened(engine) as runtime,
    ):
        await runtime.container_stop("x", signal="HUP", timeout=3)
        assert engine.seen[-1].path == "/v1.44/containers/x/stop?signal=HUP&t=3"


@pytest.mark.parametrize("said", ["Container x is not paused", "container state improper"])
async def test_a_500_about_the_state_is_a_conflict(serve: Serve, said: str) -> None:
    async with serve(by_path(unpause=answer({"message": said}, 500))) as engine, opened(engine) as runtime:
        with pytest.raises(Conflict, match=said):
            await runtime.container_unpause("x")


async def test_other_500s_stay_what_they_are(serve: Serve) -> None:
    async with serve(by_path(unpause=answer({"message": "disk full"}, 500))) as engine, opened(engine) as runtime:
        with pytest.raises(EngineFault, match="disk full"):
            await runtime.container_unpause("x")


async def test_a_wait_tells_the_engines_trouble(serve: Serve) -> None:
    trouble = answer({"StatusCode": 0, "Error": {"Message": "lost it"}})
    async with serve(by_path(wait=trouble)) as engine, opened(engine) as runtime:
        with pytest.raises(EngineFault, match="lost it"):
            await runtime.container_wait("x")


async def test_events_never_end_without_until(serve: Serve) -> None:
    event = json.dumps({"Type": "container", "Action": "die", "Actor": {"ID": "x"}}).encode() + b"\n"
    wire = CHUNKED + chunk(event[:9]) + chunk(event[9:]) + chunk(b"")
    async with serve(by_path(events=wire)) as engine, opened(engine) as runtime:
        async with runtime.events() as stream:
            assert (await anext(stream)).action == "die"
            with pytest.raises(StreamBroken):
                await anext(stream)
        async with runtime.events(since=datetime(2024, 5, 1, tzinfo=UTC), until=datetime.now(UTC)) as stream:
            assert [event.action async for event in stream] == ["die"]
        assert "since=1714521600.000000000" in engine.seen[-1].path


async def test_events_that_end_inside_a_message_are_broken(serve: Serve) -> None:
    wire = CHUNKED + chunk(b'{"Type":') + chunk(b"")
    async with serve(by_path(events=wire)) as engine, opened(engine) as runtime, runtime.events() as stream:
        with pytest.raises(StreamBroken, match="inside a message"):
            await anext(stream)


def frame(stream: int, text: bytes) -> bytes:
    return struct.pack(">BxxxL", stream, len(text)) + text


async def collect(stream: AbstractAsyncContextManager[AsyncIterator[Any]]) -> list[Any]:
    async with stream as entered:
        return [one async for one in entered]


async def test_a_log_that_is_not_framed_is_a_violation(serve: Serve) -> None:
    wire = CHUNKED + chunk(b"a plain line of text\n") + chunk(b"")
    async with serve(by_path(logs=wire)) as engine, opened(engine) as runtime:
        with pytest.raises(ProtocolViolation):
            await collect(runtime.container_logs("x", tty=False))
        assert await collect(runtime.container_logs("x", tty=True)) == [LogLine("raw", "a plain line of text")]


async def test_a_log_that_ends_inside_a_frame_is_broken(serve: Serve) -> None:
    wire = CHUNKED + chunk(frame(1, b"one\n") + frame(1, b"two\n")[:-1]) + chunk(b"")
    async with (
        serve(by_path(logs=wire)) as engine,
        opened(engine) as runtime,
        runtime.container_logs("x", tty=False) as log,
    ):
        assert await anext(log) == LogLine("stdout", "one")
        with pytest.raises(StreamBroken):
            await anext(log)


async def test_lines_before_an_engines_own_error_still_come(serve: Serve) -> None:
    wire = CHUNKED + chunk(frame(1, b"one\n") + frame(3, b"Error grabbing logs: EOF")) + chunk(b"")
    async with (
        serve(by_path(logs=wire)) as engine,
        opened(engine) as runtime,
        runtime.container_logs("x", tty=False) as log,
    ):
        assert await anext(log) == LogLine("stdout", "one")
        with pytest.raises(StreamBroken, match="Error grabbing logs"):
            await anext(log)


async def test_a_log_driver_that_keeps_nothing_is_named(serve: Serve) -> None:
    inspect = answer({"Config": {"Tty": False}, "HostConfig": {"LogConfig": {"Type": "syslog"}}})
    refused = answer({"message": "configured logging driver does not support reading"}, 501)
    async with serve(by_path(json=inspect, logs=refused)) as engine, opened(engine) as runtime:
        for tty in (None, False):
            with pytest.raises(Unsupported, match="syslog"):
                await collect(runtime.container_logs("x", tty=tty))
        assert runtime.open_streams == {}


async def test_stats_decode_and_end(serve: Serve) -> None:
    sample = {"read": "2024-05-01T12:00:00Z", "pids_stats": {"current": 1}, "memory_stats": {"usage": 5}}
    ended = {"read": "0001-01-01T00:00:00Z"}
    wire = CHUNKED + chunk("\n".join(map(json.dumps, (sample, ended, sample))).encode())
    async with serve(by_path(stats=wire)) as engine, opened(engine) as runtime:
        got = await collect(runtime.container_stats("x"))
        assert [one.memory for one in got] == [5]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("toomanyrequests: You have reached your pull rate limit", RateLimited),
        ("unauthorized: authentication required", Unauthorized),
        ("manifest for x:1 not found", NotFound),
        ("no space left on device", OperationFailed),
    ],
)
async def test_errors_inside_a_pull_are_typed(
    serve: Serve, said: str, kind: type[RuntimeFault], docker_config: Path
) -> None:
    wire = (
        CHUNKED
        + chunk(b'{"status":"Pulling"}\r\n')
        + chunk(json.dumps({"error": said}).encode() + b"\r\n")
        + chunk(b"")
    )
    async with serve(by_path(create=wire)) as engine, opened(engine) as runtime:
        async with runtime.image_pull("host:5000/x:1", platform="linux/arm64") as stream:
            assert (await anext(stream)).status == "Pulling"
            with pytest.raises(kind, match=said[:20]) as caught:
                await anext(stream)
        assert (caught.value.operation, caught.value.target) == ("image_pull", "host:5000/x:1")
        assert "fromImage=host%3A5000%2Fx&tag=1&platform=linux%2Farm64" in engine.seen[-1].path
        assert "x-registry-auth" not in engine.seen[-1].headers


async def test_credentials_are_sent_and_a_broken_helper_is_told(serve: Serve, docker_config: Path) -> None:
    import base64

    done = CHUNKED + chunk(b'{"status":"done"}') + chunk(b"")
    async with serve(by_path(create=done)) as engine, opened(engine) as runtime:
        await collect(runtime.image_pull("r.example/x", auth={"username": "u", "password": "p"}))
        sent = json.loads(base64.urlsafe_b64decode(engine.seen[-1].headers["x-registry-auth"]))
        assert sent == {"username": "u", "password": "p"}
        (docker_config / "config.json").write_text(json.dumps({"credHelpers": {"r.example": "no-such-helper"}}))
        with pytest.raises(Unauthorized, match="credential helper"):
            await collect(runtime.image_pull("r.example/x"))


async def test_an_exec_whose_connection_breaks_is_broken(serve: Serve) -> None:
    upgraded = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n" + frame(1, b"half")

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        name = seen.path.rpartition("/")[2]
        if name == "start":
            writer.write(upgraded)
            await writer.drain()
            writer.close()
            return False
        known = {"_ping": PING, "exec": answer({"Id": "e1"}, 201), "json": answer({"Running": True, "ExitCode": None})}
        writer.write(known[name])
        return True

    async with serve(handler) as engine, opened(engine) as runtime:
        with pytest.raises(StreamBroken):
            await runtime.container_exec_run("x", ["true"])


async def test_an_exec_without_an_id_is_a_violation(serve: Serve) -> None:
    async with serve(by_path(exec=answer({}, 201))) as engine, opened(engine) as runtime:
        with pytest.raises(ProtocolViolation):
            await runtime.container_exec_run("x", ["true"])


async def test_a_size_that_is_none_is_refused(serve: Serve) -> None:
    async with serve(by_path()) as engine, opened(engine) as runtime:
        for size in ((0, 24), (80, -1), (80, 70000)):
            with pytest.raises(InvalidRequest):
                runtime.container_exec("x", ["sh"], size=size)


async def test_a_forbidden_event_stream_is_told_on_entering(serve: Serve) -> None:
    async with serve(by_path(events=answer({"message": "no"}, 403))) as engine, opened(engine) as runtime:
        with pytest.raises(Forbidden):
            await collect(runtime.events())


# --- the early list --------------------------------------------------------------------------------------------------

ROWS = answer([{"Id": "c1", "Names": ["/web"], "State": "running"}])


async def early(endpoint: Endpoint, seconds: float = 5) -> Any:
    return await asyncio.to_thread(lambda: Prefetch(endpoint).containers(seconds))


def closing(**answers: bytes) -> Handler:
    """As an engine answers HTTP/1.0: and closes."""
    inside = by_path(**answers)

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await inside(seen, writer)
        await writer.drain()
        return False

    return handler


async def test_the_early_list(serve: Serve) -> None:
    async with serve(closing(json=ROWS)) as engine:
        rows = await early(engine.endpoint)
        assert [(row.id, row.name) for row in rows] == [("c1", "web")]
        assert [seen.path for seen in engine.seen] == ["/_ping", "/v1.41/containers/json?all=1"]


async def test_the_early_list_uses_the_version_of_the_environment(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_API_VERSION", "1.30")
    async with serve(closing(json=ROWS)) as engine:
        assert await early(engine.endpoint)
        assert [seen.path for seen in engine.seen] == ["/_ping", "/v1.30/containers/json?all=1"]


@pytest.mark.parametrize(
    "answers",
    [
        {"json": answer({"message": "no"}, 500)},
        {"json": ROWS[:-5]},
        {"json": answer({"not": "a list"})},
        {"json": b"nonsense"},
        {"_ping": answer(b"OK"), "json": ROWS},
        {"_ping": answer(b"OK", Api_Version="x.y"), "json": ROWS},
    ],
    ids=["refused", "cut", "object", "nonsense", "silent", "version"],
)
async def test_an_early_list_that_fails_is_none(serve: Serve, answers: dict[str, bytes]) -> None:
    async with serve(closing(**answers)) as engine:
        assert await early(engine.endpoint) is None


async def test_an_early_list_does_not_wait_for_ever(serve: Serve) -> None:
    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await seen.reader.read()
        return False

    async with serve(handler) as engine:
        start = time.monotonic()
        prefetch = Prefetch(engine.endpoint)
        assert await asyncio.to_thread(prefetch.containers, 0.05) is None
        assert time.monotonic() - start < 5
    # The engine has gone: the thread ends by itself.
    for thread in threading.enumerate():
        if thread.name == "portside-prefetch":
            thread.join(5)
            assert not thread.is_alive()


async def test_nothing_is_asked_early_where_nothing_can_be(tmp_path: Path) -> None:
    for url in (f"unix://{tmp_path}/none", "ssh://host", "tcp://127.0.0.1:1"):
        assert await early(Endpoint(url=url, name="", source="")) is None


def test_asking_early_imports_nothing_slow() -> None:
    code = (
        "import sys; from tui.runtime.registry import prefetch; from tui.runtime.endpoints import Endpoint;"
        "prefetch(Endpoint(url='unix:///nowhere', name='', source=''));"
        "print(*sorted({'asyncio', 'httptools', 'ssl', 'http.client', 'docker', 'textual'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
