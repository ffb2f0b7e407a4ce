"""A live, bounded view of a log: keys, mouse, search prompt."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.scrollbar import ScrollDown, ScrollTo, ScrollUp

from widgets.log.canvas import LogCanvas
from widgets.log.editor import LineEditor
from widgets.log.viewport import Position
from widgets.text import cell_width

SIDE_STEP = 8
"""Cells per key to the left and right."""

WHEEL_STEP = 3
"""Rows per notch of the mouse wheel."""


class LogView(LogCanvas, can_focus=True):
    """A log on the screen: follow, pause, wrap, times, search. See `LogCanvas` for what it is given and how it draws.

    Scrolling back pauses; going to the end follows again. While paused, the last row counts the new lines.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "open_search", "Search", id="log.search"),
        Binding("n", "search_step(1)", "Next match", id="log.search_next", show=False),
        Binding("N", "search_step(-1)", "Previous match", id="log.search_previous", show=False),
        Binding("escape", "clear_search", "Clear search", id="log.search_clear", show=False),
        Binding("f", "toggle_follow", "Follow", id="log.follow"),
        Binding("w", "toggle_wrap", "Wrap", id="log.wrap"),
        Binding("t", "toggle_timestamps", "Times", id="log.timestamps"),
        Binding("C", "clear", "Clear", id="log.clear", show=False),
        Binding("up,k", "scroll_rows(-1)", "Up", id="log.up", show=False),
        Binding("down,j", "scroll_rows(1)", "Down", id="log.down", show=False),
        Binding("pageup", "scroll_pages(-1.0)", "Page up", id="log.page_up", show=False),
        Binding("pagedown", "scroll_pages(1.0)", "Page down", id="log.page_down", show=False),
        Binding("ctrl+u", "scroll_pages(-0.5)", "Half a page up", id="log.half_page_up", show=False),
        Binding("ctrl+d", "scroll_pages(0.5)", "Half a page down", id="log.half_page_down", show=False),
        Binding("home,g", "go_first", "First line", id="log.first", show=False),
        Binding("end,G", "go_last", "Last line, follow", id="log.last", show=False),
        Binding("left,h", "scroll_side(-1)", "Left", id="log.left", show=False),
        Binding("right,l", "scroll_side(1)", "Right", id="log.right", show=False),
    ]

    class FollowChanged(Message):
        """Following began or was paused."""

        def __init__(self, log_view: LogView, follow: bool) -> None:
            """Say what is the case now."""
            super().__init__()
            self.log_view = log_view
            self.follow = follow

        @property
        def control(self) -> LogView:
            """The view."""
            return self.log_view

    class SearchChanged(Message):
        """A search began, changed, ended or failed."""

        def __init__(self, log_view: LogView, query: str, error: str) -> None:
            """Say what is searched for, "" for nothing, and what is wrong with it, if anything."""
            super().__init__()
            self.log_view = log_view
            self.query = query
            self.error = error

        @property
        def control(self) -> LogView:
            """The view."""
            return self.log_view

    _jump = 0
    """Direction of a step that waits until the search has seen every line; 0 for none."""

    _reported = ""
    """The error of the search that the owner was told last."""

    def search(self, query: str) -> None:
        """Highlight and count lines: plain text without regard to case, or ``/regular expression/``; "" for none."""
        self._finder.start(query)
        self._jump = 0
        self._finder.feed()
        self._forget_rows()
        self._report_search()
        self._update()

    @property
    def search_query(self) -> str:
        """What is searched for, "" for nothing."""
        return self._finder.query

    @property
    def search_error(self) -> str:
        """Why the search does not work, for the user; or ""."""
        return self._finder.error

    @property
    def match_count(self) -> int:
        """How many lines match, as far as they have been searched."""
        return self._finder.count

    def clear(self) -> None:
        """Remove all lines and follow again. The search stays, and the message."""
        self._jump = 0
        super().clear()

    def watch_follow(self, follow: bool) -> None:
        """Tell the owner."""
        super().watch_follow(follow)
        self.post_message(self.FollowChanged(self, follow))

    # Keys

    def action_toggle_follow(self) -> None:
        """Pause here, or go to the newest line."""
        self.follow = not self.follow

    def action_toggle_wrap(self) -> None:
        """Show long lines whole, or one row each."""
        self.wrap = not self.wrap

    def action_toggle_timestamps(self) -> None:
        """Show or hide the time of each line."""
        self.timestamps = not self.timestamps

    def action_clear(self) -> None:
        """Forget what has been shown so far."""
        self.clear()

    def action_scroll_rows(self, rows: int) -> None:
        """Move by rows, down for positive ones."""
        self._move(rows)

    def action_scroll_pages(self, pages: float) -> None:
        """Move by pages, less one row that stays in sight."""
        step = max(1, int(abs(pages) * (self._page_height() - 1)))
        self._move(step if pages > 0 else -step)

    def action_go_first(self) -> None:
        """Go to the oldest line."""
        if self._page and self.top != Position(self._viewport.first, 0):
            self._pause(Position(self._viewport.first, 0))

    def action_go_last(self) -> None:
        """Go to the newest line and follow."""
        self.follow = True

    def action_scroll_side(self, direction: int) -> None:
        """Move the text sideways, as far as the longest line on the screen goes."""
        if self.wrap:
            return
        lines = {position.seq for position in self._page if not self._viewport.is_marker(position)}
        longest = max((cell_width(self._parse(seq).text) for seq in lines if seq < self.buffer.end), default=0)
        most = max(0, longest - self._prefix.text_width)
        self._left = min(max(0, self._left + direction * SIDE_STEP), max(most, self._left if direction < 0 else 0))
        self._forget_rows()
        self._update()

    def action_open_search(self) -> None:
        """Ask for what to search."""
        self._prompt = LineEditor()
        self._update()

    def action_search_step(self, direction: int) -> None:
        """Go to the next newer (1) or older (-1) match."""
        if not self.search_query:
            raise SkipAction
        self._step(direction)
        self._update()

    def action_clear_search(self) -> None:
        """End the search; without one the key is left to the owner of the view."""
        if not self.search_query:
            raise SkipAction
        self.search("")

    # Moving

    def _pause(self, top: Position) -> None:
        """Stop following, with this row on top."""
        if self.follow:
            self._pause_at = top
            self.follow = False
        else:
            self._top = top
            self._update()

    def _move(self, rows: int) -> None:
        if not self._page:
            return
        if rows < 0:
            top = self._viewport.up(self._page[0], -rows)
            if top != self._page[0]:
                self._pause(top)
        elif not self.follow:
            self._go(self._viewport.down(self._page[0], rows))

    def _go(self, top: Position) -> None:
        """Show this row on top; at the end, follow. Following gives the status row back, so it is not counted here."""
        if top >= self._viewport.last_page(self._area.height):
            self.follow = True
        else:
            self._pause(top)

    def _report_search(self) -> None:
        self._reported = self._finder.error
        self.post_message(self.SearchChanged(self, self._finder.query, self._reported))

    def _step(self, direction: int) -> None:
        """Go to a match: from the current one, else from the edge of the screen."""
        finder = self._finder
        if not finder.complete:
            self._jump = direction
            self._schedule()
            return
        if not self._page:
            return
        # From the current match while it is in sight; else from where the reader has gone.
        if finder.current is not None and any(position.seq == finder.current for position in self._page):
            origin = finder.current
        else:
            origin = self._page[0].seq - 1 if direction > 0 else self._page[-1].seq + 1
        found = finder.step(origin, direction)
        self._forget_strips()
        if found is None:
            return
        if any(position.seq == found for position in self._page):
            self._pause(self._page[0])
        else:
            # A third of the page above it: what led to a line is read more often than what came after.
            self._pause(self._viewport.up(Position(found, 0), self._page_height() // 3))

    def _before_update(self) -> None:
        super()._before_update()
        if self._finder.error != self._reported:
            self._report_search()
        if self._jump and self._finder.complete:
            direction, self._jump = self._jump, 0
            self._step(direction)

    # The prompt

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """While the prompt is open, characters are typed into it and are no bindings."""
        return self._prompt is not None and character is not None and character.isprintable()

    async def _on_key(self, event: events.Key) -> None:
        prompt = self._prompt
        if prompt is None:
            # A binding runs only after its key has bubbled up to the app. What is typed fast after the key that opens
            # the prompt would be here before that, and be lost: so this one key is acted on at once.
            active = self.screen.active_bindings.get(event.key)
            if active is not None and active.node is self and active.enabled and active.binding.action == "open_search":
                event.stop()
                event.prevent_default()
                self.action_open_search()
            return
        if event.is_printable and event.character is not None:
            prompt.insert(event.character)
        elif event.key == "enter":
            self._close_prompt()
            # While following, the newest match is the one of interest.
            self._step(-1 if self.follow else 1)
            self._update()
        elif event.key == "escape":
            self._close_prompt()
            self.search("")
        elif not prompt.key(event.key):
            return
        event.stop()
        event.prevent_default()
        self._prompt_changed()

    def _on_paste(self, event: events.Paste) -> None:
        if self._prompt is not None:
            event.stop()
            self._prompt.insert(event.text.split("\n", 1)[0].rstrip("\r"))
            self._prompt_changed()

    def _on_blur(self, event: events.Blur) -> None:
        self._close_prompt()

    def _prompt_changed(self) -> None:
        """Search while typing."""
        if self._prompt is not None and self._prompt.text != self.search_query:
            self.search(self._prompt.text)
        else:
            self._update()

    def _close_prompt(self) -> None:
        if self._prompt is not None:
            self._prompt = None
            self._update()

    # The mouse. Textual's own handlers would move `scroll_y`, which this view does not use.

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        event.stop()
        event.prevent_default()
        if event.ctrl or event.shift:
            self.action_scroll_side(direction)
        else:
            self._move(direction * WHEEL_STEP)

    def _on_scroll_up(self, event: ScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.action_scroll_pages(-1.0)

    def _on_scroll_down(self, event: ScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.action_scroll_pages(1.0)

    def _on_scroll_to(self, message: ScrollTo) -> None:
        message.stop()
        message.prevent_default()
        if message.y is not None and self._page:
            self._go(Position(self._viewport.first + max(0, round(message.y)), 0))
