"""Networks and volumes: lists, inspect, and everything that changes one."""

from __future__ import annotations

from collections.abc import Mapping

from tui.demo import present
from tui.demo.errors import ApiError
from tui.demo.events import labels_match
from tui.demo.filters import parse_filters
from tui.demo.http import Request, Response, json_response
from tui.demo.objects import Container, Endpoint, Json, Network, Volume
from tui.demo.server import Routes
from tui.demo.world import World

NETWORK_KEYS = frozenset(("id", "name", "driver", "label", "type", "scope", "dangling"))
PRUNE_KEYS = frozenset(("label", "label!", "until", "all"))
BUILT_IN = ("bridge", "host", "none")
DRIVERS = ("bridge", "macvlan", "ipvlan", "overlay")

Parameters = Mapping[str, str]


class NetworkApi:
    """The requests below `/networks`."""

    def __init__(self, world: World) -> None:
        """Answer about the networks of `world`."""
        self.world = world

    def routes(self) -> Routes:
        """What it answers."""
        return [
            ("GET", "/networks", self.list_networks),
            ("POST", "/networks/create", self.create),
            ("POST", "/networks/prune", self.prune),
            ("GET", "/networks/{id}", self.inspect),
            ("DELETE", "/networks/{id}", self.remove),
            ("POST", "/networks/{id}/connect", self.connect),
            ("POST", "/networks/{id}/disconnect", self.disconnect),
        ]

    async def list_networks(self, request: Request, parameters: Parameters) -> Response:
        """All networks; filters: id, name, driver, label, type, scope, dangling."""
        filters = parse_filters(request, NETWORK_KEYS)
        used = self._used()
        found = [
            present.network_json(network, self.world, details=False)
            for network in self.world.networks.values()
            if labels_match(network.labels, filters.get("label", []))
            and all(_network_fits(network, key, values, network.name in used) for key, values in filters.items())
        ]
        return json_response(found)

    def _used(self) -> set[str]:
        return {name for container in self.world.containers.values() for name in container.endpoints}

    async def inspect(self, request: Request, parameters: Parameters) -> Response:
        """One network with its containers."""
        return json_response(present.network_json(self.world.network(parameters["id"]), self.world, details=True))

    async def create(self, request: Request, parameters: Parameters) -> Response:
        """A new network."""
        body = request.json()
        name, driver = str(body.get("Name") or ""), str(body.get("Driver") or "bridge")
        if name in self.world.networks:
            raise ApiError(409, f"network with name {name} already exists")
        if driver not in DRIVERS:
            raise ApiError(404, f'could not find plugin {driver} in v1 plugin registry: plugin "{driver}" not found')
        network = self.world.add_network(name, driver=driver, labels=body.get("Labels") or {})
        network.internal = bool(body.get("Internal"))
        network.attachable = bool(body.get("Attachable"))
        network.ipv6 = bool(body.get("EnableIPv6"))
        network.options = dict(body.get("Options") or {})
        if config := (body.get("IPAM") or {}).get("Config"):
            network.use(list(config))
        return json_response({"Id": network.id, "Warning": ""}, 201)

    async def remove(self, request: Request, parameters: Parameters) -> Response:
        """Remove; not one that is built in or in use."""
        network = self.world.network(parameters["id"])
        if network.name in BUILT_IN:
            raise ApiError(403, f"{network.name} is a pre-defined network and cannot be removed")
        active = [
            f'name:"{container.name}" id:"{container.endpoints[network.name].id[:12]}"'
            for container in self.world.containers.values()
            if network.name in container.endpoints and container.endpoints[network.name].id
        ]
        if active:
            words = f"error while removing network: network {network.name} has active endpoints ({', '.join(active)})"
            raise ApiError(403, words)
        self._destroy(network)
        return Response(204)

    def _destroy(self, network: Network) -> None:
        del self.world.networks[network.name]
        attributes = {"name": network.name, "type": network.driver}
        self.world.events.publish(self.world.now(), "network", "destroy", network.id, attributes)

    async def prune(self, request: Request, parameters: Parameters) -> Response:
        """Remove those that no container is on."""
        filters = parse_filters(request, PRUNE_KEYS)
        used = self._used()
        gone = [
            network
            for network in self.world.networks.values()
            if network.name not in used
            and network.name not in BUILT_IN
            and labels_match(network.labels, filters.get("label", []))
        ]
        for network in gone:
            self._destroy(network)
        self.world.events.publish(self.world.now(), "network", "prune", "", {"reclaimed": "0"})
        return json_response({"NetworksDeleted": [network.name for network in gone] or None})

    async def connect(self, request: Request, parameters: Parameters) -> Response:
        """Put a container on a network."""
        body = request.json()
        container = self.world.container(str(body.get("Container") or ""))
        network = self.world.network(parameters["id"])
        there = container.endpoints.get(network.name)
        if there is not None and container.running:
            raise ApiError(403, f"endpoint with name {container.name} already exists in network {network.name}")
        endpoint = self.world.endpoint(network, body.get("EndpointConfig") or {})
        container.endpoints[network.name] = endpoint
        if container.running:
            self.world.life.attach(endpoint)
            self._event(container, endpoint, "connect")
        return Response(200)

    async def disconnect(self, request: Request, parameters: Parameters) -> Response:
        """Take a container off a network."""
        body = request.json()
        network = self.world.network(parameters["id"])
        reference = str(body.get("Container") or "")
        try:
            container = self.world.container(reference)
        except ApiError:
            if body.get("Force"):
                raise ApiError(404, f"endpoint {reference} not found") from None
            raise
        endpoint = container.endpoints.pop(network.name, None)
        if endpoint is None:
            # dockerd's own status for it.
            raise ApiError(500, f"container {container.id} is not connected to network {network.name}")
        if endpoint.id:
            self._event(container, endpoint, "disconnect")
        return Response(200)

    def _event(self, container: Container, endpoint: Endpoint, action: str) -> None:
        network = endpoint.network
        attributes = {"container": container.id, "name": network.name, "type": network.driver}
        self.world.events.publish(self.world.now(), "network", action, network.id, attributes)


class VolumeApi:
    """The requests below `/volumes`."""

    def __init__(self, world: World) -> None:
        """Answer about the volumes of `world`."""
        self.world = world

    def routes(self) -> Routes:
        """What it answers."""
        return [
            ("GET", "/volumes", self.list_volumes),
            ("POST", "/volumes/create", self.create),
            ("POST", "/volumes/prune", self.prune),
            ("GET", "/volumes/{name}", self.inspect),
            ("DELETE", "/volumes/{name}", self.remove),
        ]

    async def list_volumes(self, request: Request, parameters: Parameters) -> Response:
        """All volumes; filters: name, label, driver, dangling."""
        filters = parse_filters(request, frozenset(["name", "label", "driver", "dangling"]))
        result = []
        for volume in self.world.volumes.values():
            dangling = [value in ("1", "true") for value in filters.get("dangling", [])]
            if (
                labels_match(volume.labels or {}, filters.get("label", []))
                and (not filters.get("name") or any(part in volume.name for part in filters["name"]))
                and (not filters.get("driver") or "local" in filters["driver"])
                and (not dangling or (not self._users(volume)) in dangling)
            ):
                result.append(present.volume_json(volume))
        return json_response({"Volumes": result, "Warnings": None})

    def _users(self, volume: Volume) -> list[str]:
        return [
            container.id
            for container in self.world.containers.values()
            if any(mount.get("Name") == volume.name for mount in container.mounts)
        ]

    async def inspect(self, request: Request, parameters: Parameters) -> Response:
        """One volume."""
        return json_response(present.volume_json(self.world.volume(parameters["name"])))

    async def create(self, request: Request, parameters: Parameters) -> Response:
        """A new volume, or the one of that name as it is."""
        body = request.json()
        name, driver = str(body.get("Name") or ""), str(body.get("Driver") or "local")
        if driver != "local":
            words = f'create {name}: error looking up volume plugin {driver}: plugin "{driver}" not found'
            raise ApiError(404, words)
        new = name not in self.world.volumes
        volume = self.world.add_volume(name, labels=body.get("Labels"))
        if new:
            volume.options = dict(body.get("DriverOpts") or {})
        return json_response(present.volume_json(volume), 201)

    async def remove(self, request: Request, parameters: Parameters) -> Response:
        """Remove one that no container uses."""
        volume = self.world.volume(parameters["name"])
        if users := self._users(volume):
            raise ApiError(409, f"remove {volume.name}: volume is in use - [{', '.join(users)}]")
        self._destroy(volume)
        return Response(204)

    def _destroy(self, volume: Volume) -> None:
        del self.world.volumes[volume.name]
        self.world.events.publish(self.world.now(), "volume", "destroy", volume.name, {"driver": "local"})

    async def prune(self, request: Request, parameters: Parameters) -> Response:
        """Remove what no container uses: since API 1.42 anonymous ones only, unless `all` is asked for."""
        filters = parse_filters(request, PRUNE_KEYS)
        version = tuple(int(part) for part in request.version.split("."))
        everything = version < (1, 42) or any(value in ("1", "true") for value in filters.get("all", []))
        gone = [
            volume
            for volume in self.world.volumes.values()
            if not self._users(volume)
            and (everything or "com.docker.volume.anonymous" in (volume.labels or {}))
            and labels_match(volume.labels or {}, filters.get("label", []))
        ]
        for volume in gone:
            self._destroy(volume)
        size = sum(volume.size for volume in gone)
        self.world.events.publish(self.world.now(), "volume", "prune", "", {"reclaimed": str(size)})
        answer: Json = {"VolumesDeleted": [volume.name for volume in gone], "SpaceReclaimed": size}
        return json_response(answer)


def _network_fits(network: Network, key: str, values: list[str], used: bool) -> bool:
    builtin = network.name in BUILT_IN
    match key:
        case "id":
            return any(network.id.startswith(value) for value in values)
        case "name":
            return any(value in network.name for value in values)
        case "driver":
            return network.driver in values
        case "type":
            return ("builtin" if builtin else "custom") in values
        case "dangling":
            return not builtin and used not in [value in ("1", "true") for value in values]
        case "scope":
            return "local" in values
        case _:
            return True  # labels have been looked at before
