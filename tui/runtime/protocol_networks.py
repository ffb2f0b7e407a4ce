"""Volumes and networks: what a backend offers. See `tui.runtime.protocol`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    # Not at run time: making the classes of these values takes 10 ms, and the start of an application needs none.
    from tui.runtime.filters import Filters
    from tui.runtime.models import Container
    from tui.runtime.models_networks import Network, NetworkDetail, NetworkId, Subnet, Volume, VolumeDetail
    from tui.runtime.models_results import PruneResult


class VolumeOps(Protocol):
    """Volumes, by name."""

    async def volume_list(self, *, size: bool = False, filters: Filters | None = None) -> list[Volume]:
        """Volumes, by name.

        Args:
            size: Whether to measure them and count their users too; costly, the engine walks every one.
            filters: Such as ``dangling``, ``driver``, ``label``, ``name``.
        """
        ...

    async def volume_inspect(self, name: str) -> VolumeDetail:
        """Everything about one volume; `NotFound` when there is none."""
        ...

    async def volume_create(
        self,
        name: str = "",
        *,
        driver: str = "local",
        options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Volume:
        """Make a volume; without a name an anonymous one.

        One of that name, with that driver and at least those labels, is success, and is what comes back; its options
        are not compared.

        Raises:
            Conflict: when there is one of that name with another driver or without one of the labels.
            InvalidRequest: when it is no name.
        """
        ...

    async def volume_remove(self, name: str, *, force: bool = False) -> None:
        """Remove; a missing one is success, one in use a `Conflict`. `force` is for plugins that have lost theirs."""
        ...

    async def volume_prune(self, *, all: bool = False, filters: Filters | None = None) -> PruneResult:
        """Remove what no container uses, stopped ones included: anonymous volumes only, unless `all`.

        What comes into use meanwhile stays.
        """
        ...

    async def volume_usage(self, name: str) -> list[Container]:
        """The containers that have it mounted, or will when they are started; `NotFound` when there is no volume."""
        ...


class NetworkOps(Protocol):
    """Networks. `id` may be an id, a unique prefix of one, or a name, as the engine resolves it."""

    async def network_list(self, *, filters: Filters | None = None) -> list[Network]:
        """Networks, by name. Filters such as ``driver``, ``label``, ``name``, ``type`` (builtin or custom)."""
        ...

    async def network_inspect(self, id: str) -> NetworkDetail:
        """Everything about one network, with the running containers on it; `NotFound` when there is none."""
        ...

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
        """Make a network; the engine chooses the addresses where no subnets are given.

        One of that name, with that driver and at least those labels, is success, and its id is what comes back;
        other options are not compared.

        Raises:
            Conflict: when there is one of that name with another driver or without one of the labels.
            InvalidRequest: when it is no name, or a subnet is none.
        """
        ...

    async def network_remove(self, id: str) -> None:
        """Remove; a missing one is success, one with running containers a `Conflict`, a built-in one `Forbidden`."""
        ...

    async def network_prune(self, *, filters: Filters | None = None) -> PruneResult:
        """Remove the networks that no container uses, the built-in ones excepted; their names."""
        ...

    async def network_connect(
        self, id: str, container: str, *, aliases: Sequence[str] = (), ip: str = "", ipv6: str = ""
    ) -> None:
        """Put a container on a network, running or not.

        A running container that is on it already, with these aliases and addresses, is success; one that does not run
        may get others.

        Raises:
            Conflict: when it runs, and is on the network with other aliases or addresses.
            NotFound: when there is no such network or container.
        """
        ...

    async def network_disconnect(self, id: str, container: str, *, force: bool = False) -> None:
        """Take a container off a network; one that is not on it is success.

        Raises:
            NotFound: when there is no such network or container.
        """
        ...

    async def network_gateway(self, id: str) -> str:
        """The host's address on it, "" where it has none (``host``, ``none``)."""
        ...

    async def network_usage(self, id: str) -> list[Container]:
        """The containers that are on it, stopped ones included; `NotFound` when there is no network."""
        ...
