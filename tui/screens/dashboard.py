"""The dashboard: resource panes, the detail of the selected row, header and footer."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import DescendantFocus, Resize, ScreenResume, ScreenSuspend
from textual.screen import Screen

from tui.actions import RowKey, UiCommand
from tui.config.breakpoints import LOW, NARROW
from tui.dispatch.dispatcher import Dispatcher
from tui.panes.detail import DetailPane
from tui.panes.events import EventsPane
from tui.panes.filterbar import FilterBar
from tui.panes.flash import Flash
from tui.panes.footer import Footer
from tui.panes.header import Header
from tui.panes.line import Line, Part
from tui.panes.resource import ResourcePane, utc_now
from tui.resources.catalogue import ACTIONS, COMMANDS, RESOURCES, context_of
from tui.runtime.host.proc import HostSampler, HostUse
from tui.runtime.models import Container, ContainerState
from tui.screens.bindings import action_bindings, command_bindings
from tui.store.fleet import Change, Connection, Fleet
from widgets.table.messages import MarksChanged

if TYPE_CHECKING:
    from tui.app import PortsideApp
    from tui.config.settings import Settings
    from tui.screens.commands import Commands

HOST_SECONDS = 2.0
CLOCK_SECONDS = 1.0


class Dashboard(Screen[None]):
    """Everything on one screen. What its keys do is in `Commands`."""

    DEFAULT_CSS = """
    Dashboard { layout: vertical; layers: base overlay; }
    Dashboard #body { height: 1fr; }
    Dashboard #panes { width: 3fr; }
    Dashboard #detail { width: 2fr; border-left: vkey $primary-muted; }
    Dashboard #panes > ResourcePane { height: 2fr; }
    Dashboard #panes > #pane-containers { height: 4fr; }
    Dashboard #panes > ResourcePane.folded { height: 1; min-height: 1; }
    Dashboard #panes > ResourcePane.folded > Table { display: none; }
    Dashboard #banner { background: $warning; color: $text; padding: 0 1; text-style: bold; }
    Dashboard.narrow #panes { width: 1fr; }
    Dashboard.narrow #panes > ResourcePane { display: none; }
    Dashboard.narrow #panes > ResourcePane.current { display: block; height: 1fr; }
    Dashboard.narrow #detail { display: none; border-left: none; }
    Dashboard.narrow.drilled #panes { display: none; }
    Dashboard.narrow.drilled #detail { display: block; width: 1fr; }
    Dashboard.zoomed #detail { display: none; }
    Dashboard.zoomed #panes > ResourcePane { display: none; }
    Dashboard.zoomed #panes > ResourcePane.current { display: block; height: 1fr; }
    Dashboard.zoomed.drilled #panes { display: none; }
    Dashboard.zoomed.drilled #detail { display: block; width: 1fr; border-left: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*action_bindings(), *command_bindings()]

    def __init__(
        self,
        fleet: Fleet,
        dispatcher: Dispatcher,
        settings: Settings,
        *,
        keys: Mapping[str, tuple[str, ...]],
        banner: str = "",
        local: bool = False,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Over one fleet.

        Args:
            fleet: What is known.
            dispatcher: What can be done.
            settings: The user's.
            keys: The keys in force, by id.
            banner: A line that must not be overlooked (the demo engine), or "".
            local: Whether the engine runs on this host, so that the host's own numbers are worth showing.
            now: The time that ages are counted to, aware UTC.
        """
        super().__init__()
        self.fleet = fleet
        self.dispatcher = dispatcher
        self.settings = settings
        self.keys = keys
        self._banner = banner
        self._host = HostSampler() if local else None
        self._host_use: HostUse | None = None
        self._panes: list[ResourcePane] = []
        for number, resource in enumerate(RESOURCES.values(), 1):
            pane = EventsPane if resource.kind == "events" else ResourcePane
            first = settings.filter if number == 1 else ""
            self._panes.append(pane(resource, fleet, dispatcher, number=number, filter=first, now=now))
        self._pane = self._panes[0]
        self._pane.add_class("current", update=False)
        # The engine may answer while the panes are still being mounted: what it said then waits until they are.
        self._mounted = False
        self._early = Change()
        self._covered = False
        self._header = Header(id="header")
        self._detail = DetailPane(fleet)
        self._flash = Flash()
        self._footer = Footer()

    # ---------------------------------------------------------------- set-up

    def compose(self) -> ComposeResult:
        """Header, panes beside the detail, footer."""
        yield self._header
        if self._banner:
            banner = Line(id="banner")
            banner.show([Part(self._banner)])
            yield banner
        with Horizontal(id="body"):
            with Vertical(id="panes"):
                yield from self._panes
            yield self._detail
        yield self._flash
        yield self._footer

    def on_mount(self) -> None:
        """Show what is known, and start the clocks."""
        self.pane.table.focus()
        self._arrange()
        self._show_selection()
        self.set_interval(CLOCK_SECONDS, self._tick)
        if self._host is not None:
            self._sample_host()
            self.set_interval(HOST_SECONDS, self._sample_host)
        self.dispatcher.listen(self._dispatch_changed)
        self._mounted = True
        self.apply(self._early)

    @property
    def portside(self) -> PortsideApp:
        """The application."""
        return cast("PortsideApp", self.app)

    @functools.cached_property
    def _commands(self) -> Commands:
        # With the dialogs and screens that keys open: 10 ms of imports, which the first frame need not wait for.
        from tui.screens.commands import Commands

        return Commands(self)

    @property
    def pane(self) -> ResourcePane:
        """The resource pane that keys act on: the one that had the focus last."""
        return self._pane

    @property
    def panes(self) -> list[ResourcePane]:
        """All resource panes, in order."""
        return self._panes

    @property
    def detail(self) -> DetailPane:
        """The detail pane."""
        return self._detail

    @property
    def narrow(self) -> bool:
        """Whether there is room for one pane only."""
        return self.size.width < NARROW

    # ---------------------------------------------------------------- what changes by itself

    def apply(self, change: Change) -> None:
        """The store changed."""
        if not self._mounted:
            self._early |= change
            return
        if not self.is_attached:
            return  # on the way out, and some widgets are gone already
        for pane in self._panes:
            pane.apply(change)
        self.detail.apply(change)
        if change.kinds or change.status or change.events:
            self._show_header()
            self._show_footer()

    def _tick(self) -> None:
        for pane in self._panes:
            pane.tick()
        if any(status.connection is not Connection.LIVE for status in self.fleet.status()):
            self._show_header()

    def _sample_host(self) -> None:
        assert self._host is not None
        self._host_use = self._host.sample()
        self._show_header()

    def _dispatch_changed(self) -> None:
        for pane in self._panes:
            pane.table.invalidate()
        self._show_header()

    @property
    def flash(self) -> Flash:
        """The line that says what has just happened."""
        return self._flash

    @on(ScreenResume)
    def _uncovered(self) -> None:
        self._flash.stay()
        self._set_covered(False)

    @on(ScreenSuspend)
    def _suspended(self) -> None:
        # A dialog leaves the dashboard in sight; the log or an inspect on the whole screen does not.
        self._set_covered(not self.app.screen.is_modal)

    def _set_covered(self, covered: bool) -> None:
        if covered is not self._covered:
            self._covered = covered
            for pane in self._panes:
                pane.set_covered(covered)
            self.update_detail()

    def update_detail(self) -> None:
        """Let the detail pane work if it can be seen."""
        one_pane = self.narrow or self.has_class("zoomed")
        self._detail.set_active(not self._covered and (self.has_class("drilled") or not one_pane))

    def _show_header(self) -> None:
        self._header.update_from(
            self.fleet.status(),
            self.fleet.rows("containers").values(),
            now=asyncio.get_running_loop().time(),
            read_only=self.settings.read_only,
            host=self._host_use,
            jobs=len([job for job in self.dispatcher.jobs if job.running]),
        )

    def _show_footer(self) -> None:
        if not self.is_attached:
            return
        pane = self.pane
        models = [self.fleet.get(key) for key in pane.selection]
        known = [model for model in models if model is not None]
        pairs = [
            (self.key_of(command.id), command.title)
            for command in COMMANDS.values()
            if command.footer and command.context == "dashboard" and self._command_helps(command)
        ]
        for action in (*pane.resource.actions, *(a for a in ACTIONS.values() if not a.kind)):
            if not action.footer or not self.keys.get(action.id) or (self.settings.read_only and action.mutates):
                continue
            if action.kind and (not known or not self.dispatcher.available(action, known, pane.selection[0].endpoint)):
                continue
            title = action.label(known) if action.label is not None and known else action.title
            pairs.append((self.key_of(action.id), title))
        if self.detail.has_focus_within and self.focused is not None:
            # With a log focused its own keys win.
            own = [
                binding
                for _, binding in self.focused._bindings
                if binding.show and binding.id and self.focused.check_action(binding.action, ())
            ]
            taken = {binding.key for _, binding in self.focused._bindings}
            ways = [(self.key_of("detail.next_tab"), "next tab"), (self.key_of("view.back"), "back")]
            pairs = [
                *((binding.key, binding.description.lower()) for binding in own),
                *ways,
                *(pair for pair in pairs if pair[0] not in taken),
            ]
        last = [(self.key_of("app.help"), "help"), (self.key_of("app.quit"), "quit")]
        self._footer.show_keys(pairs, last)

    def key_of(self, command: str) -> str:
        """The first key of a command or action, or ""."""
        return next(iter(self.keys.get(command, ())), "")

    # ---------------------------------------------------------------- focus and layout

    @on(DescendantFocus)
    def _focus_moved(self, event: DescendantFocus) -> None:
        for pane in self._panes:
            if pane in event.widget.ancestors_with_self and pane is not self._pane:
                self._pane = pane
                self._arrange()
                self._show_selection()
                return
        self._show_footer()

    @on(Resize)
    def _resized(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Which panes show, and how tall they are."""
        self.set_class(self.narrow, "narrow")
        low = self.size.height < LOW
        for pane in self._panes:
            pane.set_class(pane is self._pane, "current")
            pane.set_class(low and not self.narrow and pane is not self._pane, "folded")
            pane.name_panes(self._panes if self.narrow else [])
            pane.watch_stats()
        self._show_header()
        self._show_footer()
        self.update_detail()

    @on(ResourcePane.Selected)
    def _selected(self, event: ResourcePane.Selected) -> None:
        event.stop()
        if event.pane is self._pane:
            self._show_selection()

    def _show_selection(self) -> None:
        pane = self._pane
        event = pane.event if isinstance(pane, EventsPane) else None
        self.detail.show(pane.resource, pane.current, event)
        self._show_footer()

    @on(ResourcePane.Opened)
    def _opened(self, event: ResourcePane.Opened) -> None:
        event.stop()
        self._commands.run("view.open")

    @on(MarksChanged)
    def _marks_changed(self) -> None:
        self._show_footer()

    @on(FilterBar.Done)
    def _filter_done(self) -> None:
        self._show_footer()

    def jump_to(self, key: RowKey) -> bool:
        """Put the cursor on a row of another pane; False when that row is not there."""
        for pane in self._panes:
            if pane.resource.kind == key.kind and self.fleet.get(key) is not None:
                self.focus_pane(pane)
                pane.table.move_to(key)
                return True
        return False

    def focus_pane(self, pane: ResourcePane) -> None:
        """Make a pane the current one."""
        self.remove_class("drilled")
        self.update_detail()
        if pane is not self._pane:
            self._pane = pane
            self._arrange()
        pane.table.focus()
        self._show_selection()

    # ---------------------------------------------------------------- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key means this here: one key can serve several kinds of row."""
        name: Any = parameters[0] if parameters else ""
        if action == "act":
            return ACTIONS[name].kind in ("", self._pane.resource.kind)
        if action == "command":
            return self._command_works(name)
        return super().check_action(action, parameters)

    def _command_works(self, command: str) -> bool:
        entry = COMMANDS[command]
        if context_of(entry) in RESOURCES and context_of(entry) != self._pane.resource.kind:
            return False
        return not command.startswith("container.") or self._pane.resource.kind in ("containers", "events")

    def _command_helps(self, command: UiCommand) -> bool:
        """Whether a command does something for the selected row, so that the footer should name it."""
        if not self._command_works(command.id) or (self.settings.read_only and command.mutates):
            return False
        if not command.id.startswith("container."):
            return True
        pane = self.pane
        key = pane.target() if isinstance(pane, EventsPane) else pane.current
        container = self.fleet.get(key) if key is not None and key.kind == "containers" else None
        if not isinstance(container, Container):
            return False
        return command.id != "container.exec" or container.state is ContainerState.RUNNING

    def leave(self) -> None:
        """Quit, after asking where something would be lost."""
        self._commands.leave()

    def action_act(self, action: str) -> None:
        """Do something to the selected rows."""
        self._commands.act(action)

    def action_command(self, command: str) -> None:
        """Do something of the user interface."""
        self._commands.run(command)
