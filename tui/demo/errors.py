"""The one error that handlers raise; the server turns it into the Engine API's answer."""

from __future__ import annotations


class ApiError(Exception):
    """An answer other than success: HTTP status and dockerd's words."""

    def __init__(self, status: int, message: str) -> None:
        """Take the HTTP status and the words."""
        super().__init__(message)
        self.status = status
        self.message = message


def not_running(container_id: str) -> ApiError:
    """What dockerd says when a container would have to run."""
    return ApiError(409, f"container {container_id} is not running")
