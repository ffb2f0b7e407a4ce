"""Logs that outlive what they belong to: a restart, a removal, an engine."""

from __future__ import annotations

from tests.app.support import Driver, running
from tui.demo.objects import Container
from tui.panes.detail import DetailPane
from tui.screens.logs import LogsScreen
from widgets.log.view import LogView


def talk(app: Driver, container: Container, text: str) -> None:
    container.log.write(app.demo.world.now(), text.encode())


def detail_log(app: Driver) -> LogView:
    return app.dashboard.query_one(DetailPane).query_one("#logs", LogView)


def lines(view: LogView) -> list[str]:
    buffer = view.buffer
    return [buffer[number].text for number in range(buffer.first, buffer.first + len(buffer))]


async def open_log(app: Driver) -> Container:
    made = app.demo.world.add_container(name="talker")
    await app.select("talker")
    talk(app, made, "first words")
    await app.until_text("first words", app.dashboard.query_one(DetailPane))
    return made


async def test_log_is_followed_across_restarts_without_a_gap_or_a_repeat() -> None:
    async with running() as app:
        made = await open_log(app)
        detail = app.dashboard.query_one(DetailPane)
        for number in range(3):
            app.demo.world.life.kill(made, "KILL")
            await app.until_text("End of the log", detail)
            app.demo.world.life.start(made)
            talk(app, made, f"after restart {number}")
            await app.until_text(f"after restart {number}", detail)
            talk(app, made, f"and on {number}")
            await app.until_text(f"and on {number}", detail)
        shown = app.text(detail)
        for text in ("first words", *(f"{what} {n}" for n in range(3) for what in ("after restart", "and on"))):
            assert shown.count(text) == 1, text


async def test_container_removed_while_its_log_is_open() -> None:
    async with running() as app:
        made = await open_log(app)
        await app.press("l")
        await app.until(lambda: isinstance(app.app.screen, LogsScreen), "the log")
        await app.until_text("first words")
        talk(app, made, "last words")
        app.demo.world.life.remove(made, force=True)
        await app.until_text("The container is gone; this was its log.")
        await app.until_text("last words")
        # What is there can still be read and searched.
        await app.press("slash")
        await app.type("first")
        await app.press("enter")
        await app.until(lambda: app.app.screen.query_one(LogView).match_count == 1, "the match")
        await app.press("escape", "q")
        await app.until(lambda: app.app.screen is app.dashboard, "the dashboard")
        assert "talker" not in app.names()


async def test_container_removed_while_its_log_is_in_the_detail_pane() -> None:
    async with running() as app:
        made = await open_log(app)
        app.demo.world.life.remove(made, force=True)
        await app.until(lambda: "talker" not in app.names(), "the removal")
        # The cursor has moved to a neighbour, and the detail with it.
        detail = app.dashboard.query_one(DetailPane)
        await app.until(lambda: detail.key == app.pane().current is not None, "another container's detail")
        await app.until(lambda: "first words" not in app.text(detail), "another log")


async def test_log_goes_on_when_the_engine_is_back() -> None:
    async with running() as app:
        made = await open_log(app)
        detail = app.dashboard.query_one(DetailPane)
        await app.demo.crash()
        await app.until(lambda: "first words" in app.text(detail), "what was read stays")
        talk(app, made, "said while away")
        await app.demo.restart()
        await app.until_text("said while away", detail)
        talk(app, made, "said afterwards")
        await app.until_text("said afterwards", detail)
        assert app.text(detail).count("first words") == 1
        assert app.text(detail).count("said while away") == 1
