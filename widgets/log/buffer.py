"""A bounded ring of log lines. Pure: no toolkit.

Lines are kept raw, as the container wrote them; only what is about to be shown or searched is made plain
(`plain_text`), because cleaning every line of a flood costs more than reading it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from sys import getsizeof
from typing import NamedTuple, Protocol

from widgets.text import sanitise

DEFAULT_MAX_LINES = 10_000
DEFAULT_MAX_BYTES = 32 * 1024 * 1024

MAX_PIECE = 16 * 1024
"""Characters of one entry. A longer line is kept as several, each but the last marked partial: what is drawn, wrapped
or matched at once stays small, whatever a container writes."""

_ENTRY_OVERHEAD = 240
"""Bytes of an entry beside its text: the tuple (80), the time stamp (85), references and slack, as CPython 3.11
has them."""

_MIN_SLACK = 256
"""Dropped entries are removed in blocks: one `del` moves the whole list (5 us for 10,000 entries)."""

_ESCAPE_REACH = 32
"""A line is not cut within this many characters after an ESC, so that a colour sequence stays whole."""


class Line(Protocol):
    """What the buffer takes: anything with these attributes, a named tuple for preference. It is kept as it is."""

    @property
    def text(self) -> str:
        """The line without its end, raw: it may hold any control sequence."""
        ...

    @property
    def stream(self) -> str:
        """``stdout``, ``stderr``, or anything else, which is shown like ``stdout``."""
        ...

    @property
    def time(self) -> str:
        """RFC 3339, or "" when unknown."""
        ...

    @property
    def partial(self) -> bool:
        """Whether the next entry continues this line."""
        ...


class Entry(NamedTuple):
    """One line of a log. `source` names where it came from when several logs are merged."""

    text: str
    stream: str = "stdout"
    time: str = ""
    source: str = ""
    partial: bool = False


def source_of(line: Line) -> str:
    """Where a line came from, "" when it does not say."""
    source: object = getattr(line, "source", "")
    return source if isinstance(source, str) else ""


def plain_text(raw: str) -> str:
    """The text of a line as it is shown without colours: safe, and progress output reduced to its last state."""
    # isprintable() is false for every control, bidi and zero-width character and costs a fifth of sanitise().
    return raw if raw.isprintable() else sanitise(last_overwrite(raw))


def last_overwrite(raw: str) -> str:
    r"""What remains of ``10%\r20%\r30%`` on a terminal: the part after the last carriage return that is not empty."""
    if "\r" not in raw:
        return raw
    return raw.rstrip("\r").rpartition("\r")[2]


class LogBuffer:
    """The newest lines of a log, within a number of lines *and* of bytes; the oldest are dropped and counted.

    Every entry has an absolute sequence number, counted from 0 since the last `clear`, that stays the same while
    older entries are dropped: a view anchors to it.

    Args:
        max_lines: The most entries to keep, at least 1.
        max_bytes: The most memory to keep, in bytes. The newest entry is kept even if it alone is larger.
    """

    def __init__(self, max_lines: int = DEFAULT_MAX_LINES, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """Start empty."""
        if max_lines < 1 or max_bytes < 1:
            raise ValueError("a log buffer needs room for at least one line and one byte")
        self.max_lines = max_lines
        self.max_bytes = max_bytes
        self._items: list[Line | None] = []
        self._start = 0
        self._base = 0
        self._bytes = 0

    def __len__(self) -> int:
        """How many entries are kept now."""
        return len(self._items) - self._start

    def __bool__(self) -> bool:
        """Whether there is any entry."""
        return len(self._items) > self._start

    @property
    def first(self) -> int:
        """Sequence number of the oldest entry that is kept (equal to `end` when there is none)."""
        return self._base + self._start

    @property
    def end(self) -> int:
        """Sequence number that the next entry will get."""
        return self._base + len(self._items)

    @property
    def dropped(self) -> int:
        """How many entries were dropped since the last `clear`."""
        return self.first

    @property
    def bytes(self) -> int:
        """Memory of the entries that are kept, in bytes."""
        return self._bytes

    def __getitem__(self, seq: int) -> Line:
        """The entry with sequence number `seq`.

        Raises:
            IndexError: when it is not (or no longer) in the buffer.
        """
        index = seq - self._base
        if not self._start <= index < len(self._items):
            raise IndexError(f"line {seq} is not in the buffer ({self.first} to {self.end - 1})")
        item = self._items[index]
        assert item is not None
        return item

    def slice(self, start: int, stop: int) -> Iterator[tuple[int, Line]]:
        """Entries from `start` up to `stop` that are kept, each with its sequence number."""
        low = max(start - self._base, self._start)
        high = min(stop - self._base, len(self._items))
        for index in range(low, high):
            item = self._items[index]
            if item is not None:
                yield self._base + index, item

    def continues(self, seq: int) -> bool:
        """Whether entry `seq` is the rest of the one before it (of the same stream)."""
        index = seq - self._base - 1
        if not self._start <= index < len(self._items) - 1:
            return False
        before, here = self._items[index], self._items[index + 1]
        return before is not None and here is not None and before.partial and before.stream == here.stream

    def append(self, entry: Line) -> None:
        """Add one entry. Where there are many, `extend` is several times faster."""
        self.extend((entry,))

    def extend(self, entries: Iterable[Line]) -> None:
        """Add entries, oldest first, and drop what no longer fits."""
        new = entries if isinstance(entries, (list, tuple)) else list(entries)
        size = 0
        long = False
        for item in new:
            text = item.text
            size += getsizeof(text)
            if len(text) > MAX_PIECE:
                long = True
        if long:
            new = [piece for item in new for piece in _pieces(item)]
            size = sum(getsizeof(item.text) for item in new)
        items = self._items
        items.extend(new)
        self._bytes += size + _ENTRY_OVERHEAD * len(new)
        if len(items) - self._start > self.max_lines or self._bytes > self.max_bytes:
            self._trim()

    def clear(self) -> None:
        """Forget every entry and start to count from 0 again."""
        self._items.clear()
        self._start = self._base = self._bytes = 0

    def search(
        self, matches: Callable[[str], bool], start: int, direction: int = 1, limit: int = 1, scan: int | None = None
    ) -> list[int]:
        """Sequence numbers of entries whose plain text matches, in the order they are met.

        Args:
            matches: Decides on the plain text of one entry (see `widgets.log.search.compile_query`).
            start: Where to begin; outside the buffer it means the nearest entry.
            direction: 1 towards newer entries, -1 towards older ones.
            limit: The most results.
            scan: The most entries to look at, or None for all.

        Raises:
            SearchError: when `matches` does.
        """
        if direction not in (1, -1):
            raise ValueError("direction is 1 or -1")
        if not self:
            return []
        start = min(max(start, self.first), self.end - 1)
        sequence = range(start, self.end) if direction == 1 else range(start, self.first - 1, -1)
        found: list[int] = []
        for seq in sequence if scan is None else sequence[:scan]:
            if matches(plain_text(self[seq].text)):
                found.append(seq)
                if len(found) == limit:
                    break
        return found

    def _trim(self) -> None:
        """Drop the oldest entries until both limits hold."""
        items, start, size = self._items, self._start, self._bytes
        newest = len(items) - 1
        excess = len(items) - self.max_lines
        while start < newest and (start < excess or size > self.max_bytes):
            item = items[start]
            assert item is not None
            size -= getsizeof(item.text) + _ENTRY_OVERHEAD
            items[start] = None
            start += 1
        self._start, self._bytes = start, size
        if start >= max(_MIN_SLACK, (len(items) - start) >> 2):
            del items[:start]
            self._base += start
            self._start = 0


def _pieces(item: Line) -> Iterator[Line]:
    """`item` in pieces of at most `MAX_PIECE` characters."""
    text = item.text
    if len(text) <= MAX_PIECE:
        yield item
        return
    source = source_of(item)
    at = 0
    while at < len(text):
        cut = at + MAX_PIECE
        if cut < len(text):
            escape = text.rfind("\x1b", cut - _ESCAPE_REACH, cut)
            if escape > at:
                cut = escape
        yield Entry(text[at:cut], item.stream, item.time, source, item.partial or cut < len(text))
        at = cut
