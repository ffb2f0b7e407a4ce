"""Engines that go away, refuse, freeze and come back; and our own bugs."""

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
from tui.runtime.models import Capability, ContainerState, EventType
from tui.store.fleet import Connection


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
    async with World(remote=True) as world:
        await world.start("a")
        world.engine.die("a")
        await world.clock.advance(1)
        world.engine.kill()
        await world.clock.advance(3600)
        world.engine.up = True
        world.fleet.retry_now()
        await world.clock.advance(0)
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
        # The next failure is a first one again.
        world.engine.faults["image_list"] = EngineFault("locked again", status=500)
        world.fleet.refresh("images")
        await world.clock.advance(0.3)
        assert world.status().kind_errors
        del world.engine.faults["image_list"]
        await world.clock.advance(1)
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


async def test_a_ping_without_an_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.store.sync.PING_LIMIT", 0.001)
    async with World() as world:
        await world.start("a")
        world.engine.gates["ping"] = asyncio.Event()
        world.engine.faults["connect"] = ConnectionRefused("a second connection")
        await world.clock.advance(30.5)
        async with asyncio.timeout(10):
            while not world.engine.connects > 1:
                await world.clock.advance(0.1)
        assert world.status().connection is Connection.STALE
        assert world.engine.runtimes[0].closed


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


async def test_a_shell_on_a_frozen_engine_is_ended() -> None:
    async with World() as world:
        await world.start("a")
        async with world.fleet.exec(key("a"), ["sh"]):
            world.engine.faults["ping"] = TimedOut("no answer")
            await world.clock.advance(31)
            assert world.engine.runtimes[0].closed


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
