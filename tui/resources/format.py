"""Numbers, times and ids as short text. Own formatters: a size costs 0.4 us here and 2.5 us with humanize."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from tui.runtime.models import Port

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_DECIMAL = ("B", "kB", "MB", "GB", "TB", "PB")
_ANY_ADDRESS = frozenset({"", "0.0.0.0", "::"})
UNKNOWN = "-"

NaturalKey = tuple[str | int, ...]

MINUTE = 60
HOUR = 3600
DAY = 86_400
WEEK = 7 * DAY
MONTH = 30 * DAY
YEAR = 365 * DAY

# From this many of the smaller unit on, the larger one is shown: "90s" would read as more exact than it is, and
# "47h" is what the engine's own text says too.
_AGE_STEPS = (
    (MINUTE, 1, "s"),
    (HOUR, MINUTE, "m"),
    (2 * DAY, HOUR, "h"),
    (2 * WEEK, DAY, "d"),
    (2 * MONTH, WEEK, "w"),
    (2 * YEAR, MONTH, "mo"),
)


def _scaled(value: float, base: int, units: tuple[str, ...]) -> str:
    if value < 0:
        return UNKNOWN
    if value < base:
        return f"{int(value)}{units[0]}"
    last = len(units) - 1
    step = 0
    # 999.5 already rounds to four digits: the next unit keeps the text at three.
    while value >= 999.5 and step < last:
        value /= base
        step += 1
    if value < 9.995:
        return f"{value:.2f}{units[step]}"
    return f"{value:.1f}{units[step]}" if value < 99.95 else f"{value:.0f}{units[step]}"


def memory_text(size: float) -> str:
    """Bytes in binary units, as ``docker stats`` shows memory: ``12.3MiB``."""
    return _scaled(size, 1024, _BINARY)


def size_text(size: float) -> str:
    """Bytes in decimal units, as ``docker images`` shows sizes: ``12.3MB``."""
    return _scaled(size, 1000, _DECIMAL)


def rate_text(rate: float | None) -> str:
    """Bytes per second: ``1.20kB/s``; ``-`` when there is no sample to compare yet."""
    return UNKNOWN if rate is None else f"{size_text(rate)}/s"


def percent_text(value: float | None) -> str:
    """A percentage with one decimal, none from 100 on: ``0.1%``, ``153%``. A second one would repaint more cells."""
    if value is None:
        return UNKNOWN
    return f"{value:.1f}%" if value < 99.95 else f"{value:.0f}%"


def age_text(seconds: float) -> str:
    """A duration in one unit, rounded down: ``42s``, ``3m``, ``2h``, ``5d``, ``3w``, ``4mo``, ``2y``.

    A negative one (the engine's clock is ahead of ours) is ``0s``.
    """
    whole = max(0, int(seconds))
    for limit, unit, suffix in _AGE_STEPS:
        if whole < limit:
            return f"{whole // unit}{suffix}"
    return f"{whole // YEAR}y"


def since_text(moment: datetime | None, now: datetime) -> str:
    """The age of `moment` at `now`, or "" when it is not known."""
    return "" if moment is None else age_text((now - moment).total_seconds())


def time_text(moment: datetime | None) -> str:
    """A moment in local time to the second, with the offset: ``2024-05-01 12:00:00 +0200``; "" for None."""
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


class StatusAge(NamedTuple):
    """What an engine's status text tells of time."""

    up: bool
    """Whether it counts from the start (``Up``), and not from the end (``Exited … ago``)."""
    seconds: int


_STATUS = re.compile(
    r"(?P<head>Up|Exited|Restarting)\b[^A-Za-z0-9]*(?:[0-9]+\)\s+)?"
    r"(?P<count>Less than an?|About an?|an?|[0-9]{1,9}) (?P<unit>second|minute|hour|day|week|month|year)s?\b"
)
_UNITS = {"second": 1, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": WEEK, "month": MONTH, "year": YEAR}


@lru_cache(maxsize=4096)
def status_age(status: str) -> StatusAge | None:
    """The time in a status text such as ``Up About an hour (healthy)`` or ``Exited (0) 2 days ago``, else None."""
    found = _STATUS.match(status)
    if found is None:
        return None
    count = found["count"]
    number = 0 if count.startswith("Less") else int(count) if count[0].isdigit() else 1
    return StatusAge(found["head"] == "Up", number * _UNITS[found["unit"]])


def short_id(id: str) -> str:
    """The first 12 characters of an id, without the digest's algorithm."""
    return id.rpartition(":")[2][:12] if id.startswith("sha256:") else id[:12]


def image_text(reference: str) -> str:
    """An image reference, with bare ids and digests cut to 12 characters."""
    if reference.startswith("sha256:"):
        return short_id(reference)
    name, at, digest = reference.partition("@")
    return f"{name}@{short_id(digest)}" if at else reference


def _runs(pairs: Iterable[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """Sorted (public, private) pairs as runs of (public, private, length) in which both count up together."""
    runs: list[tuple[int, int, int]] = []
    for public, private in pairs:
        if runs:
            first_public, first_private, length = runs[-1]
            if public == first_public + length and private == first_private + length:
                runs[-1] = (first_public, first_private, length + 1)
                continue
        runs.append((public, private, 1))
    return runs


def _span(first: int, length: int) -> str:
    return str(first) if length == 1 else f"{first}-{first + length - 1}"


# Sorting and grouping cost 10 us a row, and a row's ports hardly ever change.
@lru_cache(maxsize=4096)
def ports_text(ports: tuple[Port, ...]) -> str:
    """Ports as ``8080→80/tcp, 443/tcp``: published ones first, ranges joined, IPv4 and IPv6 twins shown once."""
    published: dict[tuple[str, str], set[tuple[int, int]]] = {}
    exposed: dict[str, set[int]] = {}
    bound: set[tuple[int, str]] = set()
    for port in ports:
        if port.public is None:
            exposed.setdefault(port.protocol, set()).add(port.private)
            continue
        address = "" if port.host_ip in _ANY_ADDRESS else port.host_ip
        published.setdefault((address, port.protocol), set()).add((port.public, port.private))
        bound.add((port.private, port.protocol))
    parts: list[str] = []
    for (address, protocol), pairs in sorted(published.items()):
        host = f"[{address}]:" if ":" in address else f"{address}:" if address else ""
        parts += [
            f"{host}{_span(public, length)}→{_span(private, length)}/{protocol}"
            for public, private, length in _runs(sorted(pairs))
        ]
    for protocol, numbers in sorted(exposed.items()):
        alone = sorted(number for number in numbers if (number, protocol) not in bound)
        parts += [f"{_span(first, length)}/{protocol}" for first, _, length in _runs((n, n) for n in alone)]
    return ", ".join(parts)


# A bound on the digits: int() refuses more than 4300 of them, and a name may hold any number.
_DIGITS = re.compile(r"([0-9]{1,18})")


@lru_cache(maxsize=8192)
def natural_key(text: str) -> NaturalKey:
    """A sort key in natural order: ``web-2`` before ``web-10``, case ignored. Text and numbers alternate in it."""
    parts: list[str | int] = list(_DIGITS.split(text.casefold()))
    parts[1::2] = [int(part) for part in parts[1::2]]
    return tuple(parts)


def bytes_or_unknown(size: int | None) -> str:
    """A size in decimal units, or ``-``."""
    return UNKNOWN if size is None else size_text(size)


def plural(count: int, singular: str) -> str:
    """``1 container``, ``3 containers``."""
    return f"{count} {singular}" if count == 1 else f"{count} {singular}s"
