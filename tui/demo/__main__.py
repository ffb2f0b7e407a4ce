"""`python -m tui.demo`: serve the demo engine until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from tui.demo.engine import DemoEngine


async def serve(path: Path | None, containers: int, seed: int) -> None:
    """Serve until a signal comes."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with DemoEngine(seed=seed, containers=containers, socket_path=path) as demo:
        sys.stdout.write(f"DOCKER_HOST={demo.url}\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> int:
    """Read the arguments, serve, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tui.demo", description=__doc__)
    parser.add_argument("--socket", type=Path, help="where to listen (default: in a private temporary directory)")
    parser.add_argument("--containers", type=int, default=30, help="how many to begin with (default: 30)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same world (default: 1)")
    arguments = parser.parse_args()
    try:
        asyncio.run(serve(arguments.socket, arguments.containers, arguments.seed))
    except OSError as error:
        sys.stderr.write(f"cannot listen: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
