"""HTTP/1.1 as far as an engine needs it: read requests from a stream, write answers, chunks and hijacked streams.

Written for the demo alone: the client under test must not meet its own mistakes here.
"""

from __future__ import annotations

import asyncio
import json
import select
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote

from tui.demo.errors import ApiError

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 16 << 20


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names in lower case, `path` decoded and without the version prefix."""

    method: str
    target: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool
    version: str = ""

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean of the query, read as dockerd does: empty, 0, no, false and none are false."""
        value = self.query.get(name)
        return default if value is None else value.strip().lower() not in ("", "0", "no", "false", "none")

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number of the query.

        Raises:
            ApiError: 400 for something else.
        """
        text = self.query.get(name, "")
        if not text:
            return default
        try:
            return int(text)
        except ValueError:
            raise ApiError(400, f'strconv.Atoi: parsing "{text}": invalid syntax') from None

    def json(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            ApiError: 400 for another content type, no body or bad JSON.
        """
        kind = self.headers.get("content-type", "")
        if self.body and kind.partition(";")[0].strip() != "application/json":
            raise ApiError(400, f"unsupported Content-Type header ({kind}): must be 'application/json'")
        if not self.body:
            raise ApiError(400, "invalid JSON: got EOF while reading request body")
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise ApiError(400, f"invalid JSON: {error}") from None
        if not isinstance(value, dict):
            raise ApiError(400, "invalid JSON: cannot unmarshal into an object")
        return value


@dataclass(slots=True)
class Response:
    """An answer: with a body, with a stream of chunks, or with a hijacked connection (one of the three)."""

    status: int = 200
    body: bytes = b""
    content_type: str = ""
    stream: AsyncIterator[bytes] | None = None
    hijack: Callable[[Duplex], Awaitable[None]] | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Duplex:
    """A hijacked connection: bytes in both directions."""

    def __init__(
        self, reader: asyncio.StreamReader, write: Callable[[bytes], Awaitable[None]], descriptor: int
    ) -> None:
        """Wrap the two directions of a connection and its socket's descriptor."""
        self._reader = reader
        self._descriptor = descriptor
        self.write = write

    async def read(self) -> bytes:
        """Return what the client sent next, b"" once it has closed its half."""
        return await self._reader.read(65536)

    async def gone(self) -> None:
        """Return when the client has closed both halves.

        A client may close its own half and still want the output (`docker run` does), and the event loop does not
        tell the two apart: so the socket is asked, ten times a second.
        """
        poller = select.poll()
        poller.register(self._descriptor, 0)  # hang-ups are always reported
        while True:
            if poller.poll(0):
                return
            await asyncio.sleep(0.1)


def json_response(value: object, status: int = 200) -> Response:
    """An answer with a JSON body, ended by a newline as Go's encoder does."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"
    return Response(status, body, "application/json")


def error_response(status: int, message: str) -> Response:
    """An answer in the engine's form for errors."""
    return json_response({"message": message}, status)


class BadRequest(Exception):
    """What arrived is not HTTP."""


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Read one request; None when the client has closed the connection in between.

    Raises:
        BadRequest: malformed or too large.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial.strip():
            raise BadRequest("connection closed within a request") from error
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequest("request header too large") from error
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise BadRequest(f"malformed request line {first!r}")
    method, target, protocol = parts
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(f"malformed header {line!r}")
        headers[name.lower()] = value.strip()
    body = await _read_body(reader, headers)
    raw_path, _, raw_query = target.partition("?")
    query = {key: values[0] for key, values in parse_qs(raw_query, keep_blank_values=True).items()}
    closing = headers.get("connection", "").lower() == "close" or protocol == "HTTP/1.0"
    return Request(method, target, unquote(raw_path), query, headers, body, not closing)


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    try:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await _read_chunks(reader)
        length = int(headers.get("content-length") or 0)
        if not 0 <= length <= BODY_LIMIT:
            raise BadRequest(f"body of {length} bytes")
        return await reader.readexactly(length)
    except (ValueError, asyncio.IncompleteReadError) as error:
        raise BadRequest("malformed body") from error


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        if len(body) + size > BODY_LIMIT:
            raise BadRequest("body too large")
        body += (await reader.readexactly(size + 2))[:size]
        if size == 0:
            return body


def head_bytes(status: int, headers: Mapping[str, str]) -> bytes:
    """A status line and headers."""
    reason = "UPGRADED" if status == 101 else HTTPStatus(status).phrase
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; of no bytes: its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)
