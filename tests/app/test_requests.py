"""What the dashboard costs an engine: nothing is asked for on a timer, and stats only for what is on the screen."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest

from tests.app.support import Driver, endpoint_of
from tests.unit.store_fakes import FakeClock as StoreClock
from tui.actions import RowKey
from tui.app import PortsideApp
from tui.config.settings import Settings
from tui.demo.clock import FakeClock as DemoClock
from tui.demo.engine import DemoEngine
from tui.panes import detail
from tui.panes.detail import DetailPane
from tui.runtime.endpoints import Discovery
from tui.store.stats import STREAM_LIMIT

STATS = "/containers/{id}/stats"
LISTS = {("GET", "/containers/json"), ("GET", "/images/json")}
INSPECTS = {("GET", "/containers/{id}/json"), ("GET", "/images/{name*}/json")}
STEP = 0.25


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The detail's rest is real time, of which little passes here: what it asks for must not come in the middle."""
    monkeypatch.setattr(detail, "REST_SECONDS", 0.0)


class Timed(Driver):
    """The application and its engine, whose time passes only when the test says so."""

    def __init__(self, driver: Driver, store: StoreClock, engine: DemoClock) -> None:
        super().__init__(driver.app, driver.pilot, driver.demo)
        self._store = store
        self._engine = engine

    async def step(self) -> None:
        """A quarter of a second, on both sides of the socket."""
        self._engine.advance(STEP)
        await self._store.advance(STEP)
        # Frames of the screen, and bytes on the sockets, take real time: a little for every step.
        await asyncio.sleep(0.002)

    async def until(self, condition: Callable[[], object], what: str = "condition") -> None:
        """Let time pass until it holds."""
        for _ in range(400):
            if condition():
                return
            await self.step()
        raise AssertionError(f"{what} did not come true within {400 * STEP:g} s of the test's time")

    async def pass_time(self, seconds: float, check: Callable[[], None]) -> None:
        """Let time pass, and check something after every step of it."""
        for _ in range(round(seconds / STEP)):
            await self.step()
            check()

    @property
    def streams(self) -> int:
        return self.demo.open_streams[STATS]

    @property
    def visible(self) -> list[RowKey]:
        return [key for key in self.pane().table.visible_keys() if isinstance(key, RowKey)]

    @property
    def visible_running(self) -> int:
        containers = self.demo.world.containers
        return sum(1 for key in self.visible if containers[key.id].running)


@contextlib.asynccontextmanager
async def timed(containers: int = 100, size: tuple[int, int] = (160, 45)) -> AsyncIterator[Timed]:
    store, engine = StoreClock(), DemoClock()
    async with DemoEngine(containers=containers, life=False, clock=engine) as demo:
        for container in list(demo.world.containers.values()):
            # Those that crash and come back for ever are not idle.
            if container.host_config["RestartPolicy"]["Name"] == "always" and container.restarts:
                demo.world.life.destroy(container)
                demo.world.add_container(name=f"instead-of-{container.name}")
        app = PortsideApp(Settings(), Discovery(endpoint_of(demo), ()), clock=store)
        try:
            async with app.run_test(size=size, notifications=True) as pilot:
                driver = Timed(Driver(app, pilot, demo), store, engine)
                await driver.until(lambda: len(driver.names()) == containers, f"{containers} rows")
                await driver.until(lambda: driver.streams == driver.visible_running > 0, "a stream per visible row")
                yield driver
        finally:
            await app.close()


def asked(before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    return Counter({request: count - before[request] for request, count in after.items() if count > before[request]})


@pytest.mark.parametrize("tab", ["Logs", "Stats", "Details", "Inspect"])
async def test_a_minute_of_nothing_costs_no_list_and_no_inspect(tab: str) -> None:
    async with timed() as app:
        pane = app.dashboard.query_one(DetailPane)
        await app.until(lambda: app.demo.open_streams["/containers/{id}/logs"] == 1, "the selected one's log")
        while f"[{tab}]" not in app.text(pane):
            await app.press("right_square_bracket")
        await app.pass_time(5, lambda: None)
        before = Counter(app.demo.requests)
        samples = set()

        def check() -> None:
            assert app.streams <= len(app.visible)
            assert app.app.fleet is not None
            current = app.pane().current
            assert current is not None
            samples.add(app.app.fleet.stats(current))

        await app.pass_time(60, check)
        # The engine's time has passed too: it has sent a sample for every second, and nobody asked for one.
        assert len(samples) > 30
        new = asked(before, app.demo.requests)
        assert not LISTS & new.keys()
        assert not INSPECTS & new.keys()
        # After 30 s of silence the engine is asked whether it lives.
        assert set(new) <= {("GET", "/_ping")}
        assert new.total() <= 2
        assert app.streams == app.visible_running


async def test_streams_follow_the_screen() -> None:
    async with timed() as app:
        first = set(app.visible)
        assert app.demo.requests["GET", STATS] <= len(first)
        await app.press("G")
        await app.until(lambda: not first & set(app.visible), "other rows")
        await app.until(lambda: app.streams == app.visible_running, "their streams, and theirs only")
        await app.press("g")
        await app.until(lambda: app.streams == app.visible_running > 0, "the first streams again")


async def test_paging_leaves_no_streams_behind() -> None:
    async with timed() as app:
        for _ in range(8):
            await app.press("pagedown")
            # A stream lives one second longer than its row is seen.
            await app.pass_time(1.5, lambda: None)
            assert app.streams <= 2 * len(app.visible)
        await app.until(lambda: app.streams == app.visible_running, "only what is on the screen")


async def test_held_down_key_stays_below_the_limit() -> None:
    async with timed() as app:
        most = 0
        for _ in range(30):
            await app.press("pagedown" if app.pane().table.model.cursor < 90 else "g")
            await app.step()
            most = max(most, app.streams)
        assert most <= STREAM_LIMIT


async def test_pane_that_is_not_seen_costs_nothing() -> None:
    async with timed(size=(80, 24)) as app:
        await app.press("2")
        await app.until(lambda: app.streams == 0, "no stream while the images have the screen")
        await app.press("1")
        await app.until(lambda: app.streams == app.visible_running > 0, "streams again")


async def test_one_change_costs_one_request_and_no_inspect() -> None:
    async with timed() as app:
        await app.until(lambda: app.demo.open_streams["/containers/{id}/logs"] == 1, "the selected one's log")
        await app.pass_time(5, lambda: None)
        before = Counter(app.demo.requests)
        made = [app.demo.world.add_container(name=f"burst-{number}", start=False) for number in range(20)]
        await app.until(lambda: {f"burst-{n}" for n in range(20)} <= set(app.names()), "the new rows")
        assert len(made) == 20
        new = asked(before, app.demo.requests)
        assert new["GET", "/containers/json"] <= 2
        assert not INSPECTS & new.keys()
        assert new["GET", "/images/json"] == 0
