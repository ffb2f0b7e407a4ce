"""A scripted HTTP server on a unix socket: the tests say byte by byte what an engine answers."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tui.runtime.endpoints import Endpoint
from tui.runtime.engine.transport import Transport


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something that has no event of its own is so.

    Raises:
        TimeoutError: when it is not by then.
    """
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.002)


@dataclass(frozen=True)
class Seen:
    """A request as it came, with the number of its connection and of the request on it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    turn: int
    reader: asyncio.StreamReader


Handler = Callable[[Seen, asyncio.StreamWriter], Awaitable[bool]]
"""Answers one request; False closes the connection."""


class ScriptedEngine:
    """The server."""

    def __init__(self, path: Path, handler: Handler) -> None:
        self._path = path
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()
        self.endpoint = Endpoint(url=f"unix://{path}", name="scripted", source="test")
        self.seen: list[Seen] = []
        self.accepted = 0
        self.open = 0

    async def closed(self) -> None:
        """Wait until every client's connection has ended."""
        async with asyncio.timeout(5):
            while self.open:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        number, turn = self.accepted, 0
        self.accepted += 1
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode().split("\r\n")
                method, path, _ = first.split(" ")
                headers = {
                    name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                seen = Seen(method, path, headers, body, number, turn, reader)
                self.seen.append(seen)
                turn += 1
                if not await self._handler(seen, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client has gone, or the test is over: both are ends of a connection
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.transport.abort()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[ScriptedEngine]:
        """Listen, and end every connection after."""
        server = await asyncio.start_unix_server(self._serve, self._path)
        try:
            yield self
        finally:
            server.close()
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)


def answer(body: object = None, status: int = 200, **headers: str) -> bytes:
    """A complete answer with a length."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + data


def chunk(data: bytes) -> bytes:
    """One chunk; of b"" the terminator."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def always(*pieces: bytes, keep: bool = True) -> Handler:
    """Answers every request the same way, in these writes."""

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return keep

    return handler


async def forever(seen: Seen, writer: asyncio.StreamWriter) -> bool:
    await seen.reader.read()
    return False


@contextlib.asynccontextmanager
async def connected(path: Path, handler: Handler) -> AsyncIterator[tuple[ScriptedEngine, Transport]]:
    """A scripted engine and a transport to it; after, everything is closed on both sides."""
    engine = ScriptedEngine(path, handler)
    async with engine.running():
        transport = Transport(engine.endpoint)
        try:
            yield engine, transport
        finally:
            await transport.close()
            await engine.closed()
