"""Show the table with made-up rows: ``python -m widgets.table``."""

import random
from collections.abc import Hashable, Sequence

from textual.app import App, ComposeResult

from widgets.table.view import Column, Table, TableCell

COLUMNS = [Column("name", "Name", 8, 20, 1, priority=0), Column("cpu", "CPU", 5, 7, align="right")]


class Demo(App[None]):
    """5,000 rows, the visible ones changing twice a second."""

    def cells(self, key: Hashable) -> Sequence[TableCell]:
        """A name, and a load that is new every time."""
        load = random.random() * 100
        return TableCell(f"web-{key}"), TableCell(f"{load:.1f} %", "bad" if load > 90 else "plain")

    def compose(self) -> ComposeResult:
        """One table."""
        yield Table(COLUMNS, self.cells)

    def on_mount(self) -> None:
        """Fill it."""
        table = self.query_one(Table)
        table.set_rows(range(5000))
        self.set_interval(0.5, table.invalidate)


if __name__ == "__main__":
    Demo().run()
