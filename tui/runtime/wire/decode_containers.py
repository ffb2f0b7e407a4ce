"""Containers, events and processes from the Engine API's JSON. Tolerant: engines differ, and they grow."""

from __future__ import annotations

import re

from tui.runtime.models import (
    Container,
    ContainerDetail,
    ContainerId,
    ContainerState,
    Event,
    EventType,
    Health,
    HealthProbe,
    ImageId,
    Mount,
    NetworkAttachment,
    Port,
    Processes,
    parse_enum,
)
from tui.runtime.wire.times import from_unix, parse_time
from tui.runtime.wire.values import Raw, flag, inner, inners, known, labels, number, text, texts

_EXITED = re.compile(r"(?:Exited|Restarting|Dead) \((-?\d+)\)")
_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_STATE_WORDS = {
    "up": ContainerState.RUNNING,
    "exited": ContainerState.EXITED,
    "created": ContainerState.CREATED,
    "restarting": ContainerState.RESTARTING,
    "removal": ContainerState.REMOVING,
    "dead": ContainerState.DEAD,
}


def container(raw: Raw) -> Container:
    """One row of ``GET /containers/json``."""
    names = tuple(name.removeprefix("/") for name in texts(raw, "Names"))
    status = text(raw, "Status")
    found = _EXITED.match(status)
    networks = inner(inner(raw, "NetworkSettings"), "Networks")
    return Container(
        id=ContainerId(text(raw, "Id")),
        # A link adds names with a slash inside; the container's own has none.
        name=next((name for name in names if "/" not in name), names[0] if names else text(raw, "Id")[:12]),
        state=_state(text(raw, "State"), status),
        image=text(raw, "Image"),
        image_id=ImageId(text(raw, "ImageID")),
        command=text(raw, "Command"),
        created=from_unix(raw.get("Created")),
        status=status,
        health=_health(raw, status),
        exit_code=int(found[1]) if found else None,
        ports=tuple(_port(port) for port in inners(raw, "Ports")),
        labels=labels(raw, "Labels"),
        networks=tuple(networks),
        ips=tuple(ip for name in networks if (ip := text(inner(networks, name), "IPAddress"))),
        mounts=tuple(text(mount, "Name") or text(mount, "Source") for mount in inners(raw, "Mounts")),
        size_rw=known(raw, "SizeRw"),
        size_root_fs=known(raw, "SizeRootFs"),
        names=names,
    )


def container_detail(raw: Raw) -> ContainerDetail:
    """The answer of ``GET /containers/{id}/json``."""
    state, config, host = inner(raw, "State"), inner(raw, "Config"), inner(raw, "HostConfig")
    network = inner(raw, "NetworkSettings")
    health = inner(state, "Health") or inner(state, "Healthcheck")
    started = parse_time(state.get("StartedAt"))
    now = _state(text(state, "Status"), "")
    return ContainerDetail(
        id=ContainerId(text(raw, "Id")),
        name=text(raw, "Name").removeprefix("/"),
        state=now,
        image=text(config, "Image"),
        image_id=ImageId(text(raw, "Image")),
        created=parse_time(raw.get("Created")),
        started_at=started,
        finished_at=parse_time(state.get("FinishedAt")),
        pid=number(state, "Pid"),
        # Before the first start and while it runs the engine says 0, which is no exit.
        exit_code=None if flag(state, "Running") or started is None else number(state, "ExitCode"),
        error=text(state, "Error"),
        oom_killed=flag(state, "OOMKilled"),
        restart_count=number(raw, "RestartCount"),
        restart_policy=text(inner(host, "RestartPolicy"), "Name"),
        health=_health_word(text(health, "Status")),
        health_log=tuple(_probe(item) for item in inners(health, "Log")),
        failing_streak=number(health, "FailingStreak"),
        auto_remove=flag(host, "AutoRemove"),
        tty=flag(config, "Tty"),
        open_stdin=flag(config, "OpenStdin"),
        entrypoint=texts(config, "Entrypoint"),
        command=texts(config, "Cmd"),
        env=texts(config, "Env"),
        working_dir=text(config, "WorkingDir"),
        user=text(config, "User"),
        hostname=text(config, "Hostname"),
        labels=labels(config, "Labels"),
        mounts=tuple(_mount(mount) for mount in inners(raw, "Mounts")),
        ports=_published(inner(network, "Ports")),
        networks=tuple(
            _attachment(name, inner(inner(network, "Networks"), name)) for name in inner(network, "Networks")
        ),
        network_mode=text(host, "NetworkMode"),
        log_driver=text(inner(host, "LogConfig"), "Type"),
        memory_limit=number(host, "Memory"),
        nano_cpus=number(host, "NanoCpus"),
        privileged=flag(host, "Privileged"),
        size_rw=known(raw, "SizeRw"),
        size_root_fs=known(raw, "SizeRootFs"),
        raw=raw,
    )


def event(raw: Raw) -> Event:
    """One message of ``GET /events``.

    ``Type``, ``Action`` and ``Actor`` only: the old ``status``, ``id`` and ``from`` are gone since API 1.52.
    """
    actor = inner(raw, "Actor")
    action, _, detail = text(raw, "Action").partition(": ")
    nanos = number(raw, "timeNano")
    return Event(
        type=parse_enum(EventType, raw.get("Type")),
        action=action,
        actor_id=text(actor, "ID"),
        attributes=labels(actor, "Attributes"),
        time=from_unix(nanos / 1e9 if nanos else raw.get("time")),
        time_ns=nanos or number(raw, "time") * 1_000_000_000,
        scope=text(raw, "scope") or "local",
        detail=detail.strip(),
    )


def processes(raw: Raw) -> Processes:
    """The answer of ``GET /containers/{id}/top``."""
    rows = raw.get("Processes")
    return Processes(
        titles=texts(raw, "Titles"),
        rows=tuple(tuple(str(cell) for cell in row) for row in rows if isinstance(row, list))
        if isinstance(rows, list)
        else (),
    )


def _state(word: str, status: str) -> ContainerState:
    """The state; from the status text where an old engine says nothing else."""
    if word:
        return parse_enum(ContainerState, word.lower())
    if "(Paused)" in status:
        return ContainerState.PAUSED
    return _STATE_WORDS.get(status.partition(" ")[0].lower(), ContainerState.UNKNOWN)


def _health(raw: Raw, status: str) -> Health:
    told = text(inner(raw, "Health"), "Status")  # API 1.52 and later
    if told:
        return _health_word(told)
    found = _HEALTH.search(status)
    return Health(found[1]) if found else Health.NONE


def _health_word(word: str) -> Health:
    return parse_enum(Health, word.lower()) if word else Health.NONE


def _port(raw: Raw) -> Port:
    return Port(
        private=number(raw, "PrivatePort"),
        protocol=text(raw, "Type") or "tcp",
        public=number(raw, "PublicPort") or None,
        host_ip=text(raw, "IP"),
    )


def _published(raw: Raw) -> tuple[Port, ...]:
    """Ports of an inspect answer: ``{"80/tcp": [{"HostIp": "", "HostPort": "8080"}], "81/tcp": null}``."""
    ports: list[Port] = []
    for key, bindings in raw.items():
        private, _, protocol = key.partition("/")
        if not private.isdecimal():
            continue
        bound = [item for item in bindings if isinstance(item, dict)] if isinstance(bindings, list) else []
        for binding in bound or ({},):
            public = text(binding, "HostPort")
            ports.append(
                Port(
                    private=int(private),
                    protocol=protocol or "tcp",
                    public=int(public) if public.isdecimal() else None,
                    host_ip=text(binding, "HostIp"),
                )
            )
    return tuple(ports)


def _mount(raw: Raw) -> Mount:
    return Mount(
        kind=text(raw, "Type"),
        source=text(raw, "Source"),
        destination=text(raw, "Destination"),
        mode=text(raw, "Mode"),
        read_write=raw.get("RW") is not False,
        name=text(raw, "Name"),
        driver=text(raw, "Driver"),
    )


def _probe(raw: Raw) -> HealthProbe:
    return HealthProbe(
        start=parse_time(raw.get("Start")),
        end=parse_time(raw.get("End")),
        exit_code=number(raw, "ExitCode"),
        output=text(raw, "Output"),
    )


def _attachment(name: str, raw: Raw) -> NetworkAttachment:
    return NetworkAttachment(
        name=name,
        network_id=text(raw, "NetworkID"),
        ip=text(raw, "IPAddress"),
        ipv6=text(raw, "GlobalIPv6Address"),
        gateway=text(raw, "Gateway"),
        mac=text(raw, "MacAddress"),
        aliases=texts(raw, "Aliases"),
    )
