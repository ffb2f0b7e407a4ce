"""Times as engines write them (RFC 3339 with nanoseconds) and as they want them (seconds with a fraction)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tui.runtime.errors import InvalidRequest

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)  # the parts that a float would round: nanoseconds


def parse_time(text: object) -> datetime | None:
    """An aware UTC time, cut to microseconds; None for Go's zero time, an empty or an unreadable value."""
    if not isinstance(text, str) or not text or text.startswith("0001-01-01T00:00:00"):
        return None
    try:
        # Since 3.11 this C function takes "Z" and any number of decimals (0.2 us against 6 us for strptime).
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def from_unix(seconds: object) -> datetime | None:
    """An aware UTC time from seconds since 1970; None where there is none (0, absent, out of range)."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def unix_time(moment: datetime | str) -> str:
    """``seconds.nanoseconds`` since 1970, as the engine's ``since`` and ``until`` want it.

    Args:
        moment: An aware time, or RFC 3339 with up to nine decimals, which are all kept.

    Raises:
        InvalidRequest: when it is neither.
    """
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise InvalidRequest("a time without a time zone")
        whole = moment.astimezone(UTC)
        return f"{int((whole - _EPOCH).total_seconds() // 1)}.{whole.microsecond:06d}000"
    found = _RFC3339.fullmatch(moment)
    if found is None:
        raise InvalidRequest(f"not an RFC 3339 time: {moment!r}")
    day, clock, fraction, zone = found.groups()
    try:
        seconds = datetime.fromisoformat(f"{day}T{clock}{zone.upper()}")
    except ValueError as exc:
        raise InvalidRequest(f"not an RFC 3339 time: {moment!r}") from exc
    return f"{int(seconds.timestamp())}.{(fraction or '0')[:9]:0<9}"


def rfc3339(moment: datetime | str, *, before: int = 0) -> str:
    """The same as RFC 3339 in UTC with all nine decimals, or `before` nanoseconds before it.

    Raises:
        InvalidRequest: as `unix_time`.
    """
    whole, _, fraction = unix_time(moment).partition(".")
    seconds, nanos = divmod(int(whole) * 1_000_000_000 + int(fraction) - before, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanos:09d}Z"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
