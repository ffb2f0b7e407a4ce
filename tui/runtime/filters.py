"""Engine-side filters: AND across keys, OR within a key, as the Engine API means them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator


class Filters:
    """A set of filters for a list, events or prune call.

    >>> Filters().add("status", "running", "paused").add("label", "team=red").to_json()
    '{"label": ["team=red"], "status": ["running", "paused"]}'
    """

    __slots__ = ("_values",)

    def __init__(self, **values: str | Iterable[str]) -> None:
        """Keywords are keys, with one value or several."""
        self._values: dict[str, list[str]] = {}
        for key, given in values.items():
            self.add(key, *((given,) if isinstance(given, str) else given))

    def add(self, key: str, *values: str) -> Filters:
        """Add values to a key (OR within the key), and return self for chaining."""
        if not key:
            raise ValueError("a filter needs a key")
        kept = self._values.setdefault(key, [])
        kept.extend(value for value in values if value not in kept)
        return self

    def get(self, key: str) -> tuple[str, ...]:
        """The values of a key, empty when it is not set."""
        return tuple(self._values.get(key, ()))

    def __iter__(self) -> Iterator[str]:
        """The keys."""
        return iter(self._values)

    def __bool__(self) -> bool:
        """Whether anything is set."""
        return bool(self._values)

    def __eq__(self, other: object) -> bool:
        """Equal when keys and sets of values are."""
        if not isinstance(other, Filters):
            return NotImplemented
        mine = {key: set(values) for key, values in self._values.items()}
        return mine == {key: set(values) for key, values in other._values.items()}

    __hash__ = None  # type: ignore[assignment]  # it is mutable

    def __repr__(self) -> str:
        """As it would be sent."""
        return f"Filters({self.to_json()})"

    def to_json(self) -> str:
        """The ``filters`` query parameter."""
        return json.dumps(self._values, sort_keys=True)
