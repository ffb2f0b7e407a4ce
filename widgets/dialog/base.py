"""What all dialogs share: the centred box, its look, its buttons and its keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import HorizontalGroup, Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Static

from widgets.text import sanitise

Result = TypeVar("Result")


def safe(text: str) -> str:
    """Text of several lines made safe, its line breaks kept."""
    return "\n".join(map(sanitise, text.splitlines()))


class Dialog(ModalScreen[Result | None], Generic[Result]):
    """A box in the middle of the screen. Subclasses fill `compose_body`, and dismiss with a result or None.

    Nothing that is shown in it is markup: every string is made safe and becomes plain `Content`.
    """

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > .dialog--box {
        width: 76;
        max-width: 100%;
        height: auto;
        max-height: 100%;
        background: $surface;
        color: $foreground;
        border: round $border;
        padding: 0 1;
    }
    Dialog > .dialog--box.-danger { border: round $error; }
    Dialog .dialog--title { text-style: bold; height: auto; max-height: 2; }
    Dialog .dialog--body { height: auto; scrollbar-size-vertical: 1; }
    Dialog .dialog--hint { color: $text-muted; height: auto; max-height: 2; }
    Dialog .dialog--error { color: $text-error; text-style: bold; height: auto; max-height: 3; }
    Dialog .dialog--buttons { width: 1fr; height: auto; align-horizontal: right; }
    Dialog .dialog--buttons Button { margin: 0 0 0 1; min-width: 10; height: 1; }
    Dialog .dialog--buttons Button { background: transparent; color: $foreground; text-style: none; }
    Dialog .dialog--buttons Button.-error { background: transparent; color: $text-error; }
    Dialog .dialog--buttons Button:focus { background: $primary; color: $text; text-style: bold; }
    Dialog .dialog--buttons Button.-error:focus { background: $error; color: $text; text-style: bold; }
    Dialog Input { padding: 0; background: $boost; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="dialog.cancel"),
        Binding("left", "app.focus_previous", "Previous", id="dialog.previous", show=False),
        Binding("right", "app.focus_next", "Next", id="dialog.next", show=False),
    ]

    def __init__(self, title: str, *, danger: bool = False) -> None:
        """Name the dialog; `danger` colours its border."""
        super().__init__()
        self.dialog_title = sanitise(title)
        self._danger = danger

    def compose(self) -> ComposeResult:
        """The box with the title, and in it what the subclass has to show."""
        with Vertical(classes="dialog--box -danger" if self._danger else "dialog--box"):
            yield Static(Content(self.dialog_title), classes="dialog--title")
            yield from self.compose_body()

    def compose_body(self) -> Iterable[Widget]:
        """Everything below the title."""
        raise NotImplementedError

    def action_cancel(self) -> None:
        """Close without a result."""
        self.dismiss(None)

    def fit_body(self, *selectors: str) -> None:
        """Give the scrolling body the rows that title, buttons and so on leave, so that these always stay in sight."""
        used = 2 + sum(widget.outer_size.height for selector in selectors for widget in self.query(selector))
        for body in self.query(".dialog--body"):
            body.styles.max_height = max(1, self.size.height - used)


def button(label: str, action: str, *, danger: bool = False, id: str | None = None) -> Button:
    """A button of one row that runs an action of the dialog."""
    return Button(
        Content(sanitise(label)),
        variant="error" if danger else "default",
        compact=True,
        action=f"screen.{action}",
        id=id,
    )


def button_row(*buttons: Button) -> HorizontalGroup:
    """Buttons at the right end of one row."""
    return HorizontalGroup(*buttons, classes="dialog--buttons")


class Check(Widget, can_focus=True):
    """A check box that says its state in characters: Textual's own says it by colour alone.

    Args:
        label: Plain text; it is made safe.
        value: Whether it is on.
        name: Which option it is.
    """

    DEFAULT_CSS = """
    Check { width: 1fr; height: 1; }
    Check:focus { text-style: bold reverse; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space,enter", "switch", "Toggle", id="dialog.toggle", show=False)]

    value = reactive(False)

    class Changed(Message):
        """It was switched."""

        def __init__(self, check: Check, value: bool) -> None:
            """Say what is the case now."""
            super().__init__()
            self.check = check
            self.value = value

        @property
        def control(self) -> Check:
            """The check box."""
            return self.check

    def __init__(self, label: str, value: bool, *, name: str) -> None:
        """Make one that is on or off."""
        super().__init__(name=name)
        self._label = sanitise(label)
        self.set_reactive(Check.value, value)

    def render(self) -> Content:
        """``[x] label``."""
        return Content(f"[{'x' if self.value else ' '}] {self._label}")

    def action_switch(self) -> None:
        """Switch it."""
        self.value = not self.value
        self.post_message(self.Changed(self, self.value))

    def on_click(self) -> None:
        """Switch it."""
        self.action_switch()
