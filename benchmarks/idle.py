"""What it costs to leave the program open on a live list."""

from __future__ import annotations

import time

from benchmarks.report import Result, Row
from benchmarks.world import World

CONTAINERS = 50
SECONDS = 20
SETTLE = 5.0
ROUNDS = 3


def measure(world: World) -> Result:
    """CPU of the program and of the engine's daemons, and bytes written, over `SECONDS` each."""
    world.engine.populate(CONTAINERS, net="none")
    names = world.names()
    own: dict[str, list[float]] = {name: [] for name in world.programs}
    engine: dict[str, list[float]] = {name: [] for name in world.programs}
    written: dict[str, list[float]] = {name: [] for name in world.programs}
    alone: list[float] = []
    for _ in range(ROUNDS):
        for program in world.programs:
            with world.start(program) as terminal:
                terminal.wait_for(names)
                terminal.watch(SETTLE)
                before, before_engine = terminal.cpu(), world.daemon_cpu()
                written[program].append(terminal.watch(SECONDS) / 1000)
                own[program].append(terminal.cpu() - before)
                engine[program].append(world.daemon_cpu() - before_engine)
        before_engine = world.daemon_cpu()
        time.sleep(SECONDS)
        alone.append(world.daemon_cpu() - before_engine)
    both = {name: [sum(pair) for pair in zip(own[name], engine[name], strict=True)] for name in world.programs}
    unit = f"s in {SECONDS} s"
    return Result(
        [
            Row("CPU of the program", unit, own),
            Row("CPU of dockerd, containerd and shims", unit, engine),
            Row("CPU in all", unit, both),
            Row("written to the terminal", f"kB in {SECONDS} s", written),
        ],
        f"With nobody looking, dockerd, containerd and shims take {min(alone):.2f}-{max(alone):.2f} {unit}.",
    )
