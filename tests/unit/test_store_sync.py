"""From connecting to the last change of a row, on an engine that behaves."""

from __future__ import annotations

import asyncio

from tests.unit.store_fakes import START, World, container, image, key
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
            await world.clock.advance(0.04)
        await world.clock.advance(0.13)
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
