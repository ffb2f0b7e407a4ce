"""Choose one of many by typing: a menu, and a command palette."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option as ListOption

from widgets.dialog.base import Dialog
from widgets.dialog.rank import Choice, rank
from widgets.text import cell_width, clip, sanitise

_ROWS_LEFT = 5
"""Border, title, input, and the count below."""


class ChooseDialog(Dialog[str]):
    """Shows choices, filtered by what is typed; returns the id of the one that is taken, or None.

    Args:
        title: What is chosen.
        choices: Hundreds are fine. Their ids need not be unique.
        placeholder: Shown while nothing is typed.
    """

    DEFAULT_CSS = """
    ChooseDialog OptionList { border: none; padding: 0; height: auto; background: $surface; }
    ChooseDialog OptionList > .option-list--option-highlighted { text-style: bold reverse; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,ctrl+k", "cursor(-1)", "Up", id="dialog.up", show=False),
        Binding("down,ctrl+j", "cursor(1)", "Down", id="dialog.down", show=False),
        Binding("pageup", "cursor(-1, True)", "Page up", id="dialog.page_up", show=False),
        Binding("pagedown", "cursor(1, True)", "Page down", id="dialog.page_down", show=False),
    ]

    AUTO_FOCUS = "Input"

    def __init__(self, title: str, choices: Sequence[Choice], *, placeholder: str = "Type to filter") -> None:
        """Make the dialog; push it with a callback, or wait for it."""
        super().__init__(title)
        self._choices = [Choice(choice.id, *map(sanitise, choice[1:])) for choice in choices]
        self._placeholder = placeholder
        self._shown: list[Choice] = []
        self._width = 0

    def compose_body(self) -> Iterable[Widget]:
        """Input, list, count."""
        field = Input(placeholder=sanitise(self._placeholder), compact=True)
        field.cursor_blink = False  # a blinking cursor costs 3 kB/s over SSH
        yield field
        options = OptionList(classes="dialog--body", markup=False)
        # The keys go to the input; the dialog hands on those that move.
        options.can_focus = False
        yield options
        yield Static(Content(""), classes="dialog--hint")

    def on_resize(self) -> None:
        """Use the room there is."""
        self.query_one(OptionList).styles.max_height = max(1, self.size.height - _ROWS_LEFT)
        self.call_after_refresh(self._fill)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter."""
        event.stop()
        self._width = 0
        self._fill()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the highlighted choice."""
        event.stop()
        index = self.query_one(OptionList).highlighted
        if index is not None:
            self.dismiss(self._shown[index].id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take the choice that was clicked."""
        event.stop()
        self.dismiss(self._shown[event.option_index].id)

    def action_cursor(self, direction: int, pages: bool = False) -> None:
        """Move the highlight by a row, round the ends, or by a page, up to them."""
        options = self.query_one(OptionList)
        at = options.highlighted
        if at is None:
            return
        count = len(self._shown)
        if pages:
            at += direction * max(1, options.size.height - 1)
            options.highlighted = min(max(at, 0), count - 1)
        else:
            options.highlighted = (at + direction) % count

    def _fill(self) -> None:
        """Show what fits the input, the best one highlighted."""
        options = self.query_one(OptionList)
        # One column for the scrollbar and one of padding on each side that the list puts around an option.
        width = max(4, self.query_one(Input).size.width - 3)
        if width == self._width:
            return
        self._width = width
        self._shown = rank(self.query_one(Input).value, self._choices)
        options.set_options(ListOption(_row(choice, width)) for choice in self._shown)
        if self._shown:
            options.highlighted = 0
        count = f"{len(self._shown)} of {len(self._choices)}" if self._shown else "nothing fits"
        self.query_one(".dialog--hint", Static).update(Content(count))


def _row(choice: Choice, width: int) -> Content:
    """Label and help at the left, keys at the right end, in exactly one row."""
    keys = clip(choice.keys, width // 3)
    room = width - (cell_width(keys) + 1 if keys else 0)
    label = clip(choice.label, room)
    room -= cell_width(label)
    about = "  " + clip(choice.help, room - 2) if room > 6 and choice.help else ""
    gap = " " * max(0, room - cell_width(about))
    return Content.assemble(label, (about, "dim"), gap, (" " + keys if keys else "", "bold"))
