"""Safe text for a terminal: controls made harmless, colours as data, widths in cells.

Whatever an engine, a container or a log says passes `sanitise` (or `parse_sgr`, which does the same and keeps the
colours) before it is shown. The rules:

* Complete escape sequences (CSI, OSC, DCS, APC, PM, SOS, two-byte, in 7-bit and 8-bit form) are removed.
* A sequence that never ends loses only its introducer, which is shown as a control picture. Its payload is shown as
  the text it is, so that one stray byte cannot hide the rest of a line.
* Other C0 controls and DEL become their control pictures (``\\x07`` is ``␇``), tabs are expanded, every kind of line
  break becomes ``↵``.
* C1 controls, bidirectional controls, other invisible format characters, lone surrogates and invalid UTF-8 become
  ``\N{REPLACEMENT CHARACTER}``.
* Zero-width joiners, variation selectors 15 and 16 and skin tones are removed: terminals disagree about the width of
  what they make, and a disagreement shifts the rest of the line. At most `MAX_MARKS` combining marks stay on one
  character, and none at the start of the text.

Everything runs in time linear in the length of the text. No part of this module imports a user interface toolkit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

__all__ = ["MAX_MARKS", "Align", "Color", "Sgr", "cell_width", "clip", "fit", "is_narrow", "parse_sgr", "sanitise"]

Color = int | tuple[int, int, int]
"""A palette index from 0 to 255, or red, green and blue from 0 to 255 each."""

Align = Literal["left", "right", "center"]

MAX_MARKS = 4
"""Real scripts stack three or four marks at most; more only overlaps the lines around."""

# Possessive quantifiers, and classes that exclude every introducer: a scan that fails has gone over text that no
# other attempt goes over again, so that a million unterminated introducers still take linear time.
_STRING = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x00-\x1f\x7f-\x9f]*+(?:\x07|\x1b\\|\x9c)"
_CSI = r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]"
_TWO_BYTE = r"\x1b[ -/]*+[0-OQ-WYZ\\`-~]"
_DIRTY = re.compile(
    rf"(?P<sgr>\x1b\[[0-9:;]*+m)|{_STRING}|{_CSI}|{_TWO_BYTE}"
    r"|(?P<newline>\r\n|[\n\x85\u2028\u2029])"
    r"|(?P<c0>[\x00-\x08\x0b-\x1f\x7f])"
    r"|(?P<joiner>[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff])"
    r"|(?P<bad>[\x80-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f])"
)
_SGR = re.compile(r"\x1b\[([0-9:;]*+)m")
_TAB_OR_SGR = re.compile(r"(\t|\x1b\[[0-9:;]*+m)")
_NEWLINE = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# One cell each, and sure to be so without a look at any table: Latin, Greek, Cyrillic, punctuation, arrows, control
# pictures, box drawing, blocks, braille. Importing wcwidth costs 33 ms, which most sessions never need to pay.
_NARROW = re.compile(
    r"[\x20-\x7e\xa0-\xac\xae-\u02ff\u0370-\u0377\u0384-\u038a\u038e-\u03a1\u03a3-\u0482\u2010-\u2027\u2030-\u205e"
    r"\u2190-\u2319\u2400-\u2426\u2500-\u25fc\u2800-\u28ff\ufffd]*+"
)


def _width_by_table(character: str) -> int:
    """Width of a character that is not known to be narrow, as Rich has it, which lays out the screen."""
    # Loaded when the first such character is seen, see `_NARROW`.
    from wcwidth import wcwidth

    if "\U0001f1e6" <= character <= "\U0001f1ff":  # regional indicators: one each, two make a flag
        return 1
    return max(0, wcwidth(character))


@lru_cache(maxsize=4096)
def _char_width(character: str) -> int:
    return 1 if _NARROW.fullmatch(character) else _width_by_table(character)


def _clean(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind is None or kind == "joiner" or kind == "sgr":
        return ""
    if kind == "newline":
        return _NEWLINE
    if kind == "c0":
        code = ord(match[0])
        return "\N{SYMBOL FOR DELETE}" if code == 0x7F else chr(0x2400 + code)
    return _REPLACEMENT


def _clean_keeping_sgr(match: re.Match[str]) -> str:
    return match[0] if match.lastgroup == "sgr" else _clean(match)


def _clean_keeping_portable_sgr(match: re.Match[str]) -> str:
    """Without the colon form of parameters, which older terminals show as text."""
    return match[0] if match.lastgroup == "sgr" and ":" not in match[0] else _clean(match)


def _expand_tabs(text: str, size: int) -> str:
    parts: list[str] = []
    column = 0
    for part in _TAB_OR_SGR.split(text):
        if part == "\t":
            part = " " * (size - column % size)
        if not part.startswith("\x1b"):
            column += cell_width(part)
        parts.append(part)
    return "".join(parts)


def _limit_marks(text: str) -> str:
    """Drop combining marks beyond `MAX_MARKS` on one character, and those at the start: they would join a neighbour."""
    kept: list[str] = []
    marks = MAX_MARKS
    for part in _TAB_OR_SGR.split(text):
        if part.startswith("\x1b"):  # a change of colour does not end a run of marks
            kept.append(part)
            continue
        for character in part:
            marks = 0 if character < "\u0300" or _char_width(character) else marks + 1
            if marks <= MAX_MARKS:
                kept.append(character)
    return "".join(kept)


def _sanitise(text: str | bytes, clean: Callable[[re.Match[str]], str], tabs: int) -> str:
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text.isascii() and text.isprintable():
        return text
    text = _DIRTY.sub(clean, text)
    if "\t" in text:
        text = _expand_tabs(text, max(1, tabs))
    if not text.isascii() and not _NARROW.fullmatch(text):
        text = _limit_marks(text)
    return text


def sanitise(text: str | bytes, *, keep_sgr: bool = False, tabs: int = 8) -> str:
    """Make text safe to show on one line of a terminal. What it returns is left alone by a second call.

    Args:
        text: Anything. Bytes are taken for UTF-8.
        keep_sgr: Leave colour sequences (``ESC [ ... m``, in the form with semicolons) in, and no other control.
        tabs: Distance of tab stops in cells.

    Returns:
        Printable text without any control, except for SGR sequences if they are kept.
    """
    return _sanitise(text, _clean_keeping_portable_sgr if keep_sgr else _clean, tabs)


@dataclass(frozen=True, slots=True)
class Sgr:
    """How a piece of text looks. Blinking and concealment are left out on purpose: nothing shown may be hidden."""

    fg: Color | None = None
    bg: Color | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    reverse: bool = False


_PLAIN = Sgr()
_SWITCHES: dict[int, dict[str, bool]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    7: {"reverse": True},
    9: {"strike": True},
    21: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    27: {"reverse": False},
    29: {"strike": False},
}


def _byte(value: str) -> int:
    """A parameter from 0 to 255, or -1. Its length is looked at first: int() refuses more than 4,300 digits."""
    if not value:
        return 0
    number = int(value) if len(value) <= 3 else -1
    return number if number <= 255 else -1


def _extended_color(parameters: Iterator[str]) -> Color | None:
    """Read what follows 38, 48 or 58: ``5;N`` or ``2;R;G;B``."""
    mode = next(parameters, "")
    if mode == "5":
        index = _byte(next(parameters, ""))
        return index if index >= 0 else None
    if mode == "2":
        red, green, blue = (_byte(next(parameters, "")) for _ in range(3))
        return (red, green, blue) if min(red, green, blue) >= 0 else None
    return None


def _with_subparameters(style: Sgr, parts: list[str]) -> Sgr:
    """Apply one parameter in colon form: ``4:3``, ``38:5:N``, ``38:2:R:G:B`` or ``38:2:SPACE:R:G:B``."""
    if parts[0] == "4":
        return replace(style, underline=parts[1] != "0")
    if parts[0] not in ("38", "48"):
        return style
    if parts[1] == "2" and len(parts) >= 6:
        del parts[2]
    color = _extended_color(iter(parts[1:]))
    if color is None:
        return style
    return replace(style, fg=color) if parts[0] == "38" else replace(style, bg=color)


def _with_code(style: Sgr, code: int) -> Sgr:
    if code == 0:
        return _PLAIN
    if switches := _SWITCHES.get(code):
        return replace(style, **switches)
    if 30 <= code <= 37:
        return replace(style, fg=code - 30)
    if 40 <= code <= 47:
        return replace(style, bg=code - 40)
    if 90 <= code <= 97:
        return replace(style, fg=code - 82)
    if 100 <= code <= 107:
        return replace(style, bg=code - 92)
    if code == 39:
        return replace(style, fg=None)
    if code == 49:
        return replace(style, bg=None)
    return style


@lru_cache(maxsize=1024)
def _apply(style: Sgr, sequence: str) -> Sgr:
    """The style after one SGR sequence. Cached: programs use few different ones, over and over."""
    parameters = iter(sequence.split(";"))
    for parameter in parameters:
        if ":" in parameter:
            style = _with_subparameters(style, parameter.split(":"))
        elif parameter in ("38", "48", "58"):
            color = _extended_color(parameters)
            if color is not None and parameter != "58":
                style = replace(style, fg=color) if parameter == "38" else replace(style, bg=color)
        else:
            style = _with_code(style, _byte(parameter))
    return style


def parse_sgr(text: str | bytes, *, tabs: int = 8) -> tuple[str, list[tuple[int, int, Sgr]]]:
    """Split text into what it says and how it looks.

    Text in its own background colour would be invisible: its background is dropped.

    Args:
        text: Anything. It is sanitised here.
        tabs: Distance of tab stops in cells.

    Returns:
        The text without any control, and ``(start, end, style)`` in characters of it: ascending, not overlapping, and
        only where the style is not the plain one.
    """
    clean = _sanitise(text, _clean_keeping_sgr, tabs)
    if "\x1b" not in clean:
        return clean, []
    parts: list[str] = []
    spans: list[tuple[int, int, Sgr]] = []
    style = _PLAIN
    length = 0
    for index, part in enumerate(_SGR.split(clean)):
        if index % 2:
            style = _apply(style, part)
        elif part:
            start, length = length, length + len(part)
            parts.append(part)
            shown = style if style.fg is None or style.fg != style.bg else replace(style, bg=None)
            if shown == _PLAIN:
                continue
            if spans and spans[-1][1:] == (start, shown):
                start = spans.pop()[0]
            spans.append((start, length, shown))
    return "".join(parts), spans


def is_narrow(text: str) -> bool:
    """Whether every character is known to take one cell. False only means that nobody looked it up."""
    return _NARROW.fullmatch(text) is not None


def cell_width(text: str) -> int:
    """Return the width of sanitised text in terminal cells, as Rich and Textual measure it."""
    if text.isascii() or _NARROW.fullmatch(text):
        return len(text)
    return sum(map(_char_width, text))


def _cut(text: str, width: int) -> str:
    """The longest beginning of the text that is not wider than so many cells, with the marks that belong to it."""
    for index, character in enumerate(text):
        width -= _char_width(character)
        if width < 0:
            return text[:index]
    return text


def clip(text: str, width: int, ellipsis: str = "…") -> str:
    """Shorten sanitised text to at most so many cells.

    Args:
        text: What `sanitise` returned.
        width: Cells; below 1 nothing fits.
        ellipsis: Shown at the end if something was left out and there is room for it.

    Returns:
        The text itself, or its beginning and the ellipsis. Wide characters and combining sequences stay whole, so that
        it may be a cell short.
    """
    if width <= 0:
        return ""
    # Zero-width marks are limited per character, so nothing behind this many characters can ever be shown.
    reach = (width + 1) * (MAX_MARKS + 1)
    head = text if len(text) <= reach else text[:reach]
    if head is text and cell_width(text) <= width:
        return text
    room = width - cell_width(ellipsis)
    if room < 0:
        return _cut(head, width)
    if head.isascii():
        return head[:room] + ellipsis
    return _cut(head, room) + ellipsis


def fit(text: str, width: int, align: Align = "left", ellipsis: str = "…") -> str:
    """Clip or pad sanitised text to exactly so many cells.

    Args:
        text: What `sanitise` returned.
        width: Cells; below 1 gives the empty string.
        align: Where the text goes if there is room to spare.
        ellipsis: See `clip`.

    Returns:
        Text of exactly this width.
    """
    text = clip(text, width, ellipsis)
    missing = width - cell_width(text)
    if missing <= 0:
        return text
    if align == "left":
        return text + " " * missing
    if align == "right":
        return " " * missing + text
    left = missing // 2
    return " " * left + text + " " * (missing - left)
