"""Volumes.

The classes of its values are imported where they are used: making them takes 10 ms, and the start of an application
needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.runtime.engine.base import EngineBase, filters_json, path_of
from tui.runtime.engine.containers import Containers
from tui.runtime.engine.faults import translate
from tui.runtime.engine.refusals import by_words
from tui.runtime.engine.system import USAGE_TIMEOUT
from tui.runtime.engine.transport import Request
from tui.runtime.errors import Conflict, InvalidRequest, NotFound
from tui.runtime.filters import Filters
from tui.runtime.models import Container
from tui.runtime.options import NAME
from tui.runtime.wire.values import expect_object, expect_objects, number, texts

if TYPE_CHECKING:
    from tui.runtime.models_networks import Volume, VolumeDetail
    from tui.runtime.models_results import PruneResult

CHANGE_TIMEOUT = 60.0
"""Seconds: a driver may have to reach a file server."""
PRUNE_TIMEOUT = 300.0
"""Seconds: the engine measures and deletes every one."""


class Volumes(Containers, EngineBase):
    """`tui.runtime.protocol_networks.VolumeOps`."""

    async def volume_list(self, *, size: bool = False, filters: Filters | None = None) -> list[Volume]:
        """Volumes, by name."""
        from tui.runtime.wire import decode_networks

        answer = await self._get("volume_list", "/volumes", {"filters": filters_json(filters)})
        with translate("volume_list", "", self._transport.endpoint):
            found = [decode_networks.volume(raw) for raw in expect_objects(expect_object(answer).get("Volumes"))]
        if size:
            measured = {volume.name: volume for volume in await self._measured("volume_list")}
            found = [
                replace(volume, size=known.size, references=known.references)
                if (known := measured.get(volume.name)) is not None
                else volume
                for volume in found
            ]
        return sorted(found, key=lambda volume: volume.name)

    async def volume_inspect(self, name: str) -> VolumeDetail:
        """Everything about one volume."""
        return await self._volume("volume_inspect", name)

    async def volume_create(
        self,
        name: str = "",
        *,
        driver: str = "local",
        options: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> Volume:
        """Make a volume, or find that it is there."""
        from tui.runtime.wire import decode_networks

        if name and not NAME.fullmatch(name):
            raise InvalidRequest(f"not the name of a volume: {name!r}", operation="volume_create", target=name)
        wanted = dict(labels or {})
        body = {"Name": name, "Driver": driver, "DriverOpts": dict(options or {}), "Labels": wanted}
        request = Request("volume_create", "POST", "/volumes/create", body=body, target=name)
        try:
            with by_words("volume_create", name):
                answer = await self._transport.json(request, timeout=CHANGE_TIMEOUT)
        except Conflict:
            # Podman; dockerd only when the driver is another.
            made: Volume = await self._volume("volume_create", name)
        else:
            with translate("volume_create", name, self._transport.endpoint):
                made = decode_networks.volume(expect_object(answer))
        # dockerd answers with the volume that is there, whatever its labels.
        check_same("volume_create", "a volume", name, (driver, wanted), (made.driver, made.labels))
        return made

    async def volume_remove(self, name: str, *, force: bool = False) -> None:
        """Remove; a missing one is success."""
        path = path_of("volume_remove", "volumes", name)
        request = Request("volume_remove", "DELETE", path, query={"force": force or None}, target=name)
        try:
            with by_words("volume_remove", name):
                await self._transport.request(request, timeout=CHANGE_TIMEOUT)
        except NotFound:
            return

    async def volume_prune(self, *, all: bool = False, filters: Filters | None = None) -> PruneResult:
        """Remove what no container uses."""
        from tui.runtime.models_results import PruneResult

        named_too = self._dialect.prunes_named_volumes(self._api)
        if named_too and not all:
            return await self._prune_anonymous(filters)
        asked = _copy(filters)
        if all and not named_too:
            asked.add("all", "true")
        request = Request("volume_prune", "POST", "/volumes/prune", query={"filters": filters_json(asked)})
        answer = await self._transport.json(request, timeout=PRUNE_TIMEOUT)
        with translate("volume_prune", "", self._transport.endpoint):
            raw = expect_object(answer)
            return PruneResult(texts(raw, "VolumesDeleted"), number(raw, "SpaceReclaimed"))

    async def volume_usage(self, name: str) -> list[Container]:
        """The containers that have it mounted."""
        volume = await self._volume("volume_usage", name)
        # The engine's filter takes destinations for names too.
        rows = await self.container_list(all=True, filters=Filters(volume=volume.name))
        return [row for row in rows if await self._mounts(row, volume.name)]

    async def _mounts(self, row: Container, name: str) -> bool:
        """Whether a container that the filter let through has the volume: not every engine's list tells."""
        if row.mounts:
            return name in row.mounts
        return any(mount.name == name for mount in (await self.container_inspect(row.id)).mounts)

    async def _volume(self, operation: str, name: str) -> VolumeDetail:
        """An inspect on behalf of another operation."""
        from tui.runtime.wire import decode_networks

        answer = await self._get(operation, path_of(operation, "volumes", name), target=name)
        with translate(operation, name, self._transport.endpoint):
            return decode_networks.volume_detail(expect_object(answer))

    async def _prune_anonymous(self, filters: Filters | None) -> PruneResult:
        """The newer engines' prune, one by one: what comes into use meanwhile is refused and stays."""
        from tui.runtime.models_results import PruneResult

        asked = _copy(filters)
        unused = await self.volume_list(filters=asked.add("dangling", "true"))
        candidates = [volume.name for volume in unused if volume.anonymous]
        if not candidates:
            return PruneResult()
        sizes = {volume.name: volume.size or 0 for volume in await self._measured("volume_prune")}
        removed = []
        for name in candidates:
            try:
                await self.volume_remove(name)
            except Conflict:
                continue
            removed.append(name)
        return PruneResult(tuple(removed), sum(sizes.get(name, 0) for name in removed))

    async def _measured(self, operation: str) -> list[Volume]:
        """All volumes with their sizes."""
        from tui.runtime.wire import decode_networks

        answer = await self._get(operation, "/system/df", {"type": "volume"}, timeout=USAGE_TIMEOUT)
        with translate(operation, "", self._transport.endpoint):
            return [decode_networks.volume(raw) for raw in expect_objects(expect_object(answer).get("Volumes"))]


def _copy(filters: Filters | None) -> Filters:
    """Filters of our own to add to: the caller's stay as they are."""
    return Filters(**{key: filters.get(key) for key in filters}) if filters else Filters()


def check_same(
    operation: str,
    what: str,
    name: str,
    wanted: tuple[str, Mapping[str, str]],
    found: tuple[str, Mapping[str, str]],
) -> None:
    """Accept an object that was there before: the driver asked for, and at least the labels asked for.

    Raises:
        Conflict: saying what is different.
    """
    (driver, labels), (its_driver, its_labels) = wanted, found
    if driver != its_driver:
        raise Conflict(f"there is {what} of this name with the driver {its_driver}", operation=operation, target=name)
    missing = [f"{key}={value}" for key, value in labels.items() if its_labels.get(key) != value]
    if missing:
        raise Conflict(
            f"there is {what} of this name without the label {', '.join(missing)}", operation=operation, target=name
        )
