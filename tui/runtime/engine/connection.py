"""One HTTP/1.1 connection: sends a request, parses the answer, holds the reader's backpressure.

A protocol and not a stream reader: half of aiohttp's CPU for a small answer (benchmarks/bench_http_parser.py). A
buffered one, because asyncio's plain read allocates 256 KiB each time (14 us against 2). The parser is httptools
(llhttp), which keeps to the standard where it is strict; limits and completeness are watched here.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections import deque
from typing import cast

import httptools

from tui.runtime.errors import ProtocolViolation, StreamBroken

HEAD_LIMIT = 64 << 10
"""Bytes of status line and headers; Go's own client accepts 1 MB, engines send 300 bytes."""
HIGH_WATER = 256 << 10
"""Bytes of body that wait for their reader before the socket is no longer read."""


READ_SIZE = 64 << 10
"""Bytes read at once, and held by each connection: 64 streams take 4 MB."""


class Connection(asyncio.BufferedProtocol):
    """A connection, used for one request at a time, by one reader and one writer."""

    def __init__(self) -> None:
        """Not connected yet: the event loop calls `connection_made`."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._space = memoryview(bytearray(READ_SIZE))
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._error: BaseException | None = None
        self._lost = False
        self._paused = False
        self._write_paused = False
        self._expecting = False
        self._head_done = False
        self._head_bytes = 0
        self._header_bytes = 0
        self._complete = False
        self._raw = False
        self._keep = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.used = False
        """Whether an answer has come over it: only then can it have gone stale."""
        self.answered = False
        """Whether any byte of the current answer has arrived."""

    # --- what the event loop calls -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to read into."""
        return self._space

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what has been read, or keep it as it is after an upgrade."""
        self.answered = True
        data = self._space[:nbytes]
        if self._raw:
            self.on_body(bytes(data))
        elif not self._expecting:
            self._fail(ProtocolViolation("the engine sent something that was not asked for"))
        else:
            self._parse(data)
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end of the body where the end of the connection is its mark, else a break."""
        self._lost = True
        if exc is not None:
            self._error = self._error or exc
        elif self._error is None and self._head_done and self._until_close():
            self._complete = True
        if not self._gone.done():
            self._gone.set_result(None)
        self._wake()
        self._wake_writer()

    def pause_writing(self) -> None:
        """The peer takes no more for now."""
        self._write_paused = True

    def resume_writing(self) -> None:
        """The peer takes more."""
        self._write_paused = False
        self._wake_writer()

    # --- what the parser calls -----------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A second answer behind the first, in one packet, must never become the answer to the next request."""
        if self._complete:
            self._fail(ProtocolViolation("the engine sent something that was not asked for"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; a later one of the same name wins, as none that we read may come twice."""
        if self._complete:
            return
        self._header_bytes += len(name) + len(value)
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The status is known."""
        if self._complete:
            return
        self.status = self._parser.get_status_code()
        if self.status >= 200 or self.status == 101:
            self._head_done = True

    def on_body(self, data: bytes) -> None:
        """Keep it for the reader; stop reading the socket when too much waits."""
        if self._complete:
            return
        self._chunks.append(data)
        self._buffered += len(data)
        if self._buffered > HIGH_WATER and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        """The answer's own terminator; an interim answer (100, 103) is followed by the real one."""
        if not self._head_done:
            self.headers.clear()
            self._head_bytes = self._header_bytes = 0
        elif self.status != 101:
            self._complete = True
            self._expecting = False
            # Asked for here: the parser forgets it once the message is over.
            self._keep = self._parser.should_keep_alive()

    # --- what the transport calls --------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send a request and expect its answer.

        Raises:
            ConnectionResetError: when the connection is known to be closed: nothing has been sent then.
        """
        if self._transport is None or not self.alive:
            raise ConnectionResetError("the connection was closed")
        self.status = 0
        self.headers = {}
        self.answered = False
        self._expecting = True
        self._head_done = self._complete = self._keep = False
        self._head_bytes = self._header_bytes = 0
        self._transport.write(data)

    async def head(self) -> None:
        """Wait for status and headers.

        Raises:
            StreamBroken: when the connection ended before them.
        """
        while not self._head_done:
            self._raise_if_over("the engine closed the connection without an answer")
            await self._wait()

    async def read(self) -> bytes:
        """All of the body that has arrived, at least a byte; b"" at its proper end.

        Raises:
            StreamBroken: when the connection ended in the middle.
        """
        while True:
            if self._chunks:
                data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
                self._chunks.clear()
                self._buffered = 0
                if self._paused and self._transport is not None:
                    self._paused = False
                    self._transport.resume_reading()
                return data
            if self._complete:
                return b""
            self._raise_if_over("the connection ended in the middle of the answer")
            await self._wait()

    async def write(self, data: bytes) -> None:
        """Send raw bytes after an upgrade; wait while the peer does not take them."""
        if self._transport is None or self._lost or self._complete:
            raise BrokenPipeError("the other side has closed the connection")
        self._transport.write(data)
        while self._write_paused and not self._lost:
            self._writer = self._loop.create_future()
            try:
                await self._writer
            finally:
                self._writer = None

    @property
    def alive(self) -> bool:
        """Whether it is open, as far as this side knows."""
        return not self._lost and self._error is None and not (self._transport is None or self._transport.is_closing())

    @property
    def reusable(self) -> bool:
        """Whether another request can follow: the answer is complete, read, and both sides keep it open."""
        return self.alive and self._complete and not self._raw and not self._chunks and self._keep

    def stale(self) -> bool:
        """Whether the peer has closed it, or sent junk, which the event loop has not told yet (1 us)."""
        sock = None if self._transport is None else self._transport.get_extra_info("socket")
        if sock is None or not self.alive:
            return True
        return _readable(sock)

    def abort(self) -> None:
        """Close at once, dropping what is buffered."""
        if self._transport is not None:
            self._transport.abort()

    async def gone(self) -> None:
        """Wait until the socket is closed."""
        await asyncio.shield(self._gone)

    # --- inside --------------------------------------------------------------------------------------------

    def _parse(self, data: memoryview) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._raw = True
            rest = bytes(data[int(upgrade.args[0]) :])
            if rest:
                self.on_body(rest)
        except httptools.HttpParserError as exc:
            self._fail(exc)
        if not self._head_done:
            self._head_bytes += len(data)
        if max(self._head_bytes, self._header_bytes) > HEAD_LIMIT:
            self._fail(ProtocolViolation(f"more than {HEAD_LIMIT} bytes of headers"))

    def _until_close(self) -> bool:
        """Whether the end of the connection is the end of this body."""
        if self._raw:
            return True
        return "content-length" not in self.headers and "chunked" not in self.headers.get("transfer-encoding", "")

    def _fail(self, exc: BaseException) -> None:
        self._error = self._error or exc
        self.abort()

    def _raise_if_over(self, detail: str) -> None:
        if self._error is not None:
            raise self._error
        if self._lost:
            raise StreamBroken(detail)

    async def _wait(self) -> None:
        if self._reader is not None:
            raise RuntimeError("two readers on one connection")
        self._reader = self._loop.create_future()
        try:
            await self._reader
        finally:
            self._reader = None

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)

    def _wake_writer(self) -> None:
        if self._writer is not None and not self._writer.done():
            self._writer.set_result(None)


def _readable(sock: socket.socket) -> bool:
    """Whether a read would not block: data, an end, or an error."""
    poller = select.poll()
    poller.register(sock.fileno(), select.POLLIN)
    return bool(poller.poll(0))
