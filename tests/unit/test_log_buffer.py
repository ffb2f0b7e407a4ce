"""The log's ring buffer, its search and its rows: all without a screen."""

from __future__ import annotations

from collections import deque
from sys import getsizeof
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.log.buffer import MAX_PIECE, Entry, LogBuffer, last_overwrite, plain_text
from widgets.log.editor import LineEditor
from widgets.log.finder import Finder
from widgets.log.paint import Prefix, local_time, parse
from widgets.log.search import SearchError, SearchIndex, compile_query
from widgets.log.viewport import Position, Viewport, cut, fold
from widgets.text import cell_width


def entries(*texts: str) -> list[Entry]:
    return [Entry(text) for text in texts]


def numbered(start: int, stop: int) -> list[Entry]:
    return [Entry(f"line {number}") for number in range(start, stop)]


# The ring


def test_keeps_the_newest_lines_in_order_and_counts_the_dropped() -> None:
    buffer = LogBuffer(max_lines=1000)
    for start in range(0, 200_000, 5000):
        buffer.extend(numbered(start, start + 5000))
    assert len(buffer) == 1000
    assert buffer.dropped == 199_000
    assert [entry.text for _, entry in buffer.slice(0, buffer.end)] == [f"line {n}" for n in range(199_000, 200_000)]
    assert buffer[199_000].text == "line 199000"
    assert buffer.end == 200_000


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(1, 60), st.integers(400, 6000))
def test_behaves_like_a_deque_with_two_limits(batches: list[int], max_lines: int, max_bytes: int) -> None:
    buffer = LogBuffer(max_lines, max_bytes)
    model: deque[str] = deque()
    number = 0
    for size in batches:
        texts = [f"{number + index:x}" * (index % 7) for index in range(size)]
        number += size
        buffer.extend(entries(*texts))
        for text in texts:
            model.append(text)
        while len(model) > 1 and (len(model) > max_lines or sum(getsizeof(text) + 240 for text in model) > max_bytes):
            model.popleft()
        assert [entry.text for _, entry in buffer.slice(0, buffer.end)] == list(model)
        assert buffer.dropped == number - len(model)
        assert buffer.bytes == sum(getsizeof(text) + 240 for text in model)


def test_bytes_are_bounded_and_the_newest_line_always_stays() -> None:
    buffer = LogBuffer(max_bytes=100_000)
    buffer.extend(entries(*("x" * 10_000 for _ in range(50))))
    assert buffer.bytes <= 100_000
    assert len(buffer) == 9
    small = LogBuffer(max_bytes=1)
    small.extend(entries("a", "b" * 5000))
    assert len(small) == 1
    assert small[1].text == "b" * 5000


def test_dropped_lines_are_released() -> None:
    buffer = LogBuffer(max_lines=10)
    buffer.extend(numbered(0, 500))
    held = [item for item in buffer._items if item is not None]
    assert len(held) == 10
    assert len(buffer._items) <= 266


def test_asking_for_a_line_that_is_gone_raises() -> None:
    buffer = LogBuffer(max_lines=2)
    buffer.extend(numbered(0, 5))
    for seq in (-1, 0, 2, 5):
        with pytest.raises(IndexError, match=r"not in the buffer \(3 to 4\)"):
            buffer[seq]
    with pytest.raises(ValueError, match="room for at least one"):
        LogBuffer(0)


def test_clear_starts_from_zero() -> None:
    buffer = LogBuffer(max_lines=2)
    buffer.extend(numbered(0, 5))
    buffer.clear()
    assert (len(buffer), buffer.first, buffer.end, buffer.dropped, buffer.bytes, bool(buffer)) == (0, 0, 0, 0, 0, False)


def test_takes_any_object_with_the_attributes_as_it_is() -> None:
    class Foreign(NamedTuple):
        stream: str
        text: str
        time: str = ""
        partial: bool = False

    line = Foreign("stderr", "x")
    buffer = LogBuffer()
    buffer.append(line)
    buffer.extend(iter([line]))
    assert buffer[0] is line
    assert buffer[1] is line


def test_a_megabyte_without_a_line_end_becomes_pieces() -> None:
    buffer = LogBuffer()
    raw = "".join(chr(97 + index % 26) for index in range(1_000_000))
    buffer.append(Entry(raw, "stderr", "2024-01-01T00:00:00Z", "web"))
    pieces = [entry for _, entry in buffer.slice(0, buffer.end)]
    assert "".join(piece.text for piece in pieces) == raw
    assert max(len(piece.text) for piece in pieces) == MAX_PIECE
    assert [piece.partial for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert all(piece.stream == "stderr" for piece in pieces)
    assert not buffer.continues(0)
    assert buffer.continues(1)
    buffer.append(Entry("next"))
    assert not buffer.continues(buffer.end - 1)


def test_a_colour_sequence_is_not_cut_in_two() -> None:
    buffer = LogBuffer()
    buffer.append(Entry("x" * (MAX_PIECE - 3) + "\x1b[31mred"))
    assert buffer[0].text == "x" * (MAX_PIECE - 3)
    assert buffer[1].text == "\x1b[31mred"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("10%\r20%\r30%", "30%"),
        ("10%\r20%\r", "20%"),
        ("windows\r", "windows"),
        ("\r", ""),
        ("plain", "plain"),
    ],
)
def test_progress_output_collapses_to_its_last_state(raw: str, shown: str) -> None:
    assert last_overwrite(raw) == shown
    assert plain_text(raw) == shown
    assert parse(raw).text == shown


def test_plain_text_is_safe() -> None:
    text = plain_text("\x1b[31mred\x1b[0m \x1b]52;c;Zm9v\x07\u202e[/red]\x9b2J")
    assert text.isprintable()
    assert text.startswith("red ")
    assert "52;c" not in text


# Search


def test_search_goes_both_ways_and_stops_at_the_limit() -> None:
    buffer = LogBuffer(max_lines=50)
    buffer.extend(numbered(0, 100))
    query = compile_query("LINE 7")
    assert query is not None
    assert buffer.search(query.matches, 0, limit=3) == [70, 71, 72]
    assert buffer.search(query.matches, 1000, -1, limit=2) == [79, 78]
    assert buffer.search(query.matches, 50, scan=10) == []
    assert LogBuffer().search(query.matches, 0) == []
    with pytest.raises(ValueError, match="direction"):
        buffer.search(query.matches, 0, 0)


def test_search_sees_what_is_shown_and_not_the_colours() -> None:
    buffer = LogBuffer()
    buffer.extend(entries("\x1b[31mer\x1b[0mror", "31m"))
    for text, expected in (("error", [0]), ("31m", [1])):
        query = compile_query(text)
        assert query is not None
        assert buffer.search(query.matches, 0, limit=9) == expected


def test_words_are_found_without_regard_to_case_and_positions_fit_the_text() -> None:
    query = compile_query("strasse")
    assert query is not None
    assert query.matches("Die STRASSE und die Straße")
    assert query.spans("Die Strasse") == [(4, 11)]
    turkish = compile_query("i")
    assert turkish is not None
    text = "\u0130i"
    assert [text[start:end] for start, end in turkish.spans(text)] == ["i"]


@pytest.mark.parametrize("source", ["/(/", "/[a-/", "/*/", "/" + "a" * 600 + "/", "/a{99999999999999999999}/"])
def test_a_bad_expression_is_a_typed_error(source: str) -> None:
    with pytest.raises(SearchError):
        compile_query(source)


def test_an_expression_has_smart_case_and_no_empty_matches() -> None:
    lower, upper = compile_query("/err?or|x*/"), compile_query("/Error/")
    assert lower is not None
    assert upper is not None
    assert lower.spans("ERROR at 5") == [(0, 5)]
    assert not upper.matches("error")


def test_a_pathological_expression_is_stopped() -> None:
    query = compile_query("/(a|aa)+$/")
    assert query is not None
    line = "a" * 60 + "b"
    with pytest.raises(SearchError, match="too slow"):
        query.matches(line)
    buffer = LogBuffer()
    buffer.extend(entries(*[line] * 1000))
    index = SearchIndex(query, buffer)
    assert index.feed()
    assert "too slow" in index.error
    assert index.complete


def test_an_index_is_kept_while_lines_come_and_go() -> None:
    buffer = LogBuffer(max_lines=100)
    query = compile_query("/[05]$/")
    assert query is not None
    index = SearchIndex(query, buffer)
    for start in range(0, 1000, 30):
        buffer.extend(numbered(start, start + 30))
        assert index.feed(1.0)
        expected = [seq for seq in range(buffer.first, buffer.end) if seq % 5 == 0]
        assert index.count == len(expected)
        assert index.position(expected[0]) == 1
        assert index.position(expected[-1]) == len(expected)
        assert index.position(expected[0] + 1) == 0
        assert index.step(expected[0], 1) == expected[1]
        assert index.step(expected[0], -1) == expected[-1]
        assert index.step(expected[-1], 1) == expected[0]


def test_an_index_works_in_slices() -> None:
    buffer = LogBuffer(max_lines=5000)
    buffer.extend(numbered(0, 5000))
    query = compile_query("9")
    assert query is not None
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 0.004
        return now

    index = SearchIndex(query, buffer, clock)
    calls = 1
    while not index.feed(0.01):
        calls += 1
        assert calls < 1000
    assert calls > 10
    assert index.count == sum("9" in str(number) for number in range(5000))


def test_finder_status() -> None:
    buffer = LogBuffer()
    buffer.extend(numbered(0, 200))
    finder = Finder(buffer)
    assert finder.status() == ""
    finder.start("line 1")
    assert finder.status() == "searching"
    while not finder.feed():
        pass
    assert finder.status() == "111 matching"
    assert finder.step(-1, 1) == 1
    assert finder.status() == "1/111"
    finder.start("nowhere")
    while not finder.feed():
        pass
    assert finder.status() == "no match"
    finder.start("/(/")
    assert "not a regular expression" in finder.status()
    assert finder.spans("(") == []


# Rows


@given(st.text(st.sampled_from("ab日本e\u0301🙂"), max_size=60), st.integers(2, 20))
def test_folding_loses_nothing_and_fits(text: str, width: int) -> None:
    rows = fold(text, width)
    assert "".join(text[start:end] for start, end in rows) == text
    assert all(cell_width(text[start:end]) <= width for start, end in rows)
    assert all(start < end for start, end in rows) or text == ""


@given(st.text(st.sampled_from("ab日本🙂"), max_size=40), st.integers(0, 30), st.integers(1, 20))
def test_cutting_shows_the_cells_between(text: str, left: int, width: int) -> None:
    start, end, blank = cut(text, left, width)
    shown = text[start:end]
    assert blank + cell_width(shown) <= width
    if shown:
        assert cell_width(text[:start]) == left + blank


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=30), st.integers(1, 12), st.integers(-200, 200), st.integers(0, 20)
)
def test_moving_by_rows_agrees_with_a_list_of_all_rows(
    heights: list[int], height: int, delta: int, dropped: int
) -> None:
    buffer = LogBuffer(max_lines=len(heights))
    buffer.extend(entries(*("gone" for _ in range(dropped)), *("x" for _ in heights)))
    viewport = Viewport(buffer, lambda seq: heights[seq - dropped])
    rows = [Position(dropped + seq, row) for seq, count in enumerate(heights) for row in range(count)]
    if dropped:
        rows.insert(0, Position(dropped - 1, 0))
    last = rows[max(0, len(rows) - height)]
    assert viewport.last_page(height) == last
    for index, position in enumerate(rows):
        assert viewport.page(position, height) == rows[index : index + height]
        target = index + delta
        if delta < 0:
            assert viewport.up(position, -delta) == rows[max(0, target)]
        else:
            expected = rows[target] if target < len(rows) else Position(buffer.end, 0)
            assert viewport.down(position, delta) == expected
        assert viewport.clamp(position, height) == min(position, last)
    assert viewport.clamp(Position(-5, 3), height) == rows[0]
    assert viewport.clamp(Position(10_000, 0), height) == last


def test_the_prefix_gives_way_on_a_narrow_screen() -> None:
    wide, narrow, tiny = Prefix(80, True, 5), Prefix(21, True, 5), Prefix(8, True, 5)
    assert (wide.times, wide.source, Prefix(80, True, 99).source) == (True, 5, 16)
    assert (narrow.times, narrow.source) == (True, 0)
    assert (tiny.times, tiny.source, tiny.text_width) == (False, 0, 7)


def test_times_are_local_and_wrong_ones_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    try:
        assert local_time("2024-05-06T10:11:12.345678901Z") == "12:11:12.345"
        assert local_time("yesterday") == " " * 12
        assert local_time("") == " " * 12
    finally:
        monkeypatch.undo()
        time.tzset()


def test_line_editor() -> None:
    editor = LineEditor()
    editor.insert("hello \x1b[31mwide 日本")
    assert editor.text == "hello wide 日本"
    for key in ("left", "left", "backspace", "ctrl+w"):
        assert editor.key(key)
    assert (editor.text, editor.cursor) == ("hello 日本", 6)
    assert editor.key("delete")
    assert editor.key("end")
    assert editor.key("home")
    assert editor.key("right")
    assert (editor.text, editor.cursor) == ("hello 本", 1)
    assert not editor.key("f5")
    editor.set("x" * 100)
    before, under, after = editor.window(10)
    assert (len(before), under, after) == (9, " ", "")
    assert editor.key("ctrl+u")
    assert editor.window(10) == ("", " ", "")
