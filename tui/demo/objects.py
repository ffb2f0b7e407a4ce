"""The things of the demo's world, as plain mutable records; what the API says of them is in `present`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from tui.demo.logbook import LogBook
from tui.demo.terminal import Terminal

if TYPE_CHECKING:
    from tui.demo.clock import Timer
    from tui.demo.numbers import Profile
    from tui.demo.shell_fs import FileSystem

Json = dict[str, Any]
"""A JSON object on its way to or from the wire."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an image's history; `size` in bytes, 0 for a step that made no layer."""

    created: int
    created_by: str
    size: int = 0
    comment: str = ""


@dataclass(eq=False, slots=True)
class Image:
    """An image. `kind` names what its program does (see `programs`); `id` starts with `sha256:`."""

    id: str
    kind: str
    created: int
    tags: list[str]
    digests: list[str]
    steps: list[Step]
    layers: list[str]
    config: Json
    author: str = ""
    tagged: int = 0

    @property
    def size(self) -> int:
        """Bytes of all its layers."""
        return sum(step.size for step in self.steps)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its configuration."""
        labels: dict[str, str] = self.config.get("Labels") or {}
        return labels

    @property
    def short(self) -> str:
        """The twelve digits that dockerd uses in messages."""
        return self.id.removeprefix("sha256:")[:12]


@dataclass(eq=False, slots=True)
class Endpoint:
    """A container's place in a network; addresses are empty while it does not run."""

    network: Network
    aliases: list[str] = field(default_factory=list)
    wanted: str = ""
    """The fixed address that was asked for."""
    id: str = ""
    address: str = ""
    mac: str = ""


@dataclass(eq=False, slots=True)
class Network:
    """A network; `subnet` such as `172.18.0.0/16`, empty for host and none."""

    id: str
    name: str
    driver: str
    created: int
    subnet: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    internal: bool = False
    attachable: bool = False
    ipv6: bool = False
    options: dict[str, str] = field(default_factory=dict)
    ipam: list[Json] = field(default_factory=list)
    """The subnets that were asked for, as the API has them."""
    taken: int = 1

    def use(self, ipam: list[Json]) -> None:
        """Take addresses from these subnets; containers get theirs from the first one of IPv4."""
        self.ipam = ipam
        self.subnet = next((entry["Subnet"] for entry in ipam if ":" not in entry["Subnet"]), "")

    def address(self) -> str:
        """The next free address; .1 is the gateway."""
        self.taken += 1
        return str(ip_network(self.subnet)[self.taken])

    @property
    def gateway(self) -> str:
        """The gateway's address, empty without a subnet."""
        asked = next((str(entry["Gateway"]) for entry in self.ipam if entry.get("Gateway")), "")
        return asked or (str(ip_network(self.subnet)[1]) if self.subnet else "")


@dataclass(eq=False, slots=True)
class Volume:
    """A volume; `size` in bytes."""

    name: str
    created: int
    labels: dict[str, str] | None
    size: int = 0
    options: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False, slots=True)
class Health:
    """The health of a running container and the last five checks."""

    status: str = "starting"
    streak: int = 0
    log: deque[Json] = field(default_factory=lambda: deque(maxlen=5))
    failing: bool = False


@dataclass(eq=False, slots=True)
class Exec:
    """A command that runs, or ran, inside a container."""

    id: str
    container: Container
    command: list[str]
    tty: bool
    stdin: bool
    stdout: bool
    stderr: bool
    env: list[str]
    cwd: str
    user: str
    privileged: bool = False
    detach_keys: str = ""
    running: bool = False
    started: bool = False
    exit_code: int | None = None
    pid: int = 0
    rows: int = 24
    columns: int = 80


@dataclass(eq=False, slots=True)
class Container:
    """A container. Instants are nanoseconds since 1970, 0: never."""

    id: str
    name: str
    image: Image
    image_name: str
    config: Json
    host_config: Json
    created: int
    profile: Profile
    state: str = "created"
    exit_code: int = 0
    oom_killed: bool = False
    error: str = ""
    pid: int = 0
    started: int = 0
    finished: int = 0
    restarts: int = 0
    active: int = 0
    active_since: int = 0
    stopped_by_hand: bool = False
    health: Health | None = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    mounts: list[Json] = field(default_factory=list)
    size_rw: int = 0
    log: LogBook = field(default_factory=LogBook)
    timers: list[Timer] = field(default_factory=list)
    frozen: list[tuple[int, Callable[[], None]]] = field(default_factory=list)
    waiting: set[asyncio.Future[int]] = field(default_factory=set)
    task: asyncio.Task[None] | None = None
    filesystem: FileSystem | None = None
    terminal: Terminal = field(default_factory=Terminal)

    @property
    def labels(self) -> dict[str, str]:
        """Its labels, the image's included."""
        labels: dict[str, str] = self.config.get("Labels") or {}
        return labels

    @property
    def command(self) -> list[str]:
        """Entry point and arguments, as run."""
        return [*(self.config.get("Entrypoint") or []), *(self.config.get("Cmd") or [])]

    @property
    def running(self) -> bool:
        """Whether it has processes: running or paused."""
        return self.state in ("running", "paused")

    @property
    def tty(self) -> bool:
        """Whether its first process has a terminal (its log is then one raw stream)."""
        return bool(self.config.get("Tty"))

    @property
    def memory_limit(self) -> int:
        """Bytes, 0: none."""
        return int(self.host_config.get("Memory") or 0)

    def env(self, name: str, default: str = "") -> str:
        """The value of an environment variable."""
        for entry in reversed(self.config.get("Env") or []):
            key, _, value = entry.partition("=")
            if key == name:
                return str(value)
        return default

    def active_time(self, now: int) -> int:
        """Nanoseconds of running since its start, pauses not counted."""
        return self.active + (now - self.active_since if self.state == "running" else 0)
