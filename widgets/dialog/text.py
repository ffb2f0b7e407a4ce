"""Show a text: the whole of an error, help, a report."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from widgets.dialog.base import Dialog, button, button_row, safe

MAX_CHARACTERS = 200_000
"""Of the text that is laid out: 0.1 s. What is longer belongs into a log view."""


class TextDialog(Dialog[None]):
    """Shows a text that can be scrolled and copied, and nothing else.

    Args:
        title: What it is.
        text: Any; it is made safe.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "cancel", "Close", id="dialog.close"),
        Binding("c", "copy", "Copy", id="dialog.copy"),
        Binding("up,k", "scroll_text('up')", "Up", id="dialog.up", show=False),
        Binding("down,j", "scroll_text('down')", "Down", id="dialog.down", show=False),
        Binding("pageup,ctrl+u", "scroll_text('page_up')", "Page up", id="dialog.page_up", show=False),
        Binding("pagedown,ctrl+d", "scroll_text('page_down')", "Page down", id="dialog.page_down", show=False),
        Binding("home,g", "scroll_text('home')", "First line", id="dialog.first", show=False),
        Binding("end,G", "scroll_text('end')", "Last line", id="dialog.last", show=False),
    ]

    AUTO_FOCUS = "#close"

    class CopyRequested(Message):
        """The text is wanted in the clipboard. Raw: whoever copies it decides what to make safe."""

        def __init__(self, text: str) -> None:
            """Carry the text."""
            super().__init__()
            self.text = text

    def __init__(self, title: str, text: str) -> None:
        """Make the dialog; push it."""
        super().__init__(title)
        self._text = text

    def compose_body(self) -> Iterable[Widget]:
        """The text and its buttons."""
        shown = safe(self._text[:MAX_CHARACTERS])
        if len(self._text) > MAX_CHARACTERS:
            shown += f"\n… {len(self._text) - MAX_CHARACTERS:,} more characters"
        body = VerticalScroll(Static(Content(shown)), classes="dialog--body")
        body.can_focus = False
        yield body
        yield button_row(button("Copy (c)", "copy", id="copy"), button("Close (q)", "cancel", id="close"))

    def on_resize(self) -> None:
        """Keep title and buttons in sight."""
        self.call_after_refresh(self.fit_body, ".dialog--title", ".dialog--buttons")

    def action_copy(self) -> None:
        """Ask for the text to be copied."""
        self.post_message(self.CopyRequested(self._text))

    def action_scroll_text(self, where: str) -> None:
        """Move the text."""
        body = self.query_one(VerticalScroll)
        {
            "up": body.scroll_up,
            "down": body.scroll_down,
            "page_up": body.scroll_page_up,
            "page_down": body.scroll_page_down,
            "home": body.scroll_home,
            "end": body.scroll_end,
        }[where](animate=False)
