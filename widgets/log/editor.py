"""A one-line editor without a widget: what a prompt inside a line-API view needs. Pure.

Textual's Input would be a child to lay out and a cursor that blinks, which alone costs 3 kB/s over SSH.
"""

from __future__ import annotations

from dataclasses import dataclass

from widgets.text import cell_width, sanitise

MAX_LENGTH = 500


@dataclass(slots=True)
class LineEditor:
    """Text and a cursor in it."""

    text: str = ""
    cursor: int = 0

    def set(self, text: str) -> None:
        """Replace everything; the cursor goes to the end."""
        self.text = sanitise(text)[:MAX_LENGTH]
        self.cursor = len(self.text)

    def insert(self, text: str) -> None:
        """Insert at the cursor, made safe, as far as there is room."""
        text = sanitise(text)[: MAX_LENGTH - len(self.text)]
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def key(self, key: str) -> bool:
        """Handle an editing key by Textual's name for it. Returns whether it is one."""
        before, after = self.text[: self.cursor], self.text[self.cursor :]
        match key:
            case "left":
                self.cursor = max(0, self.cursor - 1)
            case "right":
                self.cursor = min(len(self.text), self.cursor + 1)
            case "home":
                self.cursor = 0
            case "end" | "ctrl+e":
                self.cursor = len(self.text)
            case "backspace" | "ctrl+h":
                self.text, self.cursor = before[:-1] + after, max(0, self.cursor - 1)
            case "delete":
                self.text = before + after[1:]
            case "ctrl+u":
                self.text, self.cursor = after, 0
            case "ctrl+w":
                kept = before.rstrip()
                kept = kept[: kept.rfind(" ") + 1]
                self.text, self.cursor = kept + after, len(kept)
            case _:
                return False
        return True

    def window(self, width: int) -> tuple[str, str, str]:
        """What to draw in `width` cells (at least 1): before the cursor, under it, behind it."""
        text = self.text + " "
        start = 0
        while start < self.cursor and cell_width(text[start : self.cursor + 1]) > width:
            start += 1
        end = self.cursor + 1
        while end < len(text) and cell_width(text[start : end + 1]) <= width:
            end += 1
        return text[start : self.cursor], text[self.cursor], text[self.cursor + 1 : end]
