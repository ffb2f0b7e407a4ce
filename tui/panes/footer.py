"""The footer: the keys that work now, as many as fit."""

from __future__ import annotations

from collections.abc import Iterable

from tui.panes.line import Line, Part
from tui.resources.catalogue import key_text
from widgets.text import cell_width


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
        return Part(f"{key_text(key)} ", "key"), Part(f"{title}  ")
