"""The filter line under a table: typed text filters at once, enter keeps it, escape drops it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from tui.panes.line import Line, Part


class FilterBar(Horizontal):
    """Hidden until opened."""

    DEFAULT_CSS = """
    FilterBar { height: 1; display: none; background: $boost; }
    FilterBar > Line { width: 3; }
    FilterBar > Input { border: none; height: 1; padding: 0; background: transparent; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Clear filter", show=False, id="filter.cancel"),
        Binding("down,tab", "keep", "Keep filter", show=False, id="filter.keep"),
    ]

    class Changed(Message):
        """The text changed.

        Attributes:
            text: The new filter.
        """

        def __init__(self, text: str) -> None:
            """Carry the text."""
            super().__init__()
            self.text = text

    class Done(Message):
        """The line has closed; the focus should go back to the table."""

    def __init__(self, text: str = "") -> None:
        """Begin with `text`, which is in force already."""
        super().__init__()
        self._text = text

    def open(self) -> None:
        """Show the line and take the focus."""
        if not self.children:
            # Not before it is wanted: three filter lines that nobody sees cost 8 ms before the first frame.
            label = Line()
            label.show([Part(" / ", "accent")])
            field = Input(self._text, placeholder="words to filter by; !word excludes")
            # A blinking cursor costs 3 kB/s over SSH.
            field.cursor_blink = False
            self.mount(label, field)
        self.display = True
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_keep()

    def action_keep(self) -> None:
        """Close the line, keep the filter."""
        self.display = False
        self.post_message(self.Done())

    def action_cancel(self) -> None:
        """Close the line and drop the filter."""
        fields = self.query(Input)
        if fields:
            fields.first().value = ""  # which says that it changed
        else:
            self._text = ""
            self.post_message(self.Changed(""))
        self.display = False
        self.post_message(self.Done())
