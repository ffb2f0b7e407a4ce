"""``python -m benchmarks [NAME...]``: run all benchmarks, or these."""

from __future__ import annotations

import argparse
import compileall
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path

from benchmarks.report import Result, machine, save, table
from benchmarks.world import Unmeasurable, World, versions

# In this order: each needs more containers than the one before.
WITH_ENGINE = ("latency", "idle", "first_row")
ALONE = ("http_parser", "http_client")


def main() -> int:
    """Run what was asked for; the exit code is 1 when something could not be measured here."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join((*WITH_ENGINE, *ALONE))}")
    wanted = parser.parse_args().names or [*ALONE, *WITH_ENGINE]
    unknown = set(wanted) - {*WITH_ENGINE, *ALONE}
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    # As users have it: pip compiles what it installs, and nobody compiles a checkout.
    for package in ("tui", "widgets"):
        compileall.compile_dir(Path(__file__).parents[1] / package, quiet=1)
    where = machine() | versions()
    print("\n".join(f"{name}: {value}" for name, value in where.items()), end="\n\n", flush=True)
    with ExitStack() as stack:
        world: World | None = None
        left_out = False
        for name in [name for name in (*ALONE, *WITH_ENGINE) if name in wanted]:
            try:
                measure: Callable[..., Result] = import_module(f"benchmarks.{name}").measure
                if name in WITH_ENGINE and world is None:
                    world = stack.enter_context(World())
            except (Unmeasurable, ModuleNotFoundError) as reason:
                print(f"{name}: cannot be measured: {reason}\n", file=sys.stderr)
                left_out = True
                continue
            result = measure(world) if name in WITH_ENGINE else measure()
            save(name, result, where)
            print(table(name, result), end="\n\n", flush=True)
    return int(left_out)


if __name__ == "__main__":
    sys.exit(main())
