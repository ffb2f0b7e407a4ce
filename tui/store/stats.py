"""Who is sampled when: one stats stream per running container on the screen, and none for all the others."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from itertools import chain, zip_longest

from tui.actions import RowKey
from tui.runtime.errors import RuntimeFault
from tui.runtime.models import Capability, Container, ContainerState, Stats
from tui.runtime.protocol import Runtime
from tui.store.clock import Clock, wait_or_sleep
from tui.store.state import Model

STREAM_LIMIT = 64
"""Streams open at once: more than the rows of a terminal; each costs the engine about 2 ms of CPU a second."""
HISTORY = 600
"""Samples kept per container: ten minutes."""
HISTORIES = 128
"""Containers whose samples are kept: what was watched last. 128 x 600 samples are about 25 MB at most."""
GATHER = 0.1
"""Seconds in which changes of interest are collected before streams are opened: a held-down cursor key passes
30 rows a second, and an engine's first sample takes a second anyway."""
GRACE = 1.0
"""Seconds that a stream stays open after its row has left the screen: scrolling back finds it running."""
REOPEN = 2.0
"""Seconds before a stream that ended or failed is opened again, if its container still runs."""
NOTIFY = 0.25
"""Least seconds between two notifications."""

_SAMPLED = frozenset({ContainerState.RUNNING, ContainerState.PAUSED})


class Sampler:
    """Keeps the stats streams in step with what is being looked at. `run` it as a task."""

    def __init__(
        self,
        clock: Clock,
        row: Callable[[RowKey], Model | None],
        runtime: Callable[[str], Runtime | None],
        publish: Callable[[frozenset[RowKey]], None],
    ) -> None:
        """Make a sampler.

        Args:
            clock: The time.
            row: The row of a key, or None.
            runtime: The runtime of a live engine, or None.
            publish: Called with the keys whose samples are new or gone, at most four times a second.
        """
        self._clock = clock
        self._row = row
        self._runtime = runtime
        self._publish = publish
        self._interest: dict[str, tuple[RowKey, ...]] = {}
        self._wake = asyncio.Event()
        self._sampled = asyncio.Event()
        self._pending: set[RowKey] = set()
        self._streams: dict[RowKey, asyncio.Task[None]] = {}
        self._lingering: dict[RowKey, float] = {}
        self._resting: dict[RowKey, float] = {}
        self._latest: dict[RowKey, Stats] = {}
        self._history: OrderedDict[RowKey, deque[Stats]] = OrderedDict()
        self._errors: dict[RowKey, RuntimeFault] = {}

    def watch(self, owner: str, keys: Sequence[RowKey]) -> None:
        """Replace what one owner looks at, most important first; an empty sequence drops it."""
        if self._interest.get(owner, ()) == tuple(keys):
            return
        if keys:
            self._interest[owner] = tuple(keys)
        else:
            del self._interest[owner]
        self._wake.set()

    def rows_changed(self, kind: str, removed: frozenset[RowKey] = frozenset()) -> None:
        """Look again at which containers run."""
        if kind == "containers":
            for key in removed:
                self._history.pop(key, None)
            self._wake.set()

    def engine_changed(self, endpoint: str) -> None:
        """Look again at which engines are live; the streams of a lost one are closed at once."""
        if self._runtime(endpoint) is None:
            for key in [key for key in self._streams if key.endpoint == endpoint]:
                self._close(key)
            for key in [key for key in self._resting if key.endpoint == endpoint]:
                del self._resting[key]
        self._wake.set()

    def latest(self, key: RowKey) -> Stats | None:
        """The newest sample of a container that is being sampled, or None."""
        return self._latest.get(key)

    def history(self, key: RowKey) -> Sequence[Stats]:
        """What is kept of a container's samples, oldest first."""
        return self._history.get(key, ())

    def error(self, key: RowKey) -> RuntimeFault | None:
        """Why a watched container has no samples, where its last stream failed."""
        return self._errors.get(key)

    async def run(self) -> None:
        """Open and close streams until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._notify())
                while True:
                    await self._wait()
                    self._apply(group)
        finally:
            self._streams.clear()
            self._latest.clear()

    async def _wait(self) -> None:
        due = min(chain(self._lingering.values(), self._resting.values()), default=None)
        if due is None:
            await self._wake.wait()
        else:
            await wait_or_sleep(self._clock, self._wake, max(0.0, due - self._clock.monotonic()))
        if self._wake.is_set():
            await self._clock.sleep(GATHER)
            self._wake.clear()

    def _wanted(self) -> list[RowKey]:
        """Whom to sample: the first keys of every owner, then the second ones, and so on."""
        rounds = zip_longest(*self._interest.values())
        keys = dict.fromkeys(key for key in chain.from_iterable(rounds) if key is not None)
        return [key for key in keys if self._runs(key)][:STREAM_LIMIT]

    def _runs(self, key: RowKey) -> bool:
        model = self._row(key)
        if not isinstance(model, Container) or model.state not in _SAMPLED:
            return False
        runtime = self._runtime(key.endpoint)
        return runtime is not None and Capability.STATS in runtime.capabilities

    def _apply(self, group: asyncio.TaskGroup) -> None:
        now = self._clock.monotonic()
        wanted = self._wanted()
        self._resting = {key: due for key, due in self._resting.items() if due > now and self._runs(key)}
        for key in self._streams.keys() - frozenset(wanted):
            if not self._runs(key) or self._lingering.setdefault(key, now + GRACE) <= now:
                self._close(key)
        for key in wanted:
            self._lingering.pop(key, None)
            if key not in self._streams and key not in self._resting:
                self._open(group, key)

    def _open(self, group: asyncio.TaskGroup, key: RowKey) -> None:
        if len(self._streams) >= STREAM_LIMIT:
            # No more than the limit are wanted, so one of those open is only lingering.
            self._close(min(self._lingering, key=lambda one: self._lingering[one]))
        runtime = self._runtime(key.endpoint)
        assert runtime is not None, "only containers of live engines are wanted"
        self._streams[key] = group.create_task(self._sample(runtime, key))

    def _close(self, key: RowKey) -> None:
        self._streams.pop(key).cancel()
        self._lingering.pop(key, None)
        self._forget(key)

    def _forget(self, key: RowKey) -> None:
        if self._latest.pop(key, None) is not None:
            self._pending.add(key)
            self._sampled.set()

    async def _sample(self, runtime: Runtime, key: RowKey) -> None:
        try:
            async with runtime.container_stats(key.id) as stream:
                async for sample in stream:
                    self._take(key, sample)
        except RuntimeFault as fault:
            self._errors[key] = fault
        else:
            self._errors.pop(key, None)
        if self._streams.get(key) is not asyncio.current_task():
            return  # closed by us meanwhile
        # It ended by itself: the container stopped, or the engine broke the stream.
        del self._streams[key]
        self._lingering.pop(key, None)
        self._resting[key] = self._clock.monotonic() + REOPEN
        self._forget(key)
        self._wake.set()

    def _take(self, key: RowKey, sample: Stats) -> None:
        self._errors.pop(key, None)
        self._latest[key] = sample
        ring = self._history.get(key)
        if ring is None:
            ring = self._history[key] = deque(maxlen=HISTORY)
            if len(self._history) > HISTORIES:
                self._history.popitem(last=False)
        ring.append(sample)
        self._history.move_to_end(key)
        self._pending.add(key)
        self._sampled.set()

    async def _notify(self) -> None:
        while True:
            await self._sampled.wait()
            self._sampled.clear()
            keys = frozenset(self._pending)
            self._pending.clear()
            self._publish(keys)
            await self._clock.sleep(NOTIFY)
