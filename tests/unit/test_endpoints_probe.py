"""Asking one endpoint whether an engine answers: real sockets, every way to fail, typed and with a hint."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.fixture import Engine
from tui.runtime import endpoints, endpoints_probe
from tui.runtime.endpoints import Candidate, Endpoint, TlsConfig
from tui.runtime.errors import (
    ConnectionRefused,
    EngineFault,
    EngineUnreachable,
    Forbidden,
    NotFound,
    ProtocolViolation,
    RuntimeFault,
    SocketDenied,
    SocketMissing,
    TimedOut,
    TlsFailed,
)

PONG = b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nServer: Docker/20.10\r\nContent-Length: 2\r\n\r\nOK"
Serve = Callable[[socket.socket], None]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: pytest's own paths are too long for a unix socket."""
    with tempfile.TemporaryDirectory(prefix="pse") as name:
        yield Path(name)


@contextlib.contextmanager
def listening(server: socket.socket, serve: Serve) -> Iterator[None]:
    """Accept connections in a thread and hand each to `serve`."""
    server.listen()

    def accept() -> None:
        # shutdown() of the listening socket ends accept().
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection, contextlib.suppress(ConnectionError, ssl.SSLError):
                    serve(connection)

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


@contextlib.contextmanager
def engine_at(path: Path, answer: bytes | Serve = PONG) -> Iterator[Endpoint]:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    with listening(server, saying(answer) if isinstance(answer, bytes) else answer):
        yield at(path)


@contextlib.contextmanager
def tcp_engine(serve: Serve, tls: TlsConfig | None = None) -> Iterator[Endpoint]:
    server = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{server.getsockname()[1]}"
    with listening(server, serve):
        yield Endpoint(f"tcp://{address}", address, "--host", tls)


def saying(answer: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(answer)

    return serve


def at(path: Path) -> Endpoint:
    return Endpoint(f"unix://{path}", str(path), "--host")


def result_of(endpoint: Endpoint, timeout: float = 2.0) -> endpoints.ProbeResult:
    return endpoints.probe(Candidate(endpoint.source, endpoint.name, endpoint, explicit=True), timeout)


def fault_of(endpoint: Endpoint, timeout: float = 2.0) -> RuntimeFault:
    result = result_of(endpoint, timeout)
    assert not result.ok
    assert result.error is not None
    assert result.error.target == endpoint.url
    return result.error


def test_an_engine_that_answers(folder: Path) -> None:
    with engine_at(folder / "docker.sock") as endpoint:
        result = result_of(endpoint)
    assert (result.ok, result.error, result.api_version) == (True, None, "1.41")


def test_an_answer_in_pieces(folder: Path) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        for byte in PONG:
            connection.sendall(bytes([byte]))

    with engine_at(folder / "docker.sock", serve) as endpoint:
        assert result_of(endpoint).ok


def test_no_such_socket(folder: Path) -> None:
    fault = fault_of(at(folder / "docker.sock"))
    assert isinstance(fault, SocketMissing)
    assert fault.hint == ("sudo systemctl start docker" if os.uname().sysname == "Linux" else "start Docker Desktop")


def test_a_socket_nobody_listens_on(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "a.sock"))
        fault = fault_of(at(folder / "a.sock"))
    assert isinstance(fault, ConnectionRefused)
    assert fault.detail == "nobody listens there"


def test_a_file_that_is_no_socket(folder: Path) -> None:
    (folder / "file").write_text("")
    fault = fault_of(at(folder / "file"))
    assert isinstance(fault, ConnectionRefused)
    assert fault.detail == "it is a file, and not a socket"


def test_a_path_that_is_too_long(tmp_path: Path) -> None:
    fault = fault_of(at(tmp_path / ("x" * 120)))
    assert type(fault) is EngineUnreachable
    assert "too long" in fault.detail


@pytest.mark.parametrize(
    ("group", "mode", "hint"),
    [
        ("docker", 0o660, "add yourself to the docker group: sudo usermod -aG docker $USER, then log in again"),
        ("root", 0o660, "only its owner may open it: try it with sudo"),
        ("docker", 0o600, "only its owner may open it: try it with sudo"),
    ],
)
def test_a_socket_that_may_not_be_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch, group: str, mode: int, hint: str
) -> None:
    """Root may open everything, so the refusal is simulated; what is said about it is not."""

    class Entry:
        gr_name = group

    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    class Denied(socket.socket):
        connect = refuse

    with engine_at(folder / "docker.sock") as endpoint:
        (folder / "docker.sock").chmod(mode)
        monkeypatch.setattr("socket.socket", Denied)
        monkeypatch.setattr("grp.getgrgid", lambda gid: Entry)
        fault = fault_of(endpoint)
        monkeypatch.undo()
    assert isinstance(fault, SocketDenied)
    assert not fault.retryable
    assert fault.hint == hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
def test_a_socket_that_really_may_not_be_opened(folder: Path) -> None:
    with engine_at(folder / "docker.sock") as endpoint:
        (folder / "docker.sock").chmod(0)
        assert isinstance(fault_of(endpoint), SocketDenied)


def test_a_folder_that_may_not_be_searched(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    class Denied(socket.socket):
        connect = refuse

    monkeypatch.setattr("socket.socket", Denied)
    assert fault_of(at(folder / "hidden" / "docker.sock")).hint == "try it with sudo"


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/run/user/1000/docker.sock", "systemctl --user start docker"),
        ("/run/user/1000/podman/podman.sock", "systemctl --user start podman.socket"),
        ("/run/podman/podman.sock", "sudo systemctl start podman.socket"),
        ("/home/a/.colima/default/docker.sock", "colima start"),
        ("/home/a/.orbstack/run/docker.sock", "orb start"),
        ("/home/a/.rd/docker.sock", "start Rancher Desktop"),
        ("/home/a/.docker/desktop/docker.sock", "start Docker Desktop"),
        ("/srv/other.sock", "is the engine running?"),
    ],
)
def test_how_to_start_what_is_not_running(monkeypatch: pytest.MonkeyPatch, path: str, hint: str) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    assert endpoints_probe.start_hint(at(Path(path))) == hint


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="other systems refuse at once")
def test_a_socket_with_a_full_queue(folder: Path) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(str(folder / "a.sock"))
        server.listen(0)
        waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
        waiting.connect(str(folder / "a.sock"))
        fault = fault_of(at(folder / "a.sock"))
    assert isinstance(fault, TimedOut)
    assert fault.detail == "it takes no more connections"


@pytest.mark.parametrize(
    ("path", "hint"),
    [("/var/run/docker.sock", "start Docker Desktop"), ("/run/podman/podman.sock", "podman machine start")],
)
def test_how_to_start_it_on_a_mac(monkeypatch: pytest.MonkeyPatch, path: str, hint: str) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert endpoints_probe.start_hint(at(Path(path))) == hint


def test_silence_ends_in_time(folder: Path) -> None:
    release = threading.Event()
    with engine_at(folder / "a.sock", lambda connection: (release.wait(30), None)[1]) as endpoint:
        started = time.monotonic()
        fault = fault_of(endpoint, timeout=0.2)
        took = time.monotonic() - started
        release.set()
    assert isinstance(fault, TimedOut)
    assert 0.1 < took < 2
    assert fault.detail == "no answer within 0.2 s"


def test_a_trickle_ends_in_time(folder: Path) -> None:
    """Each byte comes in time; all of them do not."""
    stop = threading.Event()

    def drip(connection: socket.socket) -> None:
        while not stop.wait(0.02):
            connection.sendall(b"x")

    with engine_at(folder / "a.sock", drip) as endpoint:
        fault = fault_of(endpoint, timeout=0.3)
        stop.set()
    assert isinstance(fault, TimedOut)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (b"", "closed the connection without an answer"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "answered something that is not HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x16\r\n\r\n", "answered something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n", "answered something that is not HTTP"),
        (b"HTTP/1.1 abc\r\n\r\n", "answered something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * (64 << 10), "answered something that is not HTTP"),
    ],
)
def test_what_is_no_engine(folder: Path, answer: bytes, says: str) -> None:
    with engine_at(folder / "a.sock", answer) as endpoint:
        fault = fault_of(endpoint)
    assert isinstance(fault, ProtocolViolation)
    assert fault.detail == says


@pytest.mark.parametrize(
    ("status", "kind"),
    [(b"403 Forbidden", Forbidden), (b"404 Not Found", NotFound), (b"500 Internal Server Error", EngineFault)],
)
def test_other_answers_than_ok(folder: Path, status: bytes, kind: type[RuntimeFault]) -> None:
    with engine_at(folder / "a.sock", b"HTTP/1.1 " + status + b"\r\n\r\n") as endpoint:
        fault = fault_of(endpoint)
    assert isinstance(fault, kind)
    assert fault.detail == status.decode()


def test_tcp(folder: Path) -> None:
    with tcp_engine(saying(PONG)) as endpoint:
        assert result_of(endpoint).ok
    assert isinstance(fault_of(endpoint), ConnectionRefused)


def test_plain_http_to_a_tls_port() -> None:
    refusal = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
    with tcp_engine(saying(refusal)) as endpoint:
        fault = fault_of(endpoint)
    assert isinstance(fault, TlsFailed)
    assert "DOCKER_TLS_VERIFY=1" in fault.hint


def test_a_name_that_is_none() -> None:
    fault = fault_of(Endpoint("tcp://a..b:1", "a..b:1", "--host"))
    assert type(fault) is EngineUnreachable
    assert fault.detail == "that is no host name"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1: ca.pem (and cert.pem), key.pem."""
    folder = tmp_path_factory.mktemp("certificates")
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "ca.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def tls_server(folder: Path) -> Serve:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            saying(PONG)(secure)

    return serve


def test_tls(certificates: Path) -> None:
    for tls in (TlsConfig(ca=certificates / "ca.pem"), TlsConfig(verify=False)):
        with tcp_engine(tls_server(certificates), tls) as endpoint:
            assert result_of(endpoint).ok


def test_tls_with_a_certificate_of_our_own(certificates: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "ca.pem", certificates / "key.pem")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    def serve(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secure:
            saying(PONG)(secure)

    ca, key = certificates / "ca.pem", certificates / "key.pem"
    with tcp_engine(serve, TlsConfig(ca=ca, cert=ca, key=key)) as endpoint:
        assert result_of(endpoint).ok
    with tcp_engine(serve, TlsConfig(ca=ca)) as endpoint:
        assert isinstance(result_of(endpoint).error, RuntimeFault)


def test_tls_with_a_certificate_nobody_trusts(certificates: Path) -> None:
    with tcp_engine(tls_server(certificates), TlsConfig()) as endpoint:
        fault = fault_of(endpoint)
    assert isinstance(fault, TlsFailed)
    assert "CERTIFICATE_VERIFY_FAILED" in fault.detail
    assert not fault.retryable


def test_tls_to_a_port_that_speaks_none() -> None:
    with tcp_engine(saying(PONG), TlsConfig(verify=False)) as endpoint:
        assert isinstance(fault_of(endpoint), TlsFailed)


def test_tls_with_files_that_are_missing(certificates: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    for tls in (TlsConfig(ca=missing), TlsConfig(cert=missing, key=missing, verify=False)):
        with tcp_engine(tls_server(certificates), tls) as endpoint:
            fault = fault_of(endpoint)
        assert isinstance(fault, TlsFailed)
        assert "cannot be read" in fault.detail


def test_the_first_that_answers_is_chosen(folder: Path) -> None:
    (folder / "podman").mkdir()
    env = {"XDG_RUNTIME_DIR": str(folder)}
    with engine_at(folder / "podman" / "podman.sock"):
        found = endpoints.discover(env=env, home=folder / "nobody", uid=1000, timeout=1)
    if found.chosen is not None and found.chosen.url.startswith(("unix:///var/run/", "unix:///run/")):
        pytest.skip("this machine has an engine at a well-known place")
    assert found.chosen is not None
    assert found.chosen.url == f"unix://{folder}/podman/podman.sock"
    assert [result.ok for result in found.tried][-1:] == [True]
    assert not any(result.ok for result in found.tried[:-1])
    assert {type(result.error) for result in found.tried[:-1]} == {SocketMissing}


def test_a_choice_that_fails_is_not_replaced_by_another(folder: Path) -> None:
    with engine_at(folder / "docker.sock"):
        env = {"XDG_RUNTIME_DIR": str(folder), "DOCKER_HOST": str(folder / "other.sock")}
        found = endpoints.discover(env=env, home=folder, uid=1000)
    assert found.chosen is None
    assert [result.candidate.source for result in found.tried] == ["DOCKER_HOST"]
    assert isinstance(found.tried[0].error, SocketMissing)


def test_an_engine_that_comes_up_is_found_when_asked_again(folder: Path) -> None:
    first = endpoints.discover(str(folder / "a.sock"), env={}, home=folder)
    assert first.chosen is None
    with engine_at(folder / "a.sock"):
        again = endpoints.discover(first.host, first.context, env={}, home=folder)
    assert again.chosen == Endpoint(f"unix://{folder}/a.sock", "~/a.sock", "--host")


def test_a_candidate_without_endpoint_fails_with_its_own_fault(folder: Path) -> None:
    found = endpoints.discover("gopher://x", env={}, home=folder)
    assert found.tried[0].error is found.tried[0].candidate.fault
    assert found.tried[0].candidate.describe() == "gopher://x (--host)"


def test_a_real_engine(docker_engine: Engine) -> None:
    found = endpoints.discover(docker_engine.url, env={}, home=Path("/nonexistent"))
    assert found.chosen is not None
    assert found.chosen.url == docker_engine.url
    assert found.tried[0].api_version == "1.41"
