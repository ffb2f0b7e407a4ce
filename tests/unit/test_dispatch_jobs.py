from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.dispatch_fakes import NOW, A, B, FakeFleet, told, until
from tui.actions import Plan, PlanItem, RowKey
from tui.dispatch.audit import AuditLog
from tui.dispatch.dispatcher import JOBS_KEPT, Dispatcher
from tui.dispatch.jobs import Job, JobState
from tui.dispatch.notices import Severity
from tui.runtime.errors import (
    Closed,
    Conflict,
    EngineUnreachable,
    InvalidRequest,
    NotFound,
    StreamBroken,
)
from tui.runtime.models import (
    Progress,
)


@pytest.fixture
async def fleet() -> FakeFleet:
    return FakeFleet()


@pytest.fixture
async def bugs() -> list[Exception]:
    return []


@pytest.fixture
async def dispatcher(fleet: FakeFleet, bugs: list[Exception]) -> AsyncIterator[Dispatcher]:
    made = Dispatcher(fleet, clock=lambda: NOW, on_bug=bugs.append)
    yield made
    await made.close()


async def test_a_pull_is_a_job_with_progress(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    runtime, seen = fleet.runtimes[A], list[float | None]()
    runtime.hold.clear()
    runtime.steps = [
        Progress("", "Pulling from library/nginx"),
        Progress("one", "Downloading", 50, 100),
        Progress("two", "Already exists"),
    ]
    plan = await dispatcher.plan("image.pull", [RowKey(A, "", "")], {"reference": "nginx"})
    assert not plan.confirm
    outcome = await dispatcher.run(plan)
    (job,) = outcome.jobs
    dispatcher.listen(lambda: seen.append(job.fraction))
    assert outcome.text == "pulling nginx"
    assert outcome.succeeded == plan.items
    assert job.running
    assert job.title == "pull nginx"
    assert dispatcher.jobs == (job,)
    await until(lambda: 0.625 in seen)
    assert list(job.layers) == ["one", "two"]
    assert job.status == "Pulling from library/nginx"
    runtime.hold.set()
    await until(lambda: not job.running)
    assert (job.state, job.error, job.fraction, job.ended) == (JobState.DONE, None, 1.0, NOW)
    assert told(dispatcher) == [(Severity.INFO, "pulled nginx", "Pulling from library/nginx", "", "nginx")]


async def test_the_same_pull_is_not_begun_twice(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    fleet.runtimes[A].hold.clear()
    one = dispatcher.start_pull(A, " nginx ")
    assert dispatcher.start_pull(A, "nginx") is one
    assert dispatcher.start_pull(B, "nginx") is not one
    fleet.runtimes[A].hold.set()
    await until(lambda: not one.running)
    assert dispatcher.start_pull(A, "nginx") is not one
    await until(lambda: not any(job.running for job in dispatcher.jobs))


async def test_a_bad_reference_starts_nothing(dispatcher: Dispatcher) -> None:
    with pytest.raises(InvalidRequest):
        dispatcher.start_pull(A, "a b")
    assert dispatcher.jobs == ()
    assert told(dispatcher)[0][1] == "Cannot pull"


async def test_a_job_that_fails_keeps_the_engines_words(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    fleet.runtimes[A].steps = [
        Progress("", "Pulling"),
        NotFound("manifest unknown", operation="image_pull", hint="check"),
    ]
    job = dispatcher.start_pull(A, "nginx")
    await until(lambda: not job.running)
    assert job.state is JobState.FAILED
    assert isinstance(job.error, NotFound)
    assert told(dispatcher) == [(Severity.ERROR, "pulling nginx failed", "manifest unknown", "check", "")]
    fleet.runtimes[A].steps = [StreamBroken("half")]
    broken = dispatcher.start_pull(A, "nginx")
    await until(lambda: not broken.running)
    assert broken.state is JobState.FAILED


async def test_a_job_on_an_engine_that_is_away_fails(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    fleet.unreachable.add(A)
    job = dispatcher.start_pull(A, "nginx")
    await until(lambda: not job.running)
    assert isinstance(job.error, EngineUnreachable)


async def test_a_bug_in_a_job_is_told_and_handed_on(
    dispatcher: Dispatcher, fleet: FakeFleet, bugs: list[Exception]
) -> None:
    fleet.runtimes[A].steps = [ZeroDivisionError("oops")]
    job = dispatcher.start_pull(A, "nginx")
    await until(lambda: not job.running)
    assert job.state is JobState.FAILED
    assert [type(bug) for bug in bugs] == [ZeroDivisionError]
    assert told(dispatcher)[0][2] == "ZeroDivisionError: oops"


async def test_a_cancelled_job_closes_its_stream(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    runtime = fleet.runtimes[A]
    runtime.hold.clear()
    job = dispatcher.start_pull(A, "nginx")
    await until(lambda: runtime.open_streams)
    key = RowKey(A, "images", "nginx")
    assert dispatcher.in_flight(key) == "pulling"
    assert dispatcher.cancel(job)
    await until(lambda: not job.running)
    assert job.state is JobState.CANCELLED
    assert runtime.open_streams == 0
    assert dispatcher.in_flight(key) == ""
    assert not dispatcher.cancel(job)
    assert told(dispatcher) == [(Severity.WARNING, "pulling nginx was cancelled", "", "", "nginx")]


async def test_a_job_cancelled_before_its_first_step_ends_too(dispatcher: Dispatcher, fleet: FakeFleet) -> None:
    job = dispatcher.start_pull(A, "nginx")
    assert dispatcher.cancel(job)
    await until(lambda: not job.running)
    assert job.state is JobState.CANCELLED
    assert fleet.runtimes[A].calls == []


async def test_only_so_many_ended_jobs_are_kept(dispatcher: Dispatcher) -> None:
    for number in range(JOBS_KEPT + 5):
        job = dispatcher.start_pull(A, f"image{number}")
        await until(lambda job=job: not job.running)  # type: ignore[misc]  # a default argument binds the loop's job
    assert len(dispatcher.jobs) <= JOBS_KEPT + 1
    assert dispatcher.jobs[-1].id == JOBS_KEPT + 5


def test_fractions() -> None:
    item = PlanItem(RowKey(A, "images", "x"), "x", "pull")
    job = Job(1, "pull x", Plan("image.pull", "Pull?", (item,)), item, NOW)
    assert job.fraction is None
    for status, current, total, expected in [
        ("Waiting", None, None, 0.0),
        ("Downloading", 5, 10, 0.25),
        ("Downloading", 50, 10, 0.5),
        ("Download complete", None, None, 0.5),
        ("Extracting", 5, 10, 0.75),
        ("Extracting", 3, None, 0.0),
        ("Pull complete", None, None, 1.0),
    ]:
        job.advance(Progress("layer", status, current, total))
        assert job.fraction == expected
    for number in range(2000):
        job.advance(Progress(str(number), "Waiting"))
    assert len(job.layers) == 1000


async def test_closing_leaves_nothing_behind(fleet: FakeFleet) -> None:
    before = asyncio.all_tasks()
    dispatcher = Dispatcher(fleet, clock=lambda: NOW)
    runtime = fleet.runtimes[A]
    runtime.hold.clear()
    runtime.steps = [Progress("one", "Downloading", 1, 2)]

    async def answer(id: str) -> None:
        await runtime.hold.wait()

    runtime.answer = answer
    key = fleet.add("web")
    job = dispatcher.start_pull(A, "nginx")
    plan = await dispatcher.plan("container.stop", [key])
    running = asyncio.create_task(dispatcher.run(plan))
    await until(lambda: runtime.open_streams and runtime.busy)
    await dispatcher.close()
    with pytest.raises(Closed):
        await running
    assert job.state is JobState.CANCELLED
    assert (runtime.open_streams, runtime.busy, dispatcher.in_flight(key)) == (0, 0, "")
    assert asyncio.all_tasks() == before
    with pytest.raises(Closed):
        await dispatcher.plan("container.stop", [key])
    await dispatcher.close()


async def test_the_audit_log_has_a_line_per_change(fleet: FakeFleet, tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    dispatcher = Dispatcher(fleet, clock=lambda: NOW, audit=AuditLog(path))

    async def answer(id: str) -> None:
        if id == "id-b":
            raise Conflict("no")

    fleet.runtimes[A].answer = answer
    name = "a\nforged\x1b"
    await dispatcher.run(await dispatcher.plan("container.remove", [fleet.add(name), fleet.add("b")], {"force": True}))
    job = dispatcher.start_pull(A, "nginx")
    await until(lambda: not job.running)
    cancelled = dispatcher.start_pull(A, "redis")
    dispatcher.cancel(cancelled)
    await until(lambda: not cancelled.running)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    by_name = {line["name"]: line for line in lines}
    assert len(lines) == 4
    assert by_name[name] == {
        "time": "2024-05-01T12:00:00.000+00:00",
        "engine": A,
        "action": "container.remove",
        "name": name,
        "id": f"id-{name}",
        "params": {"force": True, "volumes": False},
        "result": "ok",
    }
    assert (by_name["b"]["result"], by_name["b"]["error"]) == ("failed", "no")
    assert by_name["nginx"]["result"] == "ok"
    assert "cancelled" in by_name["redis"]["error"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await dispatcher.close()


async def test_an_audit_log_that_cannot_be_written_is_told(fleet: FakeFleet, tmp_path: Path) -> None:
    dispatcher = Dispatcher(fleet, audit=AuditLog(tmp_path))
    outcome = await dispatcher.run(await dispatcher.plan("container.stop", [fleet.add("a")]))
    assert outcome.failed == ()
    titles = [notice.title for notice in dispatcher.notices]
    assert titles == ["The audit log cannot be written", "stopped a"]
    await dispatcher.close()


async def test_reports_have_a_title_of_their_own(dispatcher: Dispatcher) -> None:
    dispatcher.report(Conflict(operation="container_exec", target="web"))
    dispatcher.report(Conflict("x"))
    assert [(n.title, n.detail) for n in dispatcher.notices] == [
        ("container exec failed", "Conflict"),
        ("it failed", "x"),
    ]


async def test_the_history_of_notices_is_bounded(dispatcher: Dispatcher) -> None:
    for number in range(600):
        dispatcher.notify(Severity.INFO, str(number))
    assert len(dispatcher.notices) == 500
    assert dispatcher.notices.count == 600
    assert next(iter(dispatcher.notices)).title == "100"
