"""Text that is just there: searched, wrapped and scrolled like a log, and followed by nobody."""

from __future__ import annotations

from collections.abc import Iterable

from widgets.log.buffer import Entry
from widgets.log.view import LogView
from widgets.log.viewport import Position


class TextView(LogView):
    """Shows lines from their top. Colours (SGR) in them are kept, everything else is neutralised."""

    live = False

    def show(self, lines: Iterable[str], *, keep_place: bool = False) -> None:
        """Replace the text; with `keep_place` the same line number stays on top, as far as there is one."""
        row = self.top.seq - self.buffer.first if keep_place and self.buffer else 0
        self.clear()
        self.extend([Entry(text=line) for line in lines])
        self._update()
        last = max(self.buffer.first, self.buffer.end - 1)
        self._pause(Position(min(self.buffer.first + row, last), 0))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to follow, no time to show, and clearing is the owner's."""
        if action in ("toggle_follow", "toggle_timestamps", "clear"):
            return False
        return super().check_action(action, parameters)

    def action_go_last(self) -> None:
        """Go to the last page, and stay there."""
        self._pause(self._viewport.last_page(self._page_height()))

    def _go(self, top: Position) -> None:
        self._pause(min(top, self._viewport.last_page(self._page_height())))

    def action_open_search(self) -> None:
        """Ask for what to search, from where one is."""
        self._pause(self.top)
        super().action_open_search()
