"""A real terminal for tests: a process on a pty, its output through a terminal emulator."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyte

ROOT = Path(__file__).resolve().parents[2]


class Gone(AssertionError):
    """What was waited for did not come; the message shows the screen."""


ALTERNATE = 1049


class Screen(pyte.Screen):
    """pyte's screen, with what it lacks: an alternate screen, and a memory of which modes are on."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.private: set[int] = set()
        self._main: tuple[Any, Any] | None = None

    def set_mode(self, *modes: int, **kwargs: bool) -> None:
        if kwargs.get("private"):
            if ALTERNATE in modes and ALTERNATE not in self.private:
                self._main = copy.deepcopy((self.buffer, self.cursor))
                self.erase_in_display(2)
            self.private |= set(modes)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: bool) -> None:
        if kwargs.get("private"):
            if ALTERNATE in modes and self._main is not None:
                self.buffer, self.cursor = self._main
                self._main = None
                self.dirty.update(range(self.lines))
            self.private -= set(modes)
        super().reset_mode(*modes, **kwargs)


class Terminal:
    """One program on a pty of its own, which is its controlling terminal."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        width: int = 80,
        height: int = 24,
        env: Mapping[str, str] | None = None,
        controlling: bool = True,
    ) -> None:
        self.width, self.height = width, height
        self.screen = Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = bytearray()
        self._master, slave = pty.openpty()
        self._size(slave, width, height)
        self.modes_before = termios.tcgetattr(slave)
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
        environment.pop("NO_COLOR", None)
        environment.update(env or {})
        self.process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            cwd="/",
            start_new_session=True,
            preexec_fn=(lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)) if controlling else None,
        )
        self.slave: int | None = slave

    @staticmethod
    def _size(fd: int, width: int, height: int) -> None:
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    # ---------------------------------------------------------------- doing

    def send(self, keys: str | bytes) -> None:
        os.write(self._master, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.screen.resize(height, width)
        self._size(self._master, width, height)

    def hang_up(self) -> None:
        """Close the terminal, as a lost SSH connection does."""
        if self.slave is not None:
            os.close(self.slave)
            self.slave = None
        os.close(self._master)
        self._master = -1

    def kill(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    # ---------------------------------------------------------------- seeing

    def pump(self, seconds: float = 0.05) -> None:
        """Take in what the program writes for this long, or until it has ended."""
        end = time.monotonic() + seconds
        while self._master >= 0:
            ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                return
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                return
            if not data:
                return
            self.raw += data
            # pyte 0.8 does not know the kitty keyboard sequences (CSI > u, CSI < u) and would print their letters.
            self._stream.feed(data.replace(b"\x1b[<u", b"").replace(b"\x1b[>25u", b""))

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait(self, condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Gone(f"no {what} within {seconds} s; the screen:\n{self.text}")
            if self.process.poll() is not None:
                self.pump(0.2)
                if condition():
                    return
                raise Gone(f"the program ended ({self.process.returncode}) before {what}; the screen:\n{self.text}")
            self.pump()

    def wait_for(self, text: str, seconds: float = 20.0) -> None:
        self.wait(lambda: text in self.text, repr(text), seconds)

    def wait_gone(self, text: str, seconds: float = 20.0) -> None:
        self.wait(lambda: text not in self.text, f"end of {text!r}", seconds)

    def wait_exit(self, seconds: float = 15.0) -> int:
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise Gone(f"still running after {seconds} s; the screen:\n{self.text}")
            if self._master >= 0:
                self.pump()
            else:
                select.select([], [], [], 0.05)
        if self._master >= 0:
            self.pump(0.2)
        return self.process.returncode

    # ---------------------------------------------------------------- ending

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        self.process.wait()
        for fd in (self.slave, self._master):
            if fd is not None and fd >= 0:
                os.close(fd)


def portside(
    *arguments: str,
    width: int = 80,
    height: int = 24,
    env: Mapping[str, str] | None = None,
    controlling: bool = True,
) -> Terminal:
    """Portside on a terminal, which is its controlling one unless said otherwise."""
    command = [sys.executable, "-m", "tui", *arguments]
    return Terminal(command, width=width, height=height, env=env, controlling=controlling)


# Mouse (1000, 1002, 1003, 1006, 1015, 1016), focus events, bracketed paste, alternate screen, in-band resize.
LEFT_ON = {1000, 1002, 1003, 1004, 1006, 1015, 1016, 1049, 2004, 2048}


def assert_restored(terminal: Terminal) -> None:
    on = LEFT_ON & terminal.screen.private
    assert not on, f"still on: {on}"
    assert not terminal.screen.cursor.hidden
    assert terminal.slave is not None
    modes = termios.tcgetattr(terminal.slave)
    before = terminal.modes_before
    assert modes[:4] == before[:4], "input, output, control or line modes were not restored"
    assert [modes[6][at] for at in (termios.VMIN, termios.VTIME)] == [
        before[6][at] for at in (termios.VMIN, termios.VTIME)
    ]
    assert terminal.raw.count(b"\x1b[<u") >= terminal.raw.count(b"\x1b[>25u"), "kitty's keyboard modes were left on"
