from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.contract.conftest import Lab, until
from tests.engines.fixture import Registry
from tui.runtime.errors import Conflict, InvalidRequest, NotFound, Unauthorized
from tui.runtime.filters import Filters
from tui.runtime.models import Capability, EngineKind, Progress

KIND = {"demo": EngineKind.DOCKER, "docker": EngineKind.DOCKER, "podman": EngineKind.PODMAN}


async def pull(lab: Lab, reference: str, **options: Any) -> list[Progress]:
    async with asyncio.timeout(60), lab.runtime.image_pull(reference, **options) as stream:
        return [step async for step in stream]


@pytest.fixture
async def source(lab: Lab) -> AsyncIterator[str]:
    """An image that can be pulled, and is removed after; the demo pulls any name."""
    reference = f"{lab.registry().open}/portside/medium:1" if lab.engine else "example.com/team/app:1"
    yield reference
    await lab.clean()
    if any(reference in image.tags for image in await lab.runtime.image_list()):
        await lab.runtime.image_remove(reference, force=True)


# --- the engine ---------------------------------------------------------------------------------------------------


async def test_who_answers(lab: Lab) -> None:
    await lab.runtime.ping()
    version = await lab.runtime.version()
    assert version.kind is KIND[lab.backend]
    assert version.version
    assert version.api_version.startswith("1.")
    assert lab.runtime.endpoint == lab.url
    assert {Capability.EVENTS, Capability.EXEC, Capability.LOGS, Capability.STATS} <= lab.runtime.capabilities


async def test_info_counts_what_there_is(lab: Lab) -> None:
    await lab.create("pause:1")
    info = await lab.runtime.info()
    listed = await lab.runtime.container_list(all=True)
    assert info.containers == len(listed)
    assert info.running >= 1
    assert info.images > 0
    assert info.cpus >= 1
    assert info.memory > 0
    assert info.id
    assert info.os_type == "linux"


async def test_disk_usage_adds_up(lab: Lab) -> None:
    await lab.create("pause:1")
    usage = await lab.runtime.disk_usage()
    kinds = {item.kind: item for item in usage.items}
    assert set(kinds) == {"images", "containers", "volumes", "build cache"}
    assert kinds["images"].count >= 1
    assert kinds["images"].active >= 1
    assert kinds["images"].size > 0
    assert kinds["containers"].count >= 1
    assert all(0 <= item.reclaimable <= item.size for item in usage.items)
    assert usage.total == sum(item.size for item in usage.items)


async def test_requests_are_counted_by_operation(lab: Lab) -> None:
    before = lab.runtime.requests.get("container_list", 0)
    await lab.runtime.container_list()
    await lab.runtime.container_list(all=True)
    assert lab.runtime.requests["container_list"] == before + 2


# --- images -------------------------------------------------------------------------------------------------------


async def test_a_list_row_and_its_inspect_agree(lab: Lab) -> None:
    images = await lab.runtime.image_list()
    row = next(image for image in images if lab.image("busybox:1") in image.tags)
    detail = await lab.runtime.image_inspect("portside/busybox:1")
    assert (row.id, row.tags, row.size) == (detail.id, detail.tags, detail.size)
    assert (await lab.runtime.image_inspect(row.id)).id == row.id
    assert row.created is not None
    assert detail.created is not None
    assert detail.created.replace(microsecond=0) == row.created
    assert not row.dangling
    assert detail.os == "linux"
    assert detail.architecture
    assert detail.layers
    assert detail.raw["Id"] == row.id


async def test_images_can_be_filtered(lab: Lab) -> None:
    got = await lab.runtime.image_list(filters=Filters(reference="portside/logger"))
    assert {tag for image in got for tag in image.tags} == {lab.image("logger:1")}


async def test_history_is_newest_first(lab: Lab) -> None:
    detail = await lab.runtime.image_inspect("portside/busybox:1")
    steps = await lab.runtime.image_history("portside/busybox:1")
    assert steps[0].id == detail.id
    assert not steps[0].tags or lab.image("busybox:1") in steps[0].tags
    # Podman counts the image's configuration (2 kB here) too.
    assert 0.99 * detail.size <= sum(step.size for step in steps) <= detail.size
    assert all(step.created_by for step in steps)


async def test_what_does_not_exist_is_not_found(lab: Lab) -> None:
    for call in (lab.runtime.image_inspect, lab.runtime.image_history, lab.runtime.image_remove):
        with pytest.raises(NotFound) as caught:
            await call("portside/no-such-image:1")
        assert "no-such-image" in caught.value.detail
    for wrong in ("", "..", "../containers"):
        with pytest.raises(InvalidRequest):
            await lab.runtime.image_inspect(wrong)


async def test_an_image_in_use_is_a_conflict_with_a_reason(lab: Lab) -> None:
    await lab.create("pause:1")
    with pytest.raises(Conflict) as caught:
        await lab.runtime.image_remove("portside/pause:1")
    assert caught.value.detail
    assert (await lab.runtime.image_inspect("portside/pause:1")).id


async def test_a_pull_tells_its_progress_and_brings_the_image(lab: Lab, source: str) -> None:
    async with lab.watching() as events:
        steps = await pull(lab, source)
        await until(lambda: any(event.action == "pull" for event in events))
    assert (await lab.runtime.image_inspect(source)).id
    assert {step.id for step in steps if step.id}
    assert all(step.current <= step.total for step in steps if step.current is not None and step.total)
    assert any(step.status.startswith(("Status:", "Digest:")) for step in steps)
    removed = await lab.runtime.image_remove(source)
    assert source in removed.untagged
    assert removed.deleted
    with pytest.raises(NotFound):
        await lab.runtime.image_inspect(source)


async def test_a_pull_of_what_is_there_is_short(lab: Lab, source: str) -> None:
    await pull(lab, source)
    steps = await pull(lab, source)
    assert any("up to date" in step.status for step in steps)


async def test_a_pull_of_what_does_not_exist_fails(lab: Lab) -> None:
    host = lab.registry().open if lab.engine else "example.com"
    with pytest.raises(NotFound) as caught:
        await pull(lab, f"{host}/team/missing:1")
    assert "missing" in str(caught.value)
    assert caught.value.hint
    assert lab.runtime.open_streams == {}


async def test_leaving_a_pull_ends_it(lab: Lab, source: str) -> None:
    async with asyncio.timeout(30), lab.runtime.image_pull(source) as stream:
        await anext(stream)
    assert lab.runtime.open_streams == {}
    await lab.runtime.ping()


@pytest.mark.parametrize("backend", ["demo"])
async def test_an_error_inside_the_stream_is_raised(lab: Lab) -> None:
    with pytest.raises(Unauthorized) as caught:
        await pull(lab, "example.com/private/app:1")
    assert "docker login" in caught.value.hint


@pytest.mark.engine
@pytest.mark.parametrize("backend", ["docker"])
async def test_a_login_is_needed_given_or_found(lab: Lab, registry: Registry, docker_config: Any) -> None:
    import base64
    import json

    reference = f"{registry.auth}/portside/medium:1"
    with pytest.raises(Unauthorized) as caught:
        await pull(lab, reference)
    assert registry.auth in caught.value.hint
    with pytest.raises(Unauthorized):
        await pull(lab, reference, auth={"username": registry.user, "password": "wrong"})
    assert await pull(lab, reference, auth={"username": registry.user, "password": registry.password})
    await lab.runtime.image_remove(reference)
    token = base64.b64encode(f"{registry.user}:{registry.password}".encode()).decode()
    (docker_config / "config.json").write_text(json.dumps({"auths": {registry.auth: {"auth": token}}}))
    assert await pull(lab, reference)
    await lab.runtime.image_remove(reference)
