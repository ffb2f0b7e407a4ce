"""What the store tells about its connection to one engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from tui.runtime.errors import RuntimeFault
from tui.runtime.models import Capability, EngineInfo, EngineVersion
from tui.runtime.protocol import Runtime


class Connection(Enum):
    """How things stand with one engine."""

    CONNECTING = "connecting"
    """The first attempt is under way."""
    LIVE = "live"
    """Its objects are listed, and changes are followed."""
    STALE = "stale"
    """It was live; the old rows are kept while it is tried again."""
    LOST = "lost"
    """It never was live, and does not answer; it is tried again."""


@dataclass(frozen=True, slots=True)
class EngineSource:
    """An engine to follow.

    Attributes:
        endpoint: Its URL; the first part of its row keys.
        name: What the user calls it.
        connect: Opens a runtime, or raises a `RuntimeFault` that says why not.
        remote: Whether a network is between us: retries slow down to 30 s then, not to 1 s.
    """

    endpoint: str
    name: str
    connect: Callable[[], Awaitable[Runtime]]
    remote: bool = False


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """How things stand with one engine at the moment of asking.

    Attributes:
        endpoint: Its URL.
        name: What the user calls it.
        connection: The state of the connection.
        since: Monotonic time of the last change of `connection`.
        last_live: Monotonic time at which it was last known to be live, None if never.
        error: Why it is not live, or None.
        retry_in: Seconds until the next attempt; None when none is waiting (live, or one is under way).
        attempt: Failed attempts in a row.
        version: Its version, once it is known.
        info: What it says of itself, once it is known.
        capabilities: What it can do; empty before the first connection.
        kind_errors: Kinds whose list failed last time; their old rows are kept.
        polling: Whether its lists are polled, because it gives no events.
        events_error: Why it gives no events, where `polling`.
        info_error: Why `info` or `version` could not be had, or None.
    """

    endpoint: str
    name: str
    connection: Connection
    since: float
    last_live: float | None
    error: RuntimeFault | None
    retry_in: float | None
    attempt: int
    version: EngineVersion | None
    info: EngineInfo | None
    capabilities: frozenset[Capability]
    kind_errors: Mapping[str, RuntimeFault]
    polling: bool
    events_error: RuntimeFault | None = None
    info_error: RuntimeFault | None = None
