"""The pane of one kind of resource: a title, a filter, a table. One class for every kind; the kind is data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tui.actions import RowKey
from tui.dispatch.dispatcher import Dispatcher
from tui.panes.filterbar import FilterBar
from tui.panes.line import Line, Part
from tui.query.plain import Query, parse
from tui.resources.base import Resource, RowContext
from tui.store.fleet import Change, Connection, Fleet
from widgets.table import messages
from widgets.table.columns import Column
from widgets.table.view import Table


def utc_now() -> datetime:
    """The system's time."""
    return datetime.now(UTC)


class ResourcePane(Vertical):
    """Rows of one kind from every engine, sorted and filtered, in a table that asks for visible cells only."""

    DEFAULT_CSS = """
    ResourcePane { height: 1fr; min-height: 3; }
    ResourcePane > .pane--title { background: $panel; padding: 0 1; }
    /* Without a rule for the pane itself Textual does not restyle what is below it when the focus comes or goes. */
    ResourcePane:focus-within { background: $surface; }
    ResourcePane:focus-within > .pane--title { background: $primary-muted; }
    ResourcePane > Table { height: 1fr; }
    """

    class Selected(Message):
        """The cursor is on another row, or its row is gone.

        Attributes:
            pane: The pane.
            key: The row, or None when there is none.
        """

        def __init__(self, pane: ResourcePane, key: RowKey | None) -> None:
            """Say which."""
            super().__init__()
            self.pane = pane
            self.key = key

    class Opened(Selected):
        """A row was activated."""

    def __init__(
        self,
        resource: Resource,
        fleet: Fleet,
        dispatcher: Dispatcher,
        *,
        number: int,
        filter: str = "",
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """A pane for `resource`.

        Args:
            resource: The kind.
            fleet: Where its rows come from.
            dispatcher: Which rows something is being done to.
            number: The key that jumps to it.
            filter: The filter to begin with.
            now: The time that ages are counted to, aware UTC.
        """
        super().__init__(id=f"pane-{resource.kind}")
        self.resource = resource
        self.number = number
        self._now = now
        self._fleet = fleet
        self._dispatcher = dispatcher
        self._query: Query = parse(filter)
        self._show_all = True
        self._sort: str | None = None
        self._reverse = False
        self._rows: dict[RowKey, Any] = {}
        # When each object was first seen as it is: "Up 3 minutes" was true then.
        self._listed: dict[RowKey, tuple[Any, datetime]] = {}
        self._usage: Counter[str] = Counter()
        self._covered = False
        self._named: tuple[ResourcePane, ...] = ()
        columns = [Column.like(column) for column in resource.columns]
        self._title = Line(classes="pane--title")
        self.table = Table(columns, self._cells, row_state=self._row_state, id=f"table-{resource.kind}")

    # ---------------------------------------------------------------- what is shown

    def compose(self) -> ComposeResult:
        """Title, table, and the filter line while there is a filter."""
        yield self._title
        yield self.table
        yield FilterBar(self._query.text, self.table)

    def on_mount(self) -> None:
        """Show what the store already knows."""
        self.update_rows()

    def _cells(self, key: Hashable) -> Sequence[tuple[str, str]]:
        assert isinstance(key, RowKey)
        model = self._rows.get(key)
        if model is None:
            return [("", "plain")] * len(self.resource.columns)
        context = RowContext(
            now=self._now(),
            listed_at=self._listed_at(key),
            stats=self._fleet.stats(key),
            in_flight=self._dispatcher.in_flight(key),
            used_by=self._usage[key.id] if self.resource.users is not None else None,
        )
        cells = self.resource.cells(model, context)
        if self._row_state(key) == "stale":
            return [(cell.text, "dim") for cell in cells]
        return [(cell.text, cell.tone.value) for cell in cells]

    def _row_state(self, key: Hashable) -> str:
        assert isinstance(key, RowKey)
        if self._dispatcher.in_flight(key):
            return "in-flight"
        if self._fleet.connection(key.endpoint) in (Connection.STALE, Connection.LOST):
            return "stale"
        return ""

    def source(self) -> Mapping[RowKey, Any]:
        """Every row there is, before the filter."""
        return self._fleet.rows(self.resource.kind)

    def loaded(self) -> bool:
        """Whether an engine has told what there is."""
        return self._fleet.loaded(self.resource.kind)

    def concerns(self, change: Change) -> bool:
        """Whether a change of the store can change which rows there are, or their order."""
        return (
            change.status
            or self.resource.kind in change.kinds
            or (self.resource.users is not None and "containers" in change.kinds)
        )

    def apply(self, change: Change) -> None:
        """Show what a change of the store means for this pane."""
        if not self.is_mounted:
            return  # mounting shows everything
        if self.concerns(change):
            self.update_rows()
        elif change.stats:
            if self._sorts_by_stats():
                self.update_rows()
            else:
                self.table.invalidate([key for key in change.stats if key.kind == self.resource.kind])

    def tick(self) -> None:
        """The clock moved: repaint the cells whose text it changes (the table compares)."""
        if self.display and any(column.is_time for column in self.resource.columns):
            self.table.invalidate()

    def update_rows(self) -> None:
        """Filter, sort and show the rows the store has now."""
        rows = self.source()
        self._note_listed(rows)
        shown = [
            (key, model)
            for key, model in rows.items()
            if (self._show_all or self._is_running(model)) and self._matches(model)
        ]
        shown.sort(key=self._sort_key(), reverse=self._reverse)
        self._rows = dict(shown)
        if self.resource.users is not None:
            self._usage = Counter(
                used for container in self._fleet.rows("containers").values() for used in self.resource.users(container)
            )
        self.table.message = self._message(len(rows))
        self.table.set_rows([key for key, _ in shown])
        self.table.invalidate()
        self._show_title(len(rows), len(shown))

    def _note_listed(self, rows: Mapping[RowKey, Any]) -> None:
        now = self._now()
        known = self._listed
        self._listed = {
            key: old if (old := known.get(key)) is not None and old[0] is model else (model, now)
            for key, model in rows.items()
        }

    def _listed_at(self, key: RowKey) -> datetime | None:
        noted = self._listed.get(key)
        return noted[1] if noted is not None else None

    def _matches(self, model: Any) -> bool:
        return not self._query.text or self._query.matches(self.resource.search_text(model))

    @staticmethod
    def _is_running(model: Any) -> bool:
        state = getattr(model, "state", None)
        return state is None or state.value in ("running", "paused", "restarting")

    def _sort_key(self) -> Callable[[tuple[RowKey, Any]], Any]:
        default = self.resource.default_sort
        column = self.resource.sort_keys.get(self._sort) if self._sort is not None else None
        if column is None:
            return lambda row: default(row[1])
        now, fleet, usage = self._now(), self._fleet, self._usage

        def key(row: tuple[RowKey, Any]) -> Any:
            context = RowContext(
                now=now, listed_at=self._listed_at(row[0]), stats=fleet.stats(row[0]), used_by=usage[row[0].id]
            )
            return column(row[1], context)

        return key

    def _sorts_by_stats(self) -> bool:
        return self._sort is not None and bool(self._column(self._sort).needs_stats)

    def _column(self, column_id: str) -> Any:
        return next(column for column in self.resource.columns if column.id == column_id)

    def _message(self, total: int) -> str:
        if total:
            return (
                f"Nothing matches “{self._query.text}”. Press esc to clear the filter."
                if self._query.text
                else ("Nothing is running. Press a to show all.")
            )
        statuses = self._fleet.status()
        if not self.loaded():
            broken = [status.error for status in statuses if status.error is not None]
            kind_error = next(
                (s.kind_errors[self.resource.kind] for s in statuses if self.resource.kind in s.kind_errors), None
            )
            error = kind_error or (broken[0] if broken else None)
            if error is None:
                return "Loading…"
            return f"{self.resource.title} cannot be listed.\n{error.detail or error}\n{error.hint}".strip()
        return self.resource.empty

    def name_panes(self, panes: Sequence[ResourcePane]) -> None:
        """Name all of these in the title, this one among them, because there is room for one only."""
        self._named = tuple(panes)
        if self.is_attached:
            self._show_title(len(self.source()), len(self._rows))

    def _show_title(self, total: int, shown: int) -> None:
        parts = []
        for pane in self._named or (self,):
            parts.append(Part(f"{pane.number} ", "key"))
            if pane is self:
                parts.append(Part(self.resource.title, "strong"))
                parts.append(Part(f" {shown}   " if shown == total else f" {shown} of {total}   ", "dim"))
            else:
                parts.append(Part(f"{pane.resource.title}   ", "dim"))
        if not self._show_all:
            parts.append(Part("running only  ", "warn"))
        if self._query.text:
            parts.append(Part(f"filter: {self._query.text}", "warn"))
        right = []
        if self._sort is not None:
            arrow = "↓" if self._reverse else "↑"
            right.append(Part(f"sort: {self._column(self._sort).title.lower()} {arrow}", "dim"))
        if self.table.marks:
            right.append(Part(f"  {len(self.table.marks)} marked", "accent"))
        self._title.show(parts, right)

    # ---------------------------------------------------------------- what the user does

    def shown_models(self) -> list[Any]:
        """The objects that show, in their order."""
        return list(self._rows.values())

    @property
    def filter_text(self) -> str:
        """The filter in force."""
        return self._query.text

    async def edit_filter(self) -> None:
        """Open the filter line."""
        await self.query_one(FilterBar).open()

    def clear_filter(self) -> None:
        """Show every row again."""
        self.query_one(FilterBar).clear()

    def set_filter(self, text: str) -> None:
        """Show only rows that match."""
        self._query = parse(text)
        self.update_rows()

    @property
    def selection(self) -> list[RowKey]:
        """What an action acts on: the marked rows in their order on the screen, else the row under the cursor."""
        marks = self.table.marks
        if marks:
            return [key for key in self._rows if key in marks]
        key = self.table.cursor_key
        return [key] if isinstance(key, RowKey) else []

    @property
    def current(self) -> RowKey | None:
        """The row under the cursor."""
        key = self.table.cursor_key
        return key if isinstance(key, RowKey) else None

    def toggle_all(self) -> None:
        """All, or running only."""
        self._show_all = not self._show_all
        self.update_rows()

    def sort_by(self, column_id: str | None) -> None:
        """Sort by a column; the same one again reverses; None is the default order."""
        if column_id is not None and column_id == self._sort:
            self._reverse = not self._reverse
        else:
            self._sort = column_id
            # Numbers are looked at from the top: the first press on one shows the largest first.
            self._reverse = column_id is not None and self._column(column_id).align == "right"
        self.table.sort_indicator(self._sort, self._reverse)
        self.update_rows()
        self.table.move_to(0, by_index=True)
        self.watch_stats()

    @property
    def sort_column(self) -> str | None:
        """The column that sorts, or None for the default order."""
        return self._sort

    @on(messages.CursorMoved)
    def _cursor_moved(self, event: messages.CursorMoved) -> None:
        event.stop()
        self.post_message(self.Selected(self, self.current))

    @on(messages.Activated)
    def _activated(self, event: messages.Activated) -> None:
        event.stop()
        self.post_message(self.Opened(self, self.current))

    @on(messages.MarksChanged)
    def _marks_changed(self, event: messages.MarksChanged) -> None:
        event.stop()
        self._show_title(len(self.source()), len(self._rows))

    @on(messages.VisibleChanged)
    def _visible_changed(self, event: messages.VisibleChanged) -> None:
        event.stop()
        self.watch_stats()

    @on(messages.HeaderClicked)
    def _header_clicked(self, event: messages.HeaderClicked) -> None:
        event.stop()
        if event.column_id in self.resource.sort_keys:
            self.sort_by(event.column_id)

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self.set_filter(event.text)

    def set_covered(self, covered: bool) -> None:
        """Whether another screen hides it: then no row of it is worth sampling."""
        self._covered = covered
        self.watch_stats()

    def watch_stats(self) -> None:
        """Tell the store which rows are worth sampling: the ones on the screen, the selected one first."""
        if not any(column.needs_stats for column in self.resource.columns):
            return
        keys: list[RowKey] = []
        if self.display and self.is_attached and not self._covered:
            if self.current is not None:
                keys.append(self.current)
            keys += [key for key in self.table.visible_keys() if isinstance(key, RowKey) and key not in keys]
            if self._sorts_by_stats():
                # The order needs the figures of all rows, not only of those that it has put on the screen.
                shown = set(keys)
                keys += [key for key, model in self._rows.items() if key not in shown and self._is_running(model)]
        self._fleet.watch_stats(self.resource.kind, keys)
