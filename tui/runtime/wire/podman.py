"""Podman's own (libpod) JSON, and what its answers in Docker's shape hold in other words.

Written against Podman 4.3, 5.4 and 5.8. Tolerant, as the decoders of the Engine API are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from tui.runtime.models import (
    Container,
    ContainerId,
    ContainerState,
    DiskUsage,
    Event,
    EventType,
    Health,
    ImageId,
    Labels,
    Port,
    Stats,
    UsageItem,
    parse_enum,
)
from tui.runtime.wire.decode_containers import event
from tui.runtime.wire.stats import cpu_percent, rate, seconds_between
from tui.runtime.wire.times import from_unix, parse_time
from tui.runtime.wire.values import Raw, inner, inners, known, labels, number, text, texts

_STATES = {
    "configured": ContainerState.CREATED,
    "initialized": ContainerState.CREATED,
    "stopping": ContainerState.RUNNING,
    "stopped": ContainerState.EXITED,
}
_HEALTH_WORDS = {
    Health.HEALTHY: " (healthy)",
    Health.UNHEALTHY: " (unhealthy)",
    Health.STARTING: " (health: starting)",
}
_HOUR, _DAY, _WEEK = 3600, 86_400, 604_800
_DIGEST_LENGTH = 64
# A port range of a container can be all of them; more rows than this are no help to anybody.
_RANGE_LIMIT = 1000

# Podman's words for what Docker calls otherwise, by the type of object. One `exec` is both of Docker's events: the
# process is registered and started at once.
_ACTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "container": {
        "died": ("die",),
        "remove": ("destroy",),
        "exec": ("exec_create", "exec_start"),
        "exec_died": ("exec_die",),
    },
    "image": {"remove": ("delete",), "loadfromarchive": ("load",)},
    "volume": {"remove": ("destroy",)},
    "network": {"remove": ("destroy",)},
    "pod": {"remove": ("destroy",)},
}
_TYPES = {"system": "daemon"}
_WITH_EXIT_CODE = frozenset({"die", "exec_die"})


def image_id(id: str) -> ImageId:
    """An image id as Docker writes it: libpod leaves the algorithm out."""
    return ImageId(f"sha256:{id}" if len(id) == _DIGEST_LENGTH and ":" not in id else id)


def container(raw: Raw, now: datetime) -> Container:
    """One row of ``GET /libpod/containers/json``.

    The status text, which libpod leaves to its client, is written in Docker's words as of `now`. Addresses and the
    sources of mounts are not in the answer.
    """
    names = texts(raw, "Names")
    word = text(raw, "State").lower()
    state = _STATES.get(word) or parse_enum(ContainerState, word)
    health = parse_enum(Health, status.lower()) if (status := text(raw, "Status")) else Health.NONE
    ended = state in (ContainerState.EXITED, ContainerState.DEAD)
    sizes = inner(raw, "Size")
    return Container(
        id=ContainerId(text(raw, "Id")),
        name=names[0] if names else text(raw, "Id")[:12],
        state=state,
        image=text(raw, "Image"),
        image_id=image_id(text(raw, "ImageID")),
        command=" ".join(texts(raw, "Command")),
        created=parse_time(raw.get("Created")) or from_unix(raw.get("Created")),
        status=_status(raw, state, health, now),
        health=health,
        exit_code=number(raw, "ExitCode") if ended else None,
        ports=(*_published(raw), *_exposed(raw)),
        labels=labels(raw, "Labels"),
        networks=texts(raw, "Networks"),
        size_rw=known(sizes, "rwSize"),
        size_root_fs=known(sizes, "rootFsSize"),
        names=names,
    )


def events(raw: Raw) -> tuple[Event, ...]:
    """One message of ``GET /events`` as Docker would have told it: one event, or two for an exec."""
    kind = text(raw, "Type")
    said = event({**raw, "Type": _TYPES.get(kind, kind)})
    actions = _ACTIONS.get(kind, {}).get(said.action, (said.action,))
    actor = _actor(said)
    return tuple(
        Event(
            type=said.type,
            action=action,
            actor_id=actor,
            attributes=_attributes(said.attributes, action),
            time=said.time,
            time_ns=said.time_ns,
            scope=said.scope,
            detail=said.detail or _health_detail(raw, said.attributes, action),
        )
        for action in actions
    )


class EventReader:
    """Reads one event stream: `events`, and of health checks only those whose result differs from the one before.

    Podman tells of each check, of 100 containers with an interval of 5 s 20 times a second; Docker of changes.
    """

    def __init__(self) -> None:
        """Nothing is known yet: the first check of each container is told."""
        self._healths: dict[str, str] = {}

    def read(self, raw: Raw) -> tuple[Event, ...]:
        """The events of one message."""
        found = events(raw)
        for one in found:
            if one.type is not EventType.CONTAINER or one.action.startswith("exec_"):
                continue
            if one.action != "health_status":
                # It starts, ends or goes: whatever its next check says is news.
                self._healths.pop(one.actor_id, None)
            elif self._healths.get(one.actor_id) == one.detail:
                return ()
            else:
                self._healths[one.actor_id] = one.detail
        return found


def actions_of(action: str) -> tuple[str, ...]:
    """What an event filter has to name for Docker's `action`: that, and Podman's words for it."""
    podman = {word for table in _ACTIONS.values() for word, docker in table.items() if action in docker}
    return (action, *sorted(podman))


class StatsDecoder:
    """Makes samples of one container's messages of ``GET /libpod/containers/stats``."""

    def __init__(self) -> None:
        """Start without an earlier sample."""
        self._last: Stats | None = None
        self._last_clock = 0

    def decode(self, raw: Raw) -> Stats:
        """One report. Its own CPU figure is not used: the first is the average since the container's start."""
        last = self._last
        total, clock = number(raw, "CPUNano"), number(raw, "SystemNano")
        time = from_unix(clock / 1e9)
        seconds = seconds_between(last.time if last is not None else None, time)
        received, sent = _traffic(raw)
        read, written = number(raw, "BlockInput"), number(raw, "BlockOutput")
        per_cpu = raw.get("PerCPU")
        sample = Stats(
            id=text(raw, "ContainerID"),
            time=time,
            # SystemNano is the clock on the wall: one second of one core is a second of it.
            cpu_percent=None if last is None else cpu_percent(total - last.cpu_total_ns, clock - self._last_clock, 1),
            memory=number(raw, "MemUsage"),
            memory_limit=number(raw, "MemLimit"),
            pids=number(raw, "PIDs"),
            net_rx=received,
            net_tx=sent,
            block_read=read,
            block_write=written,
            cpu_total_ns=total,
            cpus=len(per_cpu) if isinstance(per_cpu, list) and per_cpu else 1,
            net_rx_rate=rate(last.net_rx, received, seconds) if last is not None else None,
            net_tx_rate=rate(last.net_tx, sent, seconds) if last is not None else None,
            block_read_rate=rate(last.block_read, read, seconds) if last is not None else None,
            block_write_rate=rate(last.block_write, written, seconds) if last is not None else None,
        )
        self._last, self._last_clock = sample, clock
        return sample


def report(raw: Raw) -> Raw | None:
    """The container's report in a message of the stats stream; None once it does not run, or is gone.

    Podman goes on with reports of nothing for the one, and with an error (whose text it loses) for the other.
    """
    found = next(inners(raw, "Stats"), None)
    return found if found is not None and (number(found, "PIDs") or number(found, "CPUNano")) else None


def disk_usage(raw: Raw) -> DiskUsage:
    """The answer of ``GET /libpod/system/df``. Podman keeps no build cache apart from its images."""
    images = {text(image, "ImageID"): image for image in inners(raw, "Images")}.values()
    unused = [image for image in images if not number(image, "Containers")]
    total = number(raw, "ImagesSize") or _sum(images, "UniqueSize")
    containers = list(inners(raw, "Containers"))
    active = [item for item in containers if text(item, "Status") in ("running", "paused", "stopping")]
    written = _sum(containers, "RWSize")
    volumes = list(inners(raw, "Volumes"))
    return DiskUsage(
        (
            UsageItem("images", len(images), len(images) - len(unused), total, min(total, _sum(unused, "UniqueSize"))),
            UsageItem("containers", len(containers), len(active), written, written - _sum(active, "RWSize")),
            UsageItem(
                "volumes",
                len(volumes),
                sum(number(volume, "Links") > 0 for volume in volumes),
                _sum(volumes, "Size"),
                _sum(volumes, "ReclaimableSize"),
            ),
            UsageItem("build cache", 0, 0, 0, 0),
        )
    )


def span(seconds: float) -> str:
    """A length of time in the words of Docker's status texts."""
    whole = max(0, int(seconds))
    if whole < 1:
        return "Less than a second"
    if whole < 60:
        return "1 second" if whole == 1 else f"{whole} seconds"
    if whole < 120:
        return "About a minute"
    if whole < _HOUR:
        return f"{whole // 60} minutes"
    hours = int(seconds / _HOUR + 0.5)
    if hours == 1:
        return "About an hour"
    if hours < 48:
        return f"{hours} hours"
    if hours < 24 * 7 * 2:
        return f"{whole // _DAY} days"
    if hours < 24 * 30 * 2:
        return f"{whole // _WEEK} weeks"
    if hours < 24 * 365 * 2:
        return f"{whole // (_DAY * 30)} months"
    return f"{whole // (_DAY * 365)} years"


def _status(raw: Raw, state: ContainerState, health: Health, now: datetime) -> str:
    if state in (ContainerState.RUNNING, ContainerState.PAUSED):
        up = f"Up {_since(from_unix(raw.get('StartedAt')), now)}"
        return f"{up} (Paused)" if state is ContainerState.PAUSED else up + _HEALTH_WORDS.get(health, "")
    if state is ContainerState.EXITED:
        return f"Exited ({number(raw, 'ExitCode')}) {_since(from_unix(raw.get('ExitedAt')), now)} ago"
    return text(raw, "State").capitalize() if state is ContainerState.UNKNOWN else state.value.capitalize()


def _since(moment: datetime | None, now: datetime) -> str:
    return span((now.astimezone(UTC) - moment).total_seconds() if moment is not None else 0)


def _published(raw: Raw) -> Iterable[Port]:
    for port in inners(raw, "Ports"):
        private, public = number(port, "container_port"), number(port, "host_port")
        for protocol in (text(port, "protocol") or "tcp").split(","):
            for step in range(min(max(1, number(port, "range")), _RANGE_LIMIT)):
                yield Port(private + step, protocol, public + step if public else None, text(port, "host_ip"))


def _exposed(raw: Raw) -> Iterable[Port]:
    """Ports that are only exposed; since Podman 5.0."""
    published = {(port.private, port.protocol) for port in _published(raw)}
    exposed = inner(raw, "ExposedPorts")
    for private in exposed:
        for protocol in texts(exposed, private):
            if private.isdecimal() and (int(private), protocol) not in published:
                yield Port(int(private), protocol)


def _actor(said: Event) -> str:
    """Volumes come without an id. Images say "delete" also when they only lose a name: it is that, and not the id."""
    name = said.attributes.get("name", "")
    if said.type is not EventType.IMAGE:
        return said.actor_id or name
    return name if said.action in ("delete", "remove") and name else image_id(said.actor_id)


def _attributes(given: Labels, action: str) -> Labels:
    """The attributes with Docker's `exitCode`; Podman writes its own name for it, and a 0 into every event."""
    if "containerExitCode" not in given:
        return given
    kept = {name: value for name, value in given.items() if name != "containerExitCode"}
    if action in _WITH_EXIT_CODE:
        kept.setdefault("exitCode", given["containerExitCode"])
    return kept


def _health_detail(raw: Raw, attributes: Labels, action: str) -> str:
    if action != "health_status":
        return ""
    return text(raw, "HealthStatus") or text(raw, "health_status") or attributes.get("health_status", "")


def _traffic(raw: Raw) -> tuple[int, int]:
    """Bytes received and sent: two sums up to Podman 4, one record for each interface since."""
    networks = inner(raw, "Network")
    if not networks:
        return number(raw, "NetInput"), number(raw, "NetOutput")
    interfaces = [inner(networks, name) for name in networks]
    return sum(number(one, "RxBytes") for one in interfaces), sum(number(one, "TxBytes") for one in interfaces)


def _sum(items: Iterable[Raw], key: str) -> int:
    return sum(known(item, key) or 0 for item in items)
