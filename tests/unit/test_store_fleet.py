"""Many engines as one: rows, changes, inspect answers, sessions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.unit.store_fakes import URL, World, container, key
from tui.actions import RowKey
from tui.runtime.errors import EngineUnreachable, NotFound, StreamBroken, Unsupported
from tui.runtime.models import Capability, ContainerDetail, ContainerState, EventType
from tui.store.details import KEPT
from tui.store.fleet import Change, Connection, EngineSource, Fleet

ONE, TWO = "unix:///one", "ssh://two"


async def test_rows_of_all_engines_in_one_mapping() -> None:
    async with World(ONE, TWO) as world:
        world.engines[1].containers["a"] = container("a", name="other")
        await world.start("a")
        rows = world.fleet.rows("containers")
        assert {name: row.name for name, row in rows.items()} == {
            key("a", endpoint=ONE): "name-a",
            key("a", endpoint=TWO): "other",
        }
        assert world.fleet.rows("containers") is rows
        world.engines[1].create("b")
        await world.clock.advance(0.1)
        assert world.fleet.rows("containers") is not rows
        assert world.fleet.get(key("b", endpoint=TWO)) is not None
        assert world.fleet.get(key("b", endpoint=ONE)) is None
        assert world.fleet.get(key("b", endpoint="unix:///three")) is None
        assert world.engine.requests["container_list_ids"] == 0, "the other engine was asked"


async def test_one_engine_that_is_down_does_not_keep_others_from_living() -> None:
    async with World(ONE, TWO) as world:
        world.engines[1].up = False
        await world.start("a")
        assert [status.connection for status in world.fleet.status()] == [Connection.LIVE, Connection.LOST]
        assert [world.fleet.connection(endpoint) for endpoint in (ONE, TWO)] == [Connection.LIVE, Connection.LOST]
        assert len(world.fleet.rows("containers")) == 1


async def test_seeded_rows_show_before_connecting_and_are_replaced_by_the_list() -> None:
    async with World() as world:
        world.fleet.seed(URL, "containers", [container("a"), container("gone")])
        assert world.ids() == ["a", "gone"]
        assert world.fleet.loaded("containers")
        assert world.status().connection is Connection.CONNECTING
        await world.start("a", "b")
        assert world.ids() == ["a", "b"]


def test_seeding_needs_no_event_loop() -> None:
    async def connect() -> None:
        raise AssertionError("not started")

    fleet = Fleet([EngineSource(URL, "local", connect)])  # type: ignore[arg-type]  # never called
    fleet.seed(URL, "containers", [container("a")])
    assert list(fleet.rows("containers")) == [key("a")]
    assert fleet.version > 0


async def test_changes_are_told_once_per_pass_and_say_what_changed() -> None:
    async with World() as world:
        await world.start("a", "b")
        version = world.fleet.version
        world.engine.destroy("a")
        world.engine.destroy("b")
        await world.clock.advance(0)
        assert world.changes == [Change(kinds=frozenset({"containers"}), events=True)]
        assert world.fleet.version > version
        seen = len(world.changes)
        world.unlisten()
        world.unlisten()
        world.engine.create("c")
        await world.clock.advance(1)
        assert len(world.changes) == seen


async def test_a_refresh_of_what_has_not_changed_changes_nothing() -> None:
    async with World() as world:
        await world.start("a")
        rows = world.fleet.rows("containers")
        world.fleet.refresh("containers")
        await world.clock.advance(0.1)
        assert world.engine.requests == {"container_list": 1}
        assert world.fleet.rows("containers") is rows
        assert world.changes == []
        world.fleet.refresh()
        await world.clock.advance(0.3)
        assert world.engine.requests == {"container_list": 2, "image_list": 1}


async def test_close_and_start_are_idempotent() -> None:
    async with World() as world:
        await world.start("a")
        await world.fleet.start()
        await world.clock.advance(0.1)
        assert world.engine.connects == 1
        await world.fleet.close()
        await world.fleet.close()
        assert world.engine.runtimes[0].closed


async def test_close_while_connecting_or_listing_leaves_nothing() -> None:
    for operation in ("connect", "events", "container_list", "info"):
        async with World() as world:
            world.engine.gates[operation] = asyncio.Event()
            await world.fleet.start()
            await world.clock.advance(1.5)
            assert world.engine.in_flight[operation] == 1
    async with World() as world:
        await world.fleet.close()


async def test_a_bug_without_a_listener_is_kept() -> None:
    async with World(on_fault=None) as world:
        world.unlisten()
        world.engine.faults["info"] = ZeroDivisionError("a bug")
        await world.start()
        assert isinstance(world.fleet.failure, ExceptionGroup)


async def test_what_the_fault_handler_raises_comes_out_of_close() -> None:
    def broken(exc: BaseException) -> None:
        raise LookupError("the handler has a bug") from exc

    async with World(on_fault=broken) as world:
        world.engine.faults["info"] = ZeroDivisionError("a bug")
        await world.start()
        with pytest.raises(ExceptionGroup) as caught:
            await world.fleet.close()
        assert isinstance(caught.value.exceptions[0], LookupError)


# Inspect


async def test_inspect_is_asked_once_until_something_happens() -> None:
    async with World() as world:
        await world.start("a", "b")
        first = await world.fleet.inspect(key("a"))
        assert isinstance(first, ContainerDetail)
        assert await world.fleet.inspect(key("a")) is first
        await world.fleet.inspect(key("b"))
        world.engine.emit("exec_start", "a")
        world.engine.emit("die", "unrelated")
        world.engine.emit("tag", "x", type=EventType.IMAGE)
        await world.clock.advance(0.5)
        assert await world.fleet.inspect(key("a")) is first
        assert world.engine.requests["container_inspect"] == 2
        world.engine.die("a")
        await world.clock.advance(0)
        again = await world.fleet.inspect(key("a"))
        assert isinstance(again, ContainerDetail)
        assert again.state is ContainerState.EXITED
        assert world.engine.requests["container_inspect"] == 3


async def test_image_events_name_tags_so_they_drop_every_image() -> None:
    async with World() as world:
        await world.start()
        for _ in range(2):
            await world.fleet.inspect(key("sha256:1", "images"))
        assert world.engine.requests["image_inspect"] == 1
        world.engine.emit("tag", "app:2", type=EventType.IMAGE)
        await world.clock.advance(0)
        await world.fleet.inspect(key("sha256:1", "images"))
        assert world.engine.requests["image_inspect"] == 2


async def test_a_changed_row_drops_what_was_kept_even_without_an_event() -> None:
    async with World() as world:
        world.engine.capabilities -= {Capability.EVENTS}
        await world.start("a")
        await world.fleet.inspect(key("a"))
        world.engine.containers["a"] = container("a", ContainerState.EXITED)
        await world.clock.advance(3.2)
        await world.fleet.inspect(key("a"))
        assert world.engine.requests["container_inspect"] == 2


async def test_concurrent_inspects_share_one_request() -> None:
    async with World() as world:
        await world.start("a")
        gate = world.engine.gates["container_inspect"] = asyncio.Event()
        asking = [asyncio.create_task(world.fleet.inspect(key("a"))) for _ in range(3)]
        await world.clock.advance(0)
        asking[0].cancel()
        await world.clock.advance(0)
        gate.set()
        one, two = await asyncio.gather(*asking[1:])
        assert one is two
        assert world.engine.requests["container_inspect"] == 1


async def test_an_inspect_that_nobody_waits_for_any_more_is_cancelled() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.gates["container_inspect"] = asyncio.Event()
        asking = asyncio.create_task(world.fleet.inspect(key("a")))
        await world.clock.advance(0)
        assert world.engine.in_flight["container_inspect"] == 1
        asking.cancel()
        await world.clock.advance(0)
        assert world.engine.in_flight["container_inspect"] == 0


async def test_an_answer_that_was_overtaken_by_an_event_is_not_kept() -> None:
    async with World() as world:
        await world.start("a")
        gate = world.engine.gates["container_inspect"] = asyncio.Event()
        asking = asyncio.create_task(world.fleet.inspect(key("a")))
        await world.clock.advance(0)
        world.engine.die("a")
        await world.clock.advance(0)
        gate.set()
        old = await asking
        new = await world.fleet.inspect(key("a"))
        assert isinstance(old, ContainerDetail)
        assert isinstance(new, ContainerDetail)
        assert (old.state, new.state) == (ContainerState.RUNNING, ContainerState.EXITED)


async def test_inspects_are_four_at_a_time() -> None:
    async with World() as world:
        await world.start(*(f"c{number}" for number in range(20)))
        gate = world.engine.gates["container_inspect"] = asyncio.Event()
        asking = [asyncio.create_task(world.fleet.inspect(key(f"c{number}"))) for number in range(20)]
        await world.clock.advance(0)
        assert world.engine.in_flight["container_inspect"] == 4
        gate.set()
        assert len(await asyncio.gather(*asking)) == 20
        assert world.engine.most_in_flight["container_inspect"] == 4


async def test_a_failed_inspect_is_raised_and_not_kept() -> None:
    async with World() as world:
        await world.start()
        with pytest.raises(NotFound):
            await world.fleet.inspect(key("a"))
        world.engine.containers["a"] = container("a")
        assert (await world.fleet.inspect(key("a"))).id == "a"
        with pytest.raises(Unsupported):
            await world.fleet.inspect(key("a", "volumes"))


async def test_inspect_of_a_lost_engine_is_not_answered_from_memory() -> None:
    async with World() as world:
        await world.start("a")
        await world.fleet.inspect(key("a"))
        world.engine.kill()
        await world.clock.advance(0)
        with pytest.raises(EngineUnreachable):
            await world.fleet.inspect(key("a"))


async def test_inspect_answers_are_kept_in_bounds() -> None:
    async with World() as world:
        await world.start(*(f"c{number}" for number in range(KEPT + 1)))
        for number in range(KEPT):
            await world.fleet.inspect(key(f"c{number}"))
        await world.fleet.inspect(key("c0"))
        await world.fleet.inspect(key(f"c{KEPT}"))
        asked = world.engine.requests["container_inspect"]
        await world.fleet.inspect(key("c0"))
        assert world.engine.requests["container_inspect"] == asked
        await world.fleet.inspect(key("c1"))
        assert world.engine.requests["container_inspect"] == asked + 1


# Sessions


async def test_sessions_go_to_the_engine_of_the_row() -> None:
    async with World() as world:
        await world.start("a")
        sessions: list[Any] = []
        async with world.fleet.logs(key("a"), tail=5) as logs:
            sessions.append(logs)
        async with world.fleet.exec(key("a"), ["sh"], user="root") as shell:
            sessions.append(shell)
        async with world.fleet.image_pull(URL, "app:1", platform="arm64") as pull:
            sessions.append(pull)
        assert sessions == [
            ("a", {"tail": 5}),
            ("a", ["sh"], {"user": "root"}),
            ("app:1", {"platform": "arm64"}),
        ]


async def test_sessions_on_an_engine_that_is_not_there_say_why() -> None:
    async with World() as world:
        with pytest.raises(EngineUnreachable, match="not connected yet"):
            world.fleet.logs(key("a"))
        with pytest.raises(EngineUnreachable, match="not one of those"):
            world.fleet.logs(RowKey("unix:///other", "containers", "a"))
        await world.start("a")
        world.engine.kill()
        await world.clock.advance(0)
        with pytest.raises(EngineUnreachable, match="connection reset") as caught:
            world.fleet.exec(key("a"), ["sh"])
        assert isinstance(caught.value.__cause__, StreamBroken)
