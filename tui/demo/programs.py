"""What the first process of a container does: logs, ends, reacts to signals. One class for each sort of image."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tui.demo import writers
from tui.demo.clock import SECOND
from tui.demo.logbook import STDERR, Run, Writer, steady
from tui.demo.numbers import MIB, Profile
from tui.demo.objects import Container, Image, Json

if TYPE_CHECKING:
    from tui.demo.life import Life

QUICK = 0.08
"""Seconds that a well-behaved program takes to stop."""

HARMLESS = frozenset({signal.SIGHUP, signal.SIGWINCH, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGCONT})
"""Signals that the demo's programs survive."""


class Program:
    """A program that stays up, logs a little and stops when asked. The exit code says whether it handles SIGTERM."""

    exit_code = 0
    rate = 0.0
    """Lines a second."""

    def begin(self, life: Life, container: Container) -> None:
        """Start at `container.started`, which may be in the past for containers of a new world."""
        if self.rate > 0:
            run = steady(container.started, self.rate, _nothing, jitter=0.8)
            run.writer = self.writer(container, run)
            # A container that is days old has logged more than anybody reads: begin near the end of it.
            age = max(0, life.now() - container.started)
            if age > 3000 * run.period:
                run.start += age - 3000 * run.period
            container.log.begin(run)

    def writer(self, container: Container, run: Run) -> Writer:
        """What its lines say."""
        return writers.few_words(container.name)

    def on_signal(self, life: Life, container: Container, number: int) -> tuple[int, float] | None:
        """Return the exit code and the seconds until the end, or None when the signal is survived."""
        return None if number in HARMLESS else (self.exit_code, QUICK)


def _nothing(number: int) -> tuple[int, bytes]:
    return STDERR, b""


class Nginx(Program):
    """A web server in front of other services."""

    rate = 1.3

    def writer(self, container: Container, run: Run) -> Writer:
        """Access logs."""
        return writers.access(container.id, run.at)


class Structured(Program):
    """A service that logs JSON."""

    rate = 0.9

    def writer(self, container: Container, run: Run) -> Writer:
        """JSON lines."""
        return writers.structured(container.id, container.labels.get("com.docker.compose.service", container.name))


class Coloured(Program):
    """A tool that logs in colours; it does not handle SIGTERM."""

    rate = 0.5
    exit_code = 143

    def writer(self, container: Container, run: Run) -> Writer:
        """ANSI colours."""
        return writers.coloured(container.id, container.labels.get("com.docker.compose.service", container.name))


class Java(Program):
    """A Java service with stack traces."""

    rate = 2.0
    exit_code = 143

    def writer(self, container: Container, run: Run) -> Writer:
        """Lines and stack traces."""
        return writers.java(container.id)


class Postgres(Program):
    """A database."""

    rate = 0.05

    def writer(self, container: Container, run: Run) -> Writer:
        """Checkpoints."""
        return writers.database(container.id, run.at)


class Quiet(Program):
    """A program that hardly logs and does not handle SIGTERM."""

    rate = 0.02
    exit_code = 143


class Silent(Program):
    """A program that never says anything, such as `cpu`, `mem` or the test database once it is ready."""

    def begin(self, life: Life, container: Container) -> None:
        """The test database says that it is ready; the others nothing."""
        if container.image.kind == "db":
            container.log.write(container.started, b"db ready")


class Logger(Program):
    """The test logger: RATE, BURST, LINES, FORMAT, ERR."""

    def begin(self, life: Life, container: Container) -> None:
        """Log as the environment says; after LINES lines the program ends with 0."""
        form = container.env("FORMAT") or "plain"
        last = _number(container, "LINES", 0)
        writer = writers.logger(form, _number(container, "ERR", 10))
        run = steady(
            container.started, _number(container, "RATE", 1), writer, burst=_number(container, "BURST", 0), last=last
        )
        container.log.begin(run)
        if last and (run.period or last <= run.burst):
            life.die_later(container, (run.at(last) - life.now()) / SECOND, 0)

    def on_signal(self, life: Life, container: Container, number: int) -> tuple[int, float] | None:
        """Say so, and stop."""
        if number in HARMLESS:
            return None
        container.log.write(life.now(), b"logger: stopping on SIGTERM")
        return 0, QUICK


class Web(Program):
    """The test web server: its health checks are its visitors."""

    rate = 0.5

    def writer(self, container: Container, run: Run) -> Writer:
        """What busybox' httpd prints, on stderr."""
        return lambda number: (STDERR, f"[::ffff:127.0.0.1]:{40_000 + number % 20_000}: response:200".encode())


class Crash(Program):
    """Ends with CODE (3) after AFTER (2) seconds."""

    def begin(self, life: Life, container: Container) -> None:
        """Count down."""
        after = _number(container, "AFTER", 2)
        container.log.write(container.started, f"crashing in {after} s".encode())
        code = _number(container, "CODE", 3)
        life.later(container, after, lambda: self._give_up(life, container, code))

    def _give_up(self, life: Life, container: Container, code: int) -> None:
        container.log.write(life.now(), b"fatal: giving up", STDERR)
        life.die(container, code)


class Oom(Program):
    """Is killed for want of memory after AFTER (1) seconds."""

    def begin(self, life: Life, container: Container) -> None:
        """Wait for the end."""
        life.later(container, _number(container, "AFTER", 1), lambda: life.die(container, 137, oom=True))


class Stubborn(Program):
    """Survives everything but SIGKILL."""

    def on_signal(self, life: Life, container: Container, number: int) -> tuple[int, float] | None:
        """Say no."""
        container.log.write(life.now(), b"not stopping")
        return None


class Hello(Program):
    """Prints a greeting and ends."""

    def begin(self, life: Life, container: Container) -> None:
        """Print, end."""
        for line in (
            "",
            "Hello from Docker!",
            "This message shows that your installation appears to be working correctly.",
            "",
        ):
            container.log.write(container.started, line.encode())
        life.die_later(container, 0.05, 0)


class Shell(Program):
    """Busybox and interpreters: run the command line through the demo's shell."""

    exit_code = 143

    def begin(self, life: Life, container: Container) -> None:
        """`sleep` is only a timer; everything else is a task of its own."""
        command = container.command
        name = command[0].rpartition("/")[2] if command else "sh"
        if name in ("sleep", "pause"):
            if len(command) > 1 and command[1] not in ("infinity", "inf"):
                try:
                    life.die_later(container, float(command[1].removesuffix("s")), 0)
                except ValueError:
                    container.log.write(container.started, f"sleep: invalid number '{command[1]}'".encode(), STDERR)
                    life.die_later(container, 0.02, 1)
            return
        life.run_command(container, command)


class Python(Shell):
    """An interpreter whose program, in the demo, is a job that works quietly."""

    def begin(self, life: Life, container: Container) -> None:
        """An interactive interpreter without a terminal ends at once; a script keeps running."""
        if len(container.command) == 1 and not container.tty:
            life.die_later(container, 0.05, 0)
        else:
            Coloured().begin(life, container)


_PROGRAMS: dict[str, Program] = {
    "nginx": Nginx(), "structured": Structured(), "coloured": Coloured(), "java": Java(), "postgres": Postgres(),
    "redis": Quiet(), "scratch": Quiet(), "python": Python(), "node": Python(), "logger": Logger(), "web": Web(),
    "crash": Crash(), "oom": Oom(), "stubborn": Stubborn(), "hello": Hello(), "busybox": Shell(), "cpu": Silent(),
    "mem": Silent(), "db": Silent(), "pause": Shell(),
}  # fmt: skip

SHELL_COMMANDS = frozenset(
    [
        "sh",
        "ash",
        "bash",
        "echo",
        "true",
        "false",
        "sleep",
        "cat",
        "ls",
        "env",
        "date",
        "id",
        "printf",
        "uname",
        "hostname",
        "exit",
    ]
)


def program_of(container: Container) -> Program:
    """The program that this container's command runs."""
    command = container.command
    name = command[0].rpartition("/")[2] if command else ""
    if name in SHELL_COMMANDS:
        return _PROGRAMS["busybox"]
    return _PROGRAMS.get(container.image.kind, _PROGRAMS["redis"])


def _number(container: Container, name: str, default: int) -> int:
    text = container.env(name)
    return int(text) if text.isdigit() else default


_USAGE: dict[str, tuple[float, int, float, float, int]] = {
    # cores, memory, bytes a second of traffic, of disk, processes
    "nginx": (0.03, 18 * MIB, 40_000, 0, 5),
    "structured": (0.12, 140 * MIB, 24_000, 500, 9),
    "coloured": (0.2, 210 * MIB, 9_000, 2_000, 6),
    "java": (0.35, 620 * MIB, 30_000, 4_000, 41),
    "postgres": (0.09, 190 * MIB, 12_000, 90_000, 12),
    "redis": (0.01, 12 * MIB, 15_000, 200, 6),
    "python": (0.25, 95 * MIB, 2_000, 9_000, 3),
    "node": (0.08, 130 * MIB, 8_000, 0, 11),
    "web": (0.004, MIB // 2, 900, 0, 1),
    "logger": (0.01, MIB, 0, 3_000, 2),
    "pause": (0.0001, MIB // 4, 0, 0, 1),
    "db": (0.002, 2 * MIB, 200, 1_000, 2),
    "busybox": (0.0005, MIB // 2, 0, 0, 1),
}


def profile_of(seed: int, image: Image, name: str, config: Json) -> Profile:
    """How much a container of this image uses; `CPU` and `MB` of its environment count for the test images."""
    env = dict(entry.partition("=")[::2] for entry in config.get("Env") or [])
    cpu, memory, traffic, disk, pids = _USAGE.get(image.kind, (0.01, 8 * MIB, 500.0, 0.0, 2))
    if image.kind == "cpu":
        cpu = float(env.get("CPU") or 50) / 100
    if image.kind == "mem":
        memory = int(env.get("MB") or 64) * MIB
    return Profile(seed, name, cpu=cpu, memory=memory, traffic=traffic, disk=disk, pids=pids)
