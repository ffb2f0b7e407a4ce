from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.unit.transport_server import (
    CHUNKED,
    Handler,
    ScriptedEngine,
    Seen,
    always,
    answer,
    chunk,
    connected,
    forever,
    until,
)
from tui.runtime.endpoints import Endpoint
from tui.runtime.engine.connection import HEAD_LIMIT
from tui.runtime.engine.transport import IDLE_LIMIT, Request, Transport, segment
from tui.runtime.errors import (
    ApiError,
    BackendUnavailable,
    Closed,
    Conflict,
    ConnectionRefused,
    EngineFault,
    EngineUnreachable,
    Forbidden,
    InvalidRequest,
    NotFound,
    ProtocolViolation,
    RateLimited,
    RuntimeFault,
    SocketMissing,
    StreamBroken,
    TimedOut,
    Unauthorized,
)

GET = Request("thing_get", "GET", "/thing", target="t")
POST = Request("thing_post", "POST", "/thing", target="t")
Serve = Callable[[Handler], AbstractAsyncContextManager[tuple[ScriptedEngine, Transport]]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    return lambda handler: connected(tmp_path / "s", handler)


async def read_all(transport: Transport) -> bytes:
    got = b""
    async with transport.stream(GET) as stream:
        while data := await stream.read():
            got += data
    return got


# --- one-shot ---------------------------------------------------------------------------------------------------


async def test_requests_share_a_connection_and_are_counted(serve: Serve) -> None:
    async with serve(always(answer({"a": 1}))) as (engine, transport):
        transport.version_prefix = "/v1.41"
        for _ in range(3):
            assert await transport.json(
                Request("x", "GET", "/y", query={"n": 1, "t": True, "f": False, "o": None})
            ) == {"a": 1}
        assert (engine.accepted, transport.connections, transport.requests["x"]) == (1, 1, 3)
        assert engine.seen[0].path == "/v1.41/y?n=1&t=1&f=0"
        assert engine.seen[0].headers["host"] == "docker"


async def test_a_body_is_sent_as_json_in_one_piece(serve: Serve) -> None:
    async with serve(always(answer({}))) as (engine, transport):
        await transport.request(Request("x", "POST", "/y", body={"a": "ü"}))
        await transport.request(POST)
        assert json.loads(engine.seen[0].body) == {"a": "ü"}
        assert engine.seen[0].headers["content-type"] == "application/json"
        assert engine.seen[1].headers["content-length"] == "0"


async def test_idle_connections_are_bounded(serve: Serve) -> None:
    gate = asyncio.Event()

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await gate.wait()
        writer.write(answer({}))
        return True

    async with serve(handler) as (engine, transport):
        async with asyncio.TaskGroup() as group:
            for _ in range(IDLE_LIMIT * 2):
                group.create_task(transport.request(POST))
            await until(lambda: len(engine.seen) == IDLE_LIMIT * 2)
            gate.set()
        assert transport.connections == IDLE_LIMIT


@pytest.mark.parametrize(
    "wire",
    [
        answer({"a": "b"}),
        CHUNKED + chunk(b'{"a":') + chunk(b'"b"}') + chunk(b""),
        b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"a":"b"}',
        b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + answer({"a": "b"}),
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer({"a": "b"}),
    ],
)
async def test_answers_are_the_same_wherever_they_are_split(serve: Serve, wire: bytes) -> None:
    cuts = iter(range(len(wire)))

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        cut = next(cuts)
        writer.write(wire[:cut])
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(wire[cut:])
        await writer.drain()
        writer.close()
        return False

    async with serve(handler) as (_, transport):
        for _ in range(len(wire)):
            assert await transport.json(GET) == {"a": "b"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (429, RateLimited),
        (500, EngineFault),
        (503, EngineFault),
        (418, InvalidRequest),
    ],
)
async def test_refusals_are_typed_and_in_the_engines_words(serve: Serve, status: int, kind: type[ApiError]) -> None:
    async with serve(always(answer({"message": "no such thing"}, status))) as (_, transport):
        with pytest.raises(kind) as caught:
            await transport.request(GET)
        fault = caught.value
        assert (fault.status, fault.detail, fault.operation, fault.target) == (
            status,
            "no such thing",
            "thing_get",
            "t",
        )
        with pytest.raises(kind):
            async with transport.stream(GET):
                pass
        assert not transport.open_streams


@pytest.mark.parametrize(
    ("body", "detail"), [(b"Denied by proxy\n", "Denied by proxy"), (b"", "HTTP status 403"), (b"[1]", "[1]")]
)
async def test_a_refusal_without_json_says_what_it_says(serve: Serve, body: bytes, detail: str) -> None:
    async with serve(always(answer(body, 403))) as (_, transport):
        with pytest.raises(Forbidden) as caught:
            await transport.request(GET)
        assert caught.value.detail == detail


async def test_already_so_is_success(serve: Serve) -> None:
    async with serve(always(b"HTTP/1.1 304 Not Modified\r\n\r\n")) as (engine, transport):
        assert (await transport.request(POST)).status == 304
        await transport.request(POST)
        assert engine.accepted == 1


async def test_a_redirect_is_not_followed(serve: Serve) -> None:
    async with serve(always(answer({}, 301, Location="/elsewhere"))) as (engine, transport):
        with pytest.raises(ProtocolViolation, match="/elsewhere"):
            await transport.request(GET)
        assert len(engine.seen) == 1


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        CHUNKED + chunk(b"one") + b"5\r\nab",
        CHUNKED + chunk(b"one"),
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ],
)
async def test_an_end_in_the_middle_is_broken_not_ended(serve: Serve, wire: bytes) -> None:
    async with serve(always(wire, keep=False)) as (engine, transport):
        with pytest.raises(StreamBroken) as caught:
            await transport.request(GET)
        assert caught.value.operation == "thing_get"
        with pytest.raises(StreamBroken):
            await read_all(transport)
        assert len(engine.seen) == 2  # nothing was sent again


@pytest.mark.parametrize(
    "wire",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        CHUNKED + b"zz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: " + b"a" * HEAD_LIMIT + b"\r\n\r\n",
        answer(b"not json"),
        answer(b'"\xff'),
    ],
    ids=["ssh", "status", "chunk size", "length", "headers", "no json", "no utf-8"],
)
async def test_what_is_not_the_protocol_is_a_violation(serve: Serve, wire: bytes) -> None:
    async with serve(always(wire)) as (_, transport):
        with pytest.raises(ProtocolViolation) as caught:
            await transport.json(GET)
        assert caught.value.operation == "thing_get"


async def test_what_nobody_asked_for_closes_the_connection(serve: Serve) -> None:
    async with serve(always(answer({}) + answer({"smuggled": 1}))) as (engine, transport):
        for _ in range(3):
            # A second answer in the same packet must never become the answer to the next request.
            with contextlib.suppress(ProtocolViolation):
                assert await transport.json(GET) == {}
        assert engine.accepted == 3


# --- stale connections --------------------------------------------------------------------------------------------


async def test_a_connection_that_the_engine_has_closed_is_not_used(serve: Serve) -> None:
    async with serve(always(answer({}), keep=False)) as (engine, transport):
        for request in (GET, POST, POST, GET):
            await transport.request(request)
        assert engine.accepted == 4


def hang_up_on(turn: int) -> Handler:
    """Reads the request with this number on a connection, and closes without a byte of an answer."""

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if seen.turn == turn:
            return False
        writer.write(answer({}))
        return True

    return handler


async def test_a_get_on_a_kept_connection_is_sent_once_more(serve: Serve) -> None:
    async with serve(hang_up_on(1)) as (engine, transport):
        await transport.request(GET)
        await transport.request(GET)
        assert [(seen.connection, seen.turn) for seen in engine.seen] == [(0, 0), (0, 1), (1, 0)]
        assert transport.requests["thing_get"] == 2


async def test_a_post_is_never_sent_twice(serve: Serve) -> None:
    async with serve(hang_up_on(1)) as (engine, transport):
        await transport.request(POST)
        with pytest.raises(EngineUnreachable):
            await transport.request(POST)
        assert len(engine.seen) == 2


async def test_a_get_on_a_new_connection_is_not_sent_again(serve: Serve) -> None:
    async with serve(hang_up_on(0)) as (engine, transport):
        with pytest.raises(EngineUnreachable):
            await transport.request(GET)
        assert len(engine.seen) == 1


# --- time-outs, cancellation, close -------------------------------------------------------------------------------


async def test_no_answer_in_time(serve: Serve) -> None:
    async with serve(forever) as (engine, transport):
        with pytest.raises(TimedOut, match=r"no answer within 0.05 s"):
            await transport.request(GET, timeout=0.05)
        with pytest.raises(TimedOut):
            async with transport.stream(GET, head_timeout=0.05):
                pass
        await engine.closed()
        assert transport.connections == 0


async def test_cancelling_a_request_closes_its_socket(serve: Serve) -> None:
    async with serve(forever) as (engine, transport):
        task = asyncio.create_task(transport.request(GET))
        await until(lambda: bool(engine.seen))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await engine.closed()
        assert transport.connections == 0


async def test_leaving_a_stream_closes_its_socket(serve: Serve) -> None:
    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        writer.write(CHUNKED + chunk(b"first"))
        return await forever(seen, writer)

    async with serve(handler) as (engine, transport):
        async with transport.stream(GET) as stream:
            assert await stream.read() == b"first"
            assert transport.open_streams["thing_get"] == 1
        await engine.closed()
        assert (dict(transport.open_streams), transport.connections) == ({}, 0)
        with pytest.raises(Closed):
            await stream.read()


async def test_130_abandoned_streams_leave_nothing_open(serve: Serve) -> None:
    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        writer.write(CHUNKED + chunk(b"first"))
        return await forever(seen, writer)

    async def watch(transport: Transport) -> None:
        async with transport.stream(GET) as stream:
            while await stream.read():
                pass

    async with serve(handler) as (engine, transport):
        tasks = [asyncio.create_task(watch(transport)) for _ in range(130)]
        await until(lambda: transport.open_streams["thing_get"] == len(engine.seen) == 130)
        for task in tasks:
            task.cancel()
        assert {type(end) for end in await asyncio.gather(*tasks, return_exceptions=True)} == {asyncio.CancelledError}
        await engine.closed()
        assert (dict(transport.open_streams), transport.connections) == ({}, 0)


async def test_close_ends_what_is_under_way(serve: Serve) -> None:
    async with serve(forever) as (engine, transport):
        async with transport.stream(GET, head_timeout=0.01, lenient=True) as stream:
            reading = asyncio.create_task(stream.read())
            asking = asyncio.create_task(transport.request(GET))
            await until(lambda: len(engine.seen) == 2)
            await transport.close()
            await transport.close()
            for task in (reading, asking):
                with pytest.raises(Closed):
                    await task
        with pytest.raises(Closed):
            await transport.request(GET)
        with pytest.raises(Closed):
            async with transport.stream(GET):
                pass


# --- addresses ----------------------------------------------------------------------------------------------------


async def test_where_nothing_is(tmp_path: Path) -> None:
    missing = Transport(Endpoint(url=f"unix://{tmp_path}/none", name="", source=""))
    with pytest.raises(SocketMissing) as caught:
        await missing.request(GET)
    assert caught.value.hint
    assert caught.value.operation == "thing_get"

    server = await asyncio.start_unix_server(lambda reader, writer: None, tmp_path / "dead")
    server.close()
    await server.wait_closed()
    if not (tmp_path / "dead").exists():  # 3.13 removes the socket with the server
        import socket

        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / "dead"))
    with pytest.raises(ConnectionRefused):
        await Transport(Endpoint(url=f"unix://{tmp_path}/dead", name="", source="")).request(GET)

    with pytest.raises(EngineUnreachable):
        await Transport(Endpoint(url=f"unix://{tmp_path}/{'x' * 200}", name="", source="")).request(GET)


async def test_tcp_with_a_base_path() -> None:
    paths: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        paths.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(answer({"ok": True}))
        await reader.read()
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = Transport(Endpoint(url=f"tcp://127.0.0.1:{port}/engine", name="", source=""))
    assert await transport.json(GET) == {"ok": True}
    assert paths[0].startswith(b"GET /engine/thing HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{port}".encode() in paths[0]
    await transport.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("npipe:////./pipe/docker", BackendUnavailable),
        ("nonsense", BackendUnavailable),
        ("unix://", InvalidRequest),
        ("tcp://", InvalidRequest),
        ("tcp://h:99999", InvalidRequest),
    ],
)
async def test_urls_that_lead_nowhere(url: str, kind: type[RuntimeFault]) -> None:
    with pytest.raises(kind):
        Transport(Endpoint(url=url, name="", source=""))


@pytest.mark.parametrize("value", ["", " ", ".", "..", "../x", "a/../b", "a//b", "a/", "/"])
def test_segments_that_could_lead_elsewhere_are_refused(value: str) -> None:
    with pytest.raises(InvalidRequest):
        segment(value)


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("web", "web"),
        ("/web", "web"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("a b\r\nX: y", "a%20b%0D%0AX%3A%20y"),
        ("ü%2F", "%C3%BC%252F"),
    ],
)
def test_segments_are_quoted(value: str, quoted: str) -> None:
    assert segment(value) == quoted


async def test_a_header_cannot_be_smuggled_in(serve: Serve) -> None:
    async with serve(always(answer({}))) as (engine, transport):
        with pytest.raises(InvalidRequest):
            await transport.request(Request("x", "GET", "/y", headers={"X-A": "b\r\nX-Evil: 1"}))
        assert not engine.seen
