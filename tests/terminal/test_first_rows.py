"""The first rows are there before Textual is, and the dashboard takes their place without a trace."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.terminal import Terminal, assert_restored, portside

TEXTUAL_STARTS = b"\x1b[?1000h"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A demo engine in a process of its own."""
    path = tmp_path / "demo.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "tui.demo", "--socket", str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert "DOCKER_HOST" in process.stdout.readline()
        yield f"unix://{path}"
    finally:
        process.terminate()
        process.communicate()


def test_rows_come_before_textual_and_stay(url: str) -> None:
    with portside("--host", url) as terminal:
        terminal.wait_for("blog-web-1")
        assert "Containers" in terminal.text
        terminal.wait_for("live")
        assert terminal.raw.index(b"blog-web-1") < terminal.raw.index(TEXTUAL_STARTS)
        assert sum(line.split()[:1] == ["blog-web-1"] for line in terminal.lines) == 1
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert_restored(terminal)
        assert terminal.raw.count(b"\x1b[?1049l") == 1, "left twice: some terminals move the cursor then"


def test_a_filter_is_never_shown_without_being_applied(url: str) -> None:
    with portside("--host", url, "--filter", "shop-db") as terminal:
        terminal.wait_for("shop-db-1")
        assert b"blog-web-1" not in terminal.raw


def test_ended_before_the_dashboard_is_there(url: str) -> None:
    with portside("--host", url) as terminal:
        terminal.wait(lambda: b"blog-web-1" in terminal.raw, "the first rows")
        terminal.kill(signal.SIGTERM)
        assert terminal.wait_exit() == 128 + signal.SIGTERM
        restored(terminal)


def restored(terminal: Terminal) -> None:
    assert 1049 not in terminal.screen.private
    assert not terminal.screen.cursor.hidden
