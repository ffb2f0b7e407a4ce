"""Time for the demo engine: one heap of timers, on the system's clock or on one that a test moves by hand."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol

SECOND = 1_000_000_000
"""Nanoseconds in a second: all instants of the demo are integers of nanoseconds since 1970, as in the Engine API."""


class Timer:
    """A callback that is due at an instant; `cancel()` forgets it."""

    __slots__ = ("callback", "when")

    def __init__(self, when: int, callback: Callable[[], None]) -> None:
        """Make a timer; only a clock does."""
        self.when = when
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Never call back (also after it has been called: no effect)."""
        self.callback = None


class Clock(Protocol):
    """What the demo needs of time."""

    def now(self) -> int:
        """Nanoseconds since 1970."""

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """Call `callback` once, when `now()` has reached `when` (nanoseconds since 1970)."""

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock."""

    def close(self) -> None:
        """Forget all timers."""


class _Heap:
    """The timers of a clock, in the order in which they are due; equal ones in the order in which they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Timer]] = []
        self._order = itertools.count()

    def push(self, timer: Timer) -> None:
        heapq.heappush(self._heap, (timer.when, next(self._order), timer))

    def next_due(self) -> int | None:
        while self._heap and self._heap[0][2].callback is None:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Callable[[], None] | None:
        timer = heapq.heappop(self._heap)[2]
        callback, timer.callback = timer.callback, None
        return callback

    def clear(self) -> None:
        self._heap.clear()


async def _sleep(clock: Clock, seconds: float) -> None:
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not done.done():
            done.set_result(None)

    timer = clock.call_at(clock.now() + int(max(seconds, 0) * SECOND), wake)
    try:
        await done
    finally:
        timer.cancel()


class SystemClock:
    """Real time. All timers share one handle of the running event loop."""

    def __init__(self) -> None:
        """Make a clock without timers."""
        self._timers = _Heap()
        self._handle: asyncio.TimerHandle | None = None
        self._handle_due = 0

    def now(self) -> int:
        """Nanoseconds since 1970."""
        return time.time_ns()

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """Call `callback` on the running loop, once `when` has come."""
        timer = Timer(when, callback)
        self._timers.push(timer)
        self._arm()
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds`."""
        await _sleep(self, seconds)

    def close(self) -> None:
        """Forget all timers."""
        self._timers.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self) -> None:
        due = self._timers.next_due()
        if self._handle is not None and (due is None or due != self._handle_due):
            self._handle.cancel()
            self._handle = None
        if due is not None and self._handle is None:
            self._handle_due = due
            self._handle = asyncio.get_running_loop().call_later(max(0, due - self.now()) / SECOND, self._fire)

    def _fire(self) -> None:
        self._handle = None
        now = self.now()
        while (due := self._timers.next_due()) is not None and due <= now:
            callback = self._timers.pop()
            if callback is not None:
                callback()
        self._arm()


FAKE_START = 1_767_366_000 * SECOND
"""2026-01-02 15:00:00 UTC: where a fake clock starts unless told otherwise, so that screenshots do not change."""


class FakeClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, start: int = FAKE_START) -> None:
        """Begin at `start` (nanoseconds since 1970)."""
        self._now = start
        self._timers = _Heap()

    def now(self) -> int:
        """Nanoseconds since 1970."""
        return self._now

    def call_at(self, when: int, callback: Callable[[], None]) -> Timer:
        """Call `callback` when the clock is moved to `when` or past it."""
        timer = Timer(when, callback)
        self._timers.push(timer)
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved on by `seconds`."""
        await _sleep(self, seconds)

    def close(self) -> None:
        """Forget all timers."""
        self._timers.clear()

    def next_due(self) -> int | None:
        """When the next timer is due; None: nobody waits for this clock."""
        return self._timers.next_due()

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; every timer on the way is called at its own instant, in order.

        Tasks that wait for this clock run when the caller next yields to the event loop.
        """
        end = self._now + int(seconds * SECOND)
        while (due := self._timers.next_due()) is not None and due <= end:
            self._now = max(self._now, due)
            callback = self._timers.pop()
            if callback is not None:
                callback()
        self._now = end

    async def run(self, seconds: float, *, step: float = 0.05) -> None:
        """Move on by `seconds` in steps, and let the tasks of the event loop run after each of them."""
        for _ in range(max(1, round(seconds / step))):
            self.advance(step)
            for _ in range(3):  # a timer wakes a task, which answers a socket, which wakes a reader
                await asyncio.sleep(0)


def rfc3339(instant: int) -> str:
    """An instant as Go's RFC3339Nano prints it: trailing zeros of the fraction are dropped; 0 is Go's zero time."""
    if instant == 0:
        return "0001-01-01T00:00:00Z"
    seconds, nanos = divmod(instant, SECOND)
    fraction = f".{nanos:09d}".rstrip("0").rstrip(".")
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + fraction + "Z"


def rfc3339_full(instant: int) -> str:
    """An instant with all nine digits, as in front of log lines."""
    seconds, nanos = divmod(instant, SECOND)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{nanos:09d}Z"


def human_duration(nanoseconds: int) -> str:
    """A duration in the words of `docker ps`, with dockerd's own steps and rounding."""
    seconds = nanoseconds // SECOND
    if seconds < 1:
        return "Less than a second"
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = seconds // 60
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    hours = (seconds + 1800) // 3600
    for limit, size, unit in ((48, 1, "hours"), (336, 24, "days"), (1440, 168, "weeks"), (17520, 720, "months")):
        if hours < limit:
            return "About an hour" if hours == 1 else f"{hours // size} {unit}"
    return f"{seconds // 3600 // 8760} years"
