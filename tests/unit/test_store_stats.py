"""Who is sampled when."""

from __future__ import annotations

import pytest

from tests.unit.store_fakes import World, container, key
from tui.actions import RowKey
from tui.runtime.errors import EngineFault, StreamBroken
from tui.runtime.models import Capability, ContainerState
from tui.store.stats import HISTORIES, HISTORY


def keys(*ids: str) -> list[RowKey]:
    return [key(id) for id in ids]


def opened(world: World) -> set[str]:
    return {id for id, queues in world.engine.samplers.items() if queues}


def numbered(first: int, last: int) -> list[str]:
    return [f"c{number}" for number in range(first, last)]


async def test_only_what_is_looked_at_is_sampled() -> None:
    async with World() as world:
        await world.start("a", "b", "c")
        assert opened(world) == set()
        world.fleet.watch_stats("pane", keys("a", "b"))
        await world.clock.advance(0.2)
        assert opened(world) == {"a", "b"}
        assert world.fleet.stats(key("a")) is None
        world.engine.sample("a", 1)
        await world.clock.advance(0)
        latest = world.fleet.stats(key("a"))
        assert latest is not None
        assert latest.memory == 1
        assert world.changes[-1].stats == {key("a")}
        assert world.fleet.stats(key("c")) is None


async def test_rows_that_stay_keep_their_stream() -> None:
    async with World() as world:
        await world.start("a", "b", "c")
        world.fleet.watch_stats("pane", keys("a", "b"))
        await world.clock.advance(0.2)
        world.fleet.watch_stats("pane", keys("b", "c"))
        await world.clock.advance(0.2)
        assert opened(world) == {"a", "b", "c"}, "a stream is kept for a moment in case its row comes back"
        await world.clock.advance(1)
        assert opened(world) == {"b", "c"}
        assert world.engine.requests["container_stats"] == 3


async def test_a_row_that_comes_back_within_the_grace_finds_its_stream() -> None:
    async with World() as world:
        await world.start("a", "b")
        for watched in ("a", "b") * 3:
            world.fleet.watch_stats("pane", keys(watched))
            await world.clock.advance(0.4)
        assert world.engine.requests["container_stats"] == 2
        world.fleet.watch_stats("pane", [])
        world.fleet.watch_stats("pane", [])
        await world.clock.advance(1.2)
        assert opened(world) == set()


async def test_quick_scrolling_opens_only_what_it_ends_at() -> None:
    async with World() as world:
        await world.start(*numbered(0, 200))
        for number in range(10):
            world.fleet.watch_stats("pane", keys(*numbered(number * 20, number * 20 + 20)))
            await world.clock.advance(0.009)
        await world.clock.advance(0.2)
        assert opened(world) == set(numbered(180, 200))
        assert world.engine.requests["container_stats"] == 20


async def test_no_more_than_64_streams_and_the_first_keys_of_every_owner_win() -> None:
    async with World() as world:
        await world.start(*numbered(0, 300))
        world.fleet.watch_stats("pane", keys(*numbered(0, 100)))
        world.fleet.watch_stats("detail", keys("c200"))
        await world.clock.advance(0.2)
        assert opened(world) == {*numbered(0, 63), "c200"}
        # The next screenful does not wait for the grace of the last one.
        world.fleet.watch_stats("pane", keys(*numbered(100, 150)))
        await world.clock.advance(0.2)
        assert {*numbered(100, 150), "c200"} <= opened(world)
        assert world.engine.in_flight["container_stats"] == 0
        assert len(opened(world)) == 64


async def test_only_running_containers_are_sampled() -> None:
    async with World() as world:
        world.engine.containers["stopped"] = container("stopped", ContainerState.EXITED)
        world.engine.containers["paused"] = container("paused", ContainerState.PAUSED)
        await world.start("a")
        world.fleet.watch_stats("pane", [*keys("a", "stopped", "paused", "missing"), key("i", "images")])
        await world.clock.advance(0.2)
        assert opened(world) == {"a", "paused"}
        world.engine.start("stopped")
        await world.clock.advance(0.2)
        assert opened(world) == {"a", "paused", "stopped"}


async def test_a_container_that_stops_shows_no_sample_any_more() -> None:
    async with World() as world:
        await world.start("a")
        world.fleet.watch_stats("pane", keys("a"))
        await world.clock.advance(0.2)
        world.engine.sample("a", 1)
        await world.clock.advance(1)
        # dockerd goes on with empty samples for a stopped container: the row's state decides.
        world.engine.die("a")
        await world.clock.advance(0.2)
        assert opened(world) == set()
        assert world.fleet.stats(key("a")) is None
        assert world.changes[-1].stats == {key("a")}
        assert len(world.fleet.history(key("a"))) == 1
        world.engine.start("a")
        await world.clock.advance(0.2)
        assert opened(world) == {"a"}


async def test_a_stream_that_ends_is_opened_again_after_a_while() -> None:
    async with World() as world:
        await world.start("a")
        world.fleet.watch_stats("pane", keys("a"))
        await world.clock.advance(0.2)
        world.engine.sample("a", 1)
        await world.clock.advance(0)
        world.engine.samplers["a"][0].put_nowait(None)
        await world.clock.advance(1)
        assert opened(world) == set()
        assert world.fleet.stats(key("a")) is None
        await world.clock.advance(1.2)
        assert opened(world) == {"a"}


async def test_a_stream_that_fails_says_why_until_it_works_again() -> None:
    async with World() as world:
        await world.start("a", "b")
        world.engine.faults["container_stats"] = EngineFault("no cgroup", status=500)
        world.fleet.watch_stats("pane", keys("a", "b"))
        await world.clock.advance(5)
        assert str(world.fleet.stats_error(key("a"))) == "no cgroup"
        assert world.engine.requests["container_stats"] <= 6
        del world.engine.faults["container_stats"]
        await world.clock.advance(2.5)
        world.engine.sample("a")
        world.engine.samplers["b"][0].put_nowait(None)
        await world.clock.advance(0)
        assert world.fleet.stats_error(key("a")) is None
        assert world.fleet.stats_error(key("b")) is None


async def test_a_lost_engine_has_no_streams() -> None:
    async with World() as world:
        await world.start("a", "b")
        world.fleet.watch_stats("pane", keys("a", "b"))
        await world.clock.advance(0.2)
        world.engine.sample("a", 1)
        world.engine.samplers["b"][0].put_nowait(None)
        await world.clock.advance(0.2)
        for queue in world.engine.subscribers:
            queue.put_nowait(StreamBroken("reset"))
        await world.clock.advance(0.01)
        assert opened(world) == set()
        assert world.fleet.stats(key("a")) is None
        await world.clock.advance(1)
        assert opened(world) == {"a", "b"}, "the engine is back"


async def test_an_engine_without_stats_is_not_asked() -> None:
    async with World() as world:
        world.engine.capabilities -= {Capability.STATS}
        await world.start("a")
        world.fleet.watch_stats("pane", keys("a"))
        await world.clock.advance(5)
        assert world.engine.requests["container_stats"] == 0


async def test_history_is_a_ring_and_goes_with_the_container() -> None:
    async with World() as world:
        await world.start("a")
        assert len(world.fleet.history(key("a"))) == 0
        world.fleet.watch_stats("pane", keys("a"))
        await world.clock.advance(0.2)
        for number in range(HISTORY + 10):
            world.engine.sample("a", number)
        await world.clock.advance(0)
        history = world.fleet.history(key("a"))
        assert (len(history), history[0].memory, history[-1].memory) == (HISTORY, 10, HISTORY + 9)
        world.engine.destroy("a")
        await world.clock.advance(0)
        assert len(world.fleet.history(key("a"))) == 0


async def test_histories_are_bounded() -> None:
    async with World() as world:
        await world.start(*numbered(0, HISTORIES + 10))
        world.fleet.watch_stats("detail", keys("c0"))
        for first in range(0, HISTORIES + 10, 46):
            screen = numbered(first, first + 46)
            world.fleet.watch_stats("pane", keys(*screen))
            await world.clock.advance(0.2)
            for id in {"c0": 1, **dict.fromkeys(screen, 1)}:
                world.engine.sample(id)
                await world.clock.advance(0)
            await world.clock.advance(1.5)
        kept = [id for id in numbered(0, HISTORIES + 10) if world.fleet.history(key(id))]
        assert kept == ["c0", *numbered(11, HISTORIES + 10)]


async def test_samples_are_told_at_most_four_times_a_second() -> None:
    async with World() as world:
        await world.start("a", "b")
        world.fleet.watch_stats("pane", keys("a", "b"))
        await world.clock.advance(0.2)
        world.changes.clear()
        for number in range(100):
            world.engine.sample("a", number)
            world.engine.sample("b", number)
            await world.clock.advance(0.01)
        told = [change.stats for change in world.changes if change.stats]
        assert 3 <= len(told) <= 5
        assert told[-1] == set(keys("a", "b"))


@pytest.mark.parametrize("fault", [StreamBroken("broken while closing"), None])
async def test_a_stream_that_fails_while_we_close_it_disturbs_nothing(fault: StreamBroken | None) -> None:
    async with World() as world:
        await world.start("a")
        world.fleet.watch_stats("pane", keys("a"))
        await world.clock.advance(0.2)
        if fault is not None:
            world.engine.faults["stats_exit"] = fault
        world.fleet.watch_stats("pane", [])
        await world.clock.advance(2)
        assert opened(world) == set()
        world.engine.faults.clear()
        world.fleet.watch_stats("pane", keys("a"))
        await world.clock.advance(0.2)
        assert opened(world) == {"a"}
        assert world.fleet.failure is None


async def test_a_bug_in_a_stream_is_not_swallowed() -> None:
    async with World() as world:
        await world.start("a")
        world.engine.faults["container_stats"] = ZeroDivisionError("a bug")
        world.fleet.watch_stats("pane", keys("a"))
        await world.clock.advance(0.2)
        assert isinstance(world.fleet.failure, ExceptionGroup)
        assert world.faults == [world.fleet.failure]
