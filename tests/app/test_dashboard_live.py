"""What the dashboard shows, and that it shows it without a key being pressed."""

from __future__ import annotations

import pytest

from tests.app.support import running
from tui.config.settings import Settings
from tui.panes.detail import DetailPane
from tui.panes.footer import Footer
from tui.panes.header import Header
from widgets.log.view import LogView


async def test_every_container_is_there_running_ones_first() -> None:
    async with running() as app:
        names = app.names()
        assert len(names) == 24
        states = [model.state.value for model in app.pane().shown_models()]
        first_idle = next(i for i, state in enumerate(states) if state in ("exited", "created", "dead"))
        assert not {"running", "paused", "restarting"} & set(states[first_idle:])
        await app.until_text(names[0])


async def test_what_happens_outside_shows_by_itself() -> None:
    async with running() as app:
        world = app.demo.world
        made = world.add_container(name="from-outside", image="portside/busybox:1")
        await app.until(lambda: "from-outside" in app.names(), "new row")
        world.rename(made, "renamed-outside")
        await app.until(lambda: "renamed-outside" in app.names() and "from-outside" not in app.names(), "new name")
        await app.until(lambda: app.pane("events").shown_models(), "an event")


async def test_detail_follows_the_cursor_with_logs() -> None:
    async with running() as app:
        await app.select("json-logger")
        detail = app.dashboard.query_one(DetailPane)
        await app.until(lambda: any(len(log.buffer) for log in detail.query("#logs").results(LogView)), "log lines")
        await app.until_text("json-logger", detail)


@pytest.mark.parametrize("tab", ["Stats", "Details", "Inspect", "Processes"])
async def test_tabs_are_reached_with_brackets_and_show_something(tab: str) -> None:
    expected = {"Stats": "cpu", "Details": "Image", "Inspect": '"Id"', "Processes": "PID"}[tab]
    async with running() as app:
        await app.select("shop-api-1")
        detail = app.dashboard.query_one(DetailPane)
        while f"[{tab}]" not in app.text(detail):
            await app.press("right_square_bracket")
        await app.until_text(expected, detail)


async def test_filter_narrows_while_typing_and_escape_drops_it() -> None:
    async with running() as app:
        await app.press("slash")
        await app.type("shop !db")
        await app.until_text(" / shop !db")
        assert "shop-api-1" in app.names()
        assert "blog-web-1" not in app.names()
        assert "shop-db-1" not in app.names()
        await app.press("enter")
        assert app.app.focused is app.pane().table
        await app.press("escape")
        assert len(app.names()) == 24


async def test_narrow_screen_shows_one_pane_and_drills() -> None:
    async with running(size=(80, 24)) as app:
        assert "Containers" in app.text()
        detail = app.dashboard.query_one(DetailPane)
        assert not detail.display or not detail.region
        await app.press("2")
        await app.until_text("IMAGE")
        await app.press("1", "enter")
        await app.until(lambda: detail.region.width == 80, "the detail on the whole width")
        await app.press("escape")
        await app.until(lambda: app.app.focused is app.pane().table, "the table again")


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 5), (200, 60)])
async def test_any_size_works(size: tuple[int, int]) -> None:
    async with running(size=size) as app:
        for key in ("j", "2", "3", "1", "enter", "escape", "plus", "plus", "question_mark", "escape", "N", "escape"):
            await app.press(key)
        assert app.app.screen is app.dashboard


async def test_zoom_gives_one_pane_the_screen() -> None:
    async with running() as app:
        table = app.pane().table
        before = table.size
        await app.press("plus")
        await app.until(lambda: table.size.width == 160, "the whole width")
        await app.press("plus")
        await app.until(lambda: table.size == before, "the old size")


async def test_header_counts_and_says_live() -> None:
    async with running() as app:
        header = app.dashboard.query_one(Header)
        await app.until(lambda: "live" in header.text, "live")
        assert "running" in header.text


async def test_engine_lost_keeps_rows_and_returns_by_itself() -> None:
    async with running() as app:
        names = app.names()
        header = app.dashboard.query_one(Header)
        await app.until(lambda: "live" in header.text, "live")
        await app.demo.crash()
        await app.until(lambda: "stale" in header.text, "stale")
        assert app.names() == names
        state = app.pane().table.row_state
        assert state is not None
        assert state(app.pane().current) == "stale"
        gone = app.demo.world.container(names[0])
        app.demo.world.forget(gone)
        await app.demo.restart()
        await app.until(lambda: "live" in header.text, "live again")
        await app.until(lambda: names[0] not in app.names(), "the row that went meanwhile")


async def test_footer_names_the_keys_of_the_pane() -> None:
    async with running() as app:
        footer = app.dashboard.query_one(Footer)
        await app.until(lambda: "remove" in footer.text and "shell" in footer.text, "container keys")
        await app.press("2")
        await app.until(lambda: "pull" in footer.text and "pause" not in footer.text, "image keys")


async def test_read_only_hides_and_refuses_what_changes_anything() -> None:
    async with running(settings=Settings(read_only=True)) as app:
        footer = app.dashboard.query_one(Footer)
        await app.until_text("READ-ONLY")
        assert "remove" not in footer.text
        name = app.names()[0]
        await app.select(name)
        await app.press("s", "d", "e")
        await app.until(lambda: app.app.dispatcher is not None and len(app.app.dispatcher.notices) >= 2, "refusals")
        assert not [request for request in app.demo.request_log if request[0] in ("POST", "DELETE")]


async def test_event_jumps_to_its_container() -> None:
    async with running() as app:
        made = app.demo.world.add_container(name="jump-target", image="portside/busybox:1")
        await app.until(lambda: app.pane("events").shown_models(), "an event")
        await app.press("3")
        await app.until(lambda: app.app.focused is app.pane("events").table, "events focused")
        event_key = next(k for k, e in app.pane("events").source().items() if e.actor_id == made.id)
        app.pane("events").table.move_to(event_key)
        await app.press("enter")
        await app.until(lambda: app.pane().current is not None and app.pane().current.id == made.id, "the row")  # type: ignore[union-attr]
