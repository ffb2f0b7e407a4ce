"""From starting the program to the first container's name on the screen."""

from __future__ import annotations

import re
import sys

from benchmarks.report import Result, Row
from benchmarks.world import World

CONTAINERS = 200
RUNS = 15
LIVE = re.compile("● (?:\x1b\\[[0-9;]*m)*live".encode())
"""The header says so when the store has subscribed and listed: everything is on the screen then."""
BARE = """
import gc
gc.disable()
from textual.app import App
from textual.widgets import Static

class Bare(App[None]):
    def compose(self):
        yield Static("first row")

Bare().run()
"""
"""An application that shows one line: what Python and Textual take by themselves."""


def measure(world: World) -> Result:
    """Start the programs in turn, so that whatever else the machine does meets them all."""
    # Running or not makes no difference to a list; starting all of them would take a minute.
    world.engine.populate(CONTAINERS, net="none", start=20)
    names = world.names()
    commands = {name: ([path], names) for name, path in world.programs.items()}
    if world.peer is not None:
        commands["bare Textual"] = ([sys.executable, "-P", "-c", BARE], re.compile(b"first row"))
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    cpu: dict[str, list[float]] = {name: [] for name in commands}
    live: dict[str, list[float]] = {"portside": []}
    for turn in range(RUNS + 1):
        for program, (command, text) in commands.items():
            with world.run(command) as terminal:
                seen = terminal.wait_for(text)
                spent = terminal.cpu()
                alive = terminal.wait_for(LIVE) if program in live else seen
            if turn:  # the first one fills the file cache, and writes what is written once
                seconds[program].append((seen - terminal.started) * 1000)
                cpu[program].append(spent * 1000)
                if program in live:
                    live[program].append((alive - terminal.started) * 1000)
    return Result(
        [
            Row("first row on the screen", "ms", seconds),
            Row("CPU until then", "ms", cpu),
            Row("connected, and everything drawn", "ms", live),
        ]
    )
