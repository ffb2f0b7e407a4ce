"""Podman's connections as candidates: where they are written, which wins, and what is said about unusable ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tui.runtime import endpoints, endpoints_podman
from tui.runtime.endpoints import Candidate
from tui.runtime.endpoints_podman import load_connections
from tui.runtime.errors import InvalidRequest, NotFound, Unsupported

TOML = """
[containers]
log_driver = "k8s-file"
[engine]
active_service = "old"
[engine.service_destinations.old]
uri = "unix:///run/old/podman.sock"
[engine.service_destinations.far]
uri = "ssh://core@host:22/run/podman/podman.sock"
identity = "/key"
"""


@pytest.fixture(autouse=True)
def no_system_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The machine's own files stay out; the one of this folder is the system's."""
    system = tmp_path / "etc" / "containers.conf"
    system.parent.mkdir()
    monkeypatch.setattr(endpoints_podman, "SYSTEM_FILES", (system,))
    return system


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_json(home: Path, default: str, **uris: str) -> None:
    connections = {name: {"URI": uri, "Identity": "", "IsMachine": False} for name, uri in uris.items()}
    content = {"Connection": {"Default": default, "Connections": connections}, "Farm": {}}
    write(home / ".config" / "containers" / "podman-connections.json", json.dumps(content))


def find(home: Path, **env: str) -> list[Candidate]:
    return endpoints.candidates(None, None, env, home, 1000)


def test_nothing_configured_is_no_candidate(tmp_path: Path) -> None:
    assert load_connections({}, tmp_path).default == ""
    assert {candidate.source for candidate in find(tmp_path)} == {"well-known socket"}


def test_a_default_connection_is_tried_before_the_well_known_sockets(tmp_path: Path) -> None:
    write_json(tmp_path, "mine", mine="unix:///run/user/1000/podman/podman.sock", other="tcp://host:1")
    first, *others = find(tmp_path)
    assert first.endpoint is not None
    assert (first.endpoint.url, first.endpoint.name) == ("unix:///run/user/1000/podman/podman.sock", "mine")
    assert (first.source, first.explicit) == ("podman connection", False)
    assert {candidate.source for candidate in others} == {"well-known socket"}


def test_what_somebody_chose_comes_before_a_default_connection(tmp_path: Path) -> None:
    write_json(tmp_path, "mine", mine="tcp://host:1")
    for env in ({"DOCKER_HOST": "tcp://a:1"}, {"CONTAINER_HOST": "tcp://b:1"}):
        (only,) = find(tmp_path, **env)
        assert only.source in env
    assert "podman connection" not in {candidate.source for candidate in find(tmp_path, DOCKER_CONTEXT="default")}


def test_a_named_connection_is_used_alone(tmp_path: Path) -> None:
    write_json(tmp_path, "mine", mine="unix:///a.sock", other="tcp://host:8080")
    (only,) = find(tmp_path, CONTAINER_CONNECTION="other")
    assert only.endpoint is not None
    assert (only.endpoint.url, only.source, only.explicit) == ("tcp://host:8080", "CONTAINER_CONNECTION", True)
    (missing,) = find(tmp_path, CONTAINER_CONNECTION="nowhere")
    assert isinstance(missing.fault, NotFound)
    assert missing.explicit
    assert "mine, other" in missing.fault.hint


def test_containers_conf_of_the_system_the_user_and_the_parts(tmp_path: Path, no_system_files: Path) -> None:
    write(no_system_files, TOML)
    assert load_connections({}, tmp_path).uri("old") == "unix:///run/old/podman.sock"
    own = tmp_path / ".config" / "containers"
    write(own / "containers.conf", '[engine]\nactive_service = "new"\n')
    write(own / "containers.conf.d" / "10.conf", '[engine.service_destinations.new]\nuri = "unix:///new.sock"\n')
    merged = load_connections({}, tmp_path)
    assert (merged.default, merged.uri("new"), set(merged.uris)) == ("new", "unix:///new.sock", {"old", "far", "new"})
    write_json(tmp_path, "newest", newest="unix:///newest.sock", old="unix:///moved.sock")
    merged = load_connections({}, tmp_path)
    assert (merged.default, merged.uri("old")) == ("newest", "unix:///moved.sock")


def test_the_environment_names_other_files(tmp_path: Path, no_system_files: Path) -> None:
    write(no_system_files, TOML)
    write(tmp_path / "one.conf", '[engine.service_destinations.one]\nuri = "unix:///one.sock"\n')
    write(tmp_path / "other.json", json.dumps({"Connection": {"Default": "one"}}))
    env = {"CONTAINERS_CONF": str(tmp_path / "one.conf"), "PODMAN_CONNECTIONS_CONF": str(tmp_path / "other.json")}
    got = load_connections(env, tmp_path)
    assert (got.default, set(got.uris)) == ("one", {"one"})
    write(tmp_path / "xdg" / "containers" / "containers.conf", '[engine]\nactive_service = "far"\n')
    assert load_connections({"XDG_CONFIG_HOME": str(tmp_path / "xdg")}, tmp_path).default == "far"


def test_ssh_is_said_to_be_unsupported_and_the_sockets_are_tried(tmp_path: Path) -> None:
    write_json(tmp_path, "machine", machine="ssh://core@127.0.0.1:50000/run/podman/podman.sock")
    first, *others = find(tmp_path)
    assert isinstance(first.fault, Unsupported)
    assert "podman connection 'machine'" in str(first.fault)
    assert "ssh" in first.fault.hint
    assert others


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("podman-connections.json", "{"),
        ("podman-connections.json", "[]"),
        ("containers.conf", "[engine]\nactive_service = \n"),
        ("containers.conf", "[engine]\nactive_service = '\udcff'\n"),
    ],
)
def test_a_broken_file_is_named_and_does_not_end_the_search(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / ".config" / "containers" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    first, *others = find(tmp_path)
    assert isinstance(first.fault, InvalidRequest)
    assert str(path) in str(first.fault)
    assert others


@pytest.mark.parametrize("text", ["engine = 3", "[engine]\nservice_destinations = 1", "# active_service = 'x'\n"])
def test_what_is_not_a_connection_is_left_out(tmp_path: Path, text: str) -> None:
    write(tmp_path / ".config" / "containers" / "containers.conf", text + "\n#\n[x]\nactive_service = 'y'\n")
    assert load_connections({}, tmp_path) == endpoints_podman.Connections("", {})
    write(tmp_path / ".config" / "containers" / "podman-connections.json", '{"Connection": {"Connections": {"a": 1}}}')
    assert load_connections({}, tmp_path).uris == {}


def test_a_default_that_is_not_there_is_said(tmp_path: Path) -> None:
    write_json(tmp_path, "gone")
    first = find(tmp_path)[0]
    assert isinstance(first.fault, NotFound)
    assert "'gone'" in str(first.fault)
