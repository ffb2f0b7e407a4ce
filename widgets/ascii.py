"""A filter for terminals and fonts that have nothing but ASCII: everything on the screen is put into it at the end."""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# What widgets draw with. Everything else becomes "?", once per cell, so that nothing moves.
_GLYPHS = str.maketrans(
    {
        **dict.fromkeys("─━╌═▁▔", "-"),
        **dict.fromkeys("│┃║▏▎▕", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼╔╗╚╝", "+"),
        **dict.fromkeys("▂▃▄░", "."),
        **dict.fromkeys("▅▆▒", "o"),
        **dict.fromkeys("▇█▓■▊▋▉", "#"),
        **dict.fromkeys("▌▐▍", ">"),
        **dict.fromkeys("●•○◷", "*"),
        "✗": "x",
        "→": ">",
        "←": "<",
        "↓": "v",
        "↑": "^",
        "…": "~",
        "·": "-",
        "✓": "v",
        "“": '"',
        "”": '"',
        "\xa0": " ",
    }
)


@lru_cache(4096)
def to_ascii(text: str) -> str:
    """The text in ASCII, exactly as many cells wide."""
    if text.isascii():
        return text
    text = text.translate(_GLYPHS)
    if text.isascii():
        return text
    return "".join(char if char.isascii() else "?" * cell_len(char) for char in text)


class AsciiFilter(LineFilter):
    """Puts every line into ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments with ASCII texts."""
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]
