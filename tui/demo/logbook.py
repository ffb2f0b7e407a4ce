"""A container's log: lines that were written, and lines that follow from a rate, computed when somebody reads."""

from __future__ import annotations

import asyncio
import bisect
import heapq
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from tui.demo.clock import SECOND

STDOUT = 1
STDERR = 2

KEEP = 20_000
"""Written lines kept for each container; the oldest go first."""
READ_MOST = 50_000
"""Lines that one reading computes at most: a container that has logged for a week must not stall the event loop."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line, without its end, as the program wrote it: not necessarily UTF-8, maybe with controls."""

    at: int
    stream: int
    text: bytes


Writer = Callable[[int], tuple[int, bytes]]
"""From the number of a line (counted from 1) its stream and its text."""


@dataclass(slots=True)
class Run:
    """A stretch of time in which a program logs at a steady rate. It ends when the program pauses, stops or dies."""

    start: int
    period: int
    writer: Writer
    first: int = 1
    burst: int = 0
    last: int = 0
    jitter: int = 0
    end: int | None = None

    def at(self, number: int) -> int:
        """When line `number` is written. The first `burst` lines are written at once."""
        index = number - self.first
        if index < self.burst:
            return self.start + index
        moment = self.start + (index - self.burst + 1) * self.period
        # A hash of the number spreads the lines without ever changing their order: by less than one period.
        return moment - (number * 2654435761 % 4096) * self.jitter // 4096

    def written(self, now: int) -> int:
        """The number of the last line written until `now` (`first - 1`: none)."""
        end = now if self.end is None else min(now, self.end)
        if end < self.start:
            return self.first - 1
        number = self.first - 1 + self.burst
        if self.period:
            number += (end - self.start) // self.period
            if self.at(number + 1) <= end:
                number += 1
        return min(number, self.last) if self.last else number

    def next_due(self, now: int) -> int | None:
        """When the next line after `now` will be written, or None if there will be none."""
        number = self.written(now) + 1
        if self.end is not None or (self.last and number > self.last) or (not self.period and number > self.burst):
            return None
        return self.at(number)

    def line(self, number: int) -> Line:
        """Line `number`."""
        stream, text = self.writer(number)
        return Line(self.at(number), stream, text)


class LogBook:
    """The log of one container."""

    def __init__(self) -> None:
        """Begin empty."""
        self._runs: list[Run] = []
        self._lines: list[Line] = []
        self._waiting: set[asyncio.Future[None]] = set()

    def write(self, at: int, text: bytes, stream: int = STDOUT) -> None:
        """Add one line (an end of line at its end is dropped)."""
        self._lines.append(Line(at, stream, text.removesuffix(b"\n")))
        if len(self._lines) > KEEP:
            del self._lines[: KEEP // 10]
        self.changed()

    def begin(self, run: Run) -> None:
        """From now on lines follow from `run`."""
        self._runs.append(run)
        self.changed()

    def suspend(self, now: int) -> None:
        """The program stands still (paused, stopped or dead): no more lines from the current run."""
        if self._runs and self._runs[-1].end is None:
            self._runs[-1].end = now
        self.changed()

    def resume(self, now: int) -> None:
        """Go on with the run that was suspended, where it stood."""
        if self._runs and self._runs[-1].end is not None:
            old = self._runs[-1]
            end = now if old.end is None else old.end
            first = old.written(now) + 1
            if not old.last or first <= old.last:
                # What was left of the period when it stopped is still left.
                start = old.start + max(0, first - old.first - old.burst) * old.period + now - end
                self.begin(Run(start, old.period, old.writer, first=first, last=old.last, jitter=old.jitter))

    def changed(self) -> None:
        """Wake everybody who follows."""
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def waiter(self) -> asyncio.Future[None]:
        """A future that is done at the next change."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        return future

    def forget(self, future: asyncio.Future[None]) -> None:
        """Nobody waits for this future any more."""
        self._waiting.discard(future)
        future.cancel()

    def next_due(self, now: int) -> int | None:
        """When the next computed line is due."""
        return self._runs[-1].next_due(now) if self._runs else None

    def read(self, after: int, until: int, *, streams: frozenset[int], tail: int | None = None) -> list[Line]:
        """Return the lines with `after < at <= until`, oldest first.

        As in dockerd, `tail` takes the newest lines first, and `after` then drops of them what is too old.
        """
        most = READ_MOST if tail is None else min(tail, READ_MOST)
        parts: list[list[Line]] = []
        # The newest `most` lines of the whole log are among the newest `most` of each part.
        need = most
        for run in reversed(self._runs):
            if need <= 0 or (run.end is not None and run.end <= after):
                break
            newest = run.written(until)
            lines: list[Line] = []
            for number in range(newest, run.first - 1, -1):
                if len(lines) >= need:
                    break
                line = run.line(number)
                if line.at <= after and tail is None:
                    break
                if line.stream in streams:
                    lines.append(line)
            need -= len(lines)
            parts.append(lines[::-1])
        high = bisect.bisect_right(self._lines, until, key=_at)
        written = (line for line in reversed(self._lines[:high]) if line.stream in streams)
        parts.append(list(islice(written, most))[::-1])
        merged = list(heapq.merge(*reversed(parts), key=_at))
        newest_lines = merged[max(0, len(merged) - most) :]
        return [line for line in newest_lines if line.at > after]


def _at(line: Line) -> int:
    return line.at


def steady(start: int, per_second: float, writer: Writer, *, jitter: float = 0.0, burst: int = 0, last: int = 0) -> Run:
    """A run of `per_second` lines, each up to `jitter` (0 to 1) of a period early; it ends after `last` (0: never)."""
    period = int(SECOND / per_second) if per_second > 0 else 0
    return Run(start, period, writer, burst=burst, last=last, jitter=int(period * min(jitter, 0.99)))
