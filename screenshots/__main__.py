"""Draws the screenshots from the demo engine, with a fixed seed and a fixed clock: the same pictures each time.

python -m screenshots [NAME...]
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from textual.pilot import Pilot

from tui.app import PortsideApp
from tui.config.settings import Settings
from tui.demo.clock import FakeClock
from tui.demo.engine import DemoEngine
from tui.panes.resource import ResourcePane
from tui.runtime.endpoints import Discovery, Endpoint, candidates, probe

HERE = Path(__file__).parent
PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What a picture is taken of."""

    app: PortsideApp
    pilot: Pilot[int]
    clock: FakeClock

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def pass_time(self, seconds: int) -> None:
        """Let this much of the demo's time pass, a second at a time, and the screen keep up with it."""
        for _ in range(seconds):
            await self.clock.run(1.0, step=0.25)
            await self.pilot.pause(0.05)

    async def select(self, name: str) -> None:
        """Put the cursor on a container, and wait for what follows it."""
        pane = self.app.screen.query_one("#pane-containers", ResourcePane)
        key = next(key for key, model in pane.source().items() if model.name == name)
        pane.table.move_to(key)
        await self.pilot.pause(0.4)

    async def until(self, text: str) -> None:
        """Wait until this is on the screen."""
        await until(lambda: text in shown(self.app), text)


Play = Callable[[Stage], Awaitable[None]]


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait until it holds."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not condition():
        if asyncio.get_running_loop().time() > end:
            raise TimeoutError(what)
        await asyncio.sleep(0.02)


def shown(app: PortsideApp) -> str:
    """The text of the screen."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


async def dashboard(stage: Stage) -> None:
    """Logs of a service beside everything else."""
    await stage.pass_time(12)
    await stage.select("shop-api-1")
    await stage.pass_time(2)


async def stats(stage: Stage) -> None:
    """CPU and memory over time."""
    await stage.select("orders-service")
    await stage.press("right_square_bracket")
    await stage.until("CPU, %")
    await stage.pass_time(90)


async def details(stage: Stage) -> None:
    """What is known of a container."""
    await stage.pass_time(8)
    await stage.select("shop-db-1")
    await stage.press("right_square_bracket", "right_square_bracket")
    await stage.until("Overview")
    await stage.pass_time(1)


async def plan(stage: Stage) -> None:
    """The plan of a removal."""
    await stage.pass_time(8)
    for name in ("shop-web-1", "shop-web-2", "blog-web-1"):
        await stage.select(name)
        await stage.press("space")
    await stage.press("d")
    await stage.until("Remove 3")


async def pull(stage: Stage) -> None:
    """A pull under way."""
    await stage.press("P")
    await stage.pilot.pause(0.2)
    await stage.press(*"ghcr.io/acme/shop", "colon", "2", "enter")
    await stage.pilot.pause(0.3)
    await stage.pass_time(2)
    await stage.until("Download")


async def narrow(stage: Stage) -> None:
    """80 columns by 24 rows."""
    await stage.pass_time(8)
    await stage.select("shop-cache-1")
    await stage.pass_time(1)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture."""

    play: Play
    size: tuple[int, int] = (150, 42)
    theme: str = ""


SHOTS = {
    "dashboard": Shot(dashboard),
    "dashboard-light": Shot(dashboard, theme="portside-light"),
    "stats": Shot(stats),
    "details": Shot(details),
    "plan": Shot(plan, size=(110, 30)),
    "pull": Shot(pull, size=(110, 30)),
    "narrow": Shot(narrow, size=(80, 24)),
}


CELL = 12.2
"""Width of a cell in the units of the SVG."""


def pack(match: re.Match[str]) -> str:
    """A text element without the blanks at its ends: some viewers drop those and stretch what is left."""
    head, x, middle, length, tail, text = match.groups()
    body = text.replace("&#160;", "\xa0")
    kept = body.strip("\xa0")
    left = len(body) - len(body.lstrip("\xa0"))
    if not kept:
        return ""
    start = float(x) + left * CELL
    width = float(length) - (len(body) - len(kept)) * CELL
    kept = kept.replace("\xa0", "&#160;")
    return f'{head}x="{start:.1f}"{middle}textLength="{width:.1f}"{tail}>{kept}</text>'


def tidy(svg: str) -> str:
    """Without the fonts' network addresses: whoever looks at a picture asks nobody for anything."""
    svg = re.sub(r'(<text [^>]*?)x="([\d.]+)"([^>]*?)textLength="([\d.]+)"([^>]*)>([^<]*)</text>', pack, svg)
    svg = re.sub(r"@font-face\s*{[^}]*}", "", svg)
    return re.sub(r"font-family: Fira Code, monospace", "font-family: Fira Code, DejaVu Sans Mono, monospace", svg)


async def draw(name: str, shot: Shot) -> None:
    """Draw one."""
    clock = FakeClock()
    async with DemoEngine(containers=30, clock=clock, life=False) as demo:
        # A source that the docker command line knows too: its commands then need no path of this run's socket.
        found = Discovery(Endpoint(url=demo.url, name="demo", source="currentContext"), ())
        app = PortsideApp(
            Settings(theme=shot.theme),
            found,
            demo=demo,
            now=lambda: datetime.fromtimestamp(clock.now() / 1e9, UTC),
        )
        try:
            async with app.run_test(size=shot.size) as pilot:
                await until(lambda: "live" in shown(app), "connection")
                await pilot.pause(0.5)  # the streams of statistics are open then
                await shot.play(Stage(app, pilot, clock))
                await pilot.pause(0.3)
                svg = app.export_screenshot(title="portside")
        finally:
            await app.close()
    (HERE / f"{name}.svg").write_text(tidy(svg))


async def connection() -> None:
    """The screen for when nothing answers."""
    tried = tuple(probe(one) for one in candidates(None, None, {}, Path("/home/you"), 1000))
    app = PortsideApp(Settings(), Discovery(None, tried), discover=lambda: Discovery(None, tried))
    async with app.run_test(size=(110, 30)) as pilot:
        await pilot.pause(0.3)
        svg = app.export_screenshot(title="portside")
    await app.close()
    (HERE / "connection.svg").write_text(tidy(svg))


async def main(names: list[str]) -> None:
    """Draw these, or all."""
    for name, shot in SHOTS.items():
        if not names or name in names:
            await draw(name, shot)
            print(name)
    if not names or "connection" in names:
        await connection()
        print("connection")


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    asyncio.run(main(sys.argv[1:]))
