from __future__ import annotations

import asyncio

import pytest

from tests.contract.conftest import Lab, until
from tui.runtime.errors import ApiError, Conflict, InvalidRequest, NotFound
from tui.runtime.filters import Filters
from tui.runtime.models import Capability, ContainerState, EventType, Health


async def test_a_list_row_tells_what_was_created(lab: Lab) -> None:
    name = lab.name()
    id = await lab.create("logger:1", name=name, Labels={"team": "red"}, Env=["RATE=1"])
    rows = {row.id: row for row in await lab.runtime.container_list()}
    row = rows[next(key for key in rows if key == id)]
    assert (row.name, row.names, row.state) == (name, (name,), ContainerState.RUNNING)
    assert row.image == lab.image("logger:1")
    assert row.image_id.startswith("sha256:")
    assert row.labels["team"] == "red"
    assert row.status.startswith("Up")
    assert row.created is not None
    assert row.exit_code is None
    assert row.size_rw is None


async def test_the_list_leaves_out_what_does_not_run_unless_all_is_asked_for(lab: Lab) -> None:
    id = await lab.create("busybox:1", start=False)
    assert id not in {row.id for row in await lab.runtime.container_list()}
    row = next(row for row in await lab.runtime.container_list(all=True) if row.id == id)
    assert row.state is ContainerState.CREATED


async def test_filters_are_and_across_keys_and_or_within(lab: Lab) -> None:
    label = lab.name("l")
    red = await lab.create("pause:1", Labels={label: "red"})
    blue = await lab.create("pause:1", Labels={label: "blue"}, start=False)
    other = await lab.create("pause:1")

    async def ids(filters: Filters) -> set[str]:
        return {row.id for row in await lab.runtime.container_list(all=True, filters=filters)}

    assert await ids(Filters(label=label)) == {red, blue}
    assert await ids(Filters(label=f"{label}=red")) == {red}
    assert await ids(Filters(label=label, status="created")) == {blue}
    assert await ids(Filters(id=[red, other])) == {red, other}
    assert await ids(Filters(id=[red, other], label=label)) == {red}


@pytest.mark.parametrize("filters", [Filters(colour="red"), Filters(status="tired")])
async def test_a_filter_that_makes_no_sense_is_refused(lab: Lab, filters: Filters) -> None:
    with pytest.raises(InvalidRequest):
        await lab.runtime.container_list(filters=filters)


async def test_inspect_tells_everything(lab: Lab) -> None:
    name = lab.name()
    id = await lab.create(
        "logger:1", name=name, Env=["RATE=1", "X=y"], Labels={"a": "b"}, HostConfig={"Memory": 64 << 20}
    )
    for given in (id, id[:12], name, f"/{name}"):
        assert (await lab.runtime.container_inspect(given)).id == id
    got = await lab.runtime.container_inspect(id)
    assert (got.name, got.state, got.image, got.exit_code) == (
        name,
        ContainerState.RUNNING,
        lab.image("logger:1"),
        None,
    )
    assert "X=y" in got.env
    assert got.labels["a"] == "b"
    assert got.pid > 0
    assert got.started_at is not None
    assert got.memory_limit == 64 << 20
    assert (got.tty, got.health) == (False, Health.NONE)
    assert got.raw["Id"] == id


@pytest.mark.parametrize(
    "operation",
    [
        "inspect",
        "start",
        "stop",
        "restart",
        "kill",
        "pause",
        "unpause",
        "rename",
        "remove",
        "top",
        "logs",
        "stats",
        "exec",
    ],
)
async def test_what_does_not_exist_is_not_found(lab: Lab, operation: str) -> None:
    runtime, missing = lab.runtime, "no-such-container"

    async def go() -> None:
        match operation:
            case "rename":
                await runtime.container_rename(missing, name=lab.name())
            case "logs":
                async with runtime.container_logs(missing):
                    pass
            case "stats":
                async with runtime.container_stats(missing):
                    pass
            case "exec":
                await runtime.container_exec_run(missing, ["true"])
            case _:
                await getattr(runtime, f"container_{operation}")(missing)

    with pytest.raises(NotFound) as caught:
        await go()
    assert caught.value.status == 404
    assert missing in str(caught.value)
    assert caught.value.detail
    assert caught.value.operation


@pytest.mark.parametrize("id", ["", "  ", "..", "../images", "a/../../info"])
async def test_an_id_that_is_none_never_reaches_the_engine(lab: Lab, id: str) -> None:
    before = dict(lab.runtime.requests)
    for call in (lab.runtime.container_inspect, lab.runtime.container_start, lab.runtime.container_top):
        with pytest.raises(InvalidRequest):
            await call(id)
    assert dict(lab.runtime.requests) == before


@pytest.mark.parametrize("id", ["a/b?c", "x/json?all=1#", "a b", "ü", "%2e%2e", "a\r\nX: y"])
async def test_an_odd_id_is_one_that_does_not_exist(lab: Lab, id: str) -> None:
    # 400 where the engine judges the name itself; never another object's answer.
    with pytest.raises((NotFound, InvalidRequest)):
        await lab.runtime.container_inspect(id)


async def test_input_is_checked_before_any_request(lab: Lab) -> None:
    runtime = lab.runtime
    before = dict(runtime.requests)
    with pytest.raises(InvalidRequest):
        runtime.container_logs("x", stdout=False, stderr=False)
    with pytest.raises(InvalidRequest):
        runtime.container_logs("x", since="yesterday")
    with pytest.raises(InvalidRequest):
        runtime.container_exec("x", [])
    with pytest.raises(InvalidRequest):
        await runtime.container_exec_run("x", [])
    with pytest.raises(InvalidRequest):
        await runtime.container_exec_run("x", "ls -l")
    with pytest.raises(InvalidRequest):
        await runtime.container_kill("x", signal="rm -rf")
    with pytest.raises(InvalidRequest):
        await runtime.container_rename("x", name="")
    with pytest.raises(InvalidRequest):
        await runtime.container_rename("x", name="-bad name")
    with pytest.raises(InvalidRequest):
        await runtime.container_wait("x", condition="tea-time")
    with pytest.raises(InvalidRequest):
        runtime.image_pull("Not A Reference")
    assert dict(runtime.requests) == before


async def test_already_so_is_success(lab: Lab) -> None:
    id = await lab.create("logger:1")
    await lab.runtime.container_start(id)
    await lab.runtime.container_stop(id, timeout=5)
    await lab.runtime.container_stop(id, timeout=5)
    assert await lab.state(id) is ContainerState.EXITED


async def test_what_the_state_does_not_allow_is_a_conflict(lab: Lab) -> None:
    id = await lab.create("pause:1")

    async def refused(call: str) -> None:
        with pytest.raises(Conflict) as caught:
            await getattr(lab.runtime, f"container_{call}")(id)
        assert caught.value.detail

    await refused("unpause")
    await refused("remove")
    await lab.runtime.container_pause(id)
    assert await lab.state(id) is ContainerState.PAUSED
    await refused("pause")
    await lab.runtime.container_unpause(id)
    assert await lab.state(id) is ContainerState.RUNNING
    await lab.runtime.container_stop(id, timeout=1)
    await refused("kill")
    await refused("pause")


async def test_a_taken_name_is_a_conflict(lab: Lab) -> None:
    first, second = lab.name(), lab.name()
    await lab.create("pause:1", name=first, start=False)
    id = await lab.create("pause:1", name=second, start=False)
    with pytest.raises(Conflict):
        await lab.runtime.container_rename(id, name=first)
    fresh = lab.name("renamed")
    await lab.runtime.container_rename(id, name=fresh)
    assert (await lab.runtime.container_inspect(id)).name == fresh
    with pytest.raises(NotFound):
        await lab.runtime.container_inspect(second)


async def test_an_exit_code_is_told_by_wait_inspect_and_list(lab: Lab) -> None:
    id = await lab.create("crash:1", Env=["AFTER=0", "CODE=7"])
    async with asyncio.timeout(20):
        assert await lab.runtime.container_wait(id) == 7
    await lab.until_state(id, ContainerState.EXITED)
    assert (await lab.runtime.container_inspect(id)).exit_code == 7
    row = next(row for row in await lab.runtime.container_list(all=True) if row.id == id)
    assert (row.state, row.exit_code) == (ContainerState.EXITED, 7)
    assert row.status.startswith("Exited (7)")


async def test_a_stubborn_container_is_killed_after_its_time(lab: Lab) -> None:
    id = await lab.create("stubborn:1")
    await lab.runtime.container_stop(id, timeout=1)
    assert (await lab.runtime.container_inspect(id)).exit_code == 137


async def test_restart_runs_it_anew(lab: Lab) -> None:
    id = await lab.create("pause:1")
    before = await lab.runtime.container_inspect(id)
    await lab.runtime.container_restart(id, timeout=1)
    after = await lab.runtime.container_inspect(id)
    assert after.state is ContainerState.RUNNING
    assert before.started_at is not None
    assert after.started_at is not None
    assert after.started_at > before.started_at


async def test_remove(lab: Lab) -> None:
    id = await lab.create("pause:1")
    await lab.runtime.container_remove(id, force=True)
    with pytest.raises(NotFound):
        await lab.runtime.container_inspect(id)
    with pytest.raises(NotFound):
        await lab.runtime.container_remove(id)


async def test_top_shows_the_processes(lab: Lab) -> None:
    id = await lab.create("busybox:1", "sleep", "600")
    got = await lab.runtime.container_top(id)
    assert "CMD" in got.titles or "COMMAND" in got.titles
    assert any("sleep" in row[-1] for row in got.rows)
    assert all(len(row) == len(got.titles) for row in got.rows)
    await lab.runtime.container_stop(id, timeout=0)
    with pytest.raises(ApiError):
        await lab.runtime.container_top(id)


async def test_health_is_told_by_list_and_inspect(lab: Lab) -> None:
    id = await lab.create("web:1")

    async def healthy() -> bool:
        rows = await lab.runtime.container_list(filters=Filters(id=id))
        return rows[0].health is Health.HEALTHY

    async with asyncio.timeout(40):
        while True:
            if await healthy():
                break
            await asyncio.sleep(0.2)
    got = await lab.runtime.container_inspect(id)
    assert got.health is Health.HEALTHY
    assert got.health_log


async def test_events_tell_what_happened_in_order(lab: Lab) -> None:
    async with lab.watching() as events:
        id = await lab.create("logger:1")
        await lab.runtime.container_pause(id)
        await lab.runtime.container_unpause(id)
        await lab.runtime.container_exec_run(id, ["true"])
        await lab.runtime.container_stop(id, timeout=5)
        name = lab.name("after")
        await lab.runtime.container_rename(id, name=name)
        await lab.runtime.container_remove(id)
        await until(lambda: any(event.action == "destroy" and event.actor_id == id for event in events))
    expected = [
        "create",
        "start",
        "pause",
        "unpause",
        "exec_create",
        "exec_start",
        "exec_die",
        "die",
        "rename",
        "destroy",
    ]
    mine = [
        event
        for event in events
        if event.actor_id == id and event.type is EventType.CONTAINER and event.action in expected
    ]
    assert [event.action for event in mine] == expected
    assert mine[-1].name == name
    assert all(event.time is not None for event in mine)
    assert [event.time_ns for event in mine] == sorted(event.time_ns for event in mine)
    assert next(event for event in mine if event.action == "die").attributes["exitCode"] == "0"
    assert next(event for event in mine if event.action == "exec_die").attributes["exitCode"] == "0"


async def test_events_tell_of_commands_signals_and_stops(lab: Lab) -> None:
    lab.needs(Capability.EVENT_DETAILS)
    async with lab.watching() as events:
        id = await lab.create("pause:1")
        await lab.runtime.container_exec_run(id, ["true"])
        await lab.runtime.container_stop(id, timeout=5)
        await until(lambda: {"stop", "die"} <= {event.action for event in events if event.actor_id == id})
    mine = [event for event in events if event.actor_id == id]
    assert next(event for event in mine if event.action == "exec_create").detail.startswith("true")
    # The image says SIGKILL, so that it stops at once.
    # In dockerd 20.10 the stop is told after the death, in 28 before.
    ends = [event.action for event in mine if event.action in ("kill", "die", "stop")]
    assert ends[0] == "kill"
    assert sorted(ends[1:]) == ["die", "stop"]
    assert next(event for event in mine if event.action == "kill").attributes["signal"] in ("9", "SIGKILL")


async def test_a_kill_is_an_event(lab: Lab) -> None:
    id = await lab.create("pause:1")
    async with lab.watching() as events:
        await lab.runtime.container_kill(id, signal="SIGKILL")
        await until(lambda: any(event.action == "die" for event in events))
    mine = [event for event in events if event.actor_id == id]
    assert [event.action for event in mine if event.action in ("kill", "die")] == ["kill", "die"]
    assert next(event for event in mine if event.action == "die").attributes["exitCode"] == "137"


async def test_events_can_be_filtered_and_bounded(lab: Lab) -> None:
    id = await lab.create("pause:1", start=False)
    detail = await lab.runtime.container_inspect(id)
    await lab.runtime.container_start(id)
    started = await lab.runtime.container_inspect(id)
    assert detail.created is not None
    assert started.started_at is not None
    async with asyncio.timeout(20):
        other = await lab.create("pause:1")
        after = await lab.runtime.container_inspect(other)
        assert after.started_at is not None
        async with lab.runtime.events(
            since=detail.created.replace(microsecond=0),
            until=after.started_at,
            filters=Filters(type="container", event="start", container=id),
        ) as stream:
            got = [event async for event in stream]
    assert [(event.action, event.actor_id) for event in got] == [("start", id)]
