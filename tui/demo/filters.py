"""Filters of the lists: how they are written, which exist, and whether a container fits."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from tui.demo.errors import ApiError
from tui.demo.events import Filters, labels_match
from tui.demo.http import Request
from tui.demo.objects import Container
from tui.demo.world import World

CONTAINER_KEYS = frozenset(
    [
        "ancestor",
        "before",
        "expose",
        "exited",
        "health",
        "id",
        "isolation",
        "is-task",
        "label",
        "name",
        "network",
        "publish",
        "since",
        "status",
        "volume",
    ]
)
STATES = ("created", "running", "paused", "restarting", "removing", "exited", "dead")


def parse_filters(request: Request, known: frozenset[str]) -> Filters:
    """The `filters` of a query: `{"key": ["value"]}` or the older `{"key": {"value": true}}`.

    Raises:
        ApiError: 400 malformed, or a key that the list does not know.
    """
    text = request.query.get("filters", "")
    if not text:
        return {}
    try:
        raw = json.loads(text)
        if not isinstance(raw, dict):
            raise TypeError
        filters = {key: [str(value) for value in values] for key, values in raw.items()}
    except (ValueError, TypeError):
        raise ApiError(400, "invalid filter") from None
    for key in filters:
        if key not in known:
            raise ApiError(400, f"invalid filter '{key}'")
    return filters


def check_container_filters(filters: Filters) -> None:
    """Raise 400 for values that dockerd refuses."""
    for value in filters.get("status", []):
        if value not in STATES:
            states = ", ".join(STATES)
            text = f"invalid filter 'status={value}': invalid value for state ({value}): must be one of {states}"
            raise ApiError(400, text)
    for value in filters.get("health", []):
        if value not in ("none", "starting", "healthy", "unhealthy"):
            known = "none, starting, healthy, unhealthy"
            text = f"invalid filter 'health={value}': invalid value for health ({value}): must be one of {known}"
            raise ApiError(400, text)
    for value in filters.get("exited", []):
        if not value.lstrip("-").isdigit():
            raise ApiError(400, f"invalid filter 'exited={value}'")


def container_matches(container: Container, filters: Filters, world: World) -> bool:
    """Whether a container fits: OR within a key, AND across keys, and AND among labels."""
    return all(_fits(container, key, values, world) for key, values in filters.items() if values)


def _fits(container: Container, key: str, values: list[str], world: World) -> bool:
    match key:
        case "id":
            return any(container.id.startswith(value) for value in values)
        case "name":
            return any(_regex(value, container.name) for value in values)
        case "label":
            return labels_match(container.labels, values)
        case "status":
            return container.state in values
        case "health":
            return (container.health.status if container.health else "none") in values
        case "ancestor":
            return any(_ancestor(container, value, world) for value in values)
        case "network":
            return any(
                value == name or endpoint.network.id.startswith(value)
                for value in values
                for name, endpoint in container.endpoints.items()
            )
        case "volume":
            return any(
                value in (m.get("Name"), m["Destination"], m["Source"]) for value in values for m in container.mounts
            )
        case "exited":
            return container.state == "exited" and str(container.exit_code) in values
        case "before" | "since":
            order = list(world.containers)
            others = [order.index(world.container(value).id) for value in values]
            mine = order.index(container.id)
            return any(mine < other if key == "before" else mine > other for other in others)
        case "publish" | "expose":
            return any(_port(container, value, published=key == "publish") for value in values)
        case _:
            return values != ["true"]  # nothing here is a task; isolation is Windows'


def _regex(pattern: str, name: str) -> bool:
    """Names match as a regular expression, with or without the slash, or as a substring."""
    try:
        expression = re.compile(pattern)
    except re.error:
        return pattern in name
    return expression.search(name) is not None or expression.search(f"/{name}") is not None


def _ancestor(container: Container, value: str, world: World) -> bool:
    image = world.find_image(value)
    return image is not None and image is container.image


def _port(container: Container, value: str, *, published: bool) -> bool:
    number, _, protocol = value.partition("/")
    ports: Mapping[str, object] = container.config.get("ExposedPorts") or {}
    if published:
        ports = container.host_config.get("PortBindings") or {}
    low, _, high = number.partition("-")
    if not low.isdigit():
        raise ApiError(400, f"invalid containerPort: {value}")
    wanted = range(int(low), int(high or low) + 1)
    return any(
        int(port.partition("/")[0]) in wanted and (not protocol or port.endswith(f"/{protocol}")) for port in ports
    )
