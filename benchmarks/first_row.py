"""From starting the program to the first container's name on the screen."""

from __future__ import annotations

from benchmarks.report import Result, Row
from benchmarks.world import World

CONTAINERS = 200
RUNS = 15


def measure(world: World) -> Result:
    """Start the programs in turn, so that whatever else the machine does meets both."""
    # Running or not makes no difference to a list; starting all of them would take a minute.
    world.engine.populate(CONTAINERS, net="none", start=20)
    names = world.names()
    seconds: dict[str, list[float]] = {name: [] for name in world.programs}
    cpu: dict[str, list[float]] = {name: [] for name in world.programs}
    for turn in range(RUNS + 1):
        for program in world.programs:
            with world.start(program) as terminal:
                seen = terminal.wait_for(names)
                spent = terminal.cpu()
            if turn:  # the first one fills the file cache, and writes what is written once
                seconds[program].append((seen - terminal.started) * 1000)
                cpu[program].append(spent * 1000)
    return Result([Row("first row on the screen", "ms", seconds), Row("CPU until then", "ms", cpu)])
