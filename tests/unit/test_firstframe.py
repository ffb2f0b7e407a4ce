"""The rows that are drawn before Textual is imported."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from tui.cli.firstframe import frame
from tui.runtime.models import Container, ContainerId, ContainerState
from widgets.text import cell_width

NOW = datetime(2026, 1, 2, 15, tzinfo=UTC)


def rows(count: int, name: str = "web") -> list[Container]:
    return [
        Container(
            id=ContainerId(f"{number:064x}"),
            name=f"{name}-{number}",
            state=ContainerState.EXITED if number % 3 == 0 else ContainerState.RUNNING,
            image="nginx:1.27",
            exit_code=0 if number % 3 == 0 else None,
            status="Exited (0) 2 hours ago" if number % 3 == 0 else "Up 3 minutes",
        )
        for number in range(count)
    ]


def plain(line: str) -> str:
    return line.replace("\x1b[1m", "").replace("\x1b[0m", "")


@pytest.mark.parametrize("size", [(80, 24), (160, 45), (200, 60), (40, 10), (20, 5), (5, 2), (1, 1)])
def test_fits_the_screen(size: tuple[int, int]) -> None:
    width, height = size
    lines = frame(rows(500), "engine", width, height, NOW)
    assert len(lines) <= max(height, 3)
    assert all(cell_width(plain(line)) <= width for line in lines)


def test_running_ones_first_in_their_order() -> None:
    lines = frame(rows(6), "engine", 80, 24, NOW)
    names = [line.split()[0] for line in lines[3:]]
    assert names == ["web-1", "web-2", "web-4", "web-5", "web-0", "web-3"]
    assert "nginx:1.27" in lines[3]
    assert "exited 0" in lines[-1]


def test_hostile_names_are_text() -> None:
    lines = frame(rows(2, "\x1b]52;c;x\x07\x1b[2Jno\r\n"), "\x1b]0;x\x07", 80, 24, NOW)
    assert all(char.isprintable() for line in lines for char in plain(line))


def test_needs_neither_textual_nor_asyncio() -> None:
    code = (
        "import sys\n"
        "from datetime import UTC, datetime\n"
        "from tui.cli.firstframe import frame\n"
        "frame([], 'e', 80, 24, datetime.now(UTC))\n"
        "print([m for m in ('textual', 'rich', 'asyncio', 'aiohttp', 'docker') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
