"""Rows, cursor, marks and scrolling without a screen; columns; natural order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from widgets.table.columns import Column, layout
from widgets.table.model import TableModel, natural_key


def model_of(count: int, height: int = 5) -> TableModel:
    model = TableModel()
    model.resize(height)
    model.set_keys(range(count))
    return model


def test_the_cursor_follows_its_row() -> None:
    model = model_of(10)
    model.move_to(3)
    model.set_keys([7, 3, 1])
    assert (model.cursor, model.cursor_key) == (1, 3)


def test_the_cursor_stays_on_its_line_when_its_row_vanishes() -> None:
    model = model_of(10)
    model.move_to(3)
    model.set_keys([0, 1, 2, 4, 5])
    assert (model.cursor, model.cursor_key) == (3, 4)
    model.set_keys([0, 1])
    assert (model.cursor, model.cursor_key) == (1, 1)
    model.set_keys([])
    assert (model.cursor, model.cursor_key) == (-1, None)
    model.set_keys([5, 6])
    assert model.cursor_key == 5


def test_none_is_a_key_like_any_other() -> None:
    model = TableModel()
    model.resize(3)
    model.set_keys(["a", None])
    model.move_to(1)
    model.set_keys([None, "a"])
    assert (model.cursor, model.cursor_key) == (0, None)


def test_keys_must_be_unique() -> None:
    model = model_of(3)
    with pytest.raises(ValueError, match="unique"):
        model.set_keys([1, 1])
    assert model.keys == [0, 1, 2]


def test_rows_inserted_above_do_not_move_what_is_read() -> None:
    model = model_of(100)
    model.move_to(50)
    line = model.cursor - model.top
    model.set_keys([-1, -2, *range(100)])
    assert model.cursor_key == 50
    assert model.cursor - model.top == line


def test_a_view_left_by_the_cursor_keeps_its_first_row() -> None:
    model = model_of(100)
    model.scroll_to(60)
    model.set_keys([-1, -2, *range(100)])
    assert model.visible()[0] == 60
    assert model.cursor_key == 0


def test_the_top_stays_the_top() -> None:
    model = model_of(100)
    model.set_keys([-1, *range(100)])
    assert model.top == 0
    assert model.cursor_key == 0


def test_scrolling_is_as_little_as_needed() -> None:
    model = model_of(20)
    model.move_to(4)
    assert model.top == 0
    model.move_to(5)
    assert model.top == 1
    model.move_to(2)
    assert model.top == 1
    model.move_to(100)
    assert (model.cursor, model.top) == (19, 15)
    assert not model.scroll_to(99)
    model.resize(0)
    assert not model.reveal()
    model.resize(3)
    assert (model.top, list(model.visible())) == (17, [17, 18, 19])


def test_marks() -> None:
    model = model_of(10)
    assert model.mark_range() == {0}
    model.move_to(3)
    assert model.toggle_mark(3)
    model.move_to(1)
    assert model.mark_range() == {1, 2}
    assert model.marks == {0, 1, 2, 3}
    assert model.toggle_mark(1)
    assert not model.toggle_mark("missing")
    model.set_keys([0, 2, 9])
    assert model.marks == {0, 2}
    assert model.clear_marks() == {0, 2}
    assert model.marks == set()
    assert TableModel().mark_range() == set()


class ModelMachine(RuleBasedStateMachine):
    """Whatever happens, the model stays consistent."""

    def __init__(self) -> None:
        super().__init__()
        self.model = TableModel()

    @rule(keys=st.lists(st.integers(0, 30), unique=True))
    def set_keys(self, keys: list[int]) -> None:
        model = self.model
        before, seen = model.cursor_key, model.top <= model.cursor < model.top + model.height
        model.set_keys(keys)
        if before in keys:
            assert model.cursor_key == before
        if seen and keys:
            assert model.cursor_key in model.visible()

    @rule(height=st.integers(0, 12))
    def resize(self, height: int) -> None:
        self.model.resize(height)

    @rule(index=st.integers(-5, 40))
    def move_to(self, index: int) -> None:
        self.model.move_to(index)
        if self.model.height and self.model.keys:
            assert self.model.cursor_key in self.model.visible()

    @rule(top=st.integers(-5, 40))
    def scroll_to(self, top: int) -> None:
        self.model.scroll_to(top)

    @rule(key=st.integers(0, 30))
    def toggle(self, key: int) -> None:
        self.model.toggle_mark(key)

    @rule()
    def mark_range(self) -> None:
        self.model.mark_range()

    @invariant()
    def consistent(self) -> None:
        model = self.model
        assert 0 <= model.top <= model.max_top
        assert model.marks <= set(model.keys)
        assert model.cursor == (model.index(model.cursor_key) if model.keys else -1)
        assert len(model.visible()) == min(model.height, len(model))


TestModelMachine = ModelMachine.TestCase

A = Column("a", "A", 4, 10, flex=1, priority=0)
B = Column("b", "B", 5, 8, priority=2)
C = Column("c", "C", 3, 3, flex=2)


def widths(columns: list[Column], width: int) -> list[tuple[str, int, int]]:
    return [(place.column.id, place.x, place.width) for place in layout(columns, width)]


def test_columns_take_their_ideal_width_and_share_the_rest() -> None:
    assert widths([A, B, C], 23) == [("a", 0, 10), ("b", 11, 8), ("c", 20, 3)]
    assert widths([A, B, C], 29) == [("a", 0, 12), ("b", 13, 8), ("c", 22, 7)]


def test_columns_without_flex_leave_the_rest_empty() -> None:
    assert widths([B], 50) == [("b", 0, 8)]


def test_what_matters_least_is_dropped_first() -> None:
    assert widths([A, B, C], 14) == [("a", 0, 4), ("b", 5, 5), ("c", 11, 3)]
    assert [name for name, _, _ in widths([A, B, C], 13)] == ["a", "c"]
    assert [name for name, _, _ in widths([A, B, C], 7)] == ["a"]
    assert widths([A, B, C], 2) == [("a", 0, 2)]
    assert widths([A, B, C], 0) == []
    assert widths([], 10) == []


def test_of_two_equals_the_last_is_dropped() -> None:
    equal = [Column(name, name, 5, 5) for name in "xyz"]
    assert [name for name, _, _ in widths(equal, 12)] == ["x", "y"]


def test_an_extra_column_waits_until_the_others_have_what_they_would_like() -> None:
    name = Column("name", "NAME", 5, 20, priority=0)
    extra = Column("extra", "EXTRA", 5, 5, priority=5)
    assert [place for place, _, _ in widths([name, extra], 25)] == ["name"]
    assert widths([name, extra], 26) == [("name", 0, 20), ("extra", 21, 5)]


@given(
    st.lists(
        st.builds(
            lambda low, more, flex, priority: Column("c", "C", low, low + more, flex, priority=priority),
            st.integers(0, 20),
            st.integers(0, 20),
            st.integers(0, 3),
            st.integers(0, 7),
        ),
        max_size=8,
    ),
    st.integers(0, 120),
    st.integers(0, 3),
)
def test_layout_always_fits(columns: list[Column], width: int, gap: int) -> None:
    placed = layout(columns, width, gap)
    end = -gap
    for place in placed:
        assert place.x == end + gap
        assert place.width > 0
        end = place.x + place.width
    assert end <= width
    if any(place.column.priority for place in placed):
        assert all(place.width >= place.column.min for place in placed)
    if any(place.column.flex for place in placed) and all(p.width >= p.column.ideal for p in placed):
        assert end == width


def test_natural_order() -> None:
    names = ["web-10", "Web-2", "web-1", "web", "10", "9", "web-1a", "", "a"]
    assert sorted(names, key=natural_key) == ["", "9", "10", "a", "web", "web-1", "web-1a", "Web-2", "web-10"]
    assert natural_key("web-007") == natural_key("WEB-7")


def test_natural_order_of_absurd_numbers() -> None:
    assert natural_key("1" * 100_000) > natural_key("9" * 99_999)


@given(st.text("aB09.-²٣"), st.text("aB09.-²٣"))
def test_natural_keys_compare_either_way(one: str, other: str) -> None:
    a, b = natural_key(one), natural_key(other)
    assert (a < b) + (a == b) + (a > b) == 1
