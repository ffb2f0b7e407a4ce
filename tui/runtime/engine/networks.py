"""Networks.

The classes of its values are imported where they are used, as in `tui.runtime.engine.volumes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.runtime.engine.base import EngineBase, filters_json, path_of
from tui.runtime.engine.containers import Containers
from tui.runtime.engine.faults import translate
from tui.runtime.engine.refusals import by_words
from tui.runtime.engine.transport import Request
from tui.runtime.engine.volumes import CHANGE_TIMEOUT, PRUNE_TIMEOUT, check_same
from tui.runtime.errors import ApiError, Conflict, InvalidRequest, NotFound
from tui.runtime.filters import Filters
from tui.runtime.models import Container, ContainerDetail
from tui.runtime.options import NAME
from tui.runtime.wire.values import expect_object, expect_objects, text, texts

if TYPE_CHECKING:
    from tui.runtime.container_config import NetworkSpec
    from tui.runtime.models_networks import Network, NetworkDetail, NetworkId, Subnet
    from tui.runtime.models_results import PruneResult

# The engine says 403 (dockerd) or 500 (Podman) to what is a matter of state.
_ON_IT = ("already exists in network", "already connected", "is already attached")
_NOT_ON_IT = ("is not connected to", "not connected to network")


class Networks(Containers, EngineBase):
    """`tui.runtime.protocol_networks.NetworkOps`."""

    async def network_list(self, *, filters: Filters | None = None) -> list[Network]:
        """Networks, by name."""
        from tui.runtime.wire import decode_networks

        answer = await self._get("network_list", "/networks", {"filters": filters_json(filters)})
        with translate("network_list", "", self._transport.endpoint):
            found = [decode_networks.network(raw) for raw in expect_objects(answer)]
        return sorted(found, key=lambda network: network.name)

    async def network_inspect(self, id: str) -> NetworkDetail:
        """Everything about one network."""
        return await self._network("network_inspect", id)

    async def network_create(
        self,
        name: str,
        *,
        driver: str = "bridge",
        options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        subnets: Sequence[Subnet] = (),
        internal: bool = False,
        attachable: bool = False,
        ipv6: bool = False,
    ) -> NetworkId:
        """Make a network, or find that it is there."""
        from tui.runtime.models_networks import NetworkId

        operation = "network_create"
        with translate(operation, name, self._transport.endpoint):
            if not NAME.fullmatch(name) or name.startswith("/"):
                raise InvalidRequest(f"not the name of a network: {name!r}")
            config = [_subnet(subnet.checked()) for subnet in subnets]
        wanted = dict(labels or {})
        body = {
            "Name": name,
            "Driver": driver,
            # Engines before API 1.44 make a second network of the same name without it.
            "CheckDuplicate": True,
            "Internal": internal,
            "Attachable": attachable,
            "EnableIPv6": ipv6,
            "Options": dict(options or {}),
            "Labels": wanted,
            **({"IPAM": {"Driver": "default", "Config": config}} if config else {}),
        }
        request = Request(operation, "POST", "/networks/create", body=body, target=name)
        try:
            with by_words(operation, name):
                answer = await self._transport.json(request, timeout=CHANGE_TIMEOUT)
        except Conflict:
            there = await self._network(operation, name)
            if there.name != name:
                raise  # the name is the beginning of another one's id
            check_same(operation, "a network", name, (driver, wanted), (there.driver, there.labels))
            return there.id
        with translate(operation, name, self._transport.endpoint):
            return NetworkId(text(expect_object(answer), "Id"))

    async def network_remove(self, id: str) -> None:
        """Remove; a missing one is success."""
        request = Request("network_remove", "DELETE", path_of("network_remove", "networks", id), target=id)
        try:
            with by_words("network_remove", id):
                await self._transport.request(request, timeout=CHANGE_TIMEOUT)
        except NotFound:
            return

    async def network_prune(self, *, filters: Filters | None = None) -> PruneResult:
        """Remove the networks that no container uses."""
        from tui.runtime.models_results import PruneResult

        request = Request("network_prune", "POST", "/networks/prune", query={"filters": filters_json(filters)})
        answer = await self._transport.json(request, timeout=PRUNE_TIMEOUT)
        with translate("network_prune", "", self._transport.endpoint):
            return PruneResult(texts(expect_object(answer), "NetworksDeleted"))

    async def network_connect(
        self, id: str, container: str, *, aliases: Sequence[str] = (), ip: str = "", ipv6: str = ""
    ) -> None:
        """Put a container on a network."""
        from tui.runtime.container_config import NetworkSpec
        from tui.runtime.wire.encode_containers import endpoint

        with translate("network_connect", id, self._transport.endpoint):
            wanted = NetworkSpec(id, tuple(aliases), ip, ipv6)
        # dockerd takes any name for a container that does not run, and fails when it is started.
        network = await self._network("network_connect", id)
        body = {"Container": container, "EndpointConfig": endpoint(wanted)}
        try:
            await self._attach("network_connect", id, "/connect", container, body)
        except ApiError as exc:
            if not any(words in exc.detail for words in _ON_IT):
                raise
            if not _fits(await self.container_inspect(container), network, wanted):
                raise Conflict(exc.detail, operation=exc.operation, target=id, status=exc.status) from exc

    async def network_disconnect(self, id: str, container: str, *, force: bool = False) -> None:
        """Take a container off a network."""
        body = {"Container": container, "Force": force}
        # dockerd takes any name for a container that does not run.
        await self._network("network_disconnect", id)
        try:
            await self._attach("network_disconnect", id, "/disconnect", container, body)
        except ApiError as exc:
            if not any(words in exc.detail for words in _NOT_ON_IT):
                raise

    async def network_gateway(self, id: str) -> str:
        """The host's address on it."""
        return (await self._network("network_gateway", id)).gateway

    async def network_usage(self, id: str) -> list[Container]:
        """The containers that are on it."""
        network = await self._network("network_usage", id)
        # A container that was put on it and never started knows only the name.
        rows = await self.container_list(all=True, filters=Filters(network=[network.id, network.name]))
        return [row for row in rows if network.name in row.networks]

    async def _network(self, operation: str, id: str) -> NetworkDetail:
        """An inspect on behalf of another operation."""
        from tui.runtime.wire import decode_networks

        answer = await self._get(operation, path_of(operation, "networks", id), target=id)
        with translate(operation, id, self._transport.endpoint):
            return decode_networks.network_detail(expect_object(answer))

    async def _attach(self, operation: str, id: str, tail: str, container: str, body: Mapping[str, Any]) -> None:
        path = path_of(operation, "networks", id, tail)
        path_of(operation, "containers", container)  # only checks it
        request = Request(operation, "POST", path, body=dict(body), target=id)
        await self._transport.request(request, timeout=CHANGE_TIMEOUT)


def _subnet(subnet: Subnet) -> dict[str, str]:
    named = {"Subnet": subnet.subnet, "Gateway": subnet.gateway, "IPRange": subnet.ip_range}
    return {name: value for name, value in named.items() if value}


def _fits(container: ContainerDetail, network: Network, wanted: NetworkSpec) -> bool:
    """Whether a container is on a network as it was asked for."""
    for place in container.networks:
        if place.name == network.name or place.network_id == network.id:
            addresses = (not wanted.ip or place.ip == wanted.ip) and (not wanted.ipv6 or place.ipv6 == wanted.ipv6)
            return addresses and set(wanted.aliases) <= set(place.aliases)
    return False
