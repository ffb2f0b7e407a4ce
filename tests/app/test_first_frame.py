from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult

from widgets.table.columns import Column
from widgets.table.view import Table


class Deaf(Table):
    """As it is painted before it has heard of its size: the event comes after the first frame."""

    def on_resize(self, event: events.Resize | None = None) -> None:
        assert event is not None
        event.prevent_default()


class Rows(App[None]):
    def compose(self) -> ComposeResult:
        table = Deaf([Column("name", "NAME", 5, 20)], lambda key: [(str(key), "plain")])
        table.set_rows(["first", "second"])
        yield table


async def test_the_first_frame_has_rows() -> None:
    app = Rows()
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        painted = [strip.text.split() for strip in app.screen._compositor.render_strips()[:3]]
    assert [line[-1] for line in painted if line] == ["NAME", "first", "second"]
