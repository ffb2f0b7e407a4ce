"""The kinds of resource the store follows, each with how to list it and which events touch it.

The store is generic over `KindSpec`: a new kind is one spec here, and nothing in the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tui.runtime.filters import Filters
from tui.runtime.models import Capability, EventType
from tui.runtime.protocol import Runtime


@dataclass(frozen=True, slots=True)
class KindSpec:
    """How one kind of resource is listed and kept current.

    Attributes:
        name: Its name, in the plural, as panes and commands use it.
        list: Lists every object of the kind.
        key: The id of an object.
        events: The event types that make a refresh necessary.
        ignored_actions: Actions of these events that never change a list row.
        list_by_ids: Lists just these ids in one request; None where the engine cannot (then one debounced list).
        inspect: Everything about one object; None where there is nothing more than the row.
        removed_by: Actions of these events that mean that the object is gone.
        needs: The capability without which the kind does not exist on an engine.
    """

    name: str
    list: Callable[[Runtime], Awaitable[Sequence[Any]]]
    key: Callable[[Any], str]
    events: frozenset[EventType]
    ignored_actions: frozenset[str] = frozenset()
    list_by_ids: Callable[[Runtime, Iterable[str]], Awaitable[Sequence[Any]]] | None = None
    inspect: Callable[[Runtime, str], Awaitable[Any]] | None = None
    removed_by: frozenset[str] = frozenset({"destroy"})
    needs: Capability | None = None


# Health checks make three exec_* events each: on 100 containers with a 5 s interval that is 60 events/s that
# change no row.
EXEC_ACTIONS = frozenset({"exec_create", "exec_start", "exec_die", "exec_detach"})
QUIET_CONTAINER_ACTIONS = EXEC_ACTIONS | frozenset(
    {"top", "attach", "detach", "resize", "copy", "export", "archive-path", "extract-to-dir", "commit"}
)


async def _containers(runtime: Runtime) -> Sequence[Any]:
    return await runtime.container_list(all=True)


async def _containers_by_id(runtime: Runtime, ids: Iterable[str]) -> Sequence[Any]:
    return await runtime.container_list(all=True, filters=Filters(id=sorted(ids)))


async def _images(runtime: Runtime) -> Sequence[Any]:
    return await runtime.image_list()


async def _container(runtime: Runtime, id: str) -> Any:
    return await runtime.container_inspect(id)


async def _image(runtime: Runtime, id: str) -> Any:
    return await runtime.image_inspect(id)


CONTAINERS = KindSpec(
    name="containers",
    list=_containers,
    list_by_ids=_containers_by_id,
    inspect=_container,
    key=lambda container: str(container.id),
    events=frozenset({EventType.CONTAINER}),
    ignored_actions=QUIET_CONTAINER_ACTIONS,
)
IMAGES = KindSpec(
    name="images",
    list=_images,
    inspect=_image,
    key=lambda image: str(image.id),
    events=frozenset({EventType.IMAGE}),
    ignored_actions=frozenset({"push", "save"}),
    removed_by=frozenset({"delete"}),
)

KINDS: tuple[KindSpec, ...] = (CONTAINERS, IMAGES)
