"""Numbers to blocks."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.chart.scale import (
    axis_labels,
    columns,
    count_label,
    level,
    meter,
    nice_top,
    resample,
    sparkline,
)

VALUES = st.lists(st.none() | st.floats(allow_nan=True, allow_infinity=True), max_size=40)


def test_sparkline_scales_and_leaves_gaps() -> None:
    assert sparkline([0, 25, None, 50, 100, 200], 6, 100) == "▁▂ ▄██"
    assert sparkline([1, 2, 3], 5) == "  ▂▃▅"
    assert sparkline([1, 2, 3, 4, 5], 2, 5) == "▆█"
    assert sparkline([0, 50, 100], 3, 100, ascii_only=True) == ".=@"
    assert sparkline([], 3) == "   "
    assert sparkline([1], 0) == ""


def test_meter() -> None:
    assert meter(0, 4) == "░░░░"
    assert meter(0.001, 4) == "█░░░"
    assert meter(0.5, 4) == "██░░"
    assert meter(0.99, 4) == "███░"
    assert meter(1, 4) == "████"
    assert meter(7, 4) == "████"
    assert meter(-1, 4) == "░░░░"
    assert meter(None, 4) == "    "
    assert meter(nan, 2) == "  "
    assert meter(0.5, 4, ascii_only=True) == "##.."
    assert meter(0.5, 0) == ""


@pytest.mark.parametrize(
    ("values", "least", "top"),
    [
        ([0, 3], 0, 5),
        ([100], 0, 100),
        ([101], 0, 200),
        ([0.04], 0, 0.05),
        ([1e-320], 0, 1e-320),
        ([], 0, 1),
        ([None, nan, inf, -3], 0, 1),
        ([3], 10, 10),
        ([30], 10, 50),
    ],
)
def test_the_axis_ends_at_a_round_number(values: list[float | None], least: float, top: float) -> None:
    assert nice_top(values, least) == pytest.approx(top)


def test_columns_draw_parts_of_cells() -> None:
    assert columns([0, 25, 50, 100, None], 5, 2, 100) == ["   █ ", "▁▄██ "]
    assert columns([0, 25, 100], 3, 2, 100, ascii_only=True) == ["  #", "_##"]
    assert columns([1], 3, 0, 1) == []


@given(VALUES, st.integers(0, 30), st.integers(0, 8), st.booleans())
def test_every_chart_has_exactly_its_size(
    values: list[float | None], width: int, height: int, ascii_only: bool
) -> None:
    rows = columns(values, width, height, nice_top(values), ascii_only=ascii_only)
    assert [len(row) for row in rows] == [width] * height
    line = sparkline(values, width, ascii_only=ascii_only)
    assert len(line) == width
    assert len(resample(values, width)) == width
    if ascii_only:
        assert line.isascii()
        assert all(row.isascii() for row in rows)


@given(st.floats(0, 1e9), st.floats(0.001, 1e9), st.integers(1, 100))
def test_a_little_is_seen_and_full_means_full(value: float, top: float, steps: int) -> None:
    reached = level(value, top, steps)
    assert 0 <= reached <= steps
    assert (reached == 0) == (value == 0)
    if steps > 1:
        assert (reached == steps) == (value >= top)


def test_labels() -> None:
    assert axis_labels(10, 5) == [10, None, 5, None, 0]
    assert axis_labels(10, 4) == [10, None, None, 0]
    assert axis_labels(10, 1) == [10]
    assert axis_labels(10, 0) == []
    assert [count_label(value) for value in (0, 0.5, 12, 1500, 3_000_000, 2e9)] == [
        "0",
        "0.5",
        "12",
        "1.5k",
        "3M",
        "2G",
    ]
