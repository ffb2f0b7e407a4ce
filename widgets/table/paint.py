"""How table rows become strips: cells to fitted text, tones and states to styles."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.table.columns import Placed
from widgets.text import clip, fit, sanitise

GUTTER = 2
"""Cells before the first column: the cursor and the mark. Both are glyphs, so that they show without colour."""

StyleOf = Callable[[tuple[str, ...]], Style]
"""Gives the style of component classes, each laid over the one before."""


class TableCell(NamedTuple):
    """One cell: raw text, and the tone that says what it means."""

    text: str
    tone: str = "plain"


class Glyphs(NamedTuple):
    """What is drawn beside the text."""

    cursor: str
    mark: str
    ascending: str
    descending: str
    ellipsis: str


UNICODE = Glyphs("▌", "●", "▲", "▼", "…")
ASCII = Glyphs(">", "*", "^", "v", "~")


class Look(NamedTuple):
    """What a row looks like apart from its cells."""

    cursor: bool = False
    marked: bool = False
    state: str = ""


@dataclass(slots=True)
class Row:
    """A row that was computed: its raw cells, what they became, and the strip made of them."""

    raw: list[tuple[str, str]]
    texts: list[str]
    tones: list[str]
    strip: Strip | None = None
    look: Look = field(default_factory=Look)


def _merged(pieces: Sequence[tuple[str, Style]]) -> list[Segment]:
    """Join neighbours of one style: every run of style costs about 35 bytes on its way to the terminal."""
    segments: list[Segment] = []
    run: list[str] = []
    current: Style | None = None
    for text, style in pieces:
        if style is not current and style != current and run:
            segments.append(Segment("".join(run), current))
            run = []
        current = style
        run.append(text)
    if run:
        segments.append(Segment("".join(run), current))
    return segments


class Painter:
    """Makes rows and strips for one set of columns at one width."""

    def __init__(self, style_of: StyleOf, tones: frozenset[str], states: frozenset[str]) -> None:
        """Take what does not change with the layout.

        Args:
            style_of: Looks component classes up.
            tones: Known tones; others are shown plain.
            states: Known row states; others do not change the look.
        """
        self._style_of = style_of
        self._tones = tones
        self._states = states
        self.columns: Sequence[Placed] = ()
        self.indexes: Sequence[int] = ()
        """For each placed column, which of the row's cells it shows."""
        self.width = 0
        self.glyphs = UNICODE

    def _text(self, raw: str, place: Placed) -> str:
        return fit(sanitise(raw), place.width, place.column.align, self.glyphs.ellipsis)

    def _tone(self, tone: str) -> str:
        return tone if tone in self._tones else "plain"

    def row(self, cells: Sequence[tuple[str, str]]) -> Row:
        """Fit cells to the columns that are shown.

        Args:
            cells: One per column of the table, also for columns that are not shown.
        """
        raw = [(cells[index][0], cells[index][1]) for index in self.indexes]
        texts = [self._text(text, place) for (text, _), place in zip(raw, self.columns, strict=True)]
        return Row(raw, texts, [self._tone(tone) for _, tone in raw])

    def update(self, row: Row, cells: Sequence[tuple[str, str]]) -> list[Placed]:
        """Bring a row up to date.

        Args:
            row: The row as it was; changed in place.
            cells: Its new cells.

        Returns:
            The columns whose cells look different now.
        """
        changed: list[Placed] = []
        for position, index in enumerate(self.indexes):
            text, tone = cells[index]
            old = row.raw[position]
            if text == old[0] and tone == old[1]:
                continue
            place = self.columns[position]
            row.raw[position] = (text, tone)
            fitted, tone = self._text(text, place), self._tone(tone)
            if fitted != row.texts[position] or tone != row.tones[position]:
                row.texts[position], row.tones[position] = fitted, tone
                changed.append(place)
        if changed:
            row.strip = None
        return changed

    def strip(self, row: Row, look: Look) -> Strip:
        """Draw a row."""
        base: tuple[str, ...] = ("table--row",)
        if look.state in self._states:
            base += (f"table--row-{look.state}",)
        if look.cursor:
            base += ("table--cursor",)
        style_of = self._style_of
        plain = style_of(base)
        gutter = style_of((*base, "table--gutter"))
        glyphs = self.glyphs
        pieces = [
            (glyphs.cursor if look.cursor else " ", gutter if look.cursor else plain),
            (glyphs.mark if look.marked else " ", gutter if look.marked else plain),
        ]
        x = 0
        for place, text, tone in zip(self.columns, row.texts, row.tones, strict=True):
            if place.x > x:
                pieces.append((" " * (place.x - x), plain))
            x = place.x + place.width
            pieces.append((text, plain if tone == "plain" else style_of((*base, f"table--tone-{tone}"))))
        return self._finish(pieces, plain, GUTTER + x)

    def header(self, sorted_by: str | None, reverse: bool) -> Strip:
        """Draw the header.

        Args:
            sorted_by: Id of the column that gets the arrow, if any.
            reverse: Which way the arrow points.
        """
        style = self._style_of(("table--header",))
        sorted_style = self._style_of(("table--header", "table--header-sorted"))
        pieces = [(" " * GUTTER, style)]
        x = 0
        for place in self.columns:
            column = place.column
            title, shown = sanitise(column.title), style
            if column.id == sorted_by:
                arrow = self.glyphs.descending if reverse else self.glyphs.ascending
                # The arrow stays when the title has to give way.
                title = clip(title, place.width - 1, "") + arrow
                shown = sorted_style
            pieces.append((" " * (place.x - x), style))
            pieces.append((fit(title, place.width, column.align, self.glyphs.ellipsis), shown))
            x = place.x + place.width
        return self._finish(pieces, style, GUTTER + x)

    def message(self, text: str) -> Strip:
        """Draw one line of a message in the middle."""
        style = self._style_of(("table--message",))
        return Strip([Segment(fit(sanitise(text), self.width, "center", self.glyphs.ellipsis), style)], self.width)

    def blank(self) -> Strip:
        """Draw a line without a row."""
        return Strip([Segment(" " * self.width, self._style_of(("table--row",)))], self.width)

    def _finish(self, pieces: list[tuple[str, Style]], style: Style, used: int) -> Strip:
        """Pad to the width of the table, or crop if not even the gutter fits."""
        if used < self.width:
            pieces.append((" " * (self.width - used), style))
        strip = Strip(_merged([piece for piece in pieces if piece[0]]), max(used, self.width))
        return strip.crop(0, self.width) if used > self.width else strip


CellsOf = Callable[[Hashable], Sequence[tuple[str, str]]]
"""Computes the cells of one row, one per column. A plain ``(text, tone)`` will do for a `TableCell`."""
