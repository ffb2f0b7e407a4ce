"""The table on a screen: what it shows, what it asks for, what it repaints and what it tells."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.geometry import Region
from textual.message import Message
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES

from widgets.table.contrast import MIN_CONTRAST, contrast
from widgets.table.view import Column, Table

COLUMNS = (
    Column("name", "Name", 6, 12, flex=1, priority=0),
    Column("state", "State", 5, 8),
    Column("cpu", "CPU", 5, 6, align="right", priority=2),
)


class TableApp(App[None]):
    """A table of rows whose cells are in a dictionary."""

    CSS = "Table { height: 1fr; }"

    def __init__(self, count: int, empty: str = "") -> None:
        super().__init__()
        self.values: dict[Hashable, list[tuple[str, str]]] = {
            key: [(f"web-{key}", "plain"), ("running", "good"), (f"{key}%", "plain")] for key in range(count)
        }
        self.states: dict[Hashable, str] = {}
        self.table = Table(COLUMNS, self.values.__getitem__, empty=empty, row_state=lambda k: self.states.get(k, ""))
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.set_rows(list(self.values))
        self.table.focus()

    def _tell(self, message: Message) -> None:
        self.told.append(message)

    on_table_cursor_moved = _tell
    on_table_activated = _tell
    on_table_marks_changed = _tell
    on_table_visible_changed = _tell
    on_table_header_clicked = _tell

    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]

    def last(self, kind: type[Message]) -> Message | None:
        return next((message for message in reversed(self.told) if type(message) is kind), None)


def visible_of(app: TableApp) -> tuple[Hashable, ...]:
    message = app.last(Table.VisibleChanged)
    assert isinstance(message, Table.VisibleChanged)
    return message.keys


def has_scrollbar(app: TableApp) -> bool:
    return app.table.show_vertical_scrollbar


def cursor_of(app: TableApp) -> Hashable:
    return app.table.cursor_key


async def press(pilot: Pilot[None], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


async def test_shows_header_rows_cursor_and_tells_what_is_visible() -> None:
    app = TableApp(100)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        lines = app.lines()
        assert lines[0].split() == ["Name", "State", "CPU"]
        assert lines[1].startswith("▌ web-0 ")
        assert lines[2].startswith("  web-1 ")
        assert len(visible_of(app)) == 9
        assert cursor_of(app) == 0


async def test_cost_depends_on_the_visible_rows_only() -> None:
    app = TableApp(5000)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        table = app.table
        before = table.cells_computed
        assert before <= 3 * 9 * 2  # a second time at most, when the scrollbar appears
        table.invalidate()
        assert table.cells_computed - before == 3 * 9
        before = table.cells_computed
        table.invalidate([4000, 4001])
        assert table.cells_computed == before
        table.set_rows([*range(4000, 5000), *range(4000)])
        await pilot.pause()
        assert table.cells_computed - before <= 3 * 9


async def test_a_changed_cell_repaints_that_cell_only(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TableApp(50)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        table = app.table
        regions: list[Region] = []
        refresh = table.refresh

        def spy(*args: Region, **options: bool) -> Table:
            regions.extend(args)
            refresh(*args, **options)
            return table

        monkeypatch.setattr(table, "refresh", spy)
        app.values[2][2] = ("99%", "plain")
        lines_before = table.lines_rendered
        table.invalidate([2])
        await pilot.pause()
        assert [(region.y, region.height) for region in regions] == [(3, 1)]
        assert regions[0].width == 6
        assert table.cells_repainted == 1
        assert table.lines_rendered - lines_before == 1
        assert "99%" in app.lines()[3]
        regions.clear()
        table.invalidate()
        assert regions == []


async def test_set_rows_repaints_only_lines_with_another_row() -> None:
    app = TableApp(6)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        before = app.table.lines_rendered
        app.table.set_rows([0, 1, 3, 2, 4, 5])
        await pilot.pause()
        assert app.table.lines_rendered - before == 2
        assert [line[2:7] for line in app.lines()[1:7]] == ["web-0", "web-1", "web-3", "web-2", "web-4", "web-5"]


async def test_keys_move_the_cursor_and_scroll() -> None:
    app = TableApp(100)
    async with app.run_test(size=(40, 11)) as pilot:
        for keys, expected in [
            (["j", "down", "j"], 3),
            (["k", "up"], 1),
            (["G"], 99),
            (["g"], 0),
            (["end"], 99),
            (["home"], 0),
            (["pagedown"], 10),
            (["pageup"], 0),
            (["ctrl+d"], 5),
            (["ctrl+u"], 0),
        ]:
            await press(pilot, *keys)
            assert cursor_of(app) == expected, keys
            assert expected in app.table.visible_keys()
            assert any(line.startswith(f"▌ web-{expected} ") for line in app.lines())
            assert visible_of(app) == app.table.visible_keys()
        moved = app.last(Table.CursorMoved)
        assert isinstance(moved, Table.CursorMoved)
        assert moved.key == 0
        assert moved.control is app.table


async def test_marks() -> None:
    app = TableApp(10)
    async with app.run_test(size=(40, 12)) as pilot:
        await press(pilot, "space", "j", "j", "j", "M")
        assert app.table.marks == {0, 1, 2, 3}
        assert [line[:2] for line in app.lines()[1:6]] == [" ●", " ●", " ●", "▌●", "  "]
        app.table.ascii = True
        await pilot.pause()
        assert [line[:2] for line in app.lines()[1:6]] == [" *", " *", " *", ">*", "  "]
        app.table.set_rows([0, 5, 6])
        assert app.table.marks == {0}
        await press(pilot, "space")
        app.table.clear_marks()
        assert app.table.marks == frozenset()
        await pilot.pause()
        assert isinstance(app.told[-1], Table.MarksChanged)


async def test_the_cursor_stays_with_its_row() -> None:
    app = TableApp(5)
    async with app.run_test(size=(40, 12)) as pilot:
        await press(pilot, "j", "j")
        app.table.set_rows([4, 3, 2, 1, 0])
        assert cursor_of(app) == 2
        app.table.set_rows([0, 2])
        assert cursor_of(app) == 2
        app.table.set_rows([0])
        await pilot.pause()
        assert cursor_of(app) == 0
        app.table.set_rows([])
        await pilot.pause()
        assert cursor_of(app) is None
        assert isinstance(moved := app.last(Table.CursorMoved), Table.CursorMoved)
        assert moved.key is None
        await press(pilot, "j", "space", "M", "enter", "G")
        assert app.last(Table.Activated) is None


async def test_enter_and_mouse() -> None:
    app = TableApp(20)
    async with app.run_test(size=(40, 10)) as pilot:
        await press(pilot, "j", "enter")
        activated = app.last(Table.Activated)
        assert isinstance(activated, Table.Activated)
        assert activated.key == 1
        await pilot.click(Table, offset=(5, 4))
        assert cursor_of(app) == 3
        await pilot.click(Table, offset=(5, 5), times=2)
        activated = app.last(Table.Activated)
        assert isinstance(activated, Table.Activated)
        assert activated.key == 4
        await pilot.click(Table, offset=(3, 0))
        clicked = app.last(Table.HeaderClicked)
        assert isinstance(clicked, Table.HeaderClicked)
        assert clicked.column_id == "name"
        assert cursor_of(app) == 4


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = TableApp(100)
    async with app.run_test(size=(40, 10)) as pilot:
        app.table.scroll_to(y=30, animate=False)
        await pilot.pause()
        assert app.table.visible_keys()[0] == 30
        assert visible_of(app)[0] == 30
        assert cursor_of(app) == 0
        assert app.lines()[0].split()[0] == "Name"
        assert app.lines()[1].startswith("  web-30 ")
        await press(pilot, "j")
        assert app.table.visible_keys()[0] == 1


async def test_messages_are_plain_text_in_the_middle() -> None:
    app = TableApp(0, empty="[/no] containers\npress ? \x1b]0;x\x07")
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        assert [line.strip() for line in app.lines()[1:]].count("[/no] containers") == 1
        app.table.message = "cannot connect [/foo]"
        await pilot.pause()
        text = "\n".join(app.lines())
        assert "cannot connect [/foo]" in text
        assert "containers" not in text
        app.values[1] = [("a", "plain"), ("b", "plain"), ("c", "plain")]
        app.table.set_rows([1])
        await pilot.pause()
        assert "cannot connect" not in "\n".join(app.lines())


@pytest.mark.parametrize("raw", ["[/x]", "\x1b]0;x\x07y", "漢字漢字漢字漢字漢字", "e\u0301" * 50, "a\nb", "\ud800"])
async def test_hostile_cells_stay_in_their_cells(raw: str) -> None:
    app = TableApp(3)
    app.values[1][0] = (raw, "nonsense")
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        assert all(strip.cell_length == 40 for strip in strips)
        assert "\x1b" not in strips[2].text
        assert "running" in strips[2].text


@pytest.mark.parametrize("size", [(20, 5), (3, 3), (1, 1), (80, 1), (2, 10)])
async def test_small_sizes(size: tuple[int, int]) -> None:
    app = TableApp(30)
    async with app.run_test(size=size) as pilot:
        await press(pilot, "G", "j", "k", "pageup")
        assert all(strip.cell_length == size[0] for strip in app.screen._compositor.render_strips())
        app.table.styles.height = 0
        await press(pilot, "j", "G")
        assert cursor_of(app) == 29


async def test_resize_keeps_the_cursor_visible() -> None:
    app = TableApp(100)
    async with app.run_test(size=(60, 30)) as pilot:
        await press(pilot, *["pagedown"] * 2)
        key = app.table.cursor_key
        await pilot.resize_terminal(20, 6)
        await pilot.pause()
        assert cursor_of(app) == key
        assert key in app.table.visible_keys()
        assert "CPU" not in app.lines()[0]
        assert any(line.startswith(f"▌ web-{key}") for line in app.lines())
        await pilot.resize_terminal(60, 30)
        await pilot.pause()
        assert visible_of(app) == app.table.visible_keys()
        assert len(visible_of(app)) == 29


async def test_row_states_and_focus_change_the_look() -> None:
    app = TableApp(3)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()

        def background(line: int) -> str:
            style = next(iter(app.screen._compositor.render_strips()[line])).style
            assert style is not None
            return str(style.bgcolor)

        focused = background(1)
        app.screen.set_focus(None)
        await pilot.pause()
        assert background(1) != focused
        assert background(1) != background(2)
        app.states[1] = "in-flight"
        app.table.invalidate([1])
        await pilot.pause()
        style = next(iter(app.screen._compositor.render_strips()[2])).style
        assert style is not None
        assert style.italic


async def test_sort_indicator_and_other_columns() -> None:
    app = TableApp(3)
    async with app.run_test(size=(40, 10)) as pilot:
        app.table.sort_indicator("name", reverse=True)
        await pilot.pause()
        assert app.lines()[0].strip().startswith("Name▼")
        app.table.sort_indicator("name")
        await pilot.pause()
        assert app.lines()[0].strip().startswith("Name▲")

        def swapped(key: Hashable) -> Sequence[tuple[str, str]]:
            return app.values[key][::-1]

        app.table._cells = swapped
        app.table.set_columns(COLUMNS[::-1])
        await pilot.pause()
        assert app.lines()[0].split() == ["CPU", "State", "Name▲"]
        assert app.lines()[1].split()[1:] == ["0%", "running", "web-0"]


async def test_a_theme_change_reaches_every_row() -> None:
    app = TableApp(3)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        dark = [next(iter(strip)).style for strip in app.screen._compositor.render_strips()[:4]]
        app.theme = "textual-light"
        await pilot.pause()
        light = [next(iter(strip)).style for strip in app.screen._compositor.render_strips()[:4]]
        assert all(a != b for a, b in zip(dark, light, strict=True))


@pytest.mark.parametrize("theme", sorted(BUILTIN_THEMES))
async def test_every_tone_can_be_read_in_every_theme(theme: str) -> None:
    app = TableApp(2)
    tones = ["plain", "dim", "accent", "good", "busy", "warn", "bad"]
    app.table = Table(
        [Column(tone, tone, 4, 6) for tone in tones], lambda _: [(tone, tone) for tone in tones], row_state=lambda _: ""
    )
    async with app.run_test(size=(60, 6)) as pilot:
        app.theme = theme
        await pilot.pause()
        rows = app.screen._compositor.render_strips()[1:3]
        at_cursor, elsewhere = (next(iter(row)).style for row in rows)
        assert at_cursor != elsewhere
        for segment in (segment for row in rows for segment in row if segment.text.strip() in tones):
            style = segment.style
            assert style is not None
            assert style.color is not None
            assert style.bgcolor is not None
            foreground, background = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
            if not theme.startswith("ansi"):
                assert contrast(foreground, background) >= MIN_CONTRAST - 0.1


class EarlyApp(App[None]):
    """A table that gets its rows before it is on a screen, and is as high as they need."""

    CSS = "Table { height: auto; max-height: 5; }"

    def compose(self) -> ComposeResult:
        table = Table(COLUMNS, lambda key: [(f"row {key}", "plain")] * 3)
        table.set_rows([1, 2])
        table.move_to(2)
        yield table


async def test_rows_before_mounting_and_automatic_height() -> None:
    app = EarlyApp()
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.pause()
        table = app.query_one(Table)
        assert table.cursor_key == 2
        assert table.size.height == 3
        table.set_rows([1, 2, 3])
        await pilot.pause()
        assert table.size.height == 4
        table.set_rows(range(50))
        await pilot.pause()
        assert table.size.height == 5
        assert table.cursor_key in table.visible_keys()


async def test_the_scrollbar_comes_and_goes_with_the_rows() -> None:
    app = TableApp(5)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        assert not has_scrollbar(app)
        right = app.lines()[1].index("0%")
        app.values.update(dict.fromkeys(range(5, 50), app.values[0]))
        app.table.set_rows(range(50))
        await pilot.pause()
        assert has_scrollbar(app)
        assert app.lines()[1].index("0%") == right - 1
        await press(pilot, "G")
        assert app.table.visible_keys() == tuple(range(41, 50))
        app.table.set_rows(range(5))
        await pilot.pause()
        await pilot.pause()
        assert not has_scrollbar(app)
        assert app.lines()[1].index("0%") == right
        assert visible_of(app) == tuple(range(5))
