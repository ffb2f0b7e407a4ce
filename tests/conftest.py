"""Fixtures for all tests: a private environment for every run, and private real engines for those that ask.

Tests that use a real engine carry the marker ``engine`` (set here for every test that names one of the fixtures
below; a test that gets them by ``request.getfixturevalue`` sets it itself). PORTSIDE_ENGINE_DOCKER and
PORTSIDE_ENGINE_PODMAN name another version than the one that is installed, in the words of ``engines.sh``:
``docker@forky``, ``podman@trixie``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.fixture import Engine, Registry, need

ENGINE_FIXTURES = frozenset(
    {"docker_engine", "clean_docker", "sacrificial_docker", "registry", "podman_engine", "sacrificial_podman"}
)

# What would lead a test to the user's own engine or settings, or change what the screen looks like.
FOREIGN = (
    "CONTAINERS_CONF",
    "CONTAINER_CONNECTION",
    "CONTAINER_HOST",
    "DOCKER_API_VERSION",
    "DOCKER_AUTH_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_CONTEXT",
    "DOCKER_HOST",
    "DOCKER_TLS",
    "DOCKER_TLS_VERIFY",
    "COLUMNS",
    "FORCE_COLOR",
    "LINES",
    "NO_COLOR",
    "PODMAN_CONNECTIONS_CONF",
    "SSH_CONNECTION",
    "SSH_TTY",
)
FOR_THE_TESTS = ("PORTSIDE_ENGINE", "PORTSIDE_REQUIRE_ENGINES")
PRIVATE = {
    "DOCKER_CONFIG": ".docker",
    "HOME": "",
    "XDG_CACHE_HOME": ".cache",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_RUNTIME_DIR": "run",
    "XDG_STATE_HOME": ".local/state",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that uses a real engine."""
    for item in items:
        if ENGINE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.engine)


@pytest.fixture(scope="session", autouse=True)
def private_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of the tests' own: nothing of the user's configuration is read, nothing of it is written."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        ours = (name for name in os.environ if name.startswith("PORTSIDE_") and not name.startswith(FOR_THE_TESTS))
        for name in (*FOREIGN, *ours):
            patch.delenv(name, raising=False)
        for name, below in PRIVATE.items():
            folder = home / below
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            patch.setenv(name, os.fspath(folder))
        patch.setenv("TERM", "xterm-256color")
        yield home


@pytest.fixture(scope="session")
def docker_engine(private_environment: Path) -> Iterator[Engine]:
    """A private dockerd with the test images. Shared by the session: clean up, or use `clean_docker`."""
    yield from _running("docker", "")


@pytest.fixture(scope="session")
def podman_engine(private_environment: Path) -> Iterator[Engine]:
    """A private Podman with the test images. Shared by the session: clean up."""
    yield from _running("podman", "-p")


@pytest.fixture
def clean_docker(docker_engine: Engine) -> Iterator[Engine]:
    """`docker_engine` without containers, and with what the test made removed after it."""
    docker_engine.clean()
    yield docker_engine
    docker_engine.clean()


@pytest.fixture(scope="module")
def sacrificial_docker(private_environment: Path) -> Iterator[Engine]:
    """A dockerd of this module's own, to be killed, frozen and restarted."""
    yield from _running("docker", "-x")


@pytest.fixture(scope="module")
def sacrificial_podman(private_environment: Path) -> Iterator[Engine]:
    """A Podman of this module's own, to be killed and restarted. Its containers outlive it."""
    yield from _running("podman", "-y")


@pytest.fixture(scope="session")
def registry(docker_engine: Engine) -> Registry:
    """A private image registry, open, with a login, and slow; `docker_engine` can pull from it."""
    need("docker", "registry")
    return docker_engine.registry()


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty docker configuration directory, in force as DOCKER_CONFIG for this test."""
    folder = tmp_path / "docker-config"
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("DOCKER_CONFIG", os.fspath(folder))
    return folder


def _running(name: str, tag: str) -> Iterator[Engine]:
    version = os.environ.get(f"PORTSIDE_ENGINE_{name.upper()}", name)
    need(version)
    engine = Engine(tag, version)
    try:
        engine.up()
        yield engine
    finally:
        engine.down()
