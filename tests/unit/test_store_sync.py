"""What the store knows of an engine, through everything that an engine can do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.store_fakes import START, World, container, image, key
from tui.runtime.errors import (
    ConnectionRefused,
    EngineFault,
    EngineUnreachable,
    Forbidden,
    InvalidRequest,
    RuntimeFault,
    SocketDenied,
    StreamBroken,
    TimedOut,
    Unsupported,
)
from tui.runtime.kinds import CONTAINERS, IMAGES
from tui.runtime.models import Capability, Container, ContainerState, EventType, Health
from tui.store.fleet import Connection


async def test_becomes_live_with_all_rows() -> None:
    async with World() as world:
        world.engine.images["i1"] = image("i1", "app:1")
        assert world.status().connection is Connection.CONNECTING
        assert not world.fleet.loaded("containers")
        await world.start("a", "b")
        assert world.status().connection is Connection.LIVE
        assert world.status().error is None
        assert world.status().retry_in is None
        assert world.status().last_live == world.clock.monotonic()
        assert world.status().version.version == "1.0"
        assert world.status().info.name == "host"
        assert Capability.STATS in world.status().capabilities
        assert world.ids() == ["a", "b"]
        assert world.ids("images") == ["i1"]
        assert world.fleet.loaded("images")
        assert world.fleet.runtime(world.engine.endpoint).capabilities == world.engine.capabilities


async def test_an_empty_engine_is_loaded_and_says_so() -> None:
    async with World() as world:
        await world.fleet.start()
        await world.clock.advance(0.5)
        assert world.fleet.loaded("containers")
        assert any("containers" in change.kinds for change in world.changes)
        assert world.ids() == []


async def test_subscribes_from_before_connecting() -> None:
    async with World() as world:
        gate = world.engine.gates["connect"] = asyncio.Event()
        await world.fleet.start()
        await world.clock.advance(2)
        # It comes into being after we began to connect, and before we are subscribed.
        world.engine.create("early")
        gate.set()
        await world.clock.advance(0.5)
        assert world.engine.since == [START]
        assert [stored.event.actor_id for stored in world.fleet.events()] == ["early"]


async def test_a_container_created_between_subscribe_and_list_is_there() -> None:
    async with World() as world:
        gate = world.engine.gates["container_list"] = asyncio.Event()
        await world.fleet.start()
        await world.clock.advance(0.1)
        # The list was answered without it, and is still on its way.
        world.engine.create("late")
        await world.clock.advance(0.1)
        gate.set()
        await world.clock.advance(0.1)
        assert world.ids() == ["late"]


async def test_a_container_removed_while_the_list_is_on_its_way_does_not_come_back() -> None:
    async with World() as world:
        world.engine.containers["a"] = container("a")
        gate = world.engine.gates["container_list"] = asyncio.Event()
        await world.fleet.start()
        await world.clock.advance(0.1)
        world.engine.destroy("a")
        await world.clock.advance(0.01)
        gate.set()
        await world.clock.advance(0.001)
        assert world.fleet.loaded("containers")
        assert world.ids() == []
        await world.clock.advance(0.1)
        assert world.ids() == []


async def test_lists_although_the_subscription_is_not_confirmed() -> None:
    async with World() as world:
        world.engine.gates["events"] = asyncio.Event()
        world.engine.containers["a"] = container("a")
        await world.fleet.start()
        await world.clock.advance(0.9)
        assert world.ids() == []
        await world.clock.advance(0.2)
        assert world.ids() == ["a"]
        assert world.status().connection is Connection.LIVE


async def test_changes_show_within_50_ms_in_one_request() -> None:
    async with World() as world:
        await world.start(*"abcde")
        for id in "abc":
            world.engine.die(id)
        world.engine.create("new")
        await world.clock.advance(0.05)
        assert [world.state(id) for id in "abcd"] == [ContainerState.EXITED] * 3 + [ContainerState.RUNNING]
        assert world.ids() == [*"abcde", "new"]
        assert world.engine.requests == {"container_list_ids": 1}
        assert world.engine.asked_ids == [("a", "b", "c", "new")]


async def test_an_id_that_is_not_answered_is_gone() -> None:
    async with World() as world:
        await world.start("a", "b")
        del world.engine.containers["a"]
        world.engine.emit("die", "a")
        await world.clock.advance(0.05)
        assert world.ids() == ["b"]


async def test_destroy_shows_at_once_and_is_confirmed() -> None:
    async with World() as world:
        await world.start("a", "b")
        world.engine.destroy("a")
        await world.clock.advance(0)
        assert world.ids() == ["b"]
        assert world.lists() == 0
        await world.clock.advance(0.05)
        assert world.engine.asked_ids == [("a",)]


async def test_health_is_taken_from_the_event() -> None:
    async with World() as world:
        world.engine.containers["a"] = container("a", status="Up 1 second (health: starting)", health=Health.STARTING)
        await world.start()
        before = world.fleet.rows("containers")
        world.engine.set_health("a", Health.UNHEALTHY)
        await world.clock.advance(1)
        row = world.fleet.get(key("a"))
        assert isinstance(row, Container)
        assert (row.health, row.status) == (Health.UNHEALTHY, "Up 1 second (unhealthy)")
        assert world.fleet.rows("containers") is not before
        assert world.lists() == 0
        world.engine.emit("health_status", "a", detail="unhealthy")
        world.engine.emit("health_status", "nobody", detail="healthy")
        now = world.fleet.rows("containers")
        await world.clock.advance(1)
        assert world.fleet.rows("containers") is now
        assert world.lists() == 0


async def test_a_health_word_that_we_do_not_know_is_looked_up() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.emit("health_status", "a", detail="so-so")
        await world.clock.advance(0.1)
        assert world.engine.asked_ids == [("a",)]


async def test_health_told_while_a_list_is_on_its_way_is_kept() -> None:
    async with World() as world:
        await world.start("a", "b")
        gate = world.engine.gates["container_list_ids"] = asyncio.Event()
        world.engine.emit("rename", "a")
        world.engine.emit("rename", "b")
        await world.clock.advance(0.05)
        world.engine.set_health("a", Health.HEALTHY)
        await world.clock.advance(0.01)
        gate.set()
        await world.clock.advance(0.001)
        assert [row.health for row in world.fleet.rows("containers").values()] == [Health.HEALTHY, Health.NONE]


async def test_exec_and_top_cause_no_request_and_are_in_the_event_log() -> None:
    async with World() as world:
        await world.start("a")
        for action in ("exec_create", "exec_start", "exec_die", "top"):
            world.engine.emit(action, "a")
        world.engine.emit("connect", "net", type=EventType.NETWORK)
        await world.clock.advance(5)
        assert world.lists() == 0
        assert [stored.event.action for stored in world.fleet.events()][-2:] == ["top", "connect"]
        assert any(change.events for change in world.changes)


async def test_an_event_without_an_id_lists_everything() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.emit("prune", "")
        await world.clock.advance(0.1)
        assert world.engine.requests == {"container_list": 1}


async def test_images_show_within_300_ms_by_one_list() -> None:
    async with World() as world:
        await world.start()
        world.engine.images["sha256:1"] = image("sha256:1", "app:1")
        for action in ("pull", "tag", "push", "save"):
            world.engine.emit(action, "app:1", type=EventType.IMAGE)
        await world.clock.advance(0.29)
        assert world.ids("images") == ["sha256:1"]
        assert world.engine.requests == {"image_list": 1}
        del world.engine.images["sha256:1"]
        world.engine.emit("delete", "sha256:1", type=EventType.IMAGE)
        await world.clock.advance(0)
        assert world.ids("images") == []


async def test_an_engine_that_lists_the_old_state_after_its_event_is_asked_again() -> None:
    async with World() as world:
        await world.start("a", "b")
        world.engine.emit("die", "a")
        await world.clock.advance(0.05)
        assert world.state("a") is ContainerState.RUNNING
        world.engine.containers["a"] = container("a", ContainerState.EXITED)
        await world.clock.advance(0.3)
        assert world.state("a") is ContainerState.EXITED
        world.engine.requests.clear()
        await world.clock.advance(60)
        assert world.lists() == 0


async def test_an_engine_that_keeps_contradicting_its_event_is_believed() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.emit("pause", "a")
        await world.clock.advance(60)
        assert world.state("a") is ContainerState.RUNNING
        assert 4 < world.lists() < 16


async def test_a_storm_of_events_makes_few_requests() -> None:
    async with World() as world:
        await world.start(*(f"c{number}" for number in range(1000)))
        for number in range(10_000):
            world.engine.emit("rename", f"c{number % 1000}")
            if number % 100 == 0:
                await world.clock.advance(0.02)
        world.engine.containers["c7"] = container("c7", name="renamed")
        world.engine.emit("rename", "c7")
        await world.clock.advance(2)
        assert world.fleet.rows("containers")[key("c7")].name == "renamed"
        assert world.lists() <= 20
        assert max(world.engine.most_in_flight.values()) == 1
        assert len(world.fleet.events()) == 2000


async def test_a_burst_that_arrives_at_once_is_one_whole_list() -> None:
    async with World() as world:
        await world.start(*(f"c{number}" for number in range(300)))
        for number in range(300):
            world.engine.die(f"c{number}")
        await world.clock.advance(0.05)
        assert world.engine.requests == {"container_list": 1}
        assert {row.state for row in world.fleet.rows("containers").values()} == {ContainerState.EXITED}


async def test_a_storm_on_few_objects_is_slowed_down() -> None:
    async with World() as world:
        await world.start("a")
        for _ in range(200):
            world.engine.emit("rename", "a")
            await world.clock.advance(0.05)
        # Ten seconds: ten at once, and then five a second.
        assert 40 <= world.lists() <= 62


async def test_a_storm_of_image_events_lists_once_a_second() -> None:
    async with World() as world:
        await world.start()
        for _ in range(200):
            world.engine.emit("tag", "app:1", type=EventType.IMAGE)
            await world.clock.advance(0.05)
        assert 8 <= world.lists() <= 15


async def test_an_idle_minute_asks_for_nothing() -> None:
    async with World() as world:
        await world.start(*(f"c{number}" for number in range(100)))
        await world.clock.advance(60)
        assert set(world.engine.requests) <= {"ping"}
        assert world.engine.requests["ping"] <= 2
        assert world.changes == []
        assert world.status().connection is Connection.LIVE


async def test_a_killed_engine_is_stale_at_once_and_correct_after_it_is_back() -> None:
    async with World() as world:
        await world.start("a", "b")
        await world.clock.advance(10)
        world.engine.kill()
        await world.clock.advance(0.01)
        assert world.status().connection is Connection.STALE
        assert isinstance(world.status().error, StreamBroken)
        assert world.ids() == ["a", "b"]
        assert world.status().since == world.status().last_live
        with pytest.raises(EngineUnreachable):
            world.fleet.runtime(world.engine.endpoint)
        await world.clock.advance(5)
        assert isinstance(world.status().error, ConnectionRefused)
        assert world.status().attempt > 3
        assert 0 <= world.status().retry_in <= 1
        with pytest.raises(ConnectionRefused):
            world.fleet.runtime(world.engine.endpoint)
        # While it was away: one removed, one changed, one new.
        world.engine.containers = {"b": container("b", ContainerState.EXITED), "c": container("c")}
        world.engine.up = True
        await world.clock.advance(1.2)
        assert world.status().connection is Connection.LIVE
        assert world.status().attempt == 0
        assert world.ids() == ["b", "c"]
        assert world.state("b") is ContainerState.EXITED
        world.engine.create("d")
        await world.clock.advance(0.05)
        assert world.ids() == ["b", "c", "d"]


async def test_an_event_stream_that_ends_is_opened_again_without_repeating_events() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.die("a")
        await world.clock.advance(5)
        world.engine.break_streams()
        await world.clock.advance(0)
        assert world.status().connection is Connection.STALE
        world.engine.start("a")
        await world.clock.advance(0.2)
        assert world.status().connection is Connection.LIVE
        assert [stored.event.action for stored in world.fleet.events()] == ["die", "start"]
        assert world.engine.since[-1] == world.engine.history[0].time


async def test_after_a_long_loss_old_events_are_not_asked_for() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.die("a")
        await world.clock.advance(1)
        world.engine.kill()
        await world.clock.advance(3600)
        world.engine.up = True
        await world.clock.advance(2)
        assert world.engine.since[-1] > START + timedelta(seconds=3600)


async def test_an_event_without_a_time_does_not_move_the_resume_point() -> None:
    async with World() as world:
        await world.start("a")
        event = world.engine.emit("rename", "a")
        for queue in world.engine.subscribers:
            queue.put_nowait(replace(event, time=None, time_ns=0, action="update"))
        await world.clock.advance(0.1)
        world.engine.break_streams()
        await world.clock.advance(1)
        assert world.engine.since[-1] == event.time


@pytest.mark.parametrize(("remote", "cap"), [(False, 1.0), (True, 30.0)])
async def test_retries_slow_down_to_the_cap(remote: bool, cap: float) -> None:
    async with World(remote=remote) as world:
        world.engine.up = False
        await world.fleet.start()
        await world.clock.advance(0.01)
        assert world.status().connection is Connection.LOST
        assert world.status().last_live is None
        assert world.status().retry_in < 0.1
        await world.clock.advance(200)
        before = world.engine.connects
        await world.clock.advance(10 * cap)
        assert world.engine.connects - before == 10
        await world.clock.advance(cap / 2)
        world.engine.up = True
        world.fleet.retry_now()
        await world.clock.advance(0)
        assert world.status().connection is Connection.LIVE


async def test_an_engine_that_breaks_right_after_it_came_is_not_hammered() -> None:
    async with World() as world:
        await world.start()
        for _ in range(20):
            world.engine.break_streams()
            await world.clock.advance(0.2)
        assert world.engine.connects < 10


async def test_one_kind_that_fails_keeps_its_rows_and_others_go_on() -> None:
    async with World() as world:
        world.engine.images["i"] = image("i")
        await world.start("a")
        world.engine.faults["image_list"] = EngineFault("layer store is locked", status=500)
        world.engine.emit("tag", "x", type=EventType.IMAGE)
        await world.clock.advance(0.3)
        assert str(world.status().kind_errors["images"]) == "layer store is locked"
        assert any(change.status for change in world.changes)
        assert world.ids("images") == ["i"]
        assert world.status().connection is Connection.LIVE
        world.engine.create("b")
        await world.clock.advance(0.05)
        assert world.ids() == ["a", "b"]
        # Retried by itself, slower and slower.
        await world.clock.advance(60)
        assert 4 <= world.engine.requests["image_list"] <= 9
        del world.engine.faults["image_list"]
        world.engine.images["j"] = image("j")
        await world.clock.advance(31)
        assert world.ids("images") == ["i", "j"]
        assert not world.status().kind_errors


async def test_an_engine_that_refuses_every_list_is_lost() -> None:
    async with World() as world:
        world.engine.faults["image_list"] = world.engine.faults["container_list"] = Forbidden("no", status=403)
        await world.fleet.start()
        await world.clock.advance(1)
        assert world.status().connection is Connection.LOST
        assert isinstance(world.status().error, Forbidden)


async def test_a_refused_question_for_ids_becomes_a_whole_list() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.faults["container_list_ids"] = InvalidRequest("bad filter", status=400)
        world.engine.die("a")
        await world.clock.advance(1)
        assert world.state("a") is ContainerState.EXITED
        assert not world.status().kind_errors


@pytest.mark.parametrize("how", ["refused", "unsupported"])
async def test_an_engine_without_events_is_polled(how: str) -> None:
    async with World() as world:
        if how == "refused":
            world.engine.faults["events"] = Forbidden("events are not allowed", status=403)
        else:
            world.engine.capabilities -= {Capability.EVENTS}
        await world.start("a")
        assert world.status().connection is Connection.LIVE
        assert world.status().polling
        assert isinstance(world.status().events_error, (Forbidden, Unsupported))
        world.engine.containers["b"] = container("b")
        await world.clock.advance(3.1)
        assert world.ids() == ["a", "b"]
        world.engine.requests.clear()
        await world.clock.advance(30)
        assert world.engine.requests["container_list"] == 10
        # And it is noticed when it goes.
        for operation in ("container_list", "image_list", "ping"):
            world.engine.faults[operation] = ConnectionRefused("gone")
        await world.clock.advance(4)
        assert world.status().connection is Connection.STALE
        assert not world.status().polling


async def test_a_frozen_engine_is_stale_when_a_list_has_timed_out() -> None:
    async with World() as world:
        await world.start("a")
        for operation in ("container_list_ids", "ping"):
            world.engine.faults[operation] = TimedOut("no answer in 10 s")
        world.engine.emit("rename", "a")
        await world.clock.advance(0.05)
        assert world.status().connection is Connection.STALE
        assert isinstance(world.status().error, TimedOut)
        assert world.ids() == ["a"]


async def test_a_list_that_times_out_on_an_engine_that_answers_is_that_kinds_trouble() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.faults["image_list"] = TimedOut("no answer in 10 s")
        world.fleet.refresh("images")
        await world.clock.advance(0.5)
        assert world.status().connection is Connection.LIVE
        assert isinstance(world.status().kind_errors["images"], TimedOut)


async def test_an_engine_that_freezes_in_silence_is_noticed() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.faults["ping"] = world.engine.faults["connect"] = TimedOut("no answer in 10 s")
        await world.clock.advance(29)
        assert world.status().connection is Connection.LIVE
        await world.clock.advance(2)
        assert world.status().connection is Connection.STALE
        assert isinstance(world.status().error, TimedOut)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(Forbidden("no ping", status=403), Connection.LIVE), (EngineFault("bad gateway", status=502), Connection.STALE)],
)
async def test_a_refused_ping_is_a_sign_of_life(answer: RuntimeFault, expected: Connection) -> None:
    async with World() as world:
        await world.start("a")
        world.engine.faults["ping"] = answer
        world.engine.faults["connect"] = ConnectionRefused("a second connection")
        await world.clock.advance(30.5)
        assert world.status().connection is expected


async def test_events_are_signs_of_life() -> None:
    async with World() as world:
        await world.start("a")
        for _ in range(10):
            await world.clock.advance(20)
            world.engine.emit("exec_create", "a")
        assert world.engine.requests["ping"] == 0


async def test_info_that_fails_is_recorded_only() -> None:
    async with World() as world:
        world.engine.faults["info"] = EngineFault("too busy", status=500)
        await world.start("a")
        assert world.status().connection is Connection.LIVE
        assert world.status().version is not None
        assert world.status().info is None
        assert str(world.status().info_error) == "too busy"


async def test_a_kind_that_the_engine_does_not_have_is_not_asked_for() -> None:
    needs = replace(IMAGES, needs=Capability.VOLUMES)
    async with World(kinds=(CONTAINERS, needs)) as world:
        world.fleet.seed(world.engine.endpoint, "images", [image("i")])
        await world.start("a")
        assert world.status().connection is Connection.LIVE
        assert world.ids("images") == []
        assert not world.fleet.loaded("images")


async def test_a_socket_that_may_not_be_opened_is_told_and_tried_again() -> None:
    async with World() as world:
        world.engine.faults["connect"] = SocketDenied("permission denied", hint="join the docker group")
        await world.fleet.start()
        await world.clock.advance(1)
        assert world.status().connection is Connection.LOST
        assert world.status().error.hint == "join the docker group"
        del world.engine.faults["connect"]
        await world.clock.advance(1)
        assert world.status().connection is Connection.LIVE


async def test_a_shell_outlives_a_broken_event_stream() -> None:
    async with World() as world:
        await world.start("a")
        old = world.engine.runtimes[0]
        async with world.fleet.exec(key("a"), ["sh"]):
            world.engine.break_streams()
            await world.clock.advance(1)
            assert world.status().connection is Connection.LIVE
            assert not old.closed
            assert len(world.engine.runtimes) == 2
        # The next quiet moment closes what nobody uses any more.
        await world.clock.advance(31)
        assert old.closed


async def test_a_bug_is_not_swallowed_and_stops_only_its_engine() -> None:
    async with World("unix:///one", "unix:///two") as world:
        await world.start("a")
        bug = ZeroDivisionError("a bug")
        world.engine.faults["container_list_ids"] = bug
        world.engine.emit("rename", "a")
        await world.clock.advance(0.1)
        one, two = world.fleet.status()
        assert one.connection is Connection.LOST
        assert "ZeroDivisionError" in str(one.error)
        assert two.connection is Connection.LIVE
        assert [type(fault) for fault in world.faults] == [ExceptionGroup]
        assert world.fleet.failure is world.faults[0]
        assert world.ids() == ["a"]
        with pytest.raises(EngineUnreachable, match="ZeroDivisionError"):
            world.fleet.runtime("unix:///one")
        await world.clock.advance(100)
        assert world.engine.connects == 1
        world.engine.faults.clear()
        world.fleet.retry_now()
        await world.clock.advance(0.1)
        assert world.fleet.status()[0].connection is Connection.LIVE


async def test_a_bug_while_connecting_is_not_swallowed() -> None:
    async with World() as world:
        world.engine.faults["connect"] = ZeroDivisionError("a bug")
        await world.fleet.start()
        await world.clock.advance(1)
        assert world.status().connection is Connection.LOST
        assert world.status().last_live is None
        assert isinstance(world.fleet.failure, ZeroDivisionError)


async def test_a_bug_while_closing_is_not_swallowed() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.faults["close"] = ZeroDivisionError("a bug")
        await world.fleet.close()
        assert isinstance(world.fleet.failure, ZeroDivisionError)
