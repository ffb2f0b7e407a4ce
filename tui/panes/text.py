"""Text for the detail pane: sections and JSON, as lines whose only control sequences are our own colours."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tui.resources.base import DetailSection, Tone
from tui.runtime.models import Processes
from widgets.text import cell_width, fit, sanitise

_RESET = "\x1b[0m"
_DIM = "\x1b[2m"
_BOLD = "\x1b[1m"
_KEY = "\x1b[36m"
_TONES = {
    Tone.PLAIN: "",
    Tone.DIM: _DIM,
    Tone.ACCENT: _KEY,
    Tone.GOOD: "\x1b[32m",
    Tone.BUSY: "\x1b[34m",
    Tone.WARN: "\x1b[33m",
    Tone.BAD: "\x1b[31m",
}


LABEL_WIDTH = 24


def safe(text: object) -> str:
    """A value of the engine's as plain text on one line."""
    return sanitise(str(text))


def section_lines(sections: Iterable[DetailSection]) -> Iterator[str]:
    """Headings, labels and values; labels of one section are aligned."""
    first = True
    for section in sections:
        if not section.fields:
            continue
        if not first:
            yield ""
        first = False
        yield f"{_BOLD}{safe(section.title)}{_RESET}"
        # One long label must not push every value to the right, and is no label if it is cut.
        labels = [safe(field.label) for field in section.fields]
        width = max((cells for cells in map(cell_width, labels) if cells <= LABEL_WIDTH), default=0)
        for field, name in zip(section.fields, labels, strict=True):
            label = name if cell_width(name) > width else fit(name, width)
            tone = _TONES[field.tone]
            for value in field.values or ("-",):
                shown = safe(value)
                yield f"  {_DIM}{label}{_RESET}  {tone}{shown}{_RESET if tone else ''}"
                label = " " * width


def json_lines(raw: Mapping[str, Any]) -> Iterator[str]:
    """Indented JSON with its keys set apart, in the engine's order."""
    for line in json.dumps(raw, indent=2, ensure_ascii=False).splitlines():
        body = line.lstrip(" ")
        indent = line[: len(line) - len(body)]
        end = body.find('": ') if body.startswith('"') else -1
        if end > 0:
            yield f"{indent}{_KEY}{safe(body[: end + 1])}{_RESET}{safe(body[end + 1 :])}"
        else:
            yield f"{indent}{safe(body)}"


def process_lines(processes: Processes) -> Iterator[str]:
    """A process list as aligned columns; the last one (the command) takes what is left."""
    rows: list[Sequence[str]] = [processes.titles, *processes.rows]
    cells = [[safe(cell) for cell in row] for row in rows]
    if not cells or not cells[0]:
        return
    columns = len(cells[0])
    widths = [max(cell_width(row[i]) for row in cells if i < len(row)) for i in range(columns)]
    for number, row in enumerate(cells):
        line = "  ".join(fit(cell, widths[i]) if i < len(row) - 1 else cell for i, cell in enumerate(row))
        yield f"{_DIM}{line}{_RESET}" if number == 0 else line
