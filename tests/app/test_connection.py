"""Without a live engine: what the connection screen says of every way to fail, and that it goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.app.support import Driver, until
from tui.app import PortsideApp
from tui.config.settings import Settings
from tui.demo.engine import DemoEngine
from tui.panes.header import Header
from tui.runtime import endpoints
from tui.runtime.endpoints import Candidate, Discovery, Endpoint
from tui.screens import connect
from tui.screens.connect import ConnectScreen
from tui.screens.dashboard import Dashboard
from tui.screens.text import TextScreen

# Seconds for one look. The real limits are 1 and 3: a hanging engine would make these tests slow, and no better.
LOOK = 0.3


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look ten times a second instead of once."""
    monkeypatch.setattr(connect, "RETRY_SECONDS", 0.1)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: the name of a unix socket ends after 108 bytes."""
    with tempfile.TemporaryDirectory(prefix="portside-") as name:
        yield Path(name)


def candidate(path: Path, source: str = "well-known socket") -> Candidate:
    return Candidate(source, str(path), Endpoint(f"unix://{path}", str(path), source))


def look_at(*paths: Path) -> Discovery:
    """As `endpoints.discover` does with well-known sockets, but only with those of the test."""
    tried = []
    for path in paths:
        tried.append(endpoints.probe(candidate(path), LOOK))
        if tried[-1].ok:
            return Discovery(tried[-1].candidate.endpoint, tuple(tried))
    return Discovery(None, tuple(tried))


@contextlib.asynccontextmanager
async def starting(
    demo: DemoEngine, discover: Callable[[], Discovery] | None, first: Discovery, settings: Settings | None = None
) -> AsyncIterator[Driver]:
    """The application, begun with the outcome of a first look; `demo` is what may answer later."""
    app = PortsideApp(settings or Settings(), first, discover=discover)
    try:
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            yield Driver(app, pilot, demo)
    finally:
        await app.close()


async def until_dashboard(driver: Driver) -> None:
    """The dashboard is the screen, with its panes."""
    await driver.until(
        # Textual mounts level by level: the last ones to be there are the titles of the panes.
        lambda: isinstance(driver.app.screen, Dashboard) and len(driver.app.screen.query(".pane--title")) == 3,
        "the dashboard",
    )


async def dashboard_with_rows(driver: Driver, count: int) -> None:
    await until_dashboard(driver)
    await driver.until(lambda: len(driver.names()) == count, f"{count} rows")
    header = driver.dashboard.query_one(Header)
    await driver.until(lambda: "● live" in header.text, "live")


@dataclass(frozen=True)
class Broken:
    """A way not to have an engine.

    Attributes:
        begin: Makes it so.
        repair: Gives the engine back.
        says: What stands on the screen, reason and hint.
    """

    begin: Callable[[DemoEngine], Awaitable[object]]
    repair: Callable[[DemoEngine], Awaitable[object]]
    says: tuple[str, ...]


async def hang(demo: DemoEngine) -> None:
    demo.faults.hang()


async def garbage(demo: DemoEngine) -> None:
    """Something else listens there, and speaks first."""
    path = demo.socket_path
    await demo.crash()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x1b]0;owned\x07SSH-2.0-OpenSSH_9.2 [/red]\r\n\r\n")
        await writer.drain()
        await reader.read(1000)
        writer.close()
        await writer.wait_closed()

    impostors[demo] = await asyncio.start_unix_server(greet, path)


impostors: dict[DemoEngine, asyncio.Server] = {}


async def unmask(demo: DemoEngine) -> None:
    server = impostors.pop(demo)
    server.close()
    await server.wait_closed()
    await demo.restart()


async def forbid(demo: DemoEngine) -> None:
    demo.faults.fail(403, "no [/b] for you \x1b[31m", path="/_ping", times=None)


async def fail(demo: DemoEngine) -> None:
    demo.faults.fail(500, "the daemon is shutting down", path="/_ping", times=None)


async def other_file(demo: DemoEngine) -> None:
    await demo.crash()
    demo.socket_path.write_text("no socket")


async def clear(demo: DemoEngine) -> None:
    demo.faults.clear()


WAYS = {
    "missing": Broken(DemoEngine.crash, DemoEngine.restart, ("there is no such socket", "start docker")),
    "refused": Broken(DemoEngine.refuse, DemoEngine.restart, ("nobody listens there", "start docker")),
    "file": Broken(other_file, DemoEngine.restart, ("it is a file, and not a socket",)),
    "garbage": Broken(garbage, unmask, ("answered something that is not HTTP", "is this really an engine's socket?")),
    "hang": Broken(hang, clear, ("no answer within 0.3 s", "the engine hangs or is overloaded")),
    "forbidden": Broken(forbid, clear, ("403 Forbidden", "a proxy before the engine refuses /_ping")),
    "failing": Broken(fail, clear, ("500 Internal Server Error",)),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
async def test_every_failure_is_told_and_the_engine_is_found_when_it_is_back(way: Broken, folder: Path) -> None:
    path = folder / "docker.sock"
    async with DemoEngine(containers=12, life=False, socket_path=path) as demo:
        await way.begin(demo)
        first = await asyncio.to_thread(look_at, path)
        async with starting(demo, lambda: look_at(path), first) as app:
            assert isinstance(app.app.screen, ConnectScreen)
            await app.until_text("No container engine answers")
            await app.until_text(f"{path} (well-known socket)")
            for words in way.says:
                await app.until_text(words)
            # The same again after it has tried once more: nothing of this depends on the first look.
            await app.until_text("tried 2 times")
            for words in way.says:
                assert words in app.text()
            await way.repair(demo)
            await dashboard_with_rows(app, 12)
            assert "DEMO" not in app.text()


async def test_lists_every_endpoint_that_was_tried_with_its_own_reason(folder: Path) -> None:
    missing, file = folder / "docker.sock", folder / "podman.sock"
    file.write_text("")
    async with DemoEngine(containers=1, life=False, socket_path=folder / "hangs.sock") as demo:
        demo.faults.hang()
        paths = (missing, file, demo.socket_path)
        first = await asyncio.to_thread(look_at, *paths)
        async with starting(demo, lambda: look_at(*paths), first) as app:
            await app.until_text("there is no such socket")
            blocks = app.text().split("✗ ")[2:]  # the first sign is the title's
            assert len(blocks) == 3
            for path, reason, block in zip(
                paths, ("there is no such socket", "it is a file", "no answer within"), blocks, strict=True
            ):
                assert block.startswith(str(path))
                assert reason in block
                assert "→" in block


async def test_reason_changes_with_the_engines_state(folder: Path) -> None:
    path = folder / "docker.sock"
    async with DemoEngine(containers=3, life=False, socket_path=path) as demo:
        await demo.crash()
        async with starting(demo, lambda: look_at(path), look_at(path)) as app:
            await app.until_text("there is no such socket")
            path.write_text("")
            await app.until_text("it is a file, and not a socket")
            assert "there is no such socket" not in app.text()


async def test_nothing_to_try_is_said_too() -> None:
    demo = DemoEngine()
    async with starting(demo, lambda: Discovery(None, ()), Discovery(None, ())) as app:
        await app.until_text("There was nothing to try")


async def test_broken_choice_is_explained(folder: Path) -> None:
    """A host that nobody can use: a transport that is not there, a context that does not exist."""
    (folder / "contexts").mkdir()
    discovery = endpoints.discover(env={"DOCKER_CONFIG": str(folder), "DOCKER_CONTEXT": "[/staging]"}, home=folder)
    async with starting(DemoEngine(), lambda: discovery, discovery) as app:
        await app.until_text("[/staging] (DOCKER_CONTEXT)")
        await app.until_text("→")


async def test_explicit_host_that_is_down_waits_and_is_the_only_one_that_is_tried(folder: Path) -> None:
    path = folder / "mine.sock"
    async with DemoEngine(containers=5, life=False, socket_path=path) as demo:
        await demo.crash()
        # No look of the test's own: the application looks for what --host said.
        async with starting(demo, None, endpoints.discover(f"unix://{path}")) as app:
            await app.until_text(f"{path} (--host)")
            await app.until_text("tried 3 times")
            assert app.text().count("(--host)") == 1
            assert "well-known" not in app.text()
            await demo.restart()
            await dashboard_with_rows(app, 5)


async def test_r_looks_at_once(folder: Path) -> None:
    looks = 0

    def look() -> Discovery:
        nonlocal looks
        looks += 1
        return look_at(folder / "docker.sock")

    async with starting(DemoEngine(), look, look()) as app:
        before = looks
        await app.press("r")
        await app.until(lambda: looks > before, "another look")
        await app.until_text(f"tried {looks} times")


async def test_help_opens_from_the_connection_screen_and_the_engine_is_still_found(folder: Path) -> None:
    path = folder / "docker.sock"
    async with DemoEngine(containers=4, life=False, socket_path=path) as demo:
        await demo.crash()
        async with starting(demo, lambda: look_at(path), look_at(path)) as app:
            await app.until_text("help")
            await app.press("question_mark")
            await app.until(lambda: isinstance(app.app.screen, TextScreen), "the help")
            await demo.restart()
            await app.until(lambda: len(app.demo.request_log) > 0, "a look while the help is open")
            await app.press("escape")
            await dashboard_with_rows(app, 4)


async def test_d_opens_the_demo_under_a_banner(folder: Path) -> None:
    async with starting(
        DemoEngine(), lambda: look_at(folder / "none.sock"), look_at(folder / "none.sock"), Settings(demo_containers=9)
    ) as app:
        await app.until_text("opens the demo")
        await app.press("D")
        await dashboard_with_rows(app, 9)
        assert "DEMO ENGINE: simulated containers, nothing here is real" in app.text()


async def test_demo_opens_while_a_look_hangs(folder: Path) -> None:
    path = folder / "docker.sock"
    async with DemoEngine(containers=4, life=False, socket_path=path) as demo:
        demo.faults.hang()
        first = await asyncio.to_thread(look_at, path)
        async with starting(demo, lambda: look_at(path), first) as app:
            before = len(demo.request_log)
            await app.until(lambda: len(demo.request_log) > before, "a look that hangs")
            await app.press("D")
            await until_dashboard(app)
            await app.until_text("DEMO ENGINE")
            demo.faults.clear()
            # The engine is back, and yet: who has chosen the demo stays in it.
            await app.until(lambda: len(app.names()) == 30, "the demo's own rows")
            assert len(app.app.screen_stack) == 2


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_demo_auto_opens_the_demo_by_itself_and_says_why(folder: Path, size: tuple[int, int]) -> None:
    first = look_at(folder / "none.sock")
    app = PortsideApp(Settings(demo="auto", demo_containers=7), first)
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            driver = Driver(app, pilot, DemoEngine())
            await dashboard_with_rows(driver, 7)
            assert "DEMO ENGINE" in driver.text()
            assert "no engine answered" in driver.text()
    finally:
        await app.close()


async def test_demo_auto_prefers_an_engine_that_answers(folder: Path) -> None:
    async with DemoEngine(containers=6, life=False, socket_path=folder / "docker.sock") as demo:
        first = await asyncio.to_thread(look_at, demo.socket_path)
        async with starting(demo, None, first, Settings(demo="auto")) as app:
            await dashboard_with_rows(app, 6)
            assert "DEMO" not in app.text()


async def test_quits_from_the_connection_screen(folder: Path) -> None:
    async with starting(DemoEngine(), lambda: look_at(folder / "x"), look_at(folder / "x")) as app:
        await app.press("q")
        await until(lambda: not app.app.is_running, "the end")
        assert app.app.return_code == 0


LISTS = {
    "garbage": (lambda demo: demo.faults.garbage(b"[\x1b]52;c;eA==\x07", path="/.*/json", times=None), "JSON"),
    "refusal": (
        lambda demo: demo.faults.fail(500, "overlay2: [/broken] \x1b]0;x\x07", path="/.*/json", times=None),
        "overlay2: [/broken]",
    ),
    "cut": (lambda demo: demo.faults.cut(3, path="/.*/json", times=None), "the connection ended in the middle"),
}


@pytest.mark.parametrize(("begin", "says"), LISTS.values(), ids=LISTS.keys())
async def test_engine_that_answers_and_cannot_list_is_explained_and_followed(
    folder: Path, begin: Callable[[DemoEngine], object], says: str
) -> None:
    async with DemoEngine(containers=8, life=False, socket_path=folder / "docker.sock") as demo:
        first = await asyncio.to_thread(look_at, demo.socket_path)
        begin(demo)
        async with starting(demo, None, first) as app:
            await until_dashboard(app)
            await app.until_text(says, app.pane())
            demo.faults.clear()
            await dashboard_with_rows(app, 8)
