"""An engine that is killed and comes back, on a real terminal: stale at once, live again by itself."""

from __future__ import annotations

import time

from tests.engines.fixture import Engine
from tests.terminal.terminal import Terminal, portside


def rows(terminal: Terminal) -> dict[str, str]:
    """Name -> state, from the containers pane."""
    found = {}
    for line in terminal.lines[3:]:
        left = line.partition("▏")[0]
        if "2 Images" in left:
            break
        words = left.replace("▌", " ").split()
        if len(words) > 1:
            found[words[0]] = words[1]
    return found


def truth(engine: Engine) -> dict[str, str]:
    """The same, from the engine."""
    listed = engine.api("GET", "/containers/json?all=1")
    return {one["Names"][0].removeprefix("/"): one["State"] for one in listed}


def test_killed_and_started_again(sacrificial_docker: Engine) -> None:
    engine = sacrificial_docker
    for number in range(8):
        engine.create("busybox:1", "true", name=f"idle-{number}", start=False)
    for name in ("up-1", "up-2", "up-3"):
        engine.create("busybox:1", "sleep", "1000", name=name, HostConfig={"NetworkMode": "none"})
    engine.create(
        "busybox:1",
        "sleep",
        "1000",
        name="returns",
        HostConfig={"NetworkMode": "none", "RestartPolicy": {"Name": "always"}},
    )
    with portside("--host", engine.url, width=160, height=45) as terminal:
        terminal.wait_for("● live")
        terminal.wait(lambda: rows(terminal) == truth(engine), "every row")
        before = rows(terminal)
        killed = time.monotonic()
        engine.kill()
        terminal.wait_for("✗ stale")
        # At once: without waiting for any time-out of ours. The script that kills takes a part of this.
        assert time.monotonic() - killed < 10
        # Why, and what is next.
        terminal.wait(lambda: "retry in" in terminal.lines[0], "the next attempt")
        assert "socket" in terminal.lines[0] or "refused" in terminal.lines[0] or "listens" in terminal.lines[0]
        assert rows(terminal) == before
        engine.start()
        terminal.wait_for("● live")
        terminal.wait(lambda: rows(terminal) == truth(engine), "the rows that the engine has now")
        # What had no restart policy has died with its engine: the test would not notice a list that was kept.
        assert truth(engine) != before
        # And it is followed as before.
        engine.api("DELETE", "/containers/idle-7")
        terminal.wait(lambda: "idle-7" not in rows(terminal), "end of idle-7")
