"""Between a shell and who sits in front of it: input, output, window size, ^C; over a connection or into a log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tui.demo.logbook import STDERR, STDOUT

Write = Callable[[int, bytes], Awaitable[None]]


class Console:
    """The standard streams of a process. With `tty` lines end in CR LF, and ^C ends the foreground command."""

    def __init__(self, write: Write, *, tty: bool, rows: int = 24, columns: int = 80) -> None:
        """Send output through `write(stream, data)`."""
        self._write = write
        self.tty = tty
        self.rows = rows
        self.columns = columns
        self.resized = asyncio.Event()
        self.interrupted = False
        self._foreground: asyncio.Task[int] | None = None
        self._input = bytearray()
        self._ended = False
        self._arrived = asyncio.Event()

    def feed(self, data: bytes) -> None:
        """Input has arrived; b"" is its end."""
        if not data:
            self._ended = True
        if self.tty and self._foreground is not None and b"\x03" in data:
            data = data.rpartition(b"\x03")[2]
            self._input.clear()
            self.interrupted = True
            self._foreground.cancel()
        self._input += data
        self._arrived.set()

    async def byte(self) -> int | None:
        """The next byte of the input; None at its end."""
        while not self._input:
            if self._ended:
                return None
            self._arrived.clear()
            await self._arrived.wait()
        return self._input.pop(0)

    def resize(self, rows: int, columns: int) -> None:
        """The window has another size now."""
        self.rows, self.columns = rows, columns
        self.resized.set()

    async def out(self, text: str) -> None:
        """Print to standard output."""
        await self.raw(text.encode("utf-8", "surrogateescape"))

    async def err(self, text: str) -> None:
        """Print to standard error."""
        await self.raw(text.encode("utf-8", "surrogateescape"), STDERR)

    async def raw(self, data: bytes, stream: int = STDOUT) -> None:
        """Print bytes; a terminal turns \\n into \\r\\n and knows one stream only."""
        if not data:
            return
        if self.tty:
            await self._write(STDOUT, data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        else:
            await self._write(stream, data)

    async def foreground(self, work: Awaitable[int]) -> int:
        """Run a command that ^C may end; its exit code, 130 after ^C."""
        self.interrupted = False
        task = asyncio.ensure_future(work)
        self._foreground = task
        try:
            await asyncio.wait({task})
            if task.cancelled():
                await self.out("^C\n")
                return 130
            return task.result()
        finally:
            self._foreground = None
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
