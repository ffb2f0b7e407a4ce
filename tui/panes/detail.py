"""The detail pane: what there is to know of the selected row, tab by tab. It follows the cursor by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from tui.actions import RowKey
from tui.panes.line import Part
from tui.panes.tabs import TabLine
from tui.panes.text import json_lines, process_lines, section_lines
from tui.resources.base import DetailSection, Resource
from tui.resources.details import container_details, event_details, image_details, masked
from tui.runtime.errors import NotFound, RuntimeFault
from tui.runtime.models import Container, ContainerDetail, ContainerState, Event, ImageDetail
from tui.store.fleet import Change, Fleet

if TYPE_CHECKING:
    from tui.panes.stats import StatsView
    from widgets.log.text import TextView

View = TypeVar("View", bound=Widget)

# The cursor rests this long on a row before anything is asked for: holding `j` down through 500 rows opens no
# 500 log streams. Short enough not to be felt.
REST_SECONDS = 0.12
LOG_TAIL = 500
PROCESS_SECONDS = 2.0
RETRY_SECONDS = 1.0

TITLES = {
    "logs": "Logs",
    "stats": "Stats",
    "details": "Details",
    "inspect": "Inspect",
    "processes": "Processes",
}


class DetailPane(Vertical):
    """Tabs over a log view, charts and text."""

    DEFAULT_CSS = """
    DetailPane { width: 1fr; height: 1fr; }
    DetailPane > TabLine { background: $panel; padding: 0 1; }
    DetailPane:focus-within { background: $surface; }
    DetailPane:focus-within > TabLine { background: $primary-muted; }
    DetailPane > ContentSwitcher { height: 1fr; }
    """

    def __init__(self, fleet: Fleet) -> None:
        """Nothing is shown until `show`."""
        super().__init__(id="detail")
        self._fleet = fleet
        self._resource: Resource | None = None
        self._key: RowKey | None = None
        self._event: Event | None = None
        self._tab: dict[str, str] = {}
        self._reveal = False
        self._active = True
        self._wants_focus = False
        self._touched = asyncio.Event()
        # What the text view holds: set once it has been read, so that nothing else's text ever stays under a name.
        self._holds: tuple[RowKey | None, str] = (None, "")

    def compose(self) -> ComposeResult:
        """The tab line, and a place for the views."""
        yield TabLine(id="tabs")
        yield ContentSwitcher()

    @property
    def tab(self) -> str:
        """The tab that shows."""
        resource = self._resource
        if resource is None or not resource.tabs:
            return "details"
        return self._tab.get(resource.kind, resource.tabs[0])

    @property
    def key(self) -> RowKey | None:
        """What it shows."""
        return self._key

    def show(self, resource: Resource, key: RowKey | None, event: Event | None = None) -> None:
        """Show this row, from the tab that was last used for its kind."""
        if key == self._key and resource is self._resource:
            return
        self._resource, self._key, self._event = resource, key, event
        self._reveal = False
        self._show_tabs()
        self._start()

    def set_active(self, active: bool) -> None:
        """Whether it can be seen. What nobody sees asks no engine for anything."""
        if active is not self._active:
            self._active = active
            self._start()

    def _start(self) -> None:
        if self._active:
            self.load()
        else:
            self._wants_focus = False
            self.workers.cancel_group(self, "detail")
            self._watch(None)

    def go_to(self, tab: str) -> None:
        """Show this tab."""
        resource = self._resource
        if resource is not None and tab in resource.tabs and tab != self.tab:
            self._tab[resource.kind] = tab
            self._show_tabs()
            self._start()

    def step(self, by: int) -> None:
        """The next (1) or previous (-1) tab, round and round."""
        if self._resource is not None and self._resource.tabs:
            tabs = self._resource.tabs
            self.go_to(tabs[(tabs.index(self.tab) + by) % len(tabs)])

    @property
    def reveals(self) -> bool:
        """Whether values that look like secrets are shown."""
        return self._reveal

    def toggle_reveal(self) -> None:
        """Show or mask the values that look like secrets."""
        self._reveal = not self._reveal
        self._start()

    def focus_content(self) -> None:
        """Put the keyboard into what is shown."""
        content = self.query_one(ContentSwitcher).visible_content
        if content is not None:
            content.focus()
        else:
            self._wants_focus = True

    def apply(self, change: Change) -> None:
        """The store changed: what was inspected may be old."""
        key = self._key
        if key is None:
            return
        if key.kind in change.kinds or change.status:
            self._touched.set()
        if self.tab == "stats" and (key in change.stats or key.kind in change.kinds):
            for view in self.query("#stats"):
                cast("StatsView", view).refresh_from_store()

    @on(TabLine.Chosen)
    def _tab_chosen(self, event: TabLine.Chosen) -> None:
        event.stop()
        if self._resource is not None and event.index < len(self._resource.tabs):
            self.go_to(self._resource.tabs[event.index])

    def _show_tabs(self) -> None:
        tabs = self._resource.tabs if self._resource is not None else ()
        model = self._fleet.get(self._key) if self._key is not None else None
        name = self._resource.name(model) if self._resource is not None and model is not None else ""
        self.query_one(TabLine).show_tabs(
            [TITLES.get(tab, tab.title()) for tab in tabs],
            tabs.index(self.tab) if self.tab in tabs else 0,
            [Part(name, "strong")] if name else [],
        )

    # ---------------------------------------------------------------- loading

    @work(group="detail", exclusive=True)
    async def load(self) -> None:
        """Fill the current tab. A newer call cancels this one, and with it every stream it has open."""
        key, tab = self._key, self.tab
        self._watch(key if tab == "stats" else None)
        await asyncio.sleep(REST_SECONDS)
        # Here, and each view mounted when it first shows: together 12 ms, which the first frame need not wait for.
        from tui.panes.logfeed import LogFeed
        from tui.panes.stats import StatsView
        from widgets.log.text import TextView
        from widgets.log.view import LogView

        if key is None:
            if await self._switch_to("text", lambda: TextView(id="text")) is not None:
                self._fill([], keep=False, message="Nothing is selected.")
        elif tab == "logs":
            log = await self._switch_to("logs", lambda: LogView(id="logs"))
            if log is not None:
                log.clear()
                log.follow = True
                await LogFeed(self._fleet, key, log, tail=LOG_TAIL).run()
        elif tab == "stats":
            stats = await self._switch_to("stats", lambda: StatsView(self._fleet, id="stats"))
            if stats is not None:
                stats.show(key)
        elif await self._switch_to("text", lambda: TextView(id="text")) is not None:
            keep = self._holds == (key, tab)
            if not keep:
                self._fill([], keep=False, message="Loading…")
            if tab == "processes":
                await self._follow_processes(key)
            else:
                await self._follow_text(key, tab, keep=keep)

    async def _switch_to(self, id: str, make: Callable[[], View]) -> View | None:
        """Show the view with this id, made if it has not shown yet; None when the pane is being taken down."""
        switcher = self.query_one(ContentSwitcher)
        if not switcher.query(f"#{id}"):
            await switcher.add_content(make())
        if not switcher.query(f"#{id}") or not self.is_running:
            return None
        moves = self._wants_focus or self.has_focus_within
        self._wants_focus = False
        switcher.current = id
        view = cast("View", switcher.visible_content)
        if moves:
            view.focus()
        return view

    def _watch(self, key: RowKey | None) -> None:
        self._fleet.watch_stats("detail", [key] if key is not None and key.kind == "containers" else [])

    async def _follow_text(self, key: RowKey, tab: str, *, keep: bool) -> None:
        """Read it, and again whenever the row is another than it was; what cannot be read is tried again."""
        while True:
            self._touched.clear()
            model = self._fleet.get(key)
            read = await self._load_text(key, tab, keep=keep)
            if read:
                self._holds = (key, tab)
                keep = True
            while self._fleet.get(key) is model:
                await self._touched.wait()
                self._touched.clear()
                if not read:
                    await asyncio.sleep(RETRY_SECONDS)
                    break

    async def _load_text(self, key: RowKey, tab: str, *, keep: bool) -> bool:
        """Read and show it; whether that succeeded."""
        try:
            if self._event is not None:
                lines = list(section_lines(event_details(self._event)))
            else:
                detail = await self._fleet.inspect(key)
                if tab == "inspect":
                    lines = list(json_lines(detail.raw if self._reveal else masked(detail.raw)))
                elif isinstance(detail, ContainerDetail):
                    lines = list(section_lines(container_details(detail, reveal=self._reveal)))
                else:
                    lines = list(section_lines(await self._image_sections(key, detail)))
        except NotFound:
            self._fill([], keep=False, message="It is gone.")
        except RuntimeFault as fault:
            self._fill([], keep=keep, message=f"{fault.detail or fault}{f' - {fault.hint}' if fault.hint else ''}")
        else:
            self._fill(lines, keep=keep)
            return True
        return False

    async def _image_sections(self, key: RowKey, detail: ImageDetail) -> Sequence[DetailSection]:
        history = await self._fleet.runtime(key.endpoint).image_history(key.id)
        return image_details(detail, history, reveal=self._reveal)

    async def _follow_processes(self, key: RowKey) -> None:
        keep = False
        while True:
            model = self._fleet.get(key)
            if isinstance(model, Container) and model.state not in (ContainerState.RUNNING, ContainerState.PAUSED):
                self._fill([], keep=False, message="It does not run, so it has no processes.")
                await asyncio.sleep(PROCESS_SECONDS)
                continue
            try:
                processes = await self._fleet.runtime(key.endpoint).container_top(key.id)
            except RuntimeFault as fault:
                self._fill([], keep=False, message=str(fault.detail or fault))
            else:
                self._fill(list(process_lines(processes)), keep=keep)
            keep = True
            await asyncio.sleep(PROCESS_SECONDS)

    def _fill(self, lines: list[str], *, keep: bool, message: str = "") -> None:
        views = self.query("#text")
        if not views:
            return  # the pane is being taken down
        view = cast("TextView", views.first())
        if not keep:
            self._holds = (None, "")
        if lines or not keep:
            view.show(lines, keep_place=keep)
        view.set_message(message)
