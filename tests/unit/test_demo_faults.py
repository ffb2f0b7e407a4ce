"""Faults, crashes, time, logs, hostile names, and that nothing is left over."""

from __future__ import annotations

import asyncio
import contextlib
import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.unit.demo_client import Stream, call, eventually, filters, frames
from tui.demo.clock import SECOND, FakeClock, SystemClock, human_duration, rfc3339
from tui.demo.engine import DemoEngine
from tui.demo.logbook import LogBook, steady

LOGS = "/containers/log/logs?stdout=1&stderr=1"


async def test_the_next_requests_fail_and_then_all_is_well() -> None:
    async with DemoEngine(containers=2) as demo:
        demo.faults.fail(503, "try again later", path="/containers/.*", times=2)
        assert (await call(demo, "GET", "/v1.47/info")).status == 200
        for _ in range(2):
            answer = await call(demo, "GET", "/v1.47/containers/json")
            assert (answer.status, answer.message) == (503, "try again later")
        assert (await call(demo, "GET", "/v1.47/containers/json")).status == 200
        assert demo.requests["GET", "/containers/json"] == 3
        assert demo.request_log[-1] == ("GET", "/v1.47/containers/json")


async def test_garbage_and_latency() -> None:
    async with DemoEngine(containers=0) as demo:
        demo.faults.garbage()
        with pytest.raises(json.JSONDecodeError):
            _ = (await call(demo, "GET", "/info")).json
        demo.faults.latency = 0.15
        begun = time.monotonic()
        await call(demo, "GET", "/info")
        assert time.monotonic() - begun >= 0.14


async def test_a_stream_is_cut_in_the_middle_of_a_frame() -> None:
    async with DemoEngine(containers=0, clock=FakeClock()) as demo:
        demo.world.add_container("log", "portside/logger:1", env=["BURST=5"])
        rule = demo.faults.cut(20, path="/containers/.*/logs")
        async with Stream(demo, "GET", f"{LOGS}&follow=1") as stream:
            assert stream.status == 200
            assert len(await stream.rest()) == 20
        assert rule.times == 0
        assert (await call(demo, "GET", LOGS)).body


async def test_a_hanging_engine_takes_requests_and_says_nothing() -> None:
    async with DemoEngine(containers=0) as demo:
        demo.faults.hang(path="/info")
        reader, writer = await asyncio.open_unix_connection(str(demo.socket_path))
        writer.write(b"GET /info HTTP/1.1\r\n\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.read(1)
        assert (await call(demo, "GET", "/_ping")).status == 200
        demo.faults.clear()
        assert (await call(demo, "GET", "/info")).status == 200
        writer.close()
        await writer.wait_closed()


async def test_crash_and_restart_keep_the_world() -> None:
    async with DemoEngine(containers=3) as demo:
        path = demo.socket_path
        before = (await call(demo, "GET", "/containers/json?all=1")).json
        async with Stream(demo, "GET", "/events") as stream:
            await demo.crash()
            with contextlib.suppress(ConnectionResetError):
                assert await stream.rest() == b""
        assert not path.exists()
        with pytest.raises(FileNotFoundError):
            await call(demo, "GET", "/_ping")
        await demo.restart()
        after = (await call(demo, "GET", "/containers/json?all=1")).json
        assert {entry["Id"] for entry in after} == {entry["Id"] for entry in before}
        await demo.refuse()
        assert path.exists()
        with pytest.raises(ConnectionRefusedError):
            await call(demo, "GET", "/_ping")
        await demo.restart()
        assert (await call(demo, "GET", "/_ping")).status == 200


async def test_closing_leaves_nothing() -> None:
    tasks = asyncio.all_tasks()
    clock = SystemClock()
    demo = DemoEngine(containers=5, clock=clock)
    await demo.start()
    path = demo.socket_path
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    demo.world.add_container("sh", command=["sh", "-c", "sleep 1000"])
    created = await call(demo, "POST", "/containers/sh/exec", {"Cmd": ["sh"], "Tty": True, "AttachStdin": True})
    body = {"Detach": False, "Tty": True}
    async with (
        Stream(demo, "GET", "/events") as events,
        Stream(demo, "GET", "/containers/sh/stats") as stats,
        Stream(demo, "GET", "/containers/sh/logs?stdout=1&follow=1") as logs,
        Stream(demo, "POST", f"/exec/{created.json['Id']}/start", body) as shell,
    ):
        assert [stream.status for stream in (events, stats, logs, shell)] == [200] * 4
        await eventually(lambda: demo.open_streams.total() == 4, "four streams are open")
        await demo.close()
    assert not path.parent.exists()
    assert asyncio.all_tasks() == tasks
    clock.close()
    await demo.close()  # twice is fine


async def test_abandoned_streams_are_noticed() -> None:
    async with DemoEngine(containers=1) as demo:
        name = next(iter(demo.world.containers.values())).name
        async with Stream(demo, "GET", f"/containers/{name}/stats"), Stream(demo, "GET", "/events"):
            await eventually(lambda: demo.open_streams.total() == 2, "two streams are open")
        await eventually(lambda: not demo.open_streams, "both are closed")
        assert demo.world.events.listeners == 0


async def test_a_socket_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.sock"
    async with DemoEngine(containers=0, socket_path=path) as demo:
        assert demo.url == f"unix://{path}"
        assert (await call(demo, "GET", "/_ping")).body == b"OK"
    assert not path.exists()


async def test_one_connection_serves_many_requests_and_bad_ones_end_it() -> None:
    async with DemoEngine(containers=0) as demo:
        reader, writer = await asyncio.open_unix_connection(str(demo.socket_path))
        for _ in range(3):
            writer.write(b"GET /_ping HTTP/1.1\r\n\r\n")
            assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
            assert await reader.readexactly(2) == b"OK"
        writer.write(b"nonsense\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400")
        writer.close()
        await writer.wait_closed()


HOSTILE = ("[/foo]", "[red]x[/]", "\x1b]0;title\x07", "\x1b[2J", "a\u202eb", "日本語", "x" * 5000)


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_names_labels_tags_and_lines_go_through_unharmed(text: str) -> None:
    clock = FakeClock()
    async with DemoEngine(containers=0, clock=clock) as demo:
        container = demo.world.add_container(text, image=f"{text}:1", labels={text: text})
        container.log.write(clock.now(), text.encode() + b"\xff\xfe")
        entry = (await call(demo, "GET", "/containers/json")).json[0]
        assert (entry["Names"], entry["Labels"][text], entry["Image"]) == ([f"/{text}"], text, f"{text}:1")
        lines = frames((await call(demo, "GET", f"/containers/{container.id}/logs?stdout=1")).body)
        assert lines[-1] == (1, text.encode() + b"\xff\xfe\n")
        assert (await call(demo, "GET", f"/containers/json?{filters(name='x')}")).status == 200


async def test_logs_tail_since_timestamps_and_streams() -> None:
    clock = FakeClock()
    async with DemoEngine(containers=0, clock=clock) as demo:
        demo.world.add_container("log", "portside/logger:1", env=["ERR=3"])
        clock.advance(9.5)
        everything = frames((await call(demo, "GET", LOGS)).body)
        assert [kind for kind, _ in everything] == [1, 1, 2] * 3
        assert everything[0][1] == b"line 1 level=debug the quick brown fox jumps over the lazy dog\n"
        tail = frames((await call(demo, "GET", f"{LOGS}&tail=2")).body)
        assert tail == everything[-2:]
        errors = frames((await call(demo, "GET", "/containers/log/logs?stderr=1&tail=1")).body)
        assert errors == everything[-1:]
        since = clock.now() / SECOND - 2
        recent = frames((await call(demo, "GET", f"{LOGS}&since={since:.9f}&timestamps=1")).body)
        assert len(recent) == 2
        stamp = recent[-1][1].split(b" ")[0].decode()
        assert stamp == "2026-01-02T15:00:09.000000000Z"
        # as in dockerd, tail comes before since
        assert frames((await call(demo, "GET", f"{LOGS}&since={since:.9f}&tail=1")).body) == everything[-1:]


async def test_logs_follow_until_the_end_and_a_pause_is_silent() -> None:
    clock = FakeClock()
    async with DemoEngine(containers=0, clock=clock) as demo:
        container = demo.world.add_container("log", "portside/logger:1", env=["LINES=4", "ERR=0"])
        async with Stream(demo, "GET", f"{LOGS}&follow=1") as stream:
            await clock.run(2.5, step=0.5)
            demo.world.life.pause(container)
            await clock.run(5, step=0.5)
            demo.world.life.unpause(container)
            await clock.run(3, step=0.5)
            data = b""
            while part := await stream.chunk():
                data += part
        assert [text.split(b" ")[1] for _, text in frames(data)] == [b"1", b"2", b"3", b"4"]
        assert (container.state, container.exit_code) == ("exited", 0)


async def test_a_terminals_log_is_raw() -> None:
    clock = FakeClock()
    async with DemoEngine(containers=0, clock=clock) as demo:
        demo.world.add_container("log", "portside/logger:1", Tty=True)
        clock.advance(1)
        answer = await call(demo, "GET", LOGS)
        assert answer.headers["content-type"] == "application/vnd.docker.raw-stream"
        assert answer.body == b"line 1 level=debug the quick brown fox jumps over the lazy dog\r\n"


async def test_a_thousand_lines_a_second_arrive_in_order() -> None:
    clock = FakeClock()
    async with DemoEngine(containers=0, clock=clock) as demo:
        demo.world.add_container("log", "portside/logger:1", env=["RATE=1000", "ERR=0"])
        async with Stream(demo, "GET", f"{LOGS}&follow=1") as stream:
            await eventually(clock.next_due, "somebody follows")
            await clock.run(1.0, step=0.01)
            data = b""
            while data.count(b"\n") < 900:
                data += await stream.chunk()
        numbers = [int(text.split(b" ")[1]) for _, text in frames(data)]
        assert numbers == list(range(1, len(numbers) + 1))


def test_a_log_that_is_days_old_is_read_from_its_end() -> None:
    log = LogBook()
    log.begin(steady(0, 1000, lambda number: (1, b"%d" % number), jitter=0.9))
    now = 7 * 86_400 * SECOND
    begun = time.process_time()
    lines = log.read(0, now, streams=frozenset((1,)), tail=100)
    assert time.process_time() - begun < 0.1
    assert len(lines) == 100
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert lines[-1].at <= now


def test_the_fake_clock_calls_back_in_order_and_at_the_right_time() -> None:
    clock = FakeClock(0)
    seen: list[tuple[str, int]] = []
    clock.call_at(2 * SECOND, lambda: seen.append(("b", clock.now())))

    def chain() -> None:
        clock.call_at(3 * SECOND, lambda: seen.append(("c", clock.now())))

    clock.call_at(SECOND, chain)
    clock.call_at(SECOND, lambda: seen.append(("a", clock.now())))
    clock.call_at(SECOND, lambda: seen.append(("never", clock.now()))).cancel()
    clock.advance(2.5)
    assert seen == [("a", SECOND), ("b", 2 * SECOND)]
    clock.advance(1)
    assert seen[-1] == ("c", 3 * SECOND)


async def test_the_system_clock_calls_back() -> None:
    clock = SystemClock()
    seen: list[str] = []
    clock.call_at(clock.now() + SECOND // 50, lambda: seen.append("late"))
    clock.call_at(clock.now(), lambda: seen.append("early"))
    await eventually(lambda: len(seen) == 2, "both timers")
    assert seen == ["early", "late"]
    clock.close()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "Less than a second"), (1, "1 second"), (59, "59 seconds"), (60, "About a minute"), (150, "2 minutes"),
        (3600, "About an hour"), (7200, "2 hours"), (47 * 3600, "47 hours"), (48 * 3600, "2 days"),
        (13 * 86400, "13 days"), (14 * 86400, "2 weeks"), (70 * 86400, "2 months"), (800 * 86400, "2 years"),
    ],
)  # fmt: skip
def test_durations_in_dockers_words(seconds: int, words: str) -> None:
    assert human_duration(seconds * SECOND) == words


def test_times_as_go_prints_them() -> None:
    assert rfc3339(0) == "0001-01-01T00:00:00Z"
    assert rfc3339(1_700_000_000 * SECOND + 120_000_000) == "2023-11-14T22:13:20.12Z"


async def test_the_command_serves_until_sigterm(tmp_path: Path) -> None:
    path = tmp_path / "cli.sock"
    arguments = ("-m", "tui.demo", "--socket", str(path), "--containers", "3", "--seed", "2")
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(20):
        assert await process.stdout.readline() == f"DOCKER_HOST=unix://{path}\n".encode()
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET /_ping HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"OK")
        writer.close()
        await writer.wait_closed()
        process.terminate()
        assert await process.wait() == 0
    assert not path.exists()


async def test_every_container_of_the_first_world_has_a_believable_log() -> None:
    async with DemoEngine(clock=FakeClock(), life=False) as demo:
        text = b""
        for container in demo.world.containers.values():
            answer = await call(demo, "GET", f"/containers/{container.id}/logs?stdout=1&stderr=1&tail=120")
            text += b"".join(data for _, data in frames(answer.body))
            if container.state == "running" and container.image.kind in ("nginx", "structured", "java", "postgres"):
                assert answer.body.count(b"\n") == 120, container.name
    for words in (
        b'"GET /',
        b'"level":"info"',
        b"\x1b[",
        b"java.lang.IllegalStateException",
        b"checkpoint",
        b"Traceback",
    ):
        assert words in text
