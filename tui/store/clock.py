"""Time as the store sees it, so that a test can be the clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where the store gets the time from, and how it waits."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        ...

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The real time."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        return time.monotonic()

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def wait_or_sleep(clock: Clock, event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most so many seconds; whether it is set."""
    if event.is_set():
        return True
    waiters = {asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))}
    try:
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
        await asyncio.wait(waiters)
    return event.is_set()


class Backoff:
    """Delays that double from `first` to `cap` seconds, each shortened by up to a quarter at random.

    The jitter keeps several dashboards from knocking at one restarted engine in step.
    """

    def __init__(self, first: float, cap: float, random: Callable[[], float]) -> None:
        """Bounds in seconds, and a source of numbers in [0, 1)."""
        self._first = first
        self._cap = cap
        self._random = random

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 = the first)."""
        # 2**30 is past every cap; the exponent is bounded because an engine may stay away for days.
        full = min(self._cap, self._first * 2.0 ** min(failures - 1, 30))
        return full * (1.0 - 0.25 * self._random())


class Pace:
    """A token bucket: bursts pass at once, a storm is slowed to `rate` a second."""

    def __init__(self, clock: Clock, *, burst: int, rate: float) -> None:
        """At most `burst` at once, then `rate` a second."""
        self._clock = clock
        self._burst = float(burst)
        self._rate = rate
        self._tokens = self._burst
        self._filled = clock.monotonic()

    def take(self) -> float:
        """Take one token; how many seconds to wait before using it."""
        now = self._clock.monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate) - 1.0
        self._filled = now
        return max(0.0, -self._tokens / self._rate)
