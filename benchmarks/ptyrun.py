"""Runs a full-screen program on a pty and watches what it writes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    Attributes:
        seconds: Wall time from the start of the process until the text was written, None when it never was.
        cpu: CPU seconds of the process and its children up to its end.
        written: Bytes it wrote until then.
    """

    seconds: float | None
    cpu: float
    written: int


def until_text(
    command: Sequence[str],
    text: bytes,
    *,
    env: Mapping[str, str],
    width: int = 160,
    height: int = 45,
    timeout: float = 20.0,
) -> Run:
    """Start the program and stop it as soon as it has written `text`."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    before = os.times()
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **env},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(slave)
    seen = bytearray()
    found: float | None = None
    while found is None and time.perf_counter() - started < timeout:
        ready, _, _ = select.select([master], [], [], 0.1)
        if not ready:
            continue
        try:
            data = os.read(master, 1 << 16)
        except OSError:
            break
        if not data:
            break
        seen += data
        if text in seen:
            found = time.perf_counter() - started
    process.send_signal(signal.SIGTERM)
    end = time.perf_counter() + 5
    while process.poll() is None:
        if time.perf_counter() > end:
            process.kill()
        ready, _, _ = select.select([master], [], [], 0.05)
        if ready:
            with contextlib.suppress(OSError):
                os.read(master, 1 << 16)
    os.close(master)
    after = os.times()
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Run(found, cpu, len(seen))
