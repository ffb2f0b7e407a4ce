"""Shows notices of the dispatcher as toasts. Their texts hold engines' words, so nothing in them is markup."""

from __future__ import annotations

from textual.app import App

from tui.dispatch.notices import Notice, Severity
from widgets.text import sanitise

SECONDS = {Severity.INFO: 4.0, Severity.WARNING: 8.0, Severity.ERROR: 12.0}
DETAIL_LINES = 4
"""More of a long detail is in the message history."""


def toast(app: App[int], notice: Notice) -> None:
    """Show one notice for a while: what happened, the engine's words, what to do."""
    detail = [sanitise(line) for line in notice.detail.splitlines()[:DETAIL_LINES]]
    if notice.hint:
        detail.append(f"→ {sanitise(notice.hint)}")
    body, title = "\n".join(detail), sanitise(notice.title)
    app.notify(
        body or title,
        title=title if body else "",
        severity=notice.severity.value,
        timeout=SECONDS[notice.severity],
        markup=False,
    )
