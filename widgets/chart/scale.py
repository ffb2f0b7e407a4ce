"""From numbers to block characters: sparklines, meters, columns. Pure.

A missing value (None, or not a number) is a gap, never a zero: "no sample" and "idle" are different news.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, isfinite, log10

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII_BLOCKS = " .:-=+*#@"
METER = ("░", "█")
ASCII_METER = (".", "#")
GAP = " "


def _number(value: float | None) -> float | None:
    """The value if it can be drawn; negative ones count as 0."""
    if value is None or not isfinite(value):
        return None
    return max(0.0, value)


def nice_top(values: Sequence[float | None], least: float = 0.0) -> float:
    """The end of an axis that holds all values: 1, 2 or 5 times a power of ten, at least `least`, more than 0."""
    highest = max((number for value in values if (number := _number(value)) is not None), default=0.0)
    if highest <= least:
        return least or 1.0
    unit = 10.0 ** floor(log10(highest))
    if unit == 0.0:
        return highest
    return next((step * unit for step in (1, 2, 5, 10) if highest <= step * unit * (1 + 1e-9)), highest)


def resample(values: Sequence[float | None], width: int) -> list[float | None]:
    """The newest `width` values, oldest first, filled up with gaps on the left."""
    if width <= 0:
        return []
    newest = [_number(value) for value in values[-width:]]
    return [None] * (width - len(newest)) + newest


def level(value: float, top: float, steps: int) -> int:
    """How many of `steps` a value reaches: 0 only for 0, so that a little is seen, and all only from `top` on."""
    if value <= 0 or steps <= 0:
        return 0
    if top <= 0 or value >= top:
        return steps
    return min(max(1, round(value / top * steps)), max(1, steps - 1))


def sparkline(values: Sequence[float | None], width: int, top: float | None = None, *, ascii_only: bool = False) -> str:
    """The newest values as one row of blocks.

    Args:
        values: Oldest first; None is a gap.
        width: Cells, and the length of what is returned.
        top: The value of a full block, or None for a round number above the highest value that is shown.
        ascii_only: Use ASCII characters of growing weight.
    """
    shown = resample(values, width)
    blocks = ASCII_BLOCKS if ascii_only else BLOCKS
    scale = nice_top(shown) if top is None else top
    # The lowest block stands for 0, so that an idle container differs from one without samples.
    return "".join(GAP if value is None else blocks[max(1, level(value, scale, len(blocks) - 1))] for value in shown)


def meter(value: float | None, width: int, *, ascii_only: bool = False) -> str:
    """A horizontal bar of `width` cells, filled to `value` (0 to 1; more is full). None gives an empty row.

    Any value above 0 fills at least one cell, and only 1 fills them all.
    """
    number = None if value is None else _number(value)
    if width <= 0:
        return ""
    if number is None:
        return GAP * width
    empty, full = ASCII_METER if ascii_only else METER
    filled = level(number, 1.0, width)
    return full * filled + empty * (width - filled)


def columns(
    values: Sequence[float | None], width: int, height: int, top: float, *, ascii_only: bool = False
) -> list[str]:
    """The newest values as columns of blocks.

    Args:
        values: Oldest first; None is a gap.
        width: Cells of each row.
        height: Rows.
        top: The value of a full column.
        ascii_only: Use ``#``, and no parts of a cell.

    Returns:
        `height` rows of `width` cells, the upper one first.
    """
    if height <= 0:
        return []
    parts = 1 if ascii_only else len(BLOCKS) - 1
    levels = [None if value is None else level(value, top, height * parts) for value in resample(values, width)]
    rows = []
    for row in range(height - 1, -1, -1):
        cells = []
        for reached in levels:
            if reached is None:
                cells.append(GAP)
                continue
            inside = min(max(reached - row * parts, 0), parts)
            if row == 0:
                # An idle value stands on the base line; ASCII has a line of its own for it.
                cells.append(("#" if inside else "_") if ascii_only else BLOCKS[max(1, inside)])
            else:
                cells.append(" #"[inside] if ascii_only else BLOCKS[inside])
        rows.append("".join(cells))
    return rows


def axis_labels(top: float, height: int) -> list[float | None]:
    """Which value stands at each row of a chart, the upper row first: the top, the middle if there is room, and 0."""
    if height <= 0:
        return []
    labels: list[float | None] = [None] * height
    labels[0] = top
    if height > 1:
        labels[-1] = 0.0
    if height >= 5 and height % 2:
        labels[height // 2] = top / 2
    return labels


def count_label(value: float) -> str:
    """A number as short as it can be said: ``0``, ``0.5``, ``12``, ``1.5k``, ``3M``."""
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{ceil(value * 100) / 100:g}"
