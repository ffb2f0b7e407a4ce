"""However it ends, the process is gone and the terminal is as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.terminal.terminal import assert_restored, portside


def test_quit_with_q() -> None:
    with portside("--demo") as terminal:
        terminal.wait_for("shop-web-1")
        assert {1000, 1004, 1049, 2004} <= terminal.screen.private, "what is restored was changed before"
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert_restored(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signal(number: signal.Signals) -> None:
    with portside("--demo") as terminal:
        terminal.wait_for("shop-web-1")
        terminal.kill(number)
        assert terminal.wait_exit() == 128 + number
        assert_restored(terminal)


def test_exception_shows_its_traceback_on_the_restored_terminal(tmp_path: Path) -> None:
    # A bug in the middle of the application, from outside: the table asks for cells, and the store answers nonsense.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hook:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'tui.screens.logs':\n"
        "            import tui.panes.resource as r\n"
        "            def broken(self): raise RuntimeError('a bug for the test')\n"
        "            r.ResourcePane.toggle_all = broken\n"
        "        return None\n"
        "sys.meta_path.insert(0, Hook())\n"
    )
    root = Path(__file__).resolve().parents[2]
    with portside("--demo", env={"PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"}) as terminal:
        terminal.wait_for("shop-web-1")
        terminal.send("a")
        assert terminal.wait_exit() == 1
        assert b"a bug for the test" in terminal.raw
        assert_restored(terminal)


def test_closed_terminal_ends_the_process_and_leaves_nothing(tmp_path: Path) -> None:
    with portside("--demo", env={"TMPDIR": str(tmp_path)}) as terminal:
        terminal.wait_for("shop-web-1")
        assert list(tmp_path.iterdir()), "the demo engine's socket lives there"
        terminal.hang_up()
        terminal.wait_exit()
        assert not list(tmp_path.iterdir())


def test_terminal_that_vanishes_without_a_signal_ends_the_process(tmp_path: Path) -> None:
    with portside("--demo", env={"TMPDIR": str(tmp_path)}, controlling=False) as terminal:
        terminal.wait_for("shop-web-1")
        terminal.hang_up()
        terminal.wait_exit()
        assert not list(tmp_path.iterdir())


def test_not_a_terminal_is_a_usage_error() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tui", "--demo"], stdin=subprocess.DEVNULL, capture_output=True, check=False, text=True
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
