"""The world in the Engine API's JSON: the shapes of dockerd 28 (API 1.47)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.demo.catalogue import digest
from tui.demo.clock import SECOND, human_duration, rfc3339
from tui.demo.objects import Container, Endpoint, Image, Json, Network, Volume

if TYPE_CHECKING:
    from tui.demo.world import World

ROOT = "/var/lib/docker"

_BRIDGE = {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    "com.docker.network.bridge.name": "docker0",
    "com.docker.network.driver.mtu": "1500",
}


def status_of(container: Container, now: int) -> str:
    """The words of `docker ps` for a state."""
    up = human_duration(now - container.started)
    ago = human_duration(now - container.finished)
    match container.state:
        case "running" if container.health is not None:
            health = container.health.status
            return f"Up {up} ({'health: starting' if health == 'starting' else health})"
        case "running":
            return f"Up {up}"
        case "paused":
            return f"Up {up} (Paused)"
        case "restarting":
            return f"Restarting ({container.exit_code}) {ago} ago"
        case "removing":
            return "Removal In Progress"
        case "dead":
            return "Dead"
        case "created":
            return "Created"
        case _:
            return f"Exited ({container.exit_code}) {ago} ago" if container.finished else ""


def endpoint_json(endpoint: Endpoint, names: list[str] | None) -> Json:
    """A container's place in a network."""
    prefix = int(endpoint.network.subnet.partition("/")[2] or 0) if endpoint.address else 0
    return {
        "IPAMConfig": {"IPv4Address": endpoint.wanted} if endpoint.wanted else None,
        "Links": None,
        "Aliases": endpoint.aliases or None,
        "MacAddress": endpoint.mac,
        "DriverOpts": None,
        "GwPriority": 0,
        "NetworkID": endpoint.network.id,
        "EndpointID": endpoint.id,
        "Gateway": endpoint.network.gateway if endpoint.address else "",
        "IPAddress": endpoint.address,
        "IPPrefixLen": prefix,
        "IPv6Gateway": "",
        "GlobalIPv6Address": "",
        "GlobalIPv6PrefixLen": 0,
        "DNSNames": names,
    }


def _bindings(container: Container) -> dict[str, list[Json] | None]:
    """Published ports as inspect shows them, while it runs."""
    if not container.running:
        return {}
    ports: dict[str, list[Json] | None] = dict.fromkeys(container.config.get("ExposedPorts") or {})
    for port, bindings in (container.host_config.get("PortBindings") or {}).items():
        found: list[Json] = []
        for number, binding in enumerate(bindings or []):
            # Nobody asked for a port: dockerd takes an ephemeral one.
            host_port = binding.get("HostPort") or str(32768 + int(container.id[:3], 16) + number)
            hosts = [binding["HostIp"]] if binding.get("HostIp") else ["0.0.0.0", "::"]
            found += [{"HostIp": host, "HostPort": host_port} for host in hosts]
        ports[port] = found
    return ports


def ports_json(container: Container) -> list[Json]:
    """Ports as the list shows them."""
    result: list[Json] = []
    for port, bindings in _bindings(container).items():
        number, _, protocol = port.partition("/")
        common = {"PrivatePort": int(number), "Type": protocol or "tcp"}
        if not bindings:
            result.append(common)
        result += [
            {"IP": binding["HostIp"], **common, "PublicPort": int(binding["HostPort"])} for binding in bindings or []
        ]
    return result


def summary(container: Container, now: int, *, size: bool = False) -> Json:
    """An entry of `/containers/json`."""
    # An image that lost its tag is shown by its id, as dockerd does.
    tagged = container.image_name in container.image.tags or f"{container.image_name}:latest" in container.image.tags
    entry: Json = {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": container.image_name if tagged else container.image.id,
        "ImageID": container.image.id,
        "Command": " ".join(container.command),
        "Created": container.created // SECOND,
        "Ports": ports_json(container),
        "Labels": container.labels,
        "State": container.state,
        "Status": status_of(container, now),
        "HostConfig": {"NetworkMode": container.host_config["NetworkMode"]},
        "NetworkSettings": {"Networks": {n: endpoint_json(e, None) for n, e in container.endpoints.items()}},
        "Mounts": container.mounts,
    }
    if size:
        if container.size_rw:
            entry["SizeRw"] = container.size_rw
        entry["SizeRootFs"] = container.image.size + container.size_rw
    return entry


def inspect(container: Container, world: World, *, size: bool = False) -> Json:
    """`/containers/{id}/json`."""
    folder = f"{ROOT}/containers/{container.id}"
    ever = bool(container.started)
    state: Json = {
        "Status": container.state,
        "Running": container.state in ("running", "paused", "restarting"),
        "Paused": container.state == "paused",
        "Restarting": container.state == "restarting",
        "OOMKilled": container.oom_killed,
        "Dead": container.state == "dead",
        "Pid": container.pid,
        "ExitCode": container.exit_code,
        "Error": container.error,
        "StartedAt": rfc3339(container.started),
        "FinishedAt": rfc3339(container.finished),
    }
    if container.health is not None:
        health = container.health
        state["Health"] = {"Status": health.status, "FailingStreak": health.streak, "Log": list(health.log)}
    execs = [id for id, command in world.execs.items() if command.container is container and command.running]
    command = container.command
    bridge = container.endpoints.get("bridge")
    address = endpoint_json(bridge, None) if bridge else {}
    result: Json = {
        "Id": container.id,
        "Created": rfc3339(container.created),
        "Path": command[0] if command else "",
        "Args": command[1:],
        "State": state,
        "Image": container.image.id,
        "ResolvConfPath": f"{folder}/resolv.conf" if ever else "",
        "HostnamePath": f"{folder}/hostname" if ever else "",
        "HostsPath": f"{folder}/hosts" if ever else "",
        "LogPath": f"{folder}/{container.id}-json.log" if ever else "",
        "Name": f"/{container.name}",
        "RestartCount": container.restarts,
        "Driver": "overlay2",
        "Platform": "linux",
        "MountLabel": "",
        "ProcessLabel": "",
        "AppArmorProfile": "docker-default",
        "ExecIDs": execs or None,
        "HostConfig": container.host_config,
        "GraphDriver": _graph(container.id),
        "Mounts": container.mounts,
        "Config": container.config,
        "NetworkSettings": {
            "Bridge": "",
            "SandboxID": digest("sandbox", container.id) if container.running else "",
            "SandboxKey": f"/var/run/docker/netns/{container.id[:12]}" if container.running else "",
            "Ports": _bindings(container),
            "HairpinMode": False,
            "LinkLocalIPv6Address": "",
            "LinkLocalIPv6PrefixLen": 0,
            "SecondaryIPAddresses": None,
            "SecondaryIPv6Addresses": None,
            "EndpointID": address.get("EndpointID", ""),
            "Gateway": address.get("Gateway", ""),
            "GlobalIPv6Address": "",
            "GlobalIPv6PrefixLen": 0,
            "IPAddress": address.get("IPAddress", ""),
            "IPPrefixLen": address.get("IPPrefixLen", 0),
            "IPv6Gateway": "",
            "MacAddress": address.get("MacAddress", ""),
            "Networks": {
                name: endpoint_json(endpoint, [container.name, *endpoint.aliases, container.id[:12]] if ever else None)
                for name, endpoint in container.endpoints.items()
            },
        },
    }
    if size:
        result["SizeRw"] = container.size_rw
        result["SizeRootFs"] = container.image.size + container.size_rw
    return result


def _graph(identity: str) -> Json:
    folder = f"{ROOT}/overlay2/{digest('overlay', identity)}"
    data = {
        "LowerDir": f"{folder}-init/diff",
        "MergedDir": f"{folder}/merged",
        "UpperDir": f"{folder}/diff",
        "WorkDir": f"{folder}/work",
    }
    if not identity.startswith("sha256:"):
        data["ID"] = identity  # containers only
    return {"Data": data, "Name": "overlay2"}


def image_summary(image: Image, *, containers: int = -1, shared: int = -1) -> Json:
    """An entry of `/images/json`."""
    return {
        "Containers": containers,
        "Created": image.created // SECOND,
        "Id": image.id,
        "Labels": image.config.get("Labels"),
        "ParentId": "",
        "RepoDigests": image.digests,
        "RepoTags": image.tags,
        "SharedSize": shared,
        "Size": image.size,
    }


def image_inspect(image: Image) -> Json:
    """`/images/{name}/json`."""
    return {
        "Id": image.id,
        "RepoTags": image.tags,
        "RepoDigests": image.digests,
        "Parent": "",
        "Comment": image.steps[-1].comment,
        "Created": rfc3339(image.created),
        "DockerVersion": "",
        "Author": image.author,
        "Config": image.config,
        "Architecture": "amd64",
        "Os": "linux",
        "Size": image.size,
        "GraphDriver": _graph(image.id),
        "RootFS": {"Type": "layers", "Layers": image.layers},
        "Metadata": {"LastTagTime": rfc3339(image.tagged)},
    }


def image_history(image: Image) -> list[Json]:
    """`/images/{name}/history`: newest first, with an id only for the newest."""
    return [
        {
            "Comment": step.comment,
            "Created": step.created // SECOND,
            "CreatedBy": step.created_by,
            "Id": "<missing>" if index else image.id,
            "Size": step.size,
            "Tags": None if index else (image.tags or None),
        }
        for index, step in enumerate(reversed(image.steps))
    ]


def network_json(network: Network, world: World, *, details: bool) -> Json:
    """A network; only inspect (`details`) tells its containers."""
    members: Json = {}
    if details:
        for container in world.containers.values():
            endpoint = container.endpoints.get(network.name)
            if endpoint is not None and endpoint.id:
                length = network.subnet.partition("/")[2]
                members[container.id] = {
                    "Name": container.name,
                    "EndpointID": endpoint.id,
                    "MacAddress": endpoint.mac,
                    "IPv4Address": f"{endpoint.address}/{length}" if endpoint.address else "",
                    "IPv6Address": "",
                }
    config = network.ipam or ([{"Subnet": network.subnet, "Gateway": network.gateway}] if network.subnet else None)
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": rfc3339(network.created),
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv4": True,
        "EnableIPv6": network.ipv6,
        "IPAM": {"Driver": "default", "Options": None, "Config": config},
        "Internal": network.internal,
        "Attachable": network.attachable,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": members,
        "Options": _BRIDGE if network.name == "bridge" else network.options,
        "Labels": network.labels,
    }


def volume_json(volume: Volume, *, references: int | None = None) -> Json:
    """A volume; its usage only for `/system/df`."""
    entry: Json = {
        "CreatedAt": rfc3339(volume.created // SECOND * SECOND),
        "Driver": "local",
        "Labels": volume.labels,
        "Mountpoint": f"{ROOT}/volumes/{volume.name}/_data",
        "Name": volume.name,
        "Options": volume.options or None,
        "Scope": "local",
    }
    if references is not None:
        entry["UsageData"] = {"RefCount": references, "Size": volume.size}
    return entry
