from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.unit.transport_server import CHUNKED, Handler, ScriptedEngine, Seen, always, answer, chunk, connected, until
from tui.runtime.engine.connection import HIGH_WATER
from tui.runtime.engine.transport import Request, Transport
from tui.runtime.errors import Forbidden, StreamBroken

GET = Request("thing_get", "GET", "/thing", target="t")
POST = Request("thing_post", "POST", "/thing", target="t")
Serve = Callable[[Handler], AbstractAsyncContextManager[tuple[ScriptedEngine, Transport]]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    return lambda handler: connected(tmp_path / "s", handler)


async def test_a_stream_that_ends_properly_gives_its_connection_back(serve: Serve) -> None:
    async with serve(always(CHUNKED + chunk(b"all") + chunk(b""))) as (engine, transport):
        for _ in range(2):
            async with transport.stream(GET) as stream:
                assert [await stream.read(), await stream.read()] == [b"all", b""]
        assert transport.connections == 2
        await transport.request(GET)
        assert engine.accepted == 2


async def test_a_slow_reader_stops_the_engine(serve: Serve) -> None:
    sent = 0
    piece = b"x" * 65536
    count = 320  # 20 MiB

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        nonlocal sent
        writer.write(CHUNKED)
        for _ in range(count):
            writer.write(chunk(piece))
            await writer.drain()
            sent += len(piece)
        writer.write(chunk(b""))
        return True

    async with serve(handler) as (_, transport), transport.stream(GET) as stream:
        before = -1
        while sent != before:
            before = sent
            await asyncio.sleep(0.05)
        # Both sides' socket and writer buffers on top of ours; a fraction of what the engine wants to send.
        assert sent < HIGH_WATER + 4 * 1024 * 1024
        got = 0
        while data := await stream.read():
            assert len(data) <= HIGH_WATER + 512 * 1024
            got += len(data)
        assert got == count * len(piece)


async def test_a_lenient_stream_does_not_wait_for_its_head(serve: Serve) -> None:
    release = asyncio.Event()

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await release.wait()
        writer.write(CHUNKED + chunk(b"late") + chunk(b""))
        return True

    async with serve(handler) as (_, transport), transport.stream(GET, head_timeout=0.02, lenient=True) as stream:
        release.set()
        assert await stream.read() == b"late"


async def test_a_lenient_stream_still_tells_a_late_refusal(serve: Serve) -> None:
    release = asyncio.Event()

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await release.wait()
        writer.write(answer({"message": "not allowed"}, 403))
        return True

    async with serve(handler) as (_, transport), transport.stream(GET, head_timeout=0.02, lenient=True) as stream:
        release.set()
        with pytest.raises(Forbidden, match="not allowed"):
            await stream.read()


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n",
    ],
)
async def test_an_upgraded_connection_carries_bytes_both_ways(serve: Serve, head: bytes) -> None:
    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        writer.write(head + b"prompt> ")
        while line := await seen.reader.readline():
            writer.write(line.upper())
            if line == b"bye\n":
                break
        await writer.drain()
        writer.close()
        return False

    async with serve(handler) as (_, transport), transport.stream(POST) as stream:
        got = b""
        while len(got) < 8:
            got += await stream.read()
        await stream.write(b"hello\n")
        await stream.write(b"bye\n")
        while data := await stream.read():
            got += data
        assert got == b"prompt> HELLO\nBYE\n"
        with pytest.raises(StreamBroken):
            await stream.write(b"more")


async def test_a_writer_waits_for_an_engine_that_does_not_read(serve: Serve) -> None:
    release = asyncio.Event()
    got = 0

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        nonlocal got
        writer.write(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        await release.wait()
        while data := await seen.reader.read(1 << 16):
            got += len(data)
        return False

    async with serve(handler) as (engine, transport):
        async with transport.stream(POST) as stream:

            async def flood() -> None:
                for _ in range(64):
                    await stream.write(b"x" * 65536)

            writing = asyncio.create_task(flood())
            done, _ = await asyncio.wait([writing], timeout=0.2)
            assert not done
            release.set()
            await writing
            await until(lambda: got == 64 * 65536)
        await engine.closed()
