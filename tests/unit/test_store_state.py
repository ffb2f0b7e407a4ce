"""What a new list changes, the event ring, and the clockwork of retries."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store_fakes import FakeClock, container, key
from tui.runtime.models import Event, EventType, Health
from tui.store.clock import Backoff, Pace, SystemClock, wait_or_sleep
from tui.store.events import EventLog
from tui.store.state import EngineState, reconcile, with_health

Rows = dict[str, int]
rows = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3))


@given(rows, rows)
def test_applying_a_delta_gives_the_new_list(old: Rows, new: Rows) -> None:
    delta = reconcile(old, list(new.items()), lambda pair: pair[0])
    assert delta.added.keys() == new.keys() - old.keys()
    assert delta.removed == old.keys() - new.keys()
    assert all(name in old and name in new for name in delta.changed)
    assert bool(delta) == (bool(delta.added or delta.changed) or old.keys() != new.keys())


def test_unchanged_objects_stay_the_same_object() -> None:
    state = EngineState("e")
    state.apply_list("containers", lambda one: str(one.id), [container("a"), container("b")])
    before = state.rows("containers")
    delta = state.apply_list("containers", lambda one: str(one.id), [container("a"), container("b")])
    assert not delta
    assert state.rows("containers") is before
    delta = state.apply_list("containers", lambda one: str(one.id), [container("a"), container("b", name="x")])
    name = key("b", endpoint="e")
    assert delta.touched == {name}
    assert state.rows("containers") is not before
    assert state.get("containers", "a") is before[key("a", endpoint="e")]
    assert before[name].name == "name-b", "a mapping that was handed out never changes"


def test_of_two_objects_with_one_key_the_later_counts() -> None:
    assert reconcile({}, [("a", 1), ("a", 2)], lambda pair: pair[0]).added == {"a": ("a", 2)}


def test_some_ids_leave_the_others_alone() -> None:
    state = EngineState("e")
    state.apply_list("containers", lambda one: str(one.id), [container(id) for id in "abc"])
    state.apply_some("containers", lambda one: str(one.id), ["a", "b"], [container("b", name="x"), container("z")])
    assert [one.id for one in state.rows("containers").values()] == ["b", "c", "z"]


def test_an_event_before_the_first_list_does_not_make_it_loaded() -> None:
    state = EngineState("e")
    assert not state.remove("containers", "a")
    assert not state.apply_health("containers", "a", Health.HEALTHY)
    assert not state.loaded("containers")
    assert not state.forget("containers")


@pytest.mark.parametrize(
    ("health", "text"),
    [
        (Health.HEALTHY, "Up 2 hours (healthy)"),
        (Health.UNHEALTHY, "Up 2 hours (unhealthy)"),
        (Health.STARTING, "Up 2 hours (health: starting)"),
        (Health.NONE, "Up 2 hours"),
    ],
)
def test_health_is_in_the_status_text(health: Health, text: str) -> None:
    for status in ("Up 2 hours (healthy)", "Up 2 hours (unhealthy)", "Up 2 hours"):
        changed = with_health(container("a", status=status), health)
        assert (changed.health, changed.status) == (health, text)


def test_the_event_ring_is_bounded_and_numbered() -> None:
    log = EventLog(limit=3)
    assert (log.last, log.dropped, log.since(0)) == (0, 0, [])
    for number in range(5):
        log.append("e", Event(EventType.CONTAINER, "start", str(number)))
    assert (len(log), log.last, log.dropped) == (3, 5, 2)

    assert [stored.seq for stored in log] == [3, 4, 5]
    assert [stored.event.actor_id for stored in log.since(4)] == ["4"]
    assert [stored.seq for stored in log.since(0)] == [3, 4, 5]
    assert log.since(5) == []


def test_back_off_doubles_to_the_cap_with_jitter() -> None:
    assert [Backoff(0.1, 1.0, lambda: 0.0).delay(failures) for failures in (1, 2, 3, 4, 5, 10_000)] == [
        0.1, 0.2, 0.4, 0.8, 1.0, 1.0,
    ]  # fmt: skip
    assert Backoff(1.0, 8.0, lambda: 0.5).delay(2) == 2.0 * 0.875


async def test_pace_lets_bursts_pass_and_slows_storms() -> None:
    clock = FakeClock()
    pace = Pace(clock, burst=2, rate=4.0)
    assert [pace.take() for _ in range(4)] == [0.0, 0.0, 0.25, 0.5]
    await clock.advance(60)
    assert [pace.take() for _ in range(3)] == [0.0, 0.0, 0.25]


async def test_waiting_for_an_event_ends_with_it_or_with_time() -> None:
    clock = FakeClock()
    event = asyncio.Event()
    waiting = asyncio.create_task(wait_or_sleep(clock, event, 5.0))
    await clock.advance(4.9)
    assert not waiting.done()
    await clock.advance(0.2)
    assert not waiting.result()
    waiting = asyncio.create_task(wait_or_sleep(clock, event, 5.0))
    await clock.advance(1)
    event.set()
    assert await waiting
    assert await wait_or_sleep(clock, event, 5.0)


async def test_the_system_clock() -> None:
    clock = SystemClock()
    before, wall = clock.monotonic(), clock.now()
    await clock.sleep(0.01)
    assert clock.monotonic() - before >= 0.009
    assert clock.now() > wall
    assert wall.tzinfo is not None


def test_health_checks_do_not_push_out_what_happened() -> None:
    log = EventLog(limit=3, quiet_limit=2)
    log.append("e", Event(EventType.CONTAINER, "die", "c"))
    for _ in range(100):
        log.append("e", Event(EventType.CONTAINER, "exec_start", "c"))
    assert [stored.event.action for stored in log] == ["die", "exec_start", "exec_start"]
    assert [stored.seq for stored in log] == [1, 100, 101]
    assert [stored.seq for stored in log.since(100)] == [101]
