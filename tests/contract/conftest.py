"""One set of assertions over every backend: the fixtures give a runtime, and a way to make what a test needs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.engines.fixture import Engine, Registry, need
from tui.demo.engine import DemoEngine
from tui.runtime.endpoints import Endpoint
from tui.runtime.errors import NotFound
from tui.runtime.models import Capability, ContainerState, Event
from tui.runtime.protocol import Runtime
from tui.runtime.registry import connect

API = "v1.41"
# Podman names every image in full, and images that no registry has "localhost/...".
IMAGE_PREFIX = {"demo": "", "docker": "", "podman": "localhost/"}
# The fixture that starts the engine of a backend; the demo needs none.
ENGINES = {"docker": "docker_engine", "podman": "podman_engine"}
BACKENDS = ["demo", *(pytest.param(name, marks=pytest.mark.engine) for name in ENGINES)]
_NUMBERS = itertools.count(1)


async def post(url: str, path: str, body: object) -> Any:
    """A POST of the test's own, past everything under test."""
    reader, writer = await asyncio.open_unix_connection(url.removeprefix("unix://"))
    try:
        data = json.dumps(body).encode()
        head = f"POST /{API}{path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        await writer.drain()
        status = int((await reader.readline()).split()[1])
        answer = (await reader.read()).partition(b"\r\n\r\n")[2]
    finally:
        writer.close()
        await writer.wait_closed()
    found = answer[answer.find(b"{") : answer.rfind(b"}") + 1]
    assert status < 300, (path, status, found)
    return json.loads(found)


@dataclass
class Lab:
    """A connected runtime, and what a test creates on the engine behind it."""

    backend: str
    url: str
    runtime: Runtime
    demo: DemoEngine | None = None
    """The engine itself, where it is the demo: for its faults."""
    engine: Engine | None = None
    """The engine's sandbox, where it is a real one."""
    made: list[str] = field(default_factory=list)

    async def create(self, image: str, *command: str, name: str = "", start: bool = True, **config: Any) -> str:
        """A container from one of the test images (``logger:1``), started unless told otherwise; its id."""
        body = {"Image": f"portside/{image}", **config} | ({"Cmd": list(command)} if command else {})
        path = "/containers/create?" + urlencode({"name": name or self.name()})
        id = str((await post(self.url, path, body))["Id"])
        self.made.append(id)
        if start:
            await self.runtime.container_start(id)
        return id

    def image(self, name: str) -> str:
        """A test image as this engine spells it in its answers; ``portside/...`` is understood by all of them."""
        return f"{IMAGE_PREFIX[self.backend]}portside/{name}"

    def needs(self, capability: Capability) -> None:
        """Skip the test where the engine says that it cannot do this."""
        if capability not in self.runtime.capabilities:
            pytest.skip(f"{self.backend} has no {capability.value}")

    def name(self, stem: str = "contract") -> str:
        """A name that nothing else has."""
        return f"{stem}-{next(_NUMBERS)}"

    def registry(self) -> Registry:
        """The registry beside a real engine."""
        assert self.engine is not None
        need(self.engine.name, "registry")
        return self.engine.registry()

    async def state(self, id: str) -> ContainerState:
        return (await self.runtime.container_inspect(id)).state

    async def until_state(self, id: str, state: ContainerState, seconds: float = 20) -> None:
        async def reached() -> bool:
            return await self.state(id) is state

        await until_async(reached, seconds)

    async def clean(self) -> None:
        # The last first: others may depend on those before.
        for id in reversed(self.made):
            with contextlib.suppress(NotFound):
                await self.runtime.container_remove(id, force=True, volumes=True)
        self.made.clear()

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[list[Event]]:
        """Collects the events of the block."""
        events: list[Event] = []
        async with self.runtime.events() as stream:

            async def collect() -> None:
                while True:
                    events.append(await anext(stream))

            task = asyncio.create_task(collect())
            try:
                yield events
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until something that tells nobody is so."""

    async def ask() -> bool:
        return condition()

    await until_async(ask, seconds)


async def until_async(condition: Callable[[], Any], seconds: float = 20) -> None:
    """`until`, with a condition that has to be awaited."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The name of the backend; an engine for it runs."""
    return str(request.param)


@pytest.fixture
async def lab(backend: str, request: pytest.FixtureRequest) -> AsyncIterator[Lab]:
    """A runtime connected to the backend's engine."""
    async with contextlib.AsyncExitStack() as stack:
        engine: Engine | None = request.getfixturevalue(ENGINES[backend]) if backend in ENGINES else None
        demo = None
        if engine is None:
            demo = await stack.enter_async_context(DemoEngine(seed=1, containers=5, life=False))
            url = demo.url
        else:
            url = engine.url
        runtime = await connect(Endpoint(url=url, name=backend, source="test"))
        lab = Lab(backend, url, runtime, demo, engine)
        try:
            yield lab
        finally:
            await lab.clean()
            await runtime.close()
