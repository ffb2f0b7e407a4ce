"""Text that is just there: it starts at its top, and says nothing of pauses."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from widgets.log.text import TextView

LINES = [f"line {number}" for number in range(100)]


class TextApp(App[None]):
    def compose(self) -> ComposeResult:
        yield TextView()


def shown(app: App[None]) -> list[str]:
    view = app.query_one(TextView)
    return ["".join(s.text for s in view.render_line(y)).strip() for y in range(view.size.height)]


async def test_starts_at_the_top_and_is_never_paused() -> None:
    app = TextApp()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(TextView)
        view.show(LINES)
        view.focus()
        await pilot.pause()
        assert shown(app)[0].endswith("line 0")
        assert not any("paused" in line for line in shown(app))
        await pilot.press("j")
        assert shown(app)[0].endswith("line 1")


@pytest.mark.parametrize("keys", [("G",), ("end",), ("pagedown",) * 20, ("j",) * 120])
async def test_ends_at_the_last_line(keys: tuple[str, ...]) -> None:
    app = TextApp()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(TextView)
        view.show(LINES)
        view.focus()
        await pilot.press(*keys)
        assert shown(app)[-1].endswith("line 99")
        assert shown(app)[0].endswith("line 90")
        await pilot.press("g")
        assert shown(app)[0].endswith("line 0")


async def test_new_text_can_keep_the_place() -> None:
    app = TextApp()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(TextView)
        view.show(LINES)
        view.focus()
        await pilot.press(*["j"] * 30)
        view.show([f"new {number}" for number in range(100)], keep_place=True)
        await pilot.pause()
        assert shown(app)[0].endswith("new 30")
        view.show(["only"], keep_place=True)
        await pilot.pause()
        assert shown(app)[0].endswith("only")
        view.show(LINES)
        await pilot.pause()
        assert shown(app)[0].endswith("line 0")


async def test_short_text_and_search() -> None:
    app = TextApp()
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(TextView)
        view.show(["alpha", "beta", "gamma beta"])
        view.focus()
        await pilot.press("slash", *"beta", "enter")
        await pilot.pause()
        assert view.match_count == 2
        assert shown(app)[0].endswith("alpha")
