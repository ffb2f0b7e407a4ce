"""Every way to open a stream of files or to attach, left and cancelled in the middle: no socket, no task is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.contract.conftest import Lab, until
from tui.runtime.container_config import ContainerConfig
from tui.runtime.errors import RuntimeFault, Unhealthy, WaitTimeout
from tui.runtime.models import Health

LIMIT = 0.5
"""Seconds for a cancellation on a busy machine; it takes a millisecond on an idle one."""


async def archive(lab: Lab, id: str, begun: asyncio.Event) -> None:
    async with lab.runtime.container_archive_get(id, "/") as stream:
        await anext(stream)
        begun.set()
        await asyncio.Event().wait()


async def export(lab: Lab, id: str, begun: asyncio.Event) -> None:
    async with lab.runtime.container_export(id) as stream:
        await anext(stream)
        begun.set()
        await asyncio.Event().wait()


async def attach(lab: Lab, id: str, begun: asyncio.Event) -> None:
    async with lab.runtime.container_attach(id, stdin=False) as session:
        begun.set()
        while await session.read():
            pass


async def upload(lab: Lab, id: str, begun: asyncio.Event) -> None:
    async def stalls() -> AsyncIterator[bytes]:
        yield bytes(512)
        begun.set()
        await asyncio.Event().wait()

    await lab.runtime.container_archive_put(id, "/tmp", stalls())


async def healthy(lab: Lab, id: str, begun: asyncio.Event) -> None:
    waiting = asyncio.ensure_future(lab.runtime.container_wait_healthy(id))
    try:
        await until(lambda: bool(lab.runtime.open_streams))
        begun.set()
        await waiting
    finally:
        waiting.cancel()
        await asyncio.wait({waiting})


async def stopped(lab: Lab, id: str, begun: asyncio.Event) -> None:
    begun.set()
    await lab.runtime.container_wait_stopped(id)


@pytest.mark.parametrize("operation", [archive, export, attach, upload, healthy, stopped])
async def test_a_cancelled_operation_leaves_nothing_open(
    lab: Lab, operation: Callable[[Lab, str, asyncio.Event], Awaitable[None]]
) -> None:
    slow = {"Test": ["CMD", "true"], "Interval": 3600 * 10**9, "StartPeriod": 3600 * 10**9}
    id = await lab.create("busybox:1", "sleep", "infinity", Healthcheck=slow)
    tasks = asyncio.all_tasks()
    begun = asyncio.Event()
    task = asyncio.ensure_future(operation(lab, id, begun))
    await asyncio.wait_for(begun.wait(), 20)
    start = time.monotonic()
    task.cancel()
    await asyncio.wait({task})
    assert time.monotonic() - start < LIMIT
    assert task.cancelled()
    assert lab.runtime.open_streams == {}
    # The demo's own tasks end when it has seen the socket close.
    if lab.demo is None:
        assert asyncio.all_tasks() <= tasks
    await lab.runtime.ping()


async def test_health_is_waited_for_without_events_too(lab: Lab) -> None:
    if lab.demo is None:
        pytest.skip("no engine refuses its events on demand")
    lab.demo.faults.fail(403, "no events for you", path="/events", times=None)
    id = await lab.create("web:1")
    async with asyncio.timeout(20):
        await lab.runtime.container_wait_healthy(id, timeout=15)
    assert (await lab.runtime.container_inspect(id)).health is Health.HEALTHY


async def test_an_engine_that_dies_ends_every_wait(lab: Lab) -> None:
    if lab.demo is None:
        pytest.skip("the engines are shared with other tests")
    id = await lab.create("web:1")
    stopping = asyncio.ensure_future(lab.runtime.container_wait_stopped(id, timeout=30))
    config = ContainerConfig("portside/pause:1")
    running = asyncio.ensure_future(lab.runtime.container_run_to_end(config, name=lab.name(), remove=True))
    waits = {stopping, running}
    await until(lambda: lab.runtime.requests.get("container_wait", 0) == 2)
    await lab.demo.crash()
    done, _ = await asyncio.wait(waits, timeout=10)
    assert done == waits
    for wait in waits:
        fault = wait.exception()
        assert isinstance(fault, RuntimeFault)
        assert not isinstance(fault, (WaitTimeout, Unhealthy))
    # What the run has left behind is told where it failed.
    assert any("could not be removed" in note for note in getattr(running.exception(), "__notes__", ()))
    await lab.demo.restart()
