"""The filter line under a table: typed text filters at once, enter keeps it, escape leaves it as it was before."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
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
        Binding("escape", "cancel", "Leave the filter as it was", show=False, id="filter.cancel"),
        # Before the input gets it: its own message would come after the next key, which is for the table.
        Binding("enter", "keep", "Keep filter", show=False, priority=True, id="filter.enter"),
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
        """The line has closed, and the focus is where it belongs."""

    def __init__(self, text: str, table: Widget) -> None:
        """Begin with `text`, which is in force already; the focus goes back to `table`."""
        super().__init__()
        self._text = text
        self._table = table
        self._before = text

    async def open(self) -> None:
        """Show the line and take the focus."""
        if not self.children:
            # Not before it is wanted: three filter lines that nobody sees cost 8 ms before the first frame.
            label = Line()
            label.show([Part(" / ", "accent")])
            field = Input(self._text, placeholder="words to filter by; !word excludes", compact=True)
            # A blinking cursor costs 3 kB/s over SSH.
            field.cursor_blink = False
            await self.mount(label, field)
        self._before = self.query_one(Input).value
        self.display = True
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    def action_keep(self) -> None:
        """Close the line, keep the filter."""
        self._close()

    def action_cancel(self) -> None:
        """Close the line; the filter is what it was before."""
        self.query_one(Input).value = self._before
        self._close()

    def _close(self) -> None:
        self._table.focus()
        self.display = False
        self.post_message(self.Done())

    def clear(self) -> None:
        """Drop the filter."""
        for field in self.query(Input):
            field.value = ""  # which says that it changed
        if not self.children:
            self._text = ""
            self.post_message(self.Changed(""))
