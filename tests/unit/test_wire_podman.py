from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tui.runtime.engine.dialect import DOCKER, PodmanDialect, dialect_of
from tui.runtime.filters import Filters
from tui.runtime.models import (
    Capability,
    ContainerState,
    EngineKind,
    EventType,
    Health,
    ImageId,
    Port,
    Progress,
    UsageItem,
)
from tui.runtime.wire import podman

NOW = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
IMAGE = "9598507b7f17bffa784a4d7b430b9e7c0fab1f1c39d9c9c2cf9f28e2e5c45e00"
ROW: dict[str, Any] = {  # Podman 4.3.1
    "AutoRemove": False,
    "Command": ["sleep", "60"],
    "Created": "2026-11-23T17:26:22.742233789Z",
    "Exited": False,
    "ExitedAt": -62135596800,
    "ExitCode": 0,
    "Id": "8deca58adfb6fd00cf35639c2594412c0b65ba6ebe10529ac0ab7771b30a5e28",
    "Image": "localhost/portside/cpu:1",
    "ImageID": IMAGE,
    "Labels": {"a": "b"},
    "Mounts": ["/data"],
    "Names": ["t1"],
    "Networks": ["podman"],
    "Pid": 6314,
    "Ports": [{"host_ip": "", "container_port": 80, "host_port": 18081, "range": 2, "protocol": "tcp"}],
    "Size": None,
    "StartedAt": int((NOW - timedelta(minutes=3)).timestamp()),
    "State": "running",
    "Status": "",
}
EVENT: dict[str, Any] = {
    "status": "died",
    "Type": "container",
    "Action": "died",
    "Actor": {"ID": "abc", "Attributes": {"containerExitCode": "7", "name": "web"}},
    "scope": "local",
    "time": 1795454825,
    "timeNano": 1795454825435028677,
}


def row(**changes: Any) -> Any:
    return podman.container({**ROW, **changes}, NOW)


def events(action: str, kind: str = "container", id: str = "abc", **more: Any) -> Any:
    attributes = more.pop("attributes", EVENT["Actor"]["Attributes"])
    return podman.events(
        {**EVENT, "Action": action, "Type": kind, "Actor": {"ID": id, "Attributes": attributes}, **more}
    )


# --- the list -----------------------------------------------------------------------------------------------------


def test_a_row_of_libpods_list() -> None:
    got = row()
    assert (got.name, got.names, got.state, got.status) == ("t1", ("t1",), ContainerState.RUNNING, "Up 3 minutes")
    assert got.image_id == f"sha256:{IMAGE}"
    assert got.command == "sleep 60"
    assert got.created == datetime(2026, 11, 23, 17, 26, 22, 742233, tzinfo=UTC)
    assert got.ports == (Port(80, "tcp", 18081), Port(81, "tcp", 18082))
    assert (got.networks, got.ips, got.mounts) == (("podman",), (), ())
    assert (got.health, got.exit_code, got.size_rw) == (Health.NONE, None, None)


@pytest.mark.parametrize(
    ("changes", "state", "status"),
    [
        ({"Status": "healthy"}, ContainerState.RUNNING, "Up 3 minutes (healthy)"),
        ({"Status": "starting"}, ContainerState.RUNNING, "Up 3 minutes (health: starting)"),
        ({"State": "paused"}, ContainerState.PAUSED, "Up 3 minutes (Paused)"),
        ({"State": "stopping"}, ContainerState.RUNNING, "Up 3 minutes"),
        ({"State": "configured"}, ContainerState.CREATED, "Created"),
        ({"State": "removing"}, ContainerState.REMOVING, "Removing"),
        ({"State": "elsewhere"}, ContainerState.UNKNOWN, "Elsewhere"),
        (
            {"State": "exited", "ExitCode": 137, "ExitedAt": int(NOW.timestamp()) - 7200},
            ContainerState.EXITED,
            "Exited (137) 2 hours ago",
        ),
        (
            {"State": "stopped", "ExitCode": 0, "ExitedAt": int(NOW.timestamp()) + 5},
            ContainerState.EXITED,
            "Exited (0) Less than a second ago",
        ),
    ],
)
def test_states_and_status_texts_are_dockers(changes: dict[str, Any], state: ContainerState, status: str) -> None:
    got = row(**changes)
    assert (got.state, got.status) == (state, status)
    assert got.exit_code == changes.get("ExitCode")


def test_what_is_null_or_newer() -> None:
    got = row(Ports=None, Labels=None, Names=None, Networks=None, Size={"rootFsSize": 10, "rwSize": 2}, Created=1)
    assert (got.ports, got.name, got.networks) == ((), "8deca58adfb6", ())
    assert (got.size_rw, got.size_root_fs) == (2, 10)
    assert got.created == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    exposed = row(ExposedPorts={"80": ["tcp"], "53": ["udp", "tcp"]})
    assert exposed.ports[2:] == (Port(53, "udp"), Port(53, "tcp"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "Less than a second"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "About a minute"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (5400, "2 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (14 * 86400, "2 weeks"),
        (61 * 86400, "2 months"),
        (800 * 86400, "2 years"),
    ],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert podman.span(seconds) == words


# --- events -------------------------------------------------------------------------------------------------------


def test_a_death_has_dockers_name_and_exit_code() -> None:
    (got,) = events("died")
    assert (got.action, got.type, got.actor_id, got.name) == ("die", EventType.CONTAINER, "abc", "web")
    assert got.attributes == {"name": "web", "exitCode": "7"}
    assert got.time_ns == 1795454825435028677


def test_one_exec_is_dockers_two_events() -> None:
    assert [event.action for event in events("exec")] == ["exec_create", "exec_start"]
    (died,) = events("exec_died")
    assert (died.action, died.attributes["exitCode"]) == ("exec_die", "7")


def test_other_events_carry_no_exit_code() -> None:
    (got,) = events("start")
    assert got.attributes == {"name": "web"}
    (removed,) = events("remove")
    assert removed.action == "destroy"


def test_health_is_told_beside_the_action() -> None:
    assert [event.detail for event in events("health_status", HealthStatus="unhealthy")] == ["unhealthy"]
    assert [event.detail for event in events("health_status: healthy")] == ["healthy"]
    assert [event.detail for event in events("health_status", attributes={"health_status": "starting"})] == ["starting"]


def test_only_changes_of_health_are_told() -> None:
    read = PodmanDialect("4.3.1").event_reader()

    def said(action: str, health: str = "", id: str = "abc") -> list[str]:
        raw = {**EVENT, "Action": action, "Actor": {"ID": id, "Attributes": {}}, "HealthStatus": health}
        return [f"{event.action} {event.detail}".strip() for event in read(raw)]

    assert said("health_status", "starting") == ["health_status starting"]
    assert said("exec_died") == ["exec_die"]
    assert said("health_status", "starting") == []
    assert said("health_status", "healthy") == ["health_status healthy"]
    assert said("health_status", "healthy", "other") == ["health_status healthy"]
    assert said("health_status", "healthy") == []
    assert said("start") == ["start"]
    assert said("health_status", "healthy") == ["health_status healthy"]


def test_an_inspect_tells_sizes_that_were_asked_for_and_podmans_log_driver() -> None:
    raw = {"Id": "a", "SizeRootFs": 0, "SizeRw": 5, "HostConfig": {"LogConfig": {"Type": "json-file"}}}
    dialect = PodmanDialect("4.3.1")
    plain = dialect.container_detail(raw, size=False)
    assert (plain.size_rw, plain.size_root_fs, plain.log_driver) == (None, None, "k8s-file")
    assert dialect.container_detail(raw, size=True).size_rw == 5
    none = dialect.container_detail({"HostConfig": {"LogConfig": {"Type": "none"}}}, size=False)
    assert none.log_driver == "none"


def test_images_and_volumes() -> None:
    (pulled,) = events("pull", "image", IMAGE)
    assert (pulled.type, pulled.actor_id) == (EventType.IMAGE, f"sha256:{IMAGE}")
    (lost,) = events("remove", "image", IMAGE, attributes={"name": "localhost/a:1"})
    assert (lost.action, lost.actor_id) == ("delete", "localhost/a:1")
    (volume,) = events("remove", "volume", "", attributes={"name": "data"})
    assert (volume.type, volume.action, volume.actor_id) == (EventType.VOLUME, "destroy", "data")
    (system,) = events("refresh", "system", "")
    assert system.type is EventType.DAEMON


def test_an_event_query_names_podmans_actions_and_bounds_the_past_itself() -> None:
    dialect = PodmanDialect("4.3.1")
    filters = Filters(event=["destroy", "exec_start"], container="web")
    since, until = NOW - timedelta(hours=1), NOW - timedelta(minutes=1)
    query = dialect.event_query(since, until, filters, NOW)
    assert json.loads(str(query.parameters["filters"])) == {
        "container": ["web"],
        "event": ["destroy", "remove", "exec_start", "exec"],
    }
    assert (query.parameters["until"], query.parameters["stream"]) == (None, False)
    created, started = events("exec", time=0, timeNano=int(since.timestamp() * 1e9))
    assert not query.wanted(created)
    assert query.wanted(started)
    (late,) = events("remove", time=0, timeNano=int(NOW.timestamp() * 1e9))
    assert not query.wanted(late)
    coming = dialect.event_query(None, NOW + timedelta(minutes=1), None, NOW)
    assert coming.parameters["until"]
    assert coming.parameters["stream"] is None
    assert coming.wanted(late)


# --- stats --------------------------------------------------------------------------------------------------------


def sample(seconds: float, cpu: int, **more: Any) -> dict[str, Any]:
    clock = 1795454829_000000000 + int(seconds * 1e9)
    base = {"ContainerID": "abc", "PerCPU": [1, 2], "CPU": 35.27, "CPUNano": cpu, "SystemNano": clock, "PIDs": 3}
    return {"Error": None, "Stats": [{**base, "MemUsage": 512000, "MemLimit": 1 << 30, **more}]}


def test_the_first_sample_has_no_cpu_and_the_next_is_the_intervals() -> None:
    decoder = PodmanDialect("4.3.1").samples("abc")
    first = decoder.decode(sample(0, 16_000_000_000, NetInput=726, NetOutput=2942, BlockInput=0, BlockOutput=0))
    assert first is not None
    assert (first.id, first.cpu_percent, first.net_rx_rate) == ("abc", None, None)
    assert (first.memory, first.memory_limit, first.pids, first.cpus) == (512000, 1 << 30, 3, 2)
    second = decoder.decode(sample(2, 16_700_000_000, NetInput=1726, NetOutput=2942, BlockInput=4096, BlockOutput=0))
    assert second is not None
    assert second.cpu_percent == pytest.approx(35.0)
    assert second.net_rx_rate == pytest.approx(500.0)
    assert second.block_read_rate == pytest.approx(2048.0)
    assert second.net_tx_rate == 0


def test_interfaces_are_added_up_since_podman_5() -> None:
    networks = {"eth0": {"RxBytes": 600, "TxBytes": 300}, "eth1": {"RxBytes": 6, "TxBytes": 3}}
    got = PodmanDialect("5.8.6").samples("abc").decode(sample(0, 1, Network=networks, PerCPU=None))
    assert got is not None
    assert (got.net_rx, got.net_tx, got.cpus) == (606, 303, 1)


@pytest.mark.parametrize("raw", [{"Error": {}, "Stats": None}, {"Error": None, "Stats": []}, sample(0, 0, PIDs=0)])
def test_a_report_of_nothing_is_the_end(raw: dict[str, Any]) -> None:
    assert PodmanDialect("4.3.1").samples("abc").decode(raw) is None


# --- the rest -----------------------------------------------------------------------------------------------------


def test_disk_usage_counts_an_image_once() -> None:
    image = {"ImageID": "a", "Size": 100, "UniqueSize": 40, "SharedSize": 60, "Containers": 0}
    raw = {
        "Images": [{**image, "Tag": "1"}, {**image, "Tag": "2"}, {**image, "ImageID": "b", "Containers": 1}],
        "Containers": [{"Status": "running", "RWSize": 5}, {"Status": "exited", "RWSize": 7}],
        "Volumes": [{"Links": 1, "Size": 9, "ReclaimableSize": 0}, {"Links": 0, "Size": 4, "ReclaimableSize": 4}],
    }
    images, *others = podman.disk_usage(raw).items
    assert images == UsageItem("images", 2, 1, 80, 40)
    assert podman.disk_usage({**raw, "ImagesSize": 140}).items[0] == UsageItem("images", 2, 1, 140, 40)
    assert others == [
        UsageItem("containers", 2, 1, 12, 7),
        UsageItem("volumes", 2, 1, 13, 4),
        UsageItem("build cache", 0, 0, 0, 0),
    ]


def test_a_pull_is_summed_up_by_the_images_id() -> None:
    dialect = PodmanDialect("4.3.1")
    last = Progress("dcde26054b21", "Download complete")
    assert DOCKER.pull_summary(last, ImageId(""), "a:1") is None
    new = dialect.pull_summary(last, ImageId("sha256:0000"), "a:1")
    same = dialect.pull_summary(last, ImageId("sha256:dcde26054b21ffff"), "a:1")
    assert new == Progress("", "Status: Downloaded newer image for a:1")
    assert same == Progress("", "Status: Image is up to date for a:1")


@pytest.mark.parametrize(
    ("version", "native", "has"),
    [
        ("4.3.1", "/v4.0.0/libpod", set()),
        ("5.4.2", "/v4.0.0/libpod", {Capability.LOG_TAIL_OF_LONG_LINES}),
        ("5.8.6", "/v4.0.0/libpod", {Capability.LOG_TAIL_OF_LONG_LINES, Capability.LOG_NANOSECONDS}),
        ("3.4.4", "/v3.0.0/libpod", set()),
        ("", "/v4.0.0/libpod", set()),
    ],
)
def test_what_a_version_of_podman_can(version: str, native: str, has: set[Capability]) -> None:
    dialect = dialect_of(EngineKind.PODMAN, version)
    assert (dialect.kind, dialect.native) == (EngineKind.PODMAN, native)
    both = {Capability.LOG_TAIL_OF_LONG_LINES, Capability.LOG_NANOSECONDS}
    assert dialect.capabilities((1, 44)) & both == has
    assert not {Capability.STOP_SIGNAL, Capability.EVENT_DETAILS} & dialect.capabilities((1, 44))


def test_docker_is_the_api_itself() -> None:
    assert dialect_of(EngineKind.DOCKER, "") is DOCKER
    assert DOCKER.native == ""
    assert Capability.STOP_SIGNAL not in DOCKER.capabilities((1, 41))
    assert Capability.STOP_SIGNAL in DOCKER.capabilities((1, 42))
