"""Show the progress of something long: several bars, a sum, the last line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Static

from widgets.chart.scale import meter
from widgets.dialog.base import Dialog, button, button_row
from widgets.text import clip, fit, sanitise

REPAINTS_PER_SECOND = 10
_CHROME = 6
"""Border, title, sum, last line, buttons."""


@dataclass(slots=True)
class Bar:
    """One part of the work. `current` and `total` are bytes; a `total` of 0 is not known."""

    status: str = ""
    current: int = 0
    total: int = 0
    seen: int = 0

    @property
    def done(self) -> bool:
        """Whether all of it is there."""
        return 0 < self.total <= self.current

    @property
    def share(self) -> float | None:
        """How much of it is done, 0 to 1, or None when that is not known."""
        return min(1.0, self.current / self.total) if self.total > 0 else None


class ProgressDialog(Dialog[None]):
    """Shows work that goes on whether or not this dialog is open: escape sends it to the background.

    Args:
        title: What is going on.
        ascii_only: Draw bars in ASCII.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "cancel", "Background", id="dialog.background"),
        Binding("c", "stop", "Stop the work", id="dialog.stop"),
    ]

    AUTO_FOCUS = "#background"

    class CancelRequested(Message):
        """The work itself shall be given up. The dialog stays until it hears how that ended."""

        def __init__(self, dialog: ProgressDialog) -> None:
            """Say from which dialog."""
            super().__init__()
            self.dialog = dialog

    def __init__(self, title: str, *, ascii_only: bool = False) -> None:
        """Make the dialog; it may be fed before it is pushed."""
        super().__init__(title)
        self.bars: dict[str, Bar] = {}
        self.repaints = 0
        """How often it was drawn (for tests and measurements)."""
        self._ascii = ascii_only
        self._updates = 0
        self._line = ""
        self._outcome: tuple[str, bool] | None = None
        self._timer: Timer | None = None

    def compose_body(self) -> Iterable[Widget]:
        """Bars, sum, last line, buttons."""
        yield Static(Content(""), id="bars")
        yield Static(Content(""), id="sum")
        yield Static(Content(""), id="line", classes="dialog--hint")
        yield button_row(button("Stop (c)", "stop", id="stop"), button("Background (b)", "cancel", id="background"))

    def on_mount(self) -> None:
        """Show what is known already."""
        self._draw()

    def on_resize(self) -> None:
        """Use the room there is."""
        self.call_after_refresh(self._draw)

    def update_bar(self, id: str, status: str, current: int = 0, total: int = 0) -> None:
        """Set one bar, in bytes; a new id adds one. What was reached stays when a status comes without numbers."""
        bar = self.bars.setdefault(id, Bar())
        self._updates += 1
        bar.status, bar.seen = status, self._updates
        if total > 0 or current > 0:
            bar.current, bar.total = max(0, current), max(0, total)
        self._soon()

    def set_line(self, text: str) -> None:
        """Show one line below the bars: what was said last."""
        self._line = text
        self._soon()

    def finish(self, text: str, ok: bool = True) -> None:
        """Say how it ended. The dialog stays until it is closed."""
        self._outcome = (text, ok)
        self._soon()

    def action_stop(self) -> None:
        """Ask for the work to be given up; once it has ended, close."""
        if self._outcome is None:
            self.post_message(self.CancelRequested(self))
        else:
            self.dismiss(None)

    def _soon(self) -> None:
        if self._timer is None and self.is_attached:
            self._timer = self.set_timer(1 / REPAINTS_PER_SECOND, self._draw)

    def _draw(self) -> None:
        self._timer = None
        if not self.is_attached:
            return
        self.repaints += 1
        box = self.query_one("#bars", Static)
        width = max(10, self.query_one(".dialog--title").size.width)
        room = max(1, self.size.height - _CHROME)
        box.display = bool(self.bars)
        box.update(Content("\n".join(bar_rows(self.bars, width, room, ascii_only=self._ascii))))
        self.query_one("#sum", Static).update(Content(clip(total_line(self.bars.values()), width)))
        line = self.query_one("#line", Static)
        if self._outcome is None:
            line.update(Content(clip(sanitise(self._line), width)))
            return
        text, ok = self._outcome
        line.set_class(not ok, "dialog--error")
        line.update(Content(f"{'Done' if ok else 'Failed'}: {sanitise(text)}"))
        self.query_one("#stop").display = False
        close = self.query_one("#background", Button)
        close.label = Content("Close (b)")
        close.display = True


def bar_rows(bars: dict[str, Bar], width: int, room: int, *, ascii_only: bool = False) -> list[str]:
    """At most `room` rows of `width` cells: all bars in their order if they fit, else those that moved last."""
    shown = list(bars.items())
    if len(shown) > room:
        # What is done, and what has not moved for long, is in the sum; what is left stays in its order.
        moving = sorted(shown, key=lambda item: (item[1].done, -item[1].seen))[: max(0, room - 1)]
        chosen = {id for id, _ in moving}
        rows = [item for item in shown if item[0] in chosen]
        hidden = [clip(f"… {len(shown) - len(rows)} more", width)]
    else:
        rows, hidden = shown, []
    bar_width = max(0, min(30, width - 38))
    name_width = min(14, width // 4)
    lines = []
    for id, bar in rows:
        share = bar.share
        drawn = " " + meter(share, bar_width, ascii_only=ascii_only) if bar_width >= 4 else ""
        percent = "    " if share is None else f"{int(share * 100):3d}%"
        status = fit(sanitise(bar.status), max(0, width - name_width - len(drawn) - 6))
        lines.append(f"{fit(sanitise(id), name_width)} {status}{drawn} {percent}")
    return lines + hidden


def total_line(bars: Iterable[Bar]) -> str:
    """All bars in one line: how many are done, and the bytes."""
    every = list(bars)
    if not every:
        return ""
    current, total = sum(bar.current for bar in every), sum(bar.total for bar in every)
    parts = [f"{sum(bar.done for bar in every)} of {len(every)} complete"]
    if total:
        parts.append(f"{byte_count(current)} of {byte_count(total)}")
    return ", ".join(parts)


def byte_count(count: int) -> str:
    """Bytes in decimal units, as registries and engines give them: ``12.3 MB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
