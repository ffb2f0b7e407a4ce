"""A table for thousands of rows that change all the time.

It holds keys, asks for the cells of the rows on the screen only, and repaints the cells that changed only. Its cost
depends on the height of the screen, not on the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest
from textwrap import wrap
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from widgets.table import messages, theme
from widgets.table.columns import Column, layout
from widgets.table.contrast import readable
from widgets.table.model import TableModel
from widgets.table.paint import ASCII, GUTTER, UNICODE, CellsOf, Look, Painter, Row, TableCell

__all__ = ["Column", "Table", "TableCell"]

_NO_ROW: Hashable = object()
"""Stands for a line without a row: None may be a key."""


class Table(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows of cells under a header that stays, with a cursor and marks.

    Attributes:
        cells_computed: Cells that the owner was asked for so far.
        lines_rendered: Lines drawn so far.
        cells_repainted: Cells repainted alone so far, without their rows.
    """

    ALLOW_SELECT = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "cursor_by(1)", "Down", id="table.down", show=False, tooltip="Move to the next row"),
        Binding("k,up", "cursor_by(-1)", "Up", id="table.up", show=False, tooltip="Move to the previous row"),
        Binding("g,home", "cursor_first", "First", id="table.first", show=False, tooltip="Move to the first row"),
        Binding("G,end", "cursor_last", "Last", id="table.last", show=False, tooltip="Move to the last row"),
        Binding("ctrl+d", "page(0.5)", "Half down", id="table.half_down", show=False, tooltip="Move half a page down"),
        Binding("ctrl+u", "page(-0.5)", "Half up", id="table.half_up", show=False, tooltip="Move half a page up"),
        Binding("pagedown", "page(1)", "Page down", id="table.page_down", show=False, tooltip="Move a page down"),
        Binding("pageup", "page(-1)", "Page up", id="table.page_up", show=False, tooltip="Move a page up"),
        Binding("space", "mark", "Mark", id="table.mark", show=False, tooltip="Mark the row, or unmark it"),
        Binding(
            "M", "mark_range", "Mark to here", id="table.mark_range", show=False, tooltip="Mark from the last mark"
        ),
        Binding("enter", "activate", "Open", id="table.activate", show=False, tooltip="Open the row"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = set(theme.COMPONENT_CLASSES)
    DEFAULT_CSS = theme.DEFAULT_CSS

    CursorMoved = messages.CursorMoved
    Activated = messages.Activated
    MarksChanged = messages.MarksChanged
    VisibleChanged = messages.VisibleChanged
    HeaderClicked = messages.HeaderClicked

    ascii: reactive[bool] = reactive(False)
    """Draw with ASCII glyphs only."""

    message: reactive[str] = reactive("")
    """What to show while there are no rows, instead of the empty text: loading, or why there are none. Plain text."""

    def __init__(
        self,
        columns: Sequence[Column],
        cells: CellsOf,
        *,
        empty: str = "",
        row_state: Callable[[Hashable], str] | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make a table without rows.

        Args:
            columns: Its columns, from left to right.
            cells: Computes the cells of a row, one per column; called for rows on the screen only. Text is raw.
            empty: What to show while there are no rows.
            row_state: Tells the state of a row: ``stale``, ``in-flight`` or nothing.
            id: Id of the widget.
            classes: CSS classes of the widget.
        """
        super().__init__(id=id, classes=classes)
        self.model = TableModel()
        self.row_state = row_state
        self.empty = empty
        self.cells_computed = 0
        self.lines_rendered = 0
        self.cells_repainted = 0
        self._columns = tuple(columns)
        self._cells = cells
        self._rows: dict[Hashable, Row] = {}
        self._fitted = Size(0, 0)
        self._sorted_by: str | None = None
        self._sorted_reverse = False
        self._styles_of: dict[tuple[str, ...], Style] = {}
        self._shown: tuple[Hashable, ...] = ()
        self._visible_pending = False
        classes_known = self._get_component_classes()
        self._painter = Painter(
            self._style_of,
            frozenset(name.removeprefix("table--tone-") for name in classes_known if name.startswith("table--tone-")),
            frozenset(name.removeprefix("table--row-") for name in classes_known if name.startswith("table--row-")),
        )

    # Rows

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, also those that do not fit."""
        return self._columns

    @property
    def cursor_key(self) -> Hashable | None:
        """Key of the cursor's row, or None if there are no rows."""
        return self.model.cursor_key

    @property
    def marks(self) -> frozenset[Hashable]:
        """Keys of the marked rows."""
        return frozenset(self.model.marks)

    def visible_keys(self) -> tuple[Hashable, ...]:
        """Keys of the rows on the screen, from top to bottom."""
        return tuple(self.model.visible())

    def set_rows(self, keys: Sequence[Hashable]) -> None:
        """Replace the rows; the cursor and the marks stay with theirs.

        Lines are repainted only where another row is now. Cells of rows that were on the screen before are not asked
        for again: `invalidate` does that.

        Args:
            keys: The rows in their order.

        Raises:
            ValueError: If a key occurs twice.
        """
        with self._watched():
            self.model.set_keys(keys)
            self._set_virtual_height(len(self.model) + 1)

    def invalidate(self, keys: Iterable[Hashable] | None = None) -> None:
        """Ask for cells again and repaint those that changed.

        Args:
            keys: Rows that may have changed; all by default. Rows off the screen cost nothing.
        """
        visible = self.model.visible()
        if keys is None:
            for key in self._rows.keys() - set(visible):
                del self._rows[key]
            wanted = None
        else:
            wanted = set(keys)
            for key in wanted.difference(visible):
                self._rows.pop(key, None)
        regions: list[Region] = []
        for line, key in enumerate(visible, 1):
            if wanted is not None and key not in wanted:
                continue
            row = self._rows.get(key)
            if row is None:
                continue  # Never drawn: its line is due to be painted anyway.
            changed = self._painter.update(row, self._computed(key))
            if row.look != self._look(key):
                regions.append(self._line_region(line))
            else:
                self.cells_repainted += len(changed)
                regions.extend(Region(GUTTER + place.x, line, place.width, 1) for place in changed)
        if regions:
            self.refresh(*regions)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Replace the columns. The function that computes cells must already go by them."""
        self._columns = tuple(columns)
        self._relayout()

    def sort_indicator(self, column_id: str | None, reverse: bool = False) -> None:
        """Show by which column the rows are sorted.

        Args:
            column_id: The column, or None for no arrow.
            reverse: Whether the arrow points down.
        """
        self._sorted_by, self._sorted_reverse = column_id, reverse
        self.refresh(self._line_region(0))

    def move_to(self, target: Hashable, *, by_index: bool = False) -> bool:
        """Move the cursor to a row and show it.

        Args:
            target: Key of the row, or its index.
            by_index: Whether `target` is an index. It is clamped.

        Returns:
            False if there is no such row.
        """
        index = target if by_index and isinstance(target, int) else self.model.index(target)
        if index is None or not len(self.model):
            return False
        with self._watched():
            self.model.move_to(index)
        return True

    def toggle_mark(self, key: Hashable) -> None:
        """Mark a row, or unmark it."""
        if self.model.toggle_mark(key):
            self._marks_changed({key})

    def clear_marks(self) -> None:
        """Unmark all rows."""
        self._marks_changed(self.model.clear_marks())

    # Actions of the bindings

    def action_cursor_by(self, rows: int) -> None:
        """Move the cursor by so many rows."""
        self.move_to(self.model.cursor + rows, by_index=True)

    def action_cursor_first(self) -> None:
        """Move the cursor to the first row."""
        self.move_to(0, by_index=True)

    def action_cursor_last(self) -> None:
        """Move the cursor to the last row."""
        self.move_to(len(self.model) - 1, by_index=True)

    def action_page(self, pages: float) -> None:
        """Move the cursor by so many screens, and the view with it."""
        rows = max(1, int(self.model.height * abs(pages))) * (1 if pages > 0 else -1)
        with self._watched():
            self.model.scroll_to(self.model.top + rows)
            self.model.move_to(self.model.cursor + rows)

    def action_mark(self) -> None:
        """Mark the row of the cursor, or unmark it."""
        if len(self.model):
            self.toggle_mark(self.model.cursor_key)

    def action_mark_range(self) -> None:
        """Mark all rows between the one marked last and the cursor."""
        self._marks_changed(self.model.mark_range())

    def action_activate(self) -> None:
        """Open the row of the cursor."""
        if len(self.model):
            self.post_message(self.Activated(self, self.model.cursor_key))

    # Events

    def on_resize(self) -> None:
        """Fit the columns and the number of rows to the new size."""
        self._relayout()

    def watch_show_vertical_scrollbar(self) -> None:
        """Make room for the scrollbar, or take it back."""
        self._relayout()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the wheel and the scrollbar."""
        super().watch_scroll_y(old_value, new_value)
        if self.model.scroll_to(round(new_value)):
            self._announce_visible()

    def watch_message(self) -> None:
        """Show another message."""
        if not len(self.model):
            self.refresh()

    def watch_ascii(self, ascii_only: bool) -> None:
        """Draw with other glyphs."""
        self._painter.glyphs = ASCII if ascii_only else UNICODE
        self._relayout()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor in another style."""
        super().watch_has_focus(has_focus)
        self._forget_styles()

    def notify_style_update(self) -> None:
        """Draw everything anew in a new theme."""
        super().notify_style_update()
        self._forget_styles()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to a row, open it, or tell which header was meant."""
        offset = event.get_content_offset(self)
        if offset is None or event.button != 1:
            return
        event.stop()
        if offset.y == 0:
            for place in self._painter.columns:
                # The gap after a column belongs to it: a title is easier to hit.
                if place.x <= offset.x - GUTTER <= place.x + place.width:
                    self.post_message(self.HeaderClicked(self, place.column.id))
                    break
            return
        index = self.model.top + offset.y - 1
        if index < len(self.model):
            self.move_to(index, by_index=True)
            if event.chain == 2:
                self.action_activate()

    # Drawing

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """All there is: columns stretch."""
        return container.width

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw lines, fitted to the size of now.

        A new layout is painted before the event of the new size has come. The first frame would be without rows.
        """
        if self.scrollable_content_region.size != self._fitted:
            self._fit()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Draw one line: the header, a row, or part of a message.

        Args:
            y: Line of the widget.
        """
        self.lines_rendered += 1
        painter = self._painter
        if y == 0:
            return painter.header(self._sorted_by, self._sorted_reverse)
        model = self.model
        if not len(model):
            return self._message_line(y - 1)
        index = model.top + y - 1
        if index >= len(model):
            return painter.blank()
        key = model.keys[index]
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = painter.row(self._computed(key))
        look = self._look(key)
        if row.strip is None or row.look != look:
            row.strip, row.look = painter.strip(row, look), look
        return row.strip

    def _message_line(self, line: int) -> Strip:
        lines = [
            piece
            for text in (self.message or self.empty).splitlines()
            # An engine's own words are often wider than the table.
            for piece in wrap(text, max(1, self.size.width - 2)) or [""]
        ]
        position = line - max(0, (self.model.height - len(lines)) // 2)
        return self._painter.message(lines[position]) if 0 <= position < len(lines) else self._painter.blank()

    def _computed(self, key: Hashable) -> Sequence[tuple[str, str]]:
        cells = self._cells(key)
        if len(cells) != len(self._columns):
            raise ValueError(f"{len(cells)} cells for {len(self._columns)} columns")
        self.cells_computed += len(cells)
        return cells

    def _look(self, key: Hashable) -> Look:
        state = self.row_state(key) if self.row_state else ""
        return Look(key == self.model.cursor_key, key in self.model.marks, state)

    def _style_of(self, names: tuple[str, ...]) -> Style:
        style = self._styles_of.get(names)
        if style is None:
            visual = self.get_visual_style(*names)
            background, foreground = visual.background, visual.foreground
            assert background is not None
            assert foreground is not None
            color = readable(background + foreground, background)
            style = self._styles_of[names] = replace(visual, foreground=color).rich_style
        return style

    def _forget_styles(self) -> None:
        self._styles_of.clear()
        for row in self._rows.values():
            row.strip = None
        self.refresh()

    def _relayout(self) -> None:
        """Fit to the size, and ask for all cells again: other columns may be shown."""
        self._fit()
        self._sync_scroll()
        self._announce_visible()
        self.refresh()

    def _fit(self) -> None:
        size = self._fitted = self.scrollable_content_region.size
        painter = self._painter
        painter.width = size.width
        painter.columns = layout(self._columns, max(0, size.width - GUTTER))
        position = {column.id: index for index, column in enumerate(self._columns)}
        painter.indexes = [position[place.column.id] for place in painter.columns]
        self._rows.clear()
        self.model.resize(size.height - 1)

    # What follows from a change of the model

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Repaint, scroll and tell what a change of the model in this block makes necessary."""
        model = self.model
        cursor, marks, lines = model.cursor_key, model.marks, list(model.visible())
        had_rows = bool(len(model))
        yield
        if had_rows != bool(len(model)):
            self.refresh()
        else:
            now = model.visible()
            self._sync_scroll()
            regions = [
                self._line_region(line)
                for line, (old, new) in enumerate(zip_longest(lines, now, fillvalue=_NO_ROW), 1)
                if old != new or ((row := self._rows.get(new)) and row.look != self._look(new))
            ]
            if regions:
                self.refresh(*regions)
        self._announce_visible()
        if model.cursor_key != cursor:
            self.post_message(self.CursorMoved(self, model.cursor_key))
        if model.marks != marks:
            self.post_message(self.MarksChanged(self))

    def _marks_changed(self, keys: set[Hashable]) -> None:
        """Repaint the lines of rows whose marks changed, and tell."""
        if keys:
            self.refresh(*(self._line_region(line) for line, key in enumerate(self.model.visible(), 1) if key in keys))
            self.post_message(self.MarksChanged(self))

    def _set_virtual_height(self, height: int) -> None:
        size = Size(0, height)
        if size == self.virtual_size:
            return
        if not self.is_mounted or self.styles.auto_dimensions:
            self.virtual_size = size
        else:
            # Assigning it would lay the whole screen out again, 12 ms, for a row that came or went. If the scrollbar
            # comes or goes with it, that asks for a layout by itself.
            self.set_reactive(Table.virtual_size, size)
            self._scroll_update(size)

    def _line_region(self, line: int) -> Region:
        return Region(0, line, self._painter.width, 1)

    def _sync_scroll(self) -> None:
        if round(self.scroll_y) != self.model.top:
            self.scroll_to(y=self.model.top, animate=False, force=True)

    def _announce_visible(self) -> None:
        """Tell soon which rows are on the screen: once, however many changes come until then."""
        if not self._visible_pending and self.is_attached:
            self._visible_pending = True
            self.call_next(self._tell_visible)

    def _tell_visible(self) -> None:
        self._visible_pending = False
        keys = self.visible_keys()
        if keys != self._shown:
            self._shown = keys
            # What comes back later may have changed meanwhile, and is asked for again.
            for key in self._rows.keys() - set(keys):
                del self._rows[key]
            self.post_message(self.VisibleChanged(self, keys))
