"""Settings that change what the application looks like and which keys it hears."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.app.support import running
from tui.config.settings import Settings
from tui.screens.text import TextScreen
from widgets.dialog.confirm import ConfirmDialog


async def test_remapped_key_works_and_the_old_one_does_not() -> None:
    async with running(settings=Settings(keys={"container.remove": "delete"})) as app:
        await app.select("shop-db-1")
        await app.press("d")
        assert app.app.screen is app.dashboard
        await app.press("delete")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the plan")


async def test_key_taken_away_is_deaf() -> None:
    async with running(settings=Settings(keys={"app.help": ""})) as app:
        await app.press("question_mark")
        assert not isinstance(app.app.screen, TextScreen)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"container.restart": "p"}, "both"),
        ({"no.such.command": "p"}, "no action or command"),
        ({"container.restart": "not a key"}, "is no key"),
    ],
)
async def test_wrong_key_maps_are_reported(keys: dict[str, str], expected: str) -> None:
    async with running(settings=Settings(keys=keys)) as app:
        assert app.app.dispatcher is not None
        dispatcher = app.app.dispatcher
        await app.until(lambda: any(expected in notice.title for notice in dispatcher.notices), "the report")


async def test_ascii_means_ascii() -> None:
    async with running(settings=Settings(ascii=True)) as app:
        await app.select("shop-api-1")
        await app.press("right_square_bracket")
        await app.until_text("CPU")
        for key in ("question_mark", "escape", "d", "escape", "P", "escape"):
            await app.press(key)
            svg = app.app.export_screenshot()
            texts = svg.replace("&#160;", " ")
            assert not [char for char in texts if not char.isascii()]


@pytest.mark.parametrize("theme", ["portside", "portside-light", "portside-contrast", "nord", "ansi-dark"])
async def test_themes(theme: str) -> None:
    async with running(settings=Settings(theme=theme)) as app:
        assert app.app.theme == theme
        await app.until_text("Containers")


async def test_filter_from_the_start() -> None:
    async with running(settings=Settings(filter="shop-db")) as app:
        await app.until(lambda: app.names() == ["shop-db-1"], "the filtered rows")
        await app.press("slash")
        await app.until(lambda: isinstance(app.app.focused, Input), "the filter line")
        assert isinstance(app.app.focused, Input)
        assert app.app.focused.value == "shop-db"


async def test_an_idle_input_does_not_blink() -> None:
    async with running() as app:
        await app.press("slash")
        await app.until(lambda: isinstance(app.app.focused, Input), "the filter line")
        assert isinstance(app.app.focused, Input)
        assert not app.app.focused.cursor_blink
