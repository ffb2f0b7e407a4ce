"""A shell in a container: the terminal is handed over and comes back, on the demo engine and on a real one."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.engines.fixture import Engine
from tests.terminal.terminal import Terminal, assert_restored, portside

DASHBOARD = "Containers"


@pytest.fixture
def demo_terminal() -> Iterator[Terminal]:
    with portside("--demo", "--filter", "shop-db-1") as terminal:
        terminal.wait_for("shop-db-1")
        terminal.wait_for("live")
        yield terminal


@pytest.fixture
def shell_engine(clean_docker: Engine) -> Engine:
    clean_docker.create("portside/busybox:1", "sleep", "1000", name="shell-here")
    return clean_docker


@pytest.fixture
def docker_terminal(shell_engine: Engine) -> Iterator[Terminal]:
    with portside("--host", shell_engine.url) as terminal:
        terminal.wait_for("shell-here")
        terminal.wait_for("live")
        yield terminal


def enter(terminal: Terminal, prompt: str = "/ #") -> None:
    terminal.send("e")
    terminal.wait_for("ctrl-p ctrl-q detaches")
    terminal.wait_for(prompt)


def quit_dashboard(terminal: Terminal) -> None:
    """Press q until it is heard: for a moment after a shell, keys are not."""
    while terminal.process.poll() is None:
        terminal.send("q")
        terminal.pump(0.2)
    assert terminal.process.returncode == 0


def check_round_trip(terminal: Terminal, shell: str) -> None:
    enter(terminal, "#")
    assert f"{shell} in " in terminal.text
    terminal.send("echo out; echo put\r")
    terminal.wait_for("\nout\nput")
    terminal.send("exit\r")
    terminal.wait_for(DASHBOARD)
    assert 1049 in terminal.screen.private
    quit_dashboard(terminal)


def test_demo_shell(demo_terminal: Terminal) -> None:
    check_round_trip(demo_terminal, "bash")


def test_docker_shell(docker_terminal: Terminal) -> None:
    check_round_trip(docker_terminal, "sh")


def test_resize_reaches_the_shell_and_the_dashboard_afterwards(docker_terminal: Terminal) -> None:
    terminal = docker_terminal
    enter(terminal)
    terminal.send("stty size\r")
    terminal.wait_for("24 80")
    terminal.resize(100, 30)
    terminal.send("stty size\r")
    terminal.wait_for("30 100")
    terminal.send("exit\r")
    terminal.wait_for(DASHBOARD)
    terminal.wait(lambda: "quit" in terminal.lines[29], "a footer in the last of 30 lines")


def test_full_screen_programs_work_and_leave_nothing_behind(docker_terminal: Terminal) -> None:
    terminal = docker_terminal
    enter(terminal)
    terminal.send("vi /tmp/note\r")
    terminal.wait_for("/tmp/note")
    # One after the other: busybox's vi takes an escape that is followed at once for an escape sequence.
    terminal.send("ihello from vi")
    terminal.wait_for("hello from vi")
    terminal.send("\x1b")
    terminal.wait_for("- /tmp/note")
    terminal.send(":wq\r")
    terminal.wait_for("/ #")
    terminal.send("cat /tmp/note\r")
    terminal.wait_for("hello from vi")
    terminal.send("top\r")
    terminal.wait_for("Load average")
    terminal.send("q")
    # Modes that a program sets and never resets must not survive.
    terminal.send("printf '\\033[?1003h\\033[?2004h\\033[5;10r\\033[31m\\033[?25l'\r")
    terminal.send("exit\r")
    terminal.wait_for(DASHBOARD)
    terminal.wait_for("shell-here")
    quit_dashboard(terminal)
    assert not {1003, 2004} & terminal.screen.private
    assert not terminal.screen.cursor.hidden
    assert terminal.screen.margins is None


@pytest.mark.parametrize("after", ["", "\x10\x11\x10\x11q"], ids=["once", "repeated"])
def test_detach_leaves_the_shell_running(docker_terminal: Terminal, shell_engine: Engine, after: str) -> None:
    terminal = docker_terminal
    enter(terminal)
    terminal.send("echo $$ > /tmp/pid; echo kept\r")
    terminal.wait_for("kept")
    terminal.send("\x10\x11" + after)
    terminal.wait_for(DASHBOARD)
    terminal.wait_for("Detached")
    assert terminal.process.poll() is None, "keys that were meant for the shell quit the dashboard"
    top = shell_engine.api("GET", "/containers/shell-here/top")
    assert any("sh" in row[-1] for row in top["Processes"] if "sleep" not in row[-1])


def test_lone_ctrl_p_reaches_the_shell(docker_terminal: Terminal) -> None:
    terminal = docker_terminal
    enter(terminal)
    terminal.send("echo once-more\r")
    terminal.wait(lambda: terminal.text.count("once-more") == 2, "the first echo")
    terminal.send("\x10")
    terminal.wait(lambda: terminal.text.count("once-more") == 3, "the history's line")
    terminal.send("\r")
    terminal.wait(lambda: terminal.text.count("once-more") == 4, "its output")


def test_engine_lost_in_the_middle(sacrificial_docker: Engine) -> None:
    sacrificial_docker.create("portside/busybox:1", "sleep", "1000", name="shell-lost")
    with portside("--host", sacrificial_docker.url) as terminal:
        terminal.wait_for("shell-lost")
        terminal.wait_for("live")
        enter(terminal)
        sacrificial_docker.kill()
        terminal.wait_for(DASHBOARD)
        terminal.wait_for("stale")
        quit_dashboard(terminal)


def test_no_shell_is_a_clear_message() -> None:
    with portside("--demo", "--filter", "distroless") as terminal:
        terminal.wait_for("live")
        terminal.send("e")
        terminal.wait_for("neither bash nor sh")
        assert 1049 in terminal.screen.private


def test_exit_code_is_told(docker_terminal: Terminal) -> None:
    terminal = docker_terminal
    enter(terminal)
    terminal.send("exit 3\r")
    terminal.wait_for("exit code 3")


def test_large_output_is_complete(docker_terminal: Terminal) -> None:
    terminal = docker_terminal
    enter(terminal)
    terminal.send("i=0; while [ $i -lt 20000 ]; do echo line-$i-end; i=$((i+1)); done; echo all-done\r")
    terminal.wait(lambda: "all-done" in terminal.lines[-2] or "all-done" in terminal.lines[-1], "the end", 60)
    for number in (0, 9_999, 19_999):
        assert f"line-{number}-end\r".encode() in terminal.raw


def test_sigterm_in_the_shell_restores_the_terminal(demo_terminal: Terminal) -> None:
    enter(demo_terminal, "#")
    demo_terminal.kill(signal.SIGTERM)
    assert demo_terminal.wait_exit() == 128 + signal.SIGTERM
    assert_restored(demo_terminal)


def test_closed_terminal_in_the_shell_ends_the_process(demo_terminal: Terminal) -> None:
    enter(demo_terminal, "#")
    demo_terminal.hang_up()
    demo_terminal.wait_exit()


def test_what_is_typed_ahead_is_for_the_shell(docker_terminal: Terminal) -> None:
    terminal = docker_terminal
    terminal.send("eecho typed; echo ahead\r")
    terminal.wait_for("\ntyped\nahead")


def test_sessions_follow_each_other_on_the_main_screen(docker_terminal: Terminal) -> None:
    terminal = docker_terminal
    for number in ("one", "two"):
        enter(terminal)
        terminal.send(f"echo session; echo {number}\r")
        terminal.wait_for(f"\nsession\n{number}")
        terminal.send("exit\r")
        terminal.wait_for(DASHBOARD)
        terminal.pump(0.5)  # keys are not heard for 300 ms after a shell
    quit_dashboard(terminal)
    # Left behind as `docker exec` would leave it: both sessions, one below the other, then the cursor.
    assert terminal.text.index("\nsession\none") < terminal.text.index("\nsession\ntwo")
    assert terminal.screen.cursor.y > max(y for y, line in enumerate(terminal.lines) if line) - 1
