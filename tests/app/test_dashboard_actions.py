"""What keys do to containers and images, with their questions, plans, outcomes and errors."""

from __future__ import annotations

from tests.app.support import Driver, running
from tui.screens.text import TextScreen
from widgets.dialog.choose import ChooseDialog
from widgets.dialog.confirm import ConfirmDialog
from widgets.dialog.progress import ProgressDialog
from widgets.dialog.prompt import PromptDialog
from widgets.dialog.text import TextDialog


def notices(app: Driver) -> list[str]:
    assert app.app.dispatcher is not None
    return [f"{notice.title} {notice.detail}" for notice in app.app.dispatcher.notices]


async def test_stop_and_start_with_one_key() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        await app.press("s")
        await app.state_of("shop-cache-1", "exited")
        await app.select("shop-cache-1")
        await app.press("s")
        await app.state_of("shop-cache-1", "running")
        assert any("stopped" in text for text in notices(app))


async def test_restart_pause_and_unpause() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        await app.press("r")
        await app.until(lambda: any("restarted" in text for text in notices(app)), "the restart")
        await app.select("shop-cache-1")
        await app.press("p")
        await app.state_of("shop-cache-1", "paused")
        await app.select("shop-cache-1")
        await app.press("p")
        await app.state_of("shop-cache-1", "running")


async def test_kill_asks_for_the_signal() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        await app.press("K")
        await app.until(lambda: isinstance(app.app.screen, ChooseDialog), "the question")
        await app.type("KILL")
        await app.press("enter")
        await app.state_of("shop-cache-1", "exited")


async def test_remove_shows_a_plan_and_enter_means_cancel() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        await app.press("d")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the plan")
        await app.until_text("shop-cache-1")
        await app.press("enter")
        await app.until(lambda: app.app.screen is app.dashboard, "the dashboard")
        assert "shop-cache-1" in app.names()
        assert not [request for request in app.demo.request_log if request[0] == "DELETE"]


async def test_remove_of_a_running_container_needs_force_and_says_so() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        await app.press("d")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the plan")
        await app.press("y")
        await app.until(lambda: any("failed" in text for text in notices(app)), "the refusal")
        assert "shop-cache-1" in app.names()
        await app.select("shop-cache-1")
        await app.press("d")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the plan")
        await app.press("shift+tab", "shift+tab", "space", "y")
        await app.until(lambda: "shop-cache-1" not in app.names(), "the removal")


async def test_the_plan_follows_its_options() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        await app.press("d")
        await app.until_text("unless force is on")
        assert "--force" not in app.text()
        await app.press("shift+tab", "shift+tab", "space")
        await app.until_text("rm --force")
        await app.until(lambda: "unless force is on" not in app.text(), "the plan with force")


async def test_a_second_stop_is_not_sent() -> None:
    async with running() as app:
        app.demo.faults.latency = 0.5
        await app.select("shop-cache-1")
        await app.press("s", "s")
        await app.until(lambda: any("stopping already" in text for text in notices(app)), "the reason")
        await app.state_of("shop-cache-1", "exited")
        stops = [target for method, target in app.demo.request_log if method == "POST" and "/stop" in target]
        assert len(stops) == 1


async def test_what_happened_stands_above_the_footer_and_escape_takes_it_away() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        await app.press("p")
        await app.until_text("paused shop-cache-1")
        assert app.dashboard.flash.region.bottom == app.app.size.height - 1
        await app.press("escape")
        await app.until(lambda: not app.dashboard.flash.display, "the end of the message")


async def test_bulk_acts_on_exactly_the_marked_rows() -> None:
    async with running() as app:
        for name in ("shop-web-1", "shop-web-2"):
            await app.select(name)
            await app.press("space")
        await app.select("shop-db-1")
        await app.press("s")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the plan for two")
        await app.press("y")
        await app.state_of("shop-web-1", "exited")
        await app.state_of("shop-web-2", "exited")
        await app.state_of("shop-db-1", "running")
        assert not app.pane().table.marks


async def test_rename_validates_and_shows_the_new_name() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        await app.press("R")
        await app.until(lambda: isinstance(app.app.screen, PromptDialog), "the question")
        await app.press("ctrl+u")
        await app.type("-bad")
        await app.press("enter")
        assert isinstance(app.app.screen, PromptDialog)
        await app.press("ctrl+u")
        await app.type("cache-renamed")
        await app.press("enter")
        await app.until(lambda: "cache-renamed" in app.names(), "the new name")


async def test_pull_shows_layers_and_ends_in_the_list() -> None:
    async with running() as app:
        await app.press("P")
        await app.until(lambda: isinstance(app.app.screen, PromptDialog), "the question")
        await app.type("example.com/some/app:2")
        await app.press("enter")
        await app.until(lambda: isinstance(app.app.screen, ProgressDialog), "the progress")
        await app.until(lambda: any("example.com/some/app:2" in name for name in app.names("images")), "the image")
        await app.press("escape")
        await app.until(lambda: app.app.screen is app.dashboard, "the dashboard")


async def test_failed_pull_says_what_the_registry_said() -> None:
    async with running() as app:
        await app.press("P")
        await app.type("example.com/missing/app:2")
        await app.press("enter")
        await app.until(lambda: any("failed" in text for text in notices(app)), "the failure")
        assert any("manifest" in text or "not found" in text for text in notices(app))


async def test_image_in_use_is_refused_with_the_engines_reason() -> None:
    async with running() as app:
        image = next(name for name in app.names("images") if name.startswith("postgres"))
        await app.press("2")
        await app.select(image, "images")
        await app.press("d")
        await app.until(lambda: isinstance(app.app.screen, ConfirmDialog), "the plan")
        await app.press("y")
        await app.until(lambda: any("failed" in text for text in notices(app)), "the refusal")
        assert any("container" in text for text in notices(app))
        assert image in app.names("images")


async def test_action_that_does_not_apply_says_why() -> None:
    async with running() as app:
        idle = next(model.name for model in app.pane().shown_models() if model.state.value == "exited")
        await app.select(idle)
        await app.press("p")
        await app.until(lambda: any("exited" in text for text in notices(app)), "the reason")


async def test_help_messages_palette_inspect_and_command_lines_open_and_close() -> None:
    async with running() as app:
        await app.select("shop-db-1")
        for key, kind, expected in (
            ("question_mark", TextScreen, "remove"),
            ("N", TextScreen, "message"),
            ("i", TextScreen, '"Id"'),
            ("y", TextDialog, "stop shop-db-1"),
            ("colon", ChooseDialog, "sort"),
            ("o", ChooseDialog, "cpu"),
        ):
            await app.press(key)
            await app.until(lambda kind=kind: isinstance(app.app.screen, kind), key)  # type: ignore[misc]
            await app.until_text(expected)
            await app.press("escape")
            await app.until(lambda: app.app.screen is app.dashboard, "the dashboard")


async def test_palette_runs_what_was_chosen() -> None:
    async with running() as app:
        await app.select("shop-cache-1")
        await app.press("colon")
        await app.until(lambda: isinstance(app.app.screen, ChooseDialog), "the palette")
        await app.type("pause")
        await app.press("enter")
        await app.state_of("shop-cache-1", "paused")


async def test_sort_by_memory_puts_the_largest_first() -> None:
    async with running() as app:
        await app.press("o")
        await app.type("mem")
        await app.press("enter")
        await app.until(lambda: app.pane().sort_column == "mem", "the sort")
        await app.until_text("sort: mem ↓")


async def test_full_screen_logs_and_back() -> None:
    async with running() as app:
        await app.select("json-logger")
        await app.press("l")
        await app.until_text("Logs json-logger")
        await app.until_text('"seq"')
        await app.press("q")
        await app.until(lambda: app.app.screen is app.dashboard, "the dashboard")


async def test_quit() -> None:
    async with running() as app:
        await app.press("q")
        await app.until(lambda: not app.app.is_running, "the end")
        assert app.app.return_code == 0
