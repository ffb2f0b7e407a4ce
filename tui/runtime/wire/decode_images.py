"""Images and the progress of pulling them from the Engine API's JSON."""

from __future__ import annotations

from collections.abc import Iterable

from tui.runtime.models import Image, ImageDetail, ImageHistoryItem, ImageId, ImageRemoval, Progress
from tui.runtime.wire.times import from_unix, parse_time
from tui.runtime.wire.values import Raw, inner, known, labels, number, text, texts

_NO_TAG = "<none>:<none>"
_NO_DIGEST = "<none>@<none>"


def image(raw: Raw) -> Image:
    """One row of ``GET /images/json``."""
    return Image(
        id=ImageId(text(raw, "Id")),
        tags=_named(raw, "RepoTags", _NO_TAG),
        digests=_named(raw, "RepoDigests", _NO_DIGEST),
        created=from_unix(raw.get("Created")),
        size=number(raw, "Size"),
        shared_size=known(raw, "SharedSize"),
        labels=labels(raw, "Labels"),
        parent_id=ImageId(text(raw, "ParentId")),
    )


def image_detail(raw: Raw) -> ImageDetail:
    """The answer of ``GET /images/{name}/json``."""
    config = inner(raw, "Config")
    return ImageDetail(
        id=ImageId(text(raw, "Id")),
        tags=_named(raw, "RepoTags", _NO_TAG),
        digests=_named(raw, "RepoDigests", _NO_DIGEST),
        created=parse_time(raw.get("Created")),
        size=number(raw, "Size"),
        architecture=text(raw, "Architecture"),
        os=text(raw, "Os"),
        author=text(raw, "Author"),
        entrypoint=texts(config, "Entrypoint"),
        command=texts(config, "Cmd"),
        env=texts(config, "Env"),
        working_dir=text(config, "WorkingDir"),
        user=text(config, "User"),
        exposed_ports=tuple(inner(config, "ExposedPorts")),
        volumes=tuple(inner(config, "Volumes")),
        labels=labels(config, "Labels"),
        layers=texts(inner(raw, "RootFS"), "Layers"),
        raw=raw,
    )


def history_item(raw: Raw) -> ImageHistoryItem:
    """One step of ``GET /images/{name}/history``."""
    return ImageHistoryItem(
        id=text(raw, "Id").removeprefix("<missing>"),
        created=from_unix(raw.get("Created")),
        created_by=text(raw, "CreatedBy"),
        size=number(raw, "Size"),
        tags=_named(raw, "Tags", _NO_TAG),
        comment=text(raw, "Comment"),
    )


def removal(raws: Iterable[Raw]) -> ImageRemoval:
    """The answer of ``DELETE /images/{name}``."""
    untagged: list[str] = []
    deleted: list[str] = []
    for raw in raws:
        if name := text(raw, "Untagged"):
            untagged.append(name)
        if name := text(raw, "Deleted"):
            deleted.append(name)
    return ImageRemoval(tuple(untagged), tuple(deleted))


def progress(raw: Raw) -> Progress:
    """One message of ``POST /images/create``."""
    detail = inner(raw, "progressDetail")
    status = text(raw, "status") or text(raw, "stream").strip()
    return Progress(
        # The first message carries the tag where all others carry a layer's id.
        id="" if status.startswith("Pulling from ") else text(raw, "id"),
        status=status,
        current=known(detail, "current"),
        total=known(detail, "total"),
    )


def _named(raw: Raw, key: str, nothing: str) -> tuple[str, ...]:
    return tuple(name for name in texts(raw, key) if name != nothing)
