from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.transport_server import Handler, Seen, answer, connected, until
from tui.runtime.engine.transport import Request, Transport
from tui.runtime.engine.upload import PIECE, Body, upload
from tui.runtime.errors import Closed, EngineUnreachable, NotFound, TimedOut

PUT = Request("container_archive_put", "PUT", "/containers/a/archive", target="a")


async def send(transport: Transport, body: Body, timeout: float | None = 5) -> bytes:
    return (await upload(transport, PUT, body, kind="application/x-tar", timeout=timeout)).body


async def chunks(seen: Seen) -> list[bytes]:
    """The body of a request, chunk by chunk."""
    found = []
    while size := int((await seen.reader.readuntil(b"\r\n")).strip(), 16):
        found.append(await seen.reader.readexactly(size))
        assert await seen.reader.readexactly(2) == b"\r\n"
    assert await seen.reader.readexactly(2) == b"\r\n"
    return found


def collecting(bodies: list[list[bytes]]) -> Handler:
    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if "transfer-encoding" in seen.headers:
            bodies.append(await chunks(seen))
        writer.write(answer(b"done"))
        return True

    return handler


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_pieces_become_chunks_and_the_connection_is_kept(tmp_path: Path) -> None:
    bodies: list[list[bytes]] = []
    async with connected(tmp_path / "s", collecting(bodies)) as (engine, transport):
        # An empty piece would be the end.
        assert await send(transport, pieces(b"one", b"", b"three")) == b"done"
        assert await send(transport, b"") == b"done"
        assert engine.accepted == 2
        # An ordinary request goes over one of them.
        await transport.request(Request("ping", "GET", "/_ping"))
        assert engine.accepted == 2
    assert bodies == [[b"one", b"three"], []]
    head = engine.seen[0].headers
    assert (head["transfer-encoding"], head["content-type"]) == ("chunked", "application/x-tar")
    assert "content-length" not in head
    assert transport.requests == {"container_archive_put": 2, "ping": 1}


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_what_is_there_as_a_whole_is_cut(tmp_path: Path, kind: type[bytes]) -> None:
    bodies: list[list[bytes]] = []
    whole = bytes(range(256)) * (3 * PIECE // 256) + b"rest"
    async with connected(tmp_path / "s", collecting(bodies)) as (_, transport):
        await send(transport, kind(whole))
    assert [len(part) for part in bodies[0]] == [PIECE, PIECE, PIECE, 4]
    assert b"".join(bodies[0]) == whole


async def test_a_refusal_before_the_end_is_heard_and_nothing_follows_on_its_connection(tmp_path: Path) -> None:
    refused = asyncio.Event()

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        if seen.method != "PUT":
            writer.write(answer(b"OK"))
            return True
        writer.write(answer({"message": "No such container: a"}, 404))
        await writer.drain()
        refused.set()
        await seen.reader.read(-1)
        return False

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 10
        await refused.wait()
        while True:
            yield b"y" * 1000
            await asyncio.sleep(0)

    async with connected(tmp_path / "s", handler) as (engine, transport):
        with pytest.raises(NotFound, match="No such container: a") as caught:
            await asyncio.wait_for(send(transport, slow()), 5)
        assert (caught.value.operation, caught.value.target) == ("container_archive_put", "a")
        await transport.request(Request("ping", "GET", "/_ping"))
        assert engine.accepted == 2
        await until(lambda: engine.open == 1)


async def test_an_engine_that_hangs_up_or_says_nothing(tmp_path: Path) -> None:
    silent = False

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await chunks(seen)
        if silent:
            await seen.reader.read()
        return False

    async with connected(tmp_path / "s", handler) as (_, transport):
        with pytest.raises(EngineUnreachable, match="without an answer"):
            await send(transport, b"x")
        silent = True
        with pytest.raises(TimedOut, match=r"no answer within 0\.05 s"):
            await send(transport, b"x", timeout=0.05)
        assert transport.connections == 0


async def test_what_the_body_raises_is_the_callers_own(tmp_path: Path) -> None:
    async def breaks() -> AsyncIterator[bytes]:
        yield b"x"
        raise OSError("the disk is gone")

    async with connected(tmp_path / "s", collecting([])) as (engine, transport):
        with pytest.raises(OSError, match="the disk is gone"):
            await send(transport, breaks())
        assert transport.connections == 0
        await until(lambda: engine.accepted == 1)


async def test_closing_the_runtime_ends_an_upload(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await chunks(seen)
        begun.set()
        await seen.reader.read()
        return False

    async with connected(tmp_path / "s", handler) as (_, transport):
        task = asyncio.create_task(send(transport, b"x", timeout=None))
        await asyncio.wait_for(begun.wait(), 5)
        await transport.close()
        with pytest.raises(Closed):
            await task
        with pytest.raises(Closed):
            await send(transport, b"x")


async def test_the_body_is_read_no_faster_than_it_is_taken(tmp_path: Path) -> None:
    go = asyncio.Event()
    asked = 0

    async def handler(seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await go.wait()
        await chunks(seen)
        writer.write(answer(b"done"))
        return True

    async def large() -> AsyncIterator[bytes]:
        nonlocal asked
        for _ in range(200):
            asked += 1
            yield bytes(64 << 10)

    async with connected(tmp_path / "s", handler) as (_, transport):
        task = asyncio.create_task(send(transport, large()))
        await until(lambda: asked > 0)
        before = -1
        while asked != before:
            before = asked
            await asyncio.sleep(0.05)
        # Not all of the 12 MB: what the sockets' buffers hold.
        assert asked < 100
        go.set()
        assert await task == b"done"
    assert asked == 200
