"""Follows one engine: connect, subscribe, list, apply; and again when it goes away."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NoReturn, Protocol

from tui.actions import RowKey
from tui.runtime.errors import (
    ApiError,
    EngineFault,
    EngineUnreachable,
    Forbidden,
    NotFound,
    RuntimeFault,
    StreamBroken,
    TimedOut,
    Unsupported,
)
from tui.runtime.kinds import KindSpec
from tui.runtime.models import Capability, EngineInfo, EngineVersion, Event
from tui.runtime.protocol import Runtime
from tui.store.clock import Backoff, Clock, wait_or_sleep
from tui.store.feed import Feed
from tui.store.state import Delta, EngineState
from tui.store.status import Connection, EngineSource, EngineStatus

SUBSCRIBE_WAIT = 1.0
"""Seconds after which lists are asked for although the subscription is not confirmed: some engines send the headers
of the event stream with the first event only, and `since` covers the gap."""
POLL_INTERVAL = 3.0
"""Seconds between two lists of an engine without events."""
SILENCE = 30.0
"""Seconds without any word from a live engine after which it is pinged."""
PING_LIMIT = 5.0
"""Seconds in which a live engine answers a ping. Shorter than the adapter's own limit: a list has waited before."""
STEADY = 5.0
"""Seconds that a connection must have held before the next loss counts as the first failure again."""
RESUME_LIMIT = timedelta(minutes=10)
"""How far back events are asked for after a loss. dockerd keeps 256 of them, Podman may have days in its journal."""
YIELD_EVERY = 200
"""Events handled in one go: what has arrived at once must not keep the loop from painting (200 take about 1 ms)."""


class Observer(Protocol):
    """Who is told of what happens on an engine."""

    def rows_changed(self, endpoint: str, kind: str, delta: Delta[RowKey]) -> None:
        """Rows of a kind changed, or its first list came."""
        ...

    def status_changed(self, endpoint: str) -> None:
        """Something in `EngineStatus` changed."""
        ...

    def event_seen(self, endpoint: str, event: Event) -> None:
        """An event came; the rows do not show it yet."""
        ...


class EngineSync:
    """The supervisor of one engine. `run` it as a task; it ends by cancellation only, or by a bug.

    Attributes:
        source: The engine.
        state: Its objects.
        runtime: The connected runtime, or None.
        connection: The state of the connection.
        error: Why it is not live.
    """

    def __init__(
        self,
        source: EngineSource,
        kinds: Sequence[KindSpec],
        observer: Observer,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        """Nothing happens before `run`."""
        self.source = source
        self.state = EngineState(source.endpoint)
        self.runtime: Runtime | None = None
        self.connection = Connection.CONNECTING
        self.error: RuntimeFault | None = None
        self._kinds = kinds
        self._observer = observer
        self._clock = clock
        # First retry at once-ish: a restarted engine is back on the screen within its own start-up time.
        self._backoff = Backoff(0.1, 30.0 if source.remote else 1.0, random)
        self._list_backoff = Backoff(0.5, 30.0, random)
        self._feeds: dict[str, Feed] = {}
        self._since = clock.monotonic()
        self._last_live: float | None = None
        self._attempt = 0
        self._next_try: float | None = None
        self._retry = asyncio.Event()
        self._version: EngineVersion | None = None
        self._info: EngineInfo | None = None
        self._info_error: RuntimeFault | None = None
        self._capabilities: frozenset[Capability] = frozenset()
        self._events_error: RuntimeFault | None = None
        self._heard = clock.monotonic()
        self._heard_at: datetime | None = None
        self._last_event: datetime | None = None
        self._recent: deque[Event] = deque(maxlen=256)
        self._replay_until = -1
        self._retired: list[Runtime] = []

    # What others ask and want

    def status(self) -> EngineStatus:
        """How things stand right now."""
        now = self._clock.monotonic()
        return EngineStatus(
            endpoint=self.source.endpoint,
            name=self.source.name,
            connection=self.connection,
            since=self._since,
            last_live=now if self.connection is Connection.LIVE else self._last_live,
            error=self.error,
            retry_in=None if self._next_try is None else max(0.0, self._next_try - now),
            attempt=0 if self.connection is Connection.LIVE else self._attempt,
            version=self._version,
            info=self._info,
            capabilities=self._capabilities,
            kind_errors=MappingProxyType({name: feed.error for name, feed in self._feeds.items() if feed.error}),
            polling=self._events_error is not None,
            events_error=self._events_error,
            info_error=self._info_error,
        )

    def require(self) -> Runtime:
        """The connected runtime.

        Raises:
            EngineUnreachable: when there is none, with the reason.
        """
        if self.runtime is not None:
            return self.runtime
        if isinstance(self.error, EngineUnreachable):
            raise self.error
        detail = str(self.error) if self.error else "not connected yet"
        raise EngineUnreachable(detail, target=self.source.endpoint) from self.error

    def retry_now(self) -> None:
        """Do not wait for the next attempt."""
        self._retry.set()

    def refresh(self, kind: str | None) -> None:
        """List one kind again, or all."""
        for name, feed in self._feeds.items():
            if kind is None or kind == name:
                feed.refresh()

    # The supervisor

    async def run(self) -> None:
        """Follow the engine until cancelled, through every loss of it."""
        try:
            while True:
                try:
                    await self._session()
                except RuntimeFault as fault:
                    self._lost(fault)
                except ExceptionGroup as group:
                    faults, others = group.split(RuntimeFault)
                    if others is not None or faults is None:
                        raise
                    self._lost(_first(faults))
                await self._pause()
                await self._close([one for one in self._retired if _unused(one)])
        finally:
            await self._close(self._retired)

    def failed(self, exc: BaseException) -> None:
        """Note that `run` has ended by a bug."""
        fault = RuntimeFault(f"internal error: {exc!r}", target=self.source.endpoint)
        fault.__cause__ = exc
        self._last_live = self._last_live if self.connection is not Connection.LIVE else self._clock.monotonic()
        self._turn(Connection.LOST, fault)

    async def wait_for_retry(self) -> None:
        """Wait until somebody calls `retry_now`."""
        self._retry.clear()
        await self._retry.wait()

    async def _pause(self) -> None:
        delay = self._backoff.delay(self._attempt)
        self._next_try = self._clock.monotonic() + delay
        self._status_changed()
        self._retry.clear()
        await wait_or_sleep(self._clock, self._retry, delay)
        self._next_try = None

    def _lost(self, fault: RuntimeFault) -> None:
        now = self._clock.monotonic()
        if self.connection is Connection.LIVE:
            # A frozen engine was last live when it was last heard, long before its silence was noticed.
            self._last_live = self._heard if isinstance(fault, TimedOut) else now
            if now - self._since >= STEADY:
                self._attempt = 0
        self._attempt += 1
        self._turn(Connection.LOST if self._last_live is None else Connection.STALE, fault)

    def _turn(self, connection: Connection, error: RuntimeFault | None) -> None:
        if connection is not self.connection:
            self._since = self._clock.monotonic()
        self.connection = connection
        self.error = error
        self._status_changed()

    async def _session(self) -> None:
        """One connection, from connecting to its loss. Ends by an exception."""
        since = self._resume_point()
        runtime = await self.source.connect()
        self.runtime = runtime
        self._capabilities = runtime.capabilities
        silent = False
        try:
            await self._follow(runtime, since)
        except ExceptionGroup as group:
            silent = group.subgroup(TimedOut) is not None
            raise
        finally:
            self.runtime = None
            self._events_error = None
            self._retired.append(runtime)
            if silent:
                await self._close([runtime])

    async def _follow(self, runtime: Runtime, since: datetime) -> None:
        self._heard = self._clock.monotonic()
        self._replay_until = max((event.time_ns for event in self._recent), default=-1)
        self._feeds = {}
        for spec in self._kinds:
            if spec.needs is None or spec.needs in runtime.capabilities:
                self._feeds[spec.name] = Feed(
                    spec, self.state, self._clock, self._list_backoff, self._rows_changed, self._status_changed
                )
            else:
                self._rows_changed(spec.name, self.state.forget(spec.name))
        subscribed = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_events(runtime, since, subscribed))
            await wait_or_sleep(self._clock, subscribed, SUBSCRIBE_WAIT)
            for feed in self._feeds.values():
                group.create_task(feed.run(runtime, lambda: self._check(runtime)))
            for feed in self._feeds.values():
                await feed.attempted.wait()
            errors = [feed.error for feed in self._feeds.values() if feed.error is not None]
            if errors and len(errors) == len(self._feeds):
                raise errors[0]
            self._turn(Connection.LIVE, None)
            group.create_task(self._introduce(runtime))
            await self._watch(runtime)

    # Events

    async def _read_events(self, runtime: Runtime, since: datetime, subscribed: asyncio.Event) -> None:
        try:
            if Capability.EVENTS not in runtime.capabilities:
                raise Unsupported(operation="events", target=self.source.endpoint, capability=Capability.EVENTS.value)
            async with runtime.events(since=since) as stream:
                subscribed.set()
                count = 0
                async for event in stream:
                    self._take(event)
                    count += 1
                    if count % YIELD_EVERY == 0:
                        await asyncio.sleep(0)
        except (Forbidden, NotFound, Unsupported) as refusal:
            # A socket proxy that allows reading only, or an engine that logs no events.
            self._events_error = refusal
        else:
            raise StreamBroken("the engine ended the event stream", operation="events", target=self.source.endpoint)
        subscribed.set()
        self._status_changed()
        while True:
            await self._clock.sleep(POLL_INTERVAL)
            self.refresh(None)

    def _take(self, event: Event) -> None:
        self._heard = self._clock.monotonic()
        self._heard_at = self._clock.now()
        # After a loss the newest events come once more. Only those are compared: 256 comparisons take 50 us.
        if event.time_ns <= self._replay_until and event in self._recent:
            return
        self._recent.append(event)
        if event.time is not None:
            self._last_event = event.time
        for feed in self._feeds.values():
            feed.event(event)
        self._observer.event_seen(self.source.endpoint, event)

    def _resume_point(self) -> datetime:
        """From when on events are asked for: the last one heard (by the engine's clock), else now (by ours)."""
        now = self._clock.now()
        if self._last_event is None or self._heard_at is None or now - self._heard_at > RESUME_LIMIT:
            return now
        return self._last_event

    def _status_changed(self) -> None:
        self._observer.status_changed(self.source.endpoint)

    def _rows_changed(self, kind: str, delta: Delta[RowKey]) -> None:
        self._heard = self._clock.monotonic()
        self._observer.rows_changed(self.source.endpoint, kind, delta)

    # Beside the lists

    async def _introduce(self, runtime: Runtime) -> None:
        """Ask the engine who it is. Costly on some engines, so it comes last and holds up nothing."""
        try:
            self._version = await runtime.version()
            self._status_changed()
            self._info = await runtime.info()
            self._info_error = None
        except RuntimeFault as fault:
            self._info_error = fault
        self._status_changed()

    async def _watch(self, runtime: Runtime) -> NoReturn:
        """Notice an engine that has gone silent: frozen, or behind a network that drops packets."""
        while True:
            due = self._heard + SILENCE
            if (now := self._clock.monotonic()) < due:
                await self._clock.sleep(due - now)
                continue
            await self._check(runtime)
            self._heard = self._clock.monotonic()
            await self._close([one for one in self._retired if _unused(one)])

    async def _check(self, runtime: Runtime) -> None:
        """Raise unless the engine answers; a refusal is an answer too."""
        try:
            async with asyncio.timeout(PING_LIMIT):
                await runtime.ping()
        except TimeoutError as exc:
            raise TimedOut(
                f"no answer in {PING_LIMIT:g} s", operation="ping", target=self.source.endpoint, hint="Is it frozen?"
            ) from exc
        except ApiError as answer:
            # 502 and 503 come from a proxy before an engine that is gone.
            if isinstance(answer, EngineFault):
                raise

    async def _close(self, runtimes: Sequence[Runtime]) -> None:
        """Close runtimes that were replaced.

        A runtime with open streams is kept: when only the event stream broke, a shell that the user has open on the
        old connection goes on.
        """
        for runtime in tuple(runtimes):
            self._retired.remove(runtime)
            await runtime.close()


def _unused(runtime: Runtime) -> bool:
    return not any(runtime.open_streams.values())


def _first(group: BaseExceptionGroup[RuntimeFault]) -> RuntimeFault:
    """The first fault of a group; the others are what it brought about."""
    found = group.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found
