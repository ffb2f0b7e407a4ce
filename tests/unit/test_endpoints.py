"""Where engines are looked for, in which order, and what is said about those that cannot be used."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tui.runtime import endpoints
from tui.runtime.endpoints import Candidate, Endpoint, TlsConfig
from tui.runtime.errors import InvalidRequest, NotFound, TlsFailed, Unsupported


def context_dir(home: Path, name: str, kind: str = "meta") -> Path:
    folder = home / ".docker" / "contexts" / kind / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def add_context(home: Path, name: str, host: str, *, skip_verify: bool = False, files: tuple[str, ...] = ()) -> Path:
    """A context as ``docker context create`` stores it; its TLS folder."""
    meta = {"Name": name, "Metadata": {}, "Endpoints": {"docker": {"Host": host, "SkipTLSVerify": skip_verify}}}
    (context_dir(home, name) / "meta.json").write_text(json.dumps(meta))
    tls = context_dir(home, name, "tls") / "docker"
    tls.mkdir(exist_ok=True)
    for file in files:
        (tls / file).write_text("pem")
    return tls


def use_context(home: Path, name: Any) -> None:
    (home / ".docker").mkdir(exist_ok=True)
    (home / ".docker" / "config.json").write_text(json.dumps({"currentContext": name, "auths": {}}))


def find(home: Path, host: str | None = None, context: str | None = None, **env: str) -> list[Candidate]:
    return endpoints.candidates(host, context, env, home, 1000)


def only(found: list[Candidate]) -> Endpoint:
    assert len(found) == 1, found
    assert found[0].explicit
    assert found[0].endpoint is not None, found[0].fault
    return found[0].endpoint


def fault_of(found: list[Candidate]) -> Exception:
    assert len(found) == 1, found
    assert found[0].endpoint is None
    assert found[0].fault is not None
    return found[0].fault


ALL: Mapping[str, str] = {
    "DOCKER_HOST": "tcp://docker-host:1",
    "DOCKER_CONTEXT": "from-env",
    "CONTAINER_HOST": "tcp://container-host:1",
}


def test_each_source_beats_those_after_it(tmp_path: Path) -> None:
    add_context(tmp_path, "named", "tcp://named:1")
    add_context(tmp_path, "from-env", "tcp://from-env:1")
    add_context(tmp_path, "current", "tcp://current:1")
    use_context(tmp_path, "current")
    env = dict(ALL)
    seen = [only(find(tmp_path, "tcp://host:1", **env)), only(find(tmp_path, None, "named", **env))]
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        seen.append(only(find(tmp_path, **env)))
        del env[name]
    seen.append(only(find(tmp_path, **env)))
    use_context(tmp_path, "")
    seen.append(only(find(tmp_path, **env)))
    assert [(endpoint.source, endpoint.url) for endpoint in seen] == [
        ("--host", "tcp://host:1"),
        ("--context", "tcp://named:1"),
        ("DOCKER_HOST", "tcp://docker-host:1"),
        ("DOCKER_CONTEXT", "tcp://from-env:1"),
        ("currentContext", "tcp://current:1"),
        ("CONTAINER_HOST", "tcp://container-host:1"),
    ]


def test_host_and_context_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="--host and --context exclude each other"):
        find(tmp_path, "/a.sock", "b")


def test_without_any_choice_the_well_known_sockets_are_tried(tmp_path: Path) -> None:
    found = find(tmp_path, XDG_RUNTIME_DIR=str(tmp_path / "run"))
    assert {candidate.source for candidate in found} == {"well-known socket"}
    assert not any(candidate.explicit for candidate in found)
    names = [candidate.name for candidate in found]
    assert names[0] == "/var/run/docker.sock"
    assert "~/run/docker.sock" in names
    assert "~/.colima/default/docker.sock" in names
    assert names[-1] == "~/run/podman/podman.sock"
    assert [candidate.endpoint.url for candidate in found if candidate.endpoint and "rd/" in candidate.name] == [
        f"unix://{tmp_path}/.rd/docker.sock"
    ]


def test_the_same_socket_by_two_paths_is_tried_once(tmp_path: Path) -> None:
    real = tmp_path / "run"
    real.mkdir()
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "run").symlink_to(real)
    names = [candidate.name for candidate in find(tmp_path, XDG_RUNTIME_DIR=str(real))]
    assert "~/run/docker.sock" in names
    assert "~/.docker/run/docker.sock" not in names


def test_without_a_runtime_directory_the_users_own_is_assumed(tmp_path: Path) -> None:
    assert "/run/user/1000/docker.sock" in [candidate.name for candidate in find(tmp_path)]


@pytest.mark.parametrize("context", [None, "default"])
def test_the_default_context_is_no_context(tmp_path: Path, context: str | None) -> None:
    use_context(tmp_path, "default")
    assert len(find(tmp_path, None, context)) > 1
    assert only(find(tmp_path, None, context, DOCKER_HOST="tcp://a:1")).url == "tcp://a:1"


def test_default_by_the_environment_beats_the_current_context(tmp_path: Path) -> None:
    add_context(tmp_path, "current", "tcp://current:1")
    use_context(tmp_path, "current")
    assert len(find(tmp_path, DOCKER_CONTEXT="default")) > 1


def test_docker_config_moves_the_contexts(tmp_path: Path) -> None:
    add_context(tmp_path / "elsewhere", "moved", "unix:///moved.sock")
    found = only(find(tmp_path, None, "moved", DOCKER_CONFIG=str(tmp_path / "elsewhere" / ".docker")))
    assert found == Endpoint("unix:///moved.sock", "moved", "--context")


def test_a_missing_context_lists_those_there_are(tmp_path: Path) -> None:
    add_context(tmp_path, "staging", "tcp://a:1")
    add_context(tmp_path, "prod", "tcp://b:1")
    (context_dir(tmp_path, "broken") / "meta.json").write_text("{")
    fault = fault_of(find(tmp_path, None, "prodd"))
    assert isinstance(fault, NotFound)
    assert fault.detail == "there is no context 'prodd'"
    assert fault.hint == "contexts are: default, prod, staging"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "not valid JSON"),
        ("[]", "not a JSON object"),
        ("{}", "has no docker endpoint"),
        ('{"Endpoints": {"docker": []}}', "has no docker endpoint"),
        ('{"Endpoints": {"docker": {"Host": 3}}}', "has no docker endpoint"),
        ('{"Endpoints": {"kubernetes": {"Host": "x"}}}', "has no docker endpoint"),
        ('{"Endpoints": {"docker": {"Host": "gopher://x"}}}', "'gopher' is not a scheme"),
        ("\udc80", "not valid JSON"),
        ('"' + "x" * (1 << 20) + '"', "is larger than 1 MiB"),
    ],
)
def test_a_broken_context_says_what_is_broken(tmp_path: Path, content: str, says: str) -> None:
    (context_dir(tmp_path, "bad") / "meta.json").write_text(content, errors="surrogateescape")
    use_context(tmp_path, "bad")
    fault = fault_of(find(tmp_path))
    assert isinstance(fault, InvalidRequest)
    assert says in fault.detail


@pytest.mark.parametrize("content", ["{", "[]", '{"currentContext": 3}'])
def test_a_broken_config_is_said_and_then_done_without(tmp_path: Path, content: str) -> None:
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(content)
    first, *others = find(tmp_path)
    assert first.source == "config.json"
    assert isinstance(first.fault, InvalidRequest)
    assert [candidate.source for candidate in others][:2] == ["well-known socket"] * 2
    first, other = find(tmp_path, CONTAINER_HOST="/podman.sock")
    assert first.fault is not None
    assert other.endpoint == Endpoint("unix:///podman.sock", "/podman.sock", "CONTAINER_HOST")


def test_a_config_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / ".docker" / "config.json").mkdir(parents=True)
    fault = find(tmp_path)[0].fault
    assert fault is not None
    assert fault.detail == f"{tmp_path}/.docker/config.json cannot be read: Is a directory"


def test_the_home_directory_comes_from_the_environment(tmp_path: Path) -> None:
    use_context(tmp_path, "gone")
    found = endpoints.discover(env={"HOME": str(tmp_path)})
    assert found.tried[0].candidate.name == "gone"
    assert endpoints.discover("gopher://x", env={}).tried[0].candidate.name == "gopher://x"


def test_a_contexts_tls_material_is_found(tmp_path: Path) -> None:
    tls = add_context(tmp_path, "prod", "tcp://prod:2376", files=("ca.pem", "cert.pem", "key.pem"))
    assert only(find(tmp_path, None, "prod")).tls == TlsConfig(tls / "ca.pem", tls / "cert.pem", tls / "key.pem", True)
    add_context(tmp_path, "lax", "tcp://lax", skip_verify=True)
    lax = only(find(tmp_path, None, "lax"))
    assert (lax.url, lax.tls) == ("tcp://lax:2376", TlsConfig(verify=False))
    add_context(tmp_path, "plain", "tcp://plain")
    plain = only(find(tmp_path, None, "plain"))
    assert (plain.url, plain.tls) == ("tcp://plain:2375", None)
    add_context(tmp_path, "https", "https://secure")
    assert only(find(tmp_path, None, "https")) == Endpoint("tcp://secure:443", "https", "--context", TlsConfig())
    add_context(tmp_path, "socket", "unix:///a.sock", skip_verify=True)
    assert only(find(tmp_path, None, "socket")).tls is None


def test_tls_from_the_environment(tmp_path: Path) -> None:
    for file in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / file).write_text("pem")
    env = {"DOCKER_HOST": "tcp://a", "DOCKER_CERT_PATH": str(tmp_path)}
    assert only(find(tmp_path, **env)) == Endpoint("tcp://a:2375", "a:2375", "DOCKER_HOST")
    material = (tmp_path / "cert.pem", tmp_path / "key.pem")
    verified = only(find(tmp_path, DOCKER_TLS_VERIFY="1", **env))
    assert (verified.url, verified.tls) == ("tcp://a:2376", TlsConfig(tmp_path / "ca.pem", *material, verify=True))
    unverified = only(find(tmp_path, DOCKER_TLS="1", **env))
    assert unverified.tls == TlsConfig(None, *material, verify=False)
    assert only(find(tmp_path, "tcp://b:1", DOCKER_TLS="1", **env)).tls == unverified.tls
    assert only(find(tmp_path, "/a.sock", DOCKER_TLS_VERIFY="1")).tls is None


def test_tls_without_a_ca_is_refused(tmp_path: Path) -> None:
    fault = fault_of(find(tmp_path, DOCKER_HOST="tcp://a", DOCKER_TLS_VERIFY="1"))
    assert isinstance(fault, TlsFailed)
    assert fault.detail == f"DOCKER_TLS_VERIFY is set, and there is no {tmp_path}/.docker/ca.pem"
    assert "DOCKER_CERT_PATH" in fault.hint


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("unix:///run/docker.sock", "unix:///run/docker.sock"),
        ("UNIX:///run/docker.sock", "unix:///run/docker.sock"),
        ("/run/docker.sock", "unix:///run/docker.sock"),
        (" /run/docker.sock ", "unix:///run/docker.sock"),
        ("tcp://10.0.0.1", "tcp://10.0.0.1:2375"),
        ("tcp://10.0.0.1:99/", "tcp://10.0.0.1:99"),
        ("http://engine", "tcp://engine:80"),
        ("engine:2375", "tcp://engine:2375"),
        ("tcp://[::1]:2375", "tcp://[::1]:2375"),
        ("tcp://[fe80::1]", "tcp://[fe80::1]:2375"),
    ],
)
def test_url_forms(tmp_path: Path, text: str, url: str) -> None:
    assert only(find(tmp_path, text)).url == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "engine",
        "unix://relative.sock",
        "unix://",
        "tcp://",
        "tcp://:2375",
        "tcp://a:port",
        "tcp://a:0",
        "tcp://a:65536",
        "tcp://a:²",
        "tcp://a/path",
        "tcp://::1:2375",
        "tcp://[::1",
        "tcp://[::1]x",
        "tcp://a b:1",
        "gopher://a",
        "tcp://a\x1b[2J:1",
        "/a\x00b",
    ],
)
def test_bad_urls_say_what_is_allowed(tmp_path: Path, text: str) -> None:
    fault = fault_of(find(tmp_path, text))
    assert isinstance(fault, InvalidRequest)
    assert fault.detail.startswith("--host: ")
    assert fault.detail.isprintable()
    assert "unix:///path" in fault.hint
    assert "host:port" in fault.hint


def test_a_password_in_a_url_is_not_repeated(tmp_path: Path) -> None:
    fault = fault_of(find(tmp_path, "tcp://me:secret@a:1"))
    assert "secret" not in f"{fault} {getattr(fault, 'hint', '')}"


@pytest.mark.parametrize("scheme", ["ssh", "npipe", "fd"])
def test_unsupported_transports_say_what_to_do(tmp_path: Path, scheme: str) -> None:
    fault = fault_of(find(tmp_path, DOCKER_HOST=f"{scheme}://somewhere"))
    assert isinstance(fault, Unsupported)
    assert fault.capability == f"{scheme} transport"
    assert fault.hint
