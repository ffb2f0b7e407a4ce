"""The differences through Textual's own driver and a real pseudo-terminal."""

from __future__ import annotations

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
from collections.abc import Callable, Iterator
from pathlib import Path

import pyte
import pytest

APP = """
from textual.app import ComposeResult
from textual.widgets import Static
from widgets.output import DiffOutput

class Counter(DiffOutput[None]):
    BINDINGS = [("n", "next", ""), ("s", "shell", ""), ("q", "quit", "")]
    number = 0
    def compose(self) -> ComposeResult:
        yield Static("count 0", id="count")
        yield Static("bottom of the screen", id="rest")
    def action_next(self) -> None:
        self.number += 1
        self.query_one("#count", Static).update(f"count {self.number}")
    def action_shell(self) -> None:
        with self.suspend():
            print("shell output", flush=True)

Counter().run()
"""


class Session:
    """A program on a pseudo-terminal, and what that shows."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.screen = pyte.Screen(40, 8)
        self.stream = pyte.ByteStream(self.screen)
        self.received = 0
        self.resize(40, 8)
        root = Path(__file__).parents[2]
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(root)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", APP],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            start_new_session=True,
        )
        os.close(slave)

    def resize(self, width: int, height: int) -> None:
        self.screen.resize(height, width)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def wait(self, condition: Callable[[list[str]], bool]) -> None:
        deadline = time.monotonic() + 20
        while not condition([line.rstrip() for line in self.screen.display]):
            assert time.monotonic() < deadline, self.screen.display
            if select.select([self.master], [], [], 0.1)[0]:
                data = os.read(self.master, 65536)
                self.received += len(data)
                # The emulator does not know the keyboard protocol, and would take it for text.
                self.stream.feed(data.replace(b"\x1b[>25u", b"").replace(b"\x1b[<u", b""))

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        os.close(self.master)


@pytest.fixture
def session() -> Iterator[Session]:
    running = Session()
    yield running
    running.close()


def test_updates_suspension_and_resizing(session: Session) -> None:
    def shows(number: int) -> Callable[[list[str]], bool]:
        return lambda lines: lines[:2] == [f"count {number}", "bottom of the screen"]

    session.wait(shows(0))
    before = session.received
    for number in range(1, 4):
        session.press("n")
        session.wait(shows(number))
    assert session.received - before < 3 * 100
    session.press("s")
    session.wait(lambda lines: any("shell output" in line for line in lines))
    session.wait(lambda lines: shows(3)(lines) and not any("shell output" in line for line in lines))
    session.press("n")
    session.wait(shows(4))
    session.screen.erase_in_display(2)
    session.resize(30, 6)
    # It is not the session leader's controlling terminal, so the kernel does not send this by itself.
    session.process.send_signal(signal.SIGWINCH)
    session.wait(shows(4))
