"""Charts on the screen: a sparkline, and a time chart with an axis. Readable without colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from widgets.chart.scale import axis_labels, columns, count_label, nice_top, sparkline
from widgets.text import cell_width, fit, sanitise

_MIN_PLOT = 4
"""Cells for the columns at least; the axis gives way on a chart narrower than that."""

_NO_DATA = "no data"


class SparkLine(Widget):
    """The newest values as one row of blocks.

    Args:
        top: The value of a full block, or None for a round number above the highest value that is shown.
        ascii_only: Draw in ASCII.
    """

    DEFAULT_CSS = """
    SparkLine { height: 1; color: $text-primary; }
    """

    def __init__(
        self, top: float | None = None, *, ascii_only: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        """Draw nothing yet."""
        super().__init__(id=id, classes=classes)
        self._top = top
        self._ascii = ascii_only
        self._values: list[float | None] = []

    def set_series(self, values: Sequence[float | None]) -> None:
        """Show these values, oldest first; None is a gap."""
        self._values = list(values)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The row, or a blank below it."""
        width, style = self.size.width, self.rich_style
        if y:
            return Strip.blank(width, style)
        return Strip([Segment(sparkline(self._values, width, self._top, ascii_only=self._ascii), style)], width)


class TimeChart(Widget):
    """Values over time as columns, with a title, the newest and the highest value, and an axis with units.

    Args:
        title: Plain text; it is made safe.
        unit_formatter: Says a value with its unit, in few cells.
        top: The end of the axis, or None for a round number above the highest value that is shown.
        least_top: The least end of the axis where it is found automatically, so that noise near 0 stays small.
        ascii_only: Draw in ASCII.
    """

    DEFAULT_CSS = """
    TimeChart { height: 1fr; min-height: 1; color: $foreground; }
    TimeChart > .chart--title { text-style: bold; }
    TimeChart > .chart--axis { color: $text-muted; }
    TimeChart > .chart--plot { color: $text-primary; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"chart--title", "chart--axis", "chart--plot"}

    def __init__(
        self,
        title: str,
        unit_formatter: Callable[[float], str] = count_label,
        *,
        top: float | None = None,
        least_top: float = 0.0,
        ascii_only: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Draw nothing yet."""
        super().__init__(id=id, classes=classes)
        self._title = sanitise(title)
        self._format = unit_formatter
        self._top = top
        self._least_top = least_top
        self._ascii = ascii_only
        self._values: list[float | None] = []
        self._drawn: tuple[Size, list[tuple[str, str]]] | None = None

    def set_series(self, values: Sequence[float | None]) -> None:
        """Show these values, oldest first; None is a gap."""
        self._values = list(values)
        self._drawn = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """The title in the first row, the chart below it."""
        size = self.size
        if self._drawn is None or self._drawn[0] != size:
            self._drawn = (size, self._rows(size.width, size.height))
        rows = self._drawn[1]
        if y == 0:
            style = self.get_component_rich_style("chart--title")
            return Strip([Segment(fit(self._headline(size.width), size.width), style)], size.width)
        if y > len(rows):
            return Strip.blank(size.width, self.rich_style)
        axis, plot = rows[y - 1]
        segments = [
            Segment(axis, self.get_component_rich_style("chart--axis")),
            Segment(plot, self.get_component_rich_style("chart--plot")),
        ]
        return Strip(segments).adjust_cell_length(size.width, self.rich_style)

    def _headline(self, width: int) -> str:
        """Title, newest value, highest value: as much of it as fits, whole parts only."""
        known = [value for value in self._values if value is not None]
        newest = self._values[-1] if self._values else None
        now = _NO_DATA if newest is None else sanitise(self._format(newest))
        line = f"{self._title} {now}"
        if known:
            longer = f"{line}  max {sanitise(self._format(max(known)))}"
            if cell_width(longer) <= width:
                return longer
        return line if cell_width(line) <= width else now if cell_width(now) <= width else line

    def _rows(self, width: int, height: int) -> list[tuple[str, str]]:
        """Axis and columns of each row below the title."""
        height -= 1
        if height <= 0 or width <= 0:
            return []
        top = nice_top(self._values, self._least_top) if self._top is None else self._top
        labels = ["" if value is None else sanitise(self._format(value)) for value in axis_labels(top, height)]
        room = max(map(cell_width, labels)) + 1
        if width - room < _MIN_PLOT:
            room = 0
        bar = "|" if self._ascii else "│"
        axis = [fit(label, room - 1, "right") + bar if room else "" for label in labels]
        plot = columns(self._values, width - room, height, top, ascii_only=self._ascii)
        return list(zip(axis, plot, strict=True))
