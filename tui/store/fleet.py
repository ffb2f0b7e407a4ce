"""Many engines seen as one; one engine is a fleet of one. The user interface talks to the fleet only."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from tui.actions import RowKey
from tui.runtime.errors import EngineUnreachable, RuntimeFault
from tui.runtime.kinds import KINDS, KindSpec
from tui.runtime.models import ContainerDetail, Event, ImageDetail, Progress, Stats
from tui.runtime.protocol import ExecSession, LogStream, Runtime
from tui.store.clock import Clock, SystemClock
from tui.store.details import Details
from tui.store.events import EventLog, StoredEvent
from tui.store.state import Delta, Model
from tui.store.stats import Sampler
from tui.store.status import Connection, EngineSource, EngineStatus
from tui.store.sync import EngineSync

__all__ = ["Change", "Connection", "EngineSource", "EngineStatus", "EventLog", "Fleet", "StoredEvent"]


@dataclass(frozen=True, slots=True)
class Change:
    """What has changed since the last call of a listener.

    Attributes:
        kinds: Kinds whose rows did.
        status: Whether anything of `Fleet.status` did.
        events: Whether events came.
        stats: Rows whose newest sample did.
    """

    kinds: frozenset[str] = frozenset()
    status: bool = False
    events: bool = False
    stats: frozenset[RowKey] = frozenset()

    def __or__(self, other: Change) -> Change:
        """Both."""
        return Change(
            self.kinds | other.kinds, self.status or other.status, self.events or other.events, self.stats | other.stats
        )


class Fleet:
    """What is known right now about every engine. Use it on one event loop.

    Attributes:
        version: Grows with every change that can be seen.
        failure: The bug that ended a part of the store, or None. It is also handed to `on_fault`.
    """

    def __init__(
        self,
        sources: Sequence[EngineSource],
        *,
        clock: Clock | None = None,
        kinds: Sequence[KindSpec] = KINDS,
        random: Callable[[], float] = random.random,
        on_fault: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Nothing is connected before `start`.

        Args:
            sources: The engines, in the order in which they are shown.
            clock: The time; the system's by default.
            kinds: The kinds of object to follow.
            random: Numbers in [0, 1) for the jitter of retries.
            on_fault: Called with an exception that is a bug of ours, not a fault of an engine.
        """
        self.version = 0
        self.failure: BaseException | None = None
        clock = clock or SystemClock()
        self._on_fault = on_fault
        self._kinds = {spec.name: spec for spec in kinds}
        self._engines = {source.endpoint: EngineSync(source, kinds, self, clock, random) for source in sources}
        self._events = EventLog()
        self._details = Details(kinds, self.runtime)
        self._sampler = Sampler(clock, self.get, self._live_runtime, lambda keys: self._changed(Change(stats=keys)))
        self._listeners: dict[object, Callable[[Change], None]] = {}
        self._change: Change | None = None
        self._merged: dict[str, Mapping[RowKey, Model]] = {}
        self._task: asyncio.Task[None] | None = None

    # Life

    async def start(self) -> None:
        """Begin to follow the engines; returns at once."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="fleet")

    async def close(self) -> None:
        """End every task, stream and connection. Idempotent.

        Raises:
            ExceptionGroup: what `on_fault` itself raised while the fleet ran.
        """
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for engine in self._engines.values():
                group.create_task(self._guard(engine))
            group.create_task(self._report(self._sampler.run()))

    async def _guard(self, engine: EngineSync) -> None:
        """Run one engine's supervisor. A bug in it stops this engine only, visibly, until the user retries."""
        while True:
            exc = await self._report(engine.run())
            engine.failed(exc)
            await engine.wait_for_retry()

    async def _report(self, part: Coroutine[Any, Any, None]) -> BaseException:
        """Run a part of the store that never ends by itself; what it ended with."""
        task = asyncio.create_task(part)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                self._fail(task)
            raise
        return self._fail(task)

    def _fail(self, task: asyncio.Task[None]) -> BaseException:
        exc = task.exception()
        assert exc is not None, "no part of the store ends by itself"
        self.failure = exc
        self._changed(Change(status=True))
        if self._on_fault is not None:
            self._on_fault(exc)
        return exc

    # Reading

    def listen(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call back on the loop after changes, at most once per pass of it; returns what ends that (idempotent)."""
        token = object()
        self._listeners[token] = callback

        def stop() -> None:
            self._listeners.pop(token, None)

        return stop

    def seed(self, endpoint: str, kind: str, models: Sequence[Model]) -> None:
        """Show rows that were known before connecting; the first list replaces them."""
        engine = self._engines[endpoint]
        delta = engine.state.apply_list(kind, self._kinds[kind].key, models)
        self.rows_changed(endpoint, kind, delta)

    def status(self) -> tuple[EngineStatus, ...]:
        """How things stand with every engine."""
        return tuple(engine.status() for engine in self._engines.values())

    def connection(self, endpoint: str) -> Connection:
        """How things stand with one engine: cheap enough to ask for every row."""
        return self._engines[endpoint].connection

    def rows(self, kind: str) -> Mapping[RowKey, Model]:
        """The objects of a kind on all engines. A change makes a new mapping: `is` tells whether there was one."""
        rows = self._merged.get(kind)
        if rows is None:
            parts = [engine.state.rows(kind) for engine in self._engines.values()]
            # One engine's mapping as it is, and not a copy: 10,000 rows and a change a second are no work then.
            rows = parts[0] if len(parts) == 1 else {key: model for part in parts for key, model in part.items()}
            self._merged[kind] = rows
        return rows

    def get(self, key: RowKey) -> Model | None:
        """One object, or None."""
        engine = self._engines.get(key.endpoint)
        return engine.state.get(key.kind, key.id) if engine is not None else None

    def loaded(self, kind: str) -> bool:
        """Whether a list of the kind has come from any engine (or was seeded)."""
        return any(engine.state.loaded(kind) for engine in self._engines.values())

    def events(self) -> EventLog:
        """The newest events."""
        return self._events

    # Asking

    def runtime(self, endpoint: str) -> Runtime:
        """The connected runtime of an engine.

        Raises:
            EngineUnreachable: when it is not connected, with the reason.
        """
        engine = self._engines.get(endpoint)
        if engine is None:
            raise EngineUnreachable("this engine is not one of those that are followed", target=endpoint)
        return engine.require()

    def retry_now(self) -> None:
        """Connect to what is not connected without waiting for the next attempt."""
        for engine in self._engines.values():
            engine.retry_now()

    def refresh(self, kind: str | None = None) -> None:
        """List one kind again on every engine, or all kinds."""
        for engine in self._engines.values():
            engine.refresh(kind)

    async def inspect(self, key: RowKey) -> ContainerDetail | ImageDetail:
        """Everything about one object; kept until something happens to it.

        Raises:
            RuntimeFault: what the engine answers, or why it cannot be asked.
        """
        detail: ContainerDetail | ImageDetail = await self._details.get(key)
        return detail

    # Stats

    def watch_stats(self, owner: str, keys: Sequence[RowKey]) -> None:
        """Say what an owner looks at, most important first; replaces what it said before, [] ends it."""
        self._sampler.watch(owner, keys)

    def stats(self, key: RowKey) -> Stats | None:
        """The newest sample, or None when the container is not being sampled."""
        return self._sampler.latest(key)

    def history(self, key: RowKey) -> Sequence[Stats]:
        """The last samples, at most 600, oldest first."""
        return self._sampler.history(key)

    def stats_error(self, key: RowKey) -> RuntimeFault | None:
        """Why a watched container has no samples, or None."""
        return self._sampler.error(key)

    # Sessions: they belong to who opens them

    def logs(self, key: RowKey, **options: Any) -> AbstractAsyncContextManager[LogStream]:
        """A container's log; options as `container_logs`."""
        return self.runtime(key.endpoint).container_logs(key.id, **options)

    def exec(self, key: RowKey, command: Sequence[str], **options: Any) -> AbstractAsyncContextManager[ExecSession]:
        """An interactive process; options as `container_exec`."""
        return self.runtime(key.endpoint).container_exec(key.id, command, **options)

    def image_pull(
        self, endpoint: str, reference: str, **options: Any
    ) -> AbstractAsyncContextManager[AsyncIterator[Progress]]:
        """Pull an image; options as the runtime's `image_pull`."""
        return self.runtime(endpoint).image_pull(reference, **options)

    # What the supervisors tell

    def rows_changed(self, endpoint: str, kind: str, delta: Delta[RowKey]) -> None:
        """Rows of a kind changed, or its first list came."""
        self._merged.pop(kind, None)
        self._details.drop(delta.touched)
        self._sampler.rows_changed(kind, delta.removed)
        self._changed(Change(kinds=frozenset({kind})))

    def status_changed(self, endpoint: str) -> None:
        """Something in an engine's status changed."""
        if self._live_runtime(endpoint) is None:
            self._details.drop_engine(endpoint)
        self._sampler.engine_changed(endpoint)
        self._changed(Change(status=True))

    def event_seen(self, endpoint: str, event: Event) -> None:
        """An event came."""
        self._events.append(endpoint, event)
        self._details.event(endpoint, event)
        self._changed(Change(events=True))

    def _live_runtime(self, endpoint: str) -> Runtime | None:
        engine = self._engines.get(endpoint)
        return engine.runtime if engine is not None and engine.connection is Connection.LIVE else None

    def _changed(self, change: Change) -> None:
        self.version += 1
        if not self._listeners:
            return
        if self._change is None:
            self._change = change
            asyncio.get_running_loop().call_soon(self._call)
        else:
            self._change |= change

    def _call(self) -> None:
        change, self._change = self._change, None
        assert change is not None, "scheduled once for each change"
        for callback in tuple(self._listeners.values()):
            callback(change)
