"""What a runtime says when its engine dies, freezes or talks nonsense in the middle of something."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import BACKENDS, Lab, until
from tests.engines.fixture import Engine
from tui.demo.engine import DemoEngine
from tui.runtime.endpoints import Endpoint
from tui.runtime.endpoints_model import TlsConfig
from tui.runtime.engine.backend import EngineRuntime, open_runtime
from tui.runtime.errors import (
    EngineUnreachable,
    Forbidden,
    ProtocolViolation,
    SocketMissing,
    StreamBroken,
    TimedOut,
    TlsFailed,
)
from tui.runtime.protocol import Runtime
from tui.runtime.registry import connect


@dataclass
class Mortal:
    """An engine that can be killed and brought back, and a runtime connected to it."""

    lab: Lab
    kill: Callable[[], Awaitable[None]]
    start: Callable[[], Awaitable[None]]


SACRIFICIAL = {"docker": "sacrificial_docker", "podman": "sacrificial_podman"}


@pytest.fixture(params=BACKENDS)
async def mortal(request: pytest.FixtureRequest) -> AsyncIterator[Mortal]:
    if request.param == "demo":
        async with DemoEngine(seed=1, containers=3, life=False) as demo:
            runtime = await connect(demo.url)
            lab = Lab("demo", demo.url, runtime, demo)
            yield Mortal(lab, demo.crash, demo.restart)
            await runtime.close()
        return
    engine: Engine = request.getfixturevalue(SACRIFICIAL[request.param])
    runtime = await connect(engine.url)
    lab = Lab(request.param, engine.url, runtime)
    yield Mortal(lab, lambda: asyncio.to_thread(engine.kill), lambda: asyncio.to_thread(engine.start))
    if engine.pid() is None:
        engine.start()
    await lab.clean()
    await runtime.close()


Opener = Callable[[Runtime, str], AbstractAsyncContextManager[AsyncIterator[Any]]]


async def drain(opened: AbstractAsyncContextManager[AsyncIterator[Any]]) -> None:
    async with opened as stream:
        async for _ in stream:
            pass


async def test_every_stream_of_a_killed_engine_breaks(mortal: Mortal) -> None:
    lab = mortal.lab
    id = await lab.create("logger:1", Env=["RATE=5"])
    runtime = lab.runtime
    tasks = {
        "events": asyncio.create_task(drain(runtime.events())),
        "container_logs": asyncio.create_task(drain(runtime.container_logs(id, follow=True))),
        "container_stats": asyncio.create_task(drain(runtime.container_stats(id))),
        "container_wait": asyncio.create_task(runtime.container_wait(id)),
    }
    await until(lambda: len(runtime.open_streams) == 3 and runtime.requests.get("container_wait") == 1)
    await mortal.kill()
    async with asyncio.timeout(20):
        for operation, task in tasks.items():
            with pytest.raises((StreamBroken, EngineUnreachable)) as caught:
                await task
            assert isinstance(caught.value, StreamBroken) or operation == "container_wait"
            assert caught.value.operation == operation
            assert caught.value.retryable
    assert runtime.open_streams == {}
    with pytest.raises(EngineUnreachable) as refused:
        await runtime.container_list()
    assert refused.value.hint
    await mortal.start()
    # The same runtime goes on, its dead connections forgotten.
    assert id in {row.id for row in await runtime.container_list(all=True)}


@pytest.fixture
async def sacrificial(sacrificial_docker: Engine) -> AsyncIterator[EngineRuntime]:
    runtime = await open_runtime(Endpoint(url=sacrificial_docker.url, name="", source="test"))
    yield runtime
    await runtime.close()


@pytest.mark.engine
async def test_a_frozen_engine_times_out_and_comes_back(sacrificial_docker: Engine, sacrificial: EngineRuntime) -> None:
    sacrificial_docker.freeze()
    try:
        with pytest.raises(TimedOut):
            async with asyncio.timeout(15):
                await sacrificial.ping()
    finally:
        sacrificial_docker.thaw()
    assert sacrificial.connections == 0
    await sacrificial.ping()


@pytest.mark.engine
async def test_the_engine_sees_our_connections_close(sacrificial_docker: Engine, sacrificial: EngineRuntime) -> None:
    def descriptors() -> int:
        return len(list(Path(f"/proc/{sacrificial_docker.pid()}/fd").iterdir()))

    tasks = [asyncio.create_task(drain(sacrificial.events())) for _ in range(60)]
    await until(lambda: sacrificial.open_streams.get("events") == 60)
    await sacrificial.ping()
    many = descriptors()
    assert many > 60
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await until(lambda: descriptors() <= many - 55)


@pytest.mark.engine
async def test_tls(sacrificial_docker: Engine) -> None:
    words = dict(
        line.removeprefix("export ").split("=", 1)
        for line in sacrificial_docker.script("env").splitlines()
        if "=" in line
    )
    certs = sacrificial_docker.dir / "certs"
    url = next(value for name, value in words.items() if name.endswith("_TLS"))  # PORTSIDE_TEST_DOCKER_FORKY_TLS...

    def endpoint(tls: TlsConfig | None) -> Endpoint:
        return Endpoint(url=url, name="tls", source="test", tls=tls)

    good = TlsConfig(ca=certs / "ca.pem", cert=certs / "cert.pem", key=certs / "key.pem")
    runtime = await open_runtime(endpoint(good))
    try:
        assert await runtime.image_list()
        async with runtime.events():
            assert runtime.open_streams == {"events": 1}
    finally:
        await runtime.close()
    rogue = TlsConfig(ca=certs / "ca.pem", cert=certs / "rogue.pem", key=certs / "rogue-key.pem")
    for wrong in (rogue, TlsConfig(), TlsConfig(ca=certs / "none.pem"), TlsConfig(ca=certs / "ca.pem")):
        with pytest.raises(TlsFailed) as caught:
            await open_runtime(endpoint(wrong))
        assert caught.value.hint


# --- nonsense, from the demo ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["demo"])
async def test_nonsense_is_a_violation(lab: Lab) -> None:
    assert lab.demo is not None
    for body in (b'{"Id": "4e1f', b'{"Id": 1}', b"<html>", b"[1]"):
        lab.demo.faults.garbage(body, path="/containers/json")
        with pytest.raises(ProtocolViolation) as caught:
            await lab.runtime.container_list()
        assert caught.value.operation == "container_list"
    assert await lab.runtime.container_list(all=True)


@pytest.mark.parametrize("backend", ["demo"])
async def test_a_proxys_refusal_is_forbidden(lab: Lab) -> None:
    assert lab.demo is not None
    lab.demo.faults.fail(403, "not through here", path="/events")
    with pytest.raises(Forbidden, match="not through here"):
        await drain(lab.runtime.events())


@pytest.mark.parametrize("backend", ["demo"])
@pytest.mark.parametrize("after", [0, 1, 5, 40])
async def test_a_list_that_is_cut_is_broken(lab: Lab, after: int) -> None:
    assert lab.demo is not None
    lab.demo.faults.cut(after, path="/containers/json")
    with pytest.raises((StreamBroken, EngineUnreachable)):
        await lab.runtime.container_list(all=True)
    assert await lab.runtime.container_list(all=True)


async def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(SocketMissing) as caught:
        await connect(f"unix://{tmp_path}/none.sock")
    assert "none.sock" in str(caught.value)
    assert "--host" in caught.value.hint
