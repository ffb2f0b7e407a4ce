"""A real engine on a real terminal: what happens outside shows, and the keyboard does everything."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engines.fixture import Engine, EngineError, Registry
from tests.terminal.terminal import Terminal, portside


@pytest.fixture
def engine(clean_docker: Engine) -> Engine:
    """A dozen containers: most of them never started, which is quick, and a few that run."""
    for number in range(8):
        clean_docker.create("busybox:1", "true", name=f"idle-{number}", start=False)
    for name in ("up-1", "up-2", "up-3"):
        clean_docker.create("busybox:1", "sleep", "1000", name=name, HostConfig={"NetworkMode": "none"}, StopTimeout=1)
    return clean_docker


@pytest.fixture
def terminal(engine: Engine) -> Iterator[Terminal]:
    with portside("--host", engine.url, width=160, height=45) as terminal:
        terminal.wait_for("● live")
        terminal.wait(lambda: row(terminal, "up-3") != "" and row(terminal, "idle-7") != "", "every container")
        yield terminal


def row(terminal: Terminal, name: str) -> str:
    """The line of the containers pane that begins with this name, without the detail pane beside it; "" for none."""
    for line in terminal.lines:
        left = line.partition("▏")[0]
        words = left.replace("▌", " ").split()
        if words and words[0] == name:
            return left
    return ""


def until_row(terminal: Terminal, name: str, state: str) -> None:
    terminal.wait(lambda: state in row(terminal, name), f"{name} {state}")


def until_gone(terminal: Terminal, name: str) -> None:
    terminal.wait(lambda: row(terminal, name) == "", f"end of {name}")


def choose(terminal: Terminal, name: str) -> None:
    """Only this container, and the cursor on it."""
    terminal.send("/")
    terminal.wait_for("words to filter by")
    terminal.send(name + "\r")
    terminal.wait_for(f"filter: {name}")
    terminal.wait(lambda: "▌" in row(terminal, name), f"the cursor on {name}")


def inspect(engine: Engine, name: str) -> dict[str, object]:
    state: dict[str, object] = engine.api("GET", f"/containers/{name}/json")["State"]
    return state


def test_everything_that_happens_outside_shows_without_a_key(terminal: Terminal, engine: Engine) -> None:
    engine.api("POST", "/containers/idle-0/rename?name=renamed-outside")
    until_row(terminal, "renamed-outside", "created")
    until_gone(terminal, "idle-0")
    until_event(terminal, "rename")
    made = engine.create("busybox:1", "sleep", "1000", name="made-outside", HostConfig={"NetworkMode": "none"})
    until_row(terminal, "made-outside", "running")
    engine.api("POST", f"/containers/{made}/pause")
    until_row(terminal, "made-outside", "paused")
    until_event(terminal, "pause")
    engine.api("POST", f"/containers/{made}/unpause")
    until_row(terminal, "made-outside", "running")
    engine.api("POST", f"/containers/{made}/kill")
    until_row(terminal, "made-outside", "exited 137")
    engine.api("POST", f"/containers/{made}/start")
    until_row(terminal, "made-outside", "running")
    engine.api("DELETE", f"/containers/{made}?force=1")
    until_gone(terminal, "made-outside")
    until_event(terminal, "destroy")


def until_event(terminal: Terminal, action: str) -> None:
    terminal.wait(lambda: f" {action} " in events(terminal), f"the event {action}")


def events(terminal: Terminal) -> str:
    lines = terminal.lines
    start = next(number for number, line in enumerate(lines) if "3 Events" in line)
    return "\n".join(lines[start:])


def test_images_that_come_and_go_outside_show_without_a_key(terminal: Terminal, engine: Engine) -> None:
    engine.api("POST", "/images/portside/busybox:1/tag?repo=aa-outside/new&tag=7")
    terminal.wait_for("aa-outside/new:7")
    until_event(terminal, "tag")
    engine.api("DELETE", "/images/aa-outside/new:7")
    terminal.wait(lambda: not any(line.startswith("  aa-outside") for line in terminal.lines), "end of the tag")
    until_event(terminal, "untag")


def test_every_action_on_a_container_from_the_keyboard(terminal: Terminal, engine: Engine) -> None:
    choose(terminal, "up-1")
    before = inspect(engine, "up-1")["StartedAt"]
    terminal.send("r")
    terminal.wait(lambda: inspect(engine, "up-1")["StartedAt"] != before, "the restart")
    until_row(terminal, "up-1", "running")
    terminal.send("p")
    until_row(terminal, "up-1", "paused")
    terminal.send("p")
    until_row(terminal, "up-1", "running")
    terminal.send("s")
    until_row(terminal, "up-1", "exited 137")
    terminal.send("s")
    until_row(terminal, "up-1", "running")
    terminal.send("K")
    terminal.wait_for("signal")
    terminal.send("KILL\r")
    until_row(terminal, "up-1", "exited 137")
    assert inspect(engine, "up-1")["Status"] == "exited"
    terminal.send("d")
    terminal.wait_for("Cancel")
    terminal.send("\r")  # the focus is on Cancel
    terminal.wait_gone("Cancel")
    until_row(terminal, "up-1", "exited")
    terminal.send("d")
    terminal.wait_for("Cancel")
    terminal.send("y")
    until_gone(terminal, "up-1")
    with pytest.raises(EngineError, match="404"):
        inspect(engine, "up-1")
    # Nobody else was touched.
    assert inspect(engine, "up-2")["Status"] == "running"


def test_logs_are_followed_live(terminal: Terminal, engine: Engine) -> None:
    script = "for i in 1 2 3; do echo early-$i; done; while [ ! -e /go ]; do sleep 0.05; done; echo late-$((40+2)); cat"
    engine.create("busybox:1", "sh", "-c", script, name="talker", OpenStdin=True, HostConfig={"NetworkMode": "none"})
    choose(terminal, "talker")
    terminal.send("l")
    terminal.wait_for("Logs talker")
    terminal.wait_for("early-3")
    assert "late-42" not in terminal.text
    made = engine.api("POST", "/containers/talker/exec", {"Cmd": ["touch", "/go"]})
    engine.api("POST", f"/exec/{made['Id']}/start", {"Detach": True})
    terminal.wait_for("late-42")
    terminal.send("q")
    terminal.wait_gone("Logs talker")
    until_row(terminal, "talker", "running")


def pull(terminal: Terminal, reference: str) -> None:
    terminal.send("P")
    terminal.wait_for("Pull")
    terminal.send(f"{reference}\r")


def listed(engine: Engine, reference: str) -> Callable[[], bool]:
    return lambda: any(reference in (image["RepoTags"] or ()) for image in engine.api("GET", "/images/json"))


def test_pull_shows_its_layers_and_ends_in_the_list(terminal: Terminal, engine: Engine, registry: Registry) -> None:
    reference = f"{registry.slow}/portside/medium:1"
    for tag in ("portside/medium:1", reference):
        if listed(engine, tag)():
            engine.api("DELETE", f"/images/{tag}?force=1")
    pull(terminal, reference)
    # 4 MB on a line of 4 MB/s: a second in which the bars must be seen.
    terminal.wait_for("Downloading")
    terminal.wait_for("Done: ", 60)
    assert listed(engine, reference)()
    terminal.send("\x1b")
    terminal.wait(lambda: any(line.startswith(f"  {registry.slow}/portside") for line in terminal.lines), "its row")


def test_pull_with_a_login(docker_config: Path, terminal: Terminal, engine: Engine, registry: Registry) -> None:
    reference = f"{registry.auth}/portside/logger:1"
    pull(terminal, reference)
    terminal.wait_for("no basic auth credentials")
    assert not listed(engine, reference)()
    terminal.send("\x1b")
    terminal.wait_gone("no basic auth credentials")
    token = base64.b64encode(f"{registry.user}:{registry.password}".encode()).decode()
    (docker_config / "config.json").write_text(json.dumps({"auths": {registry.auth: {"auth": token}}}))
    pull(terminal, reference)
    terminal.wait(listed(engine, reference), "the image")
    terminal.send("\x1b")
    terminal.wait(lambda: any(line.startswith(f"  {registry.auth}/portside") for line in terminal.lines), "its row")
    assert token not in terminal.text
    assert registry.password.encode() not in terminal.raw


def test_image_in_use_is_refused_in_the_engines_own_words(terminal: Terminal, engine: Engine) -> None:
    used = engine.api("POST", "/containers/create?name=user-of-web", {"Image": "portside/web:1"})["Id"]
    terminal.send("2")
    terminal.send("/")
    terminal.wait_for("words to filter by")
    terminal.send("portside/web\r")
    terminal.wait_for("filter: portside/web")
    terminal.wait(lambda: any(line.startswith("▌ portside/web:1") for line in terminal.lines), "the cursor on it")
    terminal.send("d")
    terminal.wait_for("Cancel")
    terminal.send("y")
    terminal.wait_for("conflict")
    # On one line of the screen it may be cut; in the history it is whole.
    terminal.send("N")
    terminal.wait_for("Messages")
    terminal.wait_for("image is being used by stopped container")
    terminal.wait_for(used[:12])
    assert listed(engine, "portside/web:1")()
