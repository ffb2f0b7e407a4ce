"""The application over the demo engine, driven by a pilot."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from textual.pilot import Pilot
from textual.widget import Widget

from tui.app import PortsideApp
from tui.config.settings import Settings
from tui.demo.engine import DemoEngine
from tui.panes.resource import ResourcePane
from tui.runtime.endpoints import Discovery, Endpoint
from tui.screens.dashboard import Dashboard

TIMEOUT = 10.0


async def until(condition: Callable[[], object], what: str = "condition", timeout: float = TIMEOUT) -> None:
    """Wait until it holds; fail with its name when it never does."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    while not condition():
        assert loop.time() < end, f"{what} did not come true within {timeout} s"
        await asyncio.sleep(0.01)


class Driver:
    """What a test does with the application."""

    def __init__(self, app: PortsideApp, pilot: Pilot[int], demo: DemoEngine) -> None:
        self.app = app
        self.pilot = pilot
        self.demo = demo

    @property
    def dashboard(self) -> Dashboard:
        for screen in self.app.screen_stack:
            if isinstance(screen, Dashboard):
                return screen
        raise AssertionError("there is no dashboard")

    def pane(self, kind: str = "containers") -> ResourcePane:
        return self.dashboard.query_one(f"#pane-{kind}", ResourcePane)

    def names(self, kind: str = "containers") -> list[str]:
        """What the pane shows, by name, in order."""
        pane = self.pane(kind)
        return [pane.resource.name(model) for model in pane.shown_models()]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*(f"{key}" if key != " " else "space" for key in text))

    async def select(self, name: str, kind: str = "containers") -> None:
        """Put the cursor on a row by its name."""
        pane = self.dashboard.query_one(f"#pane-{kind}", ResourcePane)
        await until(lambda: name in self.names(kind), f"row {name}")
        for key, model in pane.source().items():
            if pane.resource.name(model) == name:
                pane.table.focus()
                assert pane.table.move_to(key)
        await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str = "condition") -> None:
        await until(condition, what)

    async def until_text(self, text: str, widget: Widget | None = None) -> None:
        """Wait until this stands on the screen (or in a widget)."""
        await until(lambda: text in self.text(widget), f"the text {text!r} in:\n{self.text(widget)}")

    def text(self, widget: Widget | None = None) -> str:
        """What is on the screen, as plain text."""
        region = self.app.screen.region if widget is None else widget.region
        lines = self.app.screen._compositor.render_strips()  # the only way to the composed screen
        return "\n".join(
            "".join(segment.text for segment in strip.crop(region.x, region.right)).rstrip()
            for strip in lines[region.y : region.bottom]
        )

    async def state_of(self, name: str, state: str) -> None:
        """Wait until the store has this container in this state."""
        assert self.app.fleet is not None
        fleet = self.app.fleet
        await until(
            lambda: any(c.name == name and c.state.value == state for c in fleet.rows("containers").values()),
            f"{name} {state}",
        )


def endpoint_of(demo: DemoEngine) -> Endpoint:
    return Endpoint(url=demo.url, name="test", source="test")


@contextlib.asynccontextmanager
async def running(
    demo: DemoEngine | None = None,
    *,
    size: tuple[int, int] = (160, 45),
    settings: Settings | None = None,
    containers: int = 24,
) -> AsyncIterator[Driver]:
    """The application on a demo engine, its containers listed."""
    async with contextlib.AsyncExitStack() as stack:
        if demo is None:
            demo = await stack.enter_async_context(DemoEngine(containers=containers, life=False))
        app = PortsideApp(replace(settings or Settings()), Discovery(endpoint_of(demo), ()))
        try:
            async with app.run_test(size=size, notifications=True) as pilot:
                driver = Driver(app, pilot, demo)
                assert app.fleet is not None
                fleet = app.fleet
                await until(lambda: fleet.loaded("containers") and fleet.loaded("images"), "lists")
                # The store is ahead of the screen by a frame.
                kinds = ("containers", "images")
                if not app.settings.filter:
                    await until(lambda: all(len(driver.names(k)) == len(fleet.rows(k)) for k in kinds), "rows")
                await pilot.pause()
                yield driver
        finally:
            await app.close()
