from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from tui.actions import Action, Danger, ParamKind, Plan, RowKey
from tui.resources.catalogue import ACTIONS
from tui.resources.container_actions import SIGNALS, name_problem, signal_problem, timeout_problem
from tui.resources.images import reference_problem
from tui.runtime.models import Container, ContainerId, ContainerState, Image, ImageId, ImageRemoval, Progress

ENGINE = "unix:///a.sock"


class Recorder:
    """A runtime that writes down what it is asked."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def call(*args: Any, **options: Any) -> ImageRemoval:
            self.calls.append((name, args, options))
            return ImageRemoval(("nginx:1",), ("sha256:a", "sha256:b"))

        return call

    def image_pull(self, reference: str) -> AbstractAsyncContextManager[AsyncIterator[Progress]]:
        self.calls.append(("image_pull", (reference,), {}))

        async def steps() -> AsyncIterator[Progress]:
            yield Progress("layer", "Pull complete")

        @asynccontextmanager
        async def stream() -> AsyncIterator[AsyncIterator[Progress]]:
            yield steps()

        return stream()


def container(name: str, state: str = "running", **fields: Any) -> tuple[RowKey, Container]:
    id = ContainerId(f"id-{name}")
    return RowKey(ENGINE, "containers", id), Container(id, name, ContainerState(state), **fields)


def image(*tags: str, id: str = "sha256:aa") -> tuple[RowKey, Image]:
    return RowKey(ENGINE, "images", id), Image(ImageId(id), tags, size=1000)


def plan(action: str, *selection: tuple[RowKey, Any], neighbours: Sequence[Any] = (), **params: Any) -> Plan:
    return ACTIONS[action].plan(selection, params, lambda endpoint, kind: neighbours)


async def carry_out(made: Plan) -> tuple[list[tuple[str, tuple[Any, ...], dict[str, Any]]], list[str | None]]:
    runtime = Recorder()
    run = ACTIONS[made.action].run
    assert run is not None
    return runtime.calls, [await run(runtime, item, made.params) for item in made.items]


@pytest.mark.parametrize(
    ("action", "state", "params", "effective", "effect", "command", "call"),
    [
        ("container.start_stop", "running", {}, "container.stop", "stop", "docker stop web", ("container_stop", {})),
        ("container.start_stop", "paused", {}, "container.stop", "stop", "docker stop web", ("container_stop", {})),
        ("container.start_stop", "exited", {}, "container.start", "start", "docker start web", ("container_start", {})),
        (
            "container.start_stop",
            "created",
            {},
            "container.start",
            "start",
            "docker start web",
            ("container_start", {}),
        ),
        ("container.start", "exited", {}, "container.start", "start", "docker start web", ("container_start", {})),
        ("container.stop", "restarting", {}, "container.stop", "stop", "docker stop web", ("container_stop", {})),
        (
            "container.stop_timeout",
            "running",
            {"timeout": 3},
            "container.stop_timeout",
            "stop, killed after 3 s",
            "docker stop -t 3 web",
            ("container_stop", {"timeout": 3}),
        ),
        (
            "container.stop_timeout",
            "running",
            {"timeout": 0},
            "container.stop_timeout",
            "stop, killed at once",
            "docker stop -t 0 web",
            ("container_stop", {"timeout": 0}),
        ),
        (
            "container.restart",
            "exited",
            {},
            "container.restart",
            "restart",
            "docker restart web",
            ("container_restart", {}),
        ),
        ("container.pause", "running", {}, "container.pause", "pause", "docker pause web", ("container_pause", {})),
        (
            "container.pause",
            "paused",
            {},
            "container.unpause",
            "unpause",
            "docker unpause web",
            ("container_unpause", {}),
        ),
        (
            "container.kill",
            "running",
            {"signal": "SIGHUP"},
            "container.kill",
            "send SIGHUP",
            "docker kill --signal SIGHUP web",
            ("container_kill", {"signal": "SIGHUP"}),
        ),
        (
            "container.remove",
            "exited",
            {},
            "container.remove",
            "remove",
            "docker rm web",
            ("container_remove", {"volumes": False, "force": False}),
        ),
        (
            "container.remove",
            "running",
            {"force": True, "volumes": True},
            "container.remove",
            "remove (running: killed first), with its anonymous volumes",
            "docker rm --force --volumes web",
            ("container_remove", {"volumes": True, "force": True}),
        ),
        (
            "container.rename",
            "exited",
            {"name": "shop"},
            "container.rename",
            "rename to shop",
            "docker rename web shop",
            ("container_rename", {"name": "shop"}),
        ),
    ],
)
async def test_container_actions(
    action: str,
    state: str,
    params: Mapping[str, Any],
    effective: str,
    effect: str,
    command: str,
    call: tuple[str, dict[str, Any]],
) -> None:
    key, model = container("web", state)
    made = plan(action, (key, model), **params)
    assert made.action == effective
    assert [(item.key, item.name, item.effect) for item in made.items] == [(key, "web", effect)]
    assert made.command == (command,)
    assert made.params == params
    assert made.confirm is (ACTIONS[effective].danger is Danger.DESTROYS)
    assert made.skipped == ()
    calls, _ = await carry_out(made)
    assert calls == [(call[0], ("id-web",), call[1])]


async def test_what_actions_say_themselves() -> None:
    _, said = await carry_out(plan("container.kill", container("web"), signal="SIGINT"))
    assert said == ["sent SIGINT to web"]
    _, said = await carry_out(plan("container.rename", container("web"), name="shop"))
    assert said == ["renamed web to shop"]
    _, said = await carry_out(plan("image.remove", image("nginx:1")))
    assert said == ["removed nginx:1: 1 name untagged, 2 layers deleted"]


def test_bulk_is_confirmed_and_asks_by_number() -> None:
    made = plan("container.restart", container("a"), container("b", "exited"))
    assert made.title == "Restart 2 containers?"
    assert made.confirm
    assert plan("container.restart", container("a")).title == "Restart a?"


def test_mixed_selections_stop_what_runs_and_say_what_is_left_out() -> None:
    made = plan("container.start_stop", container("a"), container("b", "exited"), container("c", "dead"))
    assert made.action == "container.stop"
    assert [item.name for item in made.items] == ["a"]
    assert made.skipped == ("b: is exited", "c: is dead")


def test_mixed_selections_pause_what_runs() -> None:
    made = plan("container.pause", container("a"), container("b", "paused"))
    assert made.action == "container.pause"
    assert made.skipped == ("b: is paused",)


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("container.start", "running"),
        ("container.stop", "exited"),
        ("container.stop_timeout", "exited"),
        ("container.start_stop", "removing"),
        ("container.restart", "dead"),
        ("container.pause", "exited"),
        ("container.unpause", "running"),
        ("container.kill", "exited"),
        ("container.remove", "removing"),
        ("container.rename", "removing"),
    ],
)
def test_what_does_not_apply(action: str, state: str) -> None:
    selected = container("web", state)
    applies = ACTIONS[action].applies
    assert applies is not None
    assert not applies(selected[1])
    made = plan(action, selected, name="x")
    assert made.items == ()
    assert len(made.skipped) == 1
    assert state in made.skipped[0] or "being removed" in made.skipped[0]


@pytest.mark.parametrize("action", [action for action in ACTIONS.values() if action.kind == "containers"])
def test_a_state_we_do_not_know_hides_nothing(action: Action) -> None:
    assert action.applies is not None
    assert action.applies(container("web", "unknown")[1])


@pytest.mark.parametrize(
    ("action", "states", "label"),
    [
        ("container.start_stop", ["running"], "stop"),
        ("container.start_stop", ["exited", "running"], "stop"),
        ("container.start_stop", ["exited"], "start"),
        ("container.pause", ["running", "paused"], "pause"),
        ("container.pause", ["paused"], "unpause"),
        ("container.pause", ["exited"], "pause"),
    ],
)
def test_labels_follow_the_state(action: str, states: Sequence[str], label: str) -> None:
    labelled = ACTIONS[action].label
    assert labelled is not None
    assert labelled([container("web", state)[1] for state in states]) == label


def test_removing_a_running_container_says_that_it_needs_force() -> None:
    made = plan("container.remove", container("web", "paused", size_rw=42))
    assert made.confirm
    assert made.items[0].effect == "remove"
    assert made.items[0].note == "paused: the engine refuses, unless force is on"
    assert made.items[0].size == 42


def test_one_name_is_for_one_container() -> None:
    made = plan("container.rename", container("a"), container("b"), name="c")
    assert made.items == ()
    assert made.skipped == tuple(f"{name}: a new name is for one container at a time" for name in "ab")


def test_names_are_quoted_for_the_shell_and_nothing_else_is_changed() -> None:
    made = plan("container.stop", container("a b'; rm -rf /\x1b[31m[/x]"))
    assert made.command == ("""docker stop 'a b'"'"'; rm -rf /\x1b[31m[/x]'""",)
    assert made.title == "Stop a b'; rm -rf /\x1b[31m[/x]?"


def test_a_container_without_a_name_goes_by_its_id() -> None:
    assert plan("container.stop", container("")).command == ("docker stop id-",)


async def test_images_are_removed_as_the_plan_says() -> None:
    made = plan("image.remove", image("nginx:1"), force=True, noprune=True)
    assert made.title == "Remove nginx:1?"
    assert made.confirm
    assert made.items[0].effect == "remove, keep parents"
    assert made.items[0].size == 1000
    assert made.command == ("docker rmi --force --no-prune nginx:1",)
    calls, _ = await carry_out(made)
    assert calls == [("image_remove", ("sha256:aa",), {"force": True, "prune_parents": False})]
    calls, _ = await carry_out(plan("image.remove", image()))
    assert calls == [("image_remove", ("sha256:aa",), {"force": False, "prune_parents": True})]


def test_the_plan_names_the_containers_that_use_an_image() -> None:
    users = [container(f"web-{n}", image_id=ImageId("sha256:aa"))[1] for n in range(7)]
    made = plan("image.remove", image("nginx:1"), neighbours=users[:2])
    assert made.items[0].note == "used by web-0, web-1"
    made = plan("image.remove", image("nginx:1"), neighbours=users)
    assert made.items[0].note == "used by web-0, web-1, web-2, web-3, web-4 and 2 more"


def test_several_tags_need_force() -> None:
    tagged = image("nginx:1", "nginx:2")
    assert plan("image.remove", tagged).items[0].note == (
        "has 2 tags: nginx:1, nginx:2; the engine refuses, unless force is on"
    )
    assert plan("image.remove", tagged, force=True).items[0].note == "has 2 tags: nginx:1, nginx:2"


async def test_a_pull_is_a_stream_per_engine() -> None:
    keys = [RowKey(ENGINE, "", ""), RowKey("tcp://b", "", ""), RowKey(ENGINE, "", "")]
    made = plan("image.pull", *((key, None) for key in keys), reference=" nginx ")
    assert [item.key for item in made.items] == [
        RowKey(ENGINE, "images", "nginx"),
        RowKey("tcp://b", "images", "nginx"),
    ]
    assert made.command == ("docker pull nginx",)
    stream, runtime = ACTIONS["image.pull"].stream, Recorder()
    assert stream is not None
    async with stream(runtime, made.items[0], made.params) as steps:
        assert [step.status async for step in steps] == ["Pull complete"]
    assert runtime.calls == [("image_pull", ("nginx",), {})]


@pytest.mark.parametrize("name", ["ab", "web-1", "A.b_c-d", "0a"])
def test_good_names(name: str) -> None:
    assert name_problem(name) == ""


@pytest.mark.parametrize("name", ["", "a", "-ab", "a b", "a/b", "ab\n", "ä1", None])
def test_bad_names(name: object) -> None:
    assert name_problem(name)


@pytest.mark.parametrize(
    ("value", "fine"),
    [
        (0, True),
        (86_400, True),
        ("10", True),
        (" 7 ", True),
        (-1, False),
        (86_401, False),
        ("", False),
        ("x", False),
        ("٣", False),
        (None, False),
    ],
)
def test_stop_timeouts(value: object, fine: bool) -> None:
    assert (timeout_problem(value) == "") is fine


def test_signals() -> None:
    assert all(signal_problem(signal) == "" for signal in SIGNALS)
    assert signal_problem("SIGFOO")


@pytest.mark.parametrize(
    ("reference", "fine"),
    [
        ("nginx", True),
        ("registry:5000/a/b@sha256:aa", True),
        ("", False),
        ("  ", False),
        ("a b", False),
        ("a\x1b", False),
        ("--help", False),
        (3, False),
    ],
)
def test_references(reference: object, fine: bool) -> None:
    assert (reference_problem(reference) == "") is fine


@pytest.mark.parametrize("action", ACTIONS.values(), ids=list(ACTIONS))
def test_actions_are_complete(action: Action) -> None:
    assert action.mutates
    assert action.help.endswith(".")
    runs = action.run is not None or action.stream is not None
    assert runs is (action.id != "container.start_stop")
    if runs:
        assert action.doing
        assert action.done
    for param in action.params:
        if not param.ask:
            assert param.kind is ParamKind.FLAG
        if param.kind is not ParamKind.TEXT and param.validate is not None:
            assert param.validate(param.default) == ""
