"""A new container's configuration as the Engine API wants it."""

from __future__ import annotations

from typing import Any

from tui.runtime.container_config import ContainerConfig, HealthCheck, MountKind, MountSpec, NetworkSpec
from tui.runtime.limits import NANO, restart_policy

Json = dict[str, Any]


def container_body(config: ContainerConfig, *, networks: int | None = None) -> Json:
    """The body of ``POST /containers/create``.

    Args:
        config: What is wanted.
        networks: How many networks the engine can join at creation (before API 1.44: one); None for all.
    """
    body: Json = {"Image": config.image, "Labels": dict(config.labels), "HostConfig": _host(config)}
    if config.shell:
        body["Cmd"] = ["/bin/sh", "-c", config.shell]
    elif config.command:
        body["Cmd"] = list(config.command)
    if config.entrypoint is not None:
        # One empty word is how the API is told to drop the image's own; an empty list would keep its arguments.
        body["Entrypoint"] = list(config.entrypoint) or [""]
    if config.env:
        body["Env"] = [f"{name}={value}" for name, value in config.env.items()]
    named = {
        "WorkingDir": config.working_dir,
        "User": config.user,
        "Hostname": config.hostname,
        "StopSignal": config.stop_signal,
    }
    body |= {name: value for name, value in named.items() if value}
    if config.stop_timeout is not None:
        body["StopTimeout"] = config.stop_timeout
    if config.tty:
        body["Tty"] = True
    if config.stdin_open:
        body |= {"OpenStdin": True, "AttachStdin": True}
    exposed = [port if "/" in port else f"{port}/tcp" for port in config.exposed]
    exposed += [f"{port.container}/{port.protocol}" for port in config.ports]
    if exposed:
        body["ExposedPorts"] = {port: {} for port in dict.fromkeys(exposed)}
    if config.health is not None:
        body["Healthcheck"] = _health(config.health)
    if config.networks:
        joined = config.networks[:networks]
        body["NetworkingConfig"] = {"EndpointsConfig": {network.name: endpoint(network) for network in joined}}
    return body


def endpoint(network: NetworkSpec) -> Json:
    """A container's place in a network, for create and connect."""
    settings: Json = {}
    if network.aliases:
        settings["Aliases"] = list(network.aliases)
    addresses = {"IPv4Address": network.ip, "IPv6Address": network.ipv6}
    if any(addresses.values()):
        settings["IPAMConfig"] = {name: address for name, address in addresses.items() if address}
    return settings


def _host(config: ContainerConfig) -> Json:
    host: Json = dict(config.limits.host_config())
    # Sent even when it is the default: an engine's own default can be another.
    host["RestartPolicy"] = restart_policy(config.restart_policy, config.restart_retries)
    if config.ports:
        bindings: dict[str, list[Json]] = {}
        for port in config.ports:
            binding = {"HostIp": port.host_ip, "HostPort": str(port.host) if port.host else ""}
            bindings.setdefault(f"{port.container}/{port.protocol}", []).append(binding)
        host["PortBindings"] = bindings
    if config.mounts:
        host["Mounts"] = [_mount(mount) for mount in config.mounts]
    if config.extra_hosts:
        host["ExtraHosts"] = [f"{name}:{address}" for name, address in config.extra_hosts.items()]
    mode = config.networks[0].name if config.networks else config.network_mode
    named = {"NetworkMode": mode, "PidMode": config.pid_mode, "IpcMode": config.ipc_mode}
    host |= {name: value for name, value in named.items() if value}
    flags = {
        "PublishAllPorts": config.publish_all,
        "AutoRemove": config.auto_remove,
        "Init": config.init,
        "Privileged": config.privileged,
        "ReadonlyRootfs": config.read_only,
    }
    host |= {name: True for name, value in flags.items() if value}
    lists = {"CapAdd": list(config.cap_add), "CapDrop": list(config.cap_drop)}
    host |= {name: value for name, value in lists.items() if value}
    return host


def _mount(mount: MountSpec) -> Json:
    given: Json = {"Type": str(mount.kind), "Target": mount.target}
    if mount.source:
        given["Source"] = mount.source
    if mount.read_only:
        given["ReadOnly"] = True
    if mount.no_copy:
        given["VolumeOptions"] = {"NoCopy": True}
    if mount.kind is MountKind.TMPFS and mount.size is not None:
        given["TmpfsOptions"] = {"SizeBytes": mount.size}
    return given


def _health(check: HealthCheck) -> Json:
    if not check.command:
        return {"Test": ["NONE"]}
    shell = isinstance(check.command, str)
    given: Json = {"Test": ["CMD-SHELL", check.command] if shell else ["CMD", *check.command]}
    durations = {"Interval": check.interval, "Timeout": check.timeout, "StartPeriod": check.start_period}
    given |= {name: round(value * NANO) for name, value in durations.items() if value is not None}
    if check.retries is not None:
        given["Retries"] = check.retries
    return given
