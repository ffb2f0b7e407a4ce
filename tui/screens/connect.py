"""The screen for when no engine answers: every endpoint tried, why each failed, what to do. It retries by itself."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from tui.panes.footer import Footer
from tui.panes.line import Line, Part
from tui.runtime.endpoints import Discovery, Endpoint
from widgets.text import sanitise

RETRY_SECONDS = 1.0


class Report(Widget):
    """What was tried. Plain content: a path is no markup."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"report--bad", "report--dim", "report--strong", "report--hint"}
    DEFAULT_CSS = """
    Report {
        height: auto;
        padding: 1 2;
        &> .report--bad { color: $text-error; }
        &> .report--dim { color: $text-muted; }
        &> .report--strong { text-style: bold; }
        &> .report--hint { color: $text-warning; }
    }
    """

    def __init__(self, discovery: Discovery) -> None:
        """Show the outcome of a discovery."""
        super().__init__()
        self.discovery = discovery

    def render(self) -> Content:
        """One block per endpoint: where it is, where that came from, why not, what to do."""
        style = self.get_visual_style
        strong, dim = style("report--strong"), style("report--dim")
        bad, hint = style("report--bad"), style("report--hint")
        pieces: list[Content | str] = [
            Content.styled("No container engine answers.\n", strong),
            Content.styled("Portside tries again every second and connects as soon as one does.\n\n", dim),
        ]
        if not self.discovery.tried:
            pieces.append("There was nothing to try: no socket of a known engine exists here.\n")
        for result in self.discovery.tried:
            candidate = result.candidate
            pieces.append(Content.styled(f"✗ {sanitise(candidate.describe())}\n", strong))
            if result.error is not None:
                pieces.append(Content.styled(f"    {sanitise(result.error.detail or str(result.error))}\n", bad))
                if result.error.hint:
                    pieces.append(Content.styled(f"    → {sanitise(result.error.hint)}\n", hint))
        pieces.append("\n")
        pieces.append(Content.styled("D", strong))
        pieces.append(" opens the demo: a simulated engine inside Portside, to look around.   ")
        pieces.append(Content.styled("r", strong))
        pieces.append(" tries again now.   ")
        pieces.append(Content.styled("q", strong))
        pieces.append(" quits.\n")
        return Content.assemble(*pieces)


class ConnectScreen(Screen[Endpoint | None]):
    """Dismissed with the endpoint that answers, or with None for the demo engine."""

    DEFAULT_CSS = """
    ConnectScreen > Line { background: $panel; padding: 0 1; }
    ConnectScreen > VerticalScroll { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("D", "demo", "Demo engine", id="connection.demo"),
        Binding("r", "retry", "Retry now", id="connection.retry"),
    ]

    def __init__(self, discovery: Discovery, discover: Callable[[], Discovery]) -> None:
        """`discover` looks once more; it is called every second, on a thread."""
        super().__init__()
        self._discovery = discovery
        self._discover = discover
        self._tries = 1
        self._found = False

    def compose(self) -> ComposeResult:
        """A title, the report, the keys."""
        yield Line(id="connect-title")
        with VerticalScroll():
            yield Report(self._discovery)
        yield Footer()

    def on_mount(self) -> None:
        """Begin to retry."""
        self._show_title()
        self.query_one(Footer).show_keys(
            [("D", "demo engine"), ("r", "retry now"), ("question_mark", "help")], [("q", "quit")]
        )
        self.set_interval(RETRY_SECONDS, self.action_retry)

    def _show_title(self) -> None:
        tries = f"tried {self._tries} time{'s' if self._tries > 1 else ''}"
        self.query_one("#connect-title", Line).show(
            [Part("portside ", "accent"), Part("✗ no engine", "bad")], [Part(tries, "dim")]
        )

    @work(group="connect")
    async def action_retry(self) -> None:
        """Look once more, unless a look is under way."""
        if len([worker for worker in self.workers if worker.group == "connect" and worker.is_running]) > 1:
            return
        found = await self._look()
        self._tries += 1
        if found.chosen is not None:
            if self.is_current and not self._found:  # else the help covers it: it will be found again
                self._found = True
                self.dismiss(found.chosen)
            return
        self._show_title()
        report = self.query_one(Report)
        if [str(result.error) for result in found.tried] != [str(r.error) for r in report.discovery.tried]:
            report.discovery = found
            report.refresh(layout=True)

    async def _look(self) -> Discovery:
        # A daemon thread: one that hangs in a name look-up must not keep the process from ending.
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Discovery] = loop.create_future()

        def look() -> None:
            outcome = self._discover()
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(_resolve, found, outcome)

        threading.Thread(target=look, name="portside-discovery", daemon=True).start()
        return await found

    def action_demo(self) -> None:
        """Open the demo engine."""
        self.dismiss(None)


def _resolve(future: asyncio.Future[Discovery], outcome: Discovery) -> None:
    if not future.done():
        future.set_result(outcome)
