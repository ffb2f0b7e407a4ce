"""The stats tab: CPU and memory over time, and the figures of the newest sample."""

from __future__ import annotations

from textual.containers import Vertical

from tui.actions import RowKey
from tui.panes.line import Line, Part
from tui.resources.format import memory_text, percent_text, rate_text
from tui.store.fleet import Fleet
from widgets.chart.view import TimeChart


class StatsView(Vertical, can_focus=True):
    """Two charts over two lines of figures."""

    DEFAULT_CSS = """
    StatsView > Line { padding: 0 1; }
    StatsView > TimeChart { height: 1fr; padding: 0 1; }
    """

    def __init__(self, fleet: Fleet, *, id: str | None = None) -> None:
        """Nothing is shown until `show`."""
        super().__init__(id=id)
        self._fleet = fleet
        self._key: RowKey | None = None

    def show(self, key: RowKey) -> None:
        """Show this container's."""
        self._key = key
        if not self.children:
            self.mount(
                Line(id="figures"),
                Line(id="traffic"),
                TimeChart("CPU, % of one core", percent_text, id="cpu-chart"),
                TimeChart("Memory", memory_text, id="memory-chart"),
            )
        self.refresh_from_store()

    def refresh_from_store(self) -> None:
        """Show what the store has now."""
        if self._key is None:
            return
        sample = self._fleet.stats(self._key)
        history = self._fleet.history(self._key)
        figures, traffic = self.query_one("#figures", Line), self.query_one("#traffic", Line)
        if sample is None:
            figures.show([Part("No samples: the container does not run, or the first one is on its way.", "dim")])
            traffic.show([])
        else:
            percent = "" if sample.memory_percent is None else f" ({percent_text(sample.memory_percent)})"
            limit = f" of {memory_text(sample.memory_limit)}" if sample.memory_limit else ""
            figures.show(
                [
                    Part("cpu ", "dim"),
                    Part(percent_text(sample.cpu_percent), "strong"),
                    Part("   mem ", "dim"),
                    Part(memory_text(sample.memory), "strong"),
                    Part(f"{limit}{percent}"),
                    Part("   pids ", "dim"),
                    Part(str(sample.pids), "strong"),
                ]
            )
            traffic.show(
                [
                    Part("net ", "dim"),
                    Part(f"↓ {rate_text(sample.net_rx_rate)}  ↑ {rate_text(sample.net_tx_rate)}"),
                    Part("   disk ", "dim"),
                    Part(f"read {rate_text(sample.block_read_rate)}  write {rate_text(sample.block_write_rate)}"),
                ]
            )
        self.query_one("#cpu-chart", TimeChart).set_series([one.cpu_percent for one in history])
        self.query_one("#memory-chart", TimeChart).set_series([float(one.memory) for one in history])
