"""A fleet and runtimes that write down what they are asked, for the tests of dispatch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

from tui.actions import RowKey
from tui.dispatch.dispatcher import Dispatcher
from tui.dispatch.notices import Severity
from tui.runtime.errors import (
    EngineUnreachable,
)
from tui.runtime.models import (
    Capability,
    Container,
    ContainerId,
    ContainerState,
    Image,
    ImageId,
    ImageRemoval,
    Progress,
)
from tui.runtime.protocol import Runtime

A, B = "unix:///a.sock", "tcp://b:2375"
NOW = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)


class FakeRuntime:
    """Writes down what it is asked; `answer` decides how calls end."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.capabilities = frozenset(Capability)
        self.answer: Callable[[str], Awaitable[None]] | None = None
        self.busy = 0
        self.most_busy = 0
        self.steps: list[Progress | Exception] = []
        self.hold = asyncio.Event()
        self.open_streams = 0
        self.hold.set()

    def __getattr__(self, name: str) -> Callable[..., Awaitable[ImageRemoval]]:
        async def call(id: str, **options: Any) -> ImageRemoval:
            self.calls.append((name, id, options))
            self.busy += 1
            self.most_busy = max(self.most_busy, self.busy)
            try:
                if self.answer is not None:
                    await self.answer(id)
            finally:
                self.busy -= 1
            return ImageRemoval(("x",), ())

        return call

    def image_pull(self, reference: str) -> AbstractAsyncContextManager[AsyncIterator[Progress]]:
        async def steps() -> AsyncIterator[Progress]:
            for step in self.steps:
                if isinstance(step, Exception):
                    raise step
                yield step
            await self.hold.wait()

        @asynccontextmanager
        async def stream() -> AsyncIterator[AsyncIterator[Progress]]:
            self.calls.append(("image_pull", reference, {}))
            self.open_streams += 1
            try:
                yield steps()
            finally:
                self.open_streams -= 1

        return stream()


class FakeFleet:
    def __init__(self) -> None:
        self.models: dict[RowKey, Any] = {}
        self.runtimes = {A: FakeRuntime(), B: FakeRuntime()}
        self.unreachable: set[str] = set()

    def add(self, name: str, state: str = "running", endpoint: str = A, **fields: Any) -> RowKey:
        key = RowKey(endpoint, "containers", f"id-{name}")
        self.models[key] = Container(ContainerId(key.id), name, ContainerState(state), **fields)
        return key

    def add_image(self, *tags: str, endpoint: str = A) -> RowKey:
        key = RowKey(endpoint, "images", f"sha256:{tags[0]}")
        self.models[key] = Image(ImageId(key.id), tags)
        return key

    def get(self, key: RowKey) -> Any:
        return self.models.get(key)

    def rows(self, kind: str) -> Mapping[RowKey, Any]:
        return {key: model for key, model in self.models.items() if key.kind == kind}

    def runtime(self, endpoint: str) -> Runtime:
        if endpoint in self.unreachable:
            raise EngineUnreachable("connection refused", target=endpoint, hint="start it")
        return cast(Runtime, self.runtimes[endpoint])


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # any condition, and most have no event to wait for
            await asyncio.sleep(0.001)


def told(dispatcher: Dispatcher) -> list[tuple[Severity, str, str, str, str]]:
    return [(n.severity, n.title, n.detail, n.hint, n.target) for n in dispatcher.notices]
