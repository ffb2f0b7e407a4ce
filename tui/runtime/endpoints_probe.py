"""Ask one candidate whether an engine answers there: blocking, stdlib sockets, a second at most.

It runs before Textual and asyncio are imported: on a unix socket it takes less than a millisecond, and what it learns
decides which screen opens.
"""

from __future__ import annotations

import grp
import os
import socket
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tui.runtime import endpoints_url
from tui.runtime.endpoints_model import Candidate, Endpoint, ProbeResult, TlsConfig
from tui.runtime.errors import (
    ConnectionRefused,
    EngineUnreachable,
    ProtocolViolation,
    RuntimeFault,
    SocketDenied,
    SocketMissing,
    TimedOut,
    TlsFailed,
    api_error,
)

if TYPE_CHECKING:
    import ssl

# The header of an answer to /_ping is 300 bytes on dockerd; more than this is not an engine.
MAX_HEADER = 16 << 10
_TLS_WANTED = b"HTTP request to an HTTPS server"


def probe(candidate: Candidate, timeout: float = 1.0) -> ProbeResult:
    """Connect and ask for ``/_ping``.

    Args:
        candidate: One without an endpoint fails with its own fault.
        timeout: Seconds for everything together, name resolution excepted.
    """
    endpoint = candidate.endpoint
    if endpoint is None:
        return ProbeResult(candidate, False, candidate.fault)
    try:
        headers = _ping(endpoint, time.monotonic() + timeout, timeout)
    except RuntimeFault as fault:
        return ProbeResult(candidate, False, fault)
    return ProbeResult(candidate, True, None, headers.get("api-version", ""))


def _ping(endpoint: Endpoint, deadline: float, timeout: float) -> dict[str, str]:
    with _translated(endpoint, timeout), _connect(endpoint, timeout) as plain:
        connection = _wrap(plain, endpoint, endpoint.tls) if endpoint.tls else plain
        with connection:
            connection.sendall(b"GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")
            return _answer(connection, endpoint, deadline)


def _connect(endpoint: Endpoint, timeout: float) -> socket.socket:
    if endpoint.url.startswith("tcp://"):
        return socket.create_connection(endpoints_url.split(endpoint.url), timeout)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    try:
        connection.connect(socket_path(endpoint))
    except BaseException:
        connection.close()
        raise
    return connection


def _wrap(plain: socket.socket, endpoint: Endpoint, tls: TlsConfig) -> ssl.SSLSocket:
    import ssl

    context = ssl.create_default_context(cafile=os.fspath(tls.ca) if tls.ca else None)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert and tls.key:
        context.load_cert_chain(tls.cert, tls.key)
    return context.wrap_socket(plain, server_hostname=endpoints_url.split(endpoint.url)[0])


def _answer(connection: socket.socket, endpoint: Endpoint, deadline: float) -> dict[str, str]:
    data = b""
    while b"\r\n\r\n" not in data:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(4096)
        if not chunk:
            break
        data += chunk
        if len(data) > MAX_HEADER:
            break
    head, blank, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(maxsplit=2)
    if not blank or len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        what = "closed the connection without an answer" if not data else "answered something that is not HTTP"
        raise ProtocolViolation(
            what, target=endpoint.url, hint=_tls_hint(endpoint) or "is this really an engine's socket?"
        )
    status = int(words[1])
    if status != 200:
        if _TLS_WANTED in body:
            raise TlsFailed("the engine speaks TLS here", target=endpoint.url, hint=_tls_hint(endpoint))
        hint = "a proxy before the engine refuses /_ping" if status == 403 else ""
        reason = words[2] if len(words) > 2 else ""
        raise api_error(status, f"{status} {reason}".strip(), operation="system_ping", target=endpoint.url, hint=hint)
    pairs = (line.partition(":") for line in lines[1:])
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


@contextmanager
def _translated(endpoint: Endpoint, timeout: float) -> Iterator[None]:
    """Foreign exceptions -> the adapter's errors."""
    url = endpoint.url
    try:
        yield
    except TimeoutError as exc:
        raise TimedOut(f"no answer within {timeout:g} s", target=url, hint=_silent_hint(endpoint)) from exc
    except (FileNotFoundError, PermissionError) as exc:
        if endpoint.tls:  # only a certificate or its key can be a file here
            hint = "look at the files in DOCKER_CERT_PATH or of the context"
            raise TlsFailed(f"a certificate cannot be read: {exc.strerror}", target=url, hint=hint) from exc
        if isinstance(exc, PermissionError):
            raise SocketDenied("permission denied", target=url, hint=_denied_hint(endpoint)) from exc
        raise SocketMissing("there is no such socket", target=url, hint=start_hint(endpoint)) from exc
    except ConnectionRefusedError as exc:
        detail = "it is a file, and not a socket" if _is_other_file(endpoint) else "nobody listens there"
        raise ConnectionRefused(detail, target=url, hint=start_hint(endpoint)) from exc
    except BlockingIOError as exc:
        # A unix socket whose queue is full refuses at once instead of waiting.
        raise TimedOut("it takes no more connections", target=url, hint=_silent_hint(endpoint)) from exc
    except OSError as exc:
        if endpoint.tls and type(exc).__module__ == "ssl":
            # TlsFailed carries OpenSSL's own words: certificate verify failed, unknown ca, wrong version number...
            raise TlsFailed(str(exc), target=url, hint="check the certificates and the host's name") from exc
        raise EngineUnreachable(exc.strerror or str(exc), target=url) from exc
    except UnicodeError as exc:
        raise EngineUnreachable("that is no host name", target=url) from exc


def socket_path(endpoint: Endpoint) -> str:
    """The path of a ``unix://`` endpoint, "" for others."""
    return endpoint.url.removeprefix("unix://") if endpoint.url.startswith("unix://") else ""


def start_hint(endpoint: Endpoint) -> str:
    """How to start the engine that usually is behind this endpoint."""
    path = socket_path(endpoint)
    if not path:
        return "is the engine running, and does it listen on this address?"
    by_part = {
        "/.colima/": "colima start",
        "/.orbstack/": "orb start",
        "/.rd/": "start Rancher Desktop",
        "/.docker/": "start Docker Desktop",
    }
    for part, hint in by_part.items():
        if part in path:
            return hint
    mac = sys.platform == "darwin"
    user = path.startswith("/run/user/")
    if "podman" in path:
        return "podman machine start" if mac else f"{_systemctl(user)} start podman.socket"
    if path.endswith("docker.sock"):
        return "start Docker Desktop" if mac else f"{_systemctl(user)} start docker"
    return "is the engine running?"


def _systemctl(user: bool) -> str:
    return "systemctl --user" if user else "sudo systemctl"


def _silent_hint(endpoint: Endpoint) -> str:
    if socket_path(endpoint):
        return "the engine hangs or is overloaded: look at its log (journalctl -u docker)"
    return "is the address right, and is there a firewall in between?"


def _denied_hint(endpoint: Endpoint) -> str:
    try:
        found = Path(socket_path(endpoint)).stat()
        group = grp.getgrgid(found.st_gid).gr_name
    except (OSError, KeyError):
        return "try it with sudo"
    if group == "root" or not found.st_mode & stat.S_IWGRP:
        return "only its owner may open it: try it with sudo"
    return f"add yourself to the {group} group: sudo usermod -aG {group} $USER, then log in again"


def _is_other_file(endpoint: Endpoint) -> bool:
    try:
        return bool(path := socket_path(endpoint)) and not stat.S_ISSOCK(Path(path).stat().st_mode)
    except OSError:
        return False


def _tls_hint(endpoint: Endpoint) -> str:
    if endpoint.tls or socket_path(endpoint):
        return ""
    return "it may want TLS: set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"
