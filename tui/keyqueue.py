"""Keys are handled one after the other, and by what they were meant for.

Textual hands a key to the focused widget at once, but its binding runs only when it has bubbled up to the
application, and a dialog that it opens has the focus later still. Keys that arrive faster than that (a slow SSH link
delivers them in bursts) would act on what is below: ``:stop`` typed in one go would stop the container under the
cursor. So the next key waits until the last one has been handled, and until the screen on top can take it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, TypeVar
from weakref import WeakSet

from textual import events, on
from textual.app import App, ReturnType
from textual.message import Message
from textual.screen import Screen

from widgets.text import sanitise

Answer = TypeVar("Answer")

# A widget that is removed while it handles a key never says that it is done.
STUCK_SECONDS = 0.5
# What opens a dialog asks nobody for long; a hung engine must not make the keyboard deaf.
HOLD_SECONDS = 1.0


class KeyDone(Message):
    """Follows a key on its way up; when it arrives, the key has been handled.

    Attributes:
        key: Which one: that of a key that was given up comes late, and must not end the wait for the next.
    """

    def __init__(self, key: events.Event) -> None:
        """Follow this key."""
        super().__init__()
        self.key = key


class Hold:
    """Keeps what is typed back until it is dropped, or for so many seconds. Several can be in force."""

    def __init__(self, queue: KeyQueue[Any], seconds: float = HOLD_SECONDS) -> None:
        """Take effect at once."""
        self._queue = queue
        self._timer: asyncio.TimerHandle | None = None
        self.take(seconds)

    def take(self, seconds: float = HOLD_SECONDS) -> None:
        """Hold (again)."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.drop)
        self._queue.holds.add(self)

    def drop(self) -> None:
        """Let what waits through, unless somebody else holds it. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._queue.holds.discard(self)
        self._queue.call_later(self._queue.next_key)


class KeyQueue(App[ReturnType]):
    """An application that handles keys, and what is pasted, in order.

    Attributes:
        holds: What keeps keys back now.
    """

    def __init__(self) -> None:
        """No key is waiting."""
        super().__init__()
        self.holds: set[Hold] = set()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._under_way: events.Event | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._deaf_until = 0.0
        self._able_screens: WeakSet[Screen[object]] = WeakSet()

    async def on_event(self, event: events.Event) -> None:
        """Put into the queue what was typed; everything else is Textual's."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif asyncio.get_running_loop().time() >= self._deaf_until:
            self._typed.append(event)
            await self.next_key()

    async def next_key(self) -> None:
        """Handle what waits first, if nothing keeps it back."""
        if self._under_way is not None or self.holds or not self._typed:
            return
        screen = self.screen
        if screen not in self._able_screens:
            # After its first refresh it is composed, laid out, and something in it has the focus. A screen that never
            # gets that far must not swallow the keyboard.
            screen.call_after_refresh(self._screen_able, screen)
            asyncio.get_running_loop().call_later(STUCK_SECONDS, self._screen_able, screen)
            return
        event = self._typed.popleft()
        if isinstance(event, events.Paste):
            # Inputs show what they are given as it is, and have one line.
            event = events.Paste(sanitise(event.text.partition("\n")[0].rstrip("\r")))
        target = self.focused or screen
        self._under_way = event
        self._patience = asyncio.get_running_loop().call_later(STUCK_SECONDS, self._done_with, event)
        await super().on_event(event)
        if not target.post_message(KeyDone(event)):
            self._done_with(event)

    def _screen_able(self, screen: Screen[object]) -> None:
        if screen not in self._able_screens:
            self._able_screens.add(screen)
            self.call_later(self.next_key)

    def _done_with(self, event: events.Event) -> None:
        if event is self._under_way:
            self._under_way = None
            if self._patience is not None:
                self._patience.cancel()
            self.call_later(self.next_key)

    @on(KeyDone)
    def _key_done(self, message: KeyDone) -> None:
        self._done_with(message.key)

    # ---------------------------------------------------------------- for what opens dialogs

    async def ask(self, dialog: Screen[Answer], hold: Hold) -> Answer:
        """Show a dialog and wait for its answer; keys pressed from now on are for it. Call it from a worker.

        Args:
            dialog: What to ask with.
            hold: Taken before; it is in force again afterwards, because another question may follow.
        """
        answer = self.push_screen(dialog, wait_for_dismiss=True)
        hold.drop()
        try:
            # Shielded: that the worker ends must not take the future from under the screen.
            return await asyncio.shield(answer)
        finally:
            hold.take()

    def typed_ahead(self) -> str:
        """Take what waits out of the queue, as characters."""
        typed = "".join(
            event.text if isinstance(event, events.Paste) else event.character or "" for event in self._typed
        )
        self._typed.clear()
        return typed

    def swallow_input(self, seconds: float) -> None:
        """Forget what was typed, and ignore the keyboard for a moment."""
        self._typed.clear()
        self._deaf_until = asyncio.get_running_loop().time() + seconds
