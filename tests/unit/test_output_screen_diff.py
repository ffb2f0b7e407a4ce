"""The difference between two frames, written to an emulated terminal, gives the second one."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from widgets.output import ScreenDiff

WIDTH, HEIGHT = 24, 2
STYLES = [None, Style.parse("red"), Style.parse("bold"), Style.parse("#010203 on #040506")]
TEXTS = ["", "a", "b", "abc", "abd", "漢", "a漢", "e\u0301", "          ", "0123456789"]

segments = st.lists(st.builds(Segment, st.sampled_from(TEXTS), st.sampled_from(STYLES)), max_size=8)
strips = segments.map(lambda parts: Strip(parts).adjust_cell_length(WIDTH))
frames = st.lists(st.lists(strips, min_size=HEIGHT, max_size=HEIGHT), min_size=1, max_size=5)


def layout(lines: list[Strip]) -> LayoutUpdate:
    return LayoutUpdate([[line] for line in lines], Region(0, 0, WIDTH, len(lines)))


def cells(screen: pyte.Screen) -> list[tuple[object, ...]]:
    return [tuple(screen.buffer[y][x]) for y in range(HEIGHT) for x in range(WIDTH)]


def shown(lines: list[Strip]) -> list[tuple[object, ...]]:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    stream.feed("\x1b[?7l" + ScreenDiff().render(layout(lines), ColorSystem.TRUECOLOR))
    return cells(screen)


def plain(*texts: str) -> list[Strip]:
    return [Strip([Segment(text.ljust(WIDTH))]) for text in texts]


@given(frames)
def test_frame_after_frame_is_shown(sequence: list[list[Strip]]) -> None:
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.Stream(screen)
    stream.feed("\x1b[?7l")
    diff = ScreenDiff()
    for lines in sequence:
        stream.feed(diff.render(layout(lines), ColorSystem.TRUECOLOR))
        assert cells(screen) == shown(lines)
        assert diff.render(layout(lines), ColorSystem.TRUECOLOR) == ""
        again = [Strip(list(line)) for line in lines]
        if all(segment.cell_length for line in lines for segment in line):
            assert diff.render(layout(again), ColorSystem.TRUECOLOR) == ""


def test_only_what_changed_is_sent() -> None:
    diff = ScreenDiff()
    diff.render(layout(plain("cpu 1.5 mem 20", "same")), ColorSystem.TRUECOLOR)
    assert diff.render(layout(plain("cpu 1.6 mem 20", "same")), ColorSystem.TRUECOLOR) == "\x1b[1;7H6"
    # Two changes close together go out as one, those apart as two.
    assert diff.render(layout(plain("cpu 2.7 mem 21", "same")), ColorSystem.TRUECOLOR) == "\x1b[1;5H2.7\x1b[14G1"


def test_styles_are_set_once_and_reset_at_the_end() -> None:
    red = Style.parse("red")
    diff = ScreenDiff()
    lines = [Strip([Segment("a" * 10, red), Segment("b" * 14, Style.parse("bold"))])]
    assert diff.render(layout(lines), ColorSystem.TRUECOLOR) == (
        "\x1b[1;1H\x1b[31m" + "a" * 10 + "\x1b[0;1m" + "b" * 14 + "\x1b[0m"
    )
    lines = [Strip([Segment("a" * 10), Segment("b" * 14, Style.parse("bold"))])]
    assert diff.render(layout(lines), ColorSystem.TRUECOLOR) == "\x1b[1;1H" + "a" * 10


def test_a_link_is_closed() -> None:
    link = Style(link="http://localhost/")
    text = ScreenDiff().render(layout([Strip([Segment("x", link), Segment("y" * 23)])]), ColorSystem.TRUECOLOR)
    assert text.count("\x1b]8;") == 2
    assert text.index("\x1b]8;;\x1b\\") < text.index("y")


def test_everything_is_sent_after_forgetting() -> None:
    diff = ScreenDiff()
    first = diff.render(layout(plain("one", "two")), ColorSystem.TRUECOLOR)
    diff.forget()
    assert diff.render(layout(plain("one", "two")), ColorSystem.TRUECOLOR) == first


def chops(pieces: dict[int, Strip | None], span: tuple[int, int]) -> ChopsUpdate:
    return ChopsUpdate([pieces], [(0, *span)], [[*list(pieces)[1:], WIDTH]])


def test_pieces_outside_the_span_are_left_alone() -> None:
    left, right = Strip([Segment("l" * 12)]), Strip([Segment("r" * 12)])
    text = ScreenDiff().render(chops({0: left, 12: right}, (0, 12)), ColorSystem.TRUECOLOR)
    assert text == "\x1b[1;1H" + "l" * 12
    text = ScreenDiff().render(chops({0: left, 12: right}, (12, 13)), ColorSystem.TRUECOLOR)
    assert text == "\x1b[1;13H" + "r" * 12
    assert ScreenDiff().render(chops({0: None, 12: right}, (0, 12)), ColorSystem.TRUECOLOR) == ""


def test_a_piece_across_old_ones_makes_what_they_covered_unknown() -> None:
    diff = ScreenDiff()
    whole = plain("x" * WIDTH)
    diff.render(layout(whole), ColorSystem.TRUECOLOR)
    diff.render(chops({0: None, 12: Strip([Segment("r" * 12)])}, (12, 20)), ColorSystem.TRUECOLOR)
    assert diff.render(layout(whole), ColorSystem.TRUECOLOR) == "\x1b[1;1H" + "x" * WIDTH


def test_a_strip_shorter_than_it_says_is_sent_whole() -> None:
    diff = ScreenDiff()
    diff.render(layout([Strip([Segment("short")], WIDTH)]), ColorSystem.TRUECOLOR)
    text = diff.render(layout(plain("short again")), ColorSystem.TRUECOLOR)
    assert text == "\x1b[1;1H" + "short again".ljust(WIDTH)
