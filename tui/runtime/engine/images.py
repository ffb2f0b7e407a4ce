"""Images: list, inspect, history, pull, remove."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager

from tui.runtime.engine.base import EngineBase, filters_json, path_of
from tui.runtime.engine.faults import translate
from tui.runtime.engine.pull import NAME_CHARACTERS, Pull
from tui.runtime.engine.transport import Request
from tui.runtime.filters import Filters
from tui.runtime.models import Image, ImageDetail, ImageHistoryItem, ImageRemoval, Progress
from tui.runtime.wire import decode_images
from tui.runtime.wire.reference import parse_reference
from tui.runtime.wire.values import expect_object, expect_objects

REMOVE_TIMEOUT = 120.0
"""Seconds: deleting the layers of a 10 GB image takes most of a minute on a slow disk."""


class Images(EngineBase):
    """`tui.runtime.protocol.ImageOps`."""

    async def image_list(self, *, all: bool = False, filters: Filters | None = None) -> list[Image]:
        """Images; with `all` the intermediate ones too."""
        query = {"all": all or None, "filters": filters_json(filters)}
        answer = await self._get("image_list", "/images/json", query)
        with translate("image_list", "", self._transport.endpoint):
            return [decode_images.image(raw) for raw in expect_objects(answer)]

    async def image_inspect(self, id: str) -> ImageDetail:
        """Everything about one image."""
        path = path_of("image_inspect", "images", id, "/json", keep=NAME_CHARACTERS)
        answer = await self._get("image_inspect", path, target=id)
        with translate("image_inspect", id, self._transport.endpoint):
            return decode_images.image_detail(expect_object(answer))

    async def image_history(self, id: str) -> list[ImageHistoryItem]:
        """How it was made, newest step first."""
        path = path_of("image_history", "images", id, "/history", keep=NAME_CHARACTERS)
        answer = await self._get("image_history", path, target=id)
        with translate("image_history", id, self._transport.endpoint):
            return [self._dialect.history_item(raw) for raw in expect_objects(answer)]

    def image_pull(
        self, reference: str, *, platform: str = "", auth: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[AsyncIterator[Progress]]:
        """Pull by reference, as a stream of progress."""
        with translate("image_pull", reference, self._transport.endpoint):
            wanted = parse_reference(reference)
        return Pull(self._transport, self._dialect, wanted, target=reference, platform=platform, auth=auth)

    async def image_remove(self, id: str, *, force: bool = False, prune_parents: bool = True) -> ImageRemoval:
        """Untag, and delete what nothing names any more."""
        path = path_of("image_remove", "images", id, keep=NAME_CHARACTERS)
        query = {"force": force or None, "noprune": None if prune_parents else True}
        request = Request("image_remove", "DELETE", path, query=query, target=id)
        answer = await self._transport.json(request, timeout=REMOVE_TIMEOUT)
        with translate("image_remove", id, self._transport.endpoint):
            return decode_images.removal(expect_objects(answer))
