"""The logs of one container, on the whole screen."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.actions import RowKey
from tui.panes.footer import Footer
from tui.panes.line import Line, Part
from tui.panes.logfeed import LogFeed
from tui.store.fleet import Fleet
from widgets.log.view import LogView

# 1,000 lines cost dockerd 8 ms; everything (32 ms per MB) is not asked for.
TAIL = 2000


class LogsScreen(Screen[None]):
    """Follows until it is left."""

    DEFAULT_CSS = """
    LogsScreen > .title { background: $panel; padding: 0 1; }
    LogsScreen > LogView { height: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", "Back", id="logs.back"),
    ]

    def __init__(self, fleet: Fleet, key: RowKey, name: str) -> None:
        """The log of the container with this key and name."""
        super().__init__()
        self._fleet = fleet
        self._key = key
        self._container = name

    def compose(self) -> ComposeResult:
        """A title, the log, the keys."""
        yield Line(classes="title")
        yield LogView()
        yield Footer()

    def on_mount(self) -> None:
        """Start following."""
        self.query_one(".title", Line).show([Part("Logs ", "dim"), Part(self._container, "strong")])
        self.query_one(Footer).show_keys(
            [
                ("f", "follow"),
                ("slash", "search"),
                ("n", "next"),
                ("N", "previous"),
                ("w", "wrap"),
                ("t", "time"),
                ("g", "top"),
                ("G", "end"),
            ],
            [("escape", "back")],
        )
        self.query_one(LogView).focus()
        self.follow()

    @work(group="logs", exclusive=True)
    async def follow(self) -> None:
        """Feed the view until the screen is left."""
        await LogFeed(self._fleet, self._key, self.query_one(LogView), tail=TAIL).run()

    def action_back(self) -> None:
        """Leave."""
        self.dismiss(None)
