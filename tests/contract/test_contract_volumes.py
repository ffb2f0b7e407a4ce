from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.conftest import Lab, until
from tui.runtime.errors import Conflict, InvalidRequest, NotFound
from tui.runtime.filters import Filters
from tui.runtime.models import Capability, EventType


@pytest.fixture
async def names(lab: Lab) -> AsyncIterator[list[str]]:
    """Names of volumes that are removed in the end."""
    made = [lab.name("vol"), lab.name("vol")]
    yield made
    await lab.clean()
    for name in made:
        await lab.runtime.volume_remove(name)


async def test_a_new_volume_is_as_it_was_asked_for(lab: Lab, names: list[str]) -> None:
    assert Capability.VOLUMES in lab.runtime.capabilities
    options = {"type": "tmpfs", "device": "tmpfs"}
    made = await lab.runtime.volume_create(names[0], labels={"team": "red"}, options=options)
    assert (made.name, made.driver, made.scope, made.anonymous) == (names[0], "local", "local", False)
    assert (dict(made.labels), dict(made.options)) == ({"team": "red"}, options)
    assert made.mountpoint.endswith(f"/volumes/{names[0]}/_data")
    assert made.created is not None
    assert (made.size, made.references) == (None, None)
    found = await lab.runtime.volume_inspect(names[0])
    assert (found.name, dict(found.labels), dict(found.options)) == (names[0], {"team": "red"}, options)
    assert found.raw["Name"] == names[0]
    assert made in await lab.runtime.volume_list()


async def test_a_volume_without_a_name_is_anonymous(lab: Lab) -> None:
    made = await lab.runtime.volume_create()
    try:
        assert made.anonymous
        assert made.name in {row.name for row in await lab.runtime.volume_list()}
    finally:
        await lab.runtime.volume_remove(made.name)


async def test_volumes_come_by_name_and_as_filtered(lab: Lab, names: list[str]) -> None:
    for name in names:
        await lab.runtime.volume_create(name, labels={"made-by": names[0]})
    listed = [row.name for row in await lab.runtime.volume_list()]
    assert listed == sorted(listed)
    assert set(names) <= set(listed)
    mine = await lab.runtime.volume_list(filters=Filters(label=f"made-by={names[0]}"))
    assert [row.name for row in mine] == sorted(names)


async def test_a_volume_that_is_there_already_is_success_with_the_same_labels(lab: Lab, names: list[str]) -> None:
    runtime = lab.runtime
    made = await runtime.volume_create(names[0], labels={"a": "1", "b": "2"})
    assert await runtime.volume_create(names[0], labels={"a": "1"}) == made
    assert await runtime.volume_create(names[0]) == made
    with pytest.raises(Conflict, match="without the label a=2") as caught:
        await runtime.volume_create(names[0], labels={"a": "2"})
    assert (caught.value.operation, caught.value.target) == ("volume_create", names[0])


async def test_what_is_no_volume_never_reaches_the_engine(lab: Lab) -> None:
    before = dict(lab.runtime.requests)
    for name in ("a b", "a/b", "-a", "ü"):
        with pytest.raises(InvalidRequest):
            await lab.runtime.volume_create(name)
    with pytest.raises(InvalidRequest):
        await lab.runtime.volume_remove("..")
    assert dict(lab.runtime.requests) == before


async def test_an_unknown_driver_is_an_error(lab: Lab, names: list[str]) -> None:
    with pytest.raises(NotFound, match="nonsense"):
        await lab.runtime.volume_create(names[0], driver="nonsense")


async def test_removing_what_is_missing_is_success(lab: Lab, names: list[str]) -> None:
    await lab.runtime.volume_create(names[0])
    await lab.runtime.volume_remove(names[0])
    with pytest.raises(NotFound) as caught:
        await lab.runtime.volume_inspect(names[0])
    assert (caught.value.operation, caught.value.target) == ("volume_inspect", names[0])
    await lab.runtime.volume_remove(names[0])
    with pytest.raises(NotFound) as caught:
        await lab.runtime.volume_usage(names[0])
    assert caught.value.operation == "volume_usage"


async def test_who_uses_a_volume_keeps_it(lab: Lab, names: list[str]) -> None:
    await lab.runtime.volume_create(names[0])
    # The name of one volume is where another container has its own: no user of it.
    used = await lab.create("busybox:1", HostConfig={"Binds": [f"{names[0]}:/data"]}, start=False)
    await lab.create("busybox:1", HostConfig={"Binds": [f"{names[1]}:/{names[0]}"]}, start=False)
    assert [row.id for row in await lab.runtime.volume_usage(names[0])] == [used]
    with pytest.raises(Conflict, match=r"in use|being used"):
        await lab.runtime.volume_remove(names[0])
    sizes = {row.name: row for row in await lab.runtime.volume_list(size=True)}
    assert sizes[names[0]].references == 1
    assert sizes[names[0]].size is not None


async def test_prune_takes_named_volumes_only_when_told_to(lab: Lab, names: list[str]) -> None:
    runtime = lab.runtime
    label = {"prune": names[0]}
    for name in names:
        await runtime.volume_create(name, labels=label)
    nameless = (await runtime.volume_create(labels=label)).name
    await lab.create("busybox:1", HostConfig={"Binds": [f"{names[0]}:/data"]}, start=False)
    mine = Filters(label=f"prune={names[0]}")
    first = await runtime.volume_prune(filters=mine)
    assert first.removed == (nameless,)
    second = await runtime.volume_prune(all=True, filters=mine)
    assert second.removed == (names[1],)
    assert [row.name for row in await runtime.volume_list(filters=mine)] == [names[0]]
    # The caller's filters are still what they were.
    assert mine == Filters(label=f"prune={names[0]}")
    assert (await runtime.volume_prune(filters=mine)).removed == ()


async def test_events_tell_of_volumes(lab: Lab, names: list[str]) -> None:
    async with lab.watching() as events:
        await lab.runtime.volume_create(names[0])
        await lab.runtime.volume_remove(names[0])
        await until(lambda: any(e.action == "destroy" for e in events if e.actor_id == names[0]))
        mine = [event for event in events if event.actor_id == names[0]]
        assert [event.action for event in mine] == ["create", "destroy"]
        assert {event.type for event in mine} == {EventType.VOLUME}
