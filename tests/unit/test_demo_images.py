"""Images of the demo engine: lists, tags, removal by dockerd's rules, pulls."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.unit.demo_client import Answer, Stream, call, eventually, filters
from tui.demo.catalogue import normalise
from tui.demo.clock import FakeClock
from tui.demo.engine import DemoEngine


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[DemoEngine]:
    async with DemoEngine(containers=0, clock=FakeClock(), life=False) as engine:
        yield engine


async def pull(demo: DemoEngine, target: str) -> Answer:
    """A whole pull; the clock is moved on until it is over."""
    answer = asyncio.ensure_future(call(demo, "POST", f"/images/create?{target}"))
    assert isinstance(demo.clock, FakeClock)
    async with asyncio.timeout(10):
        while not answer.done():
            await demo.clock.run(0.1, step=0.1)
    return await answer


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("nginx", "nginx:latest"),
        ("docker.io/library/nginx:1", "nginx:1"),
        ("host:5000/a/b", "host:5000/a/b:latest"),
        ("a@sha256:12", "a@sha256:12"),
    ],
)
def test_references(reference: str, name: str) -> None:
    assert normalise(reference) == name


async def test_the_list(demo: DemoEngine) -> None:
    images = (await call(demo, "GET", "/images/json")).json
    tags = {tag for image in images for tag in image["RepoTags"]}
    assert {"portside/busybox:1", "portside/web:2", "postgres:16", "redis:7", "python:3.12-slim"} <= tags
    assert all(image["SharedSize"] == image["Containers"] == -1 for image in images)
    assert [image["RepoTags"] for image in images].count([]) == 1  # the dangling one
    dangling = (await call(demo, "GET", f"/images/json?{filters(dangling='true')}")).json
    assert [image["RepoTags"] for image in dangling] == [[]]
    found = (await call(demo, "GET", f"/images/json?{filters(reference='portside/busybox')}")).json
    assert [image["RepoTags"] for image in found] == [["portside/busybox:1", "portside/busybox:latest"]]
    labelled = (await call(demo, "GET", f"/images/json?{filters(label='portside.version=2')}")).json
    assert [image["RepoTags"] for image in labelled] == [["portside/web:2", "portside/web:latest"]]


async def test_inspect_and_history_agree(demo: DemoEngine) -> None:
    inspected = (await call(demo, "GET", "/images/postgres:16/json")).json
    history = (await call(demo, "GET", "/images/postgres:16/history")).json
    assert inspected["Size"] == sum(step["Size"] for step in history)
    assert history[0]["Id"] == inspected["Id"]
    assert {step["Id"] for step in history[1:]} == {"<missing>"}
    assert len(inspected["RootFS"]["Layers"]) <= len(history)
    short = inspected["Id"].removeprefix("sha256:")[:12]
    for name in (short, inspected["Id"], inspected["RepoDigests"][0], "docker.io/library/postgres:16"):
        assert (await call(demo, "GET", f"/images/{name}/json")).json["Id"] == inspected["Id"]


async def test_names_with_slashes_and_ports(demo: DemoEngine) -> None:
    name = "registry.example.com:5000/team/report-generator:nightly"
    assert (await call(demo, "GET", f"/v1.47/images/{name}/json")).json["RepoTags"] == [name]


async def test_tag_untag_delete(demo: DemoEngine) -> None:
    assert (await call(demo, "POST", "/images/redis:7/tag?repo=mine/redis&tag=v1")).status == 201
    first = (await call(demo, "DELETE", "/images/mine/redis:v1")).json
    assert first == [{"Untagged": "mine/redis:v1"}]
    last = (await call(demo, "DELETE", "/images/redis:7")).json
    assert last[0] == {"Untagged": "redis:7"}
    assert "Deleted" in last[-1]
    assert (await call(demo, "GET", "/images/redis:7/json")).status == 404
    actions = [event["Action"] for event in demo.world.events.kept if event["Type"] == "image"]
    assert actions == ["tag", "untag", "untag", "delete"]


async def test_images_in_use(demo: DemoEngine) -> None:
    running = demo.world.add_container("running", "redis:7")
    stopped = demo.world.add_container("stopped", "postgres:16", start=False)
    redis, postgres = demo.world.image("redis:7"), demo.world.image("postgres:16")
    cases = (
        ("redis:7", f"(must force) - container {running.id[:12]} is using its referenced image {redis.short}"),
        (redis.id, f"(cannot be forced) - image is being used by running container {running.id[:12]}"),
        (f"{redis.id}?force=1", "(cannot be forced)"),
        (postgres.id, f"(must be forced) - image is being used by stopped container {stopped.id[:12]}"),
    )
    for name, words in cases:
        answer = await call(demo, "DELETE", f"/images/{name}")
        assert (answer.status, words in answer.message) == (409, True), answer
    forced = (await call(demo, "DELETE", "/images/redis:7?force=1")).json
    assert forced[0] == {"Untagged": "redis:7"}
    assert redis in demo.world.images  # only untagged: it is still in use
    assert (await call(demo, "DELETE", f"/images/{postgres.id}?force=1")).status == 200
    assert postgres not in demo.world.images


async def test_an_image_with_two_names_is_not_deleted_by_id(demo: DemoEngine) -> None:
    image = demo.world.image("portside/web:2")
    answer = await call(demo, "DELETE", f"/images/{image.id}")
    assert "(must be forced) - image is referenced in multiple repositories" in answer.message


async def test_a_pull_shows_every_layer_from_beginning_to_end(demo: DemoEngine) -> None:
    lines = (await pull(demo, "fromImage=acme/tool&tag=1.0")).lines
    assert lines[0] == {"status": "Pulling from acme/tool", "id": "1.0"}
    layers: dict[str, list[dict[str, Any]]] = {}
    for line in lines[1:-2]:
        layers.setdefault(line["id"], []).append(line)
    assert 3 <= len(layers) <= 6
    for steps in layers.values():
        names = list(dict.fromkeys(step["status"] for step in steps))
        assert names == [
            "Pulling fs layer", "Downloading", "Verifying Checksum", "Download complete", "Extracting", "Pull complete",
        ]  # fmt: skip
        progress = [step["progressDetail"] for step in steps if step["status"] == "Downloading"]
        assert progress[-1]["current"] == progress[-1]["total"]
        assert [part["current"] for part in progress] == sorted(part["current"] for part in progress)
    assert lines[-2]["status"].startswith("Digest: sha256:")
    assert lines[-1]["status"] == "Status: Downloaded newer image for acme/tool:1.0"
    assert (await call(demo, "GET", "/images/acme/tool:1.0/json")).status == 200
    event = demo.world.events.kept[-1]
    assert (event["Type"], event["Action"], event["Actor"]["ID"]) == ("image", "pull", "acme/tool:1.0")
    again = (await pull(demo, "fromImage=acme/tool&tag=1.0")).lines
    assert again[-1]["status"] == "Status: Image is up to date for acme/tool:1.0"


async def test_a_private_image_wants_a_login(demo: DemoEngine) -> None:
    denied = await pull(demo, "fromImage=acme/private&tag=1")
    assert denied.status == 200  # the error is in the stream
    assert "unauthorized: authentication required" in denied.lines[-1]["error"]
    assert denied.lines[-1]["errorDetail"]["message"] == denied.lines[-1]["error"]
    auth = base64.urlsafe_b64encode(json.dumps({"username": "me", "password": "x"}).encode()).decode()
    reader, writer = await asyncio.open_unix_connection(str(demo.socket_path))
    writer.write(
        f"POST /images/create?fromImage=acme/private&tag=1 HTTP/1.1\r\nX-Registry-Auth: {auth}\r\n\r\n".encode()
    )
    assert isinstance(demo.clock, FakeClock)
    async with asyncio.timeout(10):
        while demo.world.find_image("acme/private:1") is None:
            await demo.clock.run(0.1, step=0.1)
    writer.close()
    await writer.wait_closed()
    assert reader.at_eof() or not reader.exception()


async def test_a_client_that_leaves_stops_its_pull(demo: DemoEngine) -> None:
    async with Stream(demo, "POST", "/images/create?fromImage=acme/tool&tag=2") as stream:
        await stream.chunk()
        assert demo.open_streams
    assert isinstance(demo.clock, FakeClock)
    await eventually(lambda: not demo.open_streams, "the pull has stopped")
    await demo.clock.run(5, step=0.1)
    assert demo.world.find_image("acme/tool:2") is None
