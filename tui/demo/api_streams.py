"""What flows out of a container: logs, stats, and the output that an attached client sees."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Mapping

from tui.demo.api_system import parse_time
from tui.demo.clock import SECOND, rfc3339, rfc3339_full
from tui.demo.errors import ApiError
from tui.demo.http import Duplex, Request, Response
from tui.demo.logbook import STDERR, STDOUT, Line
from tui.demo.numbers import NO_SAMPLE_CPU, cpu_json, no_stats_json, stats_json
from tui.demo.objects import Container, Json
from tui.demo.programs import Shell, program_of
from tui.demo.server import Routes
from tui.demo.world import World

RAW = "application/vnd.docker.raw-stream"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"

BATCH = 0.02
"""Seconds between two looks at a log that grows fast: a thousand lines a second are sent 20 at a time."""

Parameters = Mapping[str, str]


def frame(stream: int, data: bytes) -> bytes:
    """One frame of the multiplexed format: stream, three zeros, length, data."""
    return struct.pack(">BxxxI", stream, len(data)) + data


class StreamApi:
    """Logs, stats, attach."""

    def __init__(self, world: World) -> None:
        """Answer about the containers of `world`."""
        self.world = world

    def routes(self) -> Routes:
        """What it answers."""
        return [
            ("GET", "/containers/{id}/logs", self.logs),
            ("GET", "/containers/{id}/stats", self.stats),
            ("POST", "/containers/{id}/attach", self.attach),
        ]

    async def logs(self, request: Request, parameters: Parameters) -> Response:
        """Lines so far and, with `follow`, those that come until the container ends."""
        container = self.world.container(parameters["id"])
        driver = container.host_config["LogConfig"].get("Type") or "json-file"
        streams = frozenset(n for n, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if request.flag(name))
        if not streams:
            raise ApiError(400, "Bad parameters: you must choose at least one stream")
        if driver in ("none", "syslog"):
            raise ApiError(501, "configured logging driver does not support reading")
        tail = request.query.get("tail", "all")
        now = self.world.now()
        since = parse_time(request.query.get("since") or "0", now)
        until = parse_time(request.query.get("until") or "0", now)
        body = self._logs(
            container,
            streams,
            # dockerd takes the lines at `since` itself too
            after=since - 1,
            until=until,
            # As in dockerd, what is not a number means all lines, and so does a negative one.
            tail=int(tail) if tail.isdigit() else None,
            follow=request.flag("follow"),
            timestamps=request.flag("timestamps"),
        )
        return Response(content_type=RAW if container.tty else MULTIPLEXED, stream=body)

    async def _logs(
        self, container: Container, streams: frozenset[int], *, after: int, until: int, tail: int | None, follow: bool,
        timestamps: bool,
    ) -> AsyncIterator[bytes]:  # fmt: skip
        now = self.world.now()
        end = min(until, now) if until else now
        lines = container.log.read(after, end, streams=streams, tail=tail)
        for start in range(0, len(lines), 500):
            yield b"".join(encode(container, line, timestamps=timestamps) for line in lines[start : start + 500])
        alive = ("running", "paused")
        while follow and container.state in alive and not (until and now >= until):
            await self._more(container, now, until)
            before, now = now, self.world.now()
            new = container.log.read(max(before, after), now, streams=streams)
            yield b"".join(encode(container, line, timestamps=timestamps) for line in new)

    async def _more(self, container: Container, now: int, until: int) -> None:
        """Wait until the log may have grown: something was written, or the next computed line is due."""
        changed = container.log.waiter()
        due = container.log.next_due(now) if container.state == "running" else None
        if until:
            due = min(due or until, until)

        def wake() -> None:
            if not changed.done():
                changed.set_result(None)

        clock = self.world.clock
        timer = None if due is None else clock.call_at(max(due, now + int(BATCH * SECOND)), wake)
        try:
            await changed
        finally:
            container.log.forget(changed)
            if timer is not None:
                timer.cancel()

    async def stats(self, request: Request, parameters: Parameters) -> Response:
        """Samples, one a second; or one, with the sample before it unless it is to be a single shot."""
        container = self.world.container(parameters["id"])
        stream = request.flag("stream", default=True)
        single = not stream and request.flag("one-shot")
        body = self._stats(container, stream=stream, single=single)
        return Response(content_type="application/json", stream=body)

    async def _stats(self, container: Container, *, stream: bool, single: bool) -> AsyncIterator[bytes]:
        clock = self.world.clock
        last = 0
        if not stream and not single and container.running:
            last = clock.now() - SECOND
        while True:
            now = clock.now()
            sample = self._sample(container, now, last)
            if single:  # dockerd 28 leaves these two out of a single shot
                sample = {key: value for key, value in sample.items() if key not in ("id", "name")}
            yield json.dumps(sample, separators=(",", ":")).encode() + b"\n"
            if not stream or container.state == "removing":
                return
            last = now if container.running else 0
            await clock.sleep(1.0)

    def _sample(self, container: Container, now: int, last: int) -> Json:
        if not container.running:
            return no_stats_json(container.id, container.name)
        usage = container.profile.at(container.active_time(now), limit=container.memory_limit)
        own_network = "host" not in container.endpoints and "none" not in container.endpoints
        sample = stats_json(
            container.id, container.name, now, usage, limit=container.memory_limit, networks=own_network
        )
        before: object = NO_SAMPLE_CPU
        if last:
            active = max(0, container.active_time(now) - ((now - last) if container.state == "running" else 0))
            before = cpu_json(container.profile.at(active), last)
        return {**sample, "read": rfc3339(now), "preread": rfc3339(last), "precpu_stats": before}

    async def attach(self, request: Request, parameters: Parameters) -> Response:
        """The output of the first process: what was (`logs`), what comes (`stream`)."""
        container = self.world.container(parameters["id"])
        if container.state == "paused":
            raise ApiError(409, f"container {container.name} is paused, unpause the container before attach")
        streams = frozenset(n for n, name in ((STDOUT, "stdout"), (STDERR, "stderr")) if request.flag(name))
        self.world.events.container(self.world.now(), container, "attach")
        logs, live = request.flag("logs"), request.flag("stream")

        async def connected(duplex: Duplex) -> None:
            await self._attached(container, duplex, streams, logs=logs, live=live)

        return Response(content_type=RAW if container.tty else MULTIPLEXED, hijack=connected)

    async def _attached(
        self, container: Container, duplex: Duplex, streams: frozenset[int], *, logs: bool, live: bool
    ) -> None:
        now = self.world.now()
        if logs:
            for line in container.log.read(0, now, streams=streams):
                await duplex.write(encode(container, line))
        if not live:
            return
        if container.config.get("OpenStdin") and isinstance(program_of(container), Shell):
            await self._converse(container, duplex, streams)
            return
        gone = asyncio.ensure_future(duplex.gone())
        sending = asyncio.ensure_future(self._send_live(container, duplex, streams, now))
        try:
            await asyncio.wait({gone, sending}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            for task in (gone, sending):
                task.cancel()
            await asyncio.wait({gone, sending})

    async def _converse(self, container: Container, duplex: Duplex, streams: frozenset[int]) -> None:
        """Be the terminal of its own process until that ends or the client goes."""

        async def client(stream: int, data: bytes) -> None:
            if stream in streams:
                await duplex.write(data if container.tty else frame(stream, data))

        async def read() -> None:
            while data := await duplex.read():
                container.terminal.feed(data)

        if container.state not in ("created", "running", "paused"):
            return
        container.terminal.clients.add(client)
        reading = asyncio.ensure_future(read())
        ends = {
            asyncio.ensure_future(self.world.life.wait_exit(container)),
            asyncio.ensure_future(duplex.gone()),
        }
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            container.terminal.clients.discard(client)
            for task in (reading, *ends):
                task.cancel()
            await asyncio.wait({reading, *ends})

    async def _send_live(self, container: Container, duplex: Duplex, streams: frozenset[int], now: int) -> None:
        # `docker run` attaches before it starts the container.
        while container.state in ("created", "running", "paused"):
            await self._more(container, now, 0)
            before, now = now, self.world.now()
            for line in container.log.read(before, now, streams=streams):
                await duplex.write(encode(container, line))


def encode(container: Container, line: Line, *, timestamps: bool = False) -> bytes:
    """A line as it goes over the wire."""
    text = line.text + (b"\r\n" if container.tty else b"\n")
    if timestamps:
        text = f"{rfc3339_full(line.at)} ".encode() + text
    return text if container.tty else frame(line.stream, text)
