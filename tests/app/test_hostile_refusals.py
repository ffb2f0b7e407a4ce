"""An engine's refusal is quoted: at once, and in the history of messages. Nothing of it is markup or control."""

from __future__ import annotations

from tests.app.test_hostile import MARKED, check_screen, hostile, visit
from tui.screens.text import TextScreen


async def test_refusals_in_the_engines_words() -> None:
    """What is said of a failure, and the message history, quote the engine."""
    async with hostile(*MARKED.values()) as (app, made):
        for container, text in zip(made, MARKED.values(), strict=True):
            path = f"/containers/{container.id}/stop"
            app.demo.faults.fail(500, f"{text}\n{text}\nmore {text}", path=path, times=None)
        assert app.app.dispatcher is not None
        notices = app.app.dispatcher.notices
        for number, container in enumerate(made):
            await visit(app, container)
            await app.press("s")
            await app.until(lambda number=number: len(notices) > number, "the refusal")  # type: ignore[misc]
            await app.until_text(f"ok{number:02}", app.dashboard.flash)
            check_screen(app)
            app.dashboard.flash.hide()
        await app.press("N")
        await app.until(lambda: isinstance(app.app.screen, TextScreen), "the messages")
        seen = ""
        for _ in range(10):
            seen += app.text()
            check_screen(app)
            await app.press("pagedown")
        for number in range(len(made)):
            assert f"more ok{number:02}" in seen
