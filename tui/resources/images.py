"""Images as rows, and what can be done to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from tui.actions import Action, Danger, Neighbours, Param, ParamKind, Plan, PlanItem, RowKey
from tui.resources.base import Cell, Column, Resource, RowContext, Tone
from tui.resources.format import natural_key, plural, short_id, since_text, size_text
from tui.resources.plans import Selection, command_line, make_plan
from tui.runtime.models import Capability, Container, Image, Progress

KIND = "images"
NO_TAG = "<none>"

COLUMNS = (
    Column("tag", "IMAGE", 20, 36, flex=3, priority=0),
    Column("size", "SIZE", 7, 7, align="right", priority=0),
    Column("created", "CREATED", 7, 7, align="right", priority=1, is_time=True),
    Column("used_by", "USED BY", 7, 7, align="right", priority=2),
    Column("id", "ID", 12, 12, priority=3),
)


def tag_text(image: Image) -> str:
    """The first tag, with ``+2`` for two more; ``<none>`` for an image that nothing names."""
    if not image.tags:
        # A pull by digest leaves a name without a tag: better than nothing.
        return f"{image.digests[0].partition('@')[0]}:{NO_TAG}" if image.digests else NO_TAG
    more = len(image.tags) - 1
    return f"{image.tags[0]} +{more}" if more else image.tags[0]


def image_name(image: Image) -> str:
    """What the user calls it: the first tag, else the short id."""
    return image.tags[0] if image.tags else short_id(image.id)


def users(image: Image, containers: Iterable[Container]) -> list[str]:
    """Names of the containers that were made from the image, running or not."""
    tags = set(image.tags)
    return [
        container.name
        for container in containers
        if (container.image_id == image.id if container.image_id else container.image in tags)
    ]


def cells(image: Image, context: RowContext) -> Sequence[Cell]:
    """One cell per column of `COLUMNS`, in their order."""
    count = context.used_by
    used = Cell("") if count is None else Cell(str(count), Tone.PLAIN if count else Tone.DIM)
    name = Cell(tag_text(image), Tone.PLAIN if image.tags else Tone.DIM)
    if context.in_flight:
        name = Cell(f"{name.text} ({context.in_flight})", Tone.BUSY)
    return (
        name,
        Cell(size_text(image.size)),
        Cell(since_text(image.created, context.now), Tone.DIM),
        used,
        Cell(short_id(image.id), Tone.DIM),
    )


def default_sort(image: Image) -> tuple[bool, Any]:
    """Named ones first, by name in natural order."""
    return not image.tags, natural_key(tag_text(image))


def search_text(image: Image) -> str:
    """What the plain filter looks in: every tag, the digests and the short id."""
    return " ".join((*(image.tags or (tag_text(image),)), *image.digests, short_id(image.id)))


def _plan_remove(selection: Selection, params: Mapping[str, Any], neighbours: Neighbours) -> Plan:
    force, keep_parents = bool(params.get("force", False)), bool(params.get("noprune", False))
    flags = (*(("--force",) if force else ()), *(("--no-prune",) if keep_parents else ()))
    items: list[PlanItem] = []
    for key, image in selection:
        notes: list[str] = []
        names = users(image, neighbours(key.endpoint, "containers"))
        if names:
            shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
            notes.append(f"used by {shown}")
        if len(image.tags) > 1:
            others = f"has {plural(len(image.tags), 'tag')}: {', '.join(image.tags)}"
            notes.append(others if force else f"{others}; the engine refuses, unless force is on")
        effect = "remove, keep parents" if keep_parents else "remove"
        items.append(PlanItem(key, image_name(image), effect, note="; ".join(notes), size=image.size))
    return make_plan(
        "image.remove",
        verb="Remove",
        noun="image",
        danger=Danger.DESTROYS,
        items=items,
        params=params,
        command=(command_line("docker", "rmi", *flags, item.name) for item in items),
    )


async def _remove(runtime: Any, item: PlanItem, params: Mapping[str, Any]) -> str | None:
    removal = await runtime.image_remove(
        item.key.id,
        force=bool(params.get("force", False)),
        prune_parents=not params.get("noprune", False),
    )
    return (
        f"removed {item.name}: {plural(len(removal.untagged), 'name')} untagged, "
        f"{plural(len(removal.deleted), 'layer')} deleted"
    )


def reference_problem(value: object) -> str:
    """Why a text cannot be pulled, or "". Only what no engine could read: the engine knows references better."""
    if not isinstance(value, str) or not value.strip():
        return "name an image: nginx, nginx:1.27, registry:5000/team/app"
    if any(char.isspace() or not char.isprintable() for char in value.strip()):
        return "an image's name has no spaces or control characters"
    if value.strip().startswith("-"):
        return "an image's name does not begin with a dash"
    return ""


def _plan_pull(selection: Selection, params: Mapping[str, Any], neighbours: Neighbours) -> Plan:
    """One pull per engine of the selection, whose keys name engines and no rows."""
    reference = str(params.get("reference", "")).strip()
    endpoints = dict.fromkeys(key.endpoint for key, _ in selection)
    return make_plan(
        "image.pull",
        verb="Pull",
        noun="image",
        danger=Danger.NONE,
        items=(PlanItem(RowKey(endpoint, KIND, reference), reference, "pull") for endpoint in endpoints),
        params=params,
        command=(command_line("docker", "pull", reference),),
    )


def _pull(
    runtime: Any, item: PlanItem, params: Mapping[str, Any]
) -> AbstractAsyncContextManager[AsyncIterator[Progress]]:
    stream: AbstractAsyncContextManager[AsyncIterator[Progress]] = runtime.image_pull(item.key.id)
    return stream


REMOVE = Action(
    id="image.remove",
    kind=KIND,
    title="remove",
    keys=("d",),
    help="Remove images, after showing which containers use them.",
    mutates=True,
    plan=_plan_remove,
    run=_remove,
    doing="removing",
    done="removed",
    danger=Danger.DESTROYS,
    params=(
        Param("force", "Force: also with several tags, or used by stopped containers", ParamKind.FLAG, False),
        Param("noprune", "Keep untagged parents", ParamKind.FLAG, False),
    ),
)
PULL = Action(
    id="image.pull",
    kind="",
    title="pull",
    keys=("P",),
    help="Pull an image by name; it goes on in the background.",
    mutates=True,
    plan=_plan_pull,
    stream=_pull,
    doing="pulling",
    done="pulled",
    needs=Capability.IMAGE_PULL,
    params=(Param("reference", "Image", ask=True, validate=reference_problem),),
)

RESOURCE = Resource(
    kind=KIND,
    title="Images",
    singular="image",
    columns=COLUMNS,
    cells=cells,
    default_sort=default_sort,
    name=image_name,
    search_text=search_text,
    actions=(REMOVE,),
    empty="No images. Press P to pull one.",
    sort_keys={
        "tag": lambda image, _: default_sort(image),
        "id": lambda image, _: image.id,
        "size": lambda image, _: image.size,
        "created": lambda image, _: image.created.timestamp() if image.created else 0.0,
        "used_by": lambda _, context: -1 if context.used_by is None else context.used_by,
    },
    tabs=("details", "inspect"),
    attributes={
        "name": lambda image: image.tags,
        "image": lambda image: image.tags,
        "label": lambda image: tuple(f"{key}={value}" for key, value in image.labels.items()),
        "id": lambda image: (str(image.id),),
    },
    users=lambda container: (container.image_id,) if container.image_id else (),
)
