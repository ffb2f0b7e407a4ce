"""ASCII of the same width, whatever it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from widgets.ascii import AsciiFilter, to_ascii


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("● live … ▌x│", "* live ~ >x|"),
        ("8080→80", "8080>80"),
        ("日本", "????"),
        ("é", "?"),
    ],
)
def test_glyphs(text: str, expected: str) -> None:
    assert to_ascii(text) == expected


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20))
def test_is_ascii_and_as_wide(text: str) -> None:
    # Joined emoji are narrower together than apart; the text of widgets has no joiners in it.
    if "\u200d" in text or "\ufe0f" in text:
        return
    result = to_ascii(text)
    assert result.isascii()
    assert len(result) == sum(cell_len(char) for char in text)


def test_filter_keeps_styles_and_plain_segments() -> None:
    plain, drawn = Segment("plain"), Segment("│●")
    result = AsciiFilter().apply([plain, drawn], Color(0, 0, 0))
    assert result[0] is plain
    assert result[1].text == "|*"
