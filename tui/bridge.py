"""From the store to the screen: any number of store changes become one message per frame."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.message import Message
from textual.message_pump import MessagePump

from tui.store.fleet import Change, Fleet

# A person sees 30 updates a second as continuous, and an event must be on the screen within 300 ms: 33 ms leaves
# the store its 50 ms of coalescing and the engine the rest.
FRAME_SECONDS = 0.033


class StoreChanged(Message):
    """Something in the store changed.

    Attributes:
        change: Everything that changed since the last such message.
    """

    def __init__(self, change: Change) -> None:
        """Carry the merged change."""
        super().__init__()
        self.change = change


class Bridge:
    """Listens to the fleet and posts `StoreChanged` to one message pump, at most once a frame."""

    def __init__(self, fleet: Fleet, target: MessagePump) -> None:
        """Start listening at once; `close` ends it."""
        self._target = target
        self._pending: Change | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._stop: Callable[[], None] = fleet.listen(self._changed)

    def _changed(self, change: Change) -> None:
        self._pending = change if self._pending is None else self._pending | change
        if self._timer is None:
            # At once after a quiet time: one event by itself need not wait for others.
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._next), self._post)

    def _post(self) -> None:
        self._timer = None
        change, self._pending = self._pending, None
        if change is not None:
            self._next = asyncio.get_running_loop().time() + FRAME_SECONDS
            self._target.post_message(StoreChanged(change))

    def close(self) -> None:
        """Stop listening; nothing is posted any more."""
        self._stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
