"""The first rows, on the screen before Textual is imported.

Textual takes 150 ms to import and 50 more to draw, and the engine has answered long before. So the list is shown at
once as plain text, in the places where the dashboard will draw it over: a quarter of a second less to wait, at every
start. Nothing here is interactive, and what cannot be shown in time is left to the dashboard.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from tui.config.breakpoints import LOW, NARROW

if TYPE_CHECKING:
    from tui.runtime.models import Container
    from tui.runtime.registry import Prefetched

# An engine that needs longer than this would keep Textual's import waiting, which is the longer of the two.
PATIENCE_SECONDS = 0.06

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J"
_LEAVE = b"\x1b[0m\x1b[?1049l\x1b[?25h"
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


_pending = False
"""Whether a frame is on the screen that nobody else will take away."""


def show(prefetch: Prefetched, engine: str) -> bool:
    """Draw the list if it is there in time; whether something was drawn. End with `undo`, whatever happens.

    Args:
        prefetch: The list that was asked for.
        engine: The engine's name.
    """
    # Imported while the engine works on its answer.
    from tui.resources import containers as resource
    from widgets.table import columns as table

    del resource, table
    rows = prefetch.containers(PATIENCE_SECONDS)
    if not rows:
        return False
    size = os.get_terminal_size(2)
    lines = frame(rows, engine, size.columns, size.lines, datetime.now(UTC))
    signal.signal(signal.SIGTERM, _terminated)
    global _pending
    _pending = True
    os.write(2, f"{_ENTER}{chr(10).join(lines)}".replace("\n", "\r\n").encode())
    return True


def taken_over() -> None:
    """The dashboard has the screen now, and gives it back itself."""
    global _pending
    _pending = False


def undo() -> None:
    """Leave the screen as it was, if the dashboard never came."""
    if _pending:
        taken_over()
        os.write(2, _LEAVE)


def _terminated(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)  # whoever called `show` undoes it


def frame(rows: Sequence[Container], engine: str, width: int, height: int, now: datetime) -> list[str]:
    """Header, title, column titles and as many rows as the dashboard's pane will have; safe text, as wide as it is."""
    from tui.resources.base import RowContext
    from tui.resources.containers import RESOURCE
    from widgets.table.columns import Column, layout
    from widgets.text import clip, fit, sanitise

    columns = [Column.like(column) for column in RESOURCE.columns]
    wide = width >= NARROW
    # Three fifths of a wide screen are the panes', less a scrollbar; two cells are the table's gutter.
    room = (width * 3 // 5 if wide else width) - 2 - (len(rows) > height)
    body = max(0, height - 2)
    # Containers have half of it where images and events show below them.
    table_height = (body // 2 if wide and height >= LOW else body) - 2
    order = {column.id: place for place, column in enumerate(RESOURCE.columns)}
    placed = layout(columns, max(0, room))

    def line(texts: Sequence[str]) -> str:
        text = "  " + " ".join(
            fit(sanitise(texts[order[place.column.id]]), place.width, place.column.align) for place in placed
        )
        return clip(text, width)

    context = RowContext(now=now, listed_at=now)
    shown = sorted(rows, key=RESOURCE.default_sort)[: max(0, table_height)]
    return [
        clip(f" portside {sanitise(engine)} ○ connecting", width),
        f"{_BOLD}{clip(f' 1 {RESOURCE.title} {len(rows)}', width)}{_PLAIN}",
        f"{_BOLD}{line([column.title for column in RESOURCE.columns])}{_PLAIN}",
        *(line([cell.text for cell in RESOURCE.cells(row, context)]) for row in shown),
    ]
