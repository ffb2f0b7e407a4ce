"""What is measured, and what it is measured on: the programs, and a private engine full of containers."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from benchmarks.terminal import Terminal
from tests.engines.fixture import Engine, unavailable

PORTSIDE, LAZYDOCKER = "portside", "lazydocker"
_CGROUPS = Path("/sys/fs/cgroup")


class Unmeasurable(Exception):
    """Nothing can be measured here; says what is missing."""


class World:
    """A private dockerd, and each program as it is installed. A context manager: leaving it removes the engine.

    Attributes:
        programs: Path of each program that is there, Portside first.
        engine: The engine, to ask and to change from outside.
    """

    def __init__(self) -> None:
        """Find the programs.

        Raises:
            Unmeasurable: without Portside, root or the engine's programs.
        """
        paths = {name: _program(name) for name in (PORTSIDE, LAZYDOCKER)}
        self.programs = {name: path for name, path in paths.items() if path is not None}
        if PORTSIDE not in self.programs:
            raise Unmeasurable(f"no portside beside {sys.executable}: pip install . first")
        missing = unavailable("docker")
        if missing:
            raise Unmeasurable(missing)
        self.engine = Engine("bench")
        self._home = tempfile.TemporaryDirectory(prefix="ps-bench-")

    @property
    def peer(self) -> str | None:
        """What Portside is measured beside, None when it is not installed."""
        return LAZYDOCKER if LAZYDOCKER in self.programs else None

    def __enter__(self) -> World:
        """Start the engine."""
        try:
            self.engine.up()
        except BaseException:
            self.engine.down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the engine."""
        self.engine.down()
        self._home.cleanup()

    def start(self, program: str) -> Terminal:
        """Start one of the programs on the engine."""
        return self.run([self.programs[program]])

    def run(self, command: Sequence[str]) -> Terminal:
        """Run a command with a home directory that has no configuration but what it writes itself."""
        home = self._home.name
        env = {
            "DOCKER_HOST": self.engine.url,
            "HOME": home,
            "XDG_CONFIG_HOME": f"{home}/.config",
            "XDG_CACHE_HOME": f"{home}/.cache",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
        }
        return Terminal(command, env)

    def names(self) -> re.Pattern[bytes]:
        """Matches the name of any container there is now."""
        containers: list[dict[str, Any]] = self.engine.api("GET", "/containers/json?all=1")
        names = [re.escape(container["Names"][0].removeprefix("/")) for container in containers]
        return re.compile("|".join(names).encode())

    def daemon_cpu(self) -> float:
        """CPU seconds of dockerd, containerd and the shims so far, without the containers."""
        pid = self.engine.pid()
        assert pid is not None, "the engine has died"
        groups = [line.split(":", 2) for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines()]
        paths = {name: path for _, names, path in groups for name in names.split(",")}
        if "cpuacct" in paths:
            group = _CGROUPS / "cpuacct" / paths["cpuacct"].lstrip("/")
        else:
            group = _CGROUPS / paths[""].lstrip("/")
        # The engine's group has the daemons' processes; the group of its containers is the one below it.
        return _group_cpu(group) - _group_cpu(group / "docker")


def _group_cpu(group: Path) -> float:
    """CPU seconds of a control group and those below it, of either version; nought for one that is not there."""
    usage, stat = group / "cpuacct.usage", group / "cpu.stat"
    if usage.exists():
        return int(usage.read_text()) / 1e9
    if stat.exists():
        return int(dict(line.split() for line in stat.read_text().splitlines())["usage_usec"]) / 1e6
    return 0.0


def _program(name: str) -> str | None:
    """A program beside this Python, else on PATH."""
    here = Path(sys.executable).parent / name
    return str(here) if here.exists() else shutil.which(name)


def versions() -> dict[str, str]:
    """What the programs say of themselves, the engine too."""
    said: dict[str, str] = {}
    for name, option in ((PORTSIDE, "--version"), (LAZYDOCKER, "--version"), ("dockerd", "--version")):
        path = _program(name)
        if path is not None:
            done = subprocess.run([path, option], capture_output=True, text=True, check=False)
            said[name] = " ".join((done.stdout or done.stderr).split())
    return said
