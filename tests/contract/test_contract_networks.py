from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.contract.conftest import Lab, until
from tui.runtime.errors import Conflict, Forbidden, InvalidRequest, NotFound
from tui.runtime.filters import Filters
from tui.runtime.models import Capability, EventType
from tui.runtime.models_networks import NetworkId, Subnet


@pytest.fixture
async def names(lab: Lab) -> AsyncIterator[list[str]]:
    """Names of networks that are removed in the end."""
    made = [lab.name("net"), lab.name("net")]
    yield made
    await lab.clean()
    for name in made:
        await lab.runtime.network_remove(name)


async def test_a_new_network_is_as_it_was_asked_for(lab: Lab, names: list[str]) -> None:
    assert Capability.NETWORKS in lab.runtime.capabilities
    subnet = Subnet("10.213.0.0/24", gateway="10.213.0.254")
    id = await lab.runtime.network_create(
        names[0], labels={"team": "red"}, subnets=[subnet],
        internal=True,
    )  # fmt: skip
    found = await lab.runtime.network_inspect(names[0])
    assert (found.id, found.name, found.driver, found.scope) == (id, names[0], "bridge", "local")
    assert (found.internal, found.ipv6) == (True, False)
    assert dict(found.labels) == {"team": "red"}
    assert found.subnets == (subnet,)
    assert found.created is not None
    assert found.members == ()
    assert found.raw["Id"] == id
    assert await lab.runtime.network_gateway(id) == "10.213.0.254"
    row = next(row for row in await lab.runtime.network_list() if row.id == id)
    assert (row.name, row.internal, row.subnets, dict(row.labels)) == (names[0], True, (subnet,), {"team": "red"})


async def test_networks_come_by_name_and_as_filtered(lab: Lab, names: list[str]) -> None:
    for name in names:
        await lab.runtime.network_create(name, labels={"made-by": names[0]})
    listed = [row.name for row in await lab.runtime.network_list()]
    assert listed == sorted(listed)
    assert {"bridge", *names} <= set(listed)
    mine = await lab.runtime.network_list(filters=Filters(label=f"made-by={names[0]}"))
    assert [row.name for row in mine] == sorted(names)


async def test_a_network_that_is_there_already_is_success_with_the_same_labels(lab: Lab, names: list[str]) -> None:
    runtime = lab.runtime
    id = await runtime.network_create(names[0], labels={"a": "1", "b": "2"})
    assert await runtime.network_create(names[0], labels={"a": "1"}) == id
    assert await runtime.network_create(names[0]) == id
    with pytest.raises(Conflict, match="without the label a=2") as caught:
        await runtime.network_create(names[0], labels={"a": "2", "b": "2"})
    assert (caught.value.operation, caught.value.target) == ("network_create", names[0])
    with pytest.raises(Conflict, match="with the driver bridge"):
        await runtime.network_create(names[0], driver="macvlan")
    assert len([row for row in await runtime.network_list() if row.name == names[0]]) == 1


async def test_what_is_no_network_never_reaches_the_engine(lab: Lab) -> None:
    before = dict(lab.runtime.requests)
    for name in ("", "a b", "/a", "-a"):
        with pytest.raises(InvalidRequest):
            await lab.runtime.network_create(name)
    with pytest.raises(InvalidRequest, match="not a subnet"):
        await lab.runtime.network_create("x", subnets=[Subnet("10.0.0.1/8")])
    with pytest.raises(InvalidRequest, match="not an IP address"):
        await lab.runtime.network_connect("x", "y", ip="10.0.0")
    with pytest.raises(InvalidRequest):
        await lab.runtime.network_remove("../volumes/x")
    assert dict(lab.runtime.requests) == before


async def test_an_unknown_driver_is_an_error(lab: Lab, names: list[str]) -> None:
    with pytest.raises(NotFound, match="nonsense"):
        await lab.runtime.network_create(names[0], driver="nonsense")


async def test_removing_what_is_missing_is_success(lab: Lab, names: list[str]) -> None:
    id = await lab.runtime.network_create(names[0])
    await lab.runtime.network_remove(id)
    with pytest.raises(NotFound) as caught:
        await lab.runtime.network_inspect(id)
    assert caught.value.target == id
    await lab.runtime.network_remove(id)
    await lab.runtime.network_remove("never-there")


async def test_what_is_in_use_or_built_in_stays(lab: Lab, names: list[str]) -> None:
    await lab.runtime.network_create(names[0])
    container = await lab.create("pause:1")
    await lab.runtime.network_connect(names[0], container)
    with pytest.raises(Conflict, match=r"active endpoints|being used"):
        await lab.runtime.network_remove(names[0])
    # Podman says first that the containers of all tests are on it.
    with pytest.raises((Forbidden, Conflict), match=r"pre-defined|default network|being used"):
        await lab.runtime.network_remove("bridge")


async def test_a_container_is_put_on_a_network_and_taken_off(lab: Lab, names: list[str]) -> None:
    runtime = lab.runtime
    network = await runtime.network_create(names[0], subnets=[Subnet("10.214.0.0/24")])
    container = await lab.create("pause:1")
    async with lab.watching() as events:
        await runtime.network_connect(names[0], container, aliases=["db"], ip="10.214.0.77")
        place = next(p for p in (await runtime.container_inspect(container)).networks if p.name == names[0])
        # Podman calls a network by its name here.
        assert place.network_id in (network, names[0])
        assert place.ip == "10.214.0.77"
        assert "db" in place.aliases
        member = (await runtime.network_inspect(network)).members[0]
        assert (member.container_id, member.ip) == (container, "10.214.0.77/24")
        # Already so: success; otherwise than it is: a conflict.
        await runtime.network_connect(names[0], container)
        await runtime.network_connect(names[0], container, aliases=["db"], ip="10.214.0.77")
        with pytest.raises(Conflict):
            await runtime.network_connect(names[0], container, aliases=["cache"])
        with pytest.raises(Conflict):
            await runtime.network_connect(names[0], container, ip="10.214.0.78")
        assert [row.id for row in await runtime.network_usage(names[0])] == [container]
        await runtime.network_disconnect(names[0], container)
        await runtime.network_disconnect(names[0], container)
        assert await runtime.network_usage(names[0]) == []
        if Capability.NETWORK_EVENTS in runtime.capabilities:
            # dockerd tells of the second one too, which has changed nothing.
            await until(lambda: [e.action for e in events if e.actor_id == network][:2] == ["connect", "disconnect"])


async def test_a_stopped_container_can_be_put_on_a_network_too(lab: Lab, names: list[str]) -> None:
    network = await lab.runtime.network_create(names[0])
    container = await lab.create("pause:1", start=False)
    await lab.runtime.network_connect(network, container)
    assert [row.id for row in await lab.runtime.network_usage(network)] == [container]
    assert (await lab.runtime.network_inspect(network)).members == ()
    await lab.runtime.container_start(container)
    assert [member.container_id for member in (await lab.runtime.network_inspect(network)).members] == [container]


async def test_networks_and_containers_that_do_not_exist(lab: Lab, names: list[str]) -> None:
    runtime = lab.runtime
    container = await lab.create("pause:1", start=False)
    await runtime.network_create(names[0])
    calls: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        ("network_inspect", lambda: runtime.network_inspect("nope")),
        ("network_gateway", lambda: runtime.network_gateway("nope")),
        ("network_usage", lambda: runtime.network_usage("nope")),
        ("network_connect", lambda: runtime.network_connect("nope", container)),
        ("network_connect", lambda: runtime.network_connect(names[0], "nope")),
        ("network_disconnect", lambda: runtime.network_disconnect("nope", container)),
        ("network_disconnect", lambda: runtime.network_disconnect(names[0], "nope")),
        ("network_disconnect", lambda: runtime.network_disconnect(names[0], "nope", force=True)),
    ]
    for operation, call in calls:
        with pytest.raises(NotFound, match="nope") as caught:
            await call()
        assert caught.value.operation == operation


async def test_networks_as_only_docker_has_them(lab: Lab, names: list[str]) -> None:
    lab.needs(Capability.DOCKER_NETWORKS)
    builtin = await lab.runtime.network_list(filters=Filters(type="builtin"))
    assert {row.name for row in builtin} == {"bridge", "host", "none"}
    mtu = {"com.docker.network.driver.mtu": "1400"}
    subnet = Subnet("10.216.0.0/24", ip_range="10.216.0.128/25")
    id = await lab.runtime.network_create(names[0], attachable=True, options=mtu, subnets=[subnet])
    found = await lab.runtime.network_inspect(id)
    assert (found.subnets[0].subnet, found.subnets[0].ip_range) == (subnet.subnet, subnet.ip_range)
    assert found.attachable
    assert mtu.items() <= found.options.items()
    assert await lab.runtime.network_gateway("host") == ""
    assert await lab.runtime.network_gateway("bridge")


async def test_prune_removes_what_no_container_is_on(lab: Lab, names: list[str]) -> None:
    runtime = lab.runtime
    for name in names:
        await runtime.network_create(name, labels={"prune": names[0]})
    container = await lab.create("pause:1", start=False)
    await runtime.network_connect(names[0], container)
    result = await runtime.network_prune(filters=Filters(label=f"prune={names[0]}"))
    if lab.backend == "demo":
        assert result.removed == (names[1],)
    left = {row.name for row in await runtime.network_list(filters=Filters(label=f"prune={names[0]}"))}
    assert names[1] not in left
    assert result.reclaimed == 0


async def test_events_tell_of_networks(lab: Lab, names: list[str]) -> None:
    lab.needs(Capability.NETWORK_EVENTS)
    async with asyncio.timeout(20), lab.watching() as events:
        id: NetworkId = await lab.runtime.network_create(names[0])
        await lab.runtime.network_remove(id)
        await until(lambda: any(e.action == "destroy" for e in events if e.actor_id == id))
        mine = [event for event in events if event.actor_id == id]
        assert [event.action for event in mine] == ["create", "destroy"]
        assert {(event.type, event.name) for event in mine} == {(EventType.NETWORK, names[0])}
