"""The line that says what has just happened: above the footer, for a few seconds, over nothing that matters."""

from __future__ import annotations

from typing import ClassVar

from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from tui.dispatch.notices import Notice, Severity
from widgets.text import clip, sanitise

SECONDS = {Severity.INFO: 4.0, Severity.WARNING: 8.0, Severity.ERROR: 15.0}
LINE_CELLS = 400
"""What does not fit into a few rows is in the message history."""

_SIGNS = {Severity.INFO: "✓", Severity.WARNING: "!", Severity.ERROR: "✗"}


class Flash(Widget):
    """Shows the newest notice: what happened, the engine's words, what to do. Plain text, whatever is in it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"flash--title", "flash--hint"}
    DEFAULT_CSS = """
    Flash {
        layer: overlay;
        dock: bottom;
        margin-bottom: 1;
        width: 100%;
        height: auto;
        max-height: 4;
        padding: 0 1;
        display: none;
        background: $panel;
        color: $foreground;
        &> .flash--title { text-style: bold; }
        &> .flash--hint { color: $text-accent; }
        &.-information > .flash--title { color: $text-success; }
        &.-warning > .flash--title { color: $text-warning; }
        &.-error > .flash--title { color: $text-error; }
    }
    """

    def __init__(self) -> None:
        """Nothing has happened yet."""
        super().__init__(id="flash")
        self._notice: Notice | None = None
        self._more = 0
        self._timer: Timer | None = None

    def show(self, notice: Notice, more: int = 0) -> None:
        """Show a notice; `more` came with it and are in the history only."""
        self._notice, self._more = notice, more
        for severity in Severity:
            self.set_class(severity is notice.severity, f"-{severity.value}")
        self.display = True
        self.refresh(layout=True)
        self.stay()

    def stay(self) -> None:
        """Count the time from now: the screen may have been covered until now."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._notice is not None:
            self._timer = self.set_timer(SECONDS[self._notice.severity], self.hide)

    def hide(self) -> bool:
        """Take it away; whether there was anything."""
        shown, self._notice = self._notice is not None, None
        self.display = False
        return shown

    def render(self) -> Content:
        """``✗ removing web failed: the engine's words → what to do``."""
        notice = self._notice
        if notice is None:
            return Content("")
        style = self.get_visual_style
        parts: list[Content | str] = [
            Content.styled(f"{_SIGNS[notice.severity]} {_safe(notice.title)}", style("flash--title"))
        ]
        if notice.detail:
            parts.append(f": {_safe(notice.detail)}")
        if notice.hint:
            parts.append(Content.styled(f" → {_safe(notice.hint)}", style("flash--hint")))
        if self._more:
            parts.append(Content.styled(f"  (+{self._more} more: N)", style("flash--hint")))
        return Content.assemble(*parts)


def _safe(text: str) -> str:
    return clip(sanitise("; ".join(text.splitlines())), LINE_CELLS)
