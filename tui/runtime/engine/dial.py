"""Opens connections to an endpoint: unix socket, TCP, TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tui.runtime.engine.connection import Connection
from tui.runtime.errors import BackendUnavailable, InvalidRequest

if TYPE_CHECKING:
    from tui.runtime.endpoints import Endpoint, TlsConfig

BACKLOG_PAUSE = 0.01
"""Seconds before a unix socket with a full backlog is tried again; nothing tells when there is room."""
CONNECT_TIMEOUT = 3.0
"""Seconds. A local socket takes 0.1 ms, a TLS handshake across the world 0.6 s."""


class Dialer:
    """Where an endpoint is, and how to get there."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Read the endpoint's URL.

        Raises:
            BackendUnavailable: for a scheme that nothing here can reach.
            InvalidRequest: for a URL without a path or a host.
        """
        url = urlsplit(endpoint.url)
        self.url = endpoint.url
        self.base = ""
        """The path before the API's own, where a proxy has one."""
        self._tls: TlsConfig | None = None
        self._verify_by_default = False
        self._context: ssl.SSLContext | None = None
        self._path = ""
        self._host = ""
        self._port = 0
        if url.scheme == "unix":
            self._path = (url.netloc + url.path) or ""
            if not self._path:
                raise InvalidRequest("a unix socket without a path", operation="connect", target=self.url)
            # Go 1.20 and later refuse a Host header that is no host name, such as a path.
            self.host_header = "docker"
            return
        if url.scheme not in ("tcp", "http", "https"):
            raise BackendUnavailable(
                f"nothing here reaches {url.scheme or 'such'} endpoints", operation="connect", target=self.url
            )
        try:
            port = url.port
        except ValueError as exc:
            raise InvalidRequest(str(exc), operation="connect", target=self.url) from exc
        if not url.hostname:
            raise InvalidRequest("an address without a host", operation="connect", target=self.url)
        secure = url.scheme == "https" or endpoint.tls is not None
        self._tls = endpoint.tls
        self._verify_by_default = secure and endpoint.tls is None
        self._host = url.hostname
        self._port = port or (2376 if secure else 2375)
        self.base = url.path.rstrip("/")
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self.host_header = f"{shown}:{self._port}"

    @property
    def secure(self) -> bool:
        """Whether connections are TLS."""
        return self._tls is not None or self._verify_by_default

    async def open(self) -> Connection:
        """A new connection, within `CONNECT_TIMEOUT`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                if self._path:
                    sock = await _connect_unix(self._path)
                    _, connection = await loop.create_unix_connection(Connection, sock=sock)
                else:
                    context = await self._tls_context()
                    _, connection = await loop.create_connection(Connection, self._host, self._port, ssl=context)
        except TimeoutError as exc:
            raise TimeoutError(f"no connection within {CONNECT_TIMEOUT:g} s") from exc
        return connection

    async def _tls_context(self) -> ssl.SSLContext | None:
        if not self.secure:
            return None
        if self._context is None:
            # Reading the system's certificates takes 10 to 30 ms: not on the event loop.
            self._context = await asyncio.to_thread(_context, self._tls)
        return self._context


async def _connect_unix(path: str) -> socket.socket:
    """A connected unix socket.

    asyncio's own way takes EAGAIN, which a unix socket gives while the listener's backlog is full, for "under way",
    and ends with a socket that is not connected.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        while True:
            try:
                sock.connect(path)
            except BlockingIOError:
                await asyncio.sleep(BACKLOG_PAUSE)
            else:
                return sock
    except BaseException:
        sock.close()
        raise


def _context(tls: TlsConfig | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=tls.ca if tls is not None else None)
        if tls is not None and tls.cert is not None:
            context.load_cert_chain(tls.cert, tls.key)
    except ssl.SSLError:
        raise
    except OSError as exc:
        # As an OSError it would be taken for the socket's own.
        raise ssl.SSLError(f"cannot read {exc.filename or 'the certificates'}: {exc.strerror}") from exc
    if tls is not None and not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
