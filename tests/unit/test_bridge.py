from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from textual.message import Message
from textual.message_pump import MessagePump

from tui import bridge
from tui.bridge import Bridge, StoreChanged
from tui.store.fleet import Change, Fleet


class Source:
    """Stands for the fleet."""

    def __init__(self) -> None:
        self.tell: Callable[[Change], None] | None = None

    def listen(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        self.tell = listener
        return self.stop

    def stop(self) -> None:
        self.tell = None

    def change(self, kind: str) -> None:
        assert self.tell is not None
        self.tell(Change(kinds=frozenset({kind})))


class Target:
    """Stands for the application; remembers when it was told what."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[tuple[float, frozenset[str]]] = asyncio.Queue()

    def post_message(self, message: Message) -> bool:
        assert isinstance(message, StoreChanged)
        self.told.put_nowait((asyncio.get_running_loop().time(), message.change.kinds))
        return True

    async def next(self) -> tuple[float, frozenset[str]]:
        async with asyncio.timeout(5):
            return await self.told.get()


def connected() -> tuple[Source, Target, Bridge]:
    source, target = Source(), Target()
    return source, target, Bridge(cast("Fleet", source), cast("MessagePump", target))


async def test_a_change_after_a_quiet_time_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "FRAME_SECONDS", 60.0)
    source, target, made = connected()
    source.change("containers")
    _, kinds = await target.next()
    assert kinds == {"containers"}
    made.close()


async def test_changes_of_one_frame_become_one_message_a_frame_later() -> None:
    source, target, made = connected()
    source.change("containers")
    first, _ = await target.next()
    for kind in ("images", "volumes", "images"):
        source.change(kind)
    second, kinds = await target.next()
    assert kinds == {"images", "volumes"}
    assert second - first >= bridge.FRAME_SECONDS * 0.9
    made.close()


async def test_closed_it_tells_nothing_more() -> None:
    source, target, made = connected()
    source.change("containers")
    made.close()
    assert source.tell is None
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert target.told.empty()
