from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import pytest

from tests.contract.conftest import Lab, until
from tui.runtime.engine.backend import EngineRuntime
from tui.runtime.errors import Closed, RuntimeFault, Unsupported
from tui.runtime.models import Capability, ContainerState, LogLine
from tui.runtime.protocol import ExecSession

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{9})?Z")
NANOSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


async def log_of(lab: Lab, id: str, **options: Any) -> list[LogLine]:
    async with lab.runtime.container_logs(id, **options) as log:
        return [line async for line in log]


async def drain(stream: AsyncIterator[Any]) -> None:
    async for _ in stream:
        pass


async def finished_logger(lab: Lab, *env: str) -> str:
    id = await lab.create("logger:1", Env=["RATE=0", "BURST=40", "LINES=40", "ERR=4", *env])
    await lab.until_state(id, ContainerState.EXITED)
    return id


def connections(lab: Lab) -> int:
    return cast(EngineRuntime, lab.runtime).connections


# --- logs ---------------------------------------------------------------------------------------------------------


async def test_a_log_keeps_its_streams_and_the_order_within_each(lab: Lab) -> None:
    id = await finished_logger(lab)
    lines = await log_of(lab, id)
    assert len(lines) == 40
    numbers = {
        stream: [int(line.text.split()[1]) for line in lines if line.stream == stream]
        for stream in ("stdout", "stderr")
    }
    assert numbers["stderr"] == [number for number in range(1, 41) if number % 4 == 0]
    assert numbers["stdout"] == [number for number in range(1, 41) if number % 4]
    assert {(line.time, line.partial) for line in lines} == {("", False)}


async def test_a_log_of_one_stream(lab: Lab) -> None:
    id = await finished_logger(lab)
    assert {line.stream for line in await log_of(lab, id, stdout=False)} == {"stderr"}
    assert {line.stream for line in await log_of(lab, id, stderr=False)} == {"stdout"}


async def test_lines_have_times_and_since_and_until_take_them(lab: Lab) -> None:
    id = await lab.create("logger:1", Env=["RATE=10", "LINES=30", "ERR=4"])
    await lab.until_state(id, ContainerState.EXITED)
    lines = await log_of(lab, id, timestamps=True)
    assert len(lines) == 30
    assert all(RFC3339.fullmatch(line.time) for line in lines)
    assert all(line.text.startswith("line ") for line in lines)
    times = sorted({line.time for line in lines})
    later = await log_of(lab, id, timestamps=True, since=times[-1])
    assert {line.time for line in later} == {times[-1]}
    earlier = await log_of(lab, id, timestamps=True, until=times[-1])
    assert 0 < len(earlier) <= 30
    assert all(line.time <= times[-1] for line in earlier)


async def test_times_have_nanoseconds_where_the_engine_keeps_them(lab: Lab) -> None:
    lab.needs(Capability.LOG_NANOSECONDS)
    id = await lab.create("logger:1", Env=["RATE=20", "LINES=40", "ERR=4"])
    await lab.until_state(id, ContainerState.EXITED)
    lines = await log_of(lab, id, timestamps=True)
    assert all(NANOSECONDS.fullmatch(line.time) for line in lines)
    middle = sorted(line.time for line in lines)[20]
    since = await log_of(lab, id, timestamps=True, since=middle)
    assert since
    assert {line.time for line in since} == {line.time for line in lines if line.time >= middle}
    until = await log_of(lab, id, timestamps=True, until=middle)
    assert all(line.time <= middle for line in until)
    assert 0 < len(until) < 40


async def test_tail(lab: Lab) -> None:
    id = await finished_logger(lab)
    whole = await log_of(lab, id, tail=None)
    assert len(whole) == 40
    assert await log_of(lab, id, tail=5) == whole[-5:]
    assert await log_of(lab, id, tail=0) == []


async def test_a_followed_log_goes_on_and_ends_with_its_container(lab: Lab) -> None:
    id = await lab.create("logger:1", Env=["RATE=20", "LINES=30", "ERR=0"])
    async with asyncio.timeout(30):
        lines = await log_of(lab, id, follow=True, tail=None)
    assert [int(line.text.split()[1]) for line in lines] == list(range(1, 31))


async def test_batches_hold_what_has_arrived(lab: Lab) -> None:
    id = await lab.create("logger:1", Env=["RATE=0", "BURST=500", "LINES=500", "ERR=0"])
    await lab.until_state(id, ContainerState.EXITED)
    async with lab.runtime.container_logs(id, tail=None) as log:
        sizes = []
        while batch := await log.batch(100):
            sizes.append(len(batch))
        assert sum(sizes) == 500
        assert max(sizes) <= 100
        assert await log.batch() == []


async def test_long_lines_come_in_pieces_that_join(lab: Lab) -> None:
    words = "é" * 50_000  # 100,000 bytes; the kernel takes 128 KiB for a word of a command line
    id = await lab.create("busybox:1", "echo", words)
    await lab.until_state(id, ContainerState.EXITED)
    for timestamps in (False, True):
        lines = await log_of(lab, id, timestamps=timestamps, tail=None)
        assert [line.partial for line in lines] == [True, False]
        assert "".join(line.text for line in lines) == words
    lab.needs(Capability.LOG_TAIL_OF_LONG_LINES)
    # Docker counts each 16 kB of such a line as one of the tail.
    assert await log_of(lab, id, tail=100) == await log_of(lab, id, tail=None)


@pytest.mark.parametrize("told", [True, False])
async def test_a_tty_has_one_raw_stream(lab: Lab, told: bool) -> None:
    id = await lab.create("busybox:1", "sh", "-c", "echo one; echo two", Tty=True)
    await lab.until_state(id, ContainerState.EXITED)
    lines = await log_of(lab, id, tty=True if told else None)
    assert lines == [LogLine("raw", "one"), LogLine("raw", "two")]


async def test_a_log_that_nobody_keeps_names_its_driver(lab: Lab) -> None:
    id = await lab.create("logger:1", HostConfig={"LogConfig": {"Type": "none"}})
    with pytest.raises(Unsupported) as caught:
        await log_of(lab, id)
    assert "none" in caught.value.detail
    assert caught.value.hint


# --- exec ---------------------------------------------------------------------------------------------------------


async def read_until(session: ExecSession, words: bytes) -> bytes:
    got = b""
    async with asyncio.timeout(20):
        while words not in got:
            data = await session.read()
            assert data, f"ended before {words!r}: {got!r}"
            got += data
    return got


async def test_exec_runs_a_command_to_its_end(lab: Lab) -> None:
    id = await lab.create("pause:1")
    got = await lab.runtime.container_exec_run(id, ["sh", "-c", "echo out; ls /no-such-file; exit 3"])
    assert (got.exit_code, got.stdout) == (3, b"out\n")
    assert b"no-such-file" in got.stderr
    assert (await lab.runtime.container_exec_run(id, ["true"])).exit_code == 0


async def test_exec_takes_environment_and_directory(lab: Lab) -> None:
    id = await lab.create("pause:1")
    got = await lab.runtime.container_exec_run(id, ["env"], env={"WORD": "a b=c"})
    assert b"WORD=a b=c\n" in got.stdout
    assert (await lab.runtime.container_exec_run(id, ["pwd"], working_dir="/tmp")).stdout == b"/tmp\n"


async def test_exec_keeps_no_more_than_the_limit(lab: Lab) -> None:
    id = await lab.create("pause:1")
    got = await lab.runtime.container_exec_run(id, ["echo", "0123456789"], limit=4)
    assert got.stdout == b"0123"


async def test_a_command_that_is_not_there_has_an_exit_code_and_words(lab: Lab) -> None:
    id = await lab.create("pause:1")
    got = await lab.runtime.container_exec_run(id, ["no-such-command"])
    assert got.exit_code in (126, 127)
    assert b"no-such-command" in got.stdout + got.stderr


async def test_exec_in_what_does_not_run_is_refused(lab: Lab) -> None:
    id = await lab.create("pause:1", start=False)
    with pytest.raises(RuntimeFault) as caught:
        await lab.runtime.container_exec_run(id, ["true"])
    assert caught.value.detail


async def test_an_interactive_shell_follows_its_size_and_tells_its_exit_code(lab: Lab) -> None:
    id = await lab.create("pause:1")
    async with asyncio.timeout(60), lab.runtime.container_exec(id, ["sh"], size=(101, 33)) as session:
        assert session.id
        await session.write(b"stty size\n")
        await read_until(session, b"33 101")
        await session.resize(77, 22)
        await session.write(b"stty size\n")
        await read_until(session, b"22 77")
        assert await session.exit_code() is None
        await session.write(b"exit 5\n")
        while await session.read():
            pass
        assert await session.exit_code() == 5


async def test_leaving_a_session_closes_its_connection(lab: Lab) -> None:
    id = await lab.create("pause:1")
    async with lab.runtime.container_exec(id, ["sh"], size=(80, 24)) as session:
        await session.write(b"echo ready\n")
        await read_until(session, b"ready")
        assert lab.runtime.open_streams == {"container_exec": 1}
    assert lab.runtime.open_streams == {}
    with pytest.raises(Closed):
        await session.read()


# --- stats --------------------------------------------------------------------------------------------------------


async def test_stats_are_plausible(lab: Lab) -> None:
    id = await lab.create("cpu:1", Env=["CPU=50"])
    async with asyncio.timeout(30), lab.runtime.container_stats(id) as stream:
        samples = [await anext(stream) for _ in range(4)]
    last = samples[-1]
    assert last.id in ("", id)
    assert last.cpu_percent is not None
    assert 5 < last.cpu_percent < 100 * last.cpus
    assert 0 < last.memory < last.memory_limit
    assert last.pids >= 1
    assert last.net_rx_rate is not None
    assert last.net_rx_rate >= 0
    totals = [sample.cpu_total_ns for sample in samples]
    assert totals == sorted(totals)
    assert totals[-1] > totals[0]
    times = [sample.time for sample in samples if sample.time is not None]
    assert len(times) == 4
    assert times == sorted(times)


async def test_stats_end_with_the_container(lab: Lab) -> None:
    id = await lab.create("pause:1")
    async with asyncio.timeout(30), lab.runtime.container_stats(id) as stream:
        await anext(stream)
        await lab.runtime.container_kill(id)
        async for _ in stream:
            pass


# --- leaving and cancelling ---------------------------------------------------------------------------------------

Opener = Callable[[Lab, str], AbstractAsyncContextManager[AsyncIterator[Any]]]
OPENERS: dict[str, Opener] = {
    "events": lambda lab, id: lab.runtime.events(),
    "container_logs": lambda lab, id: lab.runtime.container_logs(id, follow=True),
    "container_stats": lambda lab, id: lab.runtime.container_stats(id),
}


@pytest.mark.parametrize("operation", OPENERS)
async def test_a_cancelled_stream_leaves_nothing_open(lab: Lab, operation: str) -> None:
    id = await lab.create("logger:1", Env=["RATE=5"])
    idle = connections(lab)

    async def watch() -> None:
        async with OPENERS[operation](lab, id) as stream:
            await drain(stream)

    task = asyncio.create_task(watch())
    await until(lambda: lab.runtime.open_streams.get(operation) == 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert lab.runtime.open_streams == {}
    assert connections(lab) <= idle + 1
    await lab.runtime.ping()


async def test_130_abandoned_streams_do_not_exhaust_anything(lab: Lab) -> None:
    id = await lab.create("pause:1")

    async def watch() -> None:
        async with lab.runtime.container_logs(id, follow=True, tty=False) as log:
            async for _ in log:
                pass

    tasks = [asyncio.create_task(watch()) for _ in range(130)]
    await until(lambda: lab.runtime.open_streams.get("container_logs") == 130, 60)
    await lab.runtime.ping()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert lab.runtime.open_streams == {}
    for _ in range(3):
        assert (await lab.runtime.container_inspect(id)).id == id
    assert connections(lab) <= 8


async def test_close_ends_streams_and_everything_after(lab: Lab) -> None:
    id = await lab.create("logger:1", Env=["RATE=5"])
    async with lab.runtime.container_logs(id, follow=True) as log:
        await anext(log)
        await lab.clean()
        await lab.runtime.close()
        with pytest.raises(Closed):
            await drain(log)
    with pytest.raises(Closed):
        await lab.runtime.ping()
    assert connections(lab) == 0
    await lab.runtime.close()
