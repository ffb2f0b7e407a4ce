"""Containers as rows: columns, cells and order. Their actions and details have modules of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tui.resources.base import Cell, Column, Resource, RowContext, Tone
from tui.resources.container_actions import ACTIONS, container_name
from tui.resources.format import (
    UNKNOWN,
    age_text,
    image_text,
    memory_text,
    natural_key,
    percent_text,
    ports_text,
    rate_text,
    short_id,
    since_text,
    status_age,
)
from tui.runtime.models import Container, ContainerState, Health, Stats

# Least widths are chosen so that a table of 80 cells keeps name, state, cpu, mem, uptime and image (72 cells with
# gaps), and one of 86 the ports too. The others come when these have the width they would like.
COLUMNS = (
    Column("name", "NAME", 20, 24, flex=3, priority=0),
    Column("state", "STATE", 12, 12, priority=0),
    Column("cpu", "CPU", 6, 6, align="right", priority=1, needs_stats=True),
    Column("mem", "MEM", 8, 8, align="right", priority=1, needs_stats=True),
    Column("uptime", "UP", 5, 5, align="right", priority=2, is_time=True),
    Column("image", "IMAGE", 16, 26, flex=2, priority=3),
    Column("ports", "PORTS", 13, 22, flex=2, priority=4),
    Column("project", "PROJECT", 12, 18, flex=1, priority=5),
    Column("mem_percent", "MEM%", 6, 6, align="right", priority=6, needs_stats=True),
    Column("net_rx", "NET RX", 8, 9, align="right", priority=7, needs_stats=True),
    Column("net_tx", "NET TX", 8, 9, align="right", priority=7, needs_stats=True),
    Column("pids", "PIDS", 5, 5, align="right", priority=8, needs_stats=True),
    Column("ip", "IP", 13, 15, priority=9),
    Column("id", "ID", 12, 12, priority=10),
    Column("networks", "NETWORKS", 10, 16, priority=11),
    Column("command", "COMMAND", 16, 28, flex=1, priority=12),
    Column("created", "CREATED", 7, 7, align="right", priority=13, is_time=True),
)

# A container that restarts or is paused stays among the running ones: a row that flaps must not jump about.
ACTIVE = frozenset({ContainerState.RUNNING, ContainerState.PAUSED, ContainerState.RESTARTING})
_MEASURED = frozenset({ContainerState.RUNNING, ContainerState.PAUSED})

_STATE_TONES: Mapping[ContainerState, Tone] = {
    ContainerState.RUNNING: Tone.GOOD,
    ContainerState.PAUSED: Tone.WARN,
    ContainerState.RESTARTING: Tone.WARN,
    ContainerState.REMOVING: Tone.BUSY,
    ContainerState.DEAD: Tone.BAD,
    ContainerState.CREATED: Tone.DIM,
    ContainerState.EXITED: Tone.DIM,
    ContainerState.UNKNOWN: Tone.WARN,
}
_HEALTH_CELLS: Mapping[Health, Cell] = {
    Health.HEALTHY: Cell("healthy", Tone.GOOD),
    Health.UNHEALTHY: Cell("unhealthy", Tone.BAD),
    Health.STARTING: Cell("starting", Tone.BUSY),
}

# From here on a number is worth a look: one core is full, the limit is near.
_BUSY_CPU = 90.0
_NEAR_LIMIT = 80.0
_AT_LIMIT = 95.0


def state_cell(container: Container, in_flight: str = "") -> Cell:
    """The state in one word that needs no colour: what is being done to it, its health, its exit code, its state."""
    if in_flight:
        return Cell(in_flight, Tone.BUSY)
    state = container.state
    if state is ContainerState.RUNNING:
        return _HEALTH_CELLS.get(container.health, Cell("running", Tone.GOOD))
    code = container.exit_code
    if code is not None and state in (ContainerState.EXITED, ContainerState.DEAD, ContainerState.RESTARTING):
        failed = code != 0 and state is ContainerState.EXITED
        return Cell(f"{state.value} {code}", Tone.BAD if failed else _STATE_TONES[state])
    return Cell(state.value, _STATE_TONES[state])


def uptime_seconds(container: Container, context: RowContext) -> float | None:
    """Seconds since the start of a running container, or since the end of one that ended; None when not known.

    The list call only has it as text, true when the list was made and rounded down by the engine.
    """
    age = status_age(container.status)
    if age is None:
        return None
    listed = context.listed_at
    return age.seconds + (max(0.0, (context.now - listed).total_seconds()) if listed is not None else 0.0)


def uptime_text(container: Container, context: RowContext) -> str:
    """``3m`` for one that runs; "" for one that does not: how long ago it ended is not how long it is up."""
    if container.state not in _MEASURED:
        return ""
    seconds = uptime_seconds(container, context)
    return "" if seconds is None else age_text(seconds)


def group_text(container: Container) -> str:
    """``project/service`` of Compose, or ""."""
    project, service = container.project, container.service
    return f"{project}/{service}" if project and service else project or service


def _stats_cells(container: Container, stats: Stats | None) -> tuple[Cell, Cell, Cell, Cell, Cell, Cell]:
    """Cells of cpu, mem, mem %, net rx, net tx and pids: blank when it does not run, ``-`` until the first sample."""
    if container.state not in _MEASURED:
        blank = Cell("")
        return (blank, blank, blank, blank, blank, blank)
    if stats is None:
        unknown = Cell(UNKNOWN, Tone.DIM)
        return (unknown, unknown, unknown, unknown, unknown, unknown)
    cpu = stats.cpu_percent
    share = stats.memory_percent
    tone = Tone.PLAIN
    if share is not None and share >= _NEAR_LIMIT:
        tone = Tone.BAD if share >= _AT_LIMIT else Tone.WARN
    return (
        Cell(percent_text(cpu), Tone.WARN if cpu is not None and cpu >= _BUSY_CPU else Tone.PLAIN),
        Cell(memory_text(stats.memory), tone),
        Cell(percent_text(share), tone),
        Cell(rate_text(stats.net_rx_rate)),
        Cell(rate_text(stats.net_tx_rate)),
        Cell(str(stats.pids)),
    )


def cells(container: Container, context: RowContext) -> Sequence[Cell]:
    """One cell per column of `COLUMNS`, in their order."""
    cpu, mem, mem_percent, net_rx, net_tx, pids = _stats_cells(container, context.stats)
    base = Tone.PLAIN if container.state in ACTIVE else Tone.DIM
    return (
        Cell(container_name(container), base),
        state_cell(container, context.in_flight),
        cpu,
        mem,
        Cell(uptime_text(container, context)),
        Cell(image_text(container.image), base),
        Cell(ports_text(container.ports), base),
        Cell(group_text(container), base),
        mem_percent,
        net_rx,
        net_tx,
        pids,
        Cell(", ".join(container.ips), base),
        Cell(short_id(container.id), Tone.DIM),
        Cell(", ".join(container.networks), base),
        Cell(container.command, Tone.DIM),
        Cell(since_text(container.created, context.now), Tone.DIM),
    )


def default_sort(container: Container) -> tuple[bool, Any]:
    """Running ones first, then by name in natural order."""
    return container.state not in ACTIVE, natural_key(container.name)


def search_text(container: Container) -> str:
    """What the plain filter looks in: names, image, state, health, project, ports, networks, addresses and id."""
    parts = [
        container.name,
        container.image,
        container.state.value,
        state_cell(container).text,
        group_text(container),
        short_id(container.id),
        *container.names,
        *container.networks,
        *container.ips,
    ]
    if container.ports:
        parts.append(ports_text(container.ports))
    return " ".join(parts)


def _number(value: float | None) -> float:
    return -1.0 if value is None else value


def _by_stat(value: Callable[[Stats], float | None]) -> Callable[[Container, RowContext], float]:
    """A sort key of the newest sample; rows without one sort below every number."""
    return lambda _, context: -1.0 if context.stats is None else _number(value(context.stats))


# Worst first when sorted ascending by state: what needs a look is at the top.
_STATE_ORDER = {
    state: place
    for place, state in enumerate(
        (
            ContainerState.DEAD,
            ContainerState.RESTARTING,
            ContainerState.RUNNING,
            ContainerState.PAUSED,
            ContainerState.REMOVING,
            ContainerState.CREATED,
            ContainerState.EXITED,
            ContainerState.UNKNOWN,
        )
    )
}


def _state_order(container: Container) -> tuple[int, bool, int]:
    health = container.health
    sick = container.state is ContainerState.RUNNING and health is Health.UNHEALTHY
    code = container.exit_code or 0
    return (-1 if sick else _STATE_ORDER[container.state], code == 0, code)


RESOURCE = Resource(
    kind="containers",
    title="Containers",
    singular="container",
    columns=COLUMNS,
    cells=cells,
    default_sort=default_sort,
    name=container_name,
    search_text=search_text,
    actions=ACTIONS,
    empty="No containers. `docker run` one, and it appears here.",
    sort_keys={
        "name": lambda container, _: natural_key(container_name(container)),
        "image": lambda container, _: natural_key(container.image),
        "ports": lambda container, _: natural_key(ports_text(container.ports)),
        "project": lambda container, _: natural_key(group_text(container)),
        "ip": lambda container, _: natural_key(", ".join(container.ips)),
        "id": lambda container, _: container.id,
        "networks": lambda container, _: natural_key(", ".join(container.networks)),
        "command": lambda container, _: natural_key(container.command),
        "state": lambda container, _: _state_order(container),
        "cpu": _by_stat(lambda stats: stats.cpu_percent),
        "mem": _by_stat(lambda stats: stats.memory),
        "mem_percent": _by_stat(lambda stats: stats.memory_percent),
        "net_rx": _by_stat(lambda stats: stats.net_rx_rate),
        "net_tx": _by_stat(lambda stats: stats.net_tx_rate),
        "pids": _by_stat(lambda stats: stats.pids),
        "uptime": lambda container, context: (
            _number(uptime_seconds(container, context)) if container.state in _MEASURED else -1.0
        ),
        "created": lambda container, _: container.created.timestamp() if container.created else 0.0,
    },
    tabs=("logs", "stats", "details", "inspect", "processes"),
    attributes={
        "name": lambda container: container.names or (container.name,),
        "state": lambda container: (container.state.value,),
        "health": lambda container: (container.health.value,),
        "image": lambda container: (container.image,),
        "project": lambda container: (container.project,),
        "service": lambda container: (container.service,),
        "network": lambda container: container.networks,
        "label": lambda container: tuple(f"{key}={value}" for key, value in container.labels.items()),
        "id": lambda container: (str(container.id),),
    },
)
