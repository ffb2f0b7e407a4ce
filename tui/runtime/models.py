"""The values the adapter speaks in: frozen, slotted, typed; times are aware UTC.

Unknown enum values from an engine become ``UNKNOWN`` and never raise: engines grow. The raw answer is kept
for *inspect* only. Sizes are bytes, durations seconds, CPU per cent of one core (as ``docker stats``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, NamedTuple, NewType, TypeVar

ContainerId = NewType("ContainerId", str)
ImageId = NewType("ImageId", str)
ExecId = NewType("ExecId", str)

Labels = Mapping[str, str]
NO_LABELS: Labels = MappingProxyType({})


def _no_labels() -> Labels:
    """A default factory: Python 3.11 takes an unhashable default (a mapping proxy) for a mutable one."""
    return NO_LABELS


E = TypeVar("E", bound=Enum)


def parse_enum(kind: type[E], value: object) -> E:
    """The member of `kind` with this value, or its ``UNKNOWN``."""
    try:
        return kind(value)
    except ValueError:
        return kind["UNKNOWN"]


class ContainerState(Enum):
    """A container's state, in the Engine API's words."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"
    UNKNOWN = "unknown"


class Health(Enum):
    """What a container's health check says; ``NONE`` when it has none."""

    NONE = "none"
    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


class EventType(Enum):
    """What kind of object an event is about."""

    CONTAINER = "container"
    IMAGE = "image"
    VOLUME = "volume"
    NETWORK = "network"
    POD = "pod"
    SERVICE = "service"
    NODE = "node"
    SECRET = "secret"
    CONFIG = "config"
    PLUGIN = "plugin"
    DAEMON = "daemon"
    BUILDER = "builder"
    UNKNOWN = "unknown"


class EngineKind(Enum):
    """Which engine answers."""

    DOCKER = "docker"
    PODMAN = "podman"
    CONTAINERD = "containerd"
    UNKNOWN = "unknown"


class Capability(Enum):
    """What an engine may or may not be able to do. `Unsupported` names the one that is missing."""

    EVENTS = "events"
    EXEC = "exec"
    ATTACH = "attach"
    STATS = "stats"
    STATS_ALL = "stats of all containers at once"
    TOP = "top"
    PAUSE = "pause"
    RENAME = "rename"
    LOGS = "logs"
    IMAGE_PULL = "image pull"
    IMAGE_HISTORY = "image history"
    DISK_USAGE = "disk usage"
    CREATE = "create containers"
    UPDATE = "change limits"
    ARCHIVE = "files in and out of containers"
    EXPORT = "export"
    CHANGES = "changed files"
    COMMIT = "commit"
    PRUNE = "prune"
    VOLUMES = "volumes"
    NETWORKS = "networks"
    COMPOSE = "compose"
    PODS = "pods"
    SWARM = "swarm"
    CHECKPOINT = "checkpoint"
    STOP_SIGNAL = "stop signal"
    EVENT_DETAILS = "commands, signals and stops in events"
    """Podman tells of an exec without its command, of a kill without its signal, and of a stop only the death."""
    LOG_NANOSECONDS = "nanoseconds in the times of a log"
    """Podman 4 cuts them to seconds: what has to be told apart within one has to be compared as text."""
    NETWORK_EVENTS = "events of networks"
    """Podman tells nothing of them."""
    DOCKER_NETWORKS = "the networks host and none, attachable networks, ranges and Docker's options"
    ARCHIVE_CHECKS = "refusing an archive for the place it is to go to"
    """Podman makes the directory, replaces what is there, and writes to read-only containers."""
    LOG_TAIL_OF_LONG_LINES = "long lines in the tail of a log"
    """The tail of Podman 4 keeps the last 8 kB of a longer line; the whole log has all of it."""


@dataclass(frozen=True, slots=True)
class Port:
    """One exposed or published port of a container. ``public`` is None for a port that is only exposed."""

    private: int
    protocol: str = "tcp"
    public: int | None = None
    host_ip: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """One row of the container list: what the list call tells, and nothing that needs an inspect."""

    id: ContainerId
    name: str
    state: ContainerState
    image: str = ""
    image_id: ImageId = ImageId("")
    command: str = ""
    created: datetime | None = None
    status: str = ""
    """The engine's own text: ``Up 3 minutes (healthy)``, ``Exited (137) 2 days ago``."""
    health: Health = Health.NONE
    exit_code: int | None = None
    """From the status text; None while it runs and where the engine does not say."""
    ports: tuple[Port, ...] = ()
    labels: Labels = field(default_factory=_no_labels)
    networks: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()
    """Of the networks it is on; empty on Podman, whose list has none."""
    mounts: tuple[str, ...] = ()
    """Volume names and bind sources; empty on Podman."""
    size_rw: int | None = None
    size_root_fs: int | None = None
    names: tuple[str, ...] = ()
    """Every name, without the leading slash; links make more than one."""

    @property
    def project(self) -> str:
        """The Compose project, or ""."""
        return self.labels.get("com.docker.compose.project", "") or self.labels.get("io.podman.compose.project", "")

    @property
    def service(self) -> str:
        """The Compose service, or ""."""
        return self.labels.get("com.docker.compose.service", "")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount of a container."""

    kind: str
    source: str
    destination: str
    mode: str = ""
    read_write: bool = True
    name: str = ""
    driver: str = ""


@dataclass(frozen=True, slots=True)
class HealthProbe:
    """One run of a health check."""

    start: datetime | None
    end: datetime | None
    exit_code: int
    output: str


@dataclass(frozen=True, slots=True)
class NetworkAttachment:
    """How a container hangs on one network."""

    name: str
    network_id: str = ""
    ip: str = ""
    ipv6: str = ""
    gateway: str = ""
    mac: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContainerDetail:
    """What inspect tells about a container. ``raw`` is the engine's answer as it came."""

    id: ContainerId
    name: str
    state: ContainerState
    image: str
    image_id: ImageId
    created: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    pid: int = 0
    exit_code: int | None = None
    error: str = ""
    oom_killed: bool = False
    restart_count: int = 0
    restart_policy: str = ""
    health: Health = Health.NONE
    health_log: tuple[HealthProbe, ...] = ()
    failing_streak: int = 0
    auto_remove: bool = False
    tty: bool = False
    open_stdin: bool = False
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    hostname: str = ""
    labels: Labels = field(default_factory=_no_labels)
    mounts: tuple[Mount, ...] = ()
    ports: tuple[Port, ...] = ()
    networks: tuple[NetworkAttachment, ...] = ()
    network_mode: str = ""
    log_driver: str = ""
    memory_limit: int = 0
    nano_cpus: int = 0
    privileged: bool = False
    size_rw: int | None = None
    size_root_fs: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Image:
    """One row of the image list."""

    id: ImageId
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    created: datetime | None = None
    size: int = 0
    shared_size: int | None = None
    labels: Labels = field(default_factory=_no_labels)
    parent_id: ImageId = ImageId("")

    @property
    def dangling(self) -> bool:
        """Whether nothing names it."""
        return not self.tags


@dataclass(frozen=True, slots=True)
class ImageDetail:
    """What inspect tells about an image."""

    id: ImageId
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    created: datetime | None
    size: int
    architecture: str = ""
    os: str = ""
    author: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: Labels = field(default_factory=_no_labels)
    layers: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ImageHistoryItem:
    """One step of an image's history, newest first."""

    id: str
    created: datetime | None
    created_by: str
    size: int
    tags: tuple[str, ...] = ()
    """Where the engine tells them: Podman does not."""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class ImageRemoval:
    """What removing an image did."""

    untagged: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``action`` is normalised to Docker's words (``die``, ``destroy``, ``exec_create``)."""

    type: EventType
    action: str
    actor_id: str
    attributes: Labels = field(default_factory=_no_labels)
    time: datetime | None = None
    time_ns: int = 0
    scope: str = "local"
    detail: str = ""
    """What followed a colon in the engine's action: ``healthy`` of ``health_status: healthy``, a command."""

    @property
    def name(self) -> str:
        """The actor's name, or its id."""
        return self.attributes.get("name") or self.actor_id


class LogLine(NamedTuple):
    """One line of a container's log, without its line end.

    A tuple and not a dataclass: a flood makes 50,000 a second, and a tuple costs a third to create.
    """

    stream: str
    """``stdout``, ``stderr``, or ``raw`` for a container with a TTY."""
    text: str
    """Decoded as UTF-8, wrong bytes replaced. Not sanitised: it may hold any control sequence."""
    time: str = ""
    """RFC 3339 with nanoseconds, as the engine sent it, or "" when no times were asked for."""
    partial: bool = False
    """True when the line was cut at the length bound, and the next one continues it."""


@dataclass(frozen=True, slots=True)
class Stats:
    """One sample of one container's use of resources. Totals are since start, rates per second."""

    id: str
    time: datetime | None
    cpu_percent: float | None
    """Per cent of one core over the last interval; None when there is no earlier sample to compare."""
    memory: int
    """Bytes in use without the page cache, as ``docker stats`` shows it."""
    memory_limit: int
    """Bytes; 0 when there is no limit and the engine does not tell the host's memory."""
    pids: int = 0
    net_rx: int = 0
    net_tx: int = 0
    block_read: int = 0
    block_write: int = 0
    cpu_total_ns: int = 0
    throttled_ns: int = 0
    cpus: int = 1
    net_rx_rate: float | None = None
    net_tx_rate: float | None = None
    block_read_rate: float | None = None
    block_write_rate: float | None = None

    @property
    def memory_percent(self) -> float | None:
        """Per cent of the limit, or None where there is none."""
        return 100.0 * self.memory / self.memory_limit if self.memory_limit else None


@dataclass(frozen=True, slots=True)
class Processes:
    """What ``top`` tells: column titles and one tuple of cells per process."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a one-shot exec ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a pull (or push, build): ``id`` is the layer, "" for a line about the whole."""

    id: str
    status: str
    current: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What the engine says of itself and its host."""

    id: str
    name: str
    kind: EngineKind
    version: str
    api_version: str
    os: str = ""
    os_type: str = ""
    kernel: str = ""
    architecture: str = ""
    cpus: int = 0
    memory: int = 0
    driver: str = ""
    cgroup_version: str = ""
    cgroup_driver: str = ""
    rootless: bool = False
    containers: int = 0
    running: int = 0
    paused: int = 0
    stopped: int = 0
    images: int = 0
    warnings: tuple[str, ...] = ()
    security_options: tuple[str, ...] = ()
    system_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """The engine's version and the API versions it speaks."""

    kind: EngineKind
    version: str
    api_version: str
    min_api_version: str = ""
    os: str = ""
    architecture: str = ""
    kernel: str = ""


@dataclass(frozen=True, slots=True)
class UsageItem:
    """Disk usage of one kind of object."""

    kind: str
    """``images``, ``containers``, ``volumes`` or ``build cache``."""
    count: int
    active: int
    size: int
    reclaimable: int


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """Disk usage by kind."""

    items: tuple[UsageItem, ...]

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(item.size for item in self.items)
