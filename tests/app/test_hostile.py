"""Whatever an engine, an image or a container says: nothing crashes, and nothing of it is markup or control."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator

import pytest

from tests.app.support import Driver, running
from tui.demo.engine import DemoEngine
from tui.demo.objects import Container, Step
from tui.panes import detail
from tui.panes.detail import DetailPane
from tui.screens.dashboard import Dashboard
from tui.screens.logs import LogsScreen
from tui.screens.text import TextScreen
from widgets.dialog.choose import ChooseDialog
from widgets.dialog.confirm import ConfirmDialog
from widgets.dialog.progress import ProgressDialog
from widgets.dialog.prompt import PromptDialog
from widgets.dialog.text import TextDialog
from widgets.log.view import LogView

TEXTS = {
    "markup": "[red]x[/]",
    "closing": "[/foo][/]",
    "click": "[@click=app.quit()]x[/]",
    "open": "[bold",
    "variable": "$primary \\[x]",
    "colour": "\x1b[31;5mred",
    "clear": "\x1b[2J\x1b[H\x1b[?1049l",
    "title": "\x1b]0;owned\x07",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "link": "\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "query": "\x1b]11;?\x1b\\\x1b[c\x1b[6n",
    "dcs": "\x1bP$qm\x1b\\",
    "unfinished": "\x1b]52;c;",
    "c1": "\x9b31m\x9d0;owned\x9c\x90q\x9c",
    "c0": "a\x00b\x07c\x08d\x0ee\x7f",
    "lines": "a\nb\r\nc\rd\x0be\x0cf\u2028g\x85h",
    "tabs": "a\tb\t\tc",
    "bidi": "\u202egpj.exe\u2066\u200f",
    "wide": "漢字ｗｉｄｅ🐳👩\u200d👩\u200d👧🇩🇪",
    "marks": "e" + "\u0301" * 40 + "\u200b\u200b\ufeff",
    "long": "x" * 5000,
    "quotes": "'\"`$(reboot)`\\",
}
# Each text carries a word of its own, to be found on the screen by.
MARKED = {name: f"ok{number:02}{text}" for number, (name, text) in enumerate(TEXTS.items())}
EVERYTHING = "all" + "".join(text for name, text in TEXTS.items() if name != "long")

# Controls, C1, bidirectional and invisible characters, surrogates: nothing of this belongs on a screen.
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def check_screen(app: Driver) -> None:
    """What is on the screen now is text and colours, every line as wide as the screen."""
    for line in app.app.screen._compositor.render_strips():
        for segment in line:
            assert not segment.control
            found = FORBIDDEN.search(segment.text)
            assert found is None, f"{found!r} in {segment.text!r}"
            assert segment.style is None or segment.style.link is None
        assert line.cell_length == app.app.size.width


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load the detail at once: the cursor visits many rows."""
    monkeypatch.setattr(detail, "REST_SECONDS", 0.0)


def add(demo: DemoEngine, text: str) -> Container:
    """A container that says this wherever somebody outside can say something."""
    world = demo.world
    world.add_image(f"{text}:tag", config={"Cmd": [text], "Labels": {text: text}, "Env": [f"A={text}"]})
    image = world.images[-1]
    image.tags.append(text)
    image.steps.append(Step(world.now(), f"RUN {text}", 7, text))
    made = world.add_container(
        name=text,
        image=image.tags[0],
        labels={text: text, "com.docker.compose.project": text, "com.docker.compose.service": text},
        command=["sleep", "infinity", text],
        env=[f"{text}={text}", f"PASSWORD={text}"],
        host_config={"Binds": [f"/{text}:/{text.replace(':', '')}"]},
        Hostname=text,
        WorkingDir=text,
        User=text,
    )
    made.error = text
    data = text.encode()
    for line in (data, b"\xff\xfe" + data + b"\xc3(", data * 3):
        made.log.write(world.now(), line, 2)
    publish = world.events.publish
    publish(world.now(), "container", f"exec_create: {text}", made.id, {"name": text, text: text, "execID": text})
    publish(world.now(), "container", "die", made.id, {"name": text, "image": text, "exitCode": text, text: text})
    publish(world.now(), text, text, text, {"name": text})
    publish(world.now(), "image", "pull", text, {"name": text})
    return made


@contextlib.asynccontextmanager
async def hostile(*texts: str, size: tuple[int, int] = (160, 45)) -> AsyncIterator[tuple[Driver, list[Container]]]:
    async with DemoEngine(containers=1, life=False) as demo, running(demo, size=size) as app:
        # After the start: what is there comes by lists, what happens by events.
        made = [add(demo, text) for text in texts]
        await app.until(lambda: len(app.names()) == len(texts) + 1, "the rows")
        yield app, made


async def visit(app: Driver, container: Container) -> None:
    pane = app.pane()
    pane.table.focus()
    key = next(key for key in pane.source() if key.id == container.id)
    assert pane.table.move_to(key)


@pytest.mark.parametrize("size", [(160, 45), (80, 24)])
async def test_every_row_of_every_pane(size: tuple[int, int]) -> None:
    async with hostile(*MARKED.values(), size=size) as (app, made):
        for number, kind in enumerate(("containers", "images", "events"), 1):
            await app.press(str(number), "g")
            seen = ""
            for _ in range(40):
                check_screen(app)
                seen += app.text(app.pane(kind))
                if app.pane(kind).table.model.cursor >= len(app.names(kind)) - 1:
                    break
                await app.press("pagedown")
            check_screen(app)
            seen += app.text(app.pane(kind))
            for number_of in range(len(made)):
                assert f"ok{number_of:02}" in seen, kind
        await app.press("1", "x", "3", "x")
        check_screen(app)


@pytest.mark.parametrize("tab", ["Logs", "Stats", "Details", "Inspect", "Processes"])
async def test_every_tab_of_every_container(tab: str) -> None:
    async with hostile(*MARKED.values()) as (app, made):
        pane = app.dashboard.query_one(DetailPane)
        while f"[{tab}]" not in app.text(pane):
            await app.press("right_square_bracket")
        for number, container in enumerate(made):
            await visit(app, container)
            # The name is on the tab line in any case; what the tab shows of it differs.
            await app.until_text(f"ok{number:02}", pane)
            if tab == "Logs":
                log = pane.query_one("#logs", LogView)
                await app.until(lambda log=log: len(log.buffer) >= 3, "its log")  # type: ignore[misc]
            await app.pilot.pause()
            check_screen(app)


@pytest.mark.parametrize(("number", "kind"), [(2, "images"), (3, "events")])
async def test_every_tab_of_every_image_and_event(number: int, kind: str) -> None:
    async with hostile(*MARKED.values()) as (app, _):
        detail_pane = app.dashboard.query_one(DetailPane)
        pane = app.pane(kind)
        await app.press(str(number))
        # The last row of each name is enough.
        by_name = {pane.resource.name(model): key for key, model in pane.source().items()}
        hostile_keys = [key for name, key in by_name.items() if "ok" in name]
        assert len(hostile_keys) >= len(MARKED)
        for tab in pane.resource.tabs:
            detail_pane.go_to(tab)
            for key in hostile_keys:
                assert pane.table.move_to(key)
                await app.until_text("ok", detail_pane)
                await app.pilot.pause()
                check_screen(app)


@pytest.mark.parametrize("name", ["closing", "clipboard", "lines", "bidi", "wide", "long", "all"])
async def test_every_screen_and_dialog(name: str) -> None:
    text = EVERYTHING if name == "all" else MARKED[name]
    word = text[: 3 if name == "all" else 4]
    async with hostile(text) as (app, made):
        await visit(app, made[0])
        steps = (
            ("l", LogsScreen, word),
            ("i", TextScreen, '"Id"'),
            ("y", TextDialog, "docker"),
            ("d", ConfirmDialog, word),
            ("K", ChooseDialog, word),
            ("R", PromptDialog, word),
            ("N", TextScreen, "essages"),
        )
        for key, kind, expected in steps:
            await app.press(key)
            await app.until(lambda kind=kind: isinstance(app.app.screen, kind), f"{key} {name}")  # type: ignore[misc]
            await app.until_text(expected)
            check_screen(app)
            await app.press("G", "g", "w") if kind in (LogsScreen, TextScreen) else await app.pilot.pause()
            check_screen(app)
            await app.press("escape")
            await app.until(lambda: isinstance(app.app.screen, Dashboard), "the dashboard")


async def test_pull_whose_registry_is_hostile() -> None:
    async with hostile("plain") as (app, _):
        app.demo.faults.garbage(
            b"".join(
                line
                for line in (
                    b'{"status":"Pulling [/from] \\u001b]0;owned\\u0007","id":"[/red]\\u202e"}\r\n',
                    b'{"status":"\\u001b]52;c;eA==\\u0007","progressDetail":{"current":1,"total":9},"id":"\\u0000"}\r\n',
                    b'{"errorDetail":{"message":"[/no] \\u001b[31m"},"error":"[/no] \\u001b[31m\\u009b2J"}\r\n',
                )
            ),
            path="/images/create",
        )
        await app.press("P")
        await app.until(lambda: isinstance(app.app.screen, PromptDialog), "the question")
        await app.type("example.com/evil")
        await app.press("enter")
        await app.until(lambda: isinstance(app.app.screen, ProgressDialog), "the progress")
        await app.until_text("[/no]")
        check_screen(app)
        await app.press("escape")
        await app.until(lambda: isinstance(app.app.screen, Dashboard), "the dashboard")


async def test_megabyte_without_a_newline() -> None:
    async with hostile("plain") as (app, made):
        log = made[0].log
        now = app.demo.world.now
        log.write(now(), b"x" * (1 << 20) + b"END")
        log.write(now(), b"\xff" * 200_000)
        log.write(now(), b"\x1b]52;c;" * 50_000)
        log.write(now(), "漢".encode() * 100_000)
        log.write(now(), b"the last line")
        await visit(app, made[0])
        await app.until_text("the last line", app.dashboard.query_one(DetailPane))
        check_screen(app)
        await app.press("l")
        await app.until(lambda: isinstance(app.app.screen, LogsScreen), "the log")
        await app.until_text("the last line")
        for key in ("w", "g", "pagedown", "G", "w", "g", "l", "l", "h", "h", "t", "G"):
            await app.press(key)
            check_screen(app)
        await app.until_text("the last line")


async def test_answers_that_are_no_text() -> None:
    """Lone surrogates, controls as escapes, values that are out of range or missing."""
    async with hostile("plain") as (app, _):
        row = b'{"Id":"%s","Names":["/%s"],"Image":"%s","State":"%s","Status":%s,"Labels":{"%s":"%s"},"Created":%s}'
        bad = b"\\ud800\\u0000\\u009b2J\\u001b]52;c;eA==\\u0007"
        rows = [
            row % (b"a" * 64, b"sur" + bad, bad, b"running", b'"Up ' + bad + b'"', bad, bad, b"1"),
            row % (b"b" * 64, b"other", bad, bad, b"null", b"", bad, b"-99999999999999999"),
        ]
        app.demo.faults.garbage(b"[" + b",".join(rows) + b"]", path="/containers/json", times=None)
        assert app.app.fleet is not None
        app.app.fleet.refresh("containers")
        await app.until(lambda: any(name.startswith("sur") for name in app.names()), "the rows")
        await app.until_text("other")
        await app.press("g")
        for _ in range(3):
            check_screen(app)
            await app.press("y")
            await app.until(lambda: isinstance(app.app.screen, TextDialog), "the command lines")
            check_screen(app)
            await app.press("escape", "j")


async def test_hostile_header_and_banner_do_not_matter_either() -> None:
    """The engine's version, and why it is gone, stand in the header."""
    async with hostile("plain") as (app, _):
        app.demo.faults.fail(500, EVERYTHING, path="/containers/json", times=None)
        app.demo.world.add_container(name="another")
        await app.until_text("all[red]x[/]")
        check_screen(app)
        app.demo.faults.clear()
        await app.until(lambda: "another" in app.names(), "the row after all")
