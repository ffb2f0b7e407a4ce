"""The newest events of all engines, in the order in which they came."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import chain, takewhile
from operator import itemgetter
from typing import NamedTuple

from tui.runtime.kinds import QUIET_CONTAINER_ACTIONS
from tui.runtime.models import Event

EVENT_LIMIT = 2000
"""Events kept: minutes of a busy engine, days of a quiet one, and about 2 MB."""

QUIET_LIMIT = 500
"""Events kept that change no row. In a ring of their own: the health checks of 40 containers, three events each, would
push everything else out within minutes."""


class StoredEvent(NamedTuple):
    """An event, where it came from, and its number: 1 for the first, never used twice."""

    seq: int
    endpoint: str
    event: Event


class EventLog:
    """Bounded rings of events. `exec_*` and the like are in it too: what to hide is the reader's business."""

    def __init__(self, limit: int = EVENT_LIMIT, quiet_limit: int = QUIET_LIMIT) -> None:
        """Keep at most `limit` events, and `quiet_limit` of those that change no row."""
        self._events: deque[StoredEvent] = deque(maxlen=limit)
        self._quiet: deque[StoredEvent] = deque(maxlen=quiet_limit)
        self._last = 0

    @property
    def last(self) -> int:
        """The number of the newest event, 0 before the first."""
        return self._last

    @property
    def dropped(self) -> int:
        """How many events have fallen out of the rings."""
        return self._last - len(self)

    def append(self, endpoint: str, event: Event) -> StoredEvent:
        """Add an event, dropping the oldest one of its sort when that ring is full."""
        self._last += 1
        stored = StoredEvent(self._last, endpoint, event)
        (self._quiet if event.action in QUIET_CONTAINER_ACTIONS else self._events).append(stored)
        return stored

    def since(self, seq: int) -> list[StoredEvent]:
        """The events after number `seq`, oldest first, as far as they are still kept."""
        newer = [takewhile(lambda stored: stored.seq > seq, reversed(ring)) for ring in (self._events, self._quiet)]
        return sorted(chain.from_iterable(newer), key=itemgetter(0))

    def __len__(self) -> int:
        """How many events are kept."""
        return len(self._events) + len(self._quiet)

    def __iter__(self) -> Iterator[StoredEvent]:
        """Oldest first."""
        return iter(self.since(0))
