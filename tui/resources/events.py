"""Events as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tui.resources.base import Cell, Column, Resource, RowContext, Tone
from tui.resources.format import natural_key, short_id
from tui.runtime.kinds import EXEC_ACTIONS
from tui.runtime.models import Event

COLUMNS = (
    Column("time", "TIME", 8, 8, priority=0),
    Column("type", "TYPE", 9, 9, priority=2),
    Column("action", "ACTION", 10, 14, priority=0),
    Column("name", "NAME", 16, 26, flex=2, priority=0),
    Column("attributes", "DETAILS", 16, 40, flex=3, priority=1),
)

# Health checks make three exec events every few seconds, and our own process view makes `top` ones.
_NOISE = EXEC_ACTIONS | {"top"}

_TONES: Mapping[str, Tone] = {
    "oom": Tone.BAD,
    "kill": Tone.WARN,
    "destroy": Tone.WARN,
    "delete": Tone.WARN,
    "remove": Tone.WARN,
    "prune": Tone.WARN,
    "untag": Tone.WARN,
    "pause": Tone.WARN,
    "start": Tone.GOOD,
    "unpause": Tone.GOOD,
    "create": Tone.ACCENT,
    "pull": Tone.ACCENT,
}
_HEALTH_TONES: Mapping[str, Tone] = {"healthy": Tone.GOOD, "unhealthy": Tone.BAD}

# What says most about an event, in the order it is shown; labels are attributes too, and would drown it.
_SHOWN: tuple[tuple[str, str], ...] = (
    ("exitCode", "exit"),
    ("signal", "signal"),
    ("oldName", "was"),
    ("image", "image"),
    ("container", "container"),
    ("driver", "driver"),
    ("destination", "at"),
    ("execDuration", "ran s"),
    ("reclaimed", "bytes freed"),
)
_IDS = frozenset({"container"})


def is_noise(event: Event) -> bool:
    """Whether the event says nothing about an object's life (exec, top): hidden unless asked for."""
    return event.action in _NOISE


def tone(event: Event) -> Tone:
    """What the event means."""
    action = event.action
    if action == "die":
        return Tone.DIM if event.attributes.get("exitCode", "0") == "0" else Tone.BAD
    if action == "health_status":
        return _HEALTH_TONES.get(event.detail, Tone.BUSY)
    return Tone.DIM if is_noise(event) else _TONES.get(action, Tone.PLAIN)


def clock_text(moment: datetime | None) -> str:
    """Local time of day, ``HH:MM:SS``; "" for None."""
    return "" if moment is None else moment.astimezone().strftime("%H:%M:%S")


def name_text(event: Event) -> str:
    """The actor's name; a bare id is cut short."""
    name = event.name
    return short_id(name) if name == event.actor_id else name


def attributes_text(event: Event) -> str:
    """The telling attributes: ``exit 137 · image nginx``, and what followed the action."""
    parts = [event.detail] if event.detail else []
    for key, label in _SHOWN:
        value = event.attributes.get(key)
        if value:
            parts.append(f"{label} {short_id(value) if key in _IDS else value}")
    return " · ".join(parts)


def cells(event: Event, context: RowContext) -> Sequence[Cell]:
    """One cell per column of `COLUMNS`, in their order."""
    meaning = tone(event)
    return (
        Cell(clock_text(event.time), Tone.DIM),
        Cell(event.type.value, Tone.DIM),
        Cell(event.action, meaning),
        Cell(name_text(event), Tone.DIM if is_noise(event) else Tone.PLAIN),
        Cell(attributes_text(event), meaning if meaning in (Tone.BAD, Tone.WARN) else Tone.DIM),
    )


def search_text(event: Event) -> str:
    """What the plain filter looks in: type, action, name, id and details."""
    return " ".join((event.type.value, event.action, event.name, short_id(event.actor_id), attributes_text(event)))


RESOURCE = Resource(
    kind="events",
    title="Events",
    singular="event",
    columns=COLUMNS,
    cells=cells,
    default_sort=lambda event: event.time_ns,
    name=name_text,
    search_text=search_text,
    actions=(),
    empty="No events yet. What happens on the engine appears here.",
    sort_keys={
        "time": lambda event, _: event.time_ns,
        "type": lambda event, _: event.type.value,
        "action": lambda event, _: event.action,
        "name": lambda event, _: natural_key(name_text(event)),
    },
    tabs=("details",),
    attributes={
        "type": lambda event: (event.type.value,),
        "action": lambda event: (event.action,),
        "name": lambda event: (event.name,),
    },
)
