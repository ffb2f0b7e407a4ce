"""The chart widgets on a screen."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult
from textual.widget import Widget

from widgets.chart.view import SparkLine, TimeChart


class ChartApp(App[None]):
    """A time chart above a sparkline."""

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__()
        self.chart = TimeChart("CPU [/x]\x1b[2J", lambda value: f"{value:.0f} %", least_top=10, ascii_only=ascii_only)
        self.line = SparkLine(100, ascii_only=ascii_only)

    def compose(self) -> ComposeResult:
        yield self.chart
        yield self.line


def rows(widget: Widget) -> list[str]:
    return [widget.render_line(y).text for y in range(widget.size.height)]


async def test_a_chart_shows_title_units_axis_and_columns() -> None:
    app = ChartApp()
    async with app.run_test(size=(40, 6)):
        assert rows(app.chart)[0].rstrip() == "CPU [/x] no data"
        app.chart.set_series([0, 50, None, 100])
        assert rows(app.chart) == [
            "CPU [/x] 100 %  max 100 %".ljust(40),
            "100 %│" + "   █".rjust(34),
            "     │" + "   █".rjust(34),
            "     │" + " █ █".rjust(34),
            "  0 %│" + "▁█ █".rjust(34),
        ]
        app.line.set_series([0, 100])
        assert rows(app.line)[0].rstrip() == "▁█".rjust(40)


async def test_a_missing_newest_value_is_said() -> None:
    app = ChartApp(ascii_only=True)
    async with app.run_test(size=(40, 6)):
        app.chart.set_series([3, None])
        assert rows(app.chart)[0].rstrip() == "CPU [/x] no data  max 3 %"
        assert rows(app.chart)[1].startswith("10 %|")
        assert all(row.isascii() for row in rows(app.chart))


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (8, 3), (12, 4), (200, 60)])
async def test_a_chart_fits_any_size(size: tuple[int, int]) -> None:
    app = ChartApp()
    async with app.run_test(size=size):
        app.chart.set_series([float(n) for n in range(300)])
        app.line.set_series([float(n) for n in range(300)])
        for widget in (app.chart, app.line):
            for y in range(widget.size.height + 1):
                strip = widget.render_line(y)
                assert strip.cell_length == widget.size.width
                assert all(segment.text.isprintable() for segment in strip)
