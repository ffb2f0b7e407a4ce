from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tui.runtime.engine.refusals import by_words
from tui.runtime.errors import ApiError, Conflict, EngineFault, Forbidden, InvalidRequest, NotFound
from tui.runtime.models_networks import NetworkMember, Subnet
from tui.runtime.wire import decode_networks

# As dockerd 20.10 wrote it.
NETWORK = {
    "Name": "shop",
    "Id": "7f58b9a35090",
    "Created": "2026-11-23T17:46:43.063040123Z",
    "Scope": "local",
    "Driver": "bridge",
    "EnableIPv6": True,
    "IPAM": {"Driver": "default", "Options": {}, "Config": [{"Subnet": "10.99.0.0/24", "Gateway": "10.99.0.1"}]},
    "Internal": False,
    "Attachable": True,
    "Containers": {
        "ed00a715031c": {
            "Name": "c1",
            "EndpointID": "042516bc9031",
            "MacAddress": "02:42:0a:63:00:07",
            "IPv4Address": "10.99.0.7/24",
            "IPv6Address": "",
        },
        # As Podman tells of one that does not run.
        "b252ed017a39": {"Name": "c2", "EndpointID": "", "MacAddress": "", "IPv4Address": "", "IPv6Address": ""},
    },
    "Options": {"com.docker.network.driver.mtu": "1400"},
    "Labels": {"a": "b"},
}
VOLUME = {
    "CreatedAt": "2026-11-23T17:40:24Z",
    "Driver": "local",
    "Labels": None,
    "Mountpoint": "/var/lib/docker/volumes/v1/_data",
    "Name": "v1",
    "Options": None,
    "Scope": "local",
    "Status": {"state": "mounted"},
    "UsageData": {"RefCount": 2, "Size": 4096},
}


def test_a_network() -> None:
    found = decode_networks.network_detail(NETWORK)
    assert (found.id, found.name, found.driver, found.scope) == ("7f58b9a35090", "shop", "bridge", "local")
    assert (found.internal, found.attachable, found.ipv6) == (False, True, True)
    assert found.created == datetime(2026, 11, 23, 17, 46, 43, 63040, UTC)
    assert found.subnets == (Subnet("10.99.0.0/24", "10.99.0.1"),)
    assert found.gateway == "10.99.0.1"
    assert found.members == (NetworkMember("ed00a715031c", "c1", "10.99.0.7/24", "", "02:42:0a:63:00:07"),)
    assert (dict(found.labels), dict(found.options)) == ({"a": "b"}, {"com.docker.network.driver.mtu": "1400"})
    assert found.raw is NETWORK


@pytest.mark.parametrize("raw", [{}, {"IPAM": None, "Containers": None, "Labels": None}, {"IPAM": {"Config": None}}])
def test_a_network_that_tells_nothing(raw: dict[str, object]) -> None:
    found = decode_networks.network_detail(raw)
    assert (found.name, found.subnets, found.gateway, found.members, found.created) == ("", (), "", (), None)
    assert decode_networks.network(raw).subnets == ()


def test_a_volume() -> None:
    found = decode_networks.volume_detail(VOLUME)
    assert (found.name, found.driver, found.scope) == ("v1", "local", "local")
    assert (found.size, found.references) == (4096, 2)
    assert (dict(found.labels), dict(found.options), dict(found.status)) == ({}, {}, {"state": "mounted"})


@pytest.mark.parametrize("usage", [None, {}, {"RefCount": -1, "Size": -1}])
def test_a_volume_that_was_not_measured(usage: object) -> None:
    found = decode_networks.volume({**VOLUME, "UsageData": usage})
    assert (found.size, found.references) == (None, None)


@pytest.mark.parametrize(
    ("raised", "words", "meant"),
    [
        (Forbidden, "network n has active endpoints", Conflict),
        (EngineFault, "network name n already used: network already exists", Conflict),
        (EngineFault, "unsupported driver nonsense: invalid argument", NotFound),
        (EngineFault, "default network podman cannot be removed", Forbidden),
        (EngineFault, "archive/tar: invalid tar header", InvalidRequest),
        (EngineFault, 'invalid change "FROM nothing"', InvalidRequest),
        (InvalidRequest, "container rootfs is marked read-only", Forbidden),
        (InvalidRequest, "no such option", InvalidRequest),
        (EngineFault, "disk on fire", EngineFault),
        (Forbidden, "bridge is a pre-defined network and cannot be removed", Forbidden),
        (NotFound, "archive/tar: no such thing", NotFound),
    ],
)
def test_the_words_say_more_than_the_status(raised: type[ApiError], words: str, meant: type[ApiError]) -> None:
    with pytest.raises(ApiError) as caught, by_words("network_remove", "n"):
        raise raised(words, status=500, operation="network_remove", target="n")
    assert type(caught.value) is meant
    assert (caught.value.detail, caught.value.status, caught.value.target) == (words, 500, "n")
    assert (caught.value.__cause__ is None) == (raised is meant)
