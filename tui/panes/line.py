"""A widget of one line, made of toned parts. The text is sanitised here, and never markup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from textual.content import Content
from textual.widget import Widget

from widgets.text import cell_width, clip, sanitise


class Part(NamedTuple):
    """A piece of a line: raw text, and the name of its tone."""

    text: str
    tone: str = "plain"


# Styles by name and not component classes: Textual computes the style of each component class of each widget, twice
# while starting. A dozen lines with nine tones were 40 % of all that, 25 ms before the first frame.
TONES: Mapping[str, str] = {
    "plain": "",
    "dim": "$foreground 70%",  # as $text-muted on dark themes; a style that is parsed loses the alpha of its `auto`
    "accent": "bold $text-accent",
    "good": "$text-success",
    "busy": "$text-primary",
    "warn": "$text-warning",
    "bad": "bold $text-error",
    "strong": "bold",
    "key": "bold $text-accent",
}


class Line(Widget):
    """One line of parts, left, and optionally parts at the right edge that win when space is short."""

    DEFAULT_CSS = """
    Line {
        height: 1;
        width: 1fr;
        text-wrap: nowrap;
    }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        """An empty line; `show` fills it."""
        super().__init__(id=id, classes=classes)
        self._left: tuple[Part, ...] = ()
        self._right: tuple[Part, ...] = ()

    def show(self, left: Iterable[Part], right: Iterable[Part] = ()) -> None:
        """Show these parts; nothing is repainted when they are the same as before."""
        new_left, new_right = tuple(left), tuple(right)
        if (new_left, new_right) != (self._left, self._right):
            self._left, self._right = new_left, new_right
            self.refresh()

    @property
    def text(self) -> str:
        """What the line says, for tests and for copying."""
        return "".join(part.text for part in (*self._left, *self._right))

    def render(self) -> Content:
        """The parts, clipped to the width; the right ones keep their place as long as anything fits."""
        width = self.size.width
        right, right_width = self._fit(self._right, width)
        left, left_width = self._fit(self._left, max(0, width - right_width - (1 if right_width else 0)))
        gap = " " * max(0, width - left_width - right_width) if right_width else ""
        return Content.assemble(*left, gap, *right)

    def _fit(self, parts: tuple[Part, ...], width: int) -> tuple[list[Content], int]:
        contents: list[Content] = []
        used = 0
        for part in parts:
            text = sanitise(part.text)
            cells = cell_width(text)
            if used + cells > width:
                text = clip(text, width - used)
                cells = cell_width(text)
            if text:
                contents.append(Content.styled(text, TONES[part.tone]))
            used += cells
            if used >= width:
                break
        return contents, used
