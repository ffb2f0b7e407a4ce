"""The demo engine answers as dockerd 28 does: shapes, codes and words were taken from a real one."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.unit.demo_client import Stream, call, eventually, filters, frames
from tui.demo.clock import FakeClock
from tui.demo.engine import DemoEngine


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[DemoEngine]:
    async with DemoEngine(containers=30, clock=FakeClock(), life=False) as engine:
        yield engine


@pytest_asyncio.fixture
async def empty() -> AsyncIterator[DemoEngine]:
    """On the real clock, with no containers."""
    async with DemoEngine(containers=0) as engine:
        yield engine


async def test_ping_and_version(demo: DemoEngine) -> None:
    for method, body in (("GET", b"OK"), ("HEAD", b"")):
        answer = await call(demo, method, "/_ping")
        assert (answer.status, answer.body) == (200, body)
        assert answer.headers["api-version"] == "1.47"
        assert answer.headers["ostype"] == "linux"
    version = (await call(demo, "GET", "/v1.24/version")).json
    assert (version["ApiVersion"], version["MinAPIVersion"]) == ("1.47", "1.24")
    assert version["Version"].startswith("28.")


async def test_versions_it_does_not_speak_are_refused(demo: DemoEngine) -> None:
    new, old = await call(demo, "GET", "/v1.99/info"), await call(demo, "GET", "/v1.12/info")
    assert new.status == old.status == 400
    assert new.message == "client version 1.99 is too new. Maximum supported API version is 1.47"
    assert "too old. Minimum supported API version is 1.24" in old.message


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "words"),
    [
        ("GET", "/nope", None, 404, "page not found"),
        ("PUT", "/containers/json", None, 404, "page not found"),
        ("GET", "/containers/nope/json", None, 404, "No such container: nope"),
        ("GET", "/images/nope/json", None, 404, "No such image: nope:latest"),
        ("GET", "/networks/nope", None, 404, "network nope not found"),
        ("GET", "/volumes/nope", None, 404, "get nope: no such volume"),
        ("GET", "/exec/nope/json", None, 404, "No such exec instance: nope"),
        ("POST", "/containers/shop-db-1/start", None, 304, ""),
        ("POST", "/containers/hello/stop", None, 304, ""),
        ("POST", "/containers/hello/kill", None, 409, "cannot kill container: hello: container "),
        ("POST", "/containers/hello/pause", None, 409, " is not running"),
        ("POST", "/containers/staging-db/pause", None, 409, " is already paused"),
        ("POST", "/containers/shop-db-1/unpause", None, 500, " is not paused"),
        ("POST", "/containers/shop-db-1/kill?signal=FOO", None, 400, "invalid signal: FOO"),
        ("POST", "/containers/hello/rename?name=shop-db-1", None, 409, '"/shop-db-1" is already in use'),
        ("POST", "/containers/hello/rename?name=a%2Fb", None, 400, "only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"),
        ("POST", "/containers/hello/rename?name=", None, 400, "Neither old nor new names may be empty"),
        ("DELETE", "/containers/shop-db-1", None, 409, "container is running: stop the container before removing"),
        ("DELETE", "/containers/staging-db", None, 409, "container is paused and must be unpaused first"),
        ("GET", "/containers/hello/top", None, 409, " is not running"),
        ("GET", "/containers/hello/logs", None, 400, "Bad parameters: you must choose at least one stream"),
        ("GET", "/containers/json?filters=xx", None, 400, "invalid filter"),
        ("GET", f"/containers/json?{filters(foo='x')}", None, 400, "invalid filter 'foo'"),
        ("GET", f"/containers/json?{filters(status='x')}", None, 400, "invalid value for state (x)"),
        ("POST", "/containers/staging-db/exec", {"Cmd": ["sh"]}, 409, "unpause the container before exec"),
        ("POST", "/containers/shop-db-1/exec", {"Cmd": []}, 400, "No exec command specified"),
        ("POST", "/containers/create", {"Image": "nope"}, 404, "No such image: nope:latest"),
        ("POST", "/containers/create?name=hello", {"Image": "redis:7"}, 409, 'Conflict. The container name "/hello"'),
        ("POST", "/containers/create", {}, 400, "config cannot be empty in order to create a container"),
        ("POST", "/containers/hello/wait?condition=foo", None, 400, 'invalid condition: "foo"'),
        ("DELETE", "/images/redis:7", None, 409, '(must force) - container '),
        ("POST", "/images/redis:7/tag?repo=UPPER", None, 400, "must be lowercase"),
        ("POST", "/images/create?fromImage=missing&tag=1", None, 404, "manifest unknown"),
    ],
)  # fmt: skip
async def test_refusals(demo: DemoEngine, method: str, target: str, body: object, status: int, words: str) -> None:
    answer = await call(demo, method, f"/v1.47{target}", body)
    assert answer.status == status
    assert words in (answer.message if answer.body else "")


async def test_a_body_that_is_not_json_is_refused(demo: DemoEngine) -> None:
    answer = await call(demo, "POST", "/containers/create", b"{")
    assert (answer.status, answer.message.startswith("invalid JSON")) == (400, True)


async def test_containers_are_found_by_id_prefix_and_name(demo: DemoEngine) -> None:
    whole = demo.world.container("shop-db-1").id
    for reference in (whole, whole[:12], "shop-db-1"):
        assert (await call(demo, "GET", f"/containers/{reference}/json")).json["Id"] == whole


LIST_KEYS = {
    "Id", "Names", "Image", "ImageID", "Command", "Created", "Ports", "Labels", "State", "Status", "HostConfig",
    "NetworkSettings", "Mounts",
}  # fmt: skip


async def test_the_list_has_dockerds_shape(demo: DemoEngine) -> None:
    running = (await call(demo, "GET", "/containers/json")).json
    everything = (await call(demo, "GET", "/containers/json?all=1")).json
    assert len(everything) == 30
    assert {entry["State"] for entry in running} == {"running", "paused", "restarting"}
    assert all(set(entry) == LIST_KEYS for entry in everything)
    assert [e["Created"] for e in everything] == sorted((e["Created"] for e in everything), reverse=True)
    sized = (await call(demo, "GET", "/containers/json?size=1&limit=2")).json
    assert len(sized) == 2
    assert all(entry["SizeRootFs"] > 0 for entry in sized)
    web = next(entry for entry in everything if entry["Names"] == ["/shop-web-1"])
    assert web["Status"] == "Up 2 days"
    assert web["Labels"]["com.docker.compose.project"] == "shop"
    assert {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"} in web["Ports"]


async def test_states_of_the_world(demo: DemoEngine) -> None:
    entries = (await call(demo, "GET", "/containers/json?all=1")).json
    status = {entry["Names"][0][1:]: (entry["State"], entry["Status"]) for entry in entries}
    assert status["shop-api-1"] == ("running", "Up 2 days (healthy)")
    assert status["monitoring-agent-1"] == ("running", "Up 2 days (unhealthy)")
    assert status["staging-db"] == ("paused", "Up 24 hours (Paused)")
    assert status["scratchpad"] == ("created", "Created")
    assert status["broken-volume"] == ("dead", "Dead")
    assert status["thumbnailer"] == ("exited", "Exited (137) 40 minutes ago")
    assert status["flaky-importer"][0] == "restarting"
    state = (await call(demo, "GET", "/containers/thumbnailer/json")).json["State"]
    assert (state["OOMKilled"], state["ExitCode"], state["Running"]) == (True, 137, False)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (filters(name="shop-db"), {"shop-db-1"}),
        (filters(name="^/blog-"), {"blog-web-1", "blog-db-1", "blog-backup-1"}),
        (filters(label=["com.docker.compose.project=shop", "com.docker.compose.container-number=2"]),
         {"shop-web-2", "shop-api-2"}),
        (filters(status=["paused", "created"]), {"staging-db", "scratchpad"}),
        (filters(health="unhealthy"), {"monitoring-agent-1"}),
        (filters(exited="3"), {"migrate-2025-11"}),
        (filters(ancestor="postgres:16"), {"shop-db-1", "staging-db"}),
        (filters(network="blog_default"), {"blog-web-1", "blog-db-1", "blog-backup-1"}),
        (filters(volume="blog_db"), {"blog-db-1"}),
        (filters(publish="9090"), {"monitoring-prometheus-1"}),
        (filters(name="shop", status="exited"), set()),
    ],
)  # fmt: skip
async def test_container_filters(demo: DemoEngine, wanted: str, names: set[str]) -> None:
    entries = (await call(demo, "GET", f"/containers/json?all=1&{wanted}")).json
    assert {entry["Names"][0][1:] for entry in entries} == names


async def test_the_older_form_of_filters_and_ids(demo: DemoEngine) -> None:
    ids = [demo.world.container(name).id for name in ("hello", "shop-db-1")]
    wanted = json.dumps({"id": dict.fromkeys(ids, True)}).replace('"', "%22").replace(" ", "")
    entries = (await call(demo, "GET", f"/containers/json?all=1&filters={wanted}")).json
    assert {entry["Id"] for entry in entries} == set(ids)


async def test_a_life(empty: DemoEngine) -> None:
    body = {"Image": "portside/pause:1", "Labels": {"a": "b"}, "HostConfig": {"PortBindings": {"80/tcp": [{}]}}}
    created = await call(empty, "POST", "/v1.47/containers/create?name=one", body)
    assert created.status == 201
    path = f"/containers/{created.json['Id']}"
    for action, status, state in (
        ("start", 204, "running"), ("start", 304, "running"), ("pause", 204, "paused"), ("unpause", 204, "running"),
        ("restart", 204, "running"), ("rename?name=two", 204, "running"),
        ("stop", 204, "exited"), ("stop", 304, "exited"),
    ):  # fmt: skip
        assert (await call(empty, "POST", f"{path}/{action}")).status == status
        assert (await call(empty, "GET", f"{path}/json")).json["State"]["Status"] == state
    inspected = (await call(empty, "GET", "/containers/two/json")).json
    assert inspected["Name"] == "/two"
    assert inspected["Config"]["Labels"]["a"] == "b"
    assert inspected["State"]["ExitCode"] == 137  # its stop signal is SIGKILL
    assert (await call(empty, "DELETE", path)).status == 204
    assert (await call(empty, "GET", f"{path}/json")).status == 404
    actions = [event["Action"] for event in empty.world.events.kept if event["Type"] == "container"]
    assert actions == [
        "create", "start", "pause", "unpause", "kill", "die", "stop", "start", "restart", "rename", "kill", "die",
        "stop", "destroy",
    ]  # fmt: skip


async def test_stopping_is_quick_unless_the_program_is_stubborn(empty: DemoEngine) -> None:
    empty.world.add_container("kind", "portside/logger:1")
    begun = time.monotonic()
    assert (await call(empty, "POST", "/containers/kind/stop")).status == 204
    assert time.monotonic() - begun < 1
    assert empty.world.container("kind").exit_code == 0
    empty.world.add_container("wild", "portside/stubborn:1")
    begun = time.monotonic()
    assert (await call(empty, "POST", "/containers/wild/stop?t=1")).status == 204
    assert 0.9 < time.monotonic() - begun < 3
    assert empty.world.container("wild").exit_code == 137


async def test_programs_end_by_themselves() -> None:
    clock = FakeClock()
    async with DemoEngine(containers=0, clock=clock) as demo:
        add = demo.world.add_container
        crash = add("crash", "portside/crash:1")
        again = add("again", "portside/crash:1", env=["AFTER=1"], host_config={"RestartPolicy": {"Name": "always"}})
        auto = add("auto", "portside/crash:1", env=["AFTER=1"], host_config={"AutoRemove": True})
        oom, web = add("oom", "portside/oom:1"), add("web", "portside/web:1")
        assert web.health is not None
        assert web.health.status == "starting"
        clock.advance(1.05)
        assert (oom.state, oom.exit_code, oom.oom_killed) == ("exited", 137, True)
        assert web.health.status == "healthy"
        assert (again.state, again.restarts) == ("restarting", 1)
        assert "auto" not in {container.name for container in demo.world.containers.values()}
        assert auto.exit_code == 3
        assert crash.state == "running"
        clock.advance(1)
        assert (crash.state, crash.exit_code, again.state) == ("exited", 3, "running")


async def test_wait_answers_its_head_at_once_and_then_the_code() -> None:
    clock = FakeClock()
    async with DemoEngine(containers=0, clock=clock) as demo:
        demo.world.add_container("crash", "portside/crash:1")
        async with Stream(demo, "POST", "/containers/crash/wait?condition=next-exit") as stream:
            assert stream.status == 200
            await eventually(lambda: demo.world.container("crash").waiting, "somebody waits")
            clock.advance(3)
            assert json.loads(await stream.chunk()) == {"StatusCode": 3}


async def test_events_past_filtered_and_live(empty: DemoEngine) -> None:
    since = empty.world.now() // 10**9
    empty.world.add_container("past", "portside/pause:1", labels={"k": "v"})
    wanted = filters(type="container", label="k=v")
    async with Stream(empty, "GET", f"/events?since={since}&{wanted}") as stream:
        past = [json.loads(line) for line in (await stream.chunk()).splitlines()]
        assert [event["Action"] for event in past] == ["create", "start"]
        empty.world.add_container("other", "portside/pause:1")
        await call(empty, "POST", "/containers/past/kill")
        live = [json.loads(line) for line in (await stream.chunk()).splitlines()]
        assert [event["Action"] for event in live] == ["kill", "die"]
        kill, die = live
    attributes = kill["Actor"]["Attributes"]
    assert (attributes["image"], attributes["name"], attributes["signal"]) == ("portside/pause:1", "past", "9")
    assert die["Actor"]["Attributes"]["exitCode"] == "137"
    assert (kill["Type"], kill["from"], kill["status"]) == ("container", "portside/pause:1", "kill")
    assert kill["timeNano"] // 10**9 == kill["time"]


async def test_events_until_now_end(empty: DemoEngine) -> None:
    empty.world.add_container("one", "portside/pause:1")
    now = empty.world.now() // 10**9 + 1
    answer = await call(empty, "GET", f"/events?since=0&until={now}")
    assert [event["Action"] for event in answer.lines] == ["create", "connect", "start"]


async def test_stats_agree_with_the_profile(demo: DemoEngine) -> None:
    samples = (await call(demo, "GET", "/containers/cpu-burner/stats?stream=0")).lines
    assert len(samples) == 1
    now, before = samples[0]["cpu_stats"], samples[0]["precpu_stats"]
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    whole = now["system_cpu_usage"] - before["system_cpu_usage"]
    assert 40 < used / whole * now["online_cpus"] * 100 < 220  # CPU=120 on average, and it swings
    single = (await call(demo, "GET", "/containers/cpu-burner/stats?stream=0&one-shot=1")).json
    assert single["precpu_stats"]["cpu_usage"]["total_usage"] == 0
    stopped = (await call(demo, "GET", "/containers/hello/stats?stream=0")).json
    assert stopped["read"] == "0001-01-01T00:00:00Z"


async def test_stats_stream_once_a_second_and_counters_only_grow() -> None:
    clock = FakeClock()
    async with (
        DemoEngine(clock=clock, life=False) as demo,
        Stream(demo, "GET", "/containers/shop-db-1/stats") as stream,
    ):
        last = 0
        for _ in range(3):
            sample = json.loads(await stream.chunk())
            total = sample["cpu_stats"]["cpu_usage"]["total_usage"]
            assert total > last
            assert sample["precpu_stats"]["cpu_usage"]["total_usage"] == last
            last = total
            await clock.run(1.0)
        assert demo.open_streams == {"/containers/{id}/stats": 1}


async def test_top_and_changes(demo: DemoEngine) -> None:
    table = (await call(demo, "GET", "/containers/shop-web-1/top")).json
    assert table["Titles"] == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert "nginx" in table["Processes"][0][7]
    aux = (await call(demo, "GET", "/containers/shop-web-1/top?ps_args=aux")).json
    assert aux["Titles"][:4] == ["USER", "PID", "%CPU", "%MEM"]
    assert (await call(demo, "GET", "/containers/scratchpad/changes")).status == 200


async def test_networks_volumes_and_disk_usage(demo: DemoEngine) -> None:
    names = {network["Name"] for network in (await call(demo, "GET", "/networks")).json}
    assert {"bridge", "host", "none", "shop_default"} <= names
    shop = (await call(demo, "GET", "/networks/shop_default")).json
    assert {member["Name"] for member in shop["Containers"].values()} >= {"shop-web-1", "shop-db-1"}
    custom = (await call(demo, "GET", f"/networks?{filters(type='custom')}")).json
    assert {network["Name"] for network in custom} == names - {"bridge", "host", "none"}
    volume = (await call(demo, "GET", "/volumes/blog_db")).json
    assert volume["Labels"]["com.docker.compose.volume"] == "db"
    dangling = (await call(demo, "GET", f"/volumes?{filters(dangling='true')}")).json["Volumes"]
    assert all(len(entry["Name"]) == 64 for entry in dangling)
    usage = (await call(demo, "GET", "/system/df")).json
    assert len(usage["Images"]) == len(demo.world.images)
    assert all(entry["Containers"] >= 0 for entry in usage["Images"])


async def test_five_hundred_containers_are_listed_quickly() -> None:
    async with DemoEngine(containers=500, clock=FakeClock()) as demo:
        times = []
        answer = await call(demo, "GET", "/containers/json?all=1")
        for _ in range(5):
            begun = time.process_time()
            answer = await call(demo, "GET", "/containers/json?all=1")
            times.append(time.process_time() - begun)
        assert len(answer.json) == 500
        # 9 ms of CPU for server and client together here; the limit leaves room for a slow machine.
        assert min(times) < 0.06
        assert len({entry["Names"][0] for entry in answer.json}) == 500


async def test_the_same_seed_gives_the_same_world() -> None:
    async def snapshot(seed: int) -> list[bytes]:
        clock = FakeClock()
        async with DemoEngine(seed=seed, clock=clock) as demo:
            await clock.run(60, step=0.5)
            paths = ("/containers/json?all=1", "/images/json", "/containers/shop-api-1/logs?stdout=1&stderr=1&tail=50",
                     "/containers/shop-api-1/stats?stream=0&one-shot=1")  # fmt: skip
            return [(await call(demo, "GET", path)).body for path in paths]

    first, second, other = [await snapshot(seed) for seed in (7, 7, 8)]
    assert first == second
    assert first[0] != other[0]


async def test_life_goes_on_and_services_come_back() -> None:
    clock = FakeClock()
    async with DemoEngine(clock=clock) as demo:
        before = sum(container.state == "running" for container in demo.world.containers.values())
        clock.advance(600)
        actions = {event["Action"].split(":")[0] for event in demo.world.events.kept}
        assert {"die", "start", "exec_create"} <= actions
        after = sum(container.state == "running" for container in demo.world.containers.values())
        assert abs(after - before) <= 4


async def test_attach_shows_what_a_container_prints(empty: DemoEngine) -> None:
    body = {"Image": "portside/busybox:1", "Cmd": ["sh", "-c", "echo out; ls /nowhere; exit 4"]}
    await call(empty, "POST", "/containers/create?name=job", body)
    async with Stream(empty, "POST", "/containers/job/attach?stream=1&stdout=1&stderr=1", upgrade=True) as stream:
        assert stream.status == 101
        stream.writer.write_eof()
        await call(empty, "POST", "/containers/job/start")
        assert frames(await stream.rest()) == [(1, b"out\n"), (2, b"ls: /nowhere: No such file or directory\n")]
    assert empty.world.container("job").exit_code == 4
    again = await asyncio.wait_for(call(empty, "POST", "/containers/job/wait"), 5)
    assert again.json == {"StatusCode": 4}
