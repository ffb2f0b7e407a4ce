"""The first container list, asked for before anything slow is imported.

Blocking sockets in a plain thread: importing asyncio takes 50 ms, Textual 170, and the engine answers meanwhile.
HTTP/1.0, because its answer is simply what comes until the end: no chunks, no parser to import.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tui.runtime.endpoints import Endpoint
    from tui.runtime.engine.dialect import Dialect
    from tui.runtime.models import Container

_CONNECT_TIMEOUT = 3.0
_ANSWER_TIMEOUT = 10.0
_LIMIT = 64 << 20
_NEWEST = (1, 47)


class Prefetch:
    """One container list under way. It never raises: who gets None asks in the ordinary way, and learns why there."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Start asking."""
        self._url = urlsplit(endpoint.url)
        # TLS would import ssl, which takes longer than the list.
        self._possible = endpoint.tls is None and self._url.scheme in ("unix", "tcp", "http")
        self._body: bytes | None = None
        self._libpod = ""
        self._thread = threading.Thread(target=self._run, name="portside-prefetch", daemon=True)
        if self._possible:
            self._thread.start()

    def containers(self, timeout: float) -> list[Container] | None:
        """The list, waiting at most `timeout` seconds for it; None when there is none by then."""
        if not self._possible:
            return None
        self._thread.join(timeout)
        body = self._body
        if body is None:
            return None
        from datetime import UTC, datetime

        from tui.runtime.errors import ProtocolViolation
        from tui.runtime.wire.values import expect_objects

        try:
            now, container = datetime.now(UTC), self._dialect().container
            return [container(raw, now) for raw in expect_objects(json.loads(body))]
        except (ValueError, RecursionError, ProtocolViolation):
            # Cut short, or not an engine at all: the ordinary request says so properly.
            return None

    def _run(self) -> None:
        try:
            headers = self._ping()
            self._libpod = headers.get("libpod-api-version", "")
            version = os.environ.get("DOCKER_API_VERSION", "").strip() or _newest(headers.get("api-version", ""))
            if version:
                prefix = self._dialect().native if self._libpod else f"/v{version}"
                status, _, body = self._ask(f"{prefix}/containers/json?all=1")
                self._body = body if status == 200 else None
        except (OSError, ValueError):
            self._body = None

    def _ping(self) -> dict[str, str]:
        """The headers in which the engine says who it is; none where a proxy lets nobody ask."""
        status, head, _ = self._ask("/_ping")
        if status != 200:
            return {}
        pairs = (line.partition(":") for line in head.split("\r\n"))
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    def _dialect(self) -> Dialect:
        from tui.runtime.engine.dialect import dialect_of
        from tui.runtime.models import EngineKind

        return dialect_of(EngineKind.PODMAN if self._libpod else EngineKind.DOCKER, self._libpod)

    def _ask(self, path: str) -> tuple[int, str, bytes]:
        """Status, headers and body of one answer."""
        if any(letter <= " " for letter in path):
            raise ValueError("not a path")
        with self._connect() as sock:
            sock.settimeout(_ANSWER_TIMEOUT)
            base = "" if self._url.scheme == "unix" else self._url.path.rstrip("/")
            sock.sendall(f"GET {base}{path} HTTP/1.0\r\nHost: docker\r\nUser-Agent: portside\r\n\r\n".encode())
            data = bytearray()
            while piece := sock.recv(1 << 18):
                data += piece
                if len(data) > _LIMIT:
                    raise ValueError("too much")
        head, _, body = bytes(data).partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        return int(text.split(" ", 2)[1]) if text.startswith("HTTP/1.") else 0, text, body

    def _connect(self) -> socket.socket:
        if self._url.scheme != "unix":
            return socket.create_connection((self._url.hostname or "", self._url.port or 2375), _CONNECT_TIMEOUT)
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.settimeout(_CONNECT_TIMEOUT)
            sock.connect(self._url.netloc + self._url.path)
        except BaseException:
            sock.close()
            raise
        return sock


def _newest(theirs: str) -> str:
    """The API version to use with an engine whose newest this is; "" when it tells none."""
    if not theirs:
        return ""
    major, minor = theirs.split(".")
    chosen = min((int(major), int(minor)), _NEWEST)
    return f"{chosen[0]}.{chosen[1]}"
