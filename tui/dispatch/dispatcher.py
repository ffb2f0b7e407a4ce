"""From an action and rows to a plan, from a plan to engine calls, from their outcome to a notice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from tui.actions import Action, Plan, PlanItem, RowKey
from tui.dispatch.audit import AuditLog
from tui.dispatch.errors import NothingToDo, Refused
from tui.dispatch.jobs import Job, JobState
from tui.dispatch.notices import Notice, Notices, Severity
from tui.dispatch.outcome import Outcome, failure_text, summary, words_of
from tui.dispatch.params import checked_params, example_params
from tui.resources.catalogue import ACTIONS, GLOBAL_ACTIONS, RESOURCES
from tui.runtime.errors import Closed, EngineUnreachable, NotFound, OperationFailed, RuntimeFault, Unsupported
from tui.runtime.protocol import Runtime

PER_ENGINE = 8
"""Calls at once per engine. More only queue in the daemon, and starve the lists and events of the same engine."""

JOBS_KEPT = 50
"""Ended jobs that the jobs list still shows."""

_PROGRESS_SECONDS = 0.1

T = TypeVar("T")


class FleetLike(Protocol):
    """What dispatch needs of the store."""

    def get(self, key: RowKey) -> Any:
        """The object as it is known now, or None."""
        ...

    def rows(self, kind: str) -> Mapping[RowKey, Any]:
        """Every known object of a kind."""
        ...

    def runtime(self, endpoint: str) -> Runtime:
        """The connected runtime of an engine; `EngineUnreachable` when there is none."""
        ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Dispatcher:
    """Plans and runs actions; keeps in-flight marks, jobs and notices.

    Every refusal and every failure becomes a notice, and is raised or returned besides: who catches it need not show
    it again. What is no `RuntimeFault` is a bug of ours: it is told as one, and handed to `on_bug`.

    To be used on one event loop. `close` leaves no task behind.
    """

    def __init__(
        self,
        fleet: FleetLike,
        *,
        read_only: bool = False,
        clock: Callable[[], datetime] = _utc_now,
        audit: AuditLog | None = None,
        on_bug: Callable[[Exception], None] | None = None,
        clients: Mapping[str, str] | None = None,
    ) -> None:
        """Work on the engines of `fleet`.

        Args:
            fleet: Which rows there are, and the engines.
            read_only: Whether everything that changes an engine is refused.
            clock: The time of notices and jobs, aware UTC.
            audit: Where changes are written down.
            clients: By endpoint: the beginning of command lines that reach it, where ``docker`` alone does not.
            on_bug: Gets unexpected exceptions; without it the event loop's exception handler does.
        """
        self.read_only = read_only
        self._clients = clients or {}
        self.notices = Notices()
        self._fleet = fleet
        self._clock = clock
        self._audit = audit
        self._on_bug = on_bug
        self._listeners: list[Callable[[], None]] = []
        self._marks: dict[RowKey, list[str]] = {}
        self._gates: dict[str, asyncio.Semaphore] = {}
        self._jobs: list[Job] = []
        self._job_tasks: dict[int, asyncio.Task[None]] = {}
        self._job_count = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._soon: asyncio.Handle | None = None
        self._later: asyncio.TimerHandle | None = None
        self._closed = False

    # What there is

    def actions(self, kind: str) -> tuple[Action, ...]:
        """The actions of a kind of row, and those of no row; without those that change anything when read-only."""
        all_of_them = (*RESOURCES[kind].actions, *GLOBAL_ACTIONS)
        return tuple(action for action in all_of_them if not (self.read_only and action.mutates))

    def available(self, action: Action, models: Sequence[Any], endpoint: str) -> bool:
        """Whether an action makes sense for any of these objects, and their engine can do it.

        An engine that is not connected is taken to be able: the action then says why it cannot be done now.
        """
        if self.read_only and action.mutates:
            return False
        if action.needs is not None:
            try:
                if action.needs not in self._fleet.runtime(endpoint).capabilities:
                    return False
            except EngineUnreachable:
                pass  # not swallowed: running the action raises it again, with a notice
        if not action.kind:
            return True
        return any(action.applies is None or action.applies(model) for model in models)

    def in_flight(self, key: RowKey) -> str:
        """What is being done to a row (``stopping``), or ""."""
        marks = self._marks.get(key)
        return marks[-1] if marks else ""

    @property
    def jobs(self) -> tuple[Job, ...]:
        """Every running job, and the newest ended ones; oldest first."""
        return tuple(self._jobs)

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after notices, marks or jobs changed, once per pass of the loop; returns what ends that."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def notify(self, severity: Severity, title: str, *, detail: str = "", hint: str = "", target: str = "") -> Notice:
        """Tell the user something."""
        notice = self.notices.add(self._clock(), severity, title, detail=detail, hint=hint, target=target)
        self._changed()
        return notice

    def report(self, fault: RuntimeFault, title: str = "") -> Notice:
        """Tell the user of a failure: the engine's own words, and what can be done."""
        return self.notify(
            Severity.ERROR,
            title or f"{fault.operation.replace('_', ' ') or 'it'} failed",
            detail=words_of(fault),
            hint=fault.hint,
            target=fault.target,
        )

    # Planning

    async def plan(self, action_id: str, keys: Sequence[RowKey], params: Mapping[str, Any] | None = None) -> Plan:
        """What the action would do to these rows.

        Args:
            action_id: An id of the catalogue.
            keys: The rows; for an action of no row one key per engine, whose id does not matter.
            params: Its parameters; those left out have their defaults.

        Raises:
            Refused: It changes something, and Portside is read-only.
            NothingToDo: It applies to none of the rows.
            InvalidRequest: A parameter does not do.
            Unsupported: No engine of these rows can do it.
            EngineUnreachable: An engine is not connected.
            KeyError: There is no such action.
        """
        action = ACTIONS[action_id]
        self._check(action)
        try:
            values = checked_params(action, params or {})
            selection, skipped = self._select(action, keys)
        except RuntimeFault as fault:
            self.report(fault, f"Cannot {action.title}")
            raise
        made = action.plan(selection, values, self._neighbours)
        doing = ACTIONS[made.action].doing
        busy = {item.key: item.name for item in made.items if doing and self.in_flight(item.key) == doing}
        if busy and ACTIONS[made.action].stream is None:
            # A second stop sent while the first one waits would only be a second signal.
            made = action.plan([row for row in selection if row[0] not in busy], values, self._neighbours)
            skipped += tuple(f"{name}: {doing} already" for name in busy.values())
        made = self._for_client(replace(made, skipped=skipped + made.skipped), keys)
        if not made.items:
            reason = "; ".join(made.skipped) or "nothing is selected"
            self.notify(Severity.WARNING, f"Nothing to {action.title}", detail=reason)
            raise NothingToDo(reason)
        return made

    def preview(self, action_id: str, keys: Sequence[RowKey], params: Mapping[str, Any]) -> Plan:
        """What `plan` would be for other parameters, to show while they are chosen. Tells and refuses nothing."""
        rows = [(key, model) for key in keys if (model := self._fleet.get(key)) is not None]
        return self._for_client(ACTIONS[action_id].plan(rows, params, self._neighbours), keys)

    def _for_client(self, plan: Plan, keys: Sequence[RowKey]) -> Plan:
        """With command lines that reach the engine of these rows, wherever they are pasted."""
        client = self._clients.get(keys[0].endpoint) if keys else None
        if client is None:
            return plan
        return replace(plan, command=tuple(f"{client}{line.removeprefix('docker')}" for line in plan.command))

    def _check(self, action: Action) -> None:
        if self._closed:
            raise Closed("the dispatcher is closed", operation=action.id)
        if self.read_only and action.mutates:
            reason = "Portside runs with --read-only"
            self.notify(Severity.WARNING, f"{action.title} is refused", detail=reason)
            raise Refused(reason)

    def _select(self, action: Action, keys: Sequence[RowKey]) -> tuple[list[tuple[RowKey, Any]], tuple[str, ...]]:
        """The rows that still exist on engines that can do it; the others with the reason."""
        able: dict[str, bool] = {}
        for endpoint in dict.fromkeys(key.endpoint for key in keys):
            # Asked even when nothing is needed: that an engine is not connected is better told once than per row.
            capabilities = self._fleet.runtime(endpoint).capabilities
            able[endpoint] = action.needs is None or action.needs in capabilities
        if action.needs is not None and able and not any(able.values()):
            raise Unsupported(operation=action.id, capability=action.needs.value, target=next(iter(able)))
        selection: list[tuple[RowKey, Any]] = []
        skipped: list[str] = []
        for key in dict.fromkeys(keys):
            if action.kind and key.kind != action.kind:
                raise ValueError(f"{action.id} is for {action.kind}, and this is a row of {key.kind}")
            model = self._fleet.get(key) if action.kind else None
            if action.kind and model is None:
                skipped.append(f"{key.id[:12]}: is gone")
            elif not able[key.endpoint]:
                skipped.append(f"{RESOURCES[action.kind].name(model) if action.kind else key.endpoint}: not supported")
            else:
                selection.append((key, model))
        return selection, tuple(skipped)

    def _neighbours(self, endpoint: str, kind: str) -> Sequence[Any]:
        return [model for key, model in self._fleet.rows(kind).items() if key.endpoint == endpoint]

    def command_lines(self, keys: Sequence[RowKey]) -> tuple[str, ...]:
        """The equivalent command lines of everything that can be done to these rows, to show and copy.

        What would be asked for is a default, or its name in capitals (``docker rename web NAME``).
        """
        rows = [(key, model) for key in keys if (model := self._fleet.get(key)) is not None]
        lines = [
            line
            for kind in dict.fromkeys(key.kind for key, _ in rows)
            for action in RESOURCES[kind].actions
            for line in self._for_client(
                action.plan([row for row in rows if row[0].kind == kind], example_params(action), self._neighbours),
                keys,
            ).command
        ]
        return tuple(dict.fromkeys(lines))

    # Running

    async def run(self, plan: Plan) -> Outcome:
        """Do exactly what the plan says, to exactly its rows, as far as they still exist.

        It goes on when the caller is cancelled: what an engine was asked for happens anyway, and its outcome is told.

        Raises:
            Refused: It changes something, and Portside is read-only.
            Closed: `close` was called before it ended.
        """
        action = ACTIONS[plan.action]
        self._check(action)
        if action.stream is not None:
            jobs = tuple(self._start_job(action, plan, item) for item in plan.items)
            return Outcome(plan.items, (), ", ".join(f"{action.doing} {item.name}" for item in plan.items), jobs)
        task = self._spawn(self._run(action, plan))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if self._closed and task.done() and not _being_cancelled():
                raise Closed("Portside is being closed", operation=action.id) from None
            raise

    async def _run(self, action: Action, plan: Plan) -> Outcome:
        results = await asyncio.gather(*(self._run_item(action, plan, item) for item in plan.items))
        pairs = list(zip(plan.items, results, strict=True))
        succeeded = tuple(item for item, (_, fault) in pairs if fault is None)
        failed = tuple((item, fault) for item, (_, fault) in pairs if fault is not None)
        said = [text for _, (text, fault) in pairs if fault is None and text]
        outcome = Outcome(succeeded, failed, summary(action, succeeded, failed, said))
        self._tell(action, outcome)
        return outcome

    async def _run_item(self, action: Action, plan: Plan, item: PlanItem) -> tuple[str, RuntimeFault | None]:
        """Do it to one item: what it says, and why it failed."""
        assert action.run is not None, f"{action.id} is never the action of a plan"
        self._mark(item.key, action.doing)
        text, problem = "", None
        try:
            async with self._gate(item.key.endpoint):
                if self._fleet.get(item.key) is None:
                    raise NotFound("it is gone", operation=action.id.replace(".", "_"), target=item.name)
                text = await action.run(self._fleet.runtime(item.key.endpoint), item, plan.params) or ""
        except RuntimeFault as fault:
            problem = fault
        except Exception as exc:  # noqa: BLE001  # a bug in one item must not hide how the others ended
            problem = self._bug(action, item, exc)
        finally:
            self._unmark(item.key, action.doing)
        self._write_down(action, plan, item, problem)
        return text, problem

    def _tell(self, action: Action, outcome: Outcome) -> None:
        if not outcome.failed:
            self.notify(Severity.INFO, outcome.text, target=", ".join(item.name for item in outcome.succeeded[:1]))
            return
        hints = dict.fromkeys(fault.hint for _, fault in outcome.failed if fault.hint)
        self.notify(
            Severity.WARNING if outcome.succeeded else Severity.ERROR,
            outcome.text,
            detail=failure_text(outcome.failed),
            hint="; ".join(hints),
            target=outcome.failed[0][0].name if len(outcome.failed) == 1 else "",
        )

    def _gate(self, endpoint: str) -> asyncio.Semaphore:
        return self._gates.setdefault(endpoint, asyncio.Semaphore(PER_ENGINE))

    def _mark(self, key: RowKey, doing: str) -> None:
        self._marks.setdefault(key, []).append(doing)
        self._changed()

    def _unmark(self, key: RowKey, doing: str) -> None:
        marks = self._marks[key]
        marks.remove(doing)
        if not marks:
            del self._marks[key]
        self._changed()

    def _write_down(self, action: Action, plan: Plan, item: PlanItem, fault: RuntimeFault | None) -> None:
        if self._audit is None or not action.mutates:
            return
        try:
            self._audit.record(self._clock(), plan, item, fault)
        except OSError as exc:
            self.notify(
                Severity.ERROR, "The audit log cannot be written", detail=str(exc), target=str(self._audit.path)
            )

    # Jobs

    def start_pull(self, endpoint: str, reference: str) -> Job:
        """Pull an image in the background; a pull of the same reference that runs already is returned instead.

        Raises:
            Refused: Portside is read-only.
            InvalidRequest: This cannot be an image's name.
        """
        action = ACTIONS["image.pull"]
        self._check(action)
        try:
            values = checked_params(action, {"reference": reference})
        except RuntimeFault as fault:
            self.report(fault, f"Cannot {action.title}")
            raise
        plan = action.plan([(RowKey(endpoint, "images", ""), None)], values, self._neighbours)
        return self._start_job(action, plan, plan.items[0])

    def cancel(self, job: Job) -> bool:
        """Cancel a job; False when it has ended already. Its state changes once its connection is closed."""
        task = self._job_tasks.get(job.id)
        return task is not None and task.cancel()

    def _start_job(self, action: Action, plan: Plan, item: PlanItem) -> Job:
        for job in self._jobs:
            if job.running and job.plan.action == plan.action and job.item.key == item.key:
                return job
        self._job_count += 1
        job = Job(self._job_count, f"{action.title} {item.name}", plan, item, self._clock())
        self._jobs.append(job)
        ended = [old for old in self._jobs if not old.running]
        for old in ended[: max(0, len(ended) - JOBS_KEPT)]:
            self._jobs.remove(old)
        self._mark(item.key, action.doing)
        task = self._job_tasks[job.id] = self._spawn(self._run_job(action, job))
        task.add_done_callback(lambda _: self._job_over(action, job))
        return job

    async def _run_job(self, action: Action, job: Job) -> None:
        assert action.stream is not None
        try:
            async with action.stream(self._fleet.runtime(job.item.key.endpoint), job.item, job.plan.params) as steps:
                async for progress in steps:
                    job.advance(progress)
                    self._changed_later()
        except RuntimeFault as fault:
            self._end_job(action, job, JobState.FAILED, fault)
        except Exception as exc:  # noqa: BLE001  # it is told and handed on; nobody awaits a job's task
            self._end_job(action, job, JobState.FAILED, self._bug(action, job.item, exc))
        else:
            self._end_job(action, job, JobState.DONE)

    def _job_over(self, action: Action, job: Job) -> None:
        """Its task is done. One that was cancelled, perhaps before its first step, could not say so itself."""
        del self._job_tasks[job.id]
        self._unmark(job.item.key, action.doing)
        if job.running:
            self._end_job(action, job, JobState.CANCELLED, OperationFailed("cancelled", operation=action.id))

    def _end_job(self, action: Action, job: Job, state: JobState, fault: RuntimeFault | None = None) -> None:
        job.state, job.error, job.ended = state, fault, self._clock()
        name = job.item.name
        if state is JobState.DONE:
            self.notify(Severity.INFO, f"{action.done} {name}", detail=job.status, target=name)
        elif state is JobState.CANCELLED:
            self.notify(Severity.WARNING, f"{action.doing} {name} was cancelled", target=name)
        elif fault is not None:
            self.report(fault, f"{action.doing} {name} failed")
        self._write_down(action, job.plan, job.item, fault)

    # Tasks and listeners

    def _bug(self, action: Action, item: PlanItem, exc: Exception) -> OperationFailed:
        """Hand an unexpected exception on, and make a fault of it to show."""
        if self._on_bug is not None:
            self._on_bug(exc)
        else:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"unexpected error in {action.id}", "exception": exc}
            )
        fault = OperationFailed(
            f"{type(exc).__name__}: {exc}",
            operation=action.id.replace(".", "_"),
            target=item.name,
            hint="This is a bug in Portside; please report it.",
        )
        fault.__cause__ = exc
        return fault

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _changed(self) -> None:
        """Call the listeners on the next pass of the loop, once for all changes of this one."""
        if self._soon is None and not self._closed:
            self._soon = asyncio.get_running_loop().call_soon(self._call)

    def _changed_later(self) -> None:
        """The same for progress, of which an engine sends hundreds a second: ten times a second at most."""
        if self._later is None and not self._closed:
            self._later = asyncio.get_running_loop().call_later(_PROGRESS_SECONDS, self._call)

    def _call(self) -> None:
        self._drop_handles()
        for callback in tuple(self._listeners):
            callback()

    def _drop_handles(self) -> None:
        for handle in (self._soon, self._later):
            if handle is not None:
                handle.cancel()
        self._soon = self._later = None

    async def close(self) -> None:
        """Cancel what runs, and wait until it has ended. Idempotent; plans and runs afterwards raise `Closed`."""
        self._closed = True
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._drop_handles()


def _being_cancelled() -> bool:
    """Whether somebody asked for the current task itself to be cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
