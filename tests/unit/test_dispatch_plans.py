from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tests.unit.dispatch_fakes import NOW, A, B, FakeFleet, told
from tui.actions import Plan, PlanItem, RowKey
from tui.dispatch.dispatcher import Dispatcher
from tui.dispatch.errors import NotDone, NothingToDo, Refused
from tui.dispatch.notices import Severity
from tui.resources.catalogue import ACTIONS
from tui.runtime.errors import (
    EngineUnreachable,
    InvalidRequest,
    Unsupported,
)
from tui.runtime.models import (
    ImageId,
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


async def test_a_plan_is_made_of_what_is_known_now(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    plan = await dispatcher.plan("container.remove", [fleet.add("web")], {"force": True})
    assert plan.title == "Remove web?"
    assert plan.params == {"force": True, "volumes": False}
    assert fleet.runtimes[A].calls == []


async def test_a_plan_leaves_out_what_is_gone_and_what_it_does_not_apply_to(
    dispatcher: Dispatcher, fleet: FakeFleet
) -> None:
    gone = RowKey(A, "containers", "0123456789abcdef")
    plan = await dispatcher.plan("container.stop", [fleet.add("a"), gone, fleet.add("b", "exited"), fleet.add("a")])
    assert [item.name for item in plan.items] == ["a"]
    assert plan.skipped == ("0123456789ab: is gone", "b: is exited")


async def test_nothing_to_do_says_why(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    with pytest.raises(NothingToDo) as caught:
        await dispatcher.plan("container.stop", [fleet.add("b", "exited")])
    assert caught.value.reason == "b: is exited"
    assert told(dispatcher) == [(Severity.WARNING, "Nothing to stop", "b: is exited", "", "")]
    with pytest.raises(NotDone, match="nothing is selected"):
        await dispatcher.plan("container.stop", [])


@pytest.mark.parametrize(
    ("action", "params", "words"),
    [
        ("container.rename", {"name": "-"}, "New name: a name begins with"),
        ("container.rename", {}, "New name: a name begins with"),
        ("container.stop_timeout", {"timeout": "3"}, "'3' is no number"),
        ("container.stop_timeout", {"timeout": True}, "True is no number"),
        ("container.stop_timeout", {"timeout": -1}, "seconds from 0"),
        ("container.kill", {"signal": "SIGFOO"}, "is none of SIGKILL"),
        ("container.remove", {"force": 1}, "1 is no flag"),
        ("container.remove", {"forse": True}, "has no parameter forse"),
    ],
)
async def test_bad_parameters_never_reach_an_engine(
    dispatcher: Dispatcher, fleet: FakeFleet, action: str, params: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await dispatcher.plan(action, [fleet.add("web")], params)
    assert words in caught.value.detail
    assert [notice.severity for notice in dispatcher.notices] == [Severity.ERROR]
    assert words in next(iter(dispatcher.notices)).detail


async def test_planning_on_an_engine_that_is_away_is_told(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    fleet.unreachable.add(A)
    with pytest.raises(EngineUnreachable):
        await dispatcher.plan("container.stop", [fleet.add("web")])
    assert told(dispatcher) == [(Severity.ERROR, "Cannot stop", "connection refused", "start it", A)]


async def test_engines_that_cannot_are_left_out(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    fleet.runtimes[B].capabilities = frozenset()
    here, there = fleet.add("here"), fleet.add("there", endpoint=B)
    plan = await dispatcher.plan("container.pause", [here, there])
    assert [item.name for item in plan.items] == ["here"]
    assert plan.skipped == ("there: not supported",)
    with pytest.raises(Unsupported) as caught:
        await dispatcher.plan("container.pause", [there])
    assert caught.value.capability == "pause"
    pull = await dispatcher.plan("image.pull", [RowKey(A, "", ""), RowKey(B, "", "")], {"reference": "nginx"})
    assert [item.key.endpoint for item in pull.items] == [A]
    assert pull.skipped == (f"{B}: not supported",)


async def test_rows_of_another_kind_are_a_mistake_of_the_caller(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    with pytest.raises(ValueError, match="is for containers"):
        await dispatcher.plan("container.stop", [fleet.add_image("nginx:1")])
    with pytest.raises(KeyError):
        await dispatcher.plan("container.fly", [])


async def test_the_plan_for_an_image_sees_containers_of_its_own_engine(
    dispatcher: Dispatcher, fleet: FakeFleet
) -> None:
    key = fleet.add_image("nginx:1")
    fleet.add("web", image_id=ImageId(key.id))
    fleet.add("far", endpoint=B, image_id=ImageId(key.id))
    plan = await dispatcher.plan("image.remove", [key])
    assert plan.items[0].note == "used by web"


async def test_read_only_hides_and_refuses_whatever_changes_anything(fleet: FakeFleet) -> None:
    dispatcher = Dispatcher(fleet, read_only=True)
    key = fleet.add("web")
    assert dispatcher.actions("containers") == ()
    assert not dispatcher.available(ACTIONS["container.stop"], [fleet.get(key)], A)
    with pytest.raises(Refused):
        await dispatcher.plan("container.stop", [key])
    with pytest.raises(Refused):
        await dispatcher.run(Plan("container.stop", "Stop?", (PlanItem(key, "web", "stop"),)))
    with pytest.raises(Refused):
        dispatcher.start_pull(A, "nginx")
    assert fleet.runtimes[A].calls == []
    assert [notice.title for notice in dispatcher.notices] == ["stop is refused", "stop is refused", "pull is refused"]
    await dispatcher.close()


async def test_actions_of_a_kind(dispatcher: Dispatcher) -> None:
    ids = [action.id for action in dispatcher.actions("images")]
    assert ids == ["image.remove", "image.pull"]
    assert [action.id for action in dispatcher.actions("events")] == ["image.pull"]


async def test_available_asks_state_and_engine(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    running, exited = fleet.get(fleet.add("a")), fleet.get(fleet.add("b", "exited"))
    pause, pull, remove = ACTIONS["container.pause"], ACTIONS["image.pull"], ACTIONS["image.remove"]
    assert dispatcher.available(pause, [exited, running], A)
    assert not dispatcher.available(pause, [exited], A)
    assert not dispatcher.available(pause, [], A)
    assert dispatcher.available(pull, [], A)
    assert dispatcher.available(remove, [fleet.get(fleet.add_image("x"))], A)
    fleet.runtimes[A].capabilities = frozenset()
    assert not dispatcher.available(pause, [running], A)
    assert not dispatcher.available(pull, [], A)
    fleet.unreachable.add(A)
    assert dispatcher.available(pause, [running], A)


async def test_command_lines_ask_for_nothing_and_tell_nothing(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    lines = dispatcher.command_lines([fleet.add("web"), RowKey(A, "containers", "gone")])
    assert "docker stop web" in lines
    assert "docker rename web NAME" in lines
    assert "docker kill --signal SIGKILL web" in lines
    assert "docker start web" not in lines
    assert len(set(lines)) == len(lines)
    assert len(dispatcher.notices) == 0
    assert dispatcher.command_lines([]) == ()
