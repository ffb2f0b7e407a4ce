"""HTTP/1.1 to one engine: a small keep-alive pool, one-shot requests, streamed and upgraded answers.

Every exception leaves here as one of `tui.runtime.errors`. Cancelling a call closes its socket at once: a
connection goes back to the pool only with its answer complete and read.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from tui.runtime.engine.connection import Connection
from tui.runtime.engine.dial import Dialer
from tui.runtime.engine.faults import TLS_HINT, translate
from tui.runtime.errors import (
    ApiError,
    Closed,
    EngineUnreachable,
    InvalidRequest,
    ProtocolViolation,
    StreamBroken,
    TlsFailed,
    api_error,
)

if TYPE_CHECKING:
    from tui.runtime.endpoints import Endpoint

ANSWER_TIMEOUT = 10.0
"""Seconds for a whole one-shot answer. A list of 1,000 containers takes dockerd 60 ms."""
ANSWER_LIMIT = 256 << 20
"""Bytes of a one-shot answer: a list of 1,000 containers is 2 MB."""
MESSAGE_LIMIT = 1 << 20
"""Bytes of an error message that are read."""
IDLE_LIMIT = 8
"""Idle connections that are kept."""
PARALLEL_GETS = 32
"""Reads at the same time: more only queue inside the engine, and each costs a descriptor on both sides."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request, not yet sent.

    Attributes:
        operation: Its id in the Engine API's words; what is counted and what errors name.
        method: The HTTP method.
        path: The path below the API version, its segments already quoted (`segment`).
        query: Parameters; None values are left out, booleans are sent as 1 and 0.
        body: What is sent as JSON, or None.
        headers: Further headers.
        target: What errors call the object, as the caller gave it.
        version: What stands before the path; "" for the agreed version of the API.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, str | int | bool | None] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    target: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer with a status below 400."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def segment(value: str, *, keep: str = "") -> str:
    """`value` as part of a path, percent-encoded so that it cannot become another path.

    Raises:
        InvalidRequest: when it is empty, or has parts that a server resolves before it routes ("..").
    """
    if not value.strip():
        raise InvalidRequest("an empty id or name")
    if any(part in ("", ".", "..") for part in value.removeprefix("/").split("/")):
        raise InvalidRequest(f"not an id or a name: {value!r}")
    return quote(value.removeprefix("/"), safe=keep)


class Transport:
    """All connections to one engine."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Nothing is opened yet.

        Raises:
            BackendUnavailable: for a scheme that nothing here can reach.
            InvalidRequest: for a malformed URL.
        """
        self._dialer = Dialer(endpoint)
        self._idle: list[Connection] = []
        self._active: set[Connection] = set()
        self._gets = asyncio.Semaphore(PARALLEL_GETS)
        self._closed = False
        self.endpoint = endpoint.url
        self.version_prefix = ""
        """``/v1.41`` once the version is agreed on."""
        self.requests: Counter[str] = Counter()
        self.open_streams: Counter[str] = Counter()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed

    @property
    def connections(self) -> int:
        """Connections that are open, idle ones included."""
        return len(self._idle) + len(self._active)

    async def request(self, request: Request, *, timeout: float | None = ANSWER_TIMEOUT) -> Answer:
        """Send, and read the whole answer within `timeout` seconds (None: however long it takes).

        A GET whose kept connection turns out to be closed before the first byte of an answer is sent once more,
        on a new one. Nothing else is ever sent twice.

        Raises:
            RuntimeFault: every failure, statuses of 400 and above included.
        """
        with translate(request.operation, request.target, self.endpoint):
            self._check_open()
            self.requests[request.operation] += 1
            if request.method != "GET":
                return await self._within(timeout, request)
            async with self._gets:
                return await self._within(timeout, request)

    async def json(self, request: Request, *, timeout: float | None = ANSWER_TIMEOUT) -> Any:
        """`request`, its answer decoded."""
        answer = await self.request(request, timeout=timeout)
        with translate(request.operation, request.target, self.endpoint):
            return json.loads(answer.body)

    def stream(self, request: Request, *, head_timeout: float | None = ANSWER_TIMEOUT, lenient: bool = False) -> Stream:
        """An answer that is read piece by piece, on a connection of its own.

        Args:
            request: What to send.
            head_timeout: Seconds until status and headers must have come; None for no limit.
            lenient: Whether entering succeeds when they have not come by then; the first read waits for them.
        """
        return Stream(self, request, head_timeout, lenient)

    async def close(self) -> None:
        """Close every connection, and wait until they are. Idempotent."""
        self._closed = True
        connections = [*self._idle, *self._active]
        self._idle.clear()
        for connection in connections:
            connection.abort()
        for connection in connections:
            await connection.gone()

    # --- for Stream -----------------------------------------------------------------------------------------

    async def open(self) -> Connection:
        """A new connection, counted as active until `release`."""
        self._check_open()
        connection = await self._dialer.open()
        if self._closed:
            connection.abort()
            raise Closed("the runtime was closed")
        self._active.add(connection)
        return connection

    def release(self, connection: Connection) -> None:
        """Keep a connection for the next request if it can be, else close it at once."""
        self._active.discard(connection)
        if connection.reusable and not self._closed and len(self._idle) < IDLE_LIMIT:
            connection.used = True
            self._idle.append(connection)
        else:
            connection.abort()

    def encode(self, request: Request) -> bytes:
        """The request as bytes, in one piece: one write, one packet."""
        query = {
            key: ("1" if value else "0") if isinstance(value, bool) else value
            for key, value in request.query.items()
            if value is not None
        }
        version = request.version or self.version_prefix
        path = self._dialer.base + version + request.path + (f"?{urlencode(query)}" if query else "")
        body = b"" if request.body is None else json.dumps(request.body).encode()
        head = [f"{request.method} {path} HTTP/1.1", f"Host: {self._dialer.host_header}", "User-Agent: portside"]
        if request.body is not None:
            head.append("Content-Type: application/json")
        # A body that follows in chunks has no length (see `upload`).
        if "Transfer-Encoding" not in request.headers and (body or request.method in ("POST", "PUT")):
            head.append(f"Content-Length: {len(body)}")
        head.extend(f"{name}: {value}" for name, value in request.headers.items())
        if any("\r" in line or "\n" in line for line in head):
            raise InvalidRequest("a line end in a header")
        return "\r\n".join((*head, "", "")).encode("latin-1") + body

    async def body(self, connection: Connection, limit: int) -> bytes:
        """The rest of the answer.

        Raises:
            ProtocolViolation: when it has more than `limit` bytes.
        """
        pieces: list[bytes] = []
        size = 0
        while data := await connection.read():
            pieces.append(data)
            size += len(data)
            if size > limit:
                raise ProtocolViolation(f"an answer of more than {limit} bytes")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def refusal(self, connection: Connection, body: bytes) -> ApiError | ProtocolViolation | None:
        """The error that a status says, None for success (304 is "already so")."""
        status = connection.status
        if status < 300 or status == 304:
            return None
        if status < 400:
            return ProtocolViolation(f"the engine redirects to {connection.headers.get('location', 'nowhere')}")
        return api_error(status, _message(body) or f"HTTP status {status}")

    # --- inside --------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise Closed("the runtime was closed")

    async def _within(self, timeout: float | None, request: Request) -> Answer:
        data = self.encode(request)
        try:
            async with asyncio.timeout(timeout):
                while True:
                    connection = self._kept() or await self.open()
                    answer = await self._exchange(connection, data, again=request.method == "GET")
                    if answer is not None:
                        return answer
        except TimeoutError as exc:
            if timeout is None or (exc.args and isinstance(exc.args[0], str)):
                raise
            raise TimeoutError(f"no answer within {timeout:g} s") from exc

    def _kept(self) -> Connection | None:
        """An idle connection that is still open; the last used first, so that the others can age."""
        while self._idle:
            connection = self._idle.pop()
            if connection.stale():
                connection.abort()
                continue
            self._active.add(connection)
            return connection
        return None

    async def _exchange(self, connection: Connection, data: bytes, *, again: bool) -> Answer | None:
        """One request and its answer; None when it may be sent once more."""
        try:
            connection.send(data)
            await connection.head()
            body = await self.body(connection, ANSWER_LIMIT)
        except (StreamBroken, ConnectionError) as exc:
            if self._closed:
                raise Closed("the runtime was closed") from exc
            if again and connection.used and not connection.answered:
                return None
            if connection.answered:
                raise
            if self._dialer.secure and not connection.used:
                # In TLS 1.3 a client's certificate is judged after the handshake, and the reset that follows can
                # overtake the alert that says why. An engine that has just died looks the same: worth a retry.
                refused = TlsFailed("the engine hung up after the TLS handshake", hint=TLS_HINT)
                refused.retryable = True
                raise refused from exc
            raise EngineUnreachable("the engine closed the connection without an answer") from exc
        finally:
            self.release(connection)
        refusal = self.refusal(connection, body)
        if refusal is not None:
            raise refusal
        return Answer(connection.status, connection.headers, body)


class Stream:
    """One streamed answer. Entered: the engine accepted it. Left or cancelled: its socket is closed."""

    def __init__(self, transport: Transport, request: Request, head_timeout: float | None, lenient: bool) -> None:
        """Made by `Transport.stream`."""
        self._owner = transport
        self._request = request
        self.operation = request.operation
        self.target = request.target
        self.endpoint = transport.endpoint
        self._head_timeout = head_timeout
        self._lenient = lenient
        self._connection: Connection | None = None
        self._accepted = False

    async def __aenter__(self) -> Stream:
        """Send, and wait until the engine accepts or refuses."""
        request = self._request
        with translate(request.operation, request.target, self._owner.endpoint):
            # Encoded first: what it refuses must not leave a connection behind.
            data = self._owner.encode(request)
            self._connection = connection = await self._owner.open()
            self._owner.requests[request.operation] += 1
            self._owner.open_streams[request.operation] += 1
            try:
                connection.send(data)
                await self._accept(connection)
            except BaseException:
                self._leave()
                raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the socket."""
        self._leave()

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer, names in lower case; empty before it has come and after it was left."""
        return self._connection.headers if self._connection is not None else {}

    async def read(self) -> bytes:
        """The next bytes of the body, b"" at its proper end.

        Raises:
            StreamBroken: when the connection ended in the middle.
            Closed: when the stream was left or the runtime closed.
        """
        with translate(self._request.operation, self._request.target, self._owner.endpoint):
            connection = self._opened()
            try:
                if not self._accepted:
                    await connection.head()
                    await self._check(connection)
                return await connection.read()
            except (StreamBroken, ConnectionError) as exc:
                self._opened(exc)
                raise

    async def write(self, data: bytes) -> None:
        """Send bytes over an upgraded connection; waits while the engine does not take them."""
        with translate(self._request.operation, self._request.target, self._owner.endpoint):
            await self._opened().write(data)

    def _opened(self, cause: BaseException | None = None) -> Connection:
        self._owner._check_open()
        if self._connection is None:
            raise Closed("the stream was closed") from cause
        return self._connection

    async def _accept(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(self._head_timeout):
                await connection.head()
        except TimeoutError as exc:
            if self._lenient:
                return
            raise TimeoutError(f"no answer within {self._head_timeout:g} s") from exc
        await self._check(connection)

    async def _check(self, connection: Connection) -> None:
        if connection.status >= 300:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                refusal = self._owner.refusal(connection, await self._owner.body(connection, MESSAGE_LIMIT))
            if refusal is not None:
                raise refusal
        self._accepted = True

    def _leave(self) -> None:
        if self._connection is None:
            return
        operation = self._request.operation
        self._owner.open_streams[operation] -= 1
        if not self._owner.open_streams[operation]:
            del self._owner.open_streams[operation]
        connection, self._connection = self._connection, None
        self._owner.release(connection)


def _message(body: bytes) -> str:
    """The engine's own words: ``message`` of its JSON answer, or the text of a proxy's."""
    text = body.decode("utf-8", "replace").strip()
    try:
        value = json.loads(text)
    except ValueError:
        return text[:2000]
    if isinstance(value, dict):
        return str(value.get("message") or value.get("cause") or text[:2000])
    return text[:2000]
