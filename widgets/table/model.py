"""What a table knows about its rows: order, cursor, marks and scroll position. Pure: no user interface toolkit.

A row is a hashable key. The cursor belongs to a *key*, not to a line: it follows its row when rows move. If its row
vanishes, it stays on the line, on what has taken the place. Marks belong to keys too, and go with their rows.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence

_DIGITS = re.compile(r"([0-9]+)")


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that orders ``web-2`` before ``web-10``, and ignores case.

    Args:
        text: Any text.

    Returns:
        A key that compares with the keys of all other texts. Numbers go by their value, before letters.
    """
    # The length of a number without leading zeros compares like its value, without int(), which refuses more than
    # 4,300 digits and takes quadratic time below that.
    key: list[tuple[int, int, str]] = []
    for index, part in enumerate(_DIGITS.split(text.casefold())):
        if index % 2:
            digits = part.lstrip("0")
            key.append((0, len(digits), digits))
        elif part:
            key.append((1, 0, part))
    return tuple(key)


class TableModel:
    """Ordered row keys with a cursor, marks and a scroll position.

    Every method that says it returns whether something changed lets the view repaint only then.
    """

    def __init__(self) -> None:
        """Start without rows."""
        self.keys: list[Hashable] = []
        self.marks: set[Hashable] = set()
        self.height = 0
        """Rows that fit on the screen."""
        self.top = 0
        """Index of the first row on the screen."""
        self._index: dict[Hashable, int] = {}
        self._cursor = 0
        self._anchor: Hashable | None = None
        """Where a range of marks starts: the row marked or unmarked last."""

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.keys)

    @property
    def cursor(self) -> int:
        """Index of the cursor's row, or -1 if there are no rows."""
        return self._cursor if self.keys else -1

    @property
    def cursor_key(self) -> Hashable | None:
        """Key of the cursor's row, or None if there are no rows."""
        return self.keys[self._cursor] if self.keys else None

    def index(self, key: Hashable) -> int | None:
        """Where a row is, or None if there is no such row."""
        return self._index.get(key)

    @property
    def max_top(self) -> int:
        """The furthest scroll position."""
        return max(0, len(self.keys) - self.height)

    def visible(self) -> Sequence[Hashable]:
        """Keys of the rows on the screen, from top to bottom."""
        return self.keys[self.top : self.top + self.height]

    def set_keys(self, keys: Iterable[Hashable]) -> None:
        """Replace the rows.

        The cursor keeps its row, and its row keeps its place on the screen, unless the view shows the top or there are
        too few rows left. A cursor on the very first row of the top stays with its row too.

        Args:
            keys: The new rows in their order.

        Raises:
            ValueError: If a key occurs twice.
        """
        new = list(keys)
        index = {key: position for position, key in enumerate(new)}
        if len(index) != len(new):
            raise ValueError("row keys must be unique")
        old_cursor, cursor_key = self._cursor, self.cursor_key
        old_top = self.top
        was_visible = old_top <= old_cursor < old_top + self.height
        had_rows = bool(self.keys)
        # An unseen cursor leaves the reader's place to the first row on the screen.
        held = cursor_key if was_visible else (self.keys[old_top] if old_top < len(self.keys) else None)
        held_line = (old_cursor if was_visible else old_top) - old_top
        self.keys, self._index = new, index
        moved = index.get(cursor_key) if had_rows else None
        self._cursor = max(0, min(old_cursor, len(new) - 1)) if moved is None else moved
        if self.marks:
            self.marks = {key for key in self.marks if key in index}
        if self._anchor not in index:
            self._anchor = None
        if old_top > 0 and held in index:
            self.top = index[held] - held_line
        self.top = max(0, min(self.top, self.max_top))
        if was_visible:
            self.reveal()

    def resize(self, height: int) -> None:
        """Take note of how many rows fit. The cursor stays visible if it was.

        Args:
            height: Rows on the screen; 0 is allowed.
        """
        was_visible = self.top <= self._cursor < self.top + self.height or self.height == 0
        self.height = max(0, height)
        self.top = max(0, min(self.top, self.max_top))
        if was_visible:
            self.reveal()

    def scroll_to(self, top: int) -> bool:
        """Scroll so that a row is the first on the screen.

        Args:
            top: Its index; clamped.

        Returns:
            Whether the position changed.
        """
        old = self.top
        self.top = max(0, min(top, self.max_top))
        return self.top != old

    def reveal(self) -> bool:
        """Scroll as little as it takes to show the cursor.

        Returns:
            Whether the position changed.
        """
        if self.height == 0:
            return False
        top = min(self.top, self._cursor)
        return self.scroll_to(max(top, self._cursor - self.height + 1))

    def move_to(self, index: int) -> bool:
        """Move the cursor and show it.

        Args:
            index: Row index; clamped.

        Returns:
            Whether the cursor moved.
        """
        old = self._cursor
        self._cursor = max(0, min(index, len(self.keys) - 1))
        self.reveal()
        return self._cursor != old

    def toggle_mark(self, key: Hashable) -> bool:
        """Mark a row, or unmark it. It becomes the start of the next range.

        Args:
            key: The row.

        Returns:
            Whether something changed: False for a row that is not there.
        """
        if key not in self._index:
            return False
        self.marks ^= {key}
        self._anchor = key
        return True

    def mark_range(self) -> set[Hashable]:
        """Mark all rows from the one marked last to the cursor. Without such a row, mark that of the cursor.

        Returns:
            The rows that were not marked before.
        """
        if not self.keys:
            return set()
        start = self._index.get(self._anchor, self._cursor)
        low, high = sorted((start, self._cursor))
        added = set(self.keys[low : high + 1]) - self.marks
        self.marks |= added
        self._anchor = self.cursor_key
        return added

    def clear_marks(self) -> set[Hashable]:
        """Unmark all rows.

        Returns:
            The rows that were marked.
        """
        removed, self.marks = self.marks, set()
        self._anchor = None
        return removed
