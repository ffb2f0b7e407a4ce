"""The compose root: settings, engine, store, dispatcher, screens, and what becomes of errors."""

from __future__ import annotations

import asyncio
import gc
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.worker import WorkerFailed

from tui.bridge import Bridge, StoreChanged
from tui.dispatch.dispatcher import Dispatcher
from tui.dispatch.notices import Severity
from tui.keyqueue import KeyQueue
from tui.panes.resource import utc_now
from tui.resources.catalogue import apply_keymap
from tui.runtime import endpoints, registry
from tui.runtime.endpoints import Discovery, Endpoint
from tui.runtime.errors import RuntimeFault
from tui.screens.bindings import app_binding, textual_keymap
from tui.screens.connect import ConnectScreen
from tui.screens.dashboard import Dashboard
from tui.store.fleet import EngineSource, Fleet
from tui.terminal import TerminalGuard
from tui.themes import DEFAULT, THEMES
from widgets.ascii import AsciiFilter
from widgets.output import DiffOutput
from widgets.text import sanitise

if TYPE_CHECKING:
    from tui.config.settings import Settings
    from tui.demo.engine import DemoEngine
    from tui.store.clock import Clock

PREFETCH_WAIT_SECONDS = 0.05
"""The list was asked for before Textual was imported, which takes 150 ms: it is here, or the engine is slow."""


class PortsideApp(KeyQueue[int], DiffOutput[int], inherit_bindings=False):
    """The application."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "hint_quit", show=False, system=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, id="app.suspend"),
        app_binding("app.help", "help"),
        app_binding("app.quit", "leave"),
    ]

    def __init__(
        self,
        settings: Settings,
        discovery: Discovery,
        *,
        prefetch: registry.Prefetched | None = None,
        on_screen: Callable[[], None] | None = None,
        discover: Callable[[], Discovery] | None = None,
        demo: DemoEngine | None = None,
        now: Callable[[], datetime] = utc_now,
        clock: Clock | None = None,
    ) -> None:
        """Nothing runs yet.

        Args:
            settings: The user's.
            discovery: Which endpoint answered, or why none did.
            prefetch: The container list that was asked for before Textual was imported.
            on_screen: Called when the application has the screen, and gives it back itself.
            discover: Looks for an endpoint once more, by default as the first time; called on a thread, every
                second while there is none.
            demo: The demo engine to use when one is wanted; None makes one.
            now: The time that ages are counted to, aware UTC.
            clock: What the store waits by; the system's by default.
        """
        super().__init__()
        self.settings = settings
        self._discovery = discovery
        self._prefetch = prefetch
        self._on_screen = on_screen
        self._discover = discover or (lambda: endpoints.discover(discovery.host, discovery.context))
        self._demo = demo
        self._own_demo = demo is None
        self._now = now
        self._clock = clock
        self._ascii = AsciiFilter()
        self._keymap_in_force = apply_keymap(settings.keys)
        self.fleet: Fleet | None = None
        self.dispatcher: Dispatcher | None = None
        self._bridge: Bridge | None = None
        self._shown_notices = 0

    # ---------------------------------------------------------------- start and end

    def get_default_screen(self) -> Screen[None]:
        """The dashboard at once where an engine answered: its rows are in the first frame."""
        if self._discovery.chosen is not None and self.settings.demo != "on":
            return self._open(self._discovery.chosen)
        return super().get_default_screen()

    async def on_mount(self) -> None:
        """Look right, and go where there is something to see."""
        if self._on_screen is not None:
            self._on_screen()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.settings.theme or DEFAULT
        self.set_keymap(textual_keymap(self._keymap_in_force, self.settings.keys))
        if self.fleet is not None:
            await self.fleet.start()
        elif self.settings.demo != "off":
            await self._open_demo()
        else:
            self._offer_connection()
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        """The first frame is out. Collections cost 27 % of the CPU with the default thresholds: what lives, lives."""
        if not self.is_headless:  # a test's process is not ours to tune
            gc.freeze()
            gc.set_threshold(20_000, 20, 50)
            gc.enable()
        for problem in self._keymap_in_force.problems:
            self.say(f"Key map: {problem}.", severity="warning")

    def _open(self, endpoint: Endpoint, banner: str = "") -> Dashboard:
        """The dashboard over one engine."""
        source = EngineSource(
            endpoint=endpoint.url,
            name=endpoint.name,
            connect=lambda: registry.connect(endpoint),
            remote=not endpoint.url.startswith("unix://"),
        )
        self.fleet = Fleet([source], clock=self._clock, on_fault=self._bug)
        if self._prefetch is not None:
            rows = self._prefetch.containers(PREFETCH_WAIT_SECONDS)
            self._prefetch = None
            if rows is not None:
                self.fleet.seed(endpoint.url, "containers", rows)
        self.dispatcher = Dispatcher(
            self.fleet,
            read_only=self.settings.read_only,
            on_bug=self._bug,
            clients={endpoint.url: endpoint.client},
        )
        self.dispatcher.listen(self._show_notices)
        self._bridge = Bridge(self.fleet, self)
        return Dashboard(
            self.fleet,
            self.dispatcher,
            self.settings,
            keys=self._keymap_in_force.keys,
            banner=banner,
            local=endpoint.url.startswith("unix://") and self._demo is None,
            now=self._now,
        )

    async def _open_demo(self) -> None:
        from tui.demo.engine import DemoEngine

        if self._demo is None:
            self._demo = DemoEngine(containers=self.settings.demo_containers)
            await self._demo.start()
        reason = "simulated containers, nothing here is real"
        if self._discovery.tried and self.settings.demo == "auto":
            reason += "; no engine answered"
        dashboard = self._open(
            Endpoint(url=self._demo.url, name="demo", source="demo"), banner=f"DEMO ENGINE: {reason}"
        )
        await self.push_screen(dashboard)
        assert self.fleet is not None
        await self.fleet.start()

    def _offer_connection(self) -> None:
        async def chosen(endpoint: Endpoint | None) -> None:
            if endpoint is None:
                await self._open_demo()
            else:
                await self.push_screen(self._open(endpoint))
                assert self.fleet is not None
                await self.fleet.start()

        self.push_screen(ConnectScreen(self._discovery, self._discover), chosen)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own, and the one for ASCII where that is all there is."""
        own = super().get_line_filters()
        return [*own, self._ascii] if self.settings.ascii else own

    async def close(self) -> None:
        """Close everything that was opened; call it when the application has ended."""
        if self._bridge is not None:
            self._bridge.close()
        if self.dispatcher is not None:
            await self.dispatcher.close()
        if self.fleet is not None:
            await self.fleet.close()
        if self._demo is not None and self._own_demo:
            await self._demo.close()

    def remove_files(self) -> None:
        """What must go even when the process is forced to end: the demo engine's socket."""
        if self._demo is not None and self._own_demo:
            shutil.rmtree(self._demo.socket_path.parent, ignore_errors=True)

    # ---------------------------------------------------------------- messages

    @on(StoreChanged)
    def _store_changed(self, event: StoreChanged) -> None:
        for screen in self.screen_stack:
            if isinstance(screen, Dashboard):
                screen.apply(event.change)

    def say(self, text: str, *, severity: Literal["information", "warning", "error"] = "information") -> None:
        """Tell the user something; it stays in the message history."""
        if self.dispatcher is not None:
            self.dispatcher.notify(Severity(severity), text)
        else:
            self.notify(sanitise(text), severity=severity, markup=False)

    def say_fault(self, fault: RuntimeFault) -> None:
        """Tell the user what failed, with what the engine said and what to do."""
        assert self.dispatcher is not None
        self.dispatcher.report(fault)

    def _show_notices(self) -> None:
        assert self.dispatcher is not None
        notices = self.dispatcher.notices
        new = notices.since(self._shown_notices)
        for screen in self.screen_stack:
            if new and isinstance(screen, Dashboard):
                screen.flash.show(new[-1], len(new) - 1)
        self._shown_notices = notices.count

    def _handle_exception(self, error: Exception) -> None:
        """What nothing else caught. A fault of an engine is told; a bug ends the application with its traceback."""
        cause = error.error if isinstance(error, WorkerFailed) else error
        if isinstance(cause, RuntimeFault) and self.dispatcher is not None:
            self.say_fault(cause)
        else:
            super()._handle_exception(error)

    def _bug(self, error: BaseException) -> None:
        """An exception that nobody expected, outside of any handler of Textual's."""
        try:
            raise error
        except Exception as exc:  # noqa: BLE001 - it is shown, and ends the application
            self._handle_exception(exc)

    # ---------------------------------------------------------------- input

    def action_hint_quit(self) -> None:
        """Ctrl+c is pressed by reflex."""
        self.say("Press q to quit.")

    def action_help(self) -> None:
        """Show every key."""
        from tui.screens.help import help_lines
        from tui.screens.text import TextScreen

        if not isinstance(self.screen, TextScreen):
            lines = help_lines(self._keymap_in_force.keys, read_only=self.settings.read_only)
            self.push_screen(TextScreen("Help", "every key", lines))

    def action_leave(self) -> None:
        """Quit; the dashboard asks first when jobs run."""
        for screen in self.screen_stack:
            if isinstance(screen, Dashboard):
                screen.leave()
                return
        self.exit(0)


async def _run(app: PortsideApp) -> int:
    def leave(code: int) -> None:
        app.exit(code, return_code=code)

    with TerminalGuard(leave, app.remove_files):
        try:
            await app.run_async(mouse=app.settings.mouse)
        finally:
            await app.close()
    return app.return_code or 0


def run(
    *,
    settings: Settings,
    discovery: Discovery,
    prefetch: registry.Prefetched | None = None,
    on_screen: Callable[[], None] | None = None,
) -> int:
    """Run the application until it is left; the exit code."""
    return asyncio.run(_run(PortsideApp(settings, discovery, prefetch=prefetch, on_screen=on_screen)))
