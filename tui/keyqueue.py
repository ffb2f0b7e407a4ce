"""Keys are handled one after the other, and by what they were meant for.

Textual hands a key to the focused widget at once, but its binding runs only when it has bubbled up to the
application, and a dialog that it opens has the focus later still. Keys that arrive faster than that (a slow SSH link
delivers them in bursts) would act on what is below: ``:stop`` typed in one go would stop the container under the
cursor. So the next key waits until the last one has been handled, and until the screen on top can take it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TypeVar
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
    """Follows a key on its way up; when it arrives, the key has been handled."""


class KeyQueue(App[ReturnType]):
    """An application that handles keys in order."""

    def __init__(self) -> None:
        """No key is waiting."""
        super().__init__()
        self._queued_keys: deque[events.Key] = deque()
        self._key_under_way: asyncio.TimerHandle | None = None
        self._key_hold: asyncio.TimerHandle | None = None
        self._deaf_until = 0.0
        self._able_screens: WeakSet[Screen[object]] = WeakSet()

    async def on_event(self, event: events.Event) -> None:
        """Put keys into the queue, and make what is pasted safe to show; everything else is Textual's."""
        if isinstance(event, events.Paste) and not event.is_forwarded:
            await super().on_event(events.Paste(sanitise(event.text.partition("\n")[0].rstrip("\r"))))
        elif not isinstance(event, events.Key) or event.is_forwarded:
            await super().on_event(event)
        elif asyncio.get_running_loop().time() >= self._deaf_until:
            self._queued_keys.append(event)
            await self._next_key()

    async def _next_key(self) -> None:
        if self._key_under_way is not None or self._key_hold is not None or not self._queued_keys:
            return
        screen = self.screen
        if screen not in self._able_screens:
            # After its first refresh it is composed, laid out, and something in it has the focus. A screen that never
            # gets that far must not swallow the keyboard.
            screen.call_after_refresh(self._screen_able, screen)
            asyncio.get_running_loop().call_later(STUCK_SECONDS, self._screen_able, screen)
            return
        event = self._queued_keys.popleft()
        target = self.focused or screen
        self._key_under_way = asyncio.get_running_loop().call_later(STUCK_SECONDS, self._give_key_up)
        await super().on_event(event)
        if not target.post_message(KeyDone()):
            await self._key_done()

    def _screen_able(self, screen: Screen[object]) -> None:
        if screen not in self._able_screens:
            self._able_screens.add(screen)
            self.call_later(self._next_key)

    def _give_key_up(self) -> None:
        self._key_under_way = None
        self.call_later(self._next_key)

    @on(KeyDone)
    async def _key_done(self) -> None:
        if self._key_under_way is not None:
            self._key_under_way.cancel()
            self._key_under_way = None
        await self._next_key()

    # ---------------------------------------------------------------- for what opens dialogs

    def hold_keys(self, seconds: float = HOLD_SECONDS) -> None:
        """Keep keys back: what is under way will take them. Ends with `release_keys`, or after so many seconds."""
        if self._key_hold is not None:
            self._key_hold.cancel()
        self._key_hold = asyncio.get_running_loop().call_later(seconds, self.release_keys)

    def release_keys(self) -> None:
        """Let keys through again, those that waited first."""
        if self._key_hold is not None:
            self._key_hold.cancel()
            self._key_hold = None
        self.call_later(self._next_key)

    async def ask(self, dialog: Screen[Answer]) -> Answer:
        """Show a dialog and wait for its answer; keys pressed from now on are for it. Call it from a worker.

        Afterwards keys are held again, because another question may follow: end with `release_keys`.
        """
        answer = self.push_screen(dialog, wait_for_dismiss=True)
        self.release_keys()
        try:
            # Shielded: that the worker ends must not take the future from under the screen.
            return await asyncio.shield(answer)
        finally:
            self.hold_keys()

    def typed_ahead(self) -> str:
        """Take the characters of the keys that wait, out of the queue."""
        typed = "".join(key.character or "" for key in self._queued_keys)
        self._queued_keys.clear()
        return typed

    def swallow_input(self, seconds: float) -> None:
        """Forget what was typed, and ignore keys for a moment."""
        self._queued_keys.clear()
        self._deaf_until = asyncio.get_running_loop().time() + seconds
