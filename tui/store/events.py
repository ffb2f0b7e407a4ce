"""The newest events of all engines, in the order in which they came."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from tui.runtime.models import Event

EVENT_LIMIT = 2000
"""Events kept: minutes of a busy engine, days of a quiet one, and about 2 MB."""


class StoredEvent(NamedTuple):
    """An event, where it came from, and its number: 1 for the first, never used twice."""

    seq: int
    endpoint: str
    event: Event


class EventLog:
    """A bounded ring of events. `exec_*` and the like are in it too: what to hide is the reader's business."""

    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        """Keep at most `limit` events."""
        self._events: deque[StoredEvent] = deque(maxlen=limit)
        self._last = 0

    @property
    def last(self) -> int:
        """The number of the newest event, 0 before the first."""
        return self._last

    @property
    def dropped(self) -> int:
        """How many events have fallen out of the ring."""
        return self._last - len(self._events)

    def append(self, endpoint: str, event: Event) -> StoredEvent:
        """Add an event, dropping the oldest one when the ring is full."""
        self._last += 1
        stored = StoredEvent(self._last, endpoint, event)
        self._events.append(stored)
        return stored

    def since(self, seq: int) -> list[StoredEvent]:
        """The events after number `seq`, oldest first, as far as they are still kept."""
        return list(islice(self._events, max(0, seq - self.dropped), None))

    def __len__(self) -> int:
        """How many events are kept."""
        return len(self._events)

    def __iter__(self) -> Iterator[StoredEvent]:
        """Oldest first."""
        return iter(tuple(self._events))
