"""The standard streams of a container's own process, for the clients that attach to it."""

from __future__ import annotations

import contextlib

from tui.demo.console import Console, Write


class Terminal:
    """Output goes to every client, input comes from any of them; what is typed before the process runs waits for it."""

    def __init__(self) -> None:
        """Begin without clients and without a process."""
        self.clients: set[Write] = set()
        self._console: Console | None = None
        self._typed = bytearray()

    def begin(self, console: Console) -> None:
        """The process runs now."""
        self._console = console
        if self._typed:
            console.feed(bytes(self._typed))
            self._typed.clear()

    def end(self) -> None:
        """The process has ended."""
        self._console = None

    def feed(self, data: bytes) -> None:
        """A client has typed."""
        if self._console is not None:
            self._console.feed(data)
        else:
            self._typed += data

    def resize(self, rows: int, columns: int) -> None:
        """A client has another size."""
        if self._console is not None:
            self._console.resize(rows, columns)

    async def write(self, stream: int, data: bytes) -> None:
        """The process has printed."""
        for client in list(self.clients):
            with contextlib.suppress(ConnectionError):  # it has just gone
                await client(stream, data)
