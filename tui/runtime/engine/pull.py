"""Pulling an image: credentials, progress, and the errors that come inside the stream."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from types import TracebackType

from tui.runtime.engine.credentials import credentials_for
from tui.runtime.engine.decoded import DecodedStream
from tui.runtime.engine.dialect import Dialect
from tui.runtime.engine.faults import translate
from tui.runtime.engine.transport import Request, Transport, segment
from tui.runtime.errors import ApiError, NotFound, OperationFailed, RateLimited, RuntimeFault, Unauthorized
from tui.runtime.models import ImageId, Progress
from tui.runtime.wire.decode_images import image_detail, progress
from tui.runtime.wire.jsonlines import JsonMessages
from tui.runtime.wire.reference import Reference
from tui.runtime.wire.values import Raw, expect_object, inner, text

NAME_CHARACTERS = "/:@"
"""What an image name may hold besides letters and digits; engines route on the rest of the path."""

_LOGIN = "Log in to the registry (docker login {domain}), or check the name: private images look missing without it."
_LIMITED = "The registry's pull limit is reached. Log in to raise it, or try again later."
_MISSING = "Check the name and the tag."

# Registries and engines word these in many ways, and inside the stream no status comes with them.
_UNAUTHORIZED = ("unauthorized", "authentication required", "no basic auth credentials", "access denied", "denied:")
_LIMITS = ("toomanyrequests", "rate limit", "too many requests")
_NOT_FOUND = ("not found", "manifest unknown", "does not exist", "no such image")


class Pull:
    """The stream of one pull. Credentials are looked up on entering, off the event loop."""

    def __init__(
        self,
        transport: Transport,
        dialect: Dialect,
        reference: Reference,
        *,
        target: str,
        platform: str,
        auth: Mapping[str, str] | None,
    ) -> None:
        """Nothing is asked yet."""
        self._transport = transport
        self._dialect = dialect
        self._reference = reference
        self._target = target
        self._platform = platform
        self._auth = auth
        self._messages = JsonMessages()
        self._progress: DecodedStream[Progress] | None = None
        self._before = ImageId("")
        self._last = Progress("", "")

    async def __aenter__(self) -> DecodedStream[Progress]:
        """Ask the engine, which answers once the registry does."""
        reference = self._reference
        with translate("image_pull", self._target, self._transport.endpoint):
            auth = self._auth if self._auth is not None else await credentials_for(reference.domain)
            if not self._dialect.summarises_pulls:
                self._before = await self._image_now()
        request = Request(
            "image_pull",
            "POST",
            "/images/create",
            query={
                "fromImage": reference.name,
                "tag": reference.digest or reference.tag or "latest",
                "platform": self._platform or None,
            },
            headers={"X-Registry-Auth": _header(auth)} if auth else {},
            target=self._target,
        )
        # No limit: the first byte waits for the registry, and the engine has its own time-outs for that.
        stream = self._transport.stream(request, head_timeout=None)
        self._progress = DecodedStream(stream, self._decode, self._finish)
        try:
            return await self._progress.__aenter__()
        except ApiError as exc:
            self._progress = None
            raise self._typed(exc.detail, exc) from exc

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave: the engine cancels a pull whose reader has gone."""
        if self._progress is not None:
            await self._progress.__aexit__(kind, exc, trace)

    def _decode(self, data: bytes) -> Iterator[Progress]:
        return map(self._step, self._messages.feed(data))

    def _step(self, raw: Raw) -> Progress:
        said = text(inner(raw, "errorDetail"), "message") or text(raw, "error")
        if said:
            raise self._typed(said, None)
        step = progress(raw)
        if step.id:
            self._last = step
        return step

    def _finish(self) -> list[Progress]:
        self._messages.finish()
        summary = self._dialect.pull_summary(self._last, self._before, self._target)
        return [summary] if summary is not None else []

    async def _image_now(self) -> ImageId:
        """The image that the reference names before the pull, "" for none."""
        path = f"/images/{segment(self._target, keep=NAME_CHARACTERS)}/json"
        try:
            answer = await self._transport.json(Request("image_inspect", "GET", path, target=self._target))
        except NotFound:
            return ImageId("")
        return image_detail(expect_object(answer)).id

    def _typed(self, said: str, refused: ApiError | None) -> RuntimeFault:
        """The error for the engine's words; the status decides where the words do not."""
        low = said.lower()
        kind: type[ApiError] | None = None
        hint = ""
        login = _LOGIN.format(domain=self._reference.domain)
        if any(word in low for word in _LIMITS):
            kind, hint = RateLimited, _LIMITED
        elif isinstance(refused, NotFound):
            # Docker Hub says "denied" of what does not exist: it stays a NotFound, with the hint to log in.
            kind, hint = NotFound, login if "denied" in low or "docker login" in low else _MISSING
        elif any(word in low for word in _UNAUTHORIZED):
            kind, hint = Unauthorized, login
        elif any(word in low for word in _NOT_FOUND):
            kind, hint = NotFound, _MISSING
        if kind is not None:
            status = 0 if refused is None else refused.status
            return kind(said, operation="image_pull", target=self._target, hint=hint, status=status)
        return refused or OperationFailed(said, operation="image_pull", target=self._target)


def _header(auth: Mapping[str, str]) -> str:
    """Credentials as the engine wants them: JSON in URL-safe base 64."""
    return base64.urlsafe_b64encode(json.dumps(dict(auth)).encode()).decode("ascii")
