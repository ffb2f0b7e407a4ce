"""The footer: the keys that work now, as many as fit."""

from __future__ import annotations

from collections.abc import Iterable

from tui.panes.line import Line, Part
from widgets.text import cell_width

_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "space": "space",
    "plus": "+",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "full_stop": ".",
    "underscore": "_",
    "escape": "esc",
    "enter": "enter",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "number_sign": "#",
    "equals_sign": "=",
    "ampersand": "&",
}


def key_label(key: str) -> str:
    """A key as it is written on the keyboard: ``question_mark`` is ``?``, ``ctrl+d`` is ``^d``."""
    if key.startswith("ctrl+"):
        return "^" + key_label(key[5:])
    if key.startswith("upper_"):
        return key[6:].upper()
    return _NAMES.get(key, key)


class Footer(Line):
    """One line under everything: key, title, key, title; whole pairs only."""

    DEFAULT_CSS = """
    Footer { background: $panel; padding: 0 1; }
    """

    def __init__(self) -> None:
        """Empty until `show_keys`."""
        super().__init__(id="footer")
        self._keys: tuple[tuple[str, str], ...] = ()
        self._last: tuple[tuple[str, str], ...] = ()

    def show_keys(self, keys: Iterable[tuple[str, str]], last: Iterable[tuple[str, str]] = ()) -> None:
        """Show (key, title) pairs from the left, and those of `last` always, at the right."""
        self._keys, self._last = tuple(keys), tuple(last)
        self._fill()

    def on_resize(self) -> None:
        """More or fewer pairs fit now."""
        self._fill()

    def _fill(self) -> None:
        right = [part for key, title in self._last for part in self._pair(key, title)]
        room = self.size.width - sum(cell_width(part.text) for part in right)
        left: list[Part] = []
        for key, title in self._keys:
            pair = self._pair(key, title)
            room -= sum(cell_width(part.text) for part in pair)
            if room < 0:
                break
            left += pair
        self.show(left, right)

    @staticmethod
    def _pair(key: str, title: str) -> tuple[Part, Part]:
        return Part(f"{key_label(key)} ", "key"), Part(f"{title}  ")
