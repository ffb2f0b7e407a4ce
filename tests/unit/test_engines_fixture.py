"""The private engine fixture keeps its promises: isolation, clean-up, faults, and failing where it must not skip."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines import fixture
from tests.engines.fixture import Engine, EngineError, Registry


def eventually(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not become true in time"
        time.sleep(0.02)


def containers(engine: Engine) -> list[str]:
    return [entry["Names"][0].lstrip("/") for entry in engine.api("GET", "/containers/json?all=1")]


def test_the_environment_leads_to_nobodys_engine(private_environment: Path) -> None:
    assert "DOCKER_HOST" not in os.environ
    assert "CONTAINER_HOST" not in os.environ
    for name in ("DOCKER_CONFIG", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "HOME"):
        assert Path(os.environ[name]).is_relative_to(private_environment)


def test_docker_config_is_empty_and_in_force(docker_config: Path) -> None:
    assert os.environ["DOCKER_CONFIG"] == str(docker_config)
    assert list(docker_config.iterdir()) == []


def test_the_engine_has_the_test_images(docker_engine: Engine) -> None:
    tags = {tag for image in docker_engine.api("GET", "/images/json") for tag in image["RepoTags"] or ()}
    assert {"portside/busybox:1", "portside/logger:1", "portside/web:2", "portside/stubborn:1"} <= tags
    assert docker_engine.pid() is not None
    assert docker_engine.url == f"unix://{docker_engine.socket}"


def test_clean_removes_everything_and_restores_the_images(clean_docker: Engine) -> None:
    clean_docker.create("pause:1", name="running")
    paused = clean_docker.create("pause:1", name="paused")
    clean_docker.api("POST", f"/containers/{paused}/pause")
    clean_docker.api("POST", "/networks/create", {"Name": "extra"})
    clean_docker.api("POST", "/volumes/create", {"Name": "extra"})
    clean_docker.api("POST", "/images/portside/busybox:1/tag?repo=extra&tag=1")
    clean_docker.api("DELETE", "/images/portside/db:1")
    assert sorted(containers(clean_docker)) == ["paused", "running"]
    clean_docker.clean()
    assert containers(clean_docker) == []
    assert "extra" not in {network["Name"] for network in clean_docker.api("GET", "/networks")}
    assert not clean_docker.api("GET", "/volumes")["Volumes"]
    tags = {tag for image in clean_docker.api("GET", "/images/json") for tag in image["RepoTags"] or ()}
    assert "portside/db:1" in tags
    assert "extra:1" not in tags


def test_populate_and_unpopulate(clean_docker: Engine) -> None:
    clean_docker.populate(20, net="none", start=0)
    names = containers(clean_docker)
    assert len(names) == 20
    assert "shop-web-1" in names
    clean_docker.unpopulate()
    assert containers(clean_docker) == []


def test_published_ports_are_reached_from_inside(clean_docker: Engine) -> None:
    ports = {"PortBindings": {"8080/tcp": [{"HostPort": "18080"}]}}
    clean_docker.create("web:1", HostConfig=ports)
    eventually(lambda: "portside web 1" in clean_docker.run("curl", "-s", "http://127.0.0.1:18080/", check=False))


def test_api_reports_the_engines_words(docker_engine: Engine) -> None:
    assert docker_engine.api("GET", "/_ping") == "OK"
    with pytest.raises(EngineError, match=r"404 .*No such container: nothing"):
        docker_engine.api("GET", "/containers/nothing/json")


def test_the_engine_pulls_from_the_registry(clean_docker: Engine, registry: Registry) -> None:
    for address in (registry.open, registry.slow):
        messages = clean_docker.api("POST", f"/images/create?fromImage={address}/portside/sh&tag=stable")
        assert any("Downloaded newer image" in message["status"] for message in messages)
    with pytest.raises(EngineError, match="no basic auth credentials"):
        clean_docker.api("POST", f"/images/create?fromImage={registry.auth}/portside/sh&tag=stable")


def test_without_root_tests_skip_or_fail_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv(fixture.REQUIRE, raising=False)
    with pytest.raises(pytest.skip.Exception, match="private engines need"):
        fixture.need("docker")
    monkeypatch.setenv(fixture.REQUIRE, "podman, docker")
    with pytest.raises(pytest.fail.Exception, match="asks for docker"):
        fixture.need("docker")


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.geteuid() != 0, reason="asks before that for root")
def test_missing_commands_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fixture, "SCRIPT", tmp_path / "engines.sh")
    fixture.SCRIPT.write_text("#!/bin/sh\nprintf 'dockerd=docker.io\\nrunc=runc\\n'\nexit 1\n")
    fixture.SCRIPT.chmod(0o755)
    assert fixture.unavailable("docker") == "missing: dockerd, runc (tests/engines/engines.sh install docker)"


def test_sweep_takes_down_what_a_killed_run_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "engines.sh"
    script.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n')
    script.chmod(0o755)
    monkeypatch.setattr(fixture, "SCRIPT", script)
    monkeypatch.setattr(fixture, "ROOT", tmp_path)
    (tmp_path / "ps-1-main.lock").touch()
    held = tmp_path / "ps-2-main.lock"
    with held.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        fixture.sweep()
    assert (tmp_path / "calls").read_text() == f"--dir {tmp_path}/ps-1-main down\n"
    assert [path.name for path in tmp_path.glob("*.lock")] == [held.name]


def test_kill_start_freeze_thaw(sacrificial_docker: Engine) -> None:
    first = sacrificial_docker.pid()
    sacrificial_docker.create("pause:1", name="survivor")
    sacrificial_docker.kill()
    assert sacrificial_docker.pid() is None
    with pytest.raises(ConnectionRefusedError):
        sacrificial_docker.api("GET", "/_ping")
    sacrificial_docker.start()
    assert sacrificial_docker.pid() not in {None, first}
    assert containers(sacrificial_docker) == ["survivor"]
    sacrificial_docker.freeze()
    try:
        with pytest.raises(TimeoutError):
            sacrificial_docker.api("GET", "/version", timeout=0.3)
    finally:
        sacrificial_docker.thaw()
    assert sacrificial_docker.api("GET", "/version")["ApiVersion"] == "1.41"
    sacrificial_docker.stop()
    assert sacrificial_docker.pid() is None
    sacrificial_docker.restart()
    sacrificial_docker.clean()
    assert containers(sacrificial_docker) == []
