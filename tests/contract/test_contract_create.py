from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.contract.conftest import Lab, until_async
from tui.runtime.container_config import ContainerConfig, HealthCheck, MountSpec, NetworkSpec, PortSpec
from tui.runtime.errors import ApiError, Conflict, InvalidRequest, NotFound, WaitTimeout
from tui.runtime.limits import Limits
from tui.runtime.models import Capability, ContainerState, Health
from tui.runtime.models_networks import Subnet
from tui.runtime.models_results import ChangeKind
from tui.runtime.options import RestartPolicy


def busybox(**options: Any) -> ContainerConfig:
    return ContainerConfig("portside/busybox:1", **options)


async def create(lab: Lab, config: ContainerConfig, *, start: bool = False) -> str:
    make = lab.runtime.container_run if start else lab.runtime.container_create
    id = await make(config, name=lab.name())
    lab.made.append(id)
    return id


async def test_a_new_container_is_as_it_was_asked_for(lab: Lab) -> None:
    assert Capability.CREATE in lab.runtime.capabilities
    volume = lab.name("data")
    config = busybox(
        command=["sleep", "infinity"],
        env={"A": "b=c", "EMPTY": ""},
        labels={"team": "red"},
        ports=[PortSpec(80, 18099, "127.0.0.1"), PortSpec(53, protocol="udp")],
        exposed=["9000"],
        mounts=[MountSpec.volume(volume, "/data", read_only=True), MountSpec.tmpfs("/scratch", size="1m")],
        working_dir="/tmp",
        user="65534",
        hostname="box",
        limits=Limits(cpus=0.5, memory="64m", pids=50),
        restart_policy="on-failure",
        restart_retries=3,
        extra_hosts={"elsewhere": "192.0.2.1"},
        health=HealthCheck(["true"], interval=30, retries=2),
        stop_signal="SIGINT",
        stop_timeout=3,
        tty=True,
        stdin_open=True,
        cap_drop=["NET_RAW"],
    )
    name = lab.name()
    try:
        id = await lab.runtime.container_create(config, name=name)
        lab.made.append(id)
        got = await lab.runtime.container_inspect(id)
        assert (got.id, got.name, got.state) == (id, name, ContainerState.CREATED)
        assert (got.image, got.command, got.entrypoint) == (lab.image("busybox:1"), ("sleep", "infinity"), ())
        assert {"A=b=c", "EMPTY="} <= set(got.env)
        assert got.labels["team"] == "red"
        assert (got.working_dir, got.user, got.hostname) == ("/tmp", "65534", "box")
        assert (got.tty, got.open_stdin, got.auto_remove, got.privileged) == (True, True, False, False)
        assert (got.restart_policy, got.memory_limit, got.nano_cpus) == ("on-failure", 64 << 20, 500_000_000)
        mounts = {mount.destination: mount for mount in got.mounts}
        assert (mounts["/data"].kind, mounts["/data"].name, mounts["/data"].read_write) == ("volume", volume, False)
        assert got.raw["Config"]["StopSignal"] in ("SIGINT", "2", 2)
        assert got.raw["HostConfig"]["PidsLimit"] == 50
        assert got.raw["HostConfig"]["ExtraHosts"] == ["elsewhere:192.0.2.1"]
        bindings = got.raw["HostConfig"]["PortBindings"]
        assert bindings["80/tcp"] == [{"HostIp": "127.0.0.1", "HostPort": "18099"}]
        assert "53/udp" in bindings
    finally:
        await lab.clean()
        await lab.runtime.volume_remove(volume)


@pytest.mark.parametrize(
    ("options", "command", "entrypoint"),
    [
        ({"shell": "echo $A"}, ("/bin/sh", "-c", "echo $A"), ()),
        ({"command": ["b"], "entrypoint": ["a"]}, ("b",), ("a",)),
        ({"command": ["b"], "entrypoint": []}, ("b",), ()),
        ({}, ("sh",), ()),
    ],
)
async def test_what_runs(
    lab: Lab, options: dict[str, Any], command: tuple[str, ...], entrypoint: tuple[str, ...]
) -> None:
    got = await lab.runtime.container_inspect(await create(lab, busybox(**options)))
    assert got.command == command
    # An entrypoint that was taken away is an empty word to some.
    assert tuple(word for word in got.entrypoint if word) == entrypoint


async def test_several_networks_with_names_and_fixed_addresses(lab: Lab) -> None:
    runtime = lab.runtime
    front, back = lab.name("net"), lab.name("net")
    try:
        await runtime.network_create(front, subnets=[Subnet("10.215.0.0/24")])
        await runtime.network_create(back)
        wanted = [NetworkSpec(front, ["web"], ip="10.215.0.9"), NetworkSpec(back, ["db"])]
        id = await create(lab, busybox(command=["sleep", "infinity"], networks=wanted), start=True)
        places = {place.name: place for place in (await runtime.container_inspect(id)).networks}
        assert set(places) == {front, back}
        assert places[front].ip == "10.215.0.9"
        assert "web" in places[front].aliases
        assert "db" in places[back].aliases
        for missing in ([NetworkSpec("nope")], [NetworkSpec(front), NetworkSpec("nope")]):
            name = lab.name()
            with pytest.raises(NotFound, match="nope") as caught:
                await runtime.container_create(busybox(networks=missing), name=name)
            assert caught.value.operation == "container_create"
            assert not await runtime.container_exists(name)
    finally:
        await lab.clean()
        await runtime.network_remove(front)
        await runtime.network_remove(back)


async def test_a_network_of_another_container(lab: Lab) -> None:
    other = await lab.create("pause:1")
    id = await create(lab, busybox(command=["sleep", "infinity"], network_mode=f"container:{other}"), start=True)
    got = await lab.runtime.container_inspect(id)
    assert got.network_mode == f"container:{other}"
    assert got.state is ContainerState.RUNNING


async def test_what_cannot_be_made_says_why(lab: Lab) -> None:
    runtime = lab.runtime
    with pytest.raises(NotFound, match="no-such-image") as caught:
        await runtime.container_create(ContainerConfig("portside/no-such-image:1"))
    assert (caught.value.operation, caught.value.target) == ("container_create", "portside/no-such-image:1")
    name = lab.name()
    lab.made.append(await runtime.container_create(busybox(), name=name))
    with pytest.raises(Conflict, match=name) as taken:
        await runtime.container_create(busybox(), name=name)
    assert taken.value.target == name
    before = dict(runtime.requests)
    with pytest.raises(InvalidRequest, match="not a container name"):
        await runtime.container_create(busybox(), name="a b")
    assert dict(runtime.requests) == before


async def test_an_engine_finds_a_name_itself(lab: Lab) -> None:
    id = await lab.runtime.container_create(busybox())
    lab.made.append(id)
    assert (await lab.runtime.container_inspect(id)).name


async def test_run_starts_or_leaves_nothing_behind(lab: Lab) -> None:
    id = await create(lab, busybox(command=["sleep", "infinity"]), start=True)
    assert await lab.state(id) is ContainerState.RUNNING
    name = lab.name()
    broken = ContainerConfig("portside/pause:1", command=["no-such-program"], labels={"demo.start": "fail"})
    with pytest.raises(ApiError) as caught:
        await lab.runtime.container_run(broken, name=name)
    assert (caught.value.operation, caught.value.target) == ("container_run", name)
    assert "no-such-program" in caught.value.detail
    assert not await lab.runtime.container_exists(name)


@pytest.mark.parametrize("tty", [False, True])
async def test_run_to_the_end_gives_output_and_exit_code(lab: Lab, tty: bool) -> None:
    config = busybox(shell="echo out; cat /nope; exit 3", tty=tty)
    result = await lab.runtime.container_run_to_end(config, remove=True)
    assert (result.exit_code, result.removed) == (3, True)
    if tty:
        assert result.stdout.startswith(b"out\r\ncat:")
        assert result.stderr == b""
    else:
        assert result.stdout == b"out\n"
        assert result.stderr.startswith(b"cat:")
    assert not await lab.runtime.container_exists(result.id)


async def test_run_to_the_end_keeps_the_container_unless_told_otherwise(lab: Lab) -> None:
    result = await lab.runtime.container_run_to_end(busybox(shell="echo 1234567890"), name=lab.name(), limit=4)
    lab.made.append(result.id)
    assert (result.exit_code, result.stdout, result.removed) == (0, b"1234", False)
    assert await lab.state(result.id) is ContainerState.EXITED


async def test_run_to_the_end_has_a_time_out_and_can_be_cancelled(lab: Lab) -> None:
    runtime = lab.runtime
    config = ContainerConfig("portside/pause:1")
    name = lab.name()
    with pytest.raises(WaitTimeout, match=r"0\.5 s") as caught:
        await runtime.container_run_to_end(config, name=name, remove=True, timeout=0.5)
    assert (caught.value.operation, caught.value.target) == ("container_run_to_end", name)
    assert not await runtime.container_exists(name)
    running = asyncio.create_task(runtime.container_run_to_end(config, name=name, remove=True))

    async def started() -> bool:
        return await runtime.container_exists(name) and await lab.state(name) is ContainerState.RUNNING

    await until_async(started)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not await runtime.container_exists(name)


async def test_run_to_the_end_needs_an_end(lab: Lab) -> None:
    before = dict(lab.runtime.requests)
    for config in (busybox(auto_remove=True), busybox(restart_policy="always")):
        with pytest.raises(InvalidRequest, match="no end to look at"):
            await lab.runtime.container_run_to_end(config)
    assert dict(lab.runtime.requests) == before


async def test_update_changes_limits_and_the_restart_policy(lab: Lab) -> None:
    lab.needs(Capability.UPDATE)
    runtime = lab.runtime
    id = await create(lab, busybox(command=["sleep", "infinity"], limits=Limits(memory="64m")), start=True)
    await runtime.container_update(
        id, limits=Limits(cpus=0.25, memory="32m", memory_swap="64m"), restart_policy=RestartPolicy.ON_FAILURE,
        restart_retries=2,
    )  # fmt: skip
    got = await runtime.container_inspect(id)
    assert (got.memory_limit, got.nano_cpus, got.restart_policy) == (32 << 20, 250_000_000, "on-failure")
    assert got.raw["HostConfig"]["RestartPolicy"]["MaximumRetryCount"] == 2
    await runtime.container_update(id, restart_policy="no")
    got = await runtime.container_inspect(id)
    assert (got.memory_limit, got.restart_policy) == (32 << 20, "no")
    before = dict(runtime.requests)
    for options in ({}, {"restart_retries": 2}, {"restart_policy": "sometimes"}):
        with pytest.raises(InvalidRequest):
            await runtime.container_update(id, **options)
    assert dict(runtime.requests) == before
    with pytest.raises(NotFound):
        await runtime.container_update("no-such-container", restart_policy="no")


async def test_commit_keeps_what_the_container_is(lab: Lab) -> None:
    runtime = lab.runtime
    id = await create(lab, busybox(command=["sleep", "infinity"], env={"A": "1"}))
    reference = f"example.com/kept/{lab.name('image')}:2"
    image = await runtime.container_commit(
        id, reference=reference, comment="why", author="who", changes=["ENV B=2", 'CMD ["serve"]']
    )
    try:
        found = await runtime.image_inspect(reference)
        assert found.id == image
        assert found.tags == (reference,)
        assert {"A=1", "B=2"} <= set(found.env)
        assert found.command == ("serve",)
        assert found.author == "who"
    finally:
        await runtime.image_remove(image, force=True)
    nameless = await runtime.container_commit(id, pause=False)
    assert (await runtime.image_inspect(nameless)).tags == ()
    await runtime.image_remove(nameless)


async def test_commit_checks_its_input(lab: Lab) -> None:
    runtime = lab.runtime
    id = await create(lab, busybox())
    with pytest.raises(NotFound):
        await runtime.container_commit("no-such-container")
    before = dict(runtime.requests)
    for options in (
        {"reference": "Not/Valid"},
        {"reference": f"a@sha256:{'0' * 64}"},
        {"changes": ["ENV A=1\nENV B=2"]},
        {"changes": "ENV A=1"},
    ):
        with pytest.raises(InvalidRequest):
            await runtime.container_commit(id, **options)
    assert dict(runtime.requests) == before


async def test_changes_tell_what_is_not_as_in_the_image(lab: Lab) -> None:
    assert await lab.runtime.container_changes(await create(lab, busybox())) == []
    id = await create(lab, busybox(command=["sleep", "infinity"], mounts=[MountSpec.tmpfs("/scratch")]), start=True)
    changed = {change.path: change.kind for change in await lab.runtime.container_changes(id)}
    assert changed["/scratch"] is ChangeKind.ADDED
    assert list(changed) == sorted(changed)
    with pytest.raises(NotFound):
        await lab.runtime.container_changes("no-such-container")


async def test_a_health_check_of_its_own(lab: Lab) -> None:
    check = HealthCheck("true", interval=0.5, retries=1, start_period=0.5)
    id = await create(lab, busybox(command=["sleep", "infinity"], health=check), start=True)
    await lab.runtime.container_wait_healthy(id, timeout=20)
    assert (await lab.runtime.container_inspect(id)).health is Health.HEALTHY
    off = await create(lab, ContainerConfig("portside/web:1", health=HealthCheck(())), start=True)
    assert (await lab.runtime.container_inspect(off)).health is Health.NONE
