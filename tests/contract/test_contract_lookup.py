from __future__ import annotations

import asyncio

import pytest

from tests.contract.conftest import Lab, until
from tui.runtime.container_config import ContainerConfig
from tui.runtime.errors import AmbiguousId, Conflict, InvalidRequest, NotFound, Unhealthy, WaitTimeout
from tui.runtime.filters import Filters
from tui.runtime.models import Capability, ContainerState
from tui.runtime.options import WaitCondition


async def test_a_container_exists_or_not(lab: Lab) -> None:
    name = lab.name()
    id = await lab.create("busybox:1", name=name, start=False)
    for given in (id, id[:12], name):
        assert await lab.runtime.container_exists(given)
    assert not await lab.runtime.container_exists("no-such-container")
    with pytest.raises(InvalidRequest):
        await lab.runtime.container_exists(" ")


async def test_lookup_by_name_id_and_unique_beginning(lab: Lab) -> None:
    name = lab.name()
    id = await lab.create("busybox:1", name=name, start=False)
    for given in (id, id[:12], name, f"/{name}"):
        assert (await lab.runtime.container_lookup(given)).id == id
    with pytest.raises(NotFound, match="no-such") as missing:
        await lab.runtime.container_lookup("no-such")
    assert missing.value.operation == "container_lookup"
    with pytest.raises(InvalidRequest):
        await lab.runtime.container_lookup("/")


async def test_what_fits_several_names_them(lab: Lab) -> None:
    made: dict[str, list[str]] = {}
    prefix = ""
    # Sixteen first digits: the seventeenth container shares one at the latest.
    while not prefix:
        id = await lab.create("busybox:1", start=False)
        made.setdefault(id[0], []).append(id)
        prefix = next((digit for digit, ids in made.items() if len(ids) > 1), "")
    with pytest.raises(AmbiguousId) as caught:
        await lab.runtime.container_lookup(prefix)
    assert set(made[prefix]) <= {
        row.id
        for row in await lab.runtime.container_list(all=True)
        if f"{row.name} ({row.id[:12]})" in caught.value.candidates
    }
    # A name is a name, even where ids begin so too.
    named = await lab.create("busybox:1", name=prefix * 2, start=False)
    assert (await lab.runtime.container_lookup(prefix * 2)).id == named


async def test_find_by_label(lab: Lab) -> None:
    label = lab.name("label")
    red = await lab.create("busybox:1", Labels={label: "red"}, start=False)
    blue = await lab.create("busybox:1", Labels={label: "blue"}, start=False)
    found = await lab.runtime.container_find_by_label(label)
    assert {row.id for row in found} == {red, blue}
    assert [row.id for row in await lab.runtime.container_find_by_label(label, "red")] == [red]
    assert await lab.runtime.container_find_by_label(label, "") == []
    for wrong in ("", "a=b"):
        with pytest.raises(InvalidRequest):
            await lab.runtime.container_find_by_label(wrong)


async def test_stop_and_remove_is_content_when_there_is_nothing(lab: Lab) -> None:
    running = await lab.create("pause:1")
    await lab.runtime.container_stop_and_remove(running, timeout=1)
    assert not await lab.runtime.container_exists(running)
    await lab.runtime.container_stop_and_remove(running)
    # One that removes itself when it is stopped.
    passing = await lab.create("pause:1", HostConfig={"AutoRemove": True})
    await lab.runtime.container_stop_and_remove(passing, timeout=1)
    assert not await lab.runtime.container_exists(passing)
    stopped = await lab.create("pause:1", start=False)
    await lab.runtime.container_stop_and_remove(stopped)
    assert not await lab.runtime.container_exists(stopped)


async def test_prune_takes_what_does_not_run(lab: Lab) -> None:
    label = lab.name("prune")
    running = await lab.create("pause:1", Labels={label: ""})
    idle = await lab.create("pause:1", Labels={label: ""}, start=False)
    other = await lab.create("pause:1", start=False)
    result = await lab.runtime.container_prune(filters=Filters(label=label))
    assert result.removed == (idle,)
    assert result.reclaimed >= 0
    assert await lab.runtime.container_exists(running)
    assert await lab.runtime.container_exists(other)
    assert (await lab.runtime.container_prune(filters=Filters(label=label))).removed == ()


async def test_one_sample(lab: Lab) -> None:
    id = await lab.create("cpu:1")
    async with asyncio.timeout(20):
        sample = await lab.runtime.container_stats_once(id)
    assert sample.id == id
    assert sample.memory > 0
    assert sample.cpu_percent is None or sample.cpu_percent >= 0
    idle = await lab.create("pause:1", start=False)
    with pytest.raises(Conflict, match="not running"):
        await lab.runtime.container_stats_once(idle)
    with pytest.raises(NotFound):
        await lab.runtime.container_stats_once("no-such-container")


async def test_wait_stopped(lab: Lab) -> None:
    runtime = lab.runtime
    id = await lab.create("pause:1")
    with pytest.raises(WaitTimeout, match=r"still runs after 0\.2 s") as caught:
        await runtime.container_wait_stopped(id, timeout=0.2)
    assert (caught.value.operation, caught.value.target) == ("container_wait_stopped", id)
    waiting = asyncio.create_task(runtime.container_wait_stopped(id, timeout=20))
    await runtime.container_kill(id)
    assert await waiting == 137
    assert await runtime.container_wait_stopped(id) == 137
    with pytest.raises(NotFound):
        await runtime.container_wait_stopped("no-such-container", timeout=5)


async def test_the_condition_of_a_wait_is_an_enum_or_its_word(lab: Lab) -> None:
    id = await lab.create("busybox:1", "sh", "-c", "exit 4")
    for condition in (WaitCondition.NOT_RUNNING, "not-running"):
        assert await lab.runtime.container_wait(id, condition=condition) == 4
    before = dict(lab.runtime.requests)
    with pytest.raises(InvalidRequest, match="not a condition") as caught:
        await lab.runtime.container_wait(id, condition="gone")
    assert (caught.value.operation, caught.value.target) == ("container_wait", id)
    assert dict(lab.runtime.requests) == before


async def test_wait_healthy(lab: Lab) -> None:
    id = await lab.create("web:1")
    async with asyncio.timeout(30):
        await lab.runtime.container_wait_healthy(id, timeout=20)
    # Already so: at once, and nothing is left listening.
    await lab.runtime.container_wait_healthy(id, timeout=5)
    await until(lambda: not lab.runtime.open_streams)


async def test_who_is_ill_or_stopped_will_not_be_waited_for(lab: Lab) -> None:
    runtime = lab.runtime
    ill = await lab.create("web:1", Env=["UNHEALTHY=1"])
    async with asyncio.timeout(40):
        with pytest.raises(Unhealthy, match="health check fails") as caught:
            await runtime.container_wait_healthy(ill, timeout=30)
    assert caught.value.target == ill
    stopped = await lab.create("web:1", start=False)
    with pytest.raises(Unhealthy, match="created"):
        await runtime.container_wait_healthy(stopped)
    dies = asyncio.create_task(runtime.container_wait_healthy(await lab.create("web:1"), timeout=30))
    await until(lambda: bool(runtime.open_streams))
    await runtime.container_kill(lab.made[-1])
    # Healthy just before, or dead: both end the wait at once.
    async with asyncio.timeout(10):
        await asyncio.wait({dies})
    assert dies.exception() is None or isinstance(dies.exception(), Unhealthy)
    assert runtime.open_streams == {}


async def test_wait_healthy_needs_a_health_check_and_a_container(lab: Lab) -> None:
    id = await lab.create("pause:1")
    with pytest.raises(InvalidRequest, match="no health check"):
        await lab.runtime.container_wait_healthy(id)
    with pytest.raises(NotFound):
        await lab.runtime.container_wait_healthy("no-such-container")


async def test_wait_healthy_has_a_time_out(lab: Lab) -> None:
    slow = {"Test": ["CMD", "true"], "Interval": 3600 * 10**9, "StartPeriod": 3600 * 10**9}
    id = await lab.create("busybox:1", "sleep", "infinity", Healthcheck=slow)
    with pytest.raises(WaitTimeout, match=r"starting after 0\.5 s"):
        await lab.runtime.container_wait_healthy(id, timeout=0.5)
    assert lab.runtime.open_streams == {}


async def test_attach_shows_what_it_writes(lab: Lab) -> None:
    lab.needs(Capability.ATTACH)
    id = await lab.create("logger:1", Env=["RATE=20"])
    async with asyncio.timeout(20), lab.runtime.container_attach(id, stdin=False) as session:
        assert session.id == id
        assert await session.read()
        assert await session.exit_code() is None
        with pytest.raises(InvalidRequest, match="without input"):
            await session.write(b"x")
    # Leaving detaches: the process goes on.
    assert await lab.state(id) is ContainerState.RUNNING
    assert lab.runtime.open_streams == {}


async def test_attach_to_what_is_started_after(lab: Lab) -> None:
    config = ContainerConfig("portside/busybox:1", shell="echo out; exit 5")
    id = await lab.runtime.container_create(config)
    lab.made.append(id)
    async with asyncio.timeout(20), lab.runtime.container_attach(id, stdin=False) as session:
        await lab.runtime.container_start(id)
        output = b""
        while data := await session.read():
            output += data
        assert output == b"out\n"
        await lab.until_state(id, ContainerState.EXITED)
        assert await session.exit_code() == 5


async def test_attach_goes_both_ways(lab: Lab) -> None:
    id = await lab.runtime.container_create(ContainerConfig("portside/busybox:1", command=["cat"], stdin_open=True))
    lab.made.append(id)
    async with asyncio.timeout(20), lab.runtime.container_attach(id) as session:
        await lab.runtime.container_start(id)
        await session.write(b"hello\n")
        output = b""
        while not output.endswith(b"\n"):
            output += await session.read()
        assert output == b"hello\n"
        assert await session.exit_code() is None


async def test_attach_to_a_shell_on_a_terminal(lab: Lab) -> None:
    config = ContainerConfig("portside/busybox:1", command=["sh"], stdin_open=True, tty=True)
    id = await lab.runtime.container_run(config)
    lab.made.append(id)
    async with asyncio.timeout(20), lab.runtime.container_attach(id, size=(100, 30)) as session:
        await session.write(b"stty size\n")
        output = b""
        while b"30 100" not in output:
            output += await session.read()
        await session.resize(90, 20)
        await session.write(b"exit 4\n")
        while data := await session.read():
            output += data
        await lab.until_state(id, ContainerState.EXITED)
        assert await session.exit_code() == 4


async def test_what_cannot_be_attached_to(lab: Lab) -> None:
    runtime = lab.runtime
    id = await lab.create("pause:1")
    with pytest.raises(InvalidRequest, match="input is not open"):
        async with runtime.container_attach(id):
            pass
    with pytest.raises(InvalidRequest, match="without a TTY"):
        async with runtime.container_attach(id, stdin=False, size=(80, 24)):
            pass
    with pytest.raises(NotFound):
        async with runtime.container_attach("no-such-container"):
            pass
    await runtime.container_kill(id)
    await lab.until_state(id, ContainerState.EXITED)
    with pytest.raises(Conflict, match="does not run"):
        async with runtime.container_attach(id, stdin=False):
            pass
    with pytest.raises(InvalidRequest):
        runtime.container_attach(id, size=(0, 24))
    with pytest.raises(InvalidRequest):
        await runtime.container_resize(id, width=0, height=1)
