"""Every error the adapter raises, as one tree.

::

    RuntimeFault
    ├── EngineUnreachable            nothing answers at the endpoint
    │   ├── SocketMissing            the unix socket does not exist
    │   ├── SocketDenied             it exists, and this user may not open it (also AccessDenied)
    │   ├── ConnectionRefused        it exists, and nobody listens
    │   ├── TlsFailed                the TLS handshake failed
    │   └── TimedOut                 no answer in time
    ├── StreamBroken                 a stream ended in the middle; what was read so far is valid
    ├── ProtocolViolation            the engine answered something that is not its protocol
    ├── ApiError                     the engine answered, and refused
    │   ├── NotFound                 404: container, image, volume, network, exec
    │   ├── Conflict                 409: state, or a name that is taken
    │   ├── InvalidRequest           400 and the like; also options that fail our own validation
    │   ├── Unauthorized             401: credentials are missing or wrong
    │   ├── Forbidden                403 (also AccessDenied)
    │   ├── RateLimited              429, or a registry's pull limit
    │   └── EngineFault              5xx
    ├── OperationFailed              the operation was accepted, and did not end well
    │   ├── CommandFailed            a command ended with a non-zero exit code
    │   ├── WaitTimeout              a state was not reached in time
    │   └── Unhealthy                a health check failed
    ├── Unsupported                  the engine cannot do this (``capability`` names what is missing)
    ├── AmbiguousId                  an id prefix or a name fits several objects (``candidates``)
    ├── BackendUnavailable           the backend for an endpoint is not installed
    └── Closed                       the runtime was used after it was closed

``AccessDenied`` is the common base of `SocketDenied` and `Forbidden`: "you may not", whoever says it.
"""

from __future__ import annotations


class RuntimeFault(Exception):
    """Base of every error of the adapter.

    Attributes:
        operation: What was being done, in the Engine API's words (``container_stop``), "" if unknown.
        target: What it was done to (a name or id as the caller gave it, an endpoint URL), or "".
        detail: What went wrong, in the engine's own words where it said any. One line where possible.
        hint: What the person in front of the screen can do about it, or "".
        retryable: Whether the same call can succeed later without anything else being changed.
    """

    retryable = False

    def __init__(self, detail: str = "", *, operation: str = "", target: str = "", hint: str = "") -> None:
        """Keep the parts apart; `str()` joins them."""
        super().__init__(detail)
        self.detail = detail
        self.operation = operation
        self.target = target
        self.hint = hint

    def __str__(self) -> str:
        """``operation target: detail``; the hint is not part of it."""
        head = " ".join(part for part in (self.operation.replace("_", " "), self.target) if part)
        detail = self.detail or type(self).__name__
        return f"{head}: {detail}" if head else detail


class AccessDenied(RuntimeFault):
    """This user may not: the socket's permissions or the engine say so."""


class EngineUnreachable(RuntimeFault):
    """Nothing that speaks an engine's API answers at the endpoint."""

    retryable = True


class SocketMissing(EngineUnreachable):
    """The unix socket does not exist."""


class SocketDenied(EngineUnreachable, AccessDenied):
    """The unix socket exists, and this user may not open it."""

    retryable = False


class ConnectionRefused(EngineUnreachable):
    """The address exists, and nobody listens there."""


class TlsFailed(EngineUnreachable):
    """The TLS handshake failed: certificates, names or versions."""

    retryable = False


class TimedOut(EngineUnreachable):
    """No answer came in time."""


class StreamBroken(RuntimeFault):
    """A stream ended without its terminator. What was read so far is valid, and more was to come."""

    retryable = True


class ProtocolViolation(RuntimeFault):
    """The peer sent what its protocol does not allow, or more than we accept of it."""


class ApiError(RuntimeFault):
    """The engine answered, and refused.

    Attributes:
        status: The HTTP status, or 0 when our own validation refused before any request was sent.
    """

    def __init__(
        self, detail: str = "", *, operation: str = "", target: str = "", hint: str = "", status: int = 0
    ) -> None:
        """As `RuntimeFault`, with the HTTP status."""
        super().__init__(detail, operation=operation, target=target, hint=hint)
        self.status = status


class NotFound(ApiError):
    """There is no such object."""


class Conflict(ApiError):
    """The object's state does not allow it, or the name is taken."""


class InvalidRequest(ApiError, ValueError):
    """The request makes no sense: refused by the engine, or by us before anything was sent."""


class Unauthorized(ApiError):
    """Credentials are missing or wrong."""


class Forbidden(ApiError, AccessDenied):
    """The engine (or a proxy before it) does not allow this operation."""


class RateLimited(ApiError):
    """Too many requests; a registry's pull limit."""

    retryable = True


class EngineFault(ApiError):
    """The engine failed while doing it."""

    retryable = True


class OperationFailed(RuntimeFault):
    """The engine accepted the operation, and it did not end well."""


class CommandFailed(OperationFailed):
    """A command ended with a non-zero exit code.

    Attributes:
        exit_code: The command's exit code.
        output: What it printed, decoded, for the error display.
    """

    def __init__(
        self,
        detail: str = "",
        *,
        operation: str = "",
        target: str = "",
        hint: str = "",
        exit_code: int = 1,
        output: str = "",
    ) -> None:
        """As `RuntimeFault`, with exit code and output."""
        super().__init__(detail, operation=operation, target=target, hint=hint)
        self.exit_code = exit_code
        self.output = output


class WaitTimeout(OperationFailed):
    """A state was not reached in time."""

    retryable = True


class Unhealthy(OperationFailed):
    """A health check failed."""


class Unsupported(RuntimeFault):
    """The engine cannot do this.

    Attributes:
        capability: The name of the capability that is missing.
    """

    def __init__(
        self, detail: str = "", *, operation: str = "", target: str = "", hint: str = "", capability: str = ""
    ) -> None:
        """As `RuntimeFault`, with the missing capability."""
        super().__init__(detail or f"this engine has no {capability}", operation=operation, target=target, hint=hint)
        self.capability = capability


class AmbiguousId(RuntimeFault, ValueError):
    """An id prefix or a name fits several objects.

    Attributes:
        candidates: What it could have meant, as ``name (short id)``.
    """

    def __init__(
        self,
        detail: str = "",
        *,
        operation: str = "",
        target: str = "",
        hint: str = "",
        candidates: tuple[str, ...] = (),
    ) -> None:
        """As `RuntimeFault`, with the candidates."""
        super().__init__(detail, operation=operation, target=target, hint=hint)
        self.candidates = candidates


class BackendUnavailable(RuntimeFault):
    """The backend that the endpoint needs is not installed."""


class Closed(RuntimeFault):
    """The runtime was used after `close()`."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: InvalidRequest,
    406: InvalidRequest,
    409: Conflict,
    422: InvalidRequest,
    429: RateLimited,
}


def api_error(status: int, detail: str, *, operation: str = "", target: str = "", hint: str = "") -> ApiError:
    """The `ApiError` for an HTTP status: 4xx by number, 5xx and all the rest an `EngineFault`."""
    kind = _BY_STATUS.get(status, InvalidRequest if 400 <= status < 500 else EngineFault)
    return kind(detail, operation=operation, target=target, hint=hint, status=status)
