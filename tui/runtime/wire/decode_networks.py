"""Volumes and networks from the Engine API's JSON."""

from __future__ import annotations

from typing import Any

from tui.runtime.models_networks import (
    Network,
    NetworkDetail,
    NetworkId,
    NetworkMember,
    Subnet,
    Volume,
    VolumeDetail,
)
from tui.runtime.wire.times import parse_time
from tui.runtime.wire.values import Raw, flag, inner, inners, known, labels, text


def volume(raw: Raw) -> Volume:
    """One row of ``GET /volumes`` or of the volumes in ``GET /system/df``, which alone has sizes."""
    return Volume(**_volume(raw))


def volume_detail(raw: Raw) -> VolumeDetail:
    """``GET /volumes/{name}``."""
    return VolumeDetail(**_volume(raw), status=labels(raw, "Status"), raw=raw)


def network(raw: Raw) -> Network:
    """One row of ``GET /networks``."""
    return Network(**_network(raw))


def network_detail(raw: Raw) -> NetworkDetail:
    """``GET /networks/{id}``."""
    containers = inner(raw, "Containers")
    members = tuple(
        _member(id, raw_member)
        for id in containers
        # Podman tells those that do not run too: without an address.
        if any(text(raw_member := inner(containers, id), key) for key in ("EndpointID", "IPv4Address", "IPv6Address"))
    )
    return NetworkDetail(**_network(raw), members=members, raw=raw)


def _volume(raw: Raw) -> dict[str, Any]:
    usage = inner(raw, "UsageData")
    return {
        "name": text(raw, "Name"),
        "driver": text(raw, "Driver"),
        "mountpoint": text(raw, "Mountpoint"),
        "created": parse_time(raw.get("CreatedAt")),
        "labels": labels(raw, "Labels"),
        "options": labels(raw, "Options"),
        "scope": text(raw, "Scope"),
        "size": known(usage, "Size"),
        "references": known(usage, "RefCount"),
    }


def _network(raw: Raw) -> dict[str, Any]:
    return {
        "id": NetworkId(text(raw, "Id")),
        "name": text(raw, "Name"),
        "driver": text(raw, "Driver"),
        "scope": text(raw, "Scope"),
        "created": parse_time(raw.get("Created")),
        "internal": flag(raw, "Internal"),
        "attachable": flag(raw, "Attachable"),
        "ipv6": flag(raw, "EnableIPv6"),
        "labels": labels(raw, "Labels"),
        "options": labels(raw, "Options"),
        "subnets": tuple(
            Subnet(text(part, "Subnet"), text(part, "Gateway"), text(part, "IPRange"))
            for part in inners(inner(raw, "IPAM"), "Config")
        ),
    }


def _member(id: str, raw: Raw) -> NetworkMember:
    return NetworkMember(
        container_id=id,
        name=text(raw, "Name"),
        ip=text(raw, "IPv4Address"),
        ipv6=text(raw, "IPv6Address"),
        mac=text(raw, "MacAddress"),
    )
