from __future__ import annotations

import asyncio
import json
import socket
import ssl
from pathlib import Path

import httptools
import pytest
from httptools.parser import errors as httptools_errors

from tui.runtime.engine.faults import fault_from, translate
from tui.runtime.errors import (
    ConnectionRefused,
    EngineUnreachable,
    NotFound,
    ProtocolViolation,
    RuntimeFault,
    SocketDenied,
    SocketMissing,
    StreamBroken,
    TimedOut,
    TlsFailed,
)

URL = "unix:///var/run/docker.sock"


def subclasses(kind: type[BaseException]) -> set[type[BaseException]]:
    found = {kind}
    for below in kind.__subclasses__():
        found |= subclasses(below)
    return found


def of(module: object) -> set[type[BaseException]]:
    return {kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, BaseException)}


# Everything that sockets, TLS, the HTTP parser and JSON can raise, found by looking and not by remembering. Other
# libraries' subclasses of OSError are theirs.
BUILTIN_OS = {kind for kind in subclasses(OSError) if kind.__module__ in ("builtins", "socket", "ssl", "_ssl")}
FOREIGN: set[type[BaseException]] = {
    *BUILTIN_OS,
    *of(httptools_errors),
    *(kind for kind in of(ssl) if issubclass(kind, OSError)),
    *(kind for kind in of(socket) if issubclass(kind, OSError)),
    asyncio.TimeoutError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    json.JSONDecodeError,
    UnicodeDecodeError,
    RecursionError,
    EOFError,
}


def example(kind: type[BaseException]) -> BaseException:
    if kind is asyncio.IncompleteReadError:
        return asyncio.IncompleteReadError(b"", 4)
    if kind is asyncio.LimitOverrunError:
        return asyncio.LimitOverrunError("too long", 4)
    if kind is json.JSONDecodeError:
        return json.JSONDecodeError("no", "x", 0)
    if kind is UnicodeDecodeError:
        return UnicodeDecodeError("utf-8", b"x", 0, 1, "no")
    return kind("words")


def name_of(kind: type[BaseException]) -> str:
    return kind.__name__


KINDS: list[type[BaseException]] = sorted(FOREIGN, key=name_of)


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_no_foreign_exception_gets_through(kind: type[BaseException]) -> None:
    foreign = example(kind)
    with pytest.raises(RuntimeFault) as caught, translate("container_list", "", URL):
        raise foreign
    fault = caught.value
    assert fault.__cause__ is foreign
    assert (fault.operation, fault.target) == ("container_list", URL)
    assert fault.detail


def test_every_exception_of_the_parser_is_known() -> None:
    assert {kind.__name__ for kind in of(httptools_errors)} >= {name for name in httptools.__all__ if "Error" in name}


@pytest.mark.parametrize(
    ("foreign", "expected"),
    [
        (FileNotFoundError(2, "No such file"), SocketMissing),
        (NotADirectoryError(20, "Not a directory"), SocketMissing),
        (PermissionError(13, "Permission denied"), SocketDenied),
        (ConnectionRefusedError(111, "refused"), ConnectionRefused),
        (ConnectionResetError(104, "reset"), StreamBroken),
        (BrokenPipeError(32, "pipe"), StreamBroken),
        (TimeoutError(), TimedOut),
        (TimeoutError(110, "timed out"), TimedOut),
        (ssl.SSLError("no"), TlsFailed),
        (ssl.SSLCertVerificationError("no"), TlsFailed),
        (socket.gaierror(-2, "unknown name"), EngineUnreachable),
        (OSError(113, "No route to host"), EngineUnreachable),
        (httptools.HttpParserError("no"), ProtocolViolation),
    ],
)
def test_each_becomes_its_own_kind(foreign: BaseException, expected: type[RuntimeFault]) -> None:
    fault = fault_from(foreign, URL)
    assert type(fault) is expected
    assert URL in str(fault)


def test_reasons_come_with_something_to_do() -> None:
    denied = fault_from(PermissionError(), URL)
    assert denied is not None
    assert "`docker` group" in denied.hint
    rootful = fault_from(PermissionError(), "unix:///run/podman/podman.sock")
    assert rootful is not None
    assert "podman.socket" in rootful.hint
    for foreign in (
        FileNotFoundError(),
        ConnectionRefusedError(),
        TimeoutError(),
        ssl.SSLError("x"),
        socket.gaierror(),
    ):
        fault = fault_from(foreign, URL)
        assert fault is not None
        assert fault.hint


@pytest.mark.parametrize("mistake", [KeyError("x"), TypeError("x"), asyncio.CancelledError(), KeyboardInterrupt()])
def test_our_own_mistakes_and_cancellation_pass(mistake: BaseException) -> None:
    with pytest.raises(type(mistake)) as caught, translate("x", "", URL):
        raise mistake
    assert caught.value is mistake


def test_ours_pass_and_learn_what_was_being_done() -> None:
    ours = NotFound("gone")
    with pytest.raises(NotFound) as caught, translate("container_stop", "web", URL):
        raise ours
    assert caught.value is ours
    assert (ours.operation, ours.target) == ("container_stop", "web")
    with pytest.raises(NotFound), translate("other", "other", URL):
        raise ours
    assert ours.operation == "container_stop"


async def test_a_socket_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may open everything, so the refusal is the system call's, made up.
    from tui.runtime.endpoints import Endpoint
    from tui.runtime.engine.transport import Request, Transport

    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tui.runtime.engine.dial.socket.socket.connect", refuse)
    transport = Transport(Endpoint(url=f"unix://{tmp_path}/docker.sock", name="", source=""))
    with pytest.raises(SocketDenied):
        await transport.request(Request("ping", "GET", "/_ping"))
