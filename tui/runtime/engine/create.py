"""Containers: made, run, run to their end, changed, kept as an image.

The classes of its values are imported where they are used, as in `tui.runtime.engine.volumes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.runtime.engine.base import path_of
from tui.runtime.engine.containers import SIZE_TIMEOUT, START_TIMEOUT, Containers
from tui.runtime.engine.faults import translate
from tui.runtime.engine.networks import Networks
from tui.runtime.engine.refusals import by_words
from tui.runtime.engine.transport import Request
from tui.runtime.errors import InvalidRequest, NotFound, ProtocolViolation, RuntimeFault, StreamBroken, WaitTimeout
from tui.runtime.models import Capability, ContainerId, ImageId
from tui.runtime.options import NAME, RestartPolicy
from tui.runtime.wire.frames import FrameDecoder
from tui.runtime.wire.reference import parse_reference
from tui.runtime.wire.values import expect_object, text, texts

if TYPE_CHECKING:
    from tui.runtime.container_config import ContainerConfig
    from tui.runtime.limits import Limits
    from tui.runtime.models_results import RunResult

MANY_NETWORKS = (1, 44)
"""From this version on a new container can be put on several networks at once."""
COMMIT_TIMEOUT = 600.0
"""Seconds: the engine copies all that the container has written."""


class Creation(Networks, Containers):
    """The part of `tui.runtime.protocol_containers.CreateOps` that makes and changes containers."""

    async def container_create(self, config: ContainerConfig, *, name: str | None = None) -> ContainerId:
        """Make a container, and do not start it."""
        return await self._create("container_create", config, name)

    async def container_run(self, config: ContainerConfig, *, name: str | None = None) -> ContainerId:
        """Make a container and start it; one that does not start is removed again."""
        return await self._run("container_run", config, name)

    async def container_run_to_end(
        self,
        config: ContainerConfig,
        *,
        name: str | None = None,
        remove: bool = False,
        timeout: float | None = None,
        limit: int = 1 << 20,
    ) -> RunResult:
        """Make a container, start it, wait for its end; what it wrote and its exit code."""
        from tui.runtime.models_results import RunResult

        operation = "container_run_to_end"
        if config.auto_remove or config.restart_policy is not RestartPolicy.NO:
            what = "auto_remove" if config.auto_remove else f"the restart policy {config.restart_policy}"
            raise InvalidRequest(
                f"{what} leaves no end to look at", operation=operation, target=name or config.image,
                hint="With remove=True it is removed once its output has been read.",
            )  # fmt: skip
        id = await self._run(operation, config, name)
        try:
            try:
                async with asyncio.timeout(timeout):
                    code = await self.container_wait(id)
            except TimeoutError as exc:
                raise WaitTimeout(f"it still runs after {timeout:g} s", operation=operation, target=name or id) from exc
            stdout, stderr = await self._output(operation, id, config.tty, limit)
        except BaseException as exc:
            if remove:
                await self._discard(id, exc)
            raise
        if remove:
            await self._discard(id)
        return RunResult(id, code, stdout, stderr, removed=remove)

    async def container_update(
        self,
        id: str,
        *,
        limits: Limits | None = None,
        restart_policy: RestartPolicy | str | None = None,
        restart_retries: int = 0,
    ) -> tuple[str, ...]:
        """Change limits and the restart policy of a container, running or not; the engine's warnings."""
        operation = "container_update"
        self._require(Capability.UPDATE, operation, id)
        with translate(operation, id, self._transport.endpoint):
            body = _update_body(limits, restart_policy, restart_retries)
        path = path_of(operation, "containers", id, "/update")
        answer = await self._transport.json(Request(operation, "POST", path, body=body, target=id))
        with translate(operation, id, self._transport.endpoint):
            return texts(expect_object(answer), "Warnings")

    async def container_commit(
        self,
        id: str,
        *,
        reference: str = "",
        comment: str = "",
        author: str = "",
        pause: bool = True,
        changes: Sequence[str] = (),
    ) -> ImageId:
        """Keep a container's file system as an image."""
        operation = "container_commit"
        with translate(operation, id, self._transport.endpoint):
            wanted = parse_reference(reference) if reference else None
            if wanted is not None and wanted.digest:
                raise InvalidRequest(f"an image cannot be given a digest: {reference}")
            if isinstance(changes, str) or any("\n" in line for line in changes):
                raise InvalidRequest("changes are a list of single Dockerfile lines")
        path_of(operation, "containers", id)  # only checks it
        query = {
            "container": id,
            "repo": wanted.name if wanted else None,
            "tag": (wanted.tag or "latest") if wanted else None,
            "comment": comment or None,
            "author": author or None,
            "pause": pause,
            "changes": "\n".join(changes) or None,
        }
        # Podman wants a body, even an empty one.
        request = Request(operation, "POST", "/commit", query=query, body={}, target=id)
        with by_words(operation, id):
            answer = await self._transport.json(request, timeout=COMMIT_TIMEOUT)
        with translate(operation, id, self._transport.endpoint):
            # Podman leaves the algorithm out.
            return ImageId(f"sha256:{_id(answer).removeprefix('sha256:')}")

    # --- inside ---------------------------------------------------------------------------------------------

    async def _create(self, operation: str, config: ContainerConfig, name: str | None) -> ContainerId:
        if name is not None and not NAME.fullmatch(name):
            raise InvalidRequest(
                f"not a container name: {name!r}", operation=operation, target=name,
                hint="Letters, digits, and after the first of them also _ . and -",
            )  # fmt: skip
        from tui.runtime.wire.encode_containers import container_body

        for network in config.networks:
            # dockerd takes any name, and fails when the container is started.
            await self._network(operation, network.name)
        at_once = None if self._api >= MANY_NETWORKS else 1
        body = container_body(config, networks=at_once)
        target = name or config.image
        request = Request(operation, "POST", "/containers/create", query={"name": name}, body=body, target=target)
        with by_words(operation, target):
            answer = await self._transport.json(request, timeout=START_TIMEOUT)
        with translate(operation, target, self._transport.endpoint):
            id = ContainerId(_id(answer))
        if at_once is not None:
            try:
                for network in config.networks[at_once:]:
                    await self.network_connect(
                        network.name, id, aliases=network.aliases, ip=network.ip, ipv6=network.ipv6
                    )
            except BaseException as exc:
                await self._discard(id, exc)
                raise
        return id

    async def _run(self, operation: str, config: ContainerConfig, name: str | None) -> ContainerId:
        id = await self._create(operation, config, name)
        try:
            await self.container_start(id)
        except BaseException as exc:
            await self._discard(id, exc)
            if isinstance(exc, RuntimeFault):
                # The caller knows of no container with that id.
                exc.operation, exc.target = operation, name or config.image
            raise
        return id

    async def _discard(self, id: str, cause: BaseException | None = None) -> None:
        """Remove what was made for an operation that is done with it, or has failed with `cause`."""
        try:
            await self.container_remove(id, force=True, volumes=True)
        except NotFound:
            return  # --rm was faster
        except RuntimeFault as exc:
            if cause is None:
                raise
            cause.add_note(f"The new container {id[:12]} could not be removed: {exc}")

    async def _output(self, operation: str, id: str, tty: bool, limit: int) -> tuple[bytes, bytes]:
        """All that a container wrote, at most `limit` bytes of each stream."""
        kept = {"stdout": bytearray(), "stderr": bytearray()}
        frames = FrameDecoder()
        path = path_of(operation, "containers", id, "/logs")
        stream = self._stream(
            operation, path, {"stdout": True, "stderr": True, "tail": "all"}, target=id, head_timeout=SIZE_TIMEOUT
        )
        async with stream:
            while data := await stream.read():
                with translate(operation, id, self._transport.endpoint):
                    for name, payload in [("stdout", data)] if tty else frames.feed(data):
                        if name == "error":
                            raise StreamBroken(payload.decode("utf-8", "replace").strip())
                        if (room := limit - len(kept[name])) > 0:
                            kept[name] += payload[:room]
        with translate(operation, id, self._transport.endpoint):
            frames.finish()
        return bytes(kept["stdout"]), bytes(kept["stderr"])


def _update_body(limits: Limits | None, policy: RestartPolicy | str | None, retries: int) -> dict[str, object]:
    from tui.runtime.limits import restart_policy

    body: dict[str, object] = dict(limits.host_config()) if limits is not None else {}
    if not body and policy is None:
        raise InvalidRequest("nothing to change")
    if policy is not None:
        body["RestartPolicy"] = restart_policy(policy, retries)
    elif retries:
        raise InvalidRequest("a number of retries without a restart policy")
    return body


def _id(answer: object) -> str:
    id = text(expect_object(answer), "Id")
    if not id:
        raise ProtocolViolation("the engine gave it no id")
    return id
