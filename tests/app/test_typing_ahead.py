"""Keys that come in a burst are for the dialog that the first of them opens, not for the row below it."""

from __future__ import annotations

import pytest
from textual import events

from tests.app.support import Driver, running
from widgets.dialog.choose import ChooseDialog
from widgets.dialog.confirm import ConfirmDialog
from widgets.dialog.prompt import PromptDialog


def burst(app: Driver, *keys: str) -> None:
    """All keys at once, as a slow link delivers them."""
    for key in keys:
        character = {"colon": ":", "slash": "/", "space": " "}.get(key, key if len(key) == 1 else None)
        app.app.post_message(events.Key(key, character))


def changed(app: Driver) -> list[tuple[str, str]]:
    return [(method, target) for method, target in app.demo.request_log if method in ("POST", "DELETE")]


async def test_palette_gets_every_letter() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        burst(app, "colon", *"stop")
        await app.until(lambda: isinstance(app.app.screen, ChooseDialog), "the palette")
        await app.until_text("stop")
        await app.pilot.pause()
        assert getattr(app.app.focused, "value", "") == "stop"
        assert changed(app) == []


async def test_prompt_gets_every_letter() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        burst(app, "P", *"redis")
        await app.until(lambda: isinstance(app.app.screen, PromptDialog), "the prompt")
        await app.until(lambda: getattr(app.app.focused, "value", "") == "redis", "the whole word")
        assert changed(app) == []


async def test_question_is_answered_by_what_follows_it() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        burst(app, "K", *"TERM", "enter")
        await app.state_of("shop-cache-1", "exited")
        assert [target for _, target in changed(app) if "kill" in target]
        assert not isinstance(app.app.screen, ChooseDialog)


async def test_one_dialog_at_a_time() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        burst(app, "d", "d", "d")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the plan")
        await app.pilot.pause()
        assert len([screen for screen in app.app.screen_stack if isinstance(screen, ConfirmDialog)]) == 1


async def test_sort_by_typing_does_not_pause_anything() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        burst(app, "o", *"cpu", "enter")
        await app.until(lambda: app.pane().sort_column == "cpu", "the order")
        assert changed(app) == []


async def test_filter_gets_every_letter() -> None:
    async with running() as app:
        burst(app, "slash", *"shop", "enter", "j")
        await app.until(lambda: app.pane().filter_text == "shop", "the filter")
        await app.until(lambda: app.app.focused is app.pane().table, "the table")
        assert changed(app) == []


@pytest.mark.parametrize("count", [50])
async def test_held_down_key_arrives_completely(count: int) -> None:
    async with running(containers=80) as app:
        burst(app, "g", *["j"] * count)
        await app.until(lambda: app.pane().table.model.cursor == count, "the row")
