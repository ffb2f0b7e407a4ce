"""The message history's text: everything that was said, and by whom it was caused."""

from __future__ import annotations

from collections.abc import Iterable

from tui.dispatch.notices import Notice
from tui.panes.text import safe

_TONES = {"error": "\x1b[31m", "warning": "\x1b[33m", "information": "\x1b[32m"}
_DIM, _RESET = "\x1b[2m", "\x1b[0m"


def message_lines(notices: Iterable[Notice]) -> list[str]:
    """One line per notice, details and hints below it; newest first."""
    lines: list[str] = []
    for notice in reversed(list(notices)):
        when = notice.time.astimezone().strftime("%H:%M:%S")
        tone = _TONES.get(notice.severity.value, "")
        lines.append(f"{_DIM}{when}{_RESET}  {tone}{safe(notice.title)}{_RESET}")
        lines += [f"          {safe(line)}" for line in notice.detail.splitlines()]
        if notice.hint:
            lines.append(f"          {_DIM}→ {safe(notice.hint)}{_RESET}")
    return lines or ["There are no messages yet."]
