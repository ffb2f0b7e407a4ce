"""From a change made outside to its bytes on the terminal."""

from __future__ import annotations

import random
import re
import string
import time
from collections import Counter

from benchmarks.report import Result, Row
from benchmarks.world import PORTSIDE, World

CONTAINERS = 10
RENAMES = 20
PATIENCE = 5.0
ZOOM = b"+"
"""Portside's key for one pane alone: what counts is the table's row, and the pane of events would be faster."""


def measure(world: World) -> Result:
    """Rename a container through the API, again and again, until its new name is written."""
    engine = world.engine
    name = _other_name("")
    id = engine.create("pause:1", name=name)
    for number in range(CONTAINERS - 1):
        engine.create("pause:1", name=f"b-latency-{number}")
    taken: dict[str, list[float]] = {program: [] for program in world.programs}
    missed: Counter[str] = Counter()
    chance = random.Random(7)
    for program, values in taken.items():
        with world.start(program) as terminal:
            terminal.wait_for(_tail(name))
            terminal.watch(3)
            if program == PORTSIDE:
                terminal.type(ZOOM)
            while len(values) < RENAMES:
                # Not in step with anybody's timer.
                terminal.watch(chance.uniform(0.5, 1.5))
                name = _other_name(name)
                start = time.perf_counter()
                engine.api("POST", f"/containers/{id}/rename?name={name}")
                try:
                    values.append((terminal.wait_for(_tail(name), PATIENCE) - start) * 1000)
                except TimeoutError:
                    missed[program] += 1
                    if missed[program] == RENAMES:
                        raise
    note = "".join(
        f"{program} did not show {count} of {count + RENAMES} renames within {PATIENCE:.0f} s; they are left out."
        for program, count in missed.items()
    )
    return Result([Row("`docker rename` until the row shows it", "ms", taken)], note)


def _tail(name: str) -> re.Pattern[bytes]:
    return re.compile(name[1:].encode())


def _other_name(name: str) -> str:
    """A name that differs from the other in all places but the first.

    Both programs send only the cells that changed, so nothing of the name may be there already; the first letter
    keeps the row in its place.
    """
    letters = string.ascii_lowercase
    before = name[1:] or letters[:12]
    return "a" + "".join(random.choice(letters.replace(old, "")) for old in before)
