"""Words that several operations take, checked before anything is sent.

>>> RestartPolicy("sometimes")
Traceback (most recent call last):
tui.runtime.errors.InvalidRequest: not a restart policy: 'sometimes'
"""

from __future__ import annotations

import re
from enum import StrEnum

from tui.runtime.errors import InvalidRequest

NAME = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]*", re.ASCII)
"""Names of containers, networks and volumes, as engines accept them; only a container's may have the slash."""


def member(kind: type[StrEnum], value: object, what: str) -> InvalidRequest:
    """The error for a value that an enum does not have."""
    return InvalidRequest(f"not {what}: {value!r}", hint=f"One of {', '.join(kind)}")


class WaitCondition(StrEnum):
    """What `container_wait` waits for. Plain strings with these values do as well."""

    NOT_RUNNING = "not-running"
    """Returns at once for a container that does not run, one that was never started included."""
    NEXT_EXIT = "next-exit"
    REMOVED = "removed"

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise member(cls, value, "a condition to wait for")


class RestartPolicy(StrEnum):
    """When the engine starts a container again by itself. Plain strings with these values do as well."""

    NO = "no"
    ALWAYS = "always"
    ON_FAILURE = "on-failure"
    UNLESS_STOPPED = "unless-stopped"

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise member(cls, value, "a restart policy")
