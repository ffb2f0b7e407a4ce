"""What a table tells its parents."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from widgets.table.view import Table


class TableMessage(Message):
    """Base of a table's messages."""

    def __init__(self, table: Table) -> None:
        """Take the table that speaks."""
        super().__init__()
        self.table = table

    @property
    def control(self) -> Table:
        """The table that speaks."""
        return self.table


class CursorMoved(TableMessage, namespace="table"):
    """The cursor is on another row, which `key` names, or on none."""

    def __init__(self, table: Table, key: Hashable | None) -> None:
        """Take the row's key."""
        super().__init__(table)
        self.key = key

    def can_replace(self, message: Message) -> bool:
        """Only the last position matters to whoever has not looked yet."""
        return type(message) is type(self) and message.control is self.table


class Activated(TableMessage, namespace="table"):
    """A row was chosen with the enter key or a double click."""

    def __init__(self, table: Table, key: Hashable) -> None:
        """Take the row's key."""
        super().__init__(table)
        self.key = key


class MarksChanged(TableMessage, namespace="table"):
    """Other rows are marked now; `Table.marks` says which."""

    def can_replace(self, message: Message) -> bool:
        """One of them says it all."""
        return type(message) is type(self) and message.control is self.table


class VisibleChanged(TableMessage, namespace="table"):
    """Other rows are on the screen now: `keys`, from top to bottom."""

    def __init__(self, table: Table, keys: tuple[Hashable, ...]) -> None:
        """Take the rows' keys."""
        super().__init__(table)
        self.keys = keys

    def can_replace(self, message: Message) -> bool:
        """Only the last ones matter."""
        return type(message) is type(self) and message.control is self.table


class HeaderClicked(TableMessage, namespace="table"):
    """The title of a column was clicked."""

    def __init__(self, table: Table, column_id: str) -> None:
        """Take the column's id."""
        super().__init__(table)
        self.column_id = column_id
