"""Bodies that are sent piece by piece: archives, images, build contexts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from dataclasses import replace

from tui.runtime.engine.connection import Connection
from tui.runtime.engine.faults import translate
from tui.runtime.engine.transport import ANSWER_TIMEOUT, MESSAGE_LIMIT, Answer, Request, Transport
from tui.runtime.errors import Closed, EngineUnreachable, StreamBroken

PIECE = 256 << 10
"""Bytes sent at once of a body that is there as a whole."""

Body = bytes | bytearray | memoryview | AsyncIterable[bytes]


async def upload(
    transport: Transport, request: Request, body: Body, *, kind: str, timeout: float | None = ANSWER_TIMEOUT
) -> Answer:
    """Send a request with a streamed body, and read its whole answer.

    The body is read only as fast as the engine takes it. An engine that refuses in the middle is listened to at once.

    Args:
        transport: Where to.
        request: What to send, without a body of its own.
        body: Bytes, or pieces of them as they come.
        kind: Its content type.
        timeout: Seconds until the answer must have come after the last piece; None for no limit.

    Raises:
        RuntimeFault: every failure, statuses of 400 and above included. What `body` raises passes.
    """
    headers = {**request.headers, "Content-Type": kind, "Transfer-Encoding": "chunked"}
    with translate(request.operation, request.target, transport.endpoint):
        data = transport.encode(replace(request, headers=headers))
        connection = await transport.open()
        transport.requests[request.operation] += 1
    whole = False
    try:
        with translate(request.operation, request.target, transport.endpoint):
            connection.send(data)
        whole = await _send(transport, connection, request, body)
        with translate(request.operation, request.target, transport.endpoint):
            return await _answer(transport, connection, timeout)
    finally:
        if not whole:
            # The engine still waits for the rest, however kindly it has answered: nothing may follow on it.
            connection.abort()
        transport.release(connection)


async def _send(transport: Transport, connection: Connection, request: Request, body: Body) -> bool:
    """Send the pieces, until the last one, or (False) until the engine has answered before it."""
    async with aclosing(_pieces(body)) as pieces:
        async for piece in pieces:
            if connection.answered:
                return False
            # Only around the engine: what the body raises is the caller's own.
            with translate(request.operation, request.target, transport.endpoint):
                if piece and not await _write(connection, b"%x\r\n%b\r\n" % (len(piece), piece)):
                    return False
    with translate(request.operation, request.target, transport.endpoint):
        return await _write(connection, b"0\r\n\r\n")


async def _write(connection: Connection, data: bytes) -> bool:
    """Send; False when the engine takes no more, which its answer explains."""
    try:
        await connection.write(data)
    except BrokenPipeError:
        return False
    return connection.alive


async def _answer(transport: Transport, connection: Connection, timeout: float | None) -> Answer:
    try:
        async with asyncio.timeout(timeout):
            await connection.head()
            body = await transport.body(connection, MESSAGE_LIMIT)
    except TimeoutError as exc:
        raise TimeoutError(f"no answer within {timeout:g} s") from exc
    except (StreamBroken, ConnectionError) as exc:
        if transport.closed:
            raise Closed("the runtime was closed") from exc
        if connection.answered:
            raise
        raise EngineUnreachable("the engine closed the connection without an answer") from exc
    refusal = transport.refusal(connection, body)
    if refusal is not None:
        raise refusal
    return Answer(connection.status, connection.headers, body)


async def _pieces(body: Body) -> AsyncGenerator[bytes, None]:
    if isinstance(body, AsyncIterable):
        async for piece in body:
            yield piece
        return
    view = memoryview(body)
    for start in range(0, len(view), PIECE):
        yield bytes(view[start : start + PIECE])
