"""How a kind of resource is described to the panes: columns, cells, details, actions. Data, no toolkit, no colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Literal, NamedTuple

from tui.actions import Action
from tui.runtime.models import Stats


class Tone(Enum):
    """What a cell *means*. The theme says what colour that is; state is never told by the tone alone."""

    PLAIN = "plain"
    DIM = "dim"
    ACCENT = "accent"
    GOOD = "good"
    BUSY = "busy"
    WARN = "warn"
    BAD = "bad"


class Cell(NamedTuple):
    """One cell: its text (raw: the table sanitises it) and its tone."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a resource's table.

    Attributes:
        id: Stable name, for settings and sorting.
        title: Header.
        min: The least width in cells at which it is worth showing.
        ideal: The width it would like.
        flex: Its share of what is left over; 0 takes none.
        align: ``left`` or ``right``.
        priority: Columns with the highest number are dropped first on a narrow screen; 0 is never dropped.
        is_time: Its text depends on the clock.
        needs_stats: Its text depends on stats samples.
    """

    id: str
    title: str
    min: int
    ideal: int
    flex: int = 0
    align: Literal["left", "right"] = "left"
    priority: int = 1
    is_time: bool = False
    needs_stats: bool = False


@dataclass(frozen=True, slots=True)
class RowContext:
    """What cells depend on besides the model.

    Attributes:
        now: The clock, aware UTC.
        stats: The newest sample of this row, or None.
        in_flight: What is being done to the row right now (``stopping``), or "".
        used_by: How many containers use the object (images), or None where that is not known.
        listed_at: When the engine was last asked about this row, aware UTC, or None where that is not known. The
            list call tells ages as text ("Up 3 minutes"); with it they go on, without it they stay as they were.
    """

    now: datetime
    stats: Stats | None = None
    in_flight: str = ""
    used_by: int | None = None
    listed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DetailField:
    """One line of a detail view: a label and its value; several values make a list."""

    label: str
    values: tuple[str, ...]
    tone: Tone = Tone.PLAIN
    secret: bool = False
    """Masked until it is revealed."""


@dataclass(frozen=True, slots=True)
class DetailSection:
    """A heading and its fields."""

    title: str
    fields: tuple[DetailField, ...]


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind of resource, as panes and dispatch see it.

    Attributes:
        kind: Its name, as in `tui.runtime.kinds`.
        title: The pane's title.
        singular: ``container``.
        columns: Its columns, in default order.
        cells: One cell per column, pure.
        sort_keys: By column id: what to sort by. A column without one cannot be sorted by.
        default_sort: Sort key of the default order.
        name: What the user calls an object.
        search_text: What the plain filter looks in.
        actions: Its actions.
        tabs: The detail tabs it has, in order.
        empty: What to show when there is none, and what to do about it.
        attributes: For the filter language: by name, how to get at the values.
        users: For a container: the ids of the objects of this kind that it uses (`RowContext.used_by` is their count).
    """

    kind: str
    title: str
    singular: str
    columns: tuple[Column, ...]
    cells: Callable[[Any, RowContext], Sequence[Cell]]
    default_sort: Callable[[Any], Any]
    name: Callable[[Any], str]
    search_text: Callable[[Any], str]
    actions: tuple[Action, ...]
    empty: str
    sort_keys: Mapping[str, Callable[[Any, RowContext], Any]] = field(default_factory=dict)
    tabs: tuple[str, ...] = ()
    attributes: Mapping[str, Callable[[Any], Sequence[str]]] = field(default_factory=dict)
    users: Callable[[Any], Sequence[str]] | None = None
