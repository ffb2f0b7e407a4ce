"""The dialogs: what they answer to which keys, that they fit, and that no text in them is ever markup or control."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest
from textual import on
from textual.app import App
from textual.content import Content
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static

from widgets.dialog.base import Check
from widgets.dialog.choose import ChooseDialog
from widgets.dialog.confirm import ConfirmDialog, Confirmed, Option, PlanLine, plan_content
from widgets.dialog.progress import Bar, ProgressDialog, bar_rows, byte_count, total_line
from widgets.dialog.prompt import PromptDialog
from widgets.dialog.rank import Choice, rank
from widgets.dialog.text import MAX_CHARACTERS, TextDialog
from widgets.text import cell_width

SIZES = [(80, 24), (40, 12)]
HOSTILE = "[/x] \x1b]0;title\x07[bold]\x1b[2J\u202e日本"
UNANSWERED = object()


class DialogApp(App[None]):
    """An app that opens dialogs and keeps what they answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: object = UNANSWERED
        self.copied: list[str] = []
        self.cancels = 0

    def ask(self, dialog: ModalScreen[Any]) -> None:
        self.push_screen(dialog, self._answered)

    def _answered(self, answer: object) -> None:
        self.answer = answer

    @on(TextDialog.CopyRequested)
    def _copy(self, event: TextDialog.CopyRequested) -> None:
        self.copied.append(event.text)

    @on(ProgressDialog.CancelRequested)
    def _stop(self, event: ProgressDialog.CancelRequested) -> None:
        self.cancels += 1


async def until(pilot: Pilot[None], condition: Callable[[], bool], timeout: float = 10) -> None:
    deadline = monotonic() + timeout
    while not condition():
        assert monotonic() < deadline, "\n".join(lines(pilot.app))
        await pilot.pause(0.01)


def lines(app: App[None]) -> list[str]:
    """What is on the screen, row by row."""
    width, height = app.size
    return ["".join(segment.text for segment in row) for row in app.screen._compositor.render_strips()][:height] or [
        " " * width
    ]


def shown(app: App[None]) -> str:
    return "\n".join(lines(app))


async def opened(pilot: Pilot[None], dialog: ModalScreen[Any]) -> DialogApp:
    app = pilot.app
    assert isinstance(app, DialogApp)
    app.ask(dialog)
    await until(pilot, lambda: app.screen is dialog and dialog.focused is not None and bool(dialog.focused.region))
    await pilot.pause()
    return app


def assert_inside(app: App[None], *widgets: Widget) -> None:
    for widget in widgets:
        assert widget.region.height > 0, widget
        assert app.screen.region.contains_region(widget.region), (widget, widget.region)


ITEMS = [PlanLine("web", "remove", "running"), PlanLine(HOSTILE, "remove", "also its volume [/vol]")]


@pytest.mark.parametrize("size", SIZES)
async def test_confirm_names_targets_and_fits(size: tuple[int, int]) -> None:
    async with DialogApp().run_test(size=size) as pilot:
        dialog = ConfirmDialog(
            f"Remove 500 {HOSTILE}",
            [*ITEMS, *(PlanLine(f"name-{n}", "remove") for n in range(500))],
            options=[Option("volumes", "Remove volumes [/v]"), Option("force", "Force", True)],
            command=["docker rm -v web [/x]\x1b[2J", "docker rm b", "docker rm c"],
        )
        app = await opened(pilot, dialog)
        text = shown(app)
        assert "web" in text
        assert "[/x]" in text
        assert "[x] Force" in text
        assert "[ ] Remove volumes [/v]" in text
        assert "$ docker rm -v web [/x]" in text
        assert "1 more" in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert_inside(app, *dialog.query(Button), *dialog.query(Check))
        await pilot.press(*["pagedown"] * 60)
        await until(pilot, lambda: "name-499" in shown(app))


async def test_cancel_has_the_focus() -> None:
    async with DialogApp().run_test() as pilot:
        app = await opened(pilot, ConfirmDialog("Remove", ITEMS))
        assert app.focused is not None
        assert app.focused.id == "cancel"
        await pilot.press("enter")
        await until(pilot, lambda: app.answer is None)


@pytest.mark.parametrize("key", ["n", "escape"])
async def test_confirm_is_refused(key: str) -> None:
    async with DialogApp().run_test() as pilot:
        app = await opened(pilot, ConfirmDialog("Remove", ITEMS))
        await pilot.press(key)
        await until(pilot, lambda: app.answer is None)


async def test_confirm_returns_the_options() -> None:
    async with DialogApp().run_test() as pilot:
        dialog = ConfirmDialog("Remove", ITEMS, options=[Option("volumes", "Volumes"), Option("force", "Force", True)])
        app = await opened(pilot, dialog)
        dialog.query(Check).first().focus()
        await pilot.press("space", "tab", "space", "space", "y")
        await until(pilot, lambda: app.answer == Confirmed({"volumes": True, "force": True}))


async def test_confirm_by_moving_to_the_button() -> None:
    async with DialogApp().run_test() as pilot:
        app = await opened(pilot, ConfirmDialog("Remove", ITEMS, confirm_label="Prune"))
        assert "Prune (y)" in shown(app)
        await pilot.press("right", "left", "right", "enter")
        await until(pilot, lambda: app.answer == Confirmed({}))


def test_plan_content_has_columns_and_no_markup() -> None:
    content = plan_content([PlanLine("a", "stop"), PlanLine("long-name", "remove", "[/x]"), PlanLine("n" * 50, "x")])
    assert content.plain.split("\n") == [
        "• a" + " " * 31 + "  stop",
        "• long-name" + " " * 23 + "  remove  [/x]",
        "• " + "n" * 50 + "  x",
    ]
    assert plan_content([PlanLine("only\x1b[2J")]).plain == "• only"


@pytest.mark.parametrize("size", SIZES)
async def test_prompt_validates_and_returns_the_text(size: tuple[int, int]) -> None:
    async with DialogApp().run_test(size=size) as pilot:
        dialog = PromptDialog(
            HOSTILE,
            "New name [/x]",
            "web",
            lambda value: "" if value.isalpha() else f"not a name [/]: {value}",
            placeholder="[/p]",
            hint="letters [/h] only",
        )
        app = await opened(pilot, dialog)
        field = dialog.query_one(Input)
        assert field.cursor_blink is False
        assert app.focused is field
        await pilot.press("end", "1", "enter")
        await until(pilot, lambda: "not a name [/]: web1" in shown(app))
        assert app.answer is UNANSWERED
        assert "letters [/h] only" in shown(app)
        assert_inside(app, *dialog.query(Button))
        await pilot.press("backspace")
        await until(pilot, lambda: "not a name" not in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.answer == "web")


async def test_prompt_hides_a_password_and_is_cancelled() -> None:
    async with DialogApp().run_test() as pilot:
        app = await opened(pilot, PromptDialog("Log in", "Password", "s3cret", password=True, placeholder="[/p]"))
        assert "s3cret" not in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.answer is None)


CHOICES = [
    Choice("start", "Start container", "Run it [/again]", "s"),
    Choice("stop", "Stop container", "SIGTERM, then SIGKILL", "S"),
    Choice("restart", "Restart", "Stop, then start", "r"),
    Choice("x", HOSTILE, HOSTILE, HOSTILE),
]


def test_rank() -> None:
    def ids(query: str) -> list[str]:
        return [choice.id for choice in rank(query, CHOICES)]

    assert ids("") == ["start", "stop", "restart", "x"]
    assert ids("start") == ["start", "restart"]
    assert ids("contain stop") == ["stop"]
    assert ids("sigkill") == ["stop"]
    assert ids("rsrt") == ["restart"]
    assert ids("r")[0] == "restart"
    assert ids("zzz") == []


@pytest.mark.parametrize("size", SIZES)
async def test_choose_filters_and_returns_the_id(size: tuple[int, int]) -> None:
    async with DialogApp().run_test(size=size) as pilot:
        many = [*CHOICES, *(Choice(f"c{n}", f"Choice number {n}", "some help", "ctrl+x") for n in range(400))]
        dialog = ChooseDialog(f"Actions {HOSTILE}", many)
        app = await opened(pilot, dialog)
        await until(pilot, lambda: "404 of 404" in shown(app))
        assert "Run it [/a" in shown(app)
        assert "\x1b" not in shown(app)
        assert_inside(app, dialog.query_one(OptionList), dialog.query_one(Input))
        # Every choice is one row, whatever is in it.
        assert dialog.query_one(OptionList).virtual_size.height == 404
        await pilot.press(*"number 39", "down")
        await until(pilot, lambda: "22 of 404" in shown(app))
        await pilot.press("down", "up", "enter")
        await until(pilot, lambda: app.answer == "c390")


async def test_choose_says_when_nothing_fits() -> None:
    async with DialogApp().run_test() as pilot:
        app = await opened(pilot, ChooseDialog("Actions", CHOICES))
        await pilot.press(*"qqqq", "enter", "down")
        await until(pilot, lambda: "nothing fits" in shown(app))
        assert app.answer is UNANSWERED
        await pilot.press("escape")
        await until(pilot, lambda: app.answer is None)


@pytest.mark.parametrize("size", SIZES)
async def test_progress_shows_bars_and_the_end(size: tuple[int, int]) -> None:
    async with DialogApp().run_test(size=size) as pilot:
        dialog = ProgressDialog(f"Pull {HOSTILE}")
        dialog.update_bar("early", "Waiting [/w]")
        app = await opened(pilot, dialog)
        for n in range(100):
            dialog.update_bar(f"layer{n}", f"Downloading {HOSTILE}", n * 1_000_000, 100_000_000)
        dialog.set_line(f"from [/registry] {HOSTILE}")
        await until(pilot, lambda: "layer99" in shown(app))
        assert "more" in shown(app)
        assert "0 of 101 complete, 5.0 GB of 10.0 GB"[: size[0] - 4] in shown(app)
        assert "[/registry]" in shown(app)
        assert "\x1b" not in shown(app)
        assert_inside(app, *dialog.query(Button))
        before, count = dialog.repaints, 0
        started = monotonic()
        while monotonic() - started < 0.3:
            count += 1
            dialog.update_bar("layer1", "Downloading", count, 10**9)
            await pilot.pause(0.001)
        assert dialog.repaints - before <= 6
        await pilot.press("c")
        await until(pilot, lambda: app.cancels == 1)
        dialog.finish("no such [/image]", ok=False)
        await until(pilot, lambda: "Failed: no such [/image]" in shown(app))
        await pilot.press("c")
        await until(pilot, lambda: app.answer is None)
        assert app.cancels == 1


@pytest.mark.parametrize("key", ["escape", "b", "enter"])
async def test_progress_goes_to_the_background(key: str) -> None:
    async with DialogApp().run_test() as pilot:
        dialog = ProgressDialog("Pull")
        app = await opened(pilot, dialog)
        await pilot.press(key)
        await until(pilot, lambda: app.answer is None)
        # What is reported afterwards is kept, and breaks nothing.
        dialog.update_bar("a", "Done", 1, 1)
        dialog.finish("all")
        assert app.cancels == 0


def test_bars_are_bounded_and_aligned() -> None:
    bars = {f"layer-{n}": Bar("Downloading", n, 100, seen=n) for n in range(101)}
    rows = bar_rows(bars, 70, 5)
    assert len(rows) == 5
    assert rows[-1] == "… 97 more"
    assert [row.split()[0] for row in rows[:-1]] == ["layer-96", "layer-97", "layer-98", "layer-99"]
    assert rows[0].endswith(" 96%")
    assert {cell_width(row) for row in rows[:-1]} == {70}
    assert total_line(bars.values()) == "1 of 101 complete, 5.0 kB of 10.1 kB"
    assert total_line([]) == ""


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (999_600, "1.0 MB"), (5 * 10**12, "5.0 TB")],
)
def test_byte_count(count: int, text: str) -> None:
    assert byte_count(count) == text


@pytest.mark.parametrize("size", SIZES)
async def test_text_scrolls_copies_and_closes(size: tuple[int, int]) -> None:
    raw = f"first [/x]\n\n{HOSTILE}\n" + "\n".join(f"row {n}" for n in range(300))
    async with DialogApp().run_test(size=size) as pilot:
        dialog = TextDialog(HOSTILE, raw)
        app = await opened(pilot, dialog)
        assert "first [/x]" in shown(app)
        assert "\x1b" not in shown(app)
        assert_inside(app, *dialog.query(Button))
        await pilot.press("G")
        await until(pilot, lambda: "row 299" in shown(app))
        await pilot.press("pageup", "k", "j", "pagedown", "g")
        await until(pilot, lambda: "first [/x]" in shown(app))
        await pilot.press("c")
        await until(pilot, lambda: app.copied == [raw])
        await pilot.press("q")
        await until(pilot, lambda: app.answer is None)


async def test_a_huge_text_is_cut() -> None:
    async with DialogApp().run_test() as pilot:
        app = await opened(pilot, TextDialog("Huge", "x" * (MAX_CHARACTERS + 1234)))
        await pilot.press("end")
        await until(pilot, lambda: "1,234 more characters" in shown(app))


async def test_static_texts_are_plain_content() -> None:
    async with DialogApp().run_test() as pilot:
        dialog = ConfirmDialog(HOSTILE, ITEMS, command=[HOSTILE])
        await opened(pilot, dialog)
        for static in dialog.query(Static):
            assert isinstance(static.content, Content)
            assert all(character.isprintable() or character == "\n" for character in static.content.plain)
