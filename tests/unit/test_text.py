"""What `widgets.text` lets through to a terminal, and what it makes of colours and widths."""

from __future__ import annotations

import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable

import pyte
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size

from widgets import text as text_module
from widgets.text import MAX_MARKS, Sgr, cell_width, clip, fit, parse_sgr, sanitise

# Texts that look like terminal output gone wrong: pieces of sequences, controls, wide and zero-width characters.
# fmt: off
_PIECES = st.sampled_from([
    "\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1b\\", "\x07", "\x9b", "\x9d", "\x9c", "\x90",
    "0;title", "31m", "1;31", "?1049h", "2J", "c", "#8", "(0", "38;5;", "38:2::", ";", ":", "m", "H", "6n", "\n",
    "\r", "\r\n", "\t", "\x00", "\x0e", "\x7f", "\u2028", "\u202e", "\ud800", "\u200b", "\u200d", "\ufe0f", "a", "é",
    "漢", "😀", "👩", "🇩", "🏽", "\u0301",
])
# fmt: on
HOSTILE = st.one_of(st.text(), st.lists(_PIECES, max_size=40).map("".join))
ANY = st.one_of(HOSTILE, st.binary(), HOSTILE.map(lambda text: text.encode("utf-8", "surrogatepass")))


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain text", "plain text"),
        ("", ""),
        ("a\x1b[31mred\x1b[0m", "ared"),
        ("\x1b[?1049h\x1b[2J\x1b[6nx", "x"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]0;title\x1b\\x", "x"),
        ("\x1b]8;;http://e\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r0m\x1b\\x\x1b_app\x1b\\y\x1b^pm\x1b\\z\x1bXsos\x1b\\", "xyz"),
        ("\x9b31mx\x9d0;t\x9cy\x90q\x9cz", "xyz"),
        ("\x1bc\x1b7\x1b8\x1b(0\x1b#8\x1b=x", "x"),
        ("\x1b]0;never ends", "␛]0;never ends"),
        ("\x1b]0;one\x1b]0;two\x07x", "␛]0;onex"),
        ("\x1b[31", "␛[31"),
        ("\x1b[31é", "␛[31é"),
        ("\x1b", "␛"),
        ("\x1b\x1b[31mx", "␛x"),
        ("a\nb\r\nc\x85d\u2028e\u2029f", "a↵b↵c↵d↵e↵f"),
        ("a\rb\x07\x00\x08\x7f", "a␍b␇␀␈␡"),
        ("\x80\x9c", "��"),
        ("a\u202eb\u2066c\u200fd\u200be\ufeff", "a�b�c�d�e�"),
        ("\ud800x\udfff", "�x�"),
        ("a\U000e0041", "a�"),
        ("a\tb\tc", "a       b       c"),
        ("漢\tb", "漢      b"),
        ("👨\u200d👩❤\ufe0f", "👨👩❤"),
        (b"\xff\xfe caf\xc3\xa9", "�� café"),
        (b"\x9b31mx", "�31mx"),
        ("\u0301\u0301x👍🏽", "x👍"),
        ("e" + "\u0301" * 100, "e" + "\u0301" * MAX_MARKS),
    ],
)
def test_sanitise(raw: str | bytes, expected: str) -> None:
    assert sanitise(raw) == expected


def test_tab_stops_are_counted_in_cells_and_without_colours() -> None:
    assert sanitise("ab\tc", tabs=4) == "ab  c"
    assert sanitise("\x1b[31mab\x1b[0m\tc", keep_sgr=True, tabs=4) == "\x1b[31mab\x1b[0m  c"
    assert sanitise("a\tb", tabs=0) == "a b"


def test_only_sgr_is_kept() -> None:
    assert sanitise("\x1b[1;31mx\x1b[2J\x1b]0;t\x07\x1b[>4mq\x1b[mz", keep_sgr=True) == "\x1b[1;31mxq\x1b[mz"


@given(ANY)
def test_the_terminal_sees_nothing_but_cells(raw: str | bytes) -> None:
    screen = pyte.Screen(200, 3)
    modes = set(screen.mode)
    for text in (sanitise(raw), sanitise(raw, keep_sgr=True)):
        assume(cell_width(text) < 200)
        screen.reset()
        pyte.Stream(screen).feed("\x1b[2;1H" + text)
        assert (screen.title, screen.icon_name) == ("", "")
        assert screen.mode == modes
        assert screen.cursor.y == 1
        assert screen.margins is None
        assert (screen.display[0].strip(), screen.display[2].strip()) == ("", "")


@given(ANY)
def test_no_control_survives(raw: str | bytes) -> None:
    plain = sanitise(raw)
    assert not [c for c in plain if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert sanitise(plain) == plain
    kept = sanitise(raw, keep_sgr=True)
    assert sanitise(kept, keep_sgr=True) == kept
    assert sanitise(kept) == plain or "\t" in str(raw) or max(kept) >= "\u0300"


@given(ANY)
def test_parse_sgr_says_the_same_as_sanitise(raw: str | bytes) -> None:
    plain, spans = parse_sgr(raw)
    assert "\x1b" not in plain
    assert plain == sanitise(plain)
    position = 0
    for start, end, style in spans:
        assert position <= start < end <= len(plain)
        assert style != Sgr()
        assert style.fg is None or style.fg != style.bg
        position = end


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("plain", []),
        ("\x1b[31mx", [(0, 1, Sgr(fg=1))]),
        ("a\x1b[1;91;44mb\x1b[22;39;49mc", [(1, 2, Sgr(fg=9, bg=4, bold=True))]),
        ("\x1b[38;5;208mx\x1b[0my", [(0, 1, Sgr(fg=208))]),
        ("\x1b[48;2;1;2;3mx", [(0, 1, Sgr(bg=(1, 2, 3)))]),
        ("\x1b[38:2::1:2:3mx", [(0, 1, Sgr(fg=(1, 2, 3)))]),
        ("\x1b[38:2:1:2:3mx", [(0, 1, Sgr(fg=(1, 2, 3)))]),
        ("\x1b[48:5:7mx", [(0, 1, Sgr(bg=7))]),
        ("\x1b[2;3;4;7;9mx", [(0, 1, Sgr(dim=True, italic=True, underline=True, reverse=True, strike=True))]),
        ("\x1b[4;4:0mx", []),
        ("\x1b[4:3mx\x1b[24my", [(0, 1, Sgr(underline=True))]),
        ("\x1b[58;5;1mx", []),
        ("\x1b[58;2;1;31;1mx", []),
        ("\x1b[100mx", [(0, 1, Sgr(bg=8))]),
        ("\x1b[31mx\x1b[31my", [(0, 2, Sgr(fg=1))]),
        ("\x1b[31mx\x1b[my", [(0, 1, Sgr(fg=1))]),
        ("\x1b[5;6;8mx", []),
        ("\x1b[38;5;256mx", []),
        ("\x1b[38;2;300;0;0mx", []),
        ("\x1b[38mx", []),
        ("\x1b[38;9;1mx", [(0, 1, Sgr(bold=True))]),
        ("\x1b[38:9mx", []),
        ("\x1b[" + "9" * 5000 + "mx", []),
        ("\x1b[31;41mhidden", [(0, 6, Sgr(fg=1))]),
    ],
)
def test_parse_sgr(raw: str, expected: list[tuple[int, int, Sgr]]) -> None:
    assert parse_sgr(raw)[1] == expected


@pytest.mark.parametrize(
    "piece",
    ["\x1b", "\x1b[", "\x1b[1;", "\x1b]", "\x1b]0;", "\x1bP1", "\x9d", "\x1b   ", "\t", "é\t", "e\u0301", "\x1b[1;31m"],
)
@pytest.mark.parametrize("function", [sanitise, parse_sgr])
def test_a_megabyte_of_anything_takes_linear_time(piece: str, function: Callable[[str], object]) -> None:
    def cost(length: int, attempts: int) -> float:
        raw = piece * (length // len(piece))
        best = float("inf")
        for _ in range(attempts):
            start = time.process_time()
            function(raw)
            best = min(best, time.process_time() - start)
        return best

    # Eight times the text: 8 if linear, 64 if quadratic. 25 is far from both.
    assert cost(1_000_000, 1) < 25 * max(cost(125_000, 2), 0.001)


def test_every_assigned_character_is_as_wide_as_rich_says() -> None:
    wrong = [
        hex(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs")
        and cell_width(chr(code)) != get_character_cell_size(chr(code))
        and sanitise(chr(code)) == chr(code)
    ]
    assert wrong == []


@given(HOSTILE)
def test_cell_width_equals_what_rich_measures(raw: str) -> None:
    text = sanitise(raw)
    assume(all(unicodedata.category(c) != "Cn" for c in text))
    assert cell_width(text) == cell_len(text)


@given(HOSTILE, st.integers(-2, 30), st.sampled_from(["…", "", "...", "漢"]))
def test_clip_never_exceeds_the_width(raw: str, width: int, ellipsis: str) -> None:
    text = sanitise(raw)
    clipped = clip(text, width, ellipsis)
    assert cell_width(clipped) <= max(0, width)
    if cell_width(text) <= width:
        assert clipped == text
    elif width > 1 and cell_width(ellipsis) < width:
        assert clipped.endswith(ellipsis)
        assert cell_width(clipped) >= width - 1


@given(HOSTILE, st.integers(-2, 30), st.sampled_from(["left", "right", "center"]))
def test_fit_is_exactly_the_width(raw: str, width: int, align: text_module.Align) -> None:
    assert cell_width(fit(sanitise(raw), width, align)) == max(0, width)


def test_clip_keeps_characters_whole() -> None:
    assert clip("漢字漢字", 4) == "漢…"
    assert clip("漢字漢字", 5) == "漢字…"
    assert clip("ae\u0301bc", 3) == "ae\u0301…"
    assert clip("abc", 1) == "…"
    assert clip("漢字", 1, "...") == ""
    assert clip("a" * 1_000_000, 3) == "aa…"


def test_fit_aligns() -> None:
    assert (fit("ab", 5), fit("ab", 5, "right"), fit("ab", 5, "center")) == ("ab   ", "   ab", " ab  ")


def test_narrow_text_never_loads_the_width_tables() -> None:
    script = (
        "import sys; from widgets.text import clip, sanitise;"
        "clip(sanitise('caf\\xe9 \\u2026 \\u25cf \\u258c \\x1b'), 3);"
        "sys.exit(1 if {'wcwidth', 'rich', 'textual'} & set(sys.modules) else 0)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=30).returncode == 0
