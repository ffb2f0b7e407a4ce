from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC
from typing import Any

import pytest

from tests.unit.dispatch_fakes import NOW, A, B, FakeFleet, told, until
from tui.dispatch.dispatcher import PER_ENGINE, Dispatcher
from tui.dispatch.notices import Severity
from tui.runtime.errors import (
    Conflict,
    EngineUnreachable,
    NotFound,
)


@pytest.fixture
async def fleet() -> FakeFleet:
    return FakeFleet()


@pytest.fixture
async def bugs() -> list[Exception]:
    return []


@pytest.fixture
async def dispatcher(fleet: FakeFleet, bugs: list[Exception]) -> AsyncIterator[Dispatcher]:
    made = Dispatcher(fleet, clock=lambda: NOW, on_bug=bugs.append)
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("action", "state", "params", "call", "text"),
    [
        ("container.start_stop", "running", {}, ("container_stop", {}), "stopped web"),
        ("container.start_stop", "exited", {}, ("container_start", {}), "started web"),
        ("container.stop_timeout", "running", {"timeout": 1}, ("container_stop", {"timeout": 1}), "stopped web"),
        ("container.restart", "running", {}, ("container_restart", {}), "restarted web"),
        ("container.pause", "running", {}, ("container_pause", {}), "paused web"),
        ("container.pause", "paused", {}, ("container_unpause", {}), "unpaused web"),
        ("container.kill", "running", {}, ("container_kill", {"signal": "SIGKILL"}), "sent SIGKILL to web"),
        (
            "container.remove",
            "exited",
            {"volumes": True},
            ("container_remove", {"volumes": True, "force": False}),
            "removed web",
        ),
        ("container.rename", "exited", {"name": "ab"}, ("container_rename", {"name": "ab"}), "renamed web to ab"),
    ],
)
async def test_every_container_action_from_key_to_notice(
    dispatcher: Dispatcher,
    fleet: FakeFleet,
    action: str,
    state: str,
    params: Mapping[str, Any],
    call: tuple[str, dict[str, Any]],
    text: str,
) -> None:
    plan = await dispatcher.plan(action, [fleet.add("web", state)], params)
    outcome = await dispatcher.run(plan)
    assert fleet.runtimes[A].calls == [(call[0], "id-web", call[1])]
    assert outcome.succeeded == plan.items
    assert outcome.failed == ()
    assert outcome.text == text
    assert told(dispatcher) == [(Severity.INFO, text, "", "", "web")]
    assert next(iter(dispatcher.notices)).time == NOW


async def test_an_image_is_removed(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    outcome = await dispatcher.run(await dispatcher.plan("image.remove", [fleet.add_image("nginx:1")]))
    assert outcome.text == "removed nginx:1: 1 name untagged, 0 layers deleted"


async def test_the_row_is_marked_while_it_is_worked_on(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    runtime, release, changes = fleet.runtimes[A], asyncio.Event(), []
    key = fleet.add("web")

    async def answer(id: str) -> None:
        await release.wait()

    runtime.answer = answer
    stop_listening = dispatcher.listen(lambda: changes.append(dispatcher.in_flight(key)))
    assert dispatcher.in_flight(key) == ""
    stopping = asyncio.create_task(dispatcher.run(await dispatcher.plan("container.stop", [key])))
    await until(lambda: runtime.calls)
    assert dispatcher.in_flight(key) == "stopping"
    killing = asyncio.create_task(dispatcher.run(await dispatcher.plan("container.kill", [key])))
    await until(lambda: len(runtime.calls) == 2)
    assert dispatcher.in_flight(key) == "signalling"
    release.set()
    await asyncio.gather(stopping, killing)
    await until(lambda: changes and changes[-1] == "")
    assert "stopping" in changes
    assert dispatcher.in_flight(key) == ""
    stop_listening()
    count = len(changes)
    dispatcher.notify(Severity.INFO, "x")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(changes) == count


async def test_listeners_are_called_once_for_many_changes(dispatcher: Dispatcher) -> None:
    calls: list[int] = []
    dispatcher.listen(lambda: calls.append(dispatcher.notices.count))
    for number in range(10):
        dispatcher.notify(Severity.INFO, str(number))
    assert calls == []
    await until(lambda: calls)
    assert calls == [10]
    assert [notice.title for notice in dispatcher.notices.since(8)] == ["8", "9"]


async def test_the_engines_words_are_shown(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    async def answer(id: str) -> None:
        raise Conflict(
            "image is being used by [/x]\x1b[31m", operation="image_remove", target=id, hint="remove it first"
        )

    fleet.runtimes[A].answer = answer
    plan = await dispatcher.plan("image.remove", [fleet.add_image("nginx:1")])
    outcome = await dispatcher.run(plan)
    assert outcome.succeeded == ()
    assert [(item.name, type(fault)) for item, fault in outcome.failed] == [("nginx:1", Conflict)]
    assert told(dispatcher) == [
        (
            Severity.ERROR,
            "removing nginx:1 failed",
            "image is being used by [/x]\x1b[31m",
            "remove it first",
            "nginx:1",
        )
    ]


async def test_a_partial_failure_is_one_summary_with_every_reason(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    async def answer(id: str) -> None:
        if id in ("id-b", "id-c"):
            raise Conflict(f"no: {id}", hint="try again")

    fleet.runtimes[A].answer = answer
    plan = await dispatcher.plan("container.stop", [fleet.add(name) for name in "abcd"])
    assert plan.confirm
    outcome = await dispatcher.run(plan)
    assert [item.name for item in outcome.succeeded] == ["a", "d"]
    assert [item.name for item, _ in outcome.failed] == ["b", "c"]
    assert told(dispatcher) == [
        (Severity.WARNING, "stopped 2 containers; 2 failed", "b: no: id-b\nc: no: id-c", "try again", "")
    ]


async def test_when_all_fail_it_is_an_error(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    async def answer(id: str) -> None:
        raise NotFound()

    fleet.runtimes[A].answer = answer
    await dispatcher.run(await dispatcher.plan("container.stop", [fleet.add("a"), fleet.add("b")]))
    assert told(dispatcher) == [(Severity.ERROR, "stopping 2 containers failed", "a: NotFound\nb: NotFound", "", "")]


async def test_exactly_the_rows_of_the_plan_as_far_as_they_exist(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    gone, stays = fleet.add("gone"), fleet.add("stays")
    plan = await dispatcher.plan("container.remove", [gone, stays])
    del fleet.models[gone]
    fleet.add("new")
    outcome = await dispatcher.run(plan)
    assert [call[1] for call in fleet.runtimes[A].calls] == ["id-stays"]
    assert [item.name for item in outcome.succeeded] == ["stays"]
    assert isinstance(outcome.failed[0][1], NotFound)
    assert outcome.text == "removed stays; 1 failed"
    assert told(dispatcher)[0][2:] == ("it is gone", "", "gone")


async def test_an_engine_that_went_away_fails_its_items_only(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    plan = await dispatcher.plan("container.stop", [fleet.add("a"), fleet.add("b", endpoint=B)])
    fleet.unreachable.add(B)
    outcome = await dispatcher.run(plan)
    assert [item.name for item in outcome.succeeded] == ["a"]
    assert isinstance(outcome.failed[0][1], EngineUnreachable)


async def test_so_many_calls_at_once_per_engine_and_no_more(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    release = asyncio.Event()

    async def answer(id: str) -> None:
        await release.wait()

    keys = [fleet.add(f"{endpoint}{n}", endpoint=endpoint) for endpoint in (A, B) for n in range(20)]
    for runtime in fleet.runtimes.values():
        runtime.answer = answer
    running = asyncio.create_task(dispatcher.run(await dispatcher.plan("container.restart", keys)))
    await until(lambda: all(runtime.busy == PER_ENGINE for runtime in fleet.runtimes.values()))
    release.set()
    assert len((await running).succeeded) == 40
    assert {runtime.most_busy for runtime in fleet.runtimes.values()} == {PER_ENGINE}


async def test_a_bug_is_told_handed_on_and_hides_nothing_else(
    dispatcher: Dispatcher, fleet: FakeFleet, bugs: list[Exception]
) -> None:
    async def answer(id: str) -> None:
        if id == "id-a":
            raise ZeroDivisionError("oops")

    fleet.runtimes[A].answer = answer
    outcome = await dispatcher.run(await dispatcher.plan("container.stop", [fleet.add("a"), fleet.add("b")]))
    assert [item.name for item in outcome.succeeded] == ["b"]
    fault = outcome.failed[0][1]
    assert fault.detail == "ZeroDivisionError: oops"
    assert fault.__cause__ is bugs[0]
    assert [type(bug) for bug in bugs] == [ZeroDivisionError]
    assert "bug in Portside" in told(dispatcher)[0][3]


async def test_without_a_bug_handler_the_loop_hears_of_it(fleet: FakeFleet) -> None:
    heard: list[Mapping[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: heard.append(context))
    dispatcher = Dispatcher(fleet)

    async def answer(id: str) -> None:
        raise ZeroDivisionError("oops")

    fleet.runtimes[A].answer = answer
    await dispatcher.run(await dispatcher.plan("container.stop", [fleet.add("a")]))
    assert [type(context["exception"]) for context in heard] == [ZeroDivisionError]
    assert next(iter(dispatcher.notices)).time.tzinfo is UTC
    await dispatcher.close()


async def test_what_was_begun_goes_on_when_the_caller_is_cancelled(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    release = asyncio.Event()

    async def answer(id: str) -> None:
        await release.wait()

    runtime = fleet.runtimes[A]
    runtime.answer = answer
    running = asyncio.create_task(dispatcher.run(await dispatcher.plan("container.stop", [fleet.add("a")])))
    await until(lambda: runtime.calls)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    release.set()
    await until(lambda: len(dispatcher.notices))
    assert told(dispatcher)[0][1] == "stopped a"
