"""The catalogue's vocabulary: what an action or a command of the user interface *is*, as data.

Footer, help, palette, menus, key maps, the README's key table and ``--read-only`` all derive from values of these
types. Nothing here does anything: plans are made and run by `tui.dispatch`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple, TypeAlias

from tui.runtime.models import Capability, Progress


class RowKey(NamedTuple):
    """What names one row everywhere: which engine, which kind, which object."""

    endpoint: str
    kind: str
    id: str


class Danger(Enum):
    """How much an action can cost."""

    NONE = 0
    """Nothing is lost."""
    INTERRUPTS = 1
    """A service is interrupted: acts at once on one row, shows a plan for several."""
    DESTROYS = 2
    """Something is gone afterwards: always shows a plan, Cancel focused."""


class ParamKind(Enum):
    """How a parameter is asked for."""

    TEXT = "text"
    FLAG = "flag"
    CHOICE = "choice"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an action. The form and the command line flags are made of it.

    Attributes:
        id: Its name in `params`.
        title: Its label.
        kind: How it is asked for. The value is a str, bool, str or int accordingly.
        default: Its value when it is not given.
        choices: For `ParamKind.CHOICE`: the values.
        ask: Whether the user is asked before the action runs; others are options of the plan dialog.
        validate: Returns an error text for a value that does not do, or "".
    """

    id: str
    title: str
    kind: ParamKind = ParamKind.TEXT
    default: object = ""
    choices: tuple[str, ...] = ()
    ask: bool = False
    validate: Callable[[Any], str] | None = None


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One object that a plan will touch.

    Attributes:
        key: Its row key; `run` gets exactly this.
        name: What the user calls it.
        effect: What happens to it: ``stop``, ``remove (running: killed first)``.
        note: What else is affected: ``also removed by the engine (--rm)``.
        size: Bytes that come free, where known.
    """

    key: RowKey
    name: str
    effect: str
    note: str = ""
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an action will do, before it does it. Run exactly as it was shown.

    Attributes:
        action: The action's id.
        title: The question: ``Remove 3 containers?``.
        items: What it touches.
        params: The parameters it was made with.
        confirm: Whether it must be confirmed.
        command: The equivalent command lines, to show and copy.
        skipped: Names of selected objects that it does not apply to, with the reason.
    """

    action: str
    title: str
    items: tuple[PlanItem, ...]
    params: Mapping[str, Any] = field(default_factory=dict)
    confirm: bool = False
    command: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


# A runtime in a store's clothes; actions know models and errors only, so its type is opaque here.
RunItem: TypeAlias = Callable[[Any, PlanItem, Mapping[str, Any]], Awaitable[str | None]]
StreamItem: TypeAlias = Callable[
    [Any, PlanItem, Mapping[str, Any]], AbstractAsyncContextManager[AsyncIterator[Progress]]
]

Neighbours: TypeAlias = Callable[[str, str], Sequence[Any]]
"""Every known object of an engine, by endpoint and kind: what else a plan would affect is found with it."""
MakePlan: TypeAlias = Callable[[Sequence[tuple[RowKey, Any]], Mapping[str, Any], Neighbours], Plan]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done to objects of one kind.

    Attributes:
        id: Stable: ``container.stop``. Key maps and commands name it.
        kind: The kind of row it works on (``containers``), or "" for none (a pull).
        title: For the footer: one word where possible.
        keys: Default keys, in Textual's words, the first is shown.
        help: One sentence for help and palette.
        mutates: Whether it changes anything on the engine; ``--read-only`` hides those.
        plan: Makes the plan of it; pure. A toggle's plan names another action (``container.stop``), which then runs.
        run: Does it to one item of the plan; may return a sentence for the notice. None for toggles and jobs.
        stream: Does it to one item as a job with progress; None for everything that is one short call.
        doing: Present participle for the row while it runs: ``stopping``.
        done: Past participle for the notice: ``stopped``.
        danger: What it can cost.
        needs: The capability it needs, or None.
        params: Its parameters.
        applies: Whether it makes sense for this object in its present state; None means always.
        label: The title for given rows where it depends on their state (``stop`` / ``start``), else None.
        footer: Whether the footer shows it.
    """

    id: str
    kind: str
    title: str
    keys: tuple[str, ...]
    help: str
    mutates: bool
    plan: MakePlan
    run: RunItem | None = None
    stream: StreamItem | None = None
    doing: str = ""
    done: str = ""
    danger: Danger = Danger.NONE
    needs: Capability | None = None
    params: tuple[Param, ...] = ()
    applies: Callable[[Any], bool] | None = None
    label: Callable[[Sequence[Any]], str] | None = None
    footer: bool = True


@dataclass(frozen=True, slots=True)
class UiCommand:
    """A command of the user interface itself: moving, panes, filter, help, quit.

    Attributes:
        id: Stable: ``app.quit``, ``table.down``.
        title: For footer and help.
        keys: Default keys, in Textual's words.
        help: One sentence.
        group: The heading in the help screen.
        footer: Whether the footer shows it.
        mutates: Whether it can change something on an engine (exec): ``--read-only`` hides those.
        context: Where its keys work: "" everywhere, else a pane or a screen (``dashboard``, ``connection``). An
            action's context is its kind. Two things on one key clash only where both can be reached.
    """

    id: str
    title: str
    keys: tuple[str, ...]
    help: str
    group: str = "General"
    footer: bool = False
    mutates: bool = False
    context: str = ""
