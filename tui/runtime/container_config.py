"""What a new container is to be: plain values that check themselves when they are made.

::

    config = ContainerConfig(
        "nginx:1.27",
        env={"TZ": "UTC"},
        ports=[PortSpec(80, host=8080, host_ip="127.0.0.1")],
        mounts=[MountSpec.bind("/srv/www", "/usr/share/nginx/html", read_only=True)],
        limits=Limits(cpus=0.5, memory="512m"),
        restart_policy="unless-stopped",
    )
    id = await runtime.container_run(config, name="web")
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from tui.runtime.errors import InvalidRequest
from tui.runtime.limits import Limits, memory_bytes, restart_policy
from tui.runtime.options import NAME, RestartPolicy, member

PROTOCOLS = ("tcp", "udp", "sctp")
_SHARED = re.compile(r"container:\S+", re.ASCII)
_SIGNAL = re.compile(r"(?:SIG)?[A-Z]+[0-9]*(?:[+-][0-9]+)?|[0-9]{1,3}", re.IGNORECASE | re.ASCII)
_MODES: Mapping[str, tuple[str, ...]] = {
    "network_mode": ("host", "none", "bridge"),
    "pid_mode": ("host",),
    "ipc_mode": ("host", "none", "private", "shareable"),
}


def _tuples(value: object, *names: str) -> None:
    """Keep lists as tuples: a frozen value holds nothing that can change. A lone string would fall into letters."""
    for name in names:
        given = getattr(value, name)
        if isinstance(given, str):
            raise InvalidRequest(f"{name} is a list of words, not {given!r}")
        if given is not None:
            object.__setattr__(value, name, tuple(given))


def _mappings(value: object, *names: str) -> None:
    """Keep copies of mappings that nobody can change."""
    for name in names:
        object.__setattr__(value, name, MappingProxyType(dict(getattr(value, name))))


def check_ip(text: str, version: int = 0) -> None:
    """Check an address.

    Raises:
        InvalidRequest: when it is none, or of another version of IP than asked for (0: any).
    """
    try:
        found = ipaddress.ip_address(text)
    except ValueError as exc:
        raise InvalidRequest(f"not an IP address: {text!r}") from exc
    if version and found.version != version:
        raise InvalidRequest(f"not an IPv{version} address: {text!r}")


class MountKind(StrEnum):
    """What is mounted into a container."""

    BIND = "bind"
    VOLUME = "volume"
    TMPFS = "tmpfs"

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise member(cls, value, "a kind of mount")


@dataclass(frozen=True, slots=True)
class PortSpec:
    """A port of the container that the host publishes.

    Attributes:
        container: The port inside.
        host: The port outside; 0 lets the engine choose one.
        host_ip: The host's address it is published on; "" for all of them.
        protocol: ``tcp``, ``udp`` or ``sctp``.
    """

    container: int
    host: int = 0
    host_ip: str = ""
    protocol: str = "tcp"

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InvalidRequest: when one is no port, address or protocol.
        """
        if not 0 < self.container <= 0xFFFF:
            raise InvalidRequest(f"not a port: {self.container}")
        if not 0 <= self.host <= 0xFFFF:
            raise InvalidRequest(f"not a port: {self.host}")
        if self.protocol not in PROTOCOLS:
            raise InvalidRequest(f"not a protocol: {self.protocol!r}", hint=f"One of {', '.join(PROTOCOLS)}")
        if self.host_ip:
            check_ip(self.host_ip)


@dataclass(frozen=True, slots=True)
class MountSpec:
    """Something mounted into the container; best made by `bind`, `volume` or `tmpfs`.

    Attributes:
        target: The absolute path inside.
        kind: Where it comes from.
        source: The host's absolute path of a bind (it has to exist), the name of a volume ("" makes an anonymous one).
        read_only: Whether the container may not write to it.
        size: Bytes of a tmpfs at most (``64m`` is accepted); None for the engine's own limit.
        no_copy: Whether a new volume stays empty, instead of being filled with what the image has at `target`.
    """

    target: str
    kind: MountKind | str = MountKind.VOLUME
    source: str = ""
    read_only: bool = False
    size: int | str | None = None
    no_copy: bool = False

    def __post_init__(self) -> None:
        """Check that the parts go together.

        Raises:
            InvalidRequest: when they do not.
        """
        kind = MountKind(self.kind)
        object.__setattr__(self, "kind", kind)
        if not self.target.startswith("/"):
            raise InvalidRequest(f"not an absolute path in the container: {self.target!r}")
        if kind is MountKind.BIND and not self.source.startswith("/"):
            raise InvalidRequest(f"not an absolute path on the host: {self.source!r}")
        if kind is MountKind.VOLUME and self.source and not NAME.fullmatch(self.source):
            raise InvalidRequest(f"not the name of a volume: {self.source!r}")
        if kind is MountKind.TMPFS and self.source:
            raise InvalidRequest("a tmpfs has no source")
        if self.no_copy and kind is not MountKind.VOLUME:
            raise InvalidRequest("no_copy is for volumes")
        if self.size is not None:
            if kind is not MountKind.TMPFS:
                raise InvalidRequest("only a tmpfs has a size")
            object.__setattr__(self, "size", memory_bytes(self.size))

    @classmethod
    def bind(cls, source: str, target: str, *, read_only: bool = False) -> MountSpec:
        """A path of the host."""
        return cls(target, MountKind.BIND, source, read_only)

    @classmethod
    def volume(cls, source: str, target: str, *, read_only: bool = False, no_copy: bool = False) -> MountSpec:
        """A volume by name, made if there is none; an anonymous one for ""."""
        return cls(target, MountKind.VOLUME, source, read_only, no_copy=no_copy)

    @classmethod
    def tmpfs(cls, target: str, *, size: int | str | None = None) -> MountSpec:
        """Memory that is gone with the container."""
        return cls(target, MountKind.TMPFS, size=size)


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A network that the container is on.

    Attributes:
        name: Its name or id.
        aliases: Further names that others on it find the container by.
        ip: A fixed IPv4 address; "" for any.
        ipv6: A fixed IPv6 address; "" for any.
    """

    name: str
    aliases: Sequence[str] = ()
    ip: str = ""
    ipv6: str = ""

    def __post_init__(self) -> None:
        """Check name and addresses.

        Raises:
            InvalidRequest: when one is none.
        """
        _tuples(self, "aliases")
        if not self.name.strip():
            raise InvalidRequest("a network without a name")
        if self.ip:
            check_ip(self.ip, 4)
        if self.ipv6:
            check_ip(self.ipv6, 6)


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How the engine finds out whether a container is well. Durations are seconds; None takes the engine's default.

    Attributes:
        command: The words to run inside, or one string for its shell; exit code 0 is well. () turns off the
            image's own check.
        interval: Between two runs.
        timeout: After which a run has failed.
        retries: How many failures in a row make the container unhealthy.
        start_period: At the start, in which failures do not count.
    """

    command: Sequence[str] | str
    interval: float | None = None
    timeout: float | None = None
    retries: int | None = None
    start_period: float | None = None

    def __post_init__(self) -> None:
        """Check command and durations.

        Raises:
            InvalidRequest: when one makes no sense.
        """
        if not isinstance(self.command, str):
            _tuples(self, "command")
        if self.command and not self.command[0].strip():
            raise InvalidRequest("an empty command for the health check")
        for name in ("interval", "timeout", "start_period"):
            seconds = getattr(self, name)
            # Engines refuse what is shorter than a millisecond, and take 0 for their default.
            if seconds is not None and not (math.isfinite(seconds) and seconds >= 0.001):
                raise InvalidRequest(f"not a duration for the health check's {name}: {seconds}")
        if self.retries is not None and self.retries < 1:
            raise InvalidRequest(f"a health check with {self.retries} retries")


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """What a new container is to be. Lists may be given for any sequence, and are kept as tuples.

    Attributes:
        image: Its image, which has to be there: nothing is pulled.
        command: The arguments; () takes the image's.
        shell: A line for ``/bin/sh -c`` instead of `command`.
        entrypoint: The program before the arguments; None takes the image's, () takes none, and wants a command.
        env: Variables.
        labels: Labels.
        ports: Ports that are published.
        exposed: Ports that are only declared, as ``80/tcp``.
        publish_all: Whether every exposed port is published on one that the engine chooses.
        mounts: Binds, volumes and tmpfs.
        working_dir: Where it starts.
        user: Who it runs as: name, uid, ``uid:gid``.
        hostname: Its host name; "" for its short id.
        limits: What it may use.
        restart_policy: When the engine starts it again.
        restart_retries: How often at most, with ``on-failure``; 0 for no limit.
        networks: The networks it is on; the first one is its default route. () for the engine's default network.
        network_mode: ``host``, ``none``, ``bridge``, or ``container:<id>`` to share another's; not beside `networks`.
        pid_mode: ``host``, or ``container:<id>`` to see another's processes.
        ipc_mode: ``host``, ``none``, ``private``, ``shareable``, or ``container:<id>``.
        extra_hosts: Names for its hosts file, each with an address or ``host-gateway``.
        health: Its health check; None takes the image's.
        stop_signal: What asks it to stop; "" for the image's, SIGTERM by default.
        stop_timeout: Seconds until it is killed after that; None for the engine's 10.
        auto_remove: Whether the engine removes it, and its anonymous volumes, as soon as it stops.
        tty: Whether it has a terminal.
        stdin_open: Whether its input stays open for somebody to attach.
        init: Whether a small init is its first process, which reaps and forwards signals.
        privileged: Whether it may do what the host's root may.
        read_only: Whether its own file system cannot be written.
        cap_add: Capabilities it has beyond the engine's default.
        cap_drop: Capabilities taken from it.
    """

    image: str
    command: Sequence[str] = ()
    shell: str = ""
    entrypoint: Sequence[str] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    ports: Sequence[PortSpec] = ()
    exposed: Sequence[str] = ()
    publish_all: bool = False
    mounts: Sequence[MountSpec] = ()
    working_dir: str = ""
    user: str = ""
    hostname: str = ""
    limits: Limits = field(default_factory=Limits)
    restart_policy: RestartPolicy | str = RestartPolicy.NO
    restart_retries: int = 0
    networks: Sequence[NetworkSpec] = ()
    network_mode: str = ""
    pid_mode: str = ""
    ipc_mode: str = ""
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    health: HealthCheck | None = None
    stop_signal: str = ""
    stop_timeout: int | None = None
    auto_remove: bool = False
    tty: bool = False
    stdin_open: bool = False
    init: bool = False
    privileged: bool = False
    read_only: bool = False
    cap_add: Sequence[str] = ()
    cap_drop: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Check every option, and that they go together.

        Raises:
            InvalidRequest: naming the first that does not.
        """
        _tuples(self, "command", "entrypoint", "ports", "exposed", "mounts", "networks", "cap_add", "cap_drop")
        _mappings(self, "env", "labels", "extra_hosts")
        object.__setattr__(self, "restart_policy", RestartPolicy(self.restart_policy))
        if not self.image.strip():
            raise InvalidRequest("a container without an image")
        self._check_command()
        self._check_names()
        self._check_networks()
        restart_policy(self.restart_policy, self.restart_retries)
        if self.auto_remove and self.restart_policy is not RestartPolicy.NO:
            raise InvalidRequest(f"auto_remove with the restart policy {self.restart_policy}")
        if self.stop_signal and not _SIGNAL.fullmatch(self.stop_signal):
            raise InvalidRequest(f"not a signal: {self.stop_signal!r}")
        if self.stop_timeout is not None and self.stop_timeout < -1:
            raise InvalidRequest(f"not a time-out: {self.stop_timeout}", hint="Seconds, or -1 to wait for ever")
        targets = [mount.target.rstrip("/") for mount in self.mounts]
        for target in targets:
            if targets.count(target) > 1:
                raise InvalidRequest(f"two mounts at {target or '/'}")

    def _check_command(self) -> None:
        if self.shell and self.command:
            raise InvalidRequest("a command and a line for the shell")
        if self.command and not self.command[0]:
            raise InvalidRequest("an empty command")
        if self.entrypoint is not None:
            if self.entrypoint and not self.entrypoint[0]:
                raise InvalidRequest("an empty entrypoint")
            if not self.entrypoint and not (self.command or self.shell):
                raise InvalidRequest("no entrypoint and no command")
        if self.working_dir and not self.working_dir.startswith("/"):
            raise InvalidRequest(f"not an absolute path in the container: {self.working_dir!r}")

    def _check_names(self) -> None:
        for name in self.env:
            if not name or "=" in name or "\0" in name:
                raise InvalidRequest(f"not the name of a variable: {name!r}")
        for name in self.labels:
            if not name:
                raise InvalidRequest("a label without a name")
        for port in self.exposed:
            number, _, protocol = port.partition("/")
            PortSpec(int(number) if number.isascii() and number.isdigit() else 0, protocol=protocol or "tcp")
        for name, address in self.extra_hosts.items():
            if not name or ":" in name:
                raise InvalidRequest(f"not a host name: {name!r}")
            if address != "host-gateway":
                check_ip(address)

    def _check_networks(self) -> None:
        for name, known in _MODES.items():
            mode = getattr(self, name)
            if mode and mode not in known and not _SHARED.fullmatch(mode):
                raise InvalidRequest(
                    f"no such {name}: {mode!r}", hint=f"One of {', '.join(known)}, or container:<id or name>"
                )
        if self.network_mode and self.networks:
            raise InvalidRequest(f"networks beside the network mode {self.network_mode}")
        names = [network.name for network in self.networks]
        if len(set(names)) < len(names):
            raise InvalidRequest("the same network twice")
        if self.network_mode.startswith("container:") and (self.ports or self.hostname or self.extra_hosts):
            raise InvalidRequest(
                "ports, a host name or extra hosts with another container's network", hint="They are the other's."
            )
