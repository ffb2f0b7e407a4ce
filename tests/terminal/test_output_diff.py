"""What the terminal shows after differences only is what it would show after everything."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pyte
import pytest
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from widgets.output import DiffOutput


class Terminal:
    """An emulated terminal that does not wrap lines, as Textual sets it up."""

    def __init__(self, width: int, height: int) -> None:
        self.screen = pyte.Screen(width, height)
        self.stream = pyte.Stream(self.screen)
        self.clear()

    def clear(self) -> None:
        self.screen.reset()
        self.stream.feed("\x1b[?7l")

    def cells(self) -> list[list[tuple[object, ...]]]:
        return [[tuple(self.screen.buffer[y][x]) for x in range(self.screen.columns)] for y in range(self.screen.lines)]


class RecordingDriver(HeadlessDriver):
    """A driver without a terminal that keeps what it is told to write."""

    written: list[str]

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.__dict__.setdefault("written", []).append(data)

    def take(self) -> str:
        written = self.__dict__.setdefault("written", [])
        text = "".join(written)
        written.clear()
        return text


TEXTS = ["a", "x" * 30, "漢字", "a漢b字c", "e\u0301e\u0301", "😀 ok", "\u2502 box", "", "running", "12.5 %", "…●▌"]
STYLES = [None, Style.parse("red"), Style.parse("bold #123456 on #654321"), Style.parse("reverse"), Style.parse("red")]


class Board(Widget, can_focus=True):
    """Lines of random segments, of which some change at a time."""

    def __init__(self, seed: int, id: str) -> None:
        super().__init__(id=id)
        self.random = random.Random(seed)
        self.lines: dict[int, list[Segment]] = {}

    def line(self) -> list[Segment]:
        pick = self.random.choice
        return [Segment(pick(TEXTS), pick(STYLES)) for _ in range(self.random.randint(1, 8))]

    def change(self) -> None:
        y = self.random.randrange(max(1, self.size.height))
        segments = self.lines.get(y) or self.line()
        if self.random.random() < 0.7:
            segments = list(segments)
            segments[self.random.randrange(len(segments))] = self.line()[0]
        else:
            segments = self.line()
        self.lines[y] = segments
        width = self.size.width
        x = self.random.randrange(max(1, width))
        self.refresh(self.size.region.translate((0, y)).crop_size((width, 1)))
        if self.random.random() < 0.3:
            self.refresh(self.size.region.crop_size((x + 1, 1)).translate((0, y)))

    def render_line(self, y: int) -> Strip:
        style = self.rich_style
        strip = Strip(Segment(text, style + own if own else style) for text, own in self._parts(y))
        return strip.adjust_cell_length(self.size.width, style)

    def _parts(self, y: int) -> Iterator[tuple[str, Style | None]]:
        for segment in self.lines.get(y, [Segment(f"line {y}")]):
            yield segment.text, segment.style


class Popup(ModalScreen[None]):
    """Something over the screen."""

    CSS = "Popup { align: center middle; } Popup Static { width: 20; height: 3; border: solid red; }"

    def compose(self) -> ComposeResult:
        yield Static("漢 popup", markup=False)


class BoardApp(DiffOutput[None]):
    """Three boards, an input and a line of text."""

    # The boards on the left end exactly where the other one begins: repainting them must not touch their neighbour.
    CSS = """
    Board { width: 1fr; border: round blue; }
    #top, #low { border: none; }
    Vertical { width: 1fr; }
    Input { dock: bottom; }
    """

    def __init__(self, seed: int) -> None:
        super().__init__(driver_class=RecordingDriver)
        self.boards = [Board(seed + n, id) for n, id in enumerate(("top", "low", "right"))]

    def compose(self) -> ComposeResult:
        with Horizontal():
            with Vertical():
                yield from self.boards[:2]
            yield self.boards[2]
        field = Input()
        field.cursor_blink = False
        yield field

    @property
    def recorder(self) -> RecordingDriver:
        assert isinstance(self._driver, RecordingDriver)
        return self._driver


def expected_cells(app: BoardApp, width: int, height: int) -> list[list[tuple[object, ...]]]:
    """What a terminal shows that gets the whole screen at once."""
    terminal = Terminal(width, height)
    for y, strip in enumerate(app.screen._compositor.render_strips()):
        terminal.stream.feed(f"\x1b[{y + 1};1H" + strip.render(app.console))
    return terminal.cells()


class Harness:
    """An app, and the terminal that it writes to."""

    def __init__(self, app: BoardApp, pilot: Pilot[None], size: tuple[int, int]) -> None:
        self.app, self.pilot, self.size = app, pilot, size
        self.terminal = Terminal(*size)

    async def settle(self) -> str:
        await self.pilot.pause()
        await self.pilot.wait_for_animation()
        await self.pilot.pause()
        text = self.app.recorder.take()
        self.terminal.stream.feed(text)
        return text

    async def check(self) -> str:
        text = await self.settle()
        assert self.terminal.cells() == expected_cells(self.app, *self.size)
        return text


SIZE = (60, 16)
Step = Callable[[Harness, random.Random], object]


async def step_change(harness: Harness, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 6)):
        rng.choice(harness.app.boards).change()


async def step_refresh(harness: Harness, rng: random.Random) -> None:
    rng.choice([harness.app.screen, *harness.app.boards]).refresh()


async def step_layout(harness: Harness, rng: random.Random) -> None:
    harness.app.query_one(Vertical).styles.width = rng.choice(("1fr", "3fr", "7", "11"))


async def step_hide(harness: Harness, rng: random.Random) -> None:
    harness.app.boards[1].display = not harness.app.boards[1].display


async def step_type(harness: Harness, rng: random.Random) -> None:
    if not isinstance(harness.app.screen, Popup):
        harness.app.query_one(Input).focus()
        await harness.pilot.press(rng.choice("abc "))


async def step_popup(harness: Harness, rng: random.Random) -> None:
    if isinstance(harness.app.screen, Popup):
        harness.app.pop_screen()
    else:
        harness.app.push_screen(Popup())


async def step_resize(harness: Harness, rng: random.Random) -> None:
    harness.size = (rng.randint(10, 80), rng.randint(4, 20))
    await harness.settle()
    harness.terminal = Terminal(*harness.size)
    await harness.pilot.resize_terminal(*harness.size)


async def step_garbage(harness: Harness, rng: random.Random) -> None:
    await harness.settle()
    harness.terminal.stream.feed("\x1b[3;3Hgarbage\x1b[2;1H\x1b[2K")
    harness.app.invalidate_output()


STEPS = [step_change] * 6 + [step_refresh, step_layout, step_hide, step_type, step_popup, step_resize, step_garbage]


@pytest.mark.parametrize("seed", range(8))
async def test_the_terminal_shows_the_same_as_without_differences(seed: int) -> None:
    rng = random.Random(seed)
    app = BoardApp(seed)
    async with app.run_test(headless=False, size=SIZE) as pilot:
        harness = Harness(app, pilot, SIZE)
        await harness.check()
        for _ in range(20):
            await rng.choice(STEPS)(harness, rng)
            await harness.check()


async def test_neighbours_of_a_repainted_widget_stay() -> None:
    app = BoardApp(1)
    async with app.run_test(headless=False, size=SIZE) as pilot:
        harness = Harness(app, pilot, SIZE)
        await harness.check()
        for board in app.boards[:2]:
            board.lines[0] = [Segment("other")]
            board.refresh(Region(0, 0, board.size.width, 1))
        await harness.check()


async def test_nothing_is_sent_if_nothing_changed() -> None:
    app = BoardApp(1)
    async with app.run_test(headless=False, size=SIZE) as pilot:
        harness = Harness(app, pilot, SIZE)
        app._sync_available = True
        assert await harness.check() != ""
        frames = app.frames_written
        app.screen.refresh()
        app.boards[0].refresh()
        assert await harness.check() == ""
        assert app.frames_written == frames


async def test_one_cell_costs_few_bytes() -> None:
    app = BoardApp(1)
    async with app.run_test(headless=False, size=SIZE) as pilot:
        harness = Harness(app, pilot, SIZE)
        board = app.boards[0]
        board.lines[3] = [Segment("cpu 12.5 % of one"), Segment("core")]
        board.refresh()
        await harness.check()
        before = app.bytes_written
        board.lines[3] = [Segment("cpu 12.6 % of one"), Segment("core")]
        board.refresh()
        text = await harness.check()
        assert "6" in text
        assert "cpu" not in text
        assert 0 < app.bytes_written - before < 60


async def test_it_can_be_switched_off_and_on() -> None:
    app = BoardApp(1)
    async with app.run_test(headless=False, size=SIZE) as pilot:
        harness = Harness(app, pilot, SIZE)
        await harness.check()
        app.diff_output = False
        app.boards[0].refresh()
        assert len(await harness.check()) > 500
        app.boards[0].change()
        await harness.check()
        app.diff_output = True
        app.boards[0].change()
        await harness.check()
        app.boards[0].change()
        assert len(await harness.check()) < 500


async def test_a_return_from_suspension_repaints_everything() -> None:
    app = BoardApp(1)
    async with app.run_test(headless=False, size=SIZE) as pilot:
        harness = Harness(app, pilot, SIZE)
        await harness.check()
        harness.terminal.clear()
        harness.terminal.stream.feed("vi was here")
        app._resume_signal()
        await harness.check()


async def test_frames_of_a_batch_are_sent_after_it() -> None:
    app = BoardApp(1)
    async with app.run_test(headless=False, size=SIZE) as pilot:
        harness = Harness(app, pilot, SIZE)
        await harness.check()
        with app.batch_update():
            app.boards[0].change()
            app.boards[1].change()
            assert await harness.settle() == ""
        await harness.check()


async def test_headless_apps_send_nothing() -> None:
    app = BoardApp(1)
    app.driver_class = HeadlessDriver
    async with app.run_test(size=SIZE) as pilot:
        app.boards[0].change()
        await pilot.pause()
        assert app.bytes_written == 0
