"""What the user is told, and can read again later: a bounded history."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

HISTORY = 500
"""Notices kept. A bulk action is one notice, so this is days of work at a keyboard."""


class Severity(Enum):
    """How much a notice matters."""

    INFO = "information"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing the user was told. Its texts hold engines' words as they came: show them as plain text only.

    Attributes:
        number: Counts up from 1, so that a reader knows what is new.
        time: When, aware UTC.
        severity: How much it matters.
        title: What happened, in one line.
        detail: The engine's own words, or "".
        hint: What can be done about it, or "".
        target: What it is about: a name, or "".
    """

    number: int
    time: datetime
    severity: Severity
    title: str
    detail: str = ""
    hint: str = ""
    target: str = ""


class Notices:
    """The newest notices, oldest first."""

    def __init__(self, limit: int = HISTORY) -> None:
        """Keep at most `limit`."""
        self._kept: deque[Notice] = deque(maxlen=limit)
        self._count = 0

    def add(
        self,
        time: datetime,
        severity: Severity,
        title: str,
        *,
        detail: str = "",
        hint: str = "",
        target: str = "",
    ) -> Notice:
        """Append one; the oldest goes when there are too many."""
        self._count += 1
        notice = Notice(self._count, time, severity, title, detail, hint, target)
        self._kept.append(notice)
        return notice

    @property
    def count(self) -> int:
        """How many there ever were: the number of the newest."""
        return self._count

    def since(self, number: int) -> list[Notice]:
        """Those that are kept and newer than `number`."""
        return [notice for notice in self._kept if notice.number > number]

    def __iter__(self) -> Iterator[Notice]:
        """The kept ones, oldest first."""
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)
