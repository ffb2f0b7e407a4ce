"""What can be done to containers, as data: when it applies, what it would do, how it is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tui.actions import Action, Danger, MakePlan, Neighbours, Param, ParamKind, Plan, PlanItem
from tui.resources.format import short_id
from tui.resources.plans import Selection, command_line, make_plan, split
from tui.runtime.models import Capability, Container, ContainerState

SIGNALS = (
    "SIGKILL",
    "SIGTERM",
    "SIGINT",
    "SIGHUP",
    "SIGQUIT",
    "SIGUSR1",
    "SIGUSR2",
    "SIGWINCH",
    "SIGSTOP",
    "SIGCONT",
)

STOP_TIMEOUT = 10
"""Seconds: the engine's own default between the stop signal and SIGKILL."""

_MAX_STOP_TIMEOUT = 86_400

# The engine's own rule for names.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")

_SECONDS = re.compile(r"[0-9]{1,9}")

_ALIVE = frozenset({ContainerState.RUNNING, ContainerState.PAUSED, ContainerState.RESTARTING})
_STARTABLE = frozenset({ContainerState.CREATED, ContainerState.EXITED})
_KILLABLE = frozenset({ContainerState.RUNNING, ContainerState.PAUSED})
# An engine's state we do not know yet is no reason to hide a key: the engine answers for itself.
_UNSURE = frozenset({ContainerState.UNKNOWN})


def container_name(container: Container) -> str:
    """What the user calls it: the name, or the short id of one that is only half made and has none."""
    return container.name or short_id(container.id)


def _only(states: frozenset[ContainerState]) -> Callable[[Container], str]:
    """The reason why a container is in none of the states, or ""."""

    def reason(container: Container) -> str:
        return "" if container.state in states or container.state in _UNSURE else f"is {container.state.value}"

    return reason


def _applies(reason: Callable[[Container], str]) -> Callable[[Container], bool]:
    return lambda container: not reason(container)


_not_startable = _only(_STARTABLE)
_not_alive = _only(_ALIVE)
_not_killable = _only(_KILLABLE)
_not_running = _only(frozenset({ContainerState.RUNNING}))
_not_paused = _only(frozenset({ContainerState.PAUSED}))


def _not_restartable(container: Container) -> str:
    return _only(_ALIVE | _STARTABLE)(container)


def _anything(container: Container) -> str:
    return "is being removed already" if container.state is ContainerState.REMOVING else ""


def _simple(action: str, verb: str, danger: Danger, reason: Callable[[Container], str], *words: str) -> MakePlan:
    """Plans of actions that do one thing to each container: ``docker WORDS NAME``."""

    def plan(selection: Selection, params: Mapping[str, Any], neighbours: Neighbours) -> Plan:
        kept, skipped = split(selection, reason, container_name)
        return make_plan(
            action,
            verb=verb,
            noun="container",
            danger=danger,
            items=(PlanItem(key, container_name(container), verb.lower()) for key, container in kept),
            params=params,
            command=(command_line("docker", *words, container_name(container)) for _, container in kept),
            skipped=skipped,
        )

    return plan


_plan_start = _simple("container.start", "Start", Danger.NONE, _not_startable, "start")
_plan_stop = _simple("container.stop", "Stop", Danger.INTERRUPTS, _not_alive, "stop")
_plan_pause = _simple("container.pause", "Pause", Danger.INTERRUPTS, _not_running, "pause")
_plan_unpause = _simple("container.unpause", "Unpause", Danger.NONE, _not_paused, "unpause")
_plan_restart = _simple("container.restart", "Restart", Danger.INTERRUPTS, _not_restartable, "restart")


def _plan_start_stop(selection: Selection, params: Mapping[str, Any], neighbours: Neighbours) -> Plan:
    """Stop what runs; when nothing of the selection runs, start it."""
    stops = any(not _not_alive(container) for _, container in selection)
    return (_plan_stop if stops else _plan_start)(selection, params, neighbours)


def _plan_pause_unpause(selection: Selection, params: Mapping[str, Any], neighbours: Neighbours) -> Plan:
    """Pause what runs; when nothing of the selection runs, thaw what is paused."""
    thaws = all(_not_running(container) for _, container in selection) and any(
        not _not_paused(container) for _, container in selection
    )
    return (_plan_unpause if thaws else _plan_pause)(selection, params, neighbours)


def _plan_stop_timeout(selection: Selection, params: Mapping[str, Any], neighbours: Neighbours) -> Plan:
    kept, skipped = split(selection, _not_alive, container_name)
    seconds = int(params.get("timeout", STOP_TIMEOUT))
    effect = f"stop, killed after {seconds} s" if seconds else "stop, killed at once"
    return make_plan(
        "container.stop_timeout",
        verb="Stop",
        noun="container",
        danger=Danger.INTERRUPTS,
        items=(PlanItem(key, container_name(container), effect) for key, container in kept),
        params=params,
        command=(
            command_line("docker", "stop", "-t", str(seconds), container_name(container)) for _, container in kept
        ),
        skipped=skipped,
    )


def _plan_kill(selection: Selection, params: Mapping[str, Any], neighbours: Neighbours) -> Plan:
    kept, skipped = split(selection, _not_killable, container_name)
    signal = str(params.get("signal", SIGNALS[0]))
    return make_plan(
        "container.kill",
        verb=f"Send {signal} to",
        noun="container",
        danger=Danger.INTERRUPTS,
        items=(PlanItem(key, container_name(container), f"send {signal}") for key, container in kept),
        params=params,
        command=(
            command_line("docker", "kill", "--signal", signal, container_name(container)) for _, container in kept
        ),
        skipped=skipped,
    )


def _plan_remove(selection: Selection, params: Mapping[str, Any], neighbours: Neighbours) -> Plan:
    kept, skipped = split(selection, _anything, container_name)
    force, volumes = bool(params.get("force", False)), bool(params.get("volumes", False))
    flags = (*(("--force",) if force else ()), *(("--volumes",) if volumes else ()))
    items: list[PlanItem] = []
    for key, container in kept:
        effect, note = "remove", ""
        if not _not_alive(container):
            state = container.state.value
            if force:
                effect = f"remove ({state}: killed first)"
            else:
                note = f"{state}: the engine refuses, unless force is on"
        if volumes:
            effect += ", with its anonymous volumes"
        items.append(PlanItem(key, container_name(container), effect, note=note, size=container.size_rw))
    return make_plan(
        "container.remove",
        verb="Remove",
        noun="container",
        danger=Danger.DESTROYS,
        items=items,
        params=params,
        command=(command_line("docker", "rm", *flags, container_name(container)) for _, container in kept),
        skipped=skipped,
    )


def _plan_rename(selection: Selection, params: Mapping[str, Any], neighbours: Neighbours) -> Plan:
    """One container only: two cannot have one name."""
    name = str(params.get("name", ""))
    several = "a new name is for one container at a time" if len(selection) > 1 else ""
    kept, skipped = split(selection, lambda container: several or _anything(container), container_name)
    return make_plan(
        "container.rename",
        verb="Rename",
        noun="container",
        danger=Danger.NONE,
        items=(PlanItem(key, container_name(container), f"rename to {name}") for key, container in kept),
        params=params,
        command=(command_line("docker", "rename", container_name(container), name) for _, container in kept),
        skipped=skipped,
    )


async def _start(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    await runtime.container_start(item.key.id)
    return None


async def _stop(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    await runtime.container_stop(item.key.id)
    return None


async def _stop_timeout(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    await runtime.container_stop(item.key.id, timeout=int(params.get("timeout", STOP_TIMEOUT)))
    return None


async def _restart(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    await runtime.container_restart(item.key.id)
    return None


async def _pause(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    await runtime.container_pause(item.key.id)
    return None


async def _unpause(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    await runtime.container_unpause(item.key.id)
    return None


async def _kill(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    signal = str(params.get("signal", SIGNALS[0]))
    await runtime.container_kill(item.key.id, signal=signal)
    return f"sent {signal} to {item.name}"


async def _remove(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    await runtime.container_remove(
        item.key.id, volumes=bool(params.get("volumes", False)), force=bool(params.get("force", False))
    )
    return None


async def _rename(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    name = str(params["name"])
    await runtime.container_rename(item.key.id, name=name)
    return f"renamed {item.name} to {name}"


def name_problem(value: object) -> str:
    """Why a text is no name for a container, or ""."""
    if isinstance(value, str) and _NAME.fullmatch(value):
        return ""
    return "a name begins with a letter or digit, then letters, digits, _ . - (two characters or more)"


def timeout_problem(value: object) -> str:
    """Why a value (a number, or the text of one while it is typed) is no stop time-out, or ""."""
    if isinstance(value, str) and _SECONDS.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, int) and 0 <= value <= _MAX_STOP_TIMEOUT:
        return ""
    return f"seconds from 0 to {_MAX_STOP_TIMEOUT}"


def signal_problem(value: object) -> str:
    """Why a value is no signal we send, or ""."""
    return "" if value in SIGNALS else f"one of {', '.join(SIGNALS)}"


def _start_stop_label(containers: Sequence[Any]) -> str:
    return "stop" if any(not _not_alive(container) for container in containers) else "start"


def _pause_label(containers: Sequence[Any]) -> str:
    if any(not _not_running(container) for container in containers):
        return "pause"
    return "unpause" if any(not _not_paused(container) for container in containers) else "pause"


_KIND = "containers"

ACTIONS = (
    Action(
        id="container.start_stop",
        kind=_KIND,
        title="start/stop",
        keys=("s",),
        help="Stop what runs; start what does not.",
        mutates=True,
        plan=_plan_start_stop,
        danger=Danger.INTERRUPTS,
        applies=lambda container: not _not_alive(container) or not _not_startable(container),
        label=_start_stop_label,
    ),
    Action(
        id="container.start",
        kind=_KIND,
        title="start",
        keys=(),
        help="Start containers that do not run.",
        mutates=True,
        plan=_plan_start,
        run=_start,
        doing="starting",
        done="started",
        applies=_applies(_not_startable),
        footer=False,
    ),
    Action(
        id="container.stop",
        kind=_KIND,
        title="stop",
        keys=(),
        help="Stop containers: their stop signal, then SIGKILL after their own time-out.",
        mutates=True,
        plan=_plan_stop,
        run=_stop,
        doing="stopping",
        done="stopped",
        danger=Danger.INTERRUPTS,
        applies=_applies(_not_alive),
        footer=False,
    ),
    Action(
        id="container.stop_timeout",
        kind=_KIND,
        title="stop with time-out",
        keys=("S",),
        help="Stop containers, and say how many seconds they get before SIGKILL.",
        mutates=True,
        plan=_plan_stop_timeout,
        run=_stop_timeout,
        doing="stopping",
        done="stopped",
        danger=Danger.INTERRUPTS,
        params=(
            Param(
                "timeout", "Seconds until SIGKILL", ParamKind.NUMBER, STOP_TIMEOUT, ask=True, validate=timeout_problem
            ),
        ),
        applies=_applies(_not_alive),
        footer=False,
    ),
    Action(
        id="container.restart",
        kind=_KIND,
        title="restart",
        keys=("r",),
        help="Stop and start again; start what does not run.",
        mutates=True,
        plan=_plan_restart,
        run=_restart,
        doing="restarting",
        done="restarted",
        danger=Danger.INTERRUPTS,
        applies=_applies(_not_restartable),
    ),
    Action(
        id="container.pause",
        kind=_KIND,
        title="pause",
        keys=("p",),
        help="Freeze all processes of what runs; thaw what is paused.",
        mutates=True,
        plan=_plan_pause_unpause,
        run=_pause,
        doing="pausing",
        done="paused",
        danger=Danger.INTERRUPTS,
        needs=Capability.PAUSE,
        applies=lambda container: not _not_running(container) or not _not_paused(container),
        label=_pause_label,
    ),
    Action(
        id="container.unpause",
        kind=_KIND,
        title="unpause",
        keys=(),
        help="Thaw paused containers.",
        mutates=True,
        plan=_plan_unpause,
        run=_unpause,
        doing="unpausing",
        done="unpaused",
        needs=Capability.PAUSE,
        applies=_applies(_not_paused),
        footer=False,
    ),
    Action(
        id="container.kill",
        kind=_KIND,
        title="kill",
        keys=("K",),
        help="Send a signal of your choice.",
        mutates=True,
        plan=_plan_kill,
        run=_kill,
        doing="signalling",
        done="signalled",
        danger=Danger.INTERRUPTS,
        params=(Param("signal", "Signal", ParamKind.CHOICE, SIGNALS[0], SIGNALS, ask=True, validate=signal_problem),),
        applies=_applies(_not_killable),
    ),
    Action(
        id="container.remove",
        kind=_KIND,
        title="remove",
        keys=("d",),
        help="Remove containers, after showing what goes with them.",
        mutates=True,
        plan=_plan_remove,
        run=_remove,
        doing="removing",
        done="removed",
        danger=Danger.DESTROYS,
        params=(
            Param("force", "Force: kill what runs", ParamKind.FLAG, False),
            Param("volumes", "Also remove anonymous volumes", ParamKind.FLAG, False),
        ),
        applies=_applies(_anything),
    ),
    Action(
        id="container.rename",
        kind=_KIND,
        title="rename",
        keys=("R",),
        help="Give a container another name.",
        mutates=True,
        plan=_plan_rename,
        run=_rename,
        doing="renaming",
        done="renamed",
        needs=Capability.RENAME,
        params=(Param("name", "New name", ask=True, validate=name_problem),),
        applies=_applies(_anything),
        footer=False,
    ),
)
