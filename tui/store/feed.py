"""Keeps one kind of one engine current: events in, as few list requests as possible out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from tui.actions import RowKey
from tui.runtime.errors import ApiError, RuntimeFault
from tui.runtime.kinds import KindSpec
from tui.runtime.models import Container, ContainerState, Event, EventType, Health, parse_enum
from tui.runtime.protocol import Runtime
from tui.store.clock import Backoff, Clock, Pace, wait_or_sleep
from tui.store.state import Delta, EngineState, Model, with_health

IDS_WINDOW = 0.03
"""Seconds in which changed ids are collected into one request: a Compose project's worth of events, unseen by eyes."""
LIST_WINDOW = 0.2
"""The same for kinds that can only be listed whole: images cost the engine up to 100 ms a list."""
IDS_LIMIT = 50
"""Above so many changed ids the whole list is cheaper, and 50 ids of 64 characters still fit every URL limit."""

SETTLE_FIRST = 0.05
SETTLE_CAP = 1.0
SETTLE_LIMIT = 5.0
"""Seconds after which an engine that contradicts its own event is believed."""

# dockerd 20.10 sends `die` and `pause` before its list shows them (it cleans up in between); what the list may not say
# after an event, else it is asked again.
_TOO_EARLY: dict[str, frozenset[ContainerState]] = {
    "die": frozenset({ContainerState.RUNNING, ContainerState.PAUSED}),
    "start": frozenset({ContainerState.CREATED, ContainerState.EXITED}),
    "pause": frozenset({ContainerState.RUNNING}),
    "unpause": frozenset({ContainerState.PAUSED}),
}


class Feed:
    """The refresh loop of one kind on one engine. At most one list request is in flight.

    Attributes:
        spec: The kind.
        error: Why the last list failed, or None.
        attempted: Set once the first list has come or failed.
    """

    def __init__(
        self,
        spec: KindSpec,
        state: EngineState,
        clock: Clock,
        backoff: Backoff,
        publish: Callable[[str, Delta[RowKey]], None],
        trouble: Callable[[], None],
    ) -> None:
        """Make a feed; nothing is asked before `run`.

        Args:
            spec: The kind.
            state: Where the rows go.
            clock: The time.
            backoff: How long to wait after a failed list.
            publish: Called when rows changed, and after the first list.
            trouble: Called when `error` changed.
        """
        self.spec = spec
        self.error: RuntimeFault | None = None
        self.attempted = asyncio.Event()
        self._state = state
        self._clock = clock
        self._backoff = backoff
        self._publish = publish
        self._trouble = trouble
        self._wake = asyncio.Event()
        self._whole = False
        self._dirty: set[str] = set()
        # What events said while a request was in flight: its answer may be older than they are.
        self._removed: set[str] = set()
        self._healths: dict[str, Health] = {}
        self._unsettled: dict[str, tuple[str, float]] = {}
        # A person's changes come in handfuls and pass at once; storms are slowed to a few requests a second.
        self._ids_pace = Pace(clock, burst=10, rate=5.0)
        self._list_pace = Pace(clock, burst=4, rate=1.0)

    def refresh(self) -> None:
        """Ask for the whole list."""
        self._whole = True
        self._dirty.clear()
        self._wake.set()

    def event(self, event: Event) -> None:
        """Take note of an event of any type."""
        if event.type not in self.spec.events or event.action in self.spec.ignored_actions:
            return
        id = event.actor_id
        if event.action == "health_status":
            health = parse_enum(Health, event.detail)
            if health is not Health.UNKNOWN:
                self._healths[id] = health
                self._tell(self._state.apply_health(self.spec.name, id, health))
                return
        if event.action in self.spec.removed_by:
            self._removed.add(id)
            self._tell(self._state.remove(self.spec.name, id))
        self._unsettled.pop(id, None)
        if event.type is EventType.CONTAINER and event.action in _TOO_EARLY:
            self._unsettled[id] = (event.action, self._clock.monotonic())
        if id and self.spec.list_by_ids is not None:
            self._mark((id,))
        else:
            self.refresh()

    async def run(self, runtime: Runtime, check: Callable[[], Awaitable[None]]) -> None:
        """List, then follow, until cancelled.

        Args:
            runtime: The connected engine.
            check: Called when a list failed without an answer; raises if the engine does not answer at all.

        Raises:
            RuntimeFault: from `check`.
        """
        failures = 0
        self.refresh()
        while True:
            await self._wait()
            try:
                await self._list(runtime)
            except RuntimeFault as fault:
                failures += 1
                self.error = fault
                # The whole list again: a refusal may be about one of the ids.
                self.refresh()
                self._trouble()
                self.attempted.set()
                if not isinstance(fault, ApiError):
                    await check()
                await self._clock.sleep(self._backoff.delay(failures))
            else:
                failures = 0
                self.attempted.set()

    async def _wait(self) -> None:
        """Wait until something is to be asked, and then for the moment at which asking is due."""
        if self._unsettled:
            now = self._clock.monotonic()
            # As long again as it has been wrong already: dockerd 20.10 needs 50 to 200 ms, one under load seconds.
            age = min(now - since for _, since in self._unsettled.values())
            if not await wait_or_sleep(self._clock, self._wake, min(max(age, SETTLE_FIRST), SETTLE_CAP)):
                self._mark(tuple(self._unsettled))
        await self._wake.wait()
        if not self.attempted.is_set():
            return
        by_ids = self.spec.list_by_ids is not None
        await self._clock.sleep(IDS_WINDOW if by_ids else LIST_WINDOW)
        pace = self._list_pace if self._whole else self._ids_pace
        if delay := pace.take():
            await self._clock.sleep(delay)

    async def _list(self, runtime: Runtime) -> None:
        whole, ids = self._whole, frozenset(self._dirty)
        self._whole = False
        self._dirty.clear()
        self._wake.clear()
        self._removed.clear()
        self._healths.clear()
        loaded = self._state.loaded(self.spec.name)
        if whole or self.spec.list_by_ids is None:
            models = self._patched(await self.spec.list(runtime))
            delta = self._state.apply_list(self.spec.name, self.spec.key, models)
        else:
            models = self._patched(await self.spec.list_by_ids(runtime, ids))
            delta = self._state.apply_some(self.spec.name, self.spec.key, ids, models)
        self._settle()
        if delta or not loaded:
            self._publish(self.spec.name, delta)
        if self.error is not None:
            self.error = None
            self._trouble()

    def _patched(self, models: Sequence[Model]) -> Iterable[Model]:
        """The answer, corrected by what events have told since it was asked for."""
        for model in models:
            id = self.spec.key(model)
            if id in self._removed:
                continue
            health = self._healths.get(id)
            yield with_health(model, health) if health is not None and isinstance(model, Container) else model

    def _settle(self) -> None:
        """Keep as unsettled what still contradicts its last event."""
        now = self._clock.monotonic()
        for id, (action, since) in tuple(self._unsettled.items()):
            model = self._state.get(self.spec.name, id)
            early = isinstance(model, Container) and model.state in _TOO_EARLY[action]
            if not early or now - since > SETTLE_LIMIT:
                del self._unsettled[id]

    def _mark(self, ids: Iterable[str]) -> None:
        if not self._whole:
            self._dirty.update(ids)
            if len(self._dirty) > IDS_LIMIT:
                self.refresh()
        self._wake.set()

    def _tell(self, delta: Delta[RowKey]) -> None:
        if delta:
            self._publish(self.spec.name, delta)
