"""What the engines that speak the Engine API do each in its own way. The backend asks it, and never which engine it is.

`Dialect` is the API as it is written down, and Docker's. `PodmanDialect` is Podman's, which answers that API and
beside it its own (libpod). That one is used where the other loses something or costs more:

========== ========= ==============================================================================================
container  libpod    a fifth of the time for 1,000 containers, and it tells the health; the status text is written
list                 here, addresses and the sources of mounts are not in it
stats      libpod    a sample each second and not each fifth; no throttling, and no CPU count under cgroup v2
top        libpod    Podman reads /proc itself; the other runs the container's own ``ps``, and answers one column
disk usage libpod    the other tells no size of the images
events     Docker's  actions, types, ids and exit codes are translated; `until` in the past is applied here, because
                     Podman answers it with one event; each health check is one, and only changes are passed on; no
                     commands, signals or stops (EVENT_DETAILS)
logs       Docker's  in 5.4 still times in whole seconds (LOG_NANOSECONDS); in 4.3 a tail loses the beginning of a line
                     above 8 kB (LOG_TAIL_OF_LONG_LINES); `since` means later than, and is sent a nanosecond earlier
pull       Docker's  ends without a word of what came of it: read off the image's id here; layers that take less
                     than a second have no sizes
inspect    Docker's  calls the log driver "k8s-file" "json-file", and says 0 for sizes that were not asked for
errors     both      what a state does not allow has the status 500, as a taken name since 5: read off the words
exec       Docker's  detach keys are ignored; ours act on this side
update     none      from Podman 5 on only, and never asked for
networks   Docker's  no events (NETWORK_EVENTS); no ``host`` and ``none``, no attachable ones, other options
                     (DOCKER_NETWORKS)
volumes    Docker's  a prune takes named ones too: anonymous ones are removed one by one here
archives   Docker's  whatever is in the way of one is replaced, a missing directory made (ARCHIVE_CHECKS)
images     Docker's  every name in full, "localhost/" before those that no registry has; no tags in the history
========== ========= ==============================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from tui.runtime.filters import Filters
from tui.runtime.models import (
    Capability,
    Container,
    ContainerDetail,
    DiskUsage,
    EngineKind,
    Event,
    ImageHistoryItem,
    ImageId,
    Progress,
    Stats,
)
from tui.runtime.wire import decode_containers, decode_images, decode_system, podman
from tui.runtime.wire.stats import StatsDecoder, has_ended
from tui.runtime.wire.times import rfc3339, unix_time
from tui.runtime.wire.values import Raw, inner, text

Query = Mapping[str, str | int | bool | None]

COMMON_CAPABILITIES = frozenset(
    {
        Capability.EVENTS,
        Capability.EXEC,
        Capability.STATS,
        Capability.TOP,
        Capability.PAUSE,
        Capability.RENAME,
        Capability.LOGS,
        Capability.IMAGE_PULL,
        Capability.IMAGE_HISTORY,
        Capability.DISK_USAGE,
        Capability.ATTACH,
        Capability.CREATE,
        Capability.ARCHIVE,
        Capability.EXPORT,
        Capability.CHANGES,
        Capability.COMMIT,
        Capability.PRUNE,
        Capability.VOLUMES,
        Capability.NETWORKS,
    }
)
ANONYMOUS_PRUNE_API = (1, 42)
"""Older ones remove named volumes too when they prune, and cannot be told not to. Podman always does."""
STOP_SIGNAL_API = (1, 42)
"""Older ones ignore the parameter, and would send the wrong signal without a word. Podman always does."""
LIBPOD_API = 4
"""Podman 4 and 5 both promise libpod's API 4.0.0; its older ones are asked in their own version."""
# The oldest version that was seen to have it, of 4.3, 5.4 and 5.8.
_SINCE_LIBPOD = {Capability.LOG_TAIL_OF_LONG_LINES: (5, 4), Capability.LOG_NANOSECONDS: (5, 8)}


_MAJOR_MINOR = re.compile(r"(\d{1,3})\.(\d{1,3})", re.ASCII)


class Samples(Protocol):
    """Reads one container's stats messages."""

    def decode(self, raw: Raw) -> Stats | None:
        """The sample of a message; None when the container has ended."""
        ...


@dataclass(frozen=True, slots=True)
class EventQuery:
    """How to ask for events: the parameters, and which of the events that come are wanted after all."""

    parameters: Query
    wanted: Callable[[Event], bool]


class Dialect:
    """The Engine API as Docker speaks it."""

    kind = EngineKind.DOCKER
    native = ""
    """What stands before the paths of the engine's own API; "" where that is the agreed version of Docker's."""
    lists_stats_of_nothing = False
    """Whether a stats stream is opened also for a container that does not exist."""
    summarises_pulls = True
    """Whether a pull ends with a line that says whether the image is new."""
    may_log_no_events = False
    """Whether it can be configured to tell no events, and ends their stream then."""

    def capabilities(self, api: tuple[int, int]) -> frozenset[Capability]:
        """What the engine can do through this backend, with the agreed version of the API."""
        all_versions = COMMON_CAPABILITIES | {
            Capability.EVENT_DETAILS,
            Capability.LOG_NANOSECONDS,
            Capability.LOG_TAIL_OF_LONG_LINES,
            Capability.UPDATE,
            Capability.NETWORK_EVENTS,
            Capability.DOCKER_NETWORKS,
            Capability.ARCHIVE_CHECKS,
        }
        return all_versions | {Capability.STOP_SIGNAL} if api >= STOP_SIGNAL_API else all_versions

    def prunes_named_volumes(self, api: tuple[int, int]) -> bool:
        """Whether a prune of volumes takes named ones without being told to."""
        return api < ANONYMOUS_PRUNE_API

    def container(self, raw: Raw, now: datetime) -> Container:
        """A row of the container list, as of `now`."""
        return decode_containers.container(raw)

    def container_detail(self, raw: Raw, *, size: bool) -> ContainerDetail:
        """The answer of an inspect, in which sizes were asked for or not."""
        return decode_containers.container_detail(raw)

    def disk_usage(self, raw: Raw) -> DiskUsage:
        """The answer of ``/system/df``."""
        return decode_system.disk_usage(raw)

    def history_item(self, raw: Raw) -> ImageHistoryItem:
        """A step of an image's history."""
        return decode_images.history_item(raw)

    def stats(self, path: str, id: str) -> tuple[str, Query]:
        """Path and parameters of a stats stream for a container, and the path of that."""
        return f"{path}/stats", {"stream": True}

    def samples(self, id: str) -> Samples:
        """A reader of such a stream."""
        return _DockerSamples(id)

    def moment(self, moment: datetime | str) -> str:
        """A ``since`` or ``until``.

        Raises:
            InvalidRequest: when it is no time.
        """
        return unix_time(moment)

    def log_since(self, moment: datetime | str) -> str:
        """The ``since`` of a log: lines from then on.

        Raises:
            InvalidRequest: when it is no time.
        """
        return self.moment(moment)

    def logs_events(self, info: Raw) -> bool:
        """Whether there are events at all, from the engine's own information."""
        return True

    def event_reader(self) -> Callable[[Raw], tuple[Event, ...]]:
        """What one message after the other of an event stream tells, in Docker's words."""
        return lambda raw: (decode_containers.event(raw),)

    def event_query(
        self, since: datetime | None, until: datetime | None, filters: Filters | None, now: datetime
    ) -> EventQuery:
        """How to ask for events."""
        parameters = {
            "since": self.moment(since) if since is not None else None,
            "until": self.moment(until) if until is not None else None,
            "filters": filters.to_json() if filters else None,
        }
        return EventQuery(parameters, lambda event: True)

    def pull_summary(self, last: Progress, before: ImageId, reference: str) -> Progress | None:
        """The closing line of a pull, where the engine writes none.

        Args:
            last: The last step that named a layer.
            before: The id that the reference had before, or "".
            reference: What was pulled.
        """
        return None


class PodmanDialect(Dialect):
    """Podman: see the table above."""

    kind = EngineKind.PODMAN
    lists_stats_of_nothing = True
    summarises_pulls = False
    may_log_no_events = True

    def __init__(self, libpod_version: str) -> None:
        """For an engine that says this version of its own API (``4.3.1``; "" when it says none)."""
        found = _MAJOR_MINOR.match(libpod_version)
        self._version = (int(found[1]), int(found[2])) if found else (LIBPOD_API, 0)
        self.native = f"/v{min(self._version[0], LIBPOD_API)}.0.0/libpod"

    def capabilities(self, api: tuple[int, int]) -> frozenset[Capability]:
        """What this Podman can do through this backend."""
        return COMMON_CAPABILITIES | {known for known, since in _SINCE_LIBPOD.items() if self._version >= since}

    def prunes_named_volumes(self, api: tuple[int, int]) -> bool:
        """Always, whatever the version of the API says."""
        return True

    def container(self, raw: Raw, now: datetime) -> Container:
        """A row of libpod's list."""
        return podman.container(raw, now)

    def container_detail(self, raw: Raw, *, size: bool) -> ContainerDetail:
        """As Docker's, without the sizes that nobody has measured."""
        detail = decode_containers.container_detail(raw)
        driver = "k8s-file" if detail.log_driver == "json-file" else detail.log_driver
        sizes = (detail.size_rw, detail.size_root_fs) if size else (None, None)
        return replace(detail, log_driver=driver, size_rw=sizes[0], size_root_fs=sizes[1])

    def disk_usage(self, raw: Raw) -> DiskUsage:
        """The answer of libpod's ``/system/df``."""
        return podman.disk_usage(raw)

    def history_item(self, raw: Raw) -> ImageHistoryItem:
        """As Docker's, its ids completed."""
        return decode_images.history_item({**raw, "Id": podman.image_id(str(raw.get("Id", "")))})

    def stats(self, path: str, id: str) -> tuple[str, Query]:
        """libpod's stream of several containers, for one."""
        return "/containers/stats", {"containers": id.removeprefix("/"), "stream": True, "interval": 1}

    def samples(self, id: str) -> Samples:
        """A reader of such a stream."""
        return _PodmanSamples()

    def moment(self, moment: datetime | str) -> str:
        """RFC 3339: Podman reads seconds as a float, which is up to 200 ns off."""
        return rfc3339(moment)

    def log_since(self, moment: datetime | str) -> str:
        """A nanosecond earlier: Podman means later than, and Docker from then on."""
        return rfc3339(moment, before=1)

    def logs_events(self, info: Raw) -> bool:
        """Whether ``events_logger`` is anything but none."""
        return text(inner(info, "host"), "eventLogger") != "none"

    def event_reader(self) -> Callable[[Raw], tuple[Event, ...]]:
        """As Docker's; health checks whose result is the same as before tell nothing."""
        return podman.EventReader().read

    def event_query(
        self, since: datetime | None, until: datetime | None, filters: Filters | None, now: datetime
    ) -> EventQuery:
        """Filters name Podman's actions too; what is over already is asked for without an end."""
        over = until is not None and until <= now
        actions = filters.get("event") if filters else ()
        parameters: dict[str, str | int | bool | None] = {
            "since": self.moment(since) if since is not None else None,
            "until": self.moment(until) if until is not None and not over else None,
            "filters": _with_podmans_actions(filters).to_json() if filters else None,
            "stream": False if over else None,
        }

        def wanted(event: Event) -> bool:
            late = until is not None and event.time is not None and event.time > until
            return not late and (not actions or event.action in actions)

        return EventQuery(parameters, wanted)

    def pull_summary(self, last: Progress, before: ImageId, reference: str) -> Progress | None:
        """The last step is the image's own: its id tells whether it is another than before."""
        same = bool(last.id) and before.removeprefix("sha256:").startswith(last.id)
        said = "Image is up to date for" if same else "Downloaded newer image for"
        return Progress("", f"Status: {said} {reference}")


DOCKER = Dialect()


class _DockerSamples:
    def __init__(self, id: str) -> None:
        self._decoder = StatsDecoder(id)

    def decode(self, raw: Raw) -> Stats | None:
        return None if has_ended(raw) else self._decoder.decode(raw)


class _PodmanSamples:
    def __init__(self) -> None:
        self._decoder = podman.StatsDecoder()

    def decode(self, raw: Raw) -> Stats | None:
        found = podman.report(raw)
        return None if found is None else self._decoder.decode(found)


def dialect_of(kind: EngineKind, libpod_version: str) -> Dialect:
    """The dialect of an engine that has introduced itself."""
    return PodmanDialect(libpod_version) if kind is EngineKind.PODMAN else DOCKER


def _with_podmans_actions(filters: Filters) -> Filters:
    translated = Filters()
    for key in filters:
        for value in filters.get(key):
            translated.add(key, *(podman.actions_of(value) if key == "event" else (value,)))
    return translated
