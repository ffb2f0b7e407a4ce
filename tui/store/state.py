"""What one engine's objects look like right now, and what a new list changes about it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Generic, TypeAlias, TypeVar

from tui.actions import RowKey
from tui.runtime.models import Container, Health

Model: TypeAlias = Any
"""An object of any kind, as the kind's list call returns it: frozen, compared by value."""

K = TypeVar("K", bound=Hashable)

_NO_ROWS: Mapping[RowKey, Model] = MappingProxyType({})
_HEALTH_TEXT = re.compile(r" \((?:healthy|unhealthy|health: starting)\)")
_HEALTH_WORDS = {Health.HEALTHY: " (healthy)", Health.UNHEALTHY: " (unhealthy)", Health.STARTING: " (health: starting)"}


@dataclass(frozen=True, slots=True)
class Delta(Generic[K]):
    """What is different in a new list.

    Attributes:
        added: Objects that were not there before.
        changed: Objects that were there with other values; the new ones.
        removed: Keys of objects that are gone.
    """

    added: Mapping[K, Model]
    changed: Mapping[K, Model]
    removed: frozenset[K]

    def __bool__(self) -> bool:
        """Whether anything is different."""
        return bool(self.added or self.changed or self.removed)

    @property
    def touched(self) -> frozenset[K]:
        """Keys of objects that were there before and are not the same now."""
        return self.removed | self.changed.keys()


def reconcile(old: Mapping[K, Model], new: Iterable[Model], key: Callable[[Model], K]) -> Delta[K]:
    """Compare what was known with a complete new list. Of two objects with one key the later counts."""
    fresh = {key(model): model for model in new}
    return Delta(
        added={name: model for name, model in fresh.items() if name not in old},
        changed={name: model for name, model in fresh.items() if name in old and old[name] != model},
        removed=frozenset(name for name in old if name not in fresh),
    )


def with_health(container: Container, health: Health) -> Container:
    """The container with another health, in its status text too."""
    status = _HEALTH_TEXT.sub("", container.status)
    return replace(container, health=health, status=status + _HEALTH_WORDS.get(health, ""))


class EngineState:
    """A snapshot of one engine's objects, by kind.

    `rows` hands out mappings that never change: a change replaces the mapping, so that `is` tells whether there
    was one. An object that is the same as before stays the same Python object.
    """

    def __init__(self, endpoint: str) -> None:
        """Nothing is known yet."""
        self.endpoint = endpoint
        self._rows: dict[str, dict[RowKey, Model]] = {}

    def rows(self, kind: str) -> Mapping[RowKey, Model]:
        """The objects of a kind, in the order in which the engine listed them."""
        return self._rows.get(kind, _NO_ROWS)

    def get(self, kind: str, id: str) -> Model | None:
        """One object, or None."""
        return self.rows(kind).get(RowKey(self.endpoint, kind, id))

    def loaded(self, kind: str) -> bool:
        """Whether a list of the kind has come, even an empty one."""
        return kind in self._rows

    def apply_list(self, kind: str, key: Callable[[Model], str], models: Iterable[Model]) -> Delta[RowKey]:
        """Take over a complete list."""
        old = self.rows(kind)
        delta = reconcile(old, models, lambda model: RowKey(self.endpoint, kind, key(model)))
        self._rows.setdefault(kind, {})
        return self._apply(kind, delta)

    def apply_some(
        self, kind: str, key: Callable[[Model], str], ids: Collection[str], models: Iterable[Model]
    ) -> Delta[RowKey]:
        """Take over the answer to a question for some ids; those asked for and not answered are gone."""
        rows = self.rows(kind)
        models = tuple(models)
        asked = {RowKey(self.endpoint, kind, id) for id in (*ids, *map(key, models))}
        old = {name: rows[name] for name in asked if name in rows}
        delta = reconcile(old, models, lambda model: RowKey(self.endpoint, kind, key(model)))
        return self._apply(kind, delta)

    def remove(self, kind: str, id: str) -> Delta[RowKey]:
        """Forget one object."""
        name = RowKey(self.endpoint, kind, id)
        gone = frozenset({name}) if name in self.rows(kind) else frozenset()
        return self._apply(kind, Delta({}, {}, gone))

    def apply_health(self, kind: str, id: str, health: Health) -> Delta[RowKey]:
        """Change the health of a container, as an event told it."""
        container = self.get(kind, id)
        changed = {}
        if isinstance(container, Container) and container.health is not health:
            changed[RowKey(self.endpoint, kind, id)] = with_health(container, health)
        return self._apply(kind, Delta({}, changed, frozenset()))

    def forget(self, kind: str) -> Delta[RowKey]:
        """Forget a kind altogether: the engine does not have it (any more)."""
        return Delta({}, {}, frozenset(self._rows.pop(kind, _NO_ROWS)))

    def _apply(self, kind: str, delta: Delta[RowKey]) -> Delta[RowKey]:
        if delta:
            # Copied whole and then patched: copying a dict does not hash its keys again (10,000 rows: 0.1 ms, not 2).
            rows = self._rows[kind].copy()
            for name in delta.removed:
                del rows[name]
            rows.update(delta.changed)
            rows.update(delta.added)
            self._rows[kind] = rows
        return delta
