"""Read-only text on the whole screen: inspect, help, messages. Searchable, and safe whatever it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.panes.footer import Footer
from tui.panes.line import Line, Part
from widgets.log.text import TextView


class TextScreen(Screen[None]):
    """Lines that are already safe but for our own colours."""

    DEFAULT_CSS = """
    TextScreen > .title { background: $panel; padding: 0 1; }
    TextScreen > TextView { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", id="text.back"),
    ]

    def __init__(self, title: str, name: str, lines: Sequence[str]) -> None:
        """`title` says what it is, `name` of what."""
        super().__init__()
        self._heading = (Part(f"{title} ", "dim"), Part(name, "strong"))
        self._lines = lines

    def compose(self) -> ComposeResult:
        """A title, the text, the keys."""
        yield Line(classes="title")
        yield TextView()
        yield Footer()

    def on_mount(self) -> None:
        """Show it from its top."""
        self.query_one(".title", Line).show(self._heading)
        view = self.query_one(TextView)
        view.wrap = True
        view.show(self._lines)
        view.focus()
        self.query_one(Footer).show_keys(
            [("slash", "search"), ("n", "next"), ("N", "previous"), ("w", "wrap"), ("g", "top"), ("G", "end")],
            [("escape", "back")],
        )

    def action_back(self) -> None:
        """Leave."""
        self.dismiss(None)
