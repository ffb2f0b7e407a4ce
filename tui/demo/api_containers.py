"""Containers: lists, inspect, and everything that changes one."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from tui.demo import present
from tui.demo.clock import SECOND
from tui.demo.errors import ApiError, not_running
from tui.demo.events import labels_match
from tui.demo.filters import CONTAINER_KEYS, check_container_filters, container_matches, parse_filters
from tui.demo.http import Request, Response, error_response, json_response
from tui.demo.numbers import MEMORY
from tui.demo.objects import Container
from tui.demo.server import Routes
from tui.demo.world import World

Parameters = Mapping[str, str]

NO_CONTENT = 204
NOT_MODIFIED = 304


class ContainerApi:
    """The requests below `/containers`, streams excepted."""

    def __init__(self, world: World) -> None:
        """Answer about the containers of `world`."""
        self.world = world

    def routes(self) -> Routes:
        """What it answers."""
        return [
            ("GET", "/containers/json", self.list_containers),
            ("POST", "/containers/create", self.create),
            ("GET", "/containers/{id}/json", self.inspect),
            ("POST", "/containers/{id}/start", self.start),
            ("POST", "/containers/{id}/stop", self.stop),
            ("POST", "/containers/{id}/restart", self.restart),
            ("POST", "/containers/{id}/kill", self.kill),
            ("POST", "/containers/{id}/pause", self.pause),
            ("POST", "/containers/{id}/unpause", self.unpause),
            ("POST", "/containers/{id}/rename", self.rename),
            ("POST", "/containers/{id}/wait", self.wait),
            ("POST", "/containers/{id}/update", self.update),
            ("DELETE", "/containers/{id}", self.remove),
            ("GET", "/containers/{id}/top", self.top),
            ("GET", "/containers/{id}/changes", self.changes),
            ("POST", "/containers/prune", self.prune),
        ]

    def _find(self, parameters: Parameters) -> Container:
        return self.world.container(parameters["id"])

    async def list_containers(self, request: Request, parameters: Parameters) -> Response:
        """Running containers, or those that fit the filters, newest first."""
        filters = parse_filters(request, CONTAINER_KEYS)
        check_container_filters(filters)
        limit = request.number("limit", 0) or 0
        everything = request.flag("all") or limit > 0 or any(key in filters for key in ("status", "exited", "health"))
        now = self.world.now()
        size = request.flag("size")
        found: list[dict[str, Any]] = []
        for container in reversed(self.world.containers.values()):
            if not everything and container.state not in ("running", "paused", "restarting"):
                continue
            if not filters or container_matches(container, filters, self.world):
                found.append(present.summary(container, now, size=size))
                if len(found) == limit:
                    break
        return json_response(found)

    async def create(self, request: Request, parameters: Parameters) -> Response:
        """A new container."""
        container = self.world.create(request.query.get("name", ""), request.json())
        return json_response({"Id": container.id, "Warnings": []}, 201)

    async def inspect(self, request: Request, parameters: Parameters) -> Response:
        """All about one container."""
        return json_response(present.inspect(self._find(parameters), self.world, size=request.flag("size")))

    async def start(self, request: Request, parameters: Parameters) -> Response:
        """Start; 304 when it runs."""
        return Response(NO_CONTENT if self.world.life.start(self._find(parameters)) else NOT_MODIFIED)

    async def stop(self, request: Request, parameters: Parameters) -> Response:
        """Stop; 304 when it does not run."""
        container = self._find(parameters)
        timeout, signal = request.number("t"), request.query.get("signal", "")
        stopped = await self.world.life.stop(container, timeout=timeout, text=signal)
        return Response(NO_CONTENT if stopped else NOT_MODIFIED)

    async def restart(self, request: Request, parameters: Parameters) -> Response:
        """Stop and start."""
        container = self._find(parameters)
        await self.world.life.restart(container, timeout=request.number("t"), text=request.query.get("signal", ""))
        return Response(NO_CONTENT)

    async def kill(self, request: Request, parameters: Parameters) -> Response:
        """Send a signal."""
        self.world.life.kill(self._find(parameters), request.query.get("signal", ""))
        return Response(NO_CONTENT)

    async def pause(self, request: Request, parameters: Parameters) -> Response:
        """Freeze."""
        self.world.life.pause(self._find(parameters))
        return Response(NO_CONTENT)

    async def unpause(self, request: Request, parameters: Parameters) -> Response:
        """Thaw."""
        self.world.life.unpause(self._find(parameters))
        return Response(NO_CONTENT)

    async def rename(self, request: Request, parameters: Parameters) -> Response:
        """Another name."""
        self.world.rename(self._find(parameters), request.query.get("name", ""))
        return Response(NO_CONTENT)

    async def remove(self, request: Request, parameters: Parameters) -> Response:
        """Remove."""
        container = self._find(parameters)
        self.world.life.remove(container, force=request.flag("force"), volumes=request.flag("v"))
        return Response(NO_CONTENT)

    async def prune(self, request: Request, parameters: Parameters) -> Response:
        """Remove all that do not run."""
        filters = parse_filters(request, frozenset(("label", "label!", "until")))
        gone = [
            container
            for container in self.world.containers.values()
            if container.state in ("created", "exited", "dead")
            and labels_match(container.labels, filters.get("label", []))
        ]
        for container in gone:
            self.world.life.remove(container)
        size = sum(container.size_rw for container in gone)
        self.world.events.publish(self.world.now(), "container", "prune", "", {"reclaimed": str(size)})
        removed = [container.id for container in gone] or None
        return json_response({"ContainersDeleted": removed, "SpaceReclaimed": size})

    async def wait(self, request: Request, parameters: Parameters) -> Response:
        """The exit code, once it has ended: the head of the answer goes out at once, as dockerd does."""
        condition = request.query.get("condition") or "not-running"
        if condition not in ("not-running", "next-exit", "removed"):
            return error_response(400, f'invalid condition: "{condition}"')
        stream = self._wait(self._find(parameters), condition)
        return Response(content_type="application/json", stream=stream)

    async def _wait(self, container: Container, condition: str) -> AsyncIterator[bytes]:
        yield b""
        code = container.exit_code
        if condition == "next-exit" or (condition == "not-running" and container.state in ("running", "paused")):
            code = await self.world.life.wait_exit(container)
        while condition == "removed" and container.id in self.world.containers:
            code = await self.world.life.wait_exit(container)
        yield json.dumps({"StatusCode": code}, separators=(",", ":")).encode() + b"\n"

    async def update(self, request: Request, parameters: Parameters) -> Response:
        """Change limits and the restart policy."""
        container = self._find(parameters)
        for key, value in request.json().items():
            if value and key in container.host_config:
                container.host_config[key] = value
        self.world.events.container(self.world.now(), container, "update")
        return json_response({"Warnings": None})

    async def top(self, request: Request, parameters: Parameters) -> Response:
        """Its processes, as `ps -ef` or as `ps aux` show them."""
        container = self._find(parameters)
        if container.state not in ("running", "paused"):
            raise not_running(container.id)
        self.world.events.container(self.world.now(), container, "top")
        rows = processes(container, self.world.now())
        started = time.strftime("%H:%M", time.gmtime(container.started // SECOND))
        if "aux" in request.query.get("ps_args", "-ef"):
            titles = ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"]
            table = [
                [user, pid, f"{cpu:.1f}", f"{memory * 102400 / MEMORY:.1f}", str(memory * 3), str(memory), "?", "Ss",
                 started, "0:00", command]
                for user, pid, _, cpu, memory, command in rows
            ]  # fmt: skip
        else:
            titles = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
            table = [
                [user, pid, parent, str(int(cpu)), started, "?", "00:00:00", command]
                for user, pid, parent, cpu, _, command in rows
            ]
        return json_response({"Processes": table, "Titles": titles})

    async def changes(self, request: Request, parameters: Parameters) -> Response:
        """Files that differ from the image."""
        container = self._find(parameters)
        put = container.filesystem.changed if container.filesystem is not None else {}
        if not container.started:
            return json_response([{"Path": path, "Kind": kind} for path, kind in sorted(put.items())] or None)
        paths = {mount["Destination"]: 1 for mount in container.mounts} | put
        if container.size_rw:
            paths |= {"/tmp": 0, "/tmp/cache.bin": 1}
        return json_response([{"Path": path, "Kind": kind} for path, kind in sorted(paths.items())] or None)


def processes(container: Container, now: int) -> list[tuple[str, str, str, float, int, str]]:
    """User, pid, parent, CPU %, resident kB and command line of what runs inside."""
    usage = container.profile.at(container.active_time(now), limit=container.memory_limit)
    user = container.config.get("User") or "root"
    seconds = max(container.active_time(now) / SECOND, 1)
    cpu = usage.cpu / SECOND / seconds * 100
    command = " ".join(container.command)
    rows = [(user, str(container.pid), str(container.pid - 20), cpu, usage.memory // 2048, command)]
    name = container.command[0].rpartition("/")[2] if container.command else "sh"
    for index in range(1, min(usage.pids, 6)):
        line = f"{name}: worker process" if container.image.kind == "nginx" else f"{command} --worker={index}"
        rows.append((user, str(container.pid + index), str(container.pid), cpu / 4, usage.memory // 8192, line))
    return rows


def check_running(container: Container) -> None:
    """Raise 409 unless commands can be run inside."""
    if container.state == "paused":
        raise ApiError(409, f"Container {container.name} is paused, unpause the container before exec")
    if container.state != "running":
        raise not_running(container.id)
