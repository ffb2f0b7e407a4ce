"""Images: lists, inspect, history, tags, removal and pulls."""

from __future__ import annotations

import base64
import binascii
import fnmatch
import json
import random
import re
from collections.abc import AsyncIterator, Mapping

from tui.demo import present
from tui.demo.catalogue import digest, kind_of, make_image, normalise
from tui.demo.errors import ApiError
from tui.demo.events import Filters, labels_match
from tui.demo.filters import parse_filters
from tui.demo.http import Request, Response, json_response
from tui.demo.objects import Image, Json
from tui.demo.server import Routes
from tui.demo.world import World

KEYS = frozenset(("dangling", "reference", "label", "before", "since", "until"))
TICK = 0.1
"""Seconds between two rounds of progress lines."""
TICKS = 14
"""Rounds that the largest layer takes to download; a pull takes two to three seconds."""

Parameters = Mapping[str, str]


class ImageApi:
    """The requests below `/images`."""

    def __init__(self, world: World) -> None:
        """Answer about the images of `world`."""
        self.world = world

    def routes(self) -> Routes:
        """What it answers."""
        return [
            ("GET", "/images/json", self.list_images),
            ("POST", "/images/create", self.pull),
            ("GET", "/images/{name*}/json", self.inspect),
            ("GET", "/images/{name*}/history", self.history),
            ("POST", "/images/{name*}/tag", self.tag),
            ("DELETE", "/images/{name*}", self.remove),
        ]

    async def list_images(self, request: Request, parameters: Parameters) -> Response:
        """Images that fit the filters, newest first."""
        filters = parse_filters(request, KEYS)
        found = [image for image in self.world.images if self._fits(image, filters)]
        found.sort(key=lambda image: -image.created)
        references = filters.get("reference", [])
        entries = []
        for image in found:
            entry = present.image_summary(image)
            if references:  # as dockerd: of an image with many tags only those that were asked for
                entry["RepoTags"] = [tag for tag in image.tags if _reference_fits(tag, references)]
            entries.append(entry)
        return json_response(entries)

    def _fits(self, image: Image, filters: Filters) -> bool:
        dangling = [value in ("1", "true") for value in filters.get("dangling", [])]
        if dangling and (not image.tags) not in dangling:
            return False
        references = filters.get("reference", [])
        if references and not any(_reference_fits(tag, references) for tag in image.tags):
            return False
        for key in ("before", "since"):
            for value in filters.get(key, []):
                other = self.world.image(value)
                if (image.created < other.created) != (key == "before") or image is other:
                    return False
        return labels_match(image.labels, filters.get("label", []))

    async def inspect(self, request: Request, parameters: Parameters) -> Response:
        """All about one image."""
        return json_response(present.image_inspect(self.world.image(parameters["name"])))

    async def history(self, request: Request, parameters: Parameters) -> Response:
        """Its layers."""
        return json_response(present.image_history(self.world.image(parameters["name"])))

    async def tag(self, request: Request, parameters: Parameters) -> Response:
        """One more name."""
        image = self.world.image(parameters["name"])
        repository = request.query.get("repo", "")
        if repository != repository.lower():
            raise ApiError(400, f"invalid reference format: repository name (library/{repository}) must be lowercase")
        if not re.fullmatch(r"[a-z0-9][a-z0-9._:/-]*", repository):
            raise ApiError(400, "invalid reference format")
        name = normalise(f"{repository}:{request.query.get('tag') or 'latest'}")
        self._give_tag(image, name)
        self.world.events.image(self.world.now(), image, "tag", name)
        return Response(201)

    def _give_tag(self, image: Image, name: str) -> None:
        for other in self.world.images:
            if name in other.tags and other is not image:
                other.tags.remove(name)
        if name not in image.tags:
            image.tags.append(name)
        image.tagged = self.world.now()

    async def remove(self, request: Request, parameters: Parameters) -> Response:
        """Untag, and delete what no tag holds any more; dockerd's rules for images in use."""
        name, force = parameters["name"], request.flag("force")
        image = self.world.image(name)
        users = self.world.users_of(image)
        running = [container for container in users if container.running or container.state == "restarting"]
        tag = next((tag for tag in image.tags if tag in (name, normalise(name))), None)
        if tag is not None:
            if len(image.tags) == 1 and users and not force:
                raise ApiError(
                    409,
                    f'conflict: unable to remove repository reference "{name}" (must force) - container '
                    f"{users[0].id[:12]} is using its referenced image {image.short}",
                )
            records = self._untag(image, [tag])
            if image.tags or running:
                return json_response(records)
            return json_response(records + self._delete(image))
        conflict = f"conflict: unable to delete {image.short} "
        if running:
            why = f"image is being used by running container {running[0].id[:12]}"
            raise ApiError(409, f"{conflict}(cannot be forced) - {why}")
        if len(image.tags) > 1 and not force:
            raise ApiError(409, f"{conflict}(must be forced) - image is referenced in multiple repositories")
        if users and not force:
            why = f"image is being used by stopped container {users[0].id[:12]}"
            raise ApiError(409, f"{conflict}(must be forced) - {why}")
        return json_response(self._untag(image, list(image.tags)) + self._delete(image))

    def _untag(self, image: Image, tags: list[str]) -> list[Json]:
        records: list[Json] = []
        for tag in tags:
            image.tags.remove(tag)
            records.append({"Untagged": tag})
            self.world.events.image(self.world.now(), image, "untag", image.id)
        if not image.tags:
            records += [{"Untagged": digest} for digest in image.digests]
        return records

    def _delete(self, image: Image) -> list[Json]:
        self.world.images.remove(image)
        self.world.events.image(self.world.now(), image, "delete", image.id)
        return [{"Deleted": image.id}, *({"Deleted": layer} for layer in reversed(image.layers))]

    # Pull

    async def pull(self, request: Request, parameters: Parameters) -> Response:
        """Fetch an image: any name exists, except those with `missing` in them; `private` ones want a login."""
        source, tag = request.query.get("fromImage", ""), request.query.get("tag", "")
        if not source:
            raise ApiError(400, "invalid reference format")
        if tag:
            source = f"{source}@{tag}" if tag.startswith("sha256:") else f"{source}:{tag}"
        name = normalise(source)
        repository = name.partition("@")[0] if "@" in name else name.rpartition(":")[0]
        if repository != repository.lower():
            raise ApiError(400, f"invalid reference format: repository name ({repository}) must be lowercase")
        if "missing" in name:
            raise ApiError(404, f"manifest for {name} not found: manifest unknown: manifest unknown")
        stream = self._pull(name, repository, authorised=_has_login(request))
        return Response(content_type="application/json", stream=stream)

    async def _pull(self, name: str, repository: str, *, authorised: bool) -> AsyncIterator[bytes]:
        tag = name.rpartition(":")[2] if "@" not in name else name.rpartition("@")[2]
        yield _progress(f"Pulling from {repository if '/' in repository else f'library/{repository}'}", tag)
        await self.world.clock.sleep(TICK)
        if "private" in name and not authorised:
            words = (
                f"pull access denied for {repository}, repository does not exist or may require 'docker login': "
                "denied: requested access to the resource is denied: unauthorized: authentication required"
            )
            yield _json_line({"errorDetail": {"message": words}, "error": words})
            return
        present_image = self.world.find_image(name)
        if present_image is None:
            layers = _layers(name)
            async for lines in self._transfer(layers):
                yield lines
            present_image = self._arrive(name, layers)
            outcome = "Downloaded newer image"
        else:
            yield b"".join(_progress("Already exists", layer[7:19]) for layer in present_image.layers)
            outcome = "Image is up to date"
        found = present_image.digests[0].partition("@")[2] if present_image.digests else present_image.id
        yield _progress(f"Digest: {found}")
        yield _progress(f"Status: {outcome} for {name}")
        attributes = {**present_image.labels, "name": repository}
        self.world.events.publish(self.world.now(), "image", "pull", name, attributes)

    async def _transfer(self, layers: list[tuple[str, int]]) -> AsyncIterator[bytes]:
        """Download all layers at once, then unpack them one after the other."""
        yield b"".join(_progress("Pulling fs layer", id) for id, _ in layers)
        largest = max(size for _, size in layers)
        done: set[str] = set()
        for tick in range(1, TICKS + 1):
            await self.world.clock.sleep(TICK)
            lines = []
            for id, size in layers:
                if id in done:
                    continue
                current = min(size, largest * tick // TICKS)
                lines.append(_progress("Downloading", id, current, size))
                if current == size:
                    done.add(id)
                    lines += [_progress("Verifying Checksum", id), _progress("Download complete", id)]
            yield b"".join(lines)
        for id, size in layers:
            for part in (1, 2):
                await self.world.clock.sleep(TICK / 2)
                yield _progress("Extracting", id, size * part // 2, size)
            yield _progress("Pull complete", id)

    def _arrive(self, name: str, layers: list[tuple[str, int]]) -> Image:
        size = sum(size for _, size in layers)
        now = self.world.now()
        config: Json = {"Cmd": ["/app/run"], "Labels": {"org.opencontainers.image.title": name.partition(":")[0]}}
        image = make_image(name, kind_of(name), size, now - 86_400_000_000_000, len(layers), config)
        if "@" in name:
            image.tags, image.digests = [], [name]
        for tag in image.tags:
            self._give_tag(image, tag)
        self.world.images.append(image)
        return image


def _reference_fits(tag: str, patterns: list[str]) -> bool:
    names = (tag, tag.rpartition(":")[0])
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _has_login(request: Request) -> bool:
    """Whether the client sent credentials."""
    try:
        raw = base64.urlsafe_b64decode(request.headers.get("x-registry-auth", "") + "==")
        auth = json.loads(raw or b"{}")
    except (binascii.Error, ValueError) as error:
        raise ApiError(400, f"invalid X-Registry-Auth header: {error}") from None
    return bool(auth.get("username") or auth.get("identitytoken") or auth.get("registrytoken"))


def _layers(name: str) -> list[tuple[str, int]]:
    rng = random.Random(f"layers/{name}")
    return [
        (digest("pull", name, index)[:12], int(rng.uniform(0.02, 60) * (1 << 20))) for index in range(rng.randint(3, 6))
    ]


def _progress(status: str, id: str = "", current: int = 0, total: int = 0) -> bytes:
    line: Json = {"status": status}
    if total:
        bar = "=" * (current * 50 // total)
        line["progressDetail"] = {"current": current, "total": total}
        line["progress"] = f"[{bar + '>':<50.50}] {_size(current):>7}/{_size(total)}"
    elif id and not status.startswith("Pulling from"):
        line["progressDetail"] = {}
    if id:
        line["id"] = id
    return _json_line(line)


def _size(number: int) -> str:
    return f"{number / 1e6:.2f}MB" if number >= 1_000_000 else f"{number / 1e3:.1f}kB"


def _json_line(line: Json) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\r\n"
