"""httptools against h11, on what an engine sends: small JSON answers, and the chunks of a stats stream."""

from __future__ import annotations

import time
from collections.abc import Callable

import h11
import httptools

from benchmarks.report import Result, Row

ANSWERS = 2000
ROUNDS = 9
BODY = b'{"read":"2024-05-01T12:00:00Z","cpu_stats":{' + b",".join(b'"key%d":%d' % (n, n) for n in range(110)) + b"}}\n"
HEAD = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nServer: Docker/20.10.24 (linux)\r\n"
PLAIN = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
CHUNK = b"%x\r\n%b\r\n" % (len(BODY), BODY)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


class _Bodies:
    """Collects what httptools finds."""

    def __init__(self) -> None:
        self.size = 0

    def on_body(self, data: bytes) -> None:
        self.size += len(data)


def with_httptools(pieces: list[bytes]) -> int:
    """Parse the answers of one connection; the bytes of their bodies."""
    bodies = _Bodies()
    parser = httptools.HttpResponseParser(bodies)
    for piece in pieces:
        parser.feed_data(piece)
    return bodies.size


def with_h11(pieces: list[bytes]) -> int:
    """The same."""
    connection = h11.Connection(h11.CLIENT)
    size = 0
    _ask(connection)
    for piece in pieces:
        connection.receive_data(piece)
        while (event := connection.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Data):
                size += len(event.data)
            elif isinstance(event, h11.EndOfMessage):
                connection.start_next_cycle()
                _ask(connection)
                break
    return size


def _ask(connection: h11.Connection) -> None:
    """A parser of answers on its own is not to be had: h11 wants to know of the request."""
    connection.send(h11.Request(method="GET", target="/v1.41/containers/x/stats", headers=[("Host", "docker")]))
    connection.send(h11.EndOfMessage())


def measure() -> Result:
    """CPU of parsing alone: no socket, no JSON."""
    rows = []
    for name, pieces in (
        ("small JSON answer", [PLAIN] * ANSWERS),
        ("chunk of a stats stream", [CHUNKED, *[CHUNK] * ANSWERS]),
    ):
        taken: dict[str, list[float]] = {"httptools": [], "h11": []}
        parsers: dict[str, Callable[[list[bytes]], int]] = {"httptools": with_httptools, "h11": with_h11}
        for _ in range(ROUNDS):
            for parser, parse in parsers.items():
                start = time.process_time()
                size = parse(pieces)
                taken[parser].append((time.process_time() - start) / ANSWERS * 1e6)
                if size != len(BODY) * ANSWERS:
                    raise AssertionError(f"{parser} found {size} bytes")
        rows.append(Row(f"{name} of {len(BODY):,} bytes", "µs", taken))
    return Result(rows)
