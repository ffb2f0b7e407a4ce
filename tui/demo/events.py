"""The engine's event stream: the last 256 events, subscribers, and dockerd's filters."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from tui.demo.clock import SECOND
from tui.demo.objects import Container, Image, Json

KEPT = 256
"""Events that `since` can still see; dockerd keeps as many."""

QUEUE = 10_000
"""Events that a subscriber may be behind before the oldest are dropped for it."""


class EventHub:
    """Takes events from the world, and hands them to those who subscribed."""

    def __init__(self) -> None:
        """Begin without events and subscribers."""
        self.kept: deque[Json] = deque(maxlen=KEPT)
        self._subscribers: set[Subscription] = set()
        self._last = 0

    def publish(self, now: int, type: str, action: str, id: str, attributes: Mapping[str, str]) -> None:
        """Add an event. Times never repeat: what happens in one instant is a microsecond apart, in order."""
        self._last = moment = max(now, self._last + 1000)
        event: Json = {}
        if type in ("container", "image"):
            event = {"status": action, "id": id}
        if type == "container":
            event["from"] = attributes.get("image", "")
        event |= {
            "Type": type,
            "Action": action,
            "Actor": {"ID": id, "Attributes": dict(sorted(attributes.items()))},
            "scope": "local",
            "time": moment // SECOND,
            "timeNano": moment,
        }
        self.kept.append(event)
        for subscription in self._subscribers:
            subscription.put(event)

    def container(self, now: int, container: Container, action: str, **more: str) -> None:
        """Publish an event of a container, with its labels, image and name."""
        attributes = {**container.labels, "image": container.image_name, "name": container.name, **more}
        self.publish(now, "container", action, container.id, attributes)

    def image(self, now: int, image: Image, action: str, name: str) -> None:
        """Publish an event of an image."""
        self.publish(now, "image", action, image.id, {**image.labels, "name": name})

    def subscribe(self) -> Subscription:
        """Start to collect events; `close()` the subscription when done."""
        subscription = Subscription(self)
        self._subscribers.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop collecting."""
        self._subscribers.discard(subscription)

    @property
    def listeners(self) -> int:
        """How many subscribe now."""
        return len(self._subscribers)


class Subscription:
    """The events since it was made, in order."""

    def __init__(self, hub: EventHub) -> None:
        """Make a subscription; only `EventHub.subscribe` does."""
        self._hub = hub
        self._queue: deque[Json] = deque(maxlen=QUEUE)
        self._ready = asyncio.Event()

    def put(self, event: Json) -> None:
        """Take an event."""
        self._queue.append(event)
        self._ready.set()

    async def take(self) -> list[Json]:
        """Wait for events and return all there are."""
        await self._ready.wait()
        self._ready.clear()
        events = list(self._queue)
        self._queue.clear()
        return events

    def close(self) -> None:
        """Collect no more."""
        self._hub.unsubscribe(self)


Filters = Mapping[str, list[str]]

EVENT_KEYS = frozenset(
    [
        "container",
        "image",
        "network",
        "volume",
        "plugin",
        "daemon",
        "service",
        "node",
        "secret",
        "config",
        "type",
        "event",
        "label",
        "scope",
    ]
)


def labels_match(labels: Mapping[str, str], wanted: list[str]) -> bool:
    """Whether all of `wanted` (`key` or `key=value`) are there: labels are the one filter that dockerd ANDs."""
    for entry in wanted:
        key, equals, value = entry.partition("=")
        if key not in labels or (equals and labels[key] != value):
            return False
    return True


def event_matches(event: Json, filters: Filters) -> bool:
    """Whether dockerd would send `event` to who asked for `filters`."""
    attributes: dict[str, str] = event["Actor"]["Attributes"]
    for key, values in filters.items():
        if not values:
            continue
        if key == "type":
            good = event["Type"] in values
        elif key == "event":
            action: str = event["Action"]
            good = action in values or action.split(":")[0] in values
        elif key == "label":
            good = labels_match(attributes, values)
        elif key == "scope":
            good = event["scope"] in values
        elif key == "image":
            name = event["Actor"]["ID"] if event["Type"] == "image" else attributes.get("image", "")
            names = (name, name.rpartition(":")[0], attributes.get("name", "") if event["Type"] == "image" else "")
            good = any(value and value in names for value in values)
        else:
            known = (event["Actor"]["ID"], attributes.get("name"))
            good = event["Type"] == key and any(
                value in known or event["Actor"]["ID"].startswith(value) for value in values
            )
        if not good:
            return False
    return True
