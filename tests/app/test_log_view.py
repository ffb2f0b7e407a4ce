"""The log view on a screen: following, scrolling, wrapping, search, and hostile lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import ClassVar

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key, MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot
from textual.scrollbar import ScrollTo

from widgets.log.buffer import Entry
from widgets.log.view import LogView
from widgets.text import cell_width

SIZE = (60, 12)


class LogApp(App[None]):
    """A log view that fills the screen, and what it reported."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "escaped", "Back")]

    def __init__(self, max_lines: int = 10_000, ascii_only: bool = False) -> None:
        super().__init__()
        self.view = LogView(max_lines=max_lines, repaints=20, ascii_only=ascii_only)
        self.follows: list[bool] = []
        self.searches: list[tuple[str, str]] = []
        self.escaped = 0

    def compose(self) -> ComposeResult:
        yield self.view

    def action_escaped(self) -> None:
        self.escaped += 1

    @on(LogView.FollowChanged)
    def _follow(self, event: LogView.FollowChanged) -> None:
        assert event.control is self.view
        self.follows.append(event.follow)

    @on(LogView.SearchChanged)
    def _search(self, event: LogView.SearchChanged) -> None:
        assert event.control is self.view
        self.searches.append((event.query, event.error))


def numbered(start: int, stop: int) -> list[Entry]:
    return [Entry(f"line {number}") for number in range(start, stop)]


def view_width(view: LogView) -> int:
    """Cells that the view draws: all but the scrollbar."""
    return view.scrollable_content_region.width


def rows(view: LogView) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(view.size.height)]


def following(view: LogView) -> bool:
    """A function, so that the type checker does not take what it saw before a key press for the truth after it."""
    return view.follow


async def until(pilot: Pilot[None], condition: Callable[[], bool], timeout: float = 10) -> None:
    deadline = monotonic() + timeout
    while not condition():
        assert monotonic() < deadline, f"never came true; the screen: {rows(pilot.app.query_one(LogView))}"
        await pilot.pause(0.01)


async def fill(pilot: Pilot[None], lines: list[Entry]) -> LogView:
    view = pilot.app.query_one(LogView)
    view.extend(lines)
    await painted(pilot, view)
    return view


async def painted(pilot: Pilot[None], view: LogView) -> None:
    before = view.repaints
    await until(pilot, lambda: view.repaints > before)


async def test_follows_pauses_and_resumes() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, numbered(0, 100))
        assert rows(view) == [f" line {n}" for n in range(88, 100)]
        await pilot.press("up")
        assert following(view) is False
        assert rows(view) == [*(f" line {n}" for n in range(87, 98)), "paused · 0 new lines"]
        view.extend(numbered(100, 101))
        await until(pilot, lambda: rows(view)[-1] == "paused · 1 new line")
        assert rows(view)[0] == " line 87"
        await pilot.press("G")
        assert following(view)
        assert rows(view)[-1] == " line 100"
        await pilot.press("f")
        assert rows(view)[0] == " line 89"
        await pilot.press("f", "g")
        assert rows(view)[:2] == [" line 0", " line 1"]
        await pilot.press("pagedown", "ctrl+d", "ctrl+u", "j", "k")
        assert rows(view)[0] == " line 10"
        await pilot.press(*["pagedown"] * 10)
        assert following(view)
        assert app.follows == [False, True, False, True, False, True]


async def test_a_flood_keeps_memory_bounded_the_order_right_and_repaints_few() -> None:
    app = LogApp(max_lines=1000)
    async with app.run_test(size=SIZE) as pilot:
        view = app.view
        started, before = monotonic(), view.repaints
        for start in range(0, 200_000, 500):
            view.extend(numbered(start, start + 500))
            if start % 5000 == 0:
                await asyncio.sleep(0)
        await until(pilot, lambda: rows(view)[-1] == " line 199999")
        assert rows(view) == [f" line {n}" for n in range(199_988, 200_000)]
        assert len(view.buffer) == 1000
        assert view.buffer.dropped == 199_000
        assert view.repaints - before <= 20 * (monotonic() - started) + 2
        assert view.lines_rendered <= (view.repaints + 1) * SIZE[1]
        assert len(view._parsed) + len(view._strips) < 400
        await pilot.press("g")
        assert rows(view)[:2] == ["… 199,000 lines dropped", " line 199000"]


async def test_a_paused_view_stays_on_its_lines_while_old_ones_are_dropped() -> None:
    app = LogApp(max_lines=100)
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, numbered(0, 100))
        await pilot.press(*["up"] * 30)
        assert rows(view)[0] == " line 58"
        view.extend(numbered(100, 140))
        await until(pilot, lambda: "40 new lines" in rows(view)[-1])
        assert rows(view)[0] == " line 58"
        view.extend(numbered(140, 190))
        await until(pilot, lambda: "90 new lines" in rows(view)[-1])
        # What was on the screen is gone: the view says so and shows the oldest that is left.
        assert rows(view)[:2] == ["… 90 lines dropped", " line 90"]


async def test_nothing_is_drawn_anew_that_did_not_change() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, numbered(0, 1000))
        await pilot.press("up")
        await pilot.pause()
        before = view.lines_rendered
        view.extend(numbered(1000, 2000))
        await painted(pilot, view)
        await pilot.pause()
        assert view.lines_rendered == before


async def test_wrapping_shows_long_lines_whole_and_keeps_the_place() -> None:
    app = LogApp()
    async with app.run_test(size=(21, 6)) as pilot:
        width = view_width(app.view) - 1
        view = await fill(pilot, [Entry("a" * 3), Entry("b" * (2 * width + 1)), Entry("日" * 10, "stderr"), Entry("z")])
        assert rows(view)[1].endswith("→")
        await pilot.press("w")
        half = width // 2
        assert rows(view) == [
            " " + "b" * width,
            " " + "b" * width,
            " b",
            "▌" + "日" * half,
            "▌" + "日" * (10 - half),
            " z",
        ]
        await pilot.press("up")
        assert rows(view)[0] == " aaa"
        await pilot.press("down", "w")
        assert rows(view)[0] == " aaa"


async def test_scrolls_sideways_only_as_far_as_there_is_text() -> None:
    app = LogApp()
    async with app.run_test(size=(21, 4)) as pilot:
        view = await fill(pilot, [Entry("0123456789" * 3), Entry("short")])
        text_width = view_width(view) - 1
        await pilot.press("l")
        assert rows(view)[0] == " " + ("0123456789" * 3)[8 : 8 + text_width - 1] + "→"
        await pilot.press(*["right"] * 5)
        assert rows(view)[0] == " " + ("0123456789" * 3)[-text_width:]
        await pilot.press(*["h"] * 5)
        assert rows(view)[0].startswith(" 0123")


async def test_stderr_times_sources_and_partial_lines_are_marked() -> None:
    app = LogApp(ascii_only=True)
    async with app.run_test(size=SIZE) as pilot:
        stamp = "2024-05-06T10:11:12.345678901Z"
        view = await fill(
            pilot,
            [
                Entry("out", "stdout", stamp, "web"),
                Entry("err", "stderr", stamp, "[/db]\x1b[2J"),
                Entry("begin", partial=True),
                Entry("rest"),
            ],
        )
        assert rows(view)[0].split() == ["web", "out"]
        assert rows(view)[1].split() == ["![/db]", "err"]
        assert rows(view)[3].startswith("+")
        await pilot.press("t")
        assert "12.345" in rows(view)[0]
        assert view.render_line(1)._segments[0].style != view.render_line(0)._segments[0].style


HOSTILE = [
    "\x1b[2J\x1b[H\x1b]0;title\x07\x1bc",
    "\x1b]52;c;ZXZpbA==\x07after",
    "[/red] [bold] [/] [@click=app.quit]x[/]",
    "\u202etxt.exe \u2066x",
    "\ufffd\ufffd\udce2",
    "\x9b31mC1\x9d0;x\x9c",
    "tab\there",
    "new\nline\u2028sep",
    "e" + "\u0301" * 500,
    "x" * 1_000_000,
    "\x1b[31mred \x1b[1;38;5;200mpink\x1b[0m plain",
    "\x1bPdcs\x1b\\\x1b_apc\x1b\\",
    "\x1b[38;2;1;2;3;8m hidden? \x1b[5mblink",
    "日本語🙂\u200d🙂",
]


@pytest.mark.parametrize("wrap", [False, True])
async def test_hostile_lines_make_only_safe_segments(wrap: bool) -> None:
    app = LogApp()
    async with app.run_test(size=(40, 30)) as pilot:
        view = app.view
        view.wrap = wrap
        for line in HOSTILE:
            view.clear()
            view.set_message(line, error=True)
            assert all(segment.text.isprintable() for y in range(30) for segment in view.render_line(y))
            view.extend([Entry(line, "stderr", time=line[:40], source=line[:40]), Entry(line[:20])])
            view.timestamps = not view.timestamps
            await painted(pilot, view)
            view.search(line[:10])
            for y in range(view.size.height):
                strip = view.render_line(y)
                assert strip.cell_length == view_width(view)
                assert sum(cell_width(segment.text) for segment in strip) == view_width(view)
                for segment in strip:
                    assert segment.control is None
                    assert segment.text.isprintable(), ascii(segment.text)
                    assert segment.style is not None
                    assert not segment.style.meta
                    assert segment.style.link is None
                    assert not segment.style.conceal


async def test_colours_are_kept() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, [Entry("a \x1b[1;31mred\x1b[0m b \x1b[38;2;1;2;3mrgb\x1b[0m")])
        segments = {segment.text: segment.style for segment in view.render_line(0)}
        red, rgb = segments["red"], segments["rgb"]
        assert red is not None
        assert rgb is not None
        assert red.color is not None
        assert red.color.number == 1
        assert red.bold
        assert rgb.color is not None
        assert tuple(rgb.color.triplet or ()) == (1, 2, 3)


async def test_progress_output_shows_its_last_state() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, [Entry("10%\r20%\r30%"), Entry("dos\r")])
        assert rows(view)[:2] == [" 30%", " dos"]


async def test_search_counts_marks_and_steps() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, numbered(0, 300))
        view.focus()
        await pilot.press("slash", *"line 7", "enter")
        assert view.search_query == "line 7"
        # The newest match first: the view was at the end.
        assert rows(view)[-1] == "paused · 0 new lines · line 7 11/11"
        assert " line 79" in rows(view)
        await pilot.press("n")
        assert rows(view)[-1].endswith("1/11")
        assert " line 7" in rows(view)
        await pilot.press("N", "N")
        assert rows(view)[-1].endswith("10/11")
        y = rows(view).index(" line 78")
        marked = [segment for segment in view.render_line(y) if segment.text == "line 7"]
        assert len(marked) == 1
        assert marked[0].style != view.render_line(y + 2)._segments[-1].style
        await pilot.press("escape")
        assert view.search_query == ""
        assert app.escaped == 0
        await pilot.press("escape")
        assert app.escaped == 1


async def test_search_goes_on_while_lines_arrive() -> None:
    app = LogApp(max_lines=1000)
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, numbered(0, 100))
        view.search("/7$/")
        await until(pilot, lambda: view.match_count == 10)
        view.extend(numbered(100, 200))
        await until(pilot, lambda: view.match_count == 20)
        assert rows(view)[-1] == "/7$/ 20 matching"
        view.extend(numbered(200, 5000))
        await until(pilot, lambda: view.match_count == 100)


async def test_a_bad_or_slow_expression_is_shown() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, [Entry("a" * 60 + "b")])
        view.focus()
        await pilot.press("slash", *"/(/")
        assert "not a regular expression" in rows(view)[-1]
        await pilot.press("enter")
        assert "not a regular expression" in rows(view)[-1]
        view.search("/(a|aa)+$/")
        await until(pilot, lambda: "too slow" in rows(view)[-1])
        await until(pilot, lambda: "too slow" in app.searches[-1][1])
        assert rows(view)[0].startswith(" aaaa")


async def test_the_prompt_takes_keys_and_paste_and_escape_ends_it() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, numbered(0, 30))
        view.focus()
        await pilot.press("slash", "w", "f", "backspace", "home", "x", "end")
        assert rows(view)[-1].startswith("/xw")
        assert not view.wrap
        assert following(view)
        assert view.check_consume_key("w", "w")
        await pilot.press("escape")
        assert view.search_query == ""
        assert following(view)
        assert rows(view)[-1] == " line 29"
        assert not view.check_consume_key("w", "w")


@pytest.mark.parametrize(("key", "character"), [("slash", "/"), ("f6", None)])
async def test_nothing_typed_in_a_burst_is_lost(key: str, character: str | None) -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        if key != "slash":
            app.set_keymap({"log.search": key})
        view = await fill(pilot, numbered(0, 30))
        view.focus()
        await pilot.pause()
        app.post_message(Key(key, character))
        for typed in "line":
            app.post_message(Key(typed, typed))
        await until(pilot, lambda: view.search_query == "line")


async def test_messages_fill_an_empty_view_and_leave_lines_alone() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = app.view
        view.set_message("Reading the log\nof [/web]\x1b[2J")
        await pilot.pause()
        assert rows(view)[:2] == ["Reading the log", "of [/web]"]
        await fill(pilot, numbered(0, 30))
        view.set_message("connection [/lost]", error=True)
        assert rows(view)[-1] == "connection [/lost]"
        assert rows(view)[-2] == " line 29"
        view.set_message("")
        assert rows(view)[-1] == " line 29"
        await pilot.press("C")
        assert rows(view) == [""] * SIZE[1]


@pytest.mark.parametrize("size", [(20, 3), (8, 2), (3, 1), (2, 1)])
async def test_works_on_a_tiny_screen(size: tuple[int, int]) -> None:
    app = LogApp(max_lines=50)
    async with app.run_test(size=size) as pilot:
        view = await fill(pilot, [Entry(f"line {n} " + "日" * 30, "stderr", "2024-05-06T10:11:12Z") for n in range(90)])
        view.focus()
        keys = ("t", "w", "up", "pageup", "g", "slash", "1", "enter", "n", "N", "l", "G", "f", "w", "h", "escape")
        for key in keys:
            await pilot.press(key)
            for y in range(view.size.height):
                assert view.render_line(y).cell_length == view_width(view)


async def test_the_wheel_and_the_scrollbar_move_the_view() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, numbered(0, 100))
        bar = view.vertical_scrollbar
        assert bar.window_virtual_size == 100
        assert bar.position == 88

        def wheel(kind: type[MouseScrollUp] | type[MouseScrollDown]) -> None:
            view.post_message(kind(view, 1, 1, 0, 0, 0, False, False, False))

        wheel(MouseScrollUp)
        await until(pilot, lambda: not view.follow)
        assert rows(view)[0] == " line 85"
        wheel(MouseScrollDown)
        await until(pilot, lambda: view.follow)
        view.post_message(ScrollTo(y=10))
        await until(pilot, lambda: rows(view)[0] == " line 10")
        assert bar.position == 10
        view.post_message(ScrollTo(y=1000))
        await until(pilot, lambda: view.follow)


async def test_lines_that_come_before_the_screen_does_are_shown() -> None:
    app = LogApp()
    app.view.extend(numbered(0, 5))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: rows(app.view)[:1] == [" line 0"])


async def test_everything_can_be_set_before_the_view_is_on_a_screen_and_after_it_left() -> None:
    app = LogApp()
    view = app.view
    view.set_message("soon")
    view.search("line 1")
    view.wrap = view.timestamps = True
    view.clear()
    view.extend(numbered(0, 30))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: rows(view)[-1:] == ["soon · line 1 11 matching"])
        await view.remove()
        view.extend(numbered(30, 40))
        view.set_message("late")
        view.clear()
        assert len(view.buffer) == 0


async def test_a_view_that_is_hidden_catches_up_when_it_is_shown() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, numbered(0, 10))
        view.display = False
        await pilot.pause()
        view.extend(numbered(10, 500))
        await until(pilot, lambda: view._timer is None)
        view.display = True
        await until(pilot, lambda: rows(view)[-1:] == [" line 499"])


def test_every_key_can_be_remapped() -> None:
    ids = [binding.id for binding in LogView.BINDINGS if isinstance(binding, Binding)]
    assert len(ids) == len(LogView.BINDINGS)
    assert all(id is not None and id.startswith("log.") for id in ids)
    assert len(set(ids)) == len(ids)


async def test_resizing_keeps_the_place() -> None:
    app = LogApp()
    async with app.run_test(size=SIZE) as pilot:
        view = await fill(pilot, numbered(0, 100))
        await pilot.press("g", "pagedown")
        first = rows(view)[0]
        await pilot.resize_terminal(30, 6)
        await until(pilot, lambda: view.size.height == 6)
        assert rows(view)[0] == first
