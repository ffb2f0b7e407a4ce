from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.runtime.container_config import ContainerConfig, HealthCheck, MountKind, MountSpec, NetworkSpec, PortSpec
from tui.runtime.errors import InvalidRequest
from tui.runtime.limits import Limits, memory_bytes, restart_policy
from tui.runtime.models_networks import Subnet, Volume
from tui.runtime.options import RestartPolicy, WaitCondition
from tui.runtime.wire.encode_containers import container_body, endpoint

ROOT = Path(__file__).parents[2]


def config(**options: Any) -> ContainerConfig:
    return ContainerConfig("image:1", **options)


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ContainerConfig(" "), "without an image"),
        (lambda: config(command="sleep 1"), "list of words"),
        (lambda: config(command=[""]), "empty command"),
        (lambda: config(command=["a"], shell="b"), "a command and a line"),
        (lambda: config(entrypoint=[]), "no entrypoint and no command"),
        (lambda: config(entrypoint=[""], command=["a"]), "empty entrypoint"),
        (lambda: config(env={"": "x"}), "not the name of a variable"),
        (lambda: config(env={"A=B": "x"}), "not the name of a variable"),
        (lambda: config(labels={"": "x"}), "label without a name"),
        (lambda: config(working_dir="here"), "absolute path"),
        (lambda: config(exposed=["http"]), "not a port"),
        (lambda: config(exposed=["80/icmp"]), "not a protocol"),
        (lambda: config(extra_hosts={"a": "b"}), "not an IP address"),
        (lambda: config(extra_hosts={"a:b": "::1"}), "not a host name"),
        (lambda: config(restart_policy="sometimes"), "not a restart policy"),
        (lambda: config(restart_policy="always", restart_retries=2), "2 retries"),
        (lambda: config(restart_policy="on-failure", restart_retries=-1), "-1 retries"),
        (lambda: config(restart_policy="always", auto_remove=True), "auto_remove"),
        (lambda: config(stop_signal="TERM now"), "not a signal"),
        (lambda: config(stop_timeout=-2), "not a time-out"),
        (lambda: config(network_mode="bridged"), "no such network_mode"),
        (lambda: config(network_mode="host", networks=[NetworkSpec("a")]), "beside the network mode"),
        (lambda: config(networks=[NetworkSpec("a"), NetworkSpec("a")]), "the same network twice"),
        (lambda: config(network_mode="container:x", ports=[PortSpec(80)]), "another container's network"),
        (lambda: config(pid_mode="none"), "no such pid_mode"),
        (lambda: config(ipc_mode="container:"), "no such ipc_mode"),
        (lambda: config(mounts=[MountSpec.tmpfs("/a"), MountSpec.volume("v", "/a/")]), "two mounts at /a"),
        (lambda: PortSpec(0), "not a port"),
        (lambda: PortSpec(65536), "not a port"),
        (lambda: PortSpec(80, host=-1), "not a port"),
        (lambda: PortSpec(80, host_ip="localhost"), "not an IP address"),
        (lambda: PortSpec(80, protocol="TCP"), "not a protocol"),
        (lambda: MountSpec("data"), "absolute path in the container"),
        (lambda: MountSpec.bind("relative", "/data"), "absolute path on the host"),
        (lambda: MountSpec.volume("a/b", "/data"), "not the name of a volume"),
        (lambda: MountSpec("/a", MountKind.TMPFS, "x"), "no source"),
        (lambda: MountSpec("/a", "npipe"), "not a kind of mount"),
        (lambda: MountSpec("/a", size=5), "only a tmpfs"),
        (lambda: MountSpec("/a", MountKind.TMPFS, no_copy=True), "no_copy"),
        (lambda: NetworkSpec(" "), "without a name"),
        (lambda: NetworkSpec("a", ip="::1"), "not an IPv4 address"),
        (lambda: NetworkSpec("a", ipv6="10.0.0.1"), "not an IPv6 address"),
        (lambda: NetworkSpec("a", aliases="db"), "list of words"),
        (lambda: HealthCheck(" "), "empty command"),
        (lambda: HealthCheck([""]), "empty command"),
        (lambda: HealthCheck("true", interval=0), "interval"),
        (lambda: HealthCheck("true", timeout=float("nan")), "timeout"),
        (lambda: HealthCheck("true", retries=0), "0 retries"),
        (lambda: Limits(cpus=0), "not a number of cores"),
        (lambda: Limits(cpus=float("inf")), "not a number of cores"),
        (lambda: Limits(memory="much"), "not an amount of memory"),
        (lambda: Limits(memory=-1), "not an amount of memory"),
        (lambda: Limits(memory=True), "not an amount of memory"),
        (lambda: Limits(memory_swap=-2), "not an amount of memory"),
        (lambda: Limits(cpu_shares=1), "not a weight"),
        (lambda: Limits(pids=0), "not a number of processes"),
        (lambda: WaitCondition("stopped"), "not a condition to wait for"),
        (lambda: Subnet("10.0.0.1/24").checked(), "not a subnet"),
        (lambda: Subnet("10.0.0.0/24", gateway="10.0.1.1").checked(), "is not in 10.0.0.0/24"),
        (lambda: Subnet("10.0.0.0/24", ip_range="10.0.1.0/25").checked(), "is not in 10.0.0.0/24"),
        (lambda: Subnet("10.0.0.0/24", ip_range="fd00::/64").checked(), "is not in 10.0.0.0/24"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object], words: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        make()
    assert words in caught.value.detail


def test_enums_name_what_they_know() -> None:
    with pytest.raises(InvalidRequest) as caught:
        RestartPolicy("sometimes")
    assert caught.value.hint == "One of no, always, on-failure, unless-stopped"
    with pytest.raises(InvalidRequest) as caught:
        WaitCondition("stopped")
    assert caught.value.hint == "One of not-running, next-exit, removed"
    # Members are the plain strings, and print as they are sent.
    assert f"{WaitCondition.NEXT_EXIT}" == "next-exit"
    assert WaitCondition("removed") in {"removed"}


# --- what is kept -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        (0, 0),
        (4096, 4096),
        ("4096", 4096),
        ("64b", 64),
        ("1k", 1024),
        ("1KB", 1024),
        ("512m", 512 << 20),
        ("512 MiB", 512 << 20),
        ("1.5g", 3 << 29),
        ("2T", 2 << 40),
    ],
)
def test_memory_is_bytes_in_powers_of_1024(given_: int | str, kept: int) -> None:
    assert memory_bytes(given_) == kept
    assert Limits(memory=given_).memory == kept


@given(st.text())
def test_no_text_is_more_than_refused(text: str) -> None:
    try:
        amount = memory_bytes(text)
    except InvalidRequest:
        return
    assert amount >= 0


def test_nothing_of_a_configuration_can_change_later() -> None:
    env, command = {"A": "1"}, ["run"]
    made = config(env=env, command=command, restart_policy="always")
    env["A"] = "2"
    command.append("away")
    assert (dict(made.env), made.command, made.restart_policy) == ({"A": "1"}, ("run",), RestartPolicy.ALWAYS)
    with pytest.raises(TypeError):
        made.env["A"] = "3"  # type: ignore[index]  # that it cannot is what is tested


def test_a_volume_with_an_id_for_a_name_is_anonymous() -> None:
    assert Volume("0123456789abcdef" * 4).anonymous
    assert not Volume("0123456789abcdef" * 3).anonymous
    assert not Volume("g" * 64).anonymous


def test_the_backend_starts_without_the_classes_of_what_is_rarely_used() -> None:
    """Making them takes 20 ms."""
    later = ("container_config", "limits", "models_networks", "models_results", "wire.encode", "wire.decode_networks")
    program = (
        "import sys, tui.runtime.engine.backend;"
        f"print(*(name for name in sys.modules if name.startswith({tuple(f'tui.runtime.{name}' for name in later)!r})))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


# --- what is sent -------------------------------------------------------------------------------------------------


def test_the_least_is_the_image_and_no_restarts() -> None:
    assert container_body(config()) == {
        "Image": "image:1",
        "Labels": {},
        "HostConfig": {"RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
    }


def test_every_option_is_sent_as_the_engine_wants_it() -> None:
    everything = config(
        command=["serve", "--fast"],
        entrypoint=["/entry"],
        env={"A": "b=c", "EMPTY": ""},
        labels={"team": "red"},
        ports=[PortSpec(80, 8080, "127.0.0.1"), PortSpec(80), PortSpec(53, 53, protocol="udp")],
        exposed=["9000", "9001/sctp"],
        publish_all=True,
        mounts=[
            MountSpec.bind("/srv", "/in", read_only=True),
            MountSpec.volume("data", "/data", no_copy=True),
            MountSpec.volume("", "/anonymous"),
            MountSpec.tmpfs("/tmp", size="1m"),
        ],
        working_dir="/in",
        user="1000:1000",
        hostname="box",
        limits=Limits(0.5, 512, "64m", "32m", -1, 100),
        restart_policy="on-failure",
        restart_retries=3,
        networks=[NetworkSpec("front", ["web"], ip="10.0.0.5"), NetworkSpec("back", ipv6="fd00::5")],
        pid_mode="container:other",
        ipc_mode="shareable",
        extra_hosts={"host": "host-gateway", "six": "fd00::1"},
        health=HealthCheck(["check", "it"], interval=1.5, timeout=1, retries=2, start_period=0.25),
        stop_signal="SIGINT",
        stop_timeout=0,
        tty=True,
        stdin_open=True,
        init=True,
        privileged=True,
        read_only=True,
        cap_add=["NET_ADMIN"],
        cap_drop=["ALL"],
    )
    assert container_body(everything) == {
        "Image": "image:1",
        "Cmd": ["serve", "--fast"],
        "Entrypoint": ["/entry"],
        "Env": ["A=b=c", "EMPTY="],
        "Labels": {"team": "red"},
        "WorkingDir": "/in",
        "User": "1000:1000",
        "Hostname": "box",
        "StopSignal": "SIGINT",
        "StopTimeout": 0,
        "Tty": True,
        "OpenStdin": True,
        "AttachStdin": True,
        "ExposedPorts": {"9000/tcp": {}, "9001/sctp": {}, "80/tcp": {}, "53/udp": {}},
        "Healthcheck": {
            "Test": ["CMD", "check", "it"],
            "Interval": 1_500_000_000,
            "Timeout": 1_000_000_000,
            "StartPeriod": 250_000_000,
            "Retries": 2,
        },
        "NetworkingConfig": {
            "EndpointsConfig": {
                "front": {"Aliases": ["web"], "IPAMConfig": {"IPv4Address": "10.0.0.5"}},
                "back": {"IPAMConfig": {"IPv6Address": "fd00::5"}},
            }
        },
        "HostConfig": {
            "NanoCpus": 500_000_000,
            "CpuShares": 512,
            "Memory": 64 << 20,
            "MemoryReservation": 32 << 20,
            "MemorySwap": -1,
            "PidsLimit": 100,
            "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3},
            "PortBindings": {
                "80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}, {"HostIp": "", "HostPort": ""}],
                "53/udp": [{"HostIp": "", "HostPort": "53"}],
            },
            "Mounts": [
                {"Type": "bind", "Target": "/in", "Source": "/srv", "ReadOnly": True},
                {"Type": "volume", "Target": "/data", "Source": "data", "VolumeOptions": {"NoCopy": True}},
                {"Type": "volume", "Target": "/anonymous"},
                {"Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": {"SizeBytes": 1 << 20}},
            ],
            "ExtraHosts": ["host:host-gateway", "six:fd00::1"],
            "NetworkMode": "front",
            "PidMode": "container:other",
            "IpcMode": "shareable",
            "PublishAllPorts": True,
            "Init": True,
            "Privileged": True,
            "ReadonlyRootfs": True,
            "CapAdd": ["NET_ADMIN"],
            "CapDrop": ["ALL"],
        },
    }


@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"shell": "echo a && b"}, {"Cmd": ["/bin/sh", "-c", "echo a && b"]}),
        ({"entrypoint": (), "command": ["a"]}, {"Cmd": ["a"], "Entrypoint": [""]}),
        ({"health": HealthCheck(())}, {"Healthcheck": {"Test": ["NONE"]}}),
        ({"health": HealthCheck("test -f /ok")}, {"Healthcheck": {"Test": ["CMD-SHELL", "test -f /ok"]}}),
        ({"network_mode": "container:a"}, {"HostConfig": {"NetworkMode": "container:a"}}),
        ({"auto_remove": True}, {"HostConfig": {"AutoRemove": True}}),
    ],
)
def test_the_special_forms(options: dict[str, Any], sent: dict[str, Any]) -> None:
    body = container_body(config(**options))
    host = sent.pop("HostConfig", {})
    assert {key: body.get(key) for key in sent} == sent
    assert {key: body["HostConfig"].get(key) for key in host} == host


def test_an_older_engine_gets_only_as_many_networks_as_it_takes() -> None:
    both = config(networks=[NetworkSpec("front"), NetworkSpec("back", ["db"])])
    assert list(container_body(both, networks=1)["NetworkingConfig"]["EndpointsConfig"]) == ["front"]
    assert endpoint(both.networks[1]) == {"Aliases": ["db"]}


def test_a_restart_policy_in_the_engines_words() -> None:
    assert restart_policy("on-failure", 5) == {"Name": "on-failure", "MaximumRetryCount": 5}
    assert restart_policy(RestartPolicy.UNLESS_STOPPED, 0) == {"Name": "unless-stopped", "MaximumRetryCount": 0}
