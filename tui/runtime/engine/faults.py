"""The one place where foreign exceptions become ours: sockets, TLS, HTTP, JSON, time-outs."""

from __future__ import annotations

import asyncio
import socket
import ssl
from types import TracebackType

import httptools

from tui.runtime.errors import (
    ConnectionRefused,
    EngineUnreachable,
    ProtocolViolation,
    RuntimeFault,
    SocketDenied,
    SocketMissing,
    StreamBroken,
    TimedOut,
    TlsFailed,
)

_START = "Is the engine running? Start it (for example: sudo systemctl start docker), or name another with --host."
_DOCKER_GROUP = (
    "Add yourself to the `docker` group (sudo usermod -aG docker $USER, then log in again), use a rootless engine, "
    "or name another with --host."
)
_ROOTLESS = "Use your own rootless engine's socket (systemctl --user start podman.socket), or name another with --host."
TLS_HINT = (
    "Check the certificates (DOCKER_CERT_PATH, or the context's TLS files), the host name in them, and their dates."
)
_NAME = "Check the host name, and that this machine can resolve it."
_LATER = "The engine may be overloaded or frozen. Try again; if it stays so, look at the engine's own log."


class translate:
    """Raise the error tree instead of what sockets, TLS, the HTTP parser and JSON raise.

    Errors that are ours pass, and are told what was being done where they do not know. A class and not a
    generator: it stands around every request (0.3 us against 1.1 us).
    """

    __slots__ = ("_endpoint", "_operation", "_target")

    def __init__(self, operation: str, target: str, endpoint: str) -> None:
        """What is being done, to what, at which endpoint."""
        self._operation = operation
        self._target = target
        self._endpoint = endpoint

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Translate `exc`, chained."""
        if exc is None:
            return
        if isinstance(exc, RuntimeFault):
            exc.operation = exc.operation or self._operation
            exc.target = exc.target or self._target
            return
        fault = fault_from(exc, self._endpoint)
        if fault is not None:
            fault.operation = self._operation
            fault.target = self._target or self._endpoint
            raise fault from exc


def fault_from(exc: BaseException, endpoint: str) -> RuntimeFault | None:
    """The error for a foreign exception, or None for one that is a mistake of ours (or a cancellation)."""
    said = str(exc) or type(exc).__name__
    match exc:
        case TimeoutError():
            detail = (
                f"{said} from {endpoint}" if exc.args and isinstance(exc.args[0], str) else f"no answer from {endpoint}"
            )
            return TimedOut(detail, hint=_LATER)
        case ssl.SSLError():
            # Only OpenSSL's own errors have the attribute: not those that Python makes.
            why = getattr(exc, "verify_message", None) or getattr(exc, "reason", None) or said
            return TlsFailed(f"TLS with {endpoint} failed: {why}", hint=TLS_HINT)
        case socket.gaierror():
            return EngineUnreachable(f"{endpoint}: {exc.strerror or said}", hint=_NAME)
        case FileNotFoundError() | NotADirectoryError():
            return SocketMissing(f"there is no socket at {endpoint}", hint=_START)
        case PermissionError():
            hint = _ROOTLESS if "podman" in endpoint else _DOCKER_GROUP
            return SocketDenied(f"this user may not open {endpoint}", hint=hint)
        case ConnectionRefusedError():
            return ConnectionRefused(f"nothing listens at {endpoint}", hint=_START)
        case ConnectionError() | EOFError():
            return StreamBroken(f"the connection to {endpoint} broke: {said}")
        case OSError():
            return EngineUnreachable(f"{endpoint}: {exc.strerror or said}", hint=_START)
        case httptools.HttpParserError() | httptools.HttpParserUpgrade():
            return ProtocolViolation(f"{endpoint} does not speak HTTP as it should: {said}")
        case asyncio.LimitOverrunError() | RecursionError():
            return ProtocolViolation(f"{endpoint} sent more than is accepted: {said}")
        case UnicodeError() | ValueError():
            # json.JSONDecodeError is a ValueError. Nothing else inside `translate` converts values.
            return ProtocolViolation(f"{endpoint} sent what is not JSON: {said}")
        case _:
            return None
