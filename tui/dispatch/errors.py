"""Why something was not even tried. What an engine refuses is a `tui.runtime.errors.RuntimeFault` instead."""

from __future__ import annotations


class NotDone(Exception):
    """Nothing was sent to any engine.

    Attributes:
        reason: Why, as a sentence for the user.
    """

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


class Refused(NotDone):
    """Portside runs read-only, and the action changes something."""


class NothingToDo(NotDone):
    """The action applies to none of the selected objects."""
