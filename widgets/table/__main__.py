"""Show the table with 5,000 made-up rows, the visible ones changing twice a second: ``python -m widgets.table``."""

import random
from collections.abc import Hashable, Sequence

from textual.app import App

from widgets.table.view import Column, Table, TableCell


def _cells(key: Hashable) -> Sequence[TableCell]:
    load = random.random() * 100
    return TableCell(f"web-{key}"), TableCell(f"{load:.1f} %", "bad" if load > 90 else "plain")


class Demo(App[None]):
    """Nothing but a table."""

    def on_mount(self) -> None:
        """Put it on the screen and keep it changing."""
        columns = [Column("name", "Name", 8, 20, 1, priority=0), Column("cpu", "CPU", 5, 7, align="right")]
        table = Table(columns, _cells)
        self.mount(table)
        table.set_rows(range(5000))
        self.set_interval(0.5, table.invalidate)


if __name__ == "__main__":
    Demo().run()
