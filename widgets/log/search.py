r"""Search in a log: plain words without regard to case, or a regular expression written ``/like this/``. Pure.

A regular expression that somebody types can take for ever on one line (``(a+)+$``), and the standard library's `re`
cannot be interrupted. The `regex` library can: every match has a time-out, and a pattern that exceeds it is reported.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from widgets.log.buffer import LogBuffer, plain_text

LINE_TIMEOUT = 0.05
"""Seconds one pattern may take on one line of at most `MAX_PIECE` characters. Sound patterns need microseconds."""

MAX_PATTERN = 500
"""Characters of a regular expression: compiling is the one step that cannot be interrupted."""

_CHECK_EVERY = 64
"""Lines between two looks at the clock."""


class SearchError(ValueError):
    """The pattern cannot be used: not a regular expression, or too slow. The message is for the user."""


class Query(Protocol):
    """A compiled search."""

    source: str

    def matches(self, text: str) -> bool:
        """Whether it occurs in `text`, which is plain.

        Raises:
            SearchError: when it takes too long.
        """
        ...

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it occurs in `text`: start and end, in order, none empty.

        Raises:
            SearchError: when it takes too long.
        """
        ...


class _Words:
    """A plain search: substring, case folded."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._needle = source.casefold()
        self._lower = source.lower()

    def matches(self, text: str) -> bool:
        return self._needle in text.casefold()

    def spans(self, text: str) -> list[tuple[int, int]]:
        folded, needle = text.casefold(), self._needle
        if len(folded) != len(text):
            # Folding made the text longer (a German sharp s becomes "ss"): fall back to what keeps the positions.
            folded, needle = text.lower(), self._lower
            if len(folded) != len(text):
                folded, needle = text, self.source
        found = []
        at = folded.find(needle)
        while at >= 0:
            found.append((at, at + len(needle)))
            at = folded.find(needle, at + len(needle))
        return found


class _Expression:
    """A regular expression; lower case letters only means that case does not matter ("smart case")."""

    def __init__(self, source: str, pattern: str) -> None:
        import regex  # 15 ms of import that only a search for an expression pays

        if len(pattern) > MAX_PATTERN:
            raise SearchError(f"the expression is longer than {MAX_PATTERN} characters")
        self.source = source
        flags = regex.VERSION0 if any(map(str.isupper, pattern)) else regex.VERSION0 | regex.IGNORECASE
        try:
            self._pattern = regex.compile(pattern, flags)
        except (regex.error, OverflowError, RecursionError) as error:
            raise SearchError(f"not a regular expression: {error}") from error

    def matches(self, text: str) -> bool:
        try:
            return self._pattern.search(text, timeout=LINE_TIMEOUT) is not None
        except TimeoutError as error:
            raise self._too_slow() from error

    def spans(self, text: str) -> list[tuple[int, int]]:
        try:
            spans = [match.span() for match in self._pattern.finditer(text, timeout=LINE_TIMEOUT)]
        except TimeoutError as error:
            raise self._too_slow() from error
        return [(start, end) for start, end in spans if end > start]

    def _too_slow(self) -> SearchError:
        return SearchError(f"the expression is too slow: stopped after {LINE_TIMEOUT * 1000:.0f} ms on one line")


def compile_query(source: str) -> Query | None:
    """The search for `source`: ``/.../`` is a regular expression, anything else is text; None for an empty one.

    Raises:
        SearchError: when the regular expression is not one.
    """
    if len(source) > 2 and source[0] == source[-1] == "/":
        return _Expression(source, source[1:-1])
    return _Words(source) if source else None


class SearchIndex:
    """The lines of a buffer that match, found a slice at a time and kept current while lines come and go.

    Args:
        query: What to look for.
        buffer: Where. Sequence numbers in it only grow; after `LogBuffer.clear` make a new index.
        clock: Seconds, for tests.
    """

    def __init__(self, query: Query, buffer: LogBuffer, clock: Callable[[], float] = monotonic) -> None:
        """Start at the oldest line; nothing is searched yet."""
        self.query = query
        self.error = ""
        self._buffer = buffer
        self._clock = clock
        self._found: list[int] = []
        self._gone = 0
        self._next = buffer.first

    @property
    def complete(self) -> bool:
        """Whether every line that is in the buffer now has been looked at (or the search failed)."""
        return bool(self.error) or self._next >= self._buffer.end

    def feed(self, budget: float = 0.01) -> bool:
        """Look at lines not seen yet, for about `budget` seconds (at most one time-out longer).

        Returns:
            Whether the index is complete; otherwise call again.
        """
        buffer = self._buffer
        self._forget()
        if self.error:
            return True
        deadline = self._clock() + budget
        matches, found = self.query.matches, self._found
        seq = max(self._next, buffer.first)
        try:
            while seq < buffer.end:
                stop = min(seq + _CHECK_EVERY, buffer.end)
                found += [number for number, entry in buffer.slice(seq, stop) if matches(plain_text(entry.text))]
                seq = stop
                if self._clock() >= deadline:
                    break
        except SearchError as error:
            self.error = str(error)
        self._next = seq
        return self.complete

    @property
    def count(self) -> int:
        """How many lines match, as far as it is known."""
        self._forget()
        return len(self._found) - self._gone

    def position(self, seq: int) -> int:
        """Which match `seq` is, counted from 1; 0 when it is none."""
        self._forget()
        at = bisect_left(self._found, seq, self._gone)
        return at - self._gone + 1 if at < len(self._found) and self._found[at] == seq else 0

    def step(self, seq: int, direction: int) -> int | None:
        """The next match after (1) or before (-1) line `seq`; past the last one it goes on at the other end."""
        self._forget()
        low, high = self._gone, len(self._found)
        if low == high:
            return None
        if direction > 0:
            at = bisect_left(self._found, seq + 1, low)
            return self._found[at if at < high else low]
        at = bisect_left(self._found, seq, low) - 1
        return self._found[at if at >= low else high - 1]

    def _forget(self) -> None:
        """Leave out matches whose lines were dropped."""
        self._gone = bisect_left(self._found, self._buffer.first, self._gone)
        if self._gone > 1024 and self._gone * 2 > len(self._found):
            del self._found[: self._gone]
            self._gone = 0
