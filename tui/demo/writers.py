"""What the demo's programs write: access logs, JSON, colours, stack traces. Line `n` is always the same."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

from tui.demo.clock import SECOND
from tui.demo.logbook import STDERR, STDOUT, Writer

PATHS = ("/", "/api/orders", "/api/cart", "/static/app.css", "/login", "/healthz", "/search?q=lamp", "/favicon.ico")
CLIENTS = ("172.19.0.1", "203.0.113.7", "198.51.100.23", "2001:db8::17", "192.0.2.144")
AGENTS = ("Mozilla/5.0 (X11; Linux x86_64) Firefox/139.0", "curl/8.12.1", "kube-probe/1.33")


def _rng(identity: str, number: int) -> random.Random:
    return random.Random(f"{identity}:{number}")


def logger(form: str, every: int) -> Writer:
    """The test logger: numbered lines as plain text, JSON or with colours; every `every`th goes to stderr (0: none)."""
    levels = ("error", "debug", "warn", "info", "info")

    def write(number: int) -> tuple[int, bytes]:
        level = levels[number % 5]
        kind = ("plain", "json", "ansi")[number % 3] if form == "mixed" else form
        if kind == "json":
            milliseconds = number * 7 % 230
            text = (
                f'{{"seq":{number},"level":"{level}","msg":"request handled",'
                f'"path":"/api/item/{number}","ms":{milliseconds}}}'
            )
        elif kind == "ansi":
            text = (
                f"\x1b[1;3{number % 6 + 1}m{level}\x1b[0m line {number} \x1b[4munderlined\x1b[0m "
                f"\x1b[38;5;{number % 256}mcolour\x1b[0m"
            )
        elif kind == "long":
            text = f"line {number} {number:020000d}"
        else:
            text = f"line {number} level={level} the quick brown fox jumps over the lazy dog"
        return (STDERR if every and number % every == 0 else STDOUT), text.encode()

    return write


def access(identity: str, at: Callable[[int], int]) -> Writer:
    """A web server's access log; `at` gives the time of a line."""

    def write(number: int) -> tuple[int, bytes]:
        rng = _rng(identity, number)
        when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(at(number) // SECOND))
        status = rng.choices((200, 304, 302, 404, 500), (80, 10, 4, 5, 1))[0]
        method = "POST" if rng.random() < 0.15 else "GET"
        path, client, size = rng.choice(PATHS), rng.choice(CLIENTS), rng.randrange(120, 60_000)
        line = f'{client} - - [{when}] "{method} {path} HTTP/1.1" {status} {size} "-" "{rng.choice(AGENTS)}"'
        return (STDERR if status == 500 else STDOUT), line.encode()

    return write


def structured(identity: str, service: str) -> Writer:
    """JSON lines of a service."""

    def write(number: int) -> tuple[int, bytes]:
        rng = _rng(identity, number)
        level = rng.choices(("info", "debug", "warn", "error"), (70, 20, 8, 2))[0]
        message = rng.choice(("request handled", "cache miss", "order placed", "token refreshed", "job queued"))
        entry = {
            "level": level,
            "service": service,
            "msg": message,
            "path": rng.choice(PATHS),
            "ms": round(rng.expovariate(1 / 40), 1),
            "trace": f"{rng.getrandbits(64):016x}",
        }
        return (STDERR if level == "error" else STDOUT), json.dumps(entry, separators=(",", ":")).encode()

    return write


def coloured(identity: str, service: str) -> Writer:
    """Lines with ANSI colours, as developers' tools write them."""
    tones = {"INFO": "32", "DEBUG": "36", "WARN": "33", "ERROR": "1;31"}

    def write(number: int) -> tuple[int, bytes]:
        rng = _rng(identity, number)
        level = rng.choices(tuple(tones), (60, 25, 10, 5))[0]
        text = rng.choice(("job finished", "polling the queue", "compiled 12 modules", "retrying in 3 s"))
        line = (
            f"\x1b[90m{number:06d}\x1b[0m \x1b[{tones[level]}m{level:<5}\x1b[0m \x1b[1m{service}\x1b[0m {text} "
            f"\x1b[38;5;{rng.randrange(17, 231)}m#{rng.randrange(1, 9999)}\x1b[0m"
        )
        return STDOUT, line.encode()

    return write


TRACE = (
    "java.lang.IllegalStateException: connection pool exhausted",
    "\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:181)",
    "\tat shop.orders.OrderRepository.save(OrderRepository.java:74)",
    "\tat shop.orders.OrderService.place(OrderService.java:129)",
    "\tat java.base/java.lang.Thread.run(Thread.java:1583)",
    "Caused by: java.net.SocketTimeoutException: Read timed out",
    "\t... 14 more",
)


def java(identity: str) -> Writer:
    """A Java service: calm lines, and now and then a stack trace on stderr."""

    def write(number: int) -> tuple[int, bytes]:
        place = number % 60
        if place < len(TRACE):
            return STDERR, TRACE[place].encode()
        rng = _rng(identity, number)
        thread = rng.choice(("main", "http-8080-1", "scheduler-2"))
        line = f"INFO  [{thread}] s.orders.OrderService - order {number} placed"
        return STDOUT, line.encode()

    return write


def database(identity: str, at: Callable[[int], int]) -> Writer:
    """PostgreSQL's log: all on stderr, as its image does."""

    def write(number: int) -> tuple[int, bytes]:
        rng = _rng(identity, number)
        when = time.strftime("%Y-%m-%d %H:%M:%S.000 UTC", time.gmtime(at(number) // SECOND))
        if number % 2:
            text = f"checkpoint starting: {rng.choice(('time', 'wal'))}"
        else:
            text = f"checkpoint complete: wrote {rng.randrange(3, 900)} buffers; sync={rng.random():.3f} s"
        return STDERR, f"{when} [27] LOG:  {text}".encode()

    return write


def few_words(service: str) -> Writer:
    """A quiet program that says now and then that it is alive."""

    def write(number: int) -> tuple[int, bytes]:
        return STDOUT, f"{service}: tick {number}, nothing to do".encode()

    return write
