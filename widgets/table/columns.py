"""Which columns fit, where they go and how wide they are. Pure: no user interface toolkit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from widgets.text import Align


class Described(Protocol):
    """What a column can be made of: anything that describes one with these attributes."""

    @property
    def id(self) -> str:
        """As in `Column`."""
        ...

    @property
    def title(self) -> str:
        """As in `Column`."""
        ...

    @property
    def min(self) -> int:
        """As in `Column`."""
        ...

    @property
    def ideal(self) -> int:
        """As in `Column`."""
        ...

    @property
    def flex(self) -> int:
        """As in `Column`."""
        ...

    @property
    def align(self) -> Align:
        """As in `Column`."""
        ...

    @property
    def priority(self) -> int:
        """As in `Column`."""
        ...


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        id: Stable name.
        title: Header.
        min: The least width in cells at which it is worth showing.
        ideal: The width it would like.
        flex: Its share of what is left over; 0 takes none.
        align: Where its text goes.
        priority: Columns with the highest number are dropped first on a narrow screen; 0 is never dropped.
    """

    id: str
    title: str
    min: int
    ideal: int
    flex: int = 0
    align: Align = "left"
    priority: int = 1

    @classmethod
    def like(cls, other: Described) -> Column:
        """The column that an application describes in its own terms."""
        return cls(other.id, other.title, other.min, other.ideal, other.flex, other.align, other.priority)


class Placed(NamedTuple):
    """A column that is shown, its first cell and its width."""

    column: Column
    x: int
    width: int


def _share(total: int, weights: Sequence[int]) -> list[int]:
    """Split a number of cells in proportion to weights, losing none to rounding."""
    rest = sum(weights)
    shares: list[int] = []
    for weight in weights:
        share = total * weight // rest if rest else 0
        shares.append(share)
        total -= share
        rest -= weight
    return shares


def _widths(shown: Sequence[Column], room: int) -> list[int]:
    """Widths of columns in so many cells without gaps. Only what must be below its minimum is."""
    widths = [max(1, column.min) for column in shown]
    spare = room - sum(widths)
    if spare < 0:  # Only columns that may not be dropped are left: the widest gives first.
        for _ in range(-spare):
            widest = max(range(len(widths)), key=widths.__getitem__)
            if widths[widest] == 0:
                break
            widths[widest] -= 1
        return widths
    wants = [max(0, column.ideal - width) for column, width in zip(shown, widths, strict=True)]
    wanted = sum(wants)
    for index, share in enumerate(wants if wanted <= spare else _share(spare, wants)):
        widths[index] += share
    spare -= min(spare, wanted)
    for index, share in enumerate(_share(spare, [column.flex for column in shown])):
        widths[index] += share
    return widths


EXTRA = 5
"""From this priority on a column needs those before it to have the width they would like."""


def _least(shown: Sequence[Column], last: int) -> int:
    """The cells without which the columns of priority `last`, the least important ones, are not worth showing."""
    return sum(column.ideal if last >= EXTRA and column.priority < last else max(1, column.min) for column in shown)


def layout(columns: Sequence[Column], width: int, gap: int = 1) -> list[Placed]:
    """Place columns side by side.

    The columns with the highest priority number are dropped, the last of them first, until the minimum widths of the
    others fit. One of priority `EXTRA` or more is also dropped while any that matters more is not as wide as it would
    like: a name that can be read is worth more than one column more. What remains goes to the ideal widths, then to
    those that flex. A column of priority 0 is never dropped; it shrinks below its minimum if it must.

    Args:
        columns: In their order on the screen.
        width: Cells there are.
        gap: Empty cells between two columns.

    Returns:
        The columns that are shown. Those of no width are left out.
    """
    shown = list(columns)
    while shown:
        victim = max(range(len(shown)), key=lambda index: (shown[index].priority, index))
        if _least(shown, shown[victim].priority) + gap * (len(shown) - 1) <= width or shown[victim].priority == 0:
            break
        del shown[victim]
    placed: list[Placed] = []
    x = 0
    for column, cells in zip(shown, _widths(shown, width - gap * (len(shown) - 1)), strict=True):
        cells = min(cells, width - x)
        if cells > 0:
            placed.append(Placed(column, x, cells))
            x += cells + gap
    return placed
