"""A real engine that is frozen answers nothing and closes nothing: only a time-out can tell."""

from __future__ import annotations

import asyncio

import pytest

from tests.app.support import Driver, until
from tests.engines.fixture import Engine
from tui.app import PortsideApp
from tui.config.settings import Settings
from tui.demo.engine import DemoEngine
from tui.panes.header import Header
from tui.runtime.endpoints import Discovery, Endpoint
from tui.store import sync


async def test_frozen_engine_is_noticed_and_found_again(
    sacrificial_docker: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = sacrificial_docker
    # 30 s of silence and 5 s for a ping, in a hurry.
    monkeypatch.setattr(sync, "SILENCE", 0.5)
    monkeypatch.setattr(sync, "PING_LIMIT", 1.0)
    engine.create("busybox:1", "true", name="before", start=False)
    endpoint = Endpoint(url=engine.url, name="frozen", source="test")
    app = PortsideApp(Settings(), Discovery(endpoint, ()))
    try:
        async with app.run_test(size=(160, 45), notifications=True) as pilot:
            driver = Driver(app, pilot, DemoEngine())  # which is not started: the engine is a real one
            header = driver.dashboard.query_one(Header)
            await until(lambda: "before" in driver.names() and "● live" in header.text, "the row", 30)
            engine.freeze()
            try:
                await until(lambda: "stale" in header.text, "stale", 30)
                await until(lambda: "no answer" in header.text or "no connection" in header.text, "the reason", 30)
                assert driver.names() == ["before"]
            finally:
                engine.thaw()
            await asyncio.to_thread(engine.create, "busybox:1", "true", name="after", start=False)
            await until(lambda: "● live" in header.text, "live again", 30)
            await until(lambda: set(driver.names()) == {"before", "after"}, "the rows of now", 30)
    finally:
        await app.close()
