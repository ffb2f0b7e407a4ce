"""Everything that has a key or a name: footer, help, palette, key maps and the README's key table derive from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from tui.actions import Action, UiCommand
from tui.resources import containers, events, images
from tui.resources.base import Resource
from tui.resources.commands import COMMANDS as _COMMANDS

RESOURCES: Mapping[str, Resource] = {
    resource.kind: resource for resource in (containers.RESOURCE, images.RESOURCE, events.RESOURCE)
}
"""By kind, in the order of their panes."""

GLOBAL_ACTIONS: tuple[Action, ...] = (images.PULL,)
"""Actions of no row: they work in every pane of the dashboard."""

ACTIONS: Mapping[str, Action] = {
    action.id: action
    for action in (*(action for resource in RESOURCES.values() for action in resource.actions), *GLOBAL_ACTIONS)
}
"""By id."""

COMMANDS: Mapping[str, UiCommand] = {command.id: command for command in _COMMANDS}
"""By id."""

Entry = Action | UiCommand

# Where each context lies: keys of one work in all that lie in it.
_PARENTS: Mapping[str, str] = {
    "dashboard": "",
    "connection": "",
    **dict.fromkeys(RESOURCES, "dashboard"),
}

# What Textual calls the keys that people know by their sign.
_SIGNS: Mapping[str, str] = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "plus": "+",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
}

# Shift is only named with keys that have no capital; a single sign may be any printable character but the comma,
# which separates keys in key maps.
_KEY = re.compile(r"(?:(?:ctrl|alt|shift)\+)*(?:[^\s,+\x00-\x1f\x7f]|[a-z][a-z_0-9]+)")


class KeyRow(NamedTuple):
    """One row of the key table."""

    group: str
    keys: str
    title: str
    help: str
    id: str


@dataclass(frozen=True, slots=True)
class Keymap:
    """Which keys are in force.

    Attributes:
        keys: By id of action or command; () for one without a key.
        problems: What was wrong with the overrides, one sentence each. What is wrong is left as it was.
    """

    keys: Mapping[str, tuple[str, ...]]
    problems: tuple[str, ...] = ()


def entries() -> tuple[Entry, ...]:
    """Every command and action, in the order of the help screen."""
    return (*COMMANDS.values(), *ACTIONS.values())


def context_of(entry: Entry) -> str:
    """Where the keys of a command or action work: "" everywhere, a screen, or the kind of a pane."""
    if isinstance(entry, UiCommand):
        return entry.context
    return entry.kind or "dashboard"


def _reaches(outer: str, inner: str) -> bool:
    """Whether keys of the context `outer` work in `inner`."""
    while inner != outer:
        if not inner:
            return False
        inner = _PARENTS.get(inner, "")
    return True


def _group(entry: Entry) -> str:
    """The heading of an entry in the key table."""
    if isinstance(entry, UiCommand):
        return entry.group
    # An action of no row is named after what it makes: ``image.pull``.
    return RESOURCES[entry.kind or f"{entry.id.partition('.')[0]}s"].title


def key_text(key: str) -> str:
    """A key as people write it: ``?``, ``^d``, ``esc``."""
    if key.startswith("ctrl+"):
        return f"^{key_text(key.removeprefix('ctrl+'))}"
    return _SIGNS.get(key, key)


def keys_table(keymap: Mapping[str, Sequence[str]] | None = None, *, read_only: bool = False) -> tuple[KeyRow, ...]:
    """Rows for help and README, by group; what has no key is left out, and with `read_only` what changes anything."""
    keys = default_keys() if keymap is None else keymap
    rows: list[KeyRow] = []
    for entry in entries():
        mine = keys.get(entry.id, ())
        if not mine or (read_only and entry.mutates):
            continue
        rows.append(KeyRow(_group(entry), " ".join(key_text(key) for key in mine), entry.title, entry.help, entry.id))
    order = {group: place for place, group in enumerate(dict.fromkeys(row.group for row in rows))}
    return tuple(sorted(rows, key=lambda row: order[row.group]))


def default_keys() -> dict[str, tuple[str, ...]]:
    """The default keys by id."""
    return {entry.id: entry.keys for entry in entries()}


def check_unique(keymap: Mapping[str, Sequence[str]] | None = None, *, of: Iterable[Entry] | None = None) -> list[str]:
    """What is ambiguous: ids used twice, and keys that mean two things where both can be reached.

    Args:
        keymap: Keys by id; the default ones when None.
        of: The entries to check; the whole catalogue when None.

    Returns:
        One sentence per clash, none when all is well.
    """
    checked = entries() if of is None else tuple(of)
    keys = {entry.id: entry.keys for entry in checked} if keymap is None else keymap
    problems: list[str] = []
    seen: set[str] = set()
    by_key: dict[str, list[Entry]] = {}
    for entry in checked:
        if entry.id in seen:
            problems.append(f"the id {entry.id} is used twice")
            continue
        seen.add(entry.id)
        for key in dict.fromkeys(keys.get(entry.id, ())):
            by_key.setdefault(key, []).append(entry)
    for key, users in by_key.items():
        for one, other in combinations(users, 2):
            here, there = context_of(one), context_of(other)
            if _reaches(here, there) or _reaches(there, here):
                problems.append(f"the key {key_text(key)} means both {one.id} and {other.id}")
    return problems


def apply_keymap(overrides: Mapping[str, str | Sequence[str]]) -> Keymap:
    """The default keys with the user's own on top.

    Args:
        overrides: By id: one or more keys, as a list or separated by commas; "" takes the keys away.

    Returns:
        The key map. Unknown ids and malformed keys are left out, clashes stay in force; `problems` names both.
    """
    keys = default_keys()
    problems: list[str] = []
    for id, given in overrides.items():
        if id not in keys:
            problems.append(f"there is no action or command {id}")
            continue
        words = [word.strip() for word in (given.split(",") if isinstance(given, str) else given)]
        wanted = tuple(dict.fromkeys(word for word in words if word))
        bad = [word for word in wanted if not _KEY.fullmatch(word)]
        if bad:
            problems.append(f"{id}: {', '.join(map(repr, bad))} is no key")
            continue
        keys[id] = wanted
    problems += check_unique(keys)
    return Keymap(keys, tuple(problems))
