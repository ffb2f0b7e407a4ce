"""Runs a full-screen program on a pseudo-terminal of its own and watches what it writes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

WIDTH, HEIGHT = 160, 45
_CHUNK = 1 << 16


class Terminal:
    """A program on a terminal of 160 x 45. A context manager: leaving it ends the program.

    Attributes:
        started: When it was started, on the clock of `time.perf_counter`.
        pid: Its process.
        written: How many bytes it has written so far.
    """

    def __init__(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start the program with exactly this environment."""
        self.written = 0
        self._seen = bytearray()
        self._cpu: float | None = None
        environment = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", **env}
        self.started = time.perf_counter()
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
                os.execve(command[0], list(command), environment)
            finally:
                os._exit(127)

    def __enter__(self) -> Terminal:
        """The program runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.end()

    def wait_for(self, text: re.Pattern[bytes], timeout: float = 30.0) -> float:
        """Wait until what was written since the last call matches.

        Returns:
            When it did, on the clock of `time.perf_counter`: once the bytes had arrived here.

        Raises:
            TimeoutError: when that does not happen within `timeout` seconds, with the end of what was written.
        """
        end = time.perf_counter() + timeout
        while True:
            now = time.perf_counter()
            if text.search(self._seen):
                self._seen.clear()
                return now
            if now > end or not self._read(end - now):
                raise TimeoutError(f"{text.pattern!r} is not in what was written: {bytes(self._seen[-2000:])!r}")

    def watch(self, seconds: float) -> int:
        """Let it run for so long; the bytes that it wrote meanwhile."""
        before = self.written
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)
        self._seen.clear()
        return self.written - before

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._master, keys)

    def cpu(self) -> float:
        """CPU seconds of the process so far, user and system, all threads."""
        fields = _stat(self.pid)
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> float:
        """End the program; the CPU seconds that it and its children took. Idempotent."""
        if self._cpu is None:
            self._cpu = self._reap()
            os.close(self._master)
        return self._cpu

    def _reap(self) -> float:
        os.kill(self.pid, signal.SIGTERM)
        killed_at = time.perf_counter() + 5
        while True:
            pid, _, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                return usage.ru_utime + usage.ru_stime
            if time.perf_counter() > killed_at:
                os.kill(self.pid, signal.SIGKILL)
            # What it writes while ending has to be read, or it waits for us.
            self._read(0.02)

    def _read(self, timeout: float) -> bool:
        """Take what there is within `timeout` seconds; False once the program has closed its terminal."""
        ready, _, _ = select.select([self._master], [], [], timeout)
        if not ready:
            return True
        data = b""
        with contextlib.suppress(OSError):  # EIO: nobody has the other end open
            data = os.read(self._master, _CHUNK)
        self.written += len(data)
        self._seen += data
        if not data:
            time.sleep(0.01)
        return bool(data)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
