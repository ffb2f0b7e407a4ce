"""Files of containers: as tar archives in and out, all of them at once, and kept as an image."""

from __future__ import annotations

import base64
import io
import json
import posixpath
import tarfile
from collections.abc import AsyncIterator, Mapping

from tui.demo.catalogue import make_image, normalise
from tui.demo.clock import SECOND, rfc3339
from tui.demo.errors import ApiError
from tui.demo.http import Request, Response, json_response
from tui.demo.objects import Container, Image, Json
from tui.demo.server import Routes
from tui.demo.shell_fs import FileSystem, file_system_of
from tui.demo.world import World

PIECE = 32 << 10
"""Bytes of an archive that are sent at once."""
GO_DIR = 1 << 31
"""Go's mark of a directory among the bits of a mode."""

Parameters = Mapping[str, str]


class ArchiveApi:
    """Archives, export and commit."""

    def __init__(self, world: World) -> None:
        """Answer about the containers of `world`."""
        self.world = world

    def routes(self) -> Routes:
        """What it answers."""
        return [
            ("GET", "/containers/{id}/archive", self.pack),
            ("PUT", "/containers/{id}/archive", self.unpack),
            ("GET", "/containers/{id}/export", self.export),
            ("POST", "/commit", self.commit),
        ]

    async def pack(self, request: Request, parameters: Parameters) -> Response:
        """A file or a directory."""
        container, files, path = self._find(request, parameters)
        if not files.exists(path):
            raise ApiError(404, f"Could not find the file {request.query['path']} in container {parameters['id']}")
        folder = path in files.folders
        stat = {
            "name": posixpath.basename(path) or "/",
            "size": 4096 if folder else len(files.files[path]),
            "mode": (GO_DIR | 0o755) if folder else 0o644,
            "mtime": rfc3339(container.created // SECOND * SECOND),
            "linkTarget": "",
        }
        self._event(container, "archive-path")
        head = base64.b64encode(json.dumps(stat).encode()).decode()
        top = posixpath.basename(path)
        inside = [p for p in files.paths() if p == path or p.startswith(path.rstrip("/") + "/")]
        named = [(posixpath.join(top, posixpath.relpath(p, path)) if p != path else top or "/", p) for p in inside]
        return Response(
            content_type="application/x-tar",
            stream=_pieces(_archive(container, files, named)),
            headers={"X-Docker-Container-Path-Stat": head},
        )

    async def unpack(self, request: Request, parameters: Parameters) -> Response:
        """Put files into a directory."""
        container, files, path = self._find(request, parameters)
        if not files.exists(path):
            raise ApiError(404, f"Could not find the file {request.query['path']} in container {parameters['id']}")
        if path not in files.folders:
            raise ApiError(400, "extraction point is not a directory")
        if container.host_config.get("ReadonlyRootfs"):
            raise ApiError(403, "container rootfs is marked read-only")
        try:
            with tarfile.open(fileobj=io.BytesIO(request.body)) as archive:
                for entry in archive:
                    target = files.resolve(entry.name, path)
                    if request.flag("noOverwriteDirNonDir") and entry.isdir() != (target in files.folders):
                        _check_kind(files, target, folder=entry.isdir())
                    content = archive.extractfile(entry)
                    files.put(target, content.read() if content is not None else None)
        except tarfile.TarError:
            raise ApiError(500, "archive/tar: invalid tar header") from None
        self._event(container, "extract-to-dir")
        return Response(200)

    async def export(self, request: Request, parameters: Parameters) -> Response:
        """Everything that is not mounted."""
        container = self.world.container(parameters["id"])
        files = file_system_of(container)
        mounted = [mount["Destination"].rstrip("/") + "/" for mount in container.mounts]
        named = [
            (path.lstrip("/"), path)
            for path in files.paths()
            if path != "/" and not any(path.startswith(below) for below in mounted)
        ]
        self._event(container, "export")
        return Response(content_type="application/octet-stream", stream=_pieces(_archive(container, files, named)))

    async def commit(self, request: Request, parameters: Parameters) -> Response:
        """A new image of a container."""
        container = self.world.container(request.query.get("container", ""))
        config = dict(container.config)
        for line in filter(None, request.query.get("changes", "").split("\n")):
            _change(config, line)
        name = ""
        if repository := request.query.get("repo", ""):
            name = normalise(f"{repository}:{request.query.get('tag') or 'latest'}")
        image = self._image(container, config, name)
        image.author = request.query.get("author", "")
        comment = request.query.get("comment", "")
        self._event(container, "commit", comment=comment, imageID=image.id, imageRef=name)
        if name:
            self.world.events.image(self.world.now(), image, "tag", name)
        return json_response({"Id": image.id}, 201)

    def _image(self, container: Container, config: Json, name: str) -> Image:
        source = container.image
        size = source.size + container.size_rw
        image = make_image(
            name, source.kind, size, self.world.now(), len(source.layers) + 1, config, salt=self.world.new_id()
        )
        image.config = config
        image.digests.clear()
        for other in self.world.images:
            if name in other.tags:
                other.tags.remove(name)
        self.world.images.append(image)
        return image

    def _find(self, request: Request, parameters: Parameters) -> tuple[Container, FileSystem, str]:
        container = self.world.container(parameters["id"])
        if not request.query.get("path"):
            raise ApiError(400, "bad parameter: 'path' cannot be empty")
        files = file_system_of(container)
        return container, files, files.resolve(request.query["path"], "/")

    def _event(self, container: Container, action: str, **more: str) -> None:
        self.world.events.container(self.world.now(), container, action, **more)


def _archive(container: Container, files: FileSystem, named: list[tuple[str, str]]) -> bytes:
    """A tar archive of paths, each under another name."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, path in named:
            entry = tarfile.TarInfo(name)
            entry.mtime = container.created // SECOND
            if path in files.folders:
                entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(entry)
            else:
                entry.size = len(files.files[path])
                archive.addfile(entry, io.BytesIO(files.files[path]))
    return whole.getvalue()


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), PIECE):
        yield data[start : start + PIECE]


def _check_kind(files: FileSystem, target: str, *, folder: bool) -> None:
    if not folder and target in files.folders:
        raise ApiError(400, f'cannot overwrite directory "{target}" with non-directory "{target}"')
    if folder and target in files.files:
        raise ApiError(400, f'cannot overwrite non-directory "{target}" with directory "{target}"')


def _change(config: Json, line: str) -> None:
    """Apply a line of a Dockerfile.

    Raises:
        ApiError: 400 for what cannot be changed so.
    """
    word, _, rest = line.strip().partition(" ")
    match word.upper():
        case "CMD" | "ENTRYPOINT":
            try:
                words = json.loads(rest)
            except ValueError:
                words = ["/bin/sh", "-c", rest]
            config["Cmd" if word.upper() == "CMD" else "Entrypoint"] = words
        case "ENV":
            key = rest.partition("=")[0]
            kept = [entry for entry in config.get("Env") or [] if entry.partition("=")[0] != key]
            config["Env"] = [*kept, rest]
        case "LABEL":
            key, _, value = rest.partition("=")
            config["Labels"] = {**(config.get("Labels") or {}), key: value.strip('"')}
        case "USER":
            config["User"] = rest
        case "WORKDIR":
            config["WorkingDir"] = rest
        case _:
            raise ApiError(400, f"{word} is not a valid change command")
