"""The tab line of the detail pane."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message

from tui.panes.line import Line, Part
from widgets.text import cell_width


class TabLine(Line):
    """Tab titles in one line; the current one in brackets, so that it shows without colour too."""

    class Chosen(Message):
        """A tab was clicked.

        Attributes:
            index: Its place.
        """

        def __init__(self, index: int) -> None:
            """Carry the index."""
            super().__init__()
            self.index = index

    def __init__(self, *, id: str | None = None) -> None:
        """No tabs yet."""
        super().__init__(id=id)
        self._ends: list[int] = []

    def show_tabs(self, titles: Sequence[str], current: int, right: Sequence[Part] = ()) -> None:
        """Show these tabs."""
        parts: list[Part] = []
        self._ends = []
        at = 0
        for index, title in enumerate(titles):
            text = f"[{title}]" if index == current else f" {title} "
            parts.append(Part(text, "accent" if index == current else "plain"))
            at += cell_width(text)
            self._ends.append(at)
        self.show(parts, right)

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the pointer."""
        x = event.x - self.styles.padding.left
        for index, end in enumerate(self._ends):
            if x < end:
                self.post_message(self.Chosen(index))
                return
