"""Volumes and networks, as the adapter speaks of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

from tui.runtime.errors import InvalidRequest
from tui.runtime.models import NO_LABELS, Labels

NetworkId = NewType("NetworkId", str)


def _no_labels() -> Labels:
    return NO_LABELS


@dataclass(frozen=True, slots=True)
class Volume:
    """One row of the volume list. ``size`` and ``references`` are None unless they were asked for."""

    name: str
    driver: str = ""
    mountpoint: str = ""
    created: datetime | None = None
    labels: Labels = field(default_factory=_no_labels)
    options: Labels = field(default_factory=_no_labels)
    scope: str = ""
    size: int | None = None
    """Bytes; None where the driver does not tell."""
    references: int | None = None
    """How many containers use it, stopped ones included."""

    @property
    def anonymous(self) -> bool:
        """Whether the engine made it for a container that gave no name: 64 hexadecimal digits."""
        return len(self.name) == 64 and not self.name.strip("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class VolumeDetail(Volume):
    """What inspect tells about a volume."""

    status: Labels = field(default_factory=_no_labels)
    """What its driver says of it."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Subnet:
    """Addresses of a network, in CIDR form.

    Attributes:
        subnet: Such as ``172.20.0.0/16``.
        gateway: The host's address in it; "" lets the engine choose.
        ip_range: The part of it that containers get addresses from; "" for all.
    """

    subnet: str
    gateway: str = ""
    ip_range: str = ""

    def checked(self) -> Subnet:
        """Itself, when it makes sense to ask for it; what engines answer is not checked.

        Raises:
            InvalidRequest: when a part is no address, or not inside the subnet.
        """
        try:
            whole = ipaddress.ip_network(self.subnet)
            gateway_fits = not self.gateway or ipaddress.ip_address(self.gateway) in whole
            part = ipaddress.ip_network(self.ip_range) if self.ip_range else None
        except ValueError as exc:
            raise InvalidRequest(f"not a subnet: {exc}") from exc
        if not gateway_fits:
            raise InvalidRequest(f"the gateway {self.gateway} is not in {self.subnet}")
        if part is not None and (
            part.version != whole.version
            or int(part.network_address) < int(whole.network_address)
            or int(part.broadcast_address) > int(whole.broadcast_address)
        ):
            raise InvalidRequest(f"the range {self.ip_range} is not in {self.subnet}")
        return self


@dataclass(frozen=True, slots=True)
class Network:
    """One row of the network list."""

    id: NetworkId
    name: str
    driver: str = ""
    scope: str = ""
    created: datetime | None = None
    internal: bool = False
    """Whether it has no way out."""
    attachable: bool = False
    ipv6: bool = False
    labels: Labels = field(default_factory=_no_labels)
    options: Labels = field(default_factory=_no_labels)
    subnets: tuple[Subnet, ...] = ()

    @property
    def gateway(self) -> str:
        """The address of the first gateway, or ""."""
        return next((subnet.gateway for subnet in self.subnets if subnet.gateway), "")


@dataclass(frozen=True, slots=True)
class NetworkMember:
    """A running container on a network; addresses are in CIDR form, or ""."""

    container_id: str
    name: str
    ip: str = ""
    ipv6: str = ""
    mac: str = ""


@dataclass(frozen=True, slots=True)
class NetworkDetail(Network):
    """What inspect tells about a network. Only running containers are members; `network_usage` tells all."""

    members: tuple[NetworkMember, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
