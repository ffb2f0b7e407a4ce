"""Ask before something is done: the plan by name, its options, the equivalent command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypeAlias

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from widgets.dialog.base import Check, Dialog, button, button_row
from widgets.text import cell_width, clip, fit, sanitise

MAX_NAME = 32
"""The most cells of the column of names; a name alone in its line is shown whole."""


class PlanLine(NamedTuple):
    """One thing that will be acted on: its name, what happens to it, and what else there is to know."""

    name: str
    effect: str = ""
    note: str = ""


class Option(NamedTuple):
    """Something to switch on or off before confirming."""

    id: str
    label: str
    value: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The answer is yes, with these options."""

    options: dict[str, bool] = field(default_factory=dict)


Preview: TypeAlias = Callable[[Mapping[str, bool]], tuple[Sequence[PlanLine], Sequence[str]]]


class ConfirmDialog(Dialog[Confirmed]):
    """Shows a plan and asks. Cancel has the focus: enter alone never destroys anything; ``y`` confirms.

    Args:
        title: What is going to happen.
        items: What it happens to, by name. Any number; they scroll.
        options: Check boxes.
        command: The equivalent command lines, one each.
        confirm_label: What the confirming button says.
        danger: Whether something is lost for good.
        preview: Items and command lines for other options than those at the beginning.
    """

    DEFAULT_CSS = """
    ConfirmDialog .dialog--command { color: $text-muted; height: auto; max-height: 3; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "confirm", "Yes", id="dialog.confirm"),
        Binding("n", "cancel", "No", id="dialog.refuse"),
        Binding("up,k", "scroll(-1)", "Up", id="dialog.up", show=False),
        Binding("down,j", "scroll(1)", "Down", id="dialog.down", show=False),
        Binding("pageup", "scroll(-10)", "Page up", id="dialog.page_up", show=False),
        Binding("pagedown", "scroll(10)", "Page down", id="dialog.page_down", show=False),
    ]

    AUTO_FOCUS = "#cancel"

    def __init__(
        self,
        title: str,
        items: Sequence[PlanLine],
        *,
        options: Sequence[Option] = (),
        command: Sequence[str] = (),
        confirm_label: str = "Remove",
        danger: bool = True,
        preview: Preview | None = None,
    ) -> None:
        """Make the dialog; push it with a callback, or wait for it."""
        super().__init__(title, danger=danger)
        self._items = items
        self._options = options
        self._command = command
        self._confirm_label = confirm_label
        self._preview = preview

    def compose_body(self) -> Iterable[Widget]:
        """Items, options, command, buttons."""
        body = VerticalScroll(Static(plan_content(self._items), id="plan"), classes="dialog--body")
        # The keys that scroll belong to the dialog, so that the focus stays on the buttons.
        body.can_focus = False
        yield body
        for option in self._options:
            yield Check(option.label, option.value, name=option.id)
        if self._command:
            yield Static(command_content(self._command), classes="dialog--command")
        if self._options:
            yield Static(Content("tab moves, space switches"), classes="dialog--hint")
        yield button_row(
            button("Cancel (n)", "cancel", id="cancel"),
            button(f"{self._confirm_label} (y)", "confirm", danger=self._danger, id="confirm"),
        )

    def on_resize(self) -> None:
        """Keep everything but the items in sight."""
        self.call_after_refresh(
            self.fit_body, ".dialog--title", "Check", ".dialog--command", ".dialog--hint", ".dialog--buttons"
        )

    @property
    def _chosen(self) -> dict[str, bool]:
        return {check.name: check.value for check in self.query(Check) if check.name}

    @on(Check.Changed)
    def _option_changed(self) -> None:
        """What is shown is what would be done with the options as they are now."""
        if self._preview is not None:
            items, command = self._preview(self._chosen)
            self.query_one("#plan", Static).update(plan_content(items))
            for line in self.query(".dialog--command").results(Static):
                line.update(command_content(command))

    def action_confirm(self) -> None:
        """Yes, with the options as they are now."""
        self.dismiss(Confirmed(self._chosen))

    def action_scroll(self, rows: int) -> None:
        """Move the items."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)


def command_content(command: Sequence[str]) -> Content:
    """The first command lines, and how many more there are."""
    lines = [f"$ {clip(sanitise(line), 200)}" for line in command[:2]]
    if len(command) > 2:
        lines.append(f"… {len(command) - 2} more")
    return Content("\n".join(lines))


def plan_content(items: Sequence[PlanLine]) -> Content:
    """The items, one a line: name, effect, note; in columns where they have more than a name."""
    rows = [PlanLine(*map(sanitise, item)) for item in items]
    width = min(MAX_NAME, max((cell_width(row.name) for row in rows if row.effect or row.note), default=0))
    parts: list[str | tuple[str, str]] = []
    for index, row in enumerate(rows):
        if index:
            parts.append("\n")
        more = row.effect or row.note
        # A name that is too long for its column is shown whole: it is what the answer depends on.
        name = fit(row.name, width) if more and cell_width(row.name) <= width else row.name
        parts += ["• ", (name, "bold")]
        if row.effect:
            parts.append(f"  {row.effect}")
        if row.note:
            parts.append((f"  {row.note}", "dim"))
    return Content.assemble(*parts)
