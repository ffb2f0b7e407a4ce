"""A clock that tests turn, and an engine that does what tests tell it to, behind the calls that the store makes."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar, cast

from tui.actions import RowKey
from tui.runtime.errors import Closed, ConnectionRefused, NotFound, RuntimeFault, StreamBroken
from tui.runtime.filters import Filters
from tui.runtime.models import (
    Capability,
    Container,
    ContainerDetail,
    ContainerId,
    ContainerState,
    EngineInfo,
    EngineKind,
    EngineVersion,
    Event,
    EventType,
    Health,
    Image,
    ImageDetail,
    ImageId,
    Stats,
)
from tui.runtime.protocol import Runtime
from tui.store.fleet import Change, EngineSource, Fleet

URL = "unix:///run/fake.sock"
START = datetime(2026, 1, 1, tzinfo=UTC)
T = TypeVar("T")


class FakeClock:
    """Stands still until it is told to advance."""

    def __init__(self) -> None:
        self._time = 1000.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self._time

    def now(self) -> datetime:
        return START + timedelta(seconds=self._time - 1000.0)

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._time + max(0.0, seconds), next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due in it, in order."""
        end = self._time + seconds
        await idle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                self._time = max(self._time, due)
                future.set_result(None)
                await idle()
        self._time = end
        await idle()


async def idle() -> None:
    """Let everything run that can run without time passing: no chain of wake-ups in the store is as long as this."""
    for _ in range(40):
        await asyncio.sleep(0)


def container(id: str, state: ContainerState = ContainerState.RUNNING, **fields: Any) -> Container:
    return Container(id=ContainerId(id), name=fields.pop("name", f"name-{id}"), state=state, **fields)


def image(id: str, *tags: str) -> Image:
    return Image(id=ImageId(id), tags=tags)


def sample(id: str, number: int = 0) -> Stats:
    return Stats(id=id, time=None, cpu_percent=float(number), memory=number, memory_limit=1000)


def key(id: str, kind: str = "containers", endpoint: str = URL) -> RowKey:
    return RowKey(endpoint, kind, id)


class FakeEngine:
    """An engine's world, its faults, and a count of what it was asked."""

    def __init__(self, clock: FakeClock, endpoint: str = URL) -> None:
        self.clock = clock
        self.endpoint = endpoint
        self.containers: dict[str, Container] = {}
        self.images: dict[str, Image] = {}
        self.up = True
        self.connects = 0
        self.requests: Counter[str] = Counter()
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight: Counter[str] = Counter()
        self.asked_ids: list[tuple[str, ...]] = []
        self.since: list[datetime] = []
        self.capabilities = frozenset({Capability.EVENTS, Capability.STATS})
        # By operation: raised instead of an answer; held back until the event is set; called when asked.
        self.faults: dict[str, Exception] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.hooks: dict[str, Callable[[], None]] = {}
        self.history: list[Event] = []
        self.runtimes: list[FakeRuntime] = []
        self.subscribers: list[asyncio.Queue[Event | Exception | None]] = []
        self.samplers: dict[str, list[asyncio.Queue[Stats | Exception | None]]] = {}
        self._times = count(1)

    async def connect(self) -> Runtime:
        self.connects += 1
        await self.obey("connect")
        if not self.up:
            raise ConnectionRefused("nobody listens", target=self.endpoint)
        runtime = FakeRuntime(self)
        self.runtimes.append(runtime)
        return cast(Runtime, runtime)

    @contextmanager
    def flying(self, operation: str) -> Iterator[None]:
        self.requests[operation] += 1
        self.in_flight[operation] += 1
        self.most_in_flight[operation] = max(self.most_in_flight[operation], self.in_flight[operation])
        try:
            yield
        finally:
            self.in_flight[operation] -= 1

    async def obey(self, operation: str) -> None:
        """Answer without a value."""
        await self.answer(operation, lambda: None)

    async def answer(self, operation: str, make: Callable[[], T]) -> T:
        with self.flying(operation):
            if operation in self.hooks:
                self.hooks.pop(operation)()
            # What is answered is the state at the time of asking, however late the answer is.
            result = make()
            if operation in self.gates:
                await self.gates[operation].wait()
            if operation in self.faults:
                raise self.faults[operation]
            return result

    # What happens on the engine

    def emit(self, action: str, id: str, *, type: EventType = EventType.CONTAINER, detail: str = "") -> Event:
        number = next(self._times)
        time = self.clock.now()
        event = Event(type=type, action=action, actor_id=id, detail=detail, time=time, time_ns=number)
        self.history.append(event)
        for queue in self.subscribers:
            queue.put_nowait(event)
        return event

    def create(self, id: str) -> None:
        self.containers[id] = container(id, ContainerState.CREATED)
        self.emit("create", id)

    def start(self, id: str) -> None:
        self.containers[id] = replace(self.containers[id], state=ContainerState.RUNNING)
        self.emit("start", id)

    def die(self, id: str) -> None:
        self.containers[id] = replace(self.containers[id], state=ContainerState.EXITED)
        self.emit("die", id)

    def destroy(self, id: str) -> None:
        del self.containers[id]
        self.emit("destroy", id)

    def set_health(self, id: str, health: Health) -> None:
        self.containers[id] = replace(self.containers[id], health=health)
        self.emit("health_status", id, detail=health.value)

    def break_streams(self, fault: Exception | None = None) -> None:
        """End every open stream; without a fault: as if the engine had ended them."""
        for queue in self.subscribers:
            queue.put_nowait(fault)
        for samplers in self.samplers.values():
            for sampler in samplers:
                sampler.put_nowait(fault)

    def kill(self) -> None:
        self.up = False
        self.history.clear()
        self.break_streams(StreamBroken("connection reset"))

    def sample(self, id: str, number: int = 0) -> None:
        for queue in self.samplers[id]:
            queue.put_nowait(sample(id, number))


class FakeRuntime:
    """The calls of `Runtime` that the store makes."""

    def __init__(self, engine: FakeEngine) -> None:
        self.engine = engine
        self.open_streams: Counter[str] = Counter()
        self.closed = False

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self.engine.capabilities

    async def close(self) -> None:
        self.closed = True
        await self.engine.obey("close")

    def _check(self) -> None:
        if self.closed:
            raise Closed("used after close")

    async def ping(self) -> None:
        self._check()
        await self.engine.obey("ping")

    async def version(self) -> EngineVersion:
        return await self.engine.answer("version", lambda: EngineVersion(EngineKind.DOCKER, "1.0", "1.41"))

    async def info(self) -> EngineInfo:
        return await self.engine.answer("info", lambda: EngineInfo("ID", "host", EngineKind.DOCKER, "1.0", "1.41"))

    async def container_list(self, *, all: bool, filters: Filters | None = None) -> list[Container]:
        self._check()
        assert all
        ids = filters.get("id") if filters is not None else None
        if ids is not None:
            self.engine.asked_ids.append(ids)
        return await self.engine.answer(
            "container_list" if ids is None else "container_list_ids",
            lambda: [one for one in self.engine.containers.values() if ids is None or one.id in ids],
        )

    async def image_list(self) -> list[Image]:
        self._check()
        return await self.engine.answer("image_list", lambda: list(self.engine.images.values()))

    async def container_inspect(self, id: str) -> ContainerDetail:
        def detail() -> ContainerDetail:
            if id not in self.engine.containers:
                raise NotFound("no such container", target=id, status=404)
            row = self.engine.containers[id]
            return ContainerDetail(row.id, row.name, row.state, row.image, row.image_id)

        return await self.engine.answer("container_inspect", detail)

    async def image_inspect(self, id: str) -> ImageDetail:
        return await self.engine.answer("image_inspect", lambda: ImageDetail(ImageId(id), (), (), None, 0))

    @asynccontextmanager
    async def _stream(self, operation: str) -> AsyncIterator[None]:
        self._check()
        self.open_streams[operation] += 1
        try:
            yield
        finally:
            self.open_streams[operation] -= 1

    @asynccontextmanager
    async def events(self, *, since: datetime) -> AsyncIterator[AsyncIterator[Event]]:
        self.engine.since.append(since)
        queue: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        async with self._stream("events"):
            for event in self.engine.history[-256:]:
                if event.time is not None and event.time >= since:
                    queue.put_nowait(event)
            self.engine.subscribers.append(queue)
            try:
                await self.engine.obey("events")
                yield drain(queue)
            finally:
                self.engine.subscribers.remove(queue)

    @asynccontextmanager
    async def container_stats(self, id: str) -> AsyncIterator[AsyncIterator[Stats]]:
        queue: asyncio.Queue[Stats | Exception | None] = asyncio.Queue()
        async with self._stream("container_stats"):
            self.engine.samplers.setdefault(id, []).append(queue)
            try:
                await self.engine.obey("container_stats")
                yield drain(queue)
            finally:
                self.engine.samplers[id].remove(queue)
                if "stats_exit" in self.engine.faults:
                    raise self.engine.faults["stats_exit"]

    @asynccontextmanager
    async def container_logs(self, id: str, **options: Any) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
        async with self._stream("container_logs"):
            yield id, options

    @asynccontextmanager
    async def container_exec(self, id: str, command: Sequence[str], **options: Any) -> AsyncIterator[Any]:
        async with self._stream("container_exec"):
            yield id, command, options

    @asynccontextmanager
    async def image_pull(self, reference: str, **options: Any) -> AsyncIterator[Any]:
        async with self._stream("image_pull"):
            yield reference, options


async def drain(queue: asyncio.Queue[T | Exception | None]) -> AsyncIterator[T]:
    while (item := await queue.get()) is not None:
        if isinstance(item, Exception):
            raise item
        yield item


class World:
    """One or more fake engines, the fleet that follows them, and what it told its listener."""

    def __init__(self, *endpoints: str, remote: bool = False, **options: Any) -> None:
        self.clock = FakeClock()
        self.engines = [FakeEngine(self.clock, endpoint) for endpoint in endpoints or (URL,)]
        self.engine = self.engines[0]
        self.faults: list[BaseException] = []
        self.changes: list[Change] = []
        self.fleet = Fleet(
            [
                EngineSource(engine.endpoint, f"engine {engine.endpoint}", engine.connect, remote)
                for engine in self.engines
            ],
            clock=self.clock,
            random=lambda: 0.0,
            **{"on_fault": self.faults.append, **options},
        )
        self.unlisten = self.fleet.listen(self.changes.append)

    async def __aenter__(self) -> World:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.fleet.close()
        assert asyncio.all_tasks() == {asyncio.current_task()}, "a task was left"
        for engine in self.engines:
            assert all(runtime.closed for runtime in engine.runtimes), "a connection was left"
            assert not any(engine.in_flight.values()), "a request was left"
            assert not engine.subscribers, "a stream was left"
            assert not any(engine.samplers.values()), "a stream was left"

    async def start(self, *ids: str) -> World:
        """Start the fleet on an engine with these running containers, and let it become live."""
        for id in ids:
            self.engine.containers[id] = container(id)
        await self.fleet.start()
        await self.clock.advance(0.5)
        for engine in self.engines:
            engine.requests.clear()
        self.changes.clear()
        return self

    def status(self) -> Any:
        return self.fleet.status()[0]

    def ids(self, kind: str = "containers") -> list[str]:
        return [key.id for key in self.fleet.rows(kind)]

    def state(self, id: str) -> ContainerState:
        row = self.fleet.get(key(id))
        assert isinstance(row, Container)
        return row.state

    def lists(self) -> int:
        return sum(number for name, number in self.engine.requests.items() if "list" in name)


__all__ = [
    "START", "URL", "FakeClock", "FakeEngine", "RuntimeFault", "World", "container", "idle", "image", "key", "sample",
]  # fmt: skip
