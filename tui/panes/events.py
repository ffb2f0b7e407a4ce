"""The event pane: what happened, newest last, following the end until the cursor is moved away from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.actions import RowKey
from tui.panes.resource import ResourcePane
from tui.resources.events import is_noise
from tui.runtime.models import Event
from tui.store.fleet import Change


class EventsPane(ResourcePane):
    """A resource pane whose rows come from the store's event log."""

    show_noise = False
    """Whether exec and top events show too; health checks make three of them each."""

    def source(self) -> Mapping[RowKey, Any]:
        """Events by sequence number."""
        return {
            RowKey(stored.endpoint, "events", str(stored.seq)): stored.event
            for stored in self._fleet.events()
            if self.show_noise or not is_noise(stored.event)
        }

    def concerns(self, change: Change) -> bool:
        """Only new events do."""
        return change.events

    def loaded(self) -> bool:
        """The log is there from the start; it fills as things happen."""
        return True

    def update_rows(self) -> None:
        """Show the newest rows, and stay at the end when the cursor was there."""
        model = self.table.model
        at_end = model.cursor >= len(model) - 1
        super().update_rows()
        if at_end and self._rows:
            self.table.move_to(next(reversed(self._rows)))

    def toggle_noise(self) -> None:
        """Show exec and top events too, or not."""
        self.show_noise = not self.show_noise
        self.update_rows()

    @property
    def event(self) -> Event | None:
        """The event under the cursor."""
        key = self.current
        model = self._rows.get(key) if key is not None else None
        return model if isinstance(model, Event) else None

    def target(self) -> RowKey | None:
        """The object that the event under the cursor is about, when its kind has a pane."""
        key, event = self.current, self.event
        if key is None or event is None:
            return None
        kind = {"container": "containers", "image": "images"}.get(event.type.value)
        return RowKey(key.endpoint, kind, event.actor_id) if kind else None
