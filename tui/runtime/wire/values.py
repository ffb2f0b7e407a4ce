"""Reads single values out of decoded JSON that may lack them, hold null, or hold another type than promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from tui.runtime.errors import ProtocolViolation
from tui.runtime.models import NO_LABELS, Labels

Raw = Mapping[str, Any]
EMPTY: Raw = MappingProxyType({})


def expect_object(value: object) -> Raw:
    """`value`, which has to be a JSON object.

    Raises:
        ProtocolViolation: when it is none.
    """
    if not isinstance(value, dict):
        raise ProtocolViolation(f"expected a JSON object, got {type(value).__name__}")
    return value


def expect_objects(value: object) -> list[Raw]:
    """`value`, which has to be a list of JSON objects; null is an empty one.

    Raises:
        ProtocolViolation: when it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise ProtocolViolation(f"expected a JSON list, got {type(value).__name__}")
    return [expect_object(item) for item in value]


def text(raw: Raw, key: str) -> str:
    """A string, "" when it is absent; numbers and the like as they print."""
    value = raw.get(key)
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def number(raw: Raw, key: str) -> int:
    """An integer, 0 when it is absent or none."""
    value = raw.get(key)
    return int(value) if isinstance(value, (int, float)) else 0


def known(raw: Raw, key: str) -> int | None:
    """An integer, None when it is absent, none, or the engine's "not computed" (-1)."""
    value = raw.get(key)
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 else None


def flag(raw: Raw, key: str) -> bool:
    """A boolean, False when it is absent."""
    return raw.get(key) is True


def inner(raw: Raw, key: str) -> Raw:
    """An object inside, empty when it is absent or none."""
    value = raw.get(key)
    return value if isinstance(value, dict) else EMPTY


def inners(raw: Raw, key: str) -> Iterator[Raw]:
    """The objects of a list inside; none when it is absent."""
    value = raw.get(key)
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def texts(raw: Raw, key: str) -> tuple[str, ...]:
    """The strings of a list inside; a lone string is a list of one (Podman's entrypoint)."""
    value = raw.get(key)
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(item) for item in value if item is not None) if isinstance(value, list) else ()


def labels(raw: Raw, key: str) -> Labels:
    """Labels or attributes: strings to strings."""
    value = raw.get(key)
    if not isinstance(value, dict) or not value:
        return NO_LABELS
    for item in value.values():
        if not isinstance(item, str):
            return {name: "" if part is None else str(part) for name, part in value.items()}
    return value
