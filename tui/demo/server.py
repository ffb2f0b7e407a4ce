"""The unix socket: connections, keep-alive, routing, streamed and hijacked answers, faults, a clean end."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tui.demo.errors import ApiError
from tui.demo.faults import Faults, Rule
from tui.demo.http import (
    HEAD_LIMIT,
    BadRequest,
    Duplex,
    Request,
    Response,
    chunk,
    error_response,
    head_bytes,
    read_request,
)

API_VERSION = "1.47"
MIN_API_VERSION = "1.24"
ENGINE_VERSION = "28.0.0-demo"
LOG_KEPT = 10_000
"""Requests of which the method and target are remembered."""

Handler = Callable[[Request, Mapping[str, str]], Awaitable[Response]]
Routes = list[tuple[str, str, Handler]]
"""Method, path template such as `/containers/{id}/json`, and who answers. `{name*}` may contain slashes."""

COMMON = {
    "Api-Version": API_VERSION,
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Server": f"Docker/{ENGINE_VERSION} (linux)",
}


class _Dropped(Exception):
    """The connection is to be dropped now, by a fault."""


def _pattern(template: str) -> re.Pattern[str]:
    text = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", template)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text))


class Server:
    """Serves the routes on a socket file.

    Attributes:
        requests: how often each (method, path template) was asked for.
        request_log: the last 10,000 requests as (method, target).
        open_streams: streams and hijacked connections open now, by path template.
    """

    def __init__(self, path: Path, routes: Routes, faults: Faults) -> None:
        """Be ready to listen at `path`."""
        self.path = path
        self.faults = faults
        self.requests: Counter[tuple[str, str]] = Counter()
        self.request_log: deque[tuple[str, str]] = deque(maxlen=LOG_KEPT)
        self.open_streams: Counter[str] = Counter()
        self._routes = [(method, _pattern(template), template, handler) for method, template, handler in routes]
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def listen(self) -> None:
        """Create the socket file and accept connections."""
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self.path))
            self.path.chmod(0o600)
            listener.setblocking(False)
            # create_server, not create_unix_server: the file is ours to remove, or to leave behind as a crash does.
            self._server = await asyncio.start_server(self._accept, sock=listener, limit=HEAD_LIMIT, backlog=512)
        except OSError:
            listener.close()
            raise

    async def stop(self, *, unlink: bool, abort: bool = True) -> None:
        """Refuse new connections; with `abort` drop the open ones; with `unlink` remove the socket file."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        if unlink:
            self.path.unlink(missing_ok=True)
        if abort:
            await self.drop_connections()

    async def drop_connections(self) -> None:
        """Reset every open connection, and wait until their tasks have ended."""
        tasks = list(self._connections)
        for task, writer in list(self._connections.items()):
            writer.transport.abort()
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name="demo connection")
        self._connections[task] = writer
        task.add_done_callback(self._gone)

    def _gone(self, task: asyncio.Task[None]) -> None:
        del self._connections[task]
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await read_request(reader)
                if request is None or not await self._answer(request, reader, writer):
                    break
        except BadRequest as error:
            with contextlib.suppress(ConnectionError):
                writer.write(head_bytes(400, {"Connection": "close"}) + str(error).encode())
                await writer.drain()
        except (ConnectionError, _Dropped):
            writer.close()  # the client has gone, or is to believe that the engine has
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection is over."""
        self.request_log.append((request.method, request.target))
        version, path = re.fullmatch(r"(?:/v(\d+\.\d+))?(/.*)?", request.path, re.DOTALL).groups() or ("", "")  # type: ignore[union-attr]
        request = replace(request, path=path or "/", version=version or API_VERSION)
        template, handler, parameters = self._route(request)
        self.requests[request.method, template] += 1
        rule = self.faults.take(request.method, request.path)
        if self.faults.latency:
            await asyncio.sleep(self.faults.latency)
        if rule is not None and rule.kind == "hang":
            await reader.read()  # until the client gives up
            return False
        response = await self._call(request, rule, handler, parameters)
        write = self._writer(writer, rule)
        if response.hijack is not None:
            await self._hijack(template, request, response, reader, writer, write)
            return False
        headers = {**COMMON, **response.headers, "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())}
        if response.content_type:
            headers["Content-Type"] = response.content_type
        if not request.keep_alive:
            headers["Connection"] = "close"
        if response.stream is not None:
            headers["Transfer-Encoding"] = "chunked"
            writer.write(head_bytes(response.status, headers))
            finished = await self._stream(template, response.stream, reader, writer, write)
            return finished and request.keep_alive
        if response.status not in (204, 304):
            headers.setdefault("Content-Length", str(len(response.body)))
        writer.write(head_bytes(response.status, headers))
        if response.body and request.method != "HEAD":
            await write(response.body)
        await writer.drain()
        return request.keep_alive

    def _route(self, request: Request) -> tuple[str, Handler, Mapping[str, str]]:
        for method, pattern, template, handler in self._routes:
            if method == request.method and (match := pattern.fullmatch(request.path)):
                return template, handler, match.groupdict()
        return request.path, _not_found, {}

    async def _call(
        self, request: Request, rule: Rule | None, handler: Handler, parameters: Mapping[str, str]
    ) -> Response:
        if rule is not None and rule.kind == "fail":
            return error_response(rule.status, rule.message)
        if rule is not None and rule.kind == "garbage":
            return Response(200, rule.body, "application/json")
        asked = tuple(int(part) for part in request.version.split("."))
        if asked > _numbers(API_VERSION):
            text = f"client version {request.version} is too new. Maximum supported API version is {API_VERSION}"
            return error_response(400, text)
        if asked < _numbers(MIN_API_VERSION):
            return error_response(
                400,
                f"client version {request.version} is too old. Minimum supported API version is {MIN_API_VERSION}, "
                "please upgrade your client to a newer version",
            )
        try:
            return await handler(request, parameters)
        except ApiError as error:
            return error_response(error.status, error.message)

    def _writer(self, writer: asyncio.StreamWriter, rule: Rule | None) -> Callable[[bytes], Awaitable[None]]:
        """What writes a body: all of it, or by a `cut` fault only its first bytes."""
        left = rule.after if rule is not None and rule.kind == "cut" else None

        async def write(data: bytes) -> None:
            nonlocal left
            if left is not None:
                data, left = data[:left], max(0, left - len(data))
            writer.write(data)
            await writer.drain()
            if left == 0:
                raise _Dropped

        return write

    async def _stream(
        self, template: str, body: AsyncIterator[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
        write: Callable[[bytes], Awaitable[None]],
    ) -> bool:  # fmt: skip
        """Send chunks until the body ends (True) or the client goes away (False)."""

        async def send() -> None:
            await writer.drain()
            async for data in body:
                if data:
                    await write(chunk(data))
            await write(chunk(b""))

        return await self._until_gone(template, send(), body, reader)

    async def _until_gone(
        self, template: str, work: Awaitable[None], body: AsyncIterator[bytes] | None, reader: asyncio.StreamReader
    ) -> bool:
        self.open_streams[template] += 1
        sending = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(reader.read(1))  # nobody sends during a stream: data or end, the client is off
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
            return sending.done()
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.wait({sending, gone})
            for task in (sending, gone):
                if not task.cancelled():
                    task.exception()  # seen: a connection that breaks here is the client's going away
            if body is not None and hasattr(body, "aclose"):
                await body.aclose()
            self._closed_stream(template)

    def _closed_stream(self, template: str) -> None:
        self.open_streams[template] -= 1
        if not self.open_streams[template]:
            del self.open_streams[template]

    async def _hijack(
        self, template: str, request: Request, response: Response, reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter, write: Callable[[bytes], Awaitable[None]],
    ) -> None:  # fmt: skip
        """Hand the raw connection to the handler: 101 when the client asked for an upgrade, else 200."""
        assert response.hijack is not None
        upgrade = request.headers.get("upgrade", "").lower() == "tcp"
        headers = {"Content-Type": response.content_type}
        if upgrade:
            headers |= {"Connection": "Upgrade", "Upgrade": "tcp"}
        writer.write(head_bytes(101 if upgrade else 200, {**headers, **COMMON}))
        await writer.drain()
        self.open_streams[template] += 1
        try:
            await response.hijack(Duplex(reader, write, writer.get_extra_info("socket").fileno()))
        finally:
            self._closed_stream(template)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


async def _not_found(request: Request, parameters: Mapping[str, str]) -> Response:
    return error_response(404, "page not found")
