from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tui.runtime.models import ContainerState, EngineKind, EventType, Health, NetworkAttachment, Port, UsageItem
from tui.runtime.wire import decode_containers as containers
from tui.runtime.wire import decode_images as images
from tui.runtime.wire import decode_system as system

NOON = datetime(2024, 5, 1, 12, 0, tzinfo=UTC)
ID = "4c01db0b339c" + "0" * 52

LISTED: dict[str, Any] = {
    "Id": ID,
    "Names": ["/db/alias", "/web"],
    "Image": "portside/web:1",
    "ImageID": "sha256:aa",
    "Command": "httpd -f",
    "Created": 1714564800,
    "Ports": [
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"PrivatePort": 53, "Type": "udp"},
    ],
    "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"},
    "State": "running",
    "Status": "Up 3 minutes (unhealthy)",
    "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}, "none": {"IPAddress": ""}}},
    "Mounts": [{"Type": "volume", "Name": "data"}, {"Type": "bind", "Source": "/srv"}],
    "SizeRw": 12,
}


def test_a_listed_container() -> None:
    got = containers.container(LISTED)
    assert (got.id, got.name, got.names) == (ID, "web", ("db/alias", "web"))
    assert (got.state, got.health, got.exit_code) == (ContainerState.RUNNING, Health.UNHEALTHY, None)
    assert got.ports == (Port(80, "tcp", 8080, "0.0.0.0"), Port(53, "udp"))
    assert (got.created, got.project, got.service) == (NOON, "shop", "web")
    assert (got.networks, got.ips, got.mounts) == (("bridge", "none"), ("172.17.0.2",), ("data", "/srv"))
    assert (got.size_rw, got.size_root_fs) == (12, None)


def test_a_container_of_nulls() -> None:
    keys = ("Names", "Ports", "Labels", "Mounts", "State", "Status", "NetworkSettings", "Created", "Image", "Command")
    got = containers.container({"Id": ID, **dict.fromkeys(keys)})
    assert (got.name, got.state, got.created) == (ID[:12], ContainerState.UNKNOWN, None)
    assert (got.ports, got.names, dict(got.labels), got.mounts) == ((), (), {}, ())
    assert containers.container({}).id == ""


@pytest.mark.parametrize(
    ("status", "code", "health"),
    [
        ("Exited (137) 2 days ago", 137, Health.NONE),
        ("Exited (0) Less than a second ago", 0, Health.NONE),
        ("Exited (-1) 3 weeks ago", -1, Health.NONE),
        ("Restarting (1) 4 seconds ago", 1, Health.NONE),
        ("Up 3 minutes", None, Health.NONE),
        ("Up 3 minutes (healthy)", None, Health.HEALTHY),
        ("Up 3 minutes (unhealthy)", None, Health.UNHEALTHY),
        ("Up 2 seconds (health: starting)", None, Health.STARTING),
        ("Up 2 seconds (Paused)", None, Health.NONE),
        ("Created", None, Health.NONE),
        ("", None, Health.NONE),
    ],
)
def test_the_status_text(status: str, code: int | None, health: Health) -> None:
    got = containers.container({"Id": ID, "Status": status})
    assert (got.exit_code, got.health) == (code, health)


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        ({"State": "Running"}, ContainerState.RUNNING),
        ({"State": "levitating"}, ContainerState.UNKNOWN),
        ({"Status": "Up 1 second (Paused)"}, ContainerState.PAUSED),
        ({"Status": "Up 1 second"}, ContainerState.RUNNING),
        ({"Status": "Exited (0) ago"}, ContainerState.EXITED),
        ({"Status": "Removal In Progress"}, ContainerState.REMOVING),
    ],
)
def test_states(raw: dict[str, Any], state: ContainerState) -> None:
    assert containers.container(raw).state is state


def test_health_as_new_engines_tell_it() -> None:
    assert containers.container({"Health": {"Status": "healthy"}, "Status": "Up"}).health is Health.HEALTHY
    assert containers.container({"Health": {"Status": "wobbly"}}).health is Health.UNKNOWN


def test_an_inspected_container() -> None:
    raw: dict[str, Any] = {
        "Id": ID,
        "Name": "/web",
        "Created": "2024-05-01T12:00:00.000000000Z",
        "Image": "sha256:aa",
        "RestartCount": 4,
        "State": {
            "Status": "exited",
            "Running": False,
            "ExitCode": 137,
            "OOMKilled": True,
            "StartedAt": "2024-05-01T12:00:00Z",
            "FinishedAt": "0001-01-01T00:00:00Z",
            "Health": {
                "Status": "unhealthy",
                "FailingStreak": 2,
                "Log": [{"Start": "2024-05-01T14:00:00+02:00", "End": None, "ExitCode": 1, "Output": "no"}],
            },
        },
        "Config": {"Image": "web:1", "Tty": True, "Env": None, "Cmd": ["a", "b"], "Entrypoint": "sh", "Labels": None},
        "HostConfig": {
            "RestartPolicy": {"Name": "always"},
            "AutoRemove": True,
            "LogConfig": {"Type": "json-file"},
            "NetworkMode": "host",
            "Memory": 5,
            "NanoCpus": 6,
        },
        "NetworkSettings": {
            "Ports": {"80/tcp": [{"HostIp": "::", "HostPort": "8080"}], "81/udp": None, "junk": []},
            "Networks": {"net": {"NetworkID": "n1", "IPAddress": "10.0.0.2", "Aliases": ["w"], "MacAddress": "02:"}},
        },
        "Mounts": [{"Type": "bind", "Source": "/a", "Destination": "/b", "RW": False}],
    }
    got = containers.container_detail(raw)
    assert (got.name, got.state, got.exit_code, got.oom_killed) == ("web", ContainerState.EXITED, 137, True)
    assert (got.created, got.started_at, got.finished_at) == (NOON, NOON, None)
    assert (got.health, got.failing_streak, got.health_log[0].start) == (Health.UNHEALTHY, 2, NOON)
    assert (got.env, got.command, got.entrypoint, got.tty) == ((), ("a", "b"), ("sh",), True)
    assert got.ports == (Port(80, "tcp", 8080, "::"), Port(81, "udp"))
    assert got.networks == (NetworkAttachment("net", "n1", "10.0.0.2", mac="02:", aliases=("w",)),)
    assert (got.mounts[0].destination, got.mounts[0].read_write) == ("/b", False)
    assert (got.restart_policy, got.restart_count, got.log_driver) == ("always", 4, "json-file")
    assert got.raw is raw


def test_a_container_that_runs_or_never_ran_has_no_exit_code() -> None:
    running = {"State": {"Running": True, "ExitCode": 0, "StartedAt": "2024-05-01T12:00:00Z"}}
    created = {"State": {"Running": False, "ExitCode": 0, "StartedAt": "0001-01-01T00:00:00Z"}}
    assert containers.container_detail(running).exit_code is None
    assert containers.container_detail(created).exit_code is None
    assert containers.container_detail({}).state is ContainerState.UNKNOWN


@pytest.mark.parametrize(
    ("action", "expected", "detail"),
    [
        ("health_status: healthy", "health_status", "healthy"),
        ("exec_create: sh -c 'a: b'", "exec_create", "sh -c 'a: b'"),
        ("exec_start: sh ", "exec_start", "sh"),
        ("die", "die", ""),
        ("archive-path", "archive-path", ""),
    ],
)
def test_event_actions(action: str, expected: str, detail: str) -> None:
    raw = {
        "Type": "container",
        "Action": action,
        "Actor": {"ID": ID, "Attributes": {"name": "web", "exitCode": "1"}},
        "time": 1714564800,
        "timeNano": 1714564800_000000001,
    }
    got = containers.event(raw)
    assert (got.type, got.action, got.detail) == (EventType.CONTAINER, expected, detail)
    assert (got.actor_id, got.name, got.time_ns, got.scope) == (ID, "web", 1714564800_000000001, "local")
    assert got.time is not None
    assert abs((got.time - NOON).total_seconds()) < 1e-3


def test_an_event_of_an_unknown_kind() -> None:
    got = containers.event({"Type": "dream", "Action": "begin", "Actor": None, "time": 1714564800})
    assert (got.type, got.actor_id, got.name, got.time, got.time_ns) == (
        EventType.UNKNOWN,
        "",
        "",
        NOON,
        1714564800_000000000,
    )


def test_processes() -> None:
    got = containers.processes({"Titles": ["PID", "CMD"], "Processes": [["1", "sh"], None, ["2", "a b"]]})
    assert (got.titles, got.rows) == (("PID", "CMD"), (("1", "sh"), ("2", "a b")))
    assert containers.processes({"Titles": None, "Processes": None}).rows == ()


def test_images() -> None:
    got = images.image({"Id": "sha256:1", "RepoTags": ["<none>:<none>"], "RepoDigests": ["<none>@<none>"], "Size": 5})
    assert (got.tags, got.digests, got.dangling, got.size, got.shared_size) == ((), (), True, 5, None)
    named = images.image(
        {"Id": "x", "RepoTags": ["a:1", "b:2"], "SharedSize": 0, "Created": 1714564800, "Labels": None}
    )
    assert (named.tags, named.shared_size, named.created, named.dangling) == (("a:1", "b:2"), 0, NOON, False)
    assert images.image({"RepoTags": None}).dangling


def test_image_details() -> None:
    raw: dict[str, Any] = {
        "Id": "x",
        "RepoTags": None,
        "Config": {"ExposedPorts": {"80/tcp": {}}, "Volumes": {"/data": {}}, "Env": ["A=1"]},
        "RootFS": {"Layers": ["l1", "l2"]},
    }
    got = images.image_detail(raw)
    assert (got.exposed_ports, got.volumes, got.env, got.layers) == (("80/tcp",), ("/data",), ("A=1",), ("l1", "l2"))
    assert images.image_detail({"Config": None, "RootFS": None}).layers == ()
    assert images.history_item({"Id": "<missing>", "Tags": None, "Size": 3, "CreatedBy": "RUN x"}).id == ""


def test_removal_and_progress() -> None:
    got = images.removal([{"Untagged": "a:1"}, {"Deleted": "sha256:1"}, {"Deleted": "sha256:2"}])
    assert (got.untagged, got.deleted) == (("a:1",), ("sha256:1", "sha256:2"))
    step = images.progress({"status": "Downloading", "id": "l1", "progressDetail": {"current": 1, "total": 2}})
    assert (step.id, step.status, step.current, step.total) == ("l1", "Downloading", 1, 2)
    assert images.progress({"status": "x", "progressDetail": {}}).current is None
    assert images.progress({"stream": "y\n"}).status == "y"
    assert images.progress({"status": "Pulling from library/nginx", "id": "1.27"}).id == "", "a tag is no layer"


def test_engine_kinds() -> None:
    assert system.kind_of({"Components": [{"Name": "Podman Engine"}]}) is EngineKind.PODMAN
    assert system.kind_of({"Components": [{"Name": "Engine"}, {"Name": "containerd"}]}) is EngineKind.DOCKER
    assert system.kind_of({"Components": None}) is EngineKind.DOCKER
    assert system.kind_of({"Components": [{"Name": "Lighthouse"}]}) is EngineKind.UNKNOWN


def test_engine_info() -> None:
    raw = {"ID": "i", "NCPU": 2, "MemTotal": 9, "SecurityOptions": ["name=rootless"], "Warnings": None, "Containers": 3}
    got = system.engine_info(raw, kind=EngineKind.DOCKER, api_version="1.41")
    assert (got.id, got.cpus, got.memory, got.rootless, got.warnings, got.containers) == ("i", 2, 9, True, (), 3)
    assert system.engine_version({"ApiVersion": "1.41", "Components": [{"Name": "Engine"}]}).api_version == "1.41"


def test_disk_usage_as_docker_system_df_sums_it() -> None:
    got = system.disk_usage(
        {
            "LayersSize": 100,
            "Images": [
                {"Containers": 1, "Size": 60, "SharedSize": 20},
                {"Containers": 0, "Size": 30, "SharedSize": 0},
                {"Containers": 2, "Size": 30, "SharedSize": -1},
            ],
            "Containers": [{"State": "running", "SizeRw": 5}, {"State": "exited", "SizeRw": 7}, {"State": "created"}],
            "Volumes": [{"UsageData": {"RefCount": 1, "Size": 3}}, {"UsageData": {"RefCount": 0, "Size": 4}}, {}],
            "BuildCache": [{"InUse": True, "Size": 2}, {"InUse": False, "Size": 8}, {"Shared": True, "Size": 50}],
        }
    )
    assert got.items == (
        UsageItem("images", 3, 2, 100, 60),
        UsageItem("containers", 3, 1, 12, 7),
        UsageItem("volumes", 3, 1, 7, 4),
        UsageItem("build cache", 3, 1, 10, 8),
    )
    assert got.total == 129
    assert system.disk_usage({"Images": None, "Volumes": None}).total == 0
