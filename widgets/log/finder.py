"""The state of the search in one log view: query, matches, which one is current, and what is wrong. Pure."""

from __future__ import annotations

from widgets.log.buffer import LogBuffer
from widgets.log.search import Query, SearchError, SearchIndex, compile_query


class Finder:
    """Holds one search over a buffer that changes.

    Args:
        buffer: The lines.
    """

    def __init__(self, buffer: LogBuffer) -> None:
        """Search for nothing."""
        self._buffer = buffer
        self._compiled: Query | None = None
        self._index: SearchIndex | None = None
        self._error = ""
        self.query = ""
        """What is searched for, as it was typed; "" for nothing."""
        self.current: int | None = None
        """Sequence number of the match that was jumped to last."""

    def start(self, query: str) -> None:
        """Search for `query`, see `widgets.log.search.compile_query`. What is wrong with it is in `error`."""
        self.query, self._error, self._compiled = query, "", None
        try:
            self._compiled = compile_query(query)
        except SearchError as error:
            self._error = str(error)
        self.restart()

    def restart(self) -> None:
        """Look at every line again: the buffer was cleared."""
        self.current = None
        self._index = SearchIndex(self._compiled, self._buffer) if self._compiled else None

    @property
    def error(self) -> str:
        """Why the search does not work, for the user; or ""."""
        return self._error or (self._index.error if self._index else "")

    @property
    def count(self) -> int:
        """How many lines match, as far as they have been looked at."""
        return self._index.count if self._index else 0

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to look at."""
        return self._index is None or self._index.complete

    def feed(self) -> bool:
        """Look at more lines, for some 10 ms. Returns whether there is nothing left."""
        return self._index is None or self._index.feed()

    def step(self, seq: int, direction: int) -> int | None:
        """Make the next match after or before line `seq` the current one, and return it."""
        found = self._index.step(seq, direction) if self._index else None
        if found is not None:
            self.current = found
        return found

    def spans(self, text: str) -> list[tuple[int, int]]:
        """What to highlight in one line."""
        if self._compiled is None or self.error:
            return []
        try:
            return self._compiled.spans(text)
        except SearchError as error:
            self._error = str(error)
            return []

    def status(self) -> str:
        """``3/120``, or what is wrong, for the status row; "" without a search."""
        if not self.query:
            return ""
        if self.error:
            return self.error
        if self._index is None:
            return ""
        position = self._index.position(self.current) if self.current is not None else 0
        more = "" if self._index.complete else "+"
        if not self.count:
            return "searching" if more else "no match"
        return f"{position}/{self.count}{more}" if position else f"{self.count}{more} matching"
