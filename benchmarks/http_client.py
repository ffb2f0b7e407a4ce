"""CPU per small answer: the engine transport against aiodocker, over the same scripted engine on a unix socket."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing.synchronize import Event

import aiodocker

from benchmarks.report import Result, Row
from tui.runtime.endpoints import Endpoint
from tui.runtime.engine.transport import Request, Transport

REQUESTS = 1000
ROUNDS = 9
BODY = json.dumps({"read": "2024-05-01T12:00:00Z", "stats": {f"key{number}": number for number in range(110)}}).encode()
ANSWER = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY


class _Engine(asyncio.Protocol):
    """Answers whatever ends a request's head, with as little work as possible."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(ANSWER * data.count(b"\r\n\r\n"))


def _serve(path: str, ready: Event) -> None:
    async def listen() -> None:
        server = await asyncio.get_running_loop().create_unix_server(_Engine, path)
        ready.set()
        await server.serve_forever()

    asyncio.run(listen())


async def _measure(path: str) -> dict[str, list[float]]:
    transport = Transport(Endpoint(url=f"unix://{path}", name="bench", source="bench"))
    docker = aiodocker.Docker(url=f"unix://{path}", api_version="v1.41")
    request = Request("container_stats", "GET", "/v1.41/containers/x/stats")
    ask: dict[str, Callable[[], Awaitable[object]]] = {
        "portside": lambda: transport.json(request),
        "aiodocker": lambda: docker._query_json("containers/x/stats"),
    }
    taken: dict[str, list[float]] = {client: [] for client in ask}
    for _ in range(ROUNDS):
        for client, once in ask.items():
            start = time.process_time()
            for _ in range(REQUESTS):
                await once()
            taken[client].append((time.process_time() - start) / REQUESTS * 1e6)
    await transport.close()
    await docker.close()
    return taken


def measure() -> Result:
    """CPU of the client's process per request, decoding included."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/engine.sock"
        ready = multiprocessing.Event()
        engine = multiprocessing.Process(target=_serve, args=(path, ready), daemon=True)
        engine.start()
        try:
            ready.wait(10)
            taken = asyncio.run(_measure(path))
        finally:
            engine.kill()
            engine.join()
    return Result([Row(f"request and answer of {len(BODY):,} bytes", "µs", taken)])
