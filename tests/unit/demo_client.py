"""A client for the demo engine's tests: raw HTTP over asyncio streams, nothing of the adapter."""

from __future__ import annotations

import asyncio
import json
import struct
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tui.demo.engine import DemoEngine

TIMEOUT = 10.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.body.splitlines() if line.strip()]

    @property
    def message(self) -> str:
        return str(self.json["message"])


def filters(**values: str | list[str]) -> str:
    wanted = {key: [value] if isinstance(value, str) else value for key, value in values.items()}
    return f"filters={quote(json.dumps(wanted))}"


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
    return int(first.split(" ")[1]), {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}


async def send(
    writer: asyncio.StreamWriter, method: str, target: str, body: object = None, *, upgrade: bool = False
) -> None:
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"{method} {target} HTTP/1.1\r\nHost: demo\r\n"
    if data:
        head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    if upgrade:
        head += "Connection: Upgrade\r\nUpgrade: tcp\r\n"
    writer.write(head.encode() + b"\r\n" + data)
    await writer.drain()


class Stream:
    """A streamed or hijacked answer; read as much of it as wanted."""

    def __init__(
        self, demo: DemoEngine, method: str, target: str, body: object = None, *, upgrade: bool = False
    ) -> None:
        self._path = str(demo.socket_path)
        self._request = (method, target, body)
        self._upgrade = upgrade
        self.status = 0
        self.headers: dict[str, str] = {}
        self._buffer = b""

    async def __aenter__(self) -> Stream:
        self.reader, self.writer = await asyncio.open_unix_connection(self._path)
        await send(self.writer, *self._request, upgrade=self._upgrade)
        async with asyncio.timeout(TIMEOUT):
            self.status, self.headers = await _head(self.reader)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)

    async def write(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self) -> bytes:
        async with asyncio.timeout(TIMEOUT):
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            return (await self.reader.readexactly(size + 2))[:-2]

    async def until(self, text: bytes) -> bytes:
        """Raw bytes up to and including `text`."""
        async with asyncio.timeout(TIMEOUT):
            while text not in self._buffer:
                data = await self.reader.read(65536)
                assert data, f"the stream ended before {text!r}: {self._buffer!r}"
                self._buffer += data
        end = self._buffer.index(text) + len(text)
        found, self._buffer = self._buffer[:end], self._buffer[end:]
        return found

    async def rest(self) -> bytes:
        async with asyncio.timeout(TIMEOUT):
            found, self._buffer = self._buffer + await self.reader.read(), b""
        return found


async def call(demo: DemoEngine, method: str, target: str, body: object = None) -> Answer:
    """One request on a connection of its own; the whole answer."""
    async with Stream(demo, method, target, body) as stream:
        data = b""
        if stream.headers.get("transfer-encoding") == "chunked":
            while part := await stream.chunk():
                data += part
        elif method != "HEAD":
            async with asyncio.timeout(TIMEOUT):
                data = await stream.reader.readexactly(int(stream.headers.get("content-length", 0)))
        return Answer(stream.status, stream.headers, data)


def frames(data: bytes) -> list[tuple[int, bytes]]:
    """Split the multiplexed format."""
    found = []
    while data:
        kind, size = struct.unpack(">BxxxI", data[:8])
        assert len(data) >= 8 + size
        found.append((kind, data[8 : 8 + size]))
        data = data[8 + size :]
    return found


async def eventually(condition: object, what: str) -> None:
    """Wait until the callable is true."""
    assert callable(condition)
    try:
        async with asyncio.timeout(TIMEOUT):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"not in {TIMEOUT} s: {what}") from None
