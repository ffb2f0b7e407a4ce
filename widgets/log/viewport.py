"""Where a log view looks: an anchor in the buffer, moved by rows. Pure.

Nothing here ever walks the whole log. A position is (sequence number, row within that line), rows are measured only
for lines between the anchor and the edge of the screen, and so every move costs what is visible.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from widgets.log.buffer import LogBuffer
from widgets.text import cell_width


class Position(NamedTuple):
    """A row: the line's sequence number, and which of its wrapped rows."""

    seq: int
    row: int


class Viewport:
    """Walks over the rows of a buffer.

    While lines have been dropped, one row above the oldest line says so; it has the sequence number before it.

    Args:
        buffer: The lines.
        rows_of: How many rows the line with this sequence number takes, at least 1. Not asked about the marker row.
    """

    def __init__(self, buffer: LogBuffer, rows_of: Callable[[int], int]) -> None:
        """Look at nothing yet."""
        self._buffer = buffer
        self._rows_of = rows_of

    @property
    def first(self) -> int:
        """Sequence number of the first row: the marker's, or the oldest line's."""
        return self._buffer.first - 1 if self._buffer.dropped else self._buffer.first

    def is_marker(self, position: Position) -> bool:
        """Whether this is the row that tells how many lines were dropped."""
        return position.seq < self._buffer.first

    def page(self, top: Position, height: int) -> list[Position]:
        """The rows from `top` down, at most `height`."""
        rows: list[Position] = []
        seq, row = top
        while len(rows) < height and seq < self._buffer.end:
            count = self._height(seq)
            rows += [Position(seq, index) for index in range(row, min(count, row + height - len(rows)))]
            seq, row = seq + 1, 0
        return rows

    def last_page(self, height: int) -> Position:
        """The top at which the newest row is the last one on the screen."""
        return self.up(Position(self._buffer.end, 0), height)

    def up(self, position: Position, count: int) -> Position:
        """`count` rows further up, or the first row."""
        seq, row = position
        while count > row:
            if seq <= self.first:
                return Position(self.first, 0)
            count -= row
            seq -= 1
            row = self._height(seq)
        return Position(seq, row - count)

    def down(self, position: Position, count: int) -> Position:
        """`count` rows further down, or just behind the last row."""
        seq, row = position
        while seq < self._buffer.end:
            left = self._height(seq) - row
            if count < left:
                return Position(seq, row + count)
            count -= left
            seq, row = seq + 1, 0
        return Position(self._buffer.end, 0)

    def clamp(self, top: Position, height: int) -> Position:
        """The nearest place to `top` that exists and leaves no empty rows below, if there are enough lines."""
        if top.seq < self.first:
            return min(Position(self.first, 0), self.last_page(height))
        if top.seq < self._buffer.end:
            top = Position(top.seq, min(top.row, self._height(top.seq) - 1))
        return min(top, self.last_page(height))

    def _height(self, seq: int) -> int:
        return 1 if seq < self._buffer.first else self._rows_of(seq)


def fold(text: str, width: int) -> list[tuple[int, int]]:
    """Where sanitised text breaks into rows of at most `width` cells: start and end in characters, at least one row.

    Rows break anywhere, as on a terminal: log lines are read for their columns, and paths and ids have no spaces.
    """
    width = max(1, width)
    if text.isascii():
        return [(at, min(at + width, len(text))) for at in range(0, len(text), width)] or [(0, 0)]
    rows: list[tuple[int, int]] = []
    start = used = 0
    for index, character in enumerate(text):
        cells = cell_width(character)
        if used + cells > width and index > start:
            rows.append((start, index))
            start, used = index, 0
        used += cells
    rows.append((start, len(text)))
    return rows


def cut(text: str, left: int, width: int) -> tuple[int, int, int]:
    """The part of sanitised text between the cells `left` and `left + width`.

    Returns:
        Start and end in characters, and how many blank cells stand for a wide character that `left` cuts in two.
    """
    if text.isascii():
        return min(left, len(text)), min(left + width, len(text)), 0
    at = 0
    start: int | None = None
    blank = 0
    for index, character in enumerate(text):
        cells = cell_width(character)
        if start is None and at >= left and (cells or at == 0):
            start, blank = index, at - left
        if start is not None and at + cells > left + width:
            return start, index, blank
        at += cells
    return (len(text), len(text), 0) if start is None else (start, len(text), blank)
