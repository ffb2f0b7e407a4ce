"""Bytes that a container prints and names that people give, all the way to a real terminal."""

from __future__ import annotations

import re

from tests.engines.fixture import Engine
from tests.terminal.terminal import Terminal, portside

EVIL = (
    "\\033]0;owned-title\\007 \\033]52;c;ZXZpbA==\\007 \\033]8;;https://evil.example\\007link\\033]8;;\\007 "
    "\\033P$qm\\033\\\\ \\033]11;?\\007 \\033[2J \\033[?1049l \\033[?1003h \\233 0m \\2350;owned\\234 \\377\\376 "
    "[red]x[/] [/foo]"
)
LABEL = "\x1b]0;owned-title\x07\x1b]52;c;ZXZpbA==\x07\x1b]8;;https://evil.example\x07\x1bP$qm\x1b\\\x1b]11;?\x07\u202e[/foo]"
# Whatever carries a payload to a terminal, in both forms: OSC, DCS, APC, PM, SOS.
STRINGS = re.compile(rb"\x1b[\]PX^_]|\xc2[\x90\x98\x9d-\x9f]")
CONTROLS = re.compile(rb"[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]")


# Textual's own: the shape of the mouse pointer.
POINTER = re.compile(rb"\x1b\]22;[a-z]+\x07")


def check(terminal: Terminal) -> None:
    """Nothing but text, colours and cursor movements has been written, and no mode has changed."""
    raw = POINTER.sub(b"", bytes(terminal.raw))
    assert STRINGS.search(raw) is None
    assert CONTROLS.search(raw) is None
    assert "owned" not in terminal.screen.title + terminal.screen.icon_name
    assert 1049 in terminal.screen.private


def test_log_labels_and_environment_reach_no_terminal_raw(clean_docker: Engine) -> None:
    clean_docker.create(
        "busybox:1",
        "sh",
        "-c",
        f"printf '{EVIL} the-end-of-it\\n'; head -c 1000000 /dev/zero | tr '\\000' x; echo long-line-end; sleep 1000",
        name="evil",
        Labels={LABEL: LABEL, "com.docker.compose.project": LABEL},
        Env=[f"EVIL={LABEL}"],
        HostConfig={"NetworkMode": "none"},
    )
    with portside("--host", clean_docker.url, width=160, height=45) as terminal:
        terminal.wait_for("● live")
        terminal.wait_for("evil")
        terminal.wait_for("xxxxxxxx")
        modes = set(terminal.screen.private)
        check(terminal)
        terminal.send("l")
        terminal.wait_for("Logs evil")
        terminal.wait_for("xxxxxxxx")
        terminal.send("g")
        terminal.wait_for("[red]x[/] [/foo]")
        check(terminal)
        terminal.send("q")
        terminal.wait_gone("Logs evil")
        terminal.send("i")
        terminal.wait_for('"Id"')
        terminal.send("G")
        terminal.wait_gone('"Id"')
        terminal.send("/")
        terminal.wait_for("/")
        terminal.send("EVIL=\r")
        terminal.wait_for("EVIL=")
        check(terminal)
        terminal.send("\x1b")
        terminal.wait_gone("EVIL= 1/1")
        terminal.send("q")
        terminal.wait_for("1 Containers")
        for tab in ("[Stats]", "[Details]", "[Inspect]", "[Processes]"):
            terminal.send("]")
            terminal.wait_for(tab)
            terminal.wait_for("evil")
            check(terminal)
        assert set(terminal.screen.private) == modes
