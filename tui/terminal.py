"""The terminal is given back as it was taken, whatever ends the process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

# How long a normal exit may take after a signal. A terminal that is gone blocks the writer's queue, and with it
# the event loop: then nothing but a thread can still end the process.
GRACE_SECONDS = 2.0
# A terminal can go without a signal (setsid, a dead pty); reading it then returns "" for ever, at 100 % of a core.
CHECK_SECONDS = 1.0

# Bracketed paste, line wrap, focus events, mouse (1016 is pixel positions, which Textual's driver leaves on), kitty
# keyboard, colours, alternate screen, cursor.
RESTORE = (
    b"\x1b[?2004l\x1b[?7h\x1b[?1004l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l\x1b[?2048l"
    b"\x1b[<u\x1b[0m\x1b[?1049l\x1b[?25h"
)
# What may be left on after a normal exit.
AFTER = b"\x1b[?1016l\x1b[?2048l"


class TerminalGuard:
    """Ends the application on SIGTERM, SIGHUP and a vanished terminal, and forces the end when that takes too long.

    Use it as a context manager around the running application, inside the event loop.
    """

    def __init__(self, leave: Callable[[int], None], cleanup: Callable[[], None]) -> None:
        """Set up nothing yet.

        Args:
            leave: Ends the application normally with this exit code; called on the event loop.
            cleanup: What must happen even when the end is forced (files to remove); called on a thread, at most once.
        """
        self._leave = leave
        self._cleanup = cleanup
        self._attributes: list[Any] | None = None
        self._watchdog: threading.Timer | None = None
        self._check: asyncio.TimerHandle | None = None

    def __enter__(self) -> TerminalGuard:
        """Remember the terminal's settings and listen for signals."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(termios.error, OSError, ValueError):  # not a terminal: nothing to restore
            self._attributes = termios.tcgetattr(self._fileno())
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._end, 128 + number)
        if self._attributes is not None:
            self._check = loop.call_later(CHECK_SECONDS, self._check_terminal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The application has ended by itself."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
        if self._check is not None:
            self._check.cancel()
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._attributes is not None:
            self._write(AFTER)

    @staticmethod
    def _fileno() -> int:
        assert sys.__stdin__ is not None
        return sys.__stdin__.fileno()

    def _check_terminal(self) -> None:
        try:
            termios.tcgetattr(self._fileno())
        except (termios.error, OSError):
            self._end(128 + signal.SIGHUP)
        else:
            self._check = asyncio.get_running_loop().call_later(CHECK_SECONDS, self._check_terminal)

    def _end(self, code: int) -> None:
        if self._watchdog is None:
            self._watchdog = threading.Timer(GRACE_SECONDS, self._force, (code,))
            self._watchdog.daemon = True
            self._watchdog.start()
            self._leave(code)

    def _force(self, code: int) -> None:
        try:
            self._write(RESTORE)
            if self._attributes is not None:
                with contextlib.suppress(termios.error, OSError):
                    termios.tcsetattr(self._fileno(), termios.TCSANOW, self._attributes)
            self._cleanup()
        finally:
            os._exit(code)

    @staticmethod
    def _write(data: bytes) -> None:
        # Not through the file object: its lock may be held by the writer thread that hangs.
        with contextlib.suppress(OSError):
            os.write(2, data)
