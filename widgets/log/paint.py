"""From lines of a log to what is drawn: parsed text, rows, segments. Only ever called for visible lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from widgets.log.buffer import last_overwrite
from widgets.log.viewport import cut, fold
from widgets.text import Sgr, cell_width, clip, fit, parse_sgr, sanitise

TIME_WIDTH = 13
"""``HH:MM:SS.mmm`` and a blank."""

SOURCE_WIDTH = 16
"""The most cells for the name of the source, without its separator."""

MIN_TEXT = 6
"""Cells that stay for the text at least; times and sources give way on a screen narrower than that."""


class Parsed(NamedTuple):
    """A visible line: its plain text and the colours it brought."""

    text: str
    colours: list[tuple[int, int, Sgr]]


class Glyphs(NamedTuple):
    """The marks of the gutter and the edges, one cell each."""

    stderr: str
    continued: str
    more: str
    ellipsis: str
    dot: str


UNICODE = Glyphs("▌", "↪", "→", "…", "·")
ASCII = Glyphs("!", "+", ">", "...", "-")


@dataclass(frozen=True, slots=True)
class Look:
    """The styles of a view, and its marks."""

    base: Style
    stderr: Style
    time: Style
    source: Style
    match: Style
    current: Style
    dim: Style
    error: Style
    status: Style
    cursor: Style
    glyphs: Glyphs


def parse(raw: str) -> Parsed:
    """Make a raw line safe and read its colours."""
    return Parsed(*parse_sgr(last_overwrite(raw)))


@lru_cache(maxsize=512)
def sgr_style(sgr: Sgr) -> Style:
    """The colours of a log as Rich has them; the theme decides what the 16 ANSI colours are."""

    def color(value: int | tuple[int, int, int] | None) -> Color | None:
        if value is None:
            return None
        return Color.from_ansi(value) if isinstance(value, int) else Color.from_rgb(*value)

    style = Style.from_color(color(sgr.fg), color(sgr.bg))
    # Only what is on: "not bold" would take away what the view's own style says.
    return style + Style(
        bold=sgr.bold or None,
        dim=sgr.dim or None,
        italic=sgr.italic or None,
        underline=sgr.underline or None,
        strike=sgr.strike or None,
        reverse=sgr.reverse or None,
    )


def local_time(stamp: str) -> str:
    """An RFC 3339 time as ``HH:MM:SS.mmm`` of the local clock; blanks when it is none."""
    try:
        moment = datetime.fromisoformat(stamp).astimezone()
    except (ValueError, OverflowError):
        return " " * (TIME_WIDTH - 1)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


class Prefix:
    """What stands left of the text: a gutter mark, the time, the source. It does not scroll sideways.

    Args:
        width: Cells of the whole view.
        times: Whether times are wanted.
        source_width: Cells of the longest source, 0 for none.
    """

    def __init__(self, width: int, times: bool, source_width: int) -> None:
        """Give each part its room, the time first."""
        room = width - 1 - MIN_TEXT
        self.times = times and room >= TIME_WIDTH
        if self.times:
            room -= TIME_WIDTH
        self.source = min(SOURCE_WIDTH, source_width, room // 2) if room >= 8 else 0
        self.width = 1 + (TIME_WIDTH if self.times else 0) + (self.source + 1 if self.source else 0)
        self.text_width = max(1, width - self.width)

    def segments(self, look: Look, stream: str, time: str, source: str, head: bool, continued: bool) -> list[Segment]:
        """The prefix of one row. `head`: first row of its entry; `continued`: the entry goes on from the one before."""
        stderr = stream == "stderr"
        plain = look.glyphs.stderr if stderr else " "
        mark = look.glyphs.continued if continued and head else plain
        segments = [Segment(mark, look.stderr if stderr else look.dim)]
        if self.times:
            segments.append(Segment((local_time(time) if head else "").ljust(TIME_WIDTH), look.time))
        if self.source:
            segments.append(Segment(fit(sanitise(source) if head else "", self.source) + " ", look.source))
        return segments


def paint(
    parsed: Parsed,
    start: int,
    end: int,
    base: Style,
    marks: Sequence[tuple[int, int]] = (),
    mark_style: Style | None = None,
) -> Iterable[Segment]:
    """The characters from `start` to `end` of a line, in its own colours, with `marks` on top."""
    edges = {start, end}
    for spans in (parsed.colours, marks):
        for span in spans:
            if span[1] > start and span[0] < end:
                edges.add(max(start, span[0]))
                edges.add(min(end, span[1]))
    points = sorted(edges)
    colours = [span for span in parsed.colours if span[1] > start and span[0] < end]
    at = mark_at = 0
    for low, high in pairwise(points):
        style = base
        while at < len(colours) and colours[at][1] <= low:
            at += 1
        if at < len(colours) and colours[at][0] <= low:
            style += sgr_style(colours[at][2])
        while mark_at < len(marks) and marks[mark_at][1] <= low:
            mark_at += 1
        if mark_style is not None and mark_at < len(marks) and marks[mark_at][0] <= low:
            style = mark_style
        yield Segment(parsed.text[low:high], style)


def row_strip(
    parsed: Parsed,
    rows: Sequence[tuple[int, int]] | None,
    row: int,
    left: int,
    prefix: Sequence[Segment],
    width: int,
    look: Look,
    marks: Sequence[tuple[int, int]],
    mark_style: Style,
) -> Strip:
    """One row of the screen.

    Args:
        parsed: The line.
        rows: Where it wraps, or None when it does not.
        row: Which row of `rows`.
        left: Cells scrolled to the right; only without `rows`.
        prefix: Its segments.
        width: Cells of the whole row.
        look: Styles.
        marks: Matches in the text.
        mark_style: Their style.
    """
    room = max(1, width - sum(segment.cell_length for segment in prefix))
    segments = list(prefix)
    if rows is not None:
        start, end = rows[row] if row < len(rows) else (0, 0)
        segments += paint(parsed, start, end, look.base, marks, mark_style)
    else:
        start, end, blank = cut(parsed.text, left, room)
        more = end < len(parsed.text) and room > 1
        if more:
            start, end, blank = cut(parsed.text, left, room - 1)
        if blank:
            segments.append(Segment(" " * blank, look.base))
        segments += paint(parsed, start, end, look.base, marks, mark_style)
        if more:
            used = blank + cell_width(parsed.text[start:end])
            segments.append(Segment(" " * (room - 1 - used) + look.glyphs.more, look.dim))
    return Strip(segments).adjust_cell_length(width, look.base)


def text_strip(text: str, width: int, style: Style, look: Look) -> Strip:
    """One row of the view's own words, clipped."""
    return Strip([Segment(clip(text, width, look.glyphs.ellipsis), style)]).adjust_cell_length(width, style)


def message_rows(text: str, width: int, height: int) -> list[str]:
    """A message in the middle of an empty view: its rows, wrapped and bounded."""
    rows = [line[start:end] for line in map(sanitise, text.splitlines()) for start, end in fold(line, width)]
    return rows[:height]
