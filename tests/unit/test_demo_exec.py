"""The demo's shell, its line editor, and exec over the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.unit.demo_client import Stream, call, eventually, frames
from tui.demo.clock import FakeClock
from tui.demo.engine import DemoEngine
from tui.demo.shell_line import End, Entered, LineEditor
from tui.demo.shell_parse import Step, SyntaxProblem, expand, split_steps

PROMPT = b"/ # "


@pytest_asyncio.fixture
async def demo() -> AsyncIterator[DemoEngine]:
    async with DemoEngine(containers=0, clock=FakeClock(), life=False) as engine:
        engine.world.add_container("box")
        yield engine


def clock_of(demo: DemoEngine) -> FakeClock:
    assert isinstance(demo.clock, FakeClock)
    return demo.clock


async def create(demo: DemoEngine, *command: str, tty: bool = False, **more: Any) -> str:
    body = {"Cmd": list(command), "AttachStdin": True, "AttachStdout": True, "AttachStderr": True, "Tty": tty, **more}
    answer = await call(demo, "POST", "/v1.47/containers/box/exec", body)
    assert answer.status == 201, answer
    return str(answer.json["Id"])


def started(demo: DemoEngine, id: str, *, tty: bool = False, upgrade: bool = True) -> Stream:
    return Stream(demo, "POST", f"/v1.47/exec/{id}/start", {"Detach": False, "Tty": tty}, upgrade=upgrade)


async def run(demo: DemoEngine, *command: str, **more: Any) -> tuple[list[tuple[int, bytes]], int | None]:
    id = await create(demo, *command, **more)
    async with started(demo, id) as stream:
        stream.writer.write_eof()
        output = frames(await stream.rest())
    return output, (await call(demo, "GET", f"/exec/{id}/json")).json["ExitCode"]


def edited(keys: bytes, *, history: tuple[str, ...] = ()) -> Entered | None:
    editor = LineEditor()
    editor.history = list(history)
    editor.begin("$ ")
    result = None
    for byte in keys:
        result = editor.feed(byte)
    return result


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (b"ls\r", "ls"),
        (b"lsx\x7f\r", "ls"),
        (b"xyz\x15ls\r", "ls"),
        (b"echo foo  bar\x17baz\r", "echo foo  baz"),
        (b"sl\x1b[D\x1b[D\x1b[C\x7fl\x05\x7fs\r", "ls"),
        (b"b\x01a\x05c\r", "abc"),
        (b"abc\x01\x1b[C\x0b\r", "a"),
        (b"\x1b[A\r", "second"),
        (b"\x1b[A\x1b[A\r", "first"),
        (b"\x1b[A\x1b[A\x1b[B\x1b[B\r", ""),
        ("grün\r".encode(), "grün"),
        ("ü\x7fu\r".encode(), "u"),
        (b"a\x1b[3~b\r", "ab"),
    ],
)
def test_line_editing(keys: bytes, text: str) -> None:
    assert edited(keys, history=("first", "second")) == Entered(End.LINE, text)


def test_ends_of_lines() -> None:
    assert edited(b"abc\x03") == Entered(End.INTERRUPT)
    assert edited(b"\x04") == Entered(End.EOF)
    assert edited(b"abc\x04") is None
    assert edited(b"\r\n") is None  # one line end, not two


@pytest.mark.parametrize(
    ("line", "steps"),
    [
        ("", []),
        ("echo 'a b' \"c\"", [Step(";", ("echo", "'a b'", '"c"'))]),
        ("true && echo a || false; ls", [Step(";", ("true",)), Step("&&", ("echo", "a")), Step("||", ("false",)),
                                         Step(";", ("ls",))]),
        ("echo a # comment", [Step(";", ("echo", "a"))]),
        ("echo a#b", [Step(";", ("echo", "a#b"))]),
    ],
)  # fmt: skip
def test_lines_are_split(line: str, steps: list[Step]) -> None:
    assert split_steps(line) == steps


@pytest.mark.parametrize("line", ["echo 'a", "&& ls", "ls &&", "; ls", "ls | wc", "ls > file"])
def test_lines_it_does_not_understand(line: str) -> None:
    with pytest.raises(SyntaxProblem):
        split_steps(line)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("$A", "x"),
        ("${A}b", "xb"),
        ("'$A'", "$A"),
        ('"$A b"', "x b"),
        ("\\$A", "$A"),
        ("$?", "3"),
        ("$", "$"),
        ("$B", ""),
    ],
)
def test_words_are_expanded(word: str, text: str) -> None:
    assert expand(word, {"A": "x", "?": "3"}) == text


@pytest.mark.parametrize(
    ("script", "output", "code"),
    [
        ("echo hi; exit 3", [(1, b"hi\n")], 3),
        ("false; echo $?", [(1, b"1\n")], 0),
        ("false || echo b && echo c", [(1, b"b\n"), (1, b"c\n")], 0),
        ("nosuch", [(2, b"sh: nosuch: not found\n")], 127),
        ("cd /etc && pwd", [(1, b"/etc\n")], 0),
        (
            "cat /srv/plain.txt /nope",
            [(1, b"hello\n"), (2, b"cat: can't open '/nope': No such file or directory\n")],
            1,
        ),
        ("A=5; echo $A", [(1, b"5\n")], 0),
        ("printf '%s-%03d\\n' a 7", [(1, b"a-007\n")], 0),
        ("whoami; id -u; uname", [(1, b"root\n"), (1, b"0\n"), (1, b"Linux\n")], 0),
        ("ls /srv/deep", [(1, b"er\n")], 0),
        ("stty size", [(2, b"stty: standard input: Not a tty\n")], 1),
        ("date +%Y", [(1, b"2026\n")], 0),
    ],
)
async def test_scripts(demo: DemoEngine, script: str, output: list[tuple[int, bytes]], code: int) -> None:
    assert await run(demo, "sh", "-c", script) == (output, code)


async def test_environment_directory_and_user(demo: DemoEngine) -> None:
    output, _ = await run(demo, "sh", "-c", "echo $X; pwd; whoami", Env=["X=1"], WorkingDir="/tmp", User="nobody")
    assert output == [(1, b"1\n"), (1, b"/tmp\n"), (1, b"nobody\n")]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("ls -la /srv", b"-rw-r--r--"),
        ("ls -l /", b"drwxr-xr-x"),
        ("env", b"HOSTNAME="),
        ("ps", b"sleep infinity"),
        ("top -b", b"Load average"),
        ("help", b"printf"),
        ("cat /etc/hosts", b"127.0.0.1\tlocalhost"),
        ("uname -a", b"Linux"),
        ("hostname", b"\n"),
        ("clear", b"\x1b[H"),
        ("sleep x || echo bad", b"bad"),
        ("cd /nope || echo bad", b"bad"),
        ("echo 'open", b"unterminated quoted string"),
        ("exec echo gone", b"gone"),
        ("sh -c 'echo inner'", b"inner"),
        ("export B=7; echo $B", b"7"),
    ],
)
async def test_what_commands_print(demo: DemoEngine, script: str, words: bytes) -> None:
    output, _ = await run(demo, "sh", "-c", script)
    assert words in b"".join(data for _, data in output)


async def test_a_script_on_standard_input(demo: DemoEngine) -> None:
    id = await create(demo, "sh")
    async with started(demo, id, upgrade=False) as stream:
        assert (stream.status, stream.headers["content-type"]) == (200, "application/vnd.docker.multiplexed-stream")
        await stream.write(b"echo one\necho two\nexit 9\n")
        assert frames(await stream.rest()) == [(1, b"one\n"), (1, b"two\n")]
    inspected = (await call(demo, "GET", f"/exec/{id}/json")).json
    assert (inspected["Running"], inspected["ExitCode"]) == (False, 9)
    again = await call(demo, "POST", f"/exec/{id}/start", {"Detach": True})
    assert (again.status, again.message) == (409, f"exec command {id} has already run")


async def test_a_terminal_session(demo: DemoEngine) -> None:
    id = await create(demo, "sh", tty=True, ConsoleSize=[30, 100])
    async with started(demo, id, tty=True) as stream:
        assert (stream.status, stream.headers["upgrade"]) == (101, "tcp")
        assert stream.headers["content-type"] == "application/vnd.docker.raw-stream"
        assert await stream.until(PROMPT) == PROMPT
        await stream.write(b"stty size\r")
        assert await stream.until(PROMPT) == b"stty size\r\n30 100\r\n" + PROMPT
        assert (await call(demo, "POST", f"/exec/{id}/resize?h=10&w=40")).status == 200
        await stream.write(b"stty size\r")
        assert b"\r\n10 40\r\n" in await stream.until(PROMPT)
        await stream.write(b"sleep 100\r")
        await stream.until(b"sleep 100\r\n")
        await stream.write(b"\x03")
        assert await stream.until(PROMPT) == b"^C\r\n" + PROMPT
        await stream.write(b"echo $?\r")
        assert b"\r\n130\r\n" in await stream.until(PROMPT)
        await stream.write(b"\x04")
        await stream.rest()
    assert (await call(demo, "GET", f"/exec/{id}/json")).json["ExitCode"] == 0


async def test_sleep_lasts_as_long_as_the_clock_says(demo: DemoEngine) -> None:
    id = await create(demo, "sleep", "5")
    async with started(demo, id) as stream:
        waiting = asyncio.ensure_future(stream.rest())
        await eventually(clock_of(demo).next_due, "sleep waits for the clock")
        await clock_of(demo).run(4.9, step=0.7)
        assert not waiting.done()
        clock_of(demo).advance(0.5)
        assert await waiting == b""


async def test_top_draws_each_second_to_the_size_of_the_window(demo: DemoEngine) -> None:
    id = await create(demo, "top", tty=True, ConsoleSize=[5, 30])
    async with started(demo, id, tty=True) as stream:
        first = await stream.until(b"STAT")
        assert first.startswith(b"\x1b[H\x1b[J")
        await eventually(clock_of(demo).next_due, "top waits for the clock")
        clock_of(demo).advance(1.01)
        await stream.until(b"\x1b[H\x1b[J")
        screen = await stream.until(b"\x1b[0m")
        assert all(len(line) <= 30 for line in screen.split(b"\x1b[7m")[0].split(b"\r\n"))
        await call(demo, "POST", f"/exec/{id}/resize?h=20&w=60")
        await stream.until(b"\x1b[H\x1b[J")
        assert b"top" in await stream.until(b"0 top")
        await stream.write(b"q")
        await stream.rest()
    assert (await call(demo, "GET", f"/exec/{id}/json")).json["ExitCode"] == 0


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("nosuch", 'exec: "nosuch": executable file not found in $PATH'),
        ("/bin/nosuch", 'exec: "/bin/nosuch": stat /bin/nosuch: no such file or directory'),
        ("bash", 'exec: "bash": executable file not found in $PATH'),
    ],
)
async def test_commands_that_do_not_exist(demo: DemoEngine, command: str, words: str) -> None:
    text = f"OCI runtime exec failed: exec failed: unable to start container process: {words}\r\n"
    assert await run(demo, command) == ([(1, text.encode())], 127)
    detached = await create(demo, command)
    answer = await call(demo, "POST", f"/exec/{detached}/start", {"Detach": True})
    assert (answer.status, words in answer.message) == (400, True)


async def test_images_without_a_shell(demo: DemoEngine) -> None:
    demo.world.add_container("bare", "portside/pause:1", labels={"demo.shell": "none"})
    created = await call(demo, "POST", "/containers/bare/exec", {"Cmd": ["sh"], "AttachStdout": True})
    async with started(demo, created.json["Id"]) as stream:
        assert b'"sh": executable file not found' in await stream.rest()


async def test_a_command_ends_with_its_container_and_with_its_client(demo: DemoEngine) -> None:
    id = await create(demo, "sleep", "1000")
    async with started(demo, id) as stream:
        await eventually(lambda: demo.world.execs[id].running, "sleep runs")
        demo.world.life.kill(demo.world.container("box"), "KILL")
        assert await stream.rest() == b""
    assert demo.world.execs[id].exit_code == 137
    demo.world.life.start(demo.world.container("box"))
    id = await create(demo, "sh", tty=True)
    async with started(demo, id, tty=True) as stream:
        await stream.until(PROMPT)
        assert demo.open_streams == {"/exec/{id}/start": 1}
    await eventually(lambda: not demo.open_streams, "the hijacked connection is closed")
    assert not demo.world.execs[id].running


async def test_detach_keys_leave_the_session(demo: DemoEngine) -> None:
    id = await create(demo, "sh", tty=True)
    async with started(demo, id, tty=True) as stream:
        await stream.until(PROMPT)
        await stream.write(b"\x10")
        await stream.write(b"\x11")
        assert await stream.rest() == b""


async def test_exec_events(demo: DemoEngine) -> None:
    await run(demo, "echo", "hi")
    found = [event for event in demo.world.events.kept if event["Action"].startswith("exec_")]
    assert [event["Action"] for event in found] == ["exec_create: echo hi", "exec_start: echo hi", "exec_die"]
    attributes = found[-1]["Actor"]["Attributes"]
    assert attributes["exitCode"] == "0"
    assert len({event["Actor"]["Attributes"]["execID"] for event in found}) == 1


async def test_a_detached_command_runs_by_itself(demo: DemoEngine) -> None:
    id = await create(demo, "sleep", "3")
    assert (await call(demo, "POST", f"/exec/{id}/start", {"Detach": True})).status == 200
    await eventually(clock_of(demo).next_due, "it waits for the clock")
    clock_of(demo).advance(3.5)
    await eventually(lambda: demo.world.execs[id].exit_code == 0, "it has ended")
