"""The drawing half of the log view: what is on the screen, and when it is painted again."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from widgets.log import paint
from widgets.log.buffer import DEFAULT_MAX_BYTES, DEFAULT_MAX_LINES, Line, LogBuffer, source_of
from widgets.log.editor import LineEditor
from widgets.log.finder import Finder
from widgets.log.viewport import Position, Viewport, fold
from widgets.text import cell_width, clip, sanitise

REPAINTS_PER_SECOND = 10


class LogCanvas(ScrollView):
    """Shows a `LogBuffer`: follows it, wraps, marks matches, and draws only what is visible. `LogView` adds the keys.

    What a container wrote is never interpreted, except for its colours (SGR): see `widgets.text`.

    It scrolls by an anchor in the buffer and not by Textual's `scroll_y`, so that neither wrapping nor the loss of
    old lines ever needs the height of lines that are not on the screen. The unit of the scrollbar is one line.

    Args:
        max_lines: The most lines to keep.
        max_bytes: The most memory for them, in bytes.
        repaints: The most repaints a second while lines arrive, from 1 to 20.
        ascii_only: Draw marks in ASCII.
    """

    ALLOW_SELECT = False

    live = True
    """Whether lines go on arriving. Text that is just there is never "paused"."""

    DEFAULT_CSS = """
    LogCanvas {
        background: $surface;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: scroll;
        scrollbar-size-vertical: 1;
    }
    LogCanvas > .log--stderr { color: $text-error; text-style: bold; }
    LogCanvas > .log--time { color: $text-muted; }
    LogCanvas > .log--source { color: $text-accent; }
    LogCanvas > .log--match { background: $warning-muted; color: $text-warning; text-style: underline; }
    LogCanvas > .log--match-current { background: $warning; color: $background; text-style: bold; }
    LogCanvas > .log--dim { color: $text-muted; }
    LogCanvas > .log--status { background: $panel; color: $foreground; }
    LogCanvas > .log--error { background: $panel; color: $text-error; text-style: bold; }
    LogCanvas > .log--cursor { text-style: reverse; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log--stderr",
        "log--time",
        "log--source",
        "log--match",
        "log--match-current",
        "log--dim",
        "log--status",
        "log--error",
        "log--cursor",
    }

    follow = reactive(True, repaint=False, init=False)
    """Whether the newest line stays in sight. False while scrolled back."""
    wrap = reactive(False, repaint=False, init=False)
    """Whether long lines take several rows."""
    timestamps = reactive(False, repaint=False, init=False)
    """Whether each line shows its time, in the local time zone."""

    def __init__(
        self,
        *,
        max_lines: int = DEFAULT_MAX_LINES,
        max_bytes: int = DEFAULT_MAX_BYTES,
        repaints: int = REPAINTS_PER_SECOND,
        ascii_only: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make an empty view that follows."""
        super().__init__(id=id, classes=classes)
        self.buffer = LogBuffer(max_lines, max_bytes)
        self.repaints = 0
        """How often the rows were laid out (for tests and measurements)."""
        self.lines_rendered = 0
        """How many rows were drawn anew (for tests and measurements)."""
        self._interval = 1 / min(max(repaints, 1), 20)
        self._glyphs = paint.ASCII if ascii_only else paint.UNICODE
        self._viewport = Viewport(self.buffer, self._rows_of)
        self._top = Position(0, 0)
        self._page: list[Position] = []
        self._status_text = ""
        self._drawn: tuple[object, ...] = ()
        self._marker = -1
        self._left = 0
        self._paused_at = 0
        self._pause_at: Position | None = None
        self._source_width = 0
        self._message = ""
        self._message_is_error = False
        self._finder = Finder(self.buffer)
        self._prompt: LineEditor | None = None
        self._timer: Timer | None = None
        self._last_repaint = 0.0
        self._look: paint.Look | None = None
        self._parsed: dict[int, paint.Parsed] = {}
        self._rows: dict[int, list[tuple[int, int]]] = {}
        self._strips: dict[Position, Strip] = {}

    # What the owner calls

    def extend(self, entries: Iterable[Line]) -> None:
        """Add lines, oldest first: any objects with `text`, `stream`, `time` and `partial`, and perhaps `source`."""
        new = entries if isinstance(entries, (list, tuple)) else list(entries)
        if not new:
            return
        if source_of(new[0]):
            widest = max(cell_width(sanitise(name)) for name in {source_of(entry) for entry in new})
            if widest > self._source_width:
                self._source_width = widest
                self._forget_rows()
        self.buffer.extend(new)
        self._schedule()

    def clear(self) -> None:
        """Remove all lines and follow again. The search stays, and the message."""
        self.buffer.clear()
        self._source_width = 0
        self._left = self._paused_at = 0
        self._top = Position(0, 0)
        self._parsed.clear()
        self._forget_rows()
        self._finder.restart()
        self.follow = True
        self._update()

    def set_message(self, text: str, *, error: bool = False) -> None:
        """Say something about the log: loading, empty, ended, broken. "" takes it away.

        It fills an empty view, and stands in the last row below lines, which stay.
        """
        self._message, self._message_is_error = text, error
        self._update()

    @property
    def new_lines(self) -> int:
        """How many lines have come since following was paused."""
        return 0 if self.follow else self.buffer.end - self._paused_at

    @property
    def top(self) -> Position:
        """The first row on the screen."""
        return self._page[0] if self._page else self._top

    # Layout: which rows are on the screen

    @property
    def _area(self) -> Size:
        """What can be drawn on: `size` without the scrollbar."""
        return self.scrollable_content_region.size

    def _rows_of(self, seq: int) -> int:
        return len(self._folds(seq)) if self.wrap else 1

    def _parse(self, seq: int) -> paint.Parsed:
        parsed = self._parsed.get(seq)
        if parsed is None:
            parsed = self._parsed[seq] = paint.parse(self.buffer[seq].text)
        return parsed

    def _folds(self, seq: int) -> list[tuple[int, int]]:
        rows = self._rows.get(seq)
        if rows is None:
            rows = self._rows[seq] = fold(self._parse(seq).text, self._prefix.text_width)
        return rows

    @property
    def _prefix(self) -> paint.Prefix:
        return paint.Prefix(self._area.width, self.timestamps, self._source_width)

    def _forget_rows(self) -> None:
        """What was drawn or measured is no longer right (what was parsed is)."""
        self._rows.clear()
        self._forget_strips()

    def _forget_strips(self) -> None:
        """What was drawn is no longer right."""
        self._strips.clear()
        self._drawn = ()

    def _page_height(self) -> int:
        return max(1, self._area.height - bool(self._status()))

    def _schedule(self) -> None:
        """Repaint soon; however often it is asked for, at most `repaints` times a second."""
        if self._timer is None and self.is_attached:
            wait = self._last_repaint + self._interval - monotonic()
            self._timer = self.set_timer(max(0.001, wait), self._flush)

    def _flush(self) -> None:
        self._timer = None
        self._before_update()
        self._update()
        if not self._finder.complete:
            self._schedule()

    def _before_update(self) -> None:
        """Whatever has to be brought up to date before the rows are decided on."""
        self._finder.feed()

    def _update(self) -> None:
        """Decide anew which rows are shown, and draw them."""
        if not self.is_attached or not self._area:
            return
        self._last_repaint = monotonic()
        status_before, self._status_text = self._status_text, self._status()
        height = self._page_height()
        if self.follow:
            self._top = self._viewport.last_page(height)
        else:
            self._top = self._viewport.clamp(self._top, height)
        self._page = self._viewport.page(self._top, height)
        self._marker = self.buffer.first - 1 if self.buffer.dropped else -1
        self._bound_caches()
        self._move_scrollbar(height)
        self.repaints += 1
        drawn = (self._page, self._marker, height, bool(self.buffer))
        if drawn != self._drawn or not self.buffer:
            self._drawn = drawn
            self.refresh()
        elif self._prompt is not None or self._status_text != status_before:
            # Paused while lines arrive: one row counts them, and the others need not be sent again.
            self.refresh(Region(0, self._area.height - 1, self._area.width, 1))

    def _bound_caches(self) -> None:
        """Keep what belongs to the screen and a little around it."""
        most = 4 * self._area.height + 64
        if len(self._parsed) > most or len(self._strips) > most:
            shown = {position.seq for position in self._page}
            self._parsed = {seq: parsed for seq, parsed in self._parsed.items() if seq in shown}
            self._rows = {seq: rows for seq, rows in self._rows.items() if seq in shown}
            self._strips = {position: strip for position, strip in self._strips.items() if position.seq in shown}

    def _move_scrollbar(self, height: int) -> None:
        """Show the place. Set past Textual's `virtual_size` watcher, which would lay out the whole screen each time."""
        first = self._viewport.first
        last = self._viewport.last_page(height).seq
        self.set_reactive(Widget.virtual_size, Size(self._area.width, last - first + self._area.height))
        bar = self.vertical_scrollbar
        bar.window_virtual_size = self.virtual_size.height
        bar.window_size = self._area.height
        bar.position = self._top.seq - first

    def watch_follow(self, follow: bool) -> None:
        """Count what comes from now on, or go to the newest line."""
        self._paused_at = self.buffer.end
        if not follow and self._page:
            self._top = self._page[0] if self._pause_at is None else self._pause_at
        self._pause_at = None
        self._update()

    def watch_wrap(self) -> None:
        """Fold or unfold; the first line on the screen stays where it is."""
        self._left = 0
        self._top = Position(self._top.seq, 0)
        self._forget_rows()
        self._update()

    def watch_timestamps(self) -> None:
        """Make room for times, or give it back."""
        self._forget_rows()
        self._update()

    def on_mount(self) -> None:
        """Show what came before."""
        if self.buffer:
            self._schedule()

    def _on_resize(self, event: events.Resize) -> None:
        self._forget_rows()
        self._update()

    def notify_style_update(self) -> None:
        """Draw with the new styles."""
        self._look = None
        self._forget_strips()
        super().notify_style_update()

    # Drawing

    def _styles(self) -> paint.Look:
        if self._look is None:
            style = self.get_component_rich_style
            self._look = paint.Look(
                base=self.rich_style,
                stderr=style("log--stderr"),
                time=style("log--time"),
                source=style("log--source"),
                match=style("log--match"),
                current=style("log--match-current"),
                dim=style("log--dim"),
                error=style("log--error"),
                status=style("log--status"),
                cursor=style("log--cursor"),
                glyphs=self._glyphs,
            )
        return self._look

    def render_line(self, y: int) -> Strip:
        """One row: of the log, of the status, or of the message in an empty view."""
        look, (width, height) = self._styles(), self._area
        if y == height - 1 and self._status_text:
            return self._status_strip(look, width)
        if not self.buffer:
            rows = paint.message_rows(self._message, width, height)
            style = look.error if self._message_is_error else look.dim
            return paint.text_strip(rows[y], width, style, look) if y < len(rows) else Strip.blank(width, look.base)
        if y >= len(self._page) or self._page[y].seq >= self.buffer.end:
            return Strip.blank(width, look.base)
        position = self._page[y]
        strip = self._strips.get(position)
        if position.seq == self._marker:
            text = f"{look.glyphs.ellipsis} {self._marker + 1:,} lines dropped"
            return paint.text_strip(text, width, look.dim, look)
        if strip is None and position.seq < self.buffer.first:
            return Strip.blank(width, look.base)  # dropped since the rows were decided on; they are soon decided anew
        if strip is None:
            strip = self._strips[position] = self._draw(position, look, width)
            self.lines_rendered += 1
        return strip

    def _draw(self, position: Position, look: paint.Look, width: int) -> Strip:
        seq, row = position
        entry = self.buffer[seq]
        parsed = self._parse(seq)
        prefix = self._prefix
        segments = prefix.segments(
            look,
            entry.stream,
            entry.time,
            source_of(entry),
            head=row == 0,
            continued=self.buffer.continues(seq),
        )
        return paint.row_strip(
            parsed,
            self._folds(seq) if self.wrap else None,
            row,
            self._left,
            segments,
            width,
            look,
            self._finder.spans(parsed.text),
            look.current if seq == self._finder.current else look.match,
        )

    def _status(self) -> str:
        """The words of the status row; "" when there is none, or no room for one."""
        if self._prompt is not None:
            return "/"
        if self._area.height < 2:
            return ""
        parts = []
        if self.buffer and self._message:
            parts.append(sanitise(self._message))
        if self.live and not self.follow:
            new = self.new_lines
            parts.append(f"paused {self._glyphs.dot} {new:,} new {'line' if new == 1 else 'lines'}")
        if self._finder.query:
            parts.append(f"{sanitise(self._finder.query)} {self._finder.status()}")
        return f" {self._glyphs.dot} ".join(parts)

    def _status_strip(self, look: paint.Look, width: int) -> Strip:
        if self._prompt is None:
            wrong = self._finder.error or (self._message and self._message_is_error)
            return paint.text_strip(self._status_text, width, look.error if wrong else look.status, look)
        result = clip(self._finder.status(), max(0, width - 12), look.glyphs.ellipsis)
        room = max(1, width - 1 - (cell_width(result) + 1 if result else 0))
        before, under, after = self._prompt.window(room)
        style = look.status
        segments = [Segment("/" + before, style), Segment(under, look.cursor), Segment(after, style)]
        used = sum(cell_width(segment.text) for segment in segments)
        segments.append(Segment(" " * max(0, width - used - cell_width(result)), style))
        segments.append(Segment(result, look.error if self._finder.error else style))
        return Strip(segments).adjust_cell_length(width, style)
