"""What the dashboard's keys do: commands of the user interface, and actions with their questions and plans."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.actions import Action, Param, ParamKind, Plan, RowKey
from tui.dispatch.errors import NotDone
from tui.keyqueue import HOLD_SECONDS, Hold
from tui.panes.detail import DetailPane
from tui.panes.events import EventsPane
from tui.panes.resource import ResourcePane
from tui.panes.text import json_lines
from tui.resources.catalogue import ACTIONS, COMMANDS, context_of, entries, key_text
from tui.resources.details import masked
from tui.runtime.errors import RuntimeFault
from tui.runtime.models import Container
from tui.screens.exec import hand_over, open_shell
from tui.screens.jobs import follow_job
from tui.screens.logs import LogsScreen
from tui.screens.messages import message_lines
from tui.screens.text import TextScreen
from widgets.dialog.choose import ChooseDialog
from widgets.dialog.confirm import ConfirmDialog, Option, PlanLine
from widgets.dialog.prompt import PromptDialog
from widgets.dialog.rank import Choice
from widgets.dialog.text import TextDialog

if TYPE_CHECKING:
    from tui.app import PortsideApp
    from tui.screens.dashboard import Dashboard


SHELL_SECONDS = 10.0


class Commands:
    """What keys do on a dashboard. `Dashboard` is the part that shows."""

    def __init__(self, dashboard: Dashboard) -> None:
        """For one dashboard."""
        self._screen = dashboard
        self._fleet = dashboard.fleet
        self._dispatcher = dashboard.dispatcher
        self._settings = dashboard.settings

    @property
    def _app(self) -> PortsideApp:
        return self._screen.portside

    @property
    def _pane(self) -> ResourcePane:
        return self._screen.pane

    @property
    def _detail(self) -> DetailPane:
        return self._screen.detail

    def _ask(self, work: Callable[[Hold], Coroutine[Any, Any, None]], *, seconds: float = HOLD_SECONDS) -> None:
        """Run something that opens a screen: what is typed from now on is for that, and not for the rows below."""
        hold = Hold(self._app, seconds)

        async def with_keys_held() -> None:
            try:
                await work(hold)
            finally:
                hold.drop()

        self._screen.run_worker(with_keys_held(), group="commands")

    # ---------------------------------------------------------------- commands

    def run(self, command: str) -> None:
        """Run a command of the catalogue by its id."""
        self._table()[command]()

    def _table(self) -> Mapping[str, Callable[[], object]]:
        commands: dict[str, Callable[[], object]] = {
            "pane.next": lambda: self._step_pane(1),
            "pane.previous": lambda: self._step_pane(-1),
            "pane.zoom": self._zoom,
            "detail.next_tab": lambda: self._detail.step(1),
            "detail.previous_tab": lambda: self._detail.step(-1),
            "view.filter": lambda: self._ask(lambda hold: self._pane.edit_filter()),
            "view.sort": lambda: self._ask(self._choose_sort),
            "view.all": lambda: self._pane.toggle_all(),
            "view.noise": self._toggle_noise,
            "view.refresh": self._refresh_all,
            "view.open": self._open,
            "view.reveal": lambda: self._detail.toggle_reveal(),
            "view.back": self._back,
            "view.inspect": lambda: self._ask(self._inspect),
            "view.command": self._command_lines,
            "container.logs": self._full_logs,
            "container.exec": self._open_shell,
            "container.processes": lambda: self._drill("processes"),
            "app.jobs": lambda: self._ask(self._jobs),
            "app.messages": self._messages,
            "app.help": lambda: self._app.action_help(),
            "app.palette": lambda: self._ask(self._palette),
            "app.quit": self.leave,
        }
        return commands | {
            f"pane.{pane.number}": functools.partial(self._screen.focus_pane, pane) for pane in self._screen.panes
        }

    def _step_pane(self, by: int) -> None:
        if self._screen.narrow or self._screen.has_class("zoomed"):
            place = self._screen.panes.index(self._pane)
            self._screen.focus_pane(self._screen.panes[(place + by) % len(self._screen.panes)])
            return
        # Side by side the detail is one stop on the way round.
        in_detail = self._detail.has_focus_within
        stops = len(self._screen.panes) + 1
        place = (len(self._screen.panes) if in_detail else self._screen.panes.index(self._pane)) + by
        if place % stops == len(self._screen.panes):
            self._detail.focus_content()
        else:
            self._screen.focus_pane(self._screen.panes[place % stops])

    def _zoom(self) -> None:
        if self._detail.has_focus_within and not self._screen.has_class("zoomed"):
            self._screen.add_class("zoomed", "drilled")
        else:
            self._screen.remove_class("drilled")
            self._screen.toggle_class("zoomed")
        self._screen.update_detail()

    def _open(self) -> None:
        if isinstance(self._pane, EventsPane) and not self._detail.has_focus_within:
            target = self._pane.target()
            if target is not None and self._screen.jump_to(target):
                return
            if target is not None:
                self._app.say("It is gone: there is nothing to jump to.")
        self._drill(None)

    def _drill(self, tab: str | None) -> None:
        if self._pane.current is None:
            return
        if tab is not None:
            self._detail.go_to(tab)
        if self._screen.narrow or self._screen.has_class("zoomed"):
            self._screen.add_class("drilled")
            self._screen.update_detail()
        self._detail.focus_content()

    def _back(self) -> None:
        pane = self._pane
        if self._screen.flash.hide():
            return
        if self._screen.has_class("drilled"):
            self._screen.remove_class("drilled")
            self._screen.update_detail()
            pane.table.focus()
        elif self._detail.has_focus_within:
            pane.table.focus()
        elif pane.table.marks:
            pane.table.clear_marks()
        elif pane.filter_text:
            pane.clear_filter()
        elif self._screen.has_class("zoomed"):
            self._screen.remove_class("zoomed")
            self._screen.update_detail()

    def _toggle_noise(self) -> None:
        if isinstance(self._pane, EventsPane):
            self._pane.toggle_noise()

    def _refresh_all(self) -> None:
        self._fleet.retry_now()
        self._fleet.refresh()

    # ---------------------------------------------------------------- screens

    def _name(self, key: RowKey) -> str:
        model = self._fleet.get(key)
        return self._pane.resource.name(model) if model is not None else key.id[:12]

    def _container(self) -> RowKey | None:
        """The container under the cursor, or the one that the event under the cursor is about."""
        key = self._pane.target() if isinstance(self._pane, EventsPane) else self._pane.current
        if key is None or key.kind != "containers" or self._fleet.get(key) is None:
            self._app.say("There is no container under the cursor.")
            return None
        return key

    def _container_name(self, key: RowKey) -> str:
        model = self._fleet.get(key)
        return model.name if isinstance(model, Container) and model.name else key.id[:12]

    def _full_logs(self) -> None:
        key = self._container()
        if key is not None:
            self._app.push_screen(LogsScreen(self._fleet, key, self._container_name(key)))

    async def _inspect(self, hold: Hold) -> None:
        key = self._pane.target() if isinstance(self._pane, EventsPane) else self._pane.current
        if key is None:
            return
        name = self._container_name(key) if key.kind == "containers" else self._name(key)
        try:
            detail = await self._fleet.inspect(key)
        except RuntimeFault as fault:
            self._app.say_fault(fault)
        else:
            self._app.push_screen(
                TextScreen(
                    "Inspect", name, list(json_lines(detail.raw if self._detail.reveals else masked(detail.raw)))
                )
            )

    def _open_shell(self) -> None:
        if self._settings.read_only:
            self._app.say("Read-only: a shell could change things.", severity="warning")
            return
        key = self._container()
        if key is not None:
            # What is typed from now on is for the shell, which may take a second or two to be there.
            self._ask(functools.partial(self._shell, key), seconds=SHELL_SECONDS)

    async def _shell(self, key: RowKey, hold: Hold) -> None:
        name = self._container_name(key)
        try:
            async with open_shell(self._fleet, key, name) as opened:
                ended = await hand_over(self._app, opened, name, self._app.typed_ahead())
        except RuntimeFault as fault:
            self._app.say_fault(fault)
            return
        finally:
            # A repeated ctrl-p ctrl-q, or the q of a program that has just ended, is not meant for the dashboard.
            self._app.swallow_input(0.3)
        if ended.fault is not None:
            self._app.say_fault(ended.fault)
        elif ended.detached:
            self._app.say(f"Detached: the shell in {name} goes on running.")
        elif ended.exit_code:
            self._app.say(f"The shell in {name} ended with exit code {ended.exit_code}.", severity="warning")

    def _messages(self) -> None:
        self._app.push_screen(TextScreen("Messages", "newest first", message_lines(self._dispatcher.notices)))

    def _command_lines(self) -> None:
        lines = self._dispatcher.command_lines(self._pane.selection)
        text = "\n".join(lines) or "Nothing can be done to this row."
        self._app.push_screen(TextDialog("Equivalent command lines", text))

    async def _choose_sort(self, hold: Hold) -> None:
        pane = self._pane
        choices = [Choice("", "default order")]
        choices += [
            Choice(column.id, column.title.lower())
            for column in pane.resource.columns
            if column.id in pane.resource.sort_keys
        ]
        chosen = await self._app.ask(ChooseDialog(f"Sort {pane.resource.title.lower()} by", choices), hold)
        if chosen is not None:
            pane.sort_by(chosen or None)

    async def _palette(self, hold: Hold) -> None:
        choices = []
        kind = self._pane.resource.kind
        # What can be done to this row is looked for most.
        for entry in sorted(entries(), key=lambda entry: context_of(entry) != kind):
            works = self._screen.check_action("act" if isinstance(entry, Action) else "command", (entry.id,))
            hidden = entry.id.startswith(("table.", "connection.", "app.palette"))
            if works and not hidden and not (self._settings.read_only and entry.mutates):
                keys = " ".join(key_text(key) for key in self._screen.keys.get(entry.id, ()))
                choices.append(Choice(entry.id, entry.title, entry.help, keys))
        chosen = await self._app.ask(ChooseDialog("Commands", choices), hold)
        if chosen is not None and chosen in COMMANDS:
            self.run(chosen)
        elif chosen is not None:
            self.act(chosen)

    async def _jobs(self, hold: Hold) -> None:
        jobs = list(self._dispatcher.jobs)
        if not jobs:
            self._app.say("There are no jobs.")
            return
        choices = [Choice(str(job.id), job.title, job.state.value) for job in reversed(jobs)]
        chosen = await self._app.ask(ChooseDialog("Jobs", choices), hold)
        for job in jobs:
            if str(job.id) == chosen:
                await follow_job(self._app, self._dispatcher, job, hold)

    def leave(self) -> None:
        """Quit; with jobs that run, after asking."""
        running = [job for job in self._dispatcher.jobs if job.running]

        async def ask(hold: Hold) -> None:
            items = [PlanLine(job.title, "is cancelled") for job in running]
            dialog = ConfirmDialog("Quit, and cancel what runs?", items, confirm_label="Quit")
            if await self._app.ask(dialog, hold) is not None:
                self._app.exit(0)

        if running:
            self._ask(ask)
        else:
            self._app.exit(0)

    # ---------------------------------------------------------------- actions

    def act(self, action_id: str) -> None:
        """Do something to the selected rows, by the action's id."""
        self._ask(functools.partial(self._act, action_id))

    async def _act(self, action_id: str, hold: Hold) -> None:
        """Ask what must be asked, show the plan where there is one to confirm, and run exactly that plan."""
        action = ACTIONS[action_id]
        keys = self._pane.selection if action.kind else [RowKey(self._endpoint(), "", "")]
        if action.kind and not keys:
            self._app.say(f"There is no {self._pane.resource.singular} under the cursor.")
            return
        params: dict[str, Any] = {param.id: param.default for param in action.params}
        for param in action.params:
            if param.ask:
                value = await self._value_of(action, param, keys, hold)
                if value is None:
                    return
                params[param.id] = value
        try:
            plan = await self._dispatcher.plan(action_id, keys, params)
            confirmed = await self._confirm(plan, action, hold)
            if confirmed is None:
                return
            self._pane.table.clear_marks()
            if action.stream is None:
                hold.drop()  # nothing more is asked, and a stop takes its time
            outcome = await self._dispatcher.run(confirmed)
            for job in outcome.jobs:
                await follow_job(self._app, self._dispatcher, job, hold)
        except (NotDone, RuntimeFault):
            return  # the dispatcher has told the user, in full, before it raised

    def _endpoint(self) -> str:
        current = self._pane.current
        return current.endpoint if current is not None else self._fleet.status()[0].endpoint

    async def _value_of(self, action: Action, param: Param, keys: Sequence[RowKey], hold: Hold) -> Any:
        names = ", ".join(self._name(key) for key in keys[:3]) if action.kind else ""
        title = f"{names}: {action.title}" if names else action.title.capitalize()
        if param.kind is ParamKind.CHOICE:
            choices = [Choice(choice, choice) for choice in param.choices]
            return await self._app.ask(ChooseDialog(f"{title}: {param.title}", choices), hold)
        value = str(param.default)
        if param.id == "name" and len(keys) == 1:
            value = self._name(keys[0])
        answer = await self._app.ask(PromptDialog(title, param.title, value=value, validate=param.validate), hold)
        if answer is None:
            return None
        return int(answer) if param.kind is ParamKind.NUMBER else answer.strip()

    async def _confirm(self, plan: Plan, action: Action, hold: Hold) -> Plan | None:
        """The plan to run, or None. Options ticked in the dialog make a new plan of the same rows."""
        if not plan.confirm:
            return plan
        flags = [param for param in action.params if param.kind is ParamKind.FLAG]
        keys = [item.key for item in plan.items]

        def preview(options: Mapping[str, bool]) -> tuple[Sequence[PlanLine], Sequence[str]]:
            other = self._dispatcher.preview(plan.action, keys, {**plan.params, **options})
            return _plan_lines(other), other.command

        answer = await self._app.ask(
            ConfirmDialog(
                plan.title,
                _plan_lines(plan),
                options=[Option(param.id, param.title, bool(plan.params.get(param.id))) for param in flags],
                command=plan.command,
                confirm_label=ACTIONS[plan.action].title.capitalize(),
                preview=preview,
            ),
            hold,
        )
        if answer is None:
            return None
        params = {**plan.params, **answer.options}
        if params == plan.params:
            return plan
        return await self._dispatcher.plan(plan.action, keys, params)


def _plan_lines(plan: Plan) -> list[PlanLine]:
    return [
        *(PlanLine(item.name, item.effect, item.note) for item in plan.items),
        *(PlanLine("", "", f"left out: {skipped}") for skipped in plan.skipped),
    ]
