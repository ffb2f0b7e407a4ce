"""CPU per small answer: the engine transport against aiodocker, over the same scripted engine on a unix socket.

    python benchmarks/bench_http_parser.py [REQUESTS]

Prints CPU time of the client's process per request, decoding included, and the ratio; writes
``benchmarks/results/http_parser.json``.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing.synchronize import Event
from pathlib import Path

from tui.runtime.endpoints import Endpoint
from tui.runtime.engine.transport import Request, Transport

ROUNDS = 7
BODY = json.dumps({"read": "2024-05-01T12:00:00Z", "stats": {f"key{number}": number for number in range(110)}}).encode()
ANSWER = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY


class Engine(asyncio.Protocol):
    """Answers whatever ends a request's head, with as little work as possible."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """One answer for each request."""
        self._transport.write(ANSWER * data.count(b"\r\n\r\n"))


async def measure(ask: Callable[[], Awaitable[object]], requests: int) -> float:
    """The median CPU time of one request, in microseconds."""
    figures = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(requests):
            await ask()
        figures.append((time.process_time() - start) / requests * 1e6)
    return statistics.median(figures)


def serve(path: str, ready: Event) -> None:
    """Be the engine, until killed."""

    async def listen() -> None:
        server = await asyncio.get_running_loop().create_unix_server(Engine, path)
        ready.set()
        await server.serve_forever()

    asyncio.run(listen())


async def run(requests: int) -> dict[str, float]:
    """Measure both."""
    import aiodocker

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/engine.sock"
        ready = multiprocessing.Event()
        engine = multiprocessing.Process(target=serve, args=(path, ready), daemon=True)
        engine.start()
        ready.wait(10)
        transport = Transport(Endpoint(url=f"unix://{path}", name="bench", source="bench"))
        request = Request("container_stats", "GET", "/v1.41/containers/x/stats")
        ours = await measure(lambda: transport.json(request), requests)
        await transport.close()
        docker = aiodocker.Docker(url=f"unix://{path}", api_version="v1.41")
        theirs = await measure(lambda: docker._query_json("containers/x/stats"), requests)
        await docker.close()
        engine.kill()
        engine.join()
    return {"transport_us": round(ours, 1), "aiodocker_us": round(theirs, 1), "ratio": round(theirs / ours, 2)}


def main() -> None:
    """Print the figures and keep them."""
    figures = asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    (results / "http_parser.json").write_text(json.dumps(figures, indent=2) + "\n")
    for name, value in figures.items():
        print(f"{name:>14} {value:8.1f}")


if __name__ == "__main__":
    main()
