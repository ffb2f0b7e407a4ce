"""Ask for one line of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from widgets.dialog.base import Dialog, button, button_row
from widgets.text import sanitise


class PromptDialog(Dialog[str]):
    """Asks for a text, which it returns; None when cancelled.

    Args:
        title: What it is for.
        label: What to type.
        value: What is there to begin with.
        validate: Says what is wrong with a text, or "". It is asked on enter, and from the first error on while typing.
        password: Whether to hide what is typed.
        placeholder: Shown while nothing is typed.
        hint: A line below.
    """

    AUTO_FOCUS: ClassVar[str] = "Input"

    def __init__(
        self,
        title: str,
        label: str,
        value: str = "",
        validate: Callable[[str], str] | None = None,
        *,
        password: bool = False,
        placeholder: str = "",
        hint: str = "",
    ) -> None:
        """Make the dialog; push it with a callback, or wait for it."""
        super().__init__(title)
        self._label = label
        self._value = value
        self._check = validate
        self._password = password
        self._placeholder = placeholder
        self._hint = hint

    def compose_body(self) -> Iterable[Widget]:
        """Label, input, error, hint, buttons."""
        yield Static(Content(sanitise(self._label)))
        # A password is no text to show: it must come back exactly as it was given.
        value = self._value if self._password else sanitise(self._value)
        field = Input(value, sanitise(self._placeholder), password=self._password, compact=True)
        field.cursor_blink = False  # a blinking cursor costs 3 kB/s over SSH
        yield field
        error = Static(Content(""), classes="dialog--error")
        error.display = False
        yield error
        if self._hint:
            yield Static(Content(sanitise(self._hint)), classes="dialog--hint")
        yield button_row(button("Cancel", "cancel", id="cancel"), button("OK", "accept", id="accept"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter in the input."""
        event.stop()
        self.action_accept()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Take a shown error back as soon as it is put right."""
        event.stop()
        if self.query_one(".dialog--error", Static).display:
            self._show(self._wrong(event.value))

    def action_accept(self) -> None:
        """Return the text if nothing is wrong with it."""
        value = self.query_one(Input).value
        wrong = self._wrong(value)
        if wrong:
            self._show(wrong)
            self.query_one(Input).focus()
        else:
            self.dismiss(value)

    def _wrong(self, value: str) -> str:
        return self._check(value) if self._check else ""

    def _show(self, wrong: str) -> None:
        error = self.query_one(".dialog--error", Static)
        error.update(Content(sanitise(wrong)))
        error.display = bool(wrong)
