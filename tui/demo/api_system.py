"""/_ping, /version, /info, /events, /system/df."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

from tui.demo import present
from tui.demo.catalogue import digest
from tui.demo.clock import SECOND, rfc3339
from tui.demo.errors import ApiError
from tui.demo.events import EVENT_KEYS, Filters, event_matches
from tui.demo.filters import parse_filters
from tui.demo.http import Request, Response, json_response
from tui.demo.numbers import CPUS, MEMORY
from tui.demo.objects import Json
from tui.demo.server import API_VERSION, ENGINE_VERSION, MIN_API_VERSION, Routes
from tui.demo.world import World

KERNEL = "6.12.0-demo"


def parse_time(text: str, now: int) -> int:
    """`since` and `until`: seconds with up to nine decimals, or 0; in nanoseconds.

    Raises:
        ApiError: 500, as dockerd has it, for something else.
    """
    whole, _, fraction = text.partition(".")
    try:
        return int(whole) * SECOND + int(f"{fraction:0<9.9}" or 0)
    except ValueError:
        raise ApiError(500, f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


class SystemApi:
    """The engine as a whole."""

    def __init__(self, world: World) -> None:
        """Answer about `world`."""
        self.world = world

    def routes(self) -> Routes:
        """What it answers."""
        return [
            ("GET", "/_ping", self.ping),
            ("HEAD", "/_ping", self.ping),
            ("GET", "/version", self.version),
            ("GET", "/info", self.info),
            ("GET", "/events", self.events),
            ("GET", "/system/df", self.disk_usage),
        ]

    async def ping(self, request: Request, parameters: Mapping[str, str]) -> Response:
        """`OK`."""
        headers = {
            "Builder-Version": "2",
            "Cache-Control": "no-cache, no-store, must-revalidate",
            "Pragma": "no-cache",
            "Swarm": "inactive",
        }
        body = b"" if request.method == "HEAD" else b"OK"
        return Response(200, body, "text/plain; charset=utf-8", headers=headers)

    async def version(self, request: Request, parameters: Mapping[str, str]) -> Response:
        """What `docker version` shows."""
        common: Json = {
            "ApiVersion": API_VERSION, "MinAPIVersion": MIN_API_VERSION, "GitCommit": "demo", "GoVersion": "go1.23.6",
            "Os": "linux", "Arch": "amd64", "KernelVersion": KERNEL, "BuildTime": "2025-02-19T22:24:35.000000000+00:00",
        }  # fmt: skip
        components = [
            {"Name": "Engine", "Version": ENGINE_VERSION, "Details": {**common, "Experimental": "false"}},
            {
                "Name": "containerd",
                "Version": "1.7.25",
                "Details": {"GitCommit": "bcc810d6b9066471b0b6fa75f557a15a1cbf31bb"},
            },
            {"Name": "runc", "Version": "1.2.4", "Details": {"GitCommit": "v1.2.4-0-g6c52b3f"}},
            {"Name": "docker-init", "Version": "0.19.0", "Details": {"GitCommit": "de40ad0"}},
        ]
        platform = {"Name": "Portside demo engine"}
        return json_response({"Platform": platform, "Components": components, "Version": ENGINE_VERSION, **common})

    async def info(self, request: Request, parameters: Mapping[str, str]) -> Response:
        """What `docker info` shows."""
        world = self.world
        states = [container.state for container in world.containers.values()]
        paused = states.count("paused")
        running = states.count("running") + states.count("restarting")
        identity = digest("engine", world.seed)
        return json_response(
            {
                "ID": f"{identity[:8]}-{identity[8:12]}-4{identity[13:16]}-8{identity[17:20]}-{identity[20:32]}",
                "Containers": len(states),
                "ContainersRunning": running,
                "ContainersPaused": paused,
                "ContainersStopped": len(states) - running - paused,
                "Images": len(world.images),
                "Driver": "overlay2",
                "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]],
                "Plugins": {
                    "Volume": ["local"], "Network": ["bridge", "host", "ipvlan", "macvlan", "null", "overlay"],
                    "Authorization": None, "Log": ["json-file", "journald", "local", "syslog"],
                },
                "MemoryLimit": True, "SwapLimit": True, "CpuCfsPeriod": True, "CpuCfsQuota": True, "CPUShares": True,
                "CPUSet": True, "PidsLimit": True, "IPv4Forwarding": True, "BridgeNfIptables": False,
                "BridgeNfIp6tables": False, "Debug": False, "NFd": 42, "OomKillDisable": False, "NGoroutines": 64,
                "SystemTime": rfc3339(world.now()),
                "LoggingDriver": "json-file", "CgroupDriver": "systemd", "CgroupVersion": "2",
                "NEventsListener": world.events.listeners,
                "KernelVersion": KERNEL, "OperatingSystem": "Portside demo", "OSVersion": "1", "OSType": "linux",
                "Architecture": "x86_64", "IndexServerAddress": "https://index.docker.io/v1/",
                "RegistryConfig": {
                    "InsecureRegistryCIDRs": ["::1/128", "127.0.0.0/8"], "Mirrors": None,
                    "IndexConfigs": {
                        "docker.io": {"Name": "docker.io", "Mirrors": [], "Secure": True, "Official": True}
                    },
                },
                "NCPU": CPUS, "MemTotal": MEMORY, "GenericResources": None, "DockerRootDir": present.ROOT,
                "HttpProxy": "", "HttpsProxy": "", "NoProxy": "", "Name": "demo", "Labels": [],
                "ExperimentalBuild": False, "ServerVersion": ENGINE_VERSION,
                "Runtimes": {"runc": {"path": "runc"}, "io.containerd.runc.v2": {"path": "runc"}},
                "DefaultRuntime": "runc",
                "Swarm": {
                    "NodeID": "", "NodeAddr": "", "LocalNodeState": "inactive", "ControlAvailable": False, "Error": "",
                    "RemoteManagers": None,
                },
                "LiveRestoreEnabled": False, "Isolation": "", "InitBinary": "docker-init",
                "Containerd": {
                    "Address": "/run/containerd/containerd.sock",
                    "Namespaces": {"Containers": "moby", "Plugins": "plugins.moby"},
                },
                "DefaultAddressPools": [{"Base": "172.17.0.0/12", "Size": 16}],
                "ContainerdCommit": {"ID": "bcc810d6b9066471b0b6fa75f557a15a1cbf31bb"},
                "RuncCommit": {"ID": "v1.2.4-0-g6c52b3f"}, "InitCommit": {"ID": "de40ad0"},
                "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
                "CDISpecDirs": ["/etc/cdi", "/var/run/cdi"],
                "Warnings": None,
            }
        )  # fmt: skip

    async def events(self, request: Request, parameters: Mapping[str, str]) -> Response:
        """Past events if asked for (`since`), then those that come, until `until`."""
        now = self.world.now()
        filters = parse_filters(request, EVENT_KEYS)
        since = parse_time(request.query["since"], now) if request.query.get("since") else None
        until = parse_time(request.query["until"], now) if request.query.get("until") else None
        past: list[Json] = []
        if since is not None:
            past = [
                e
                for e in self.world.events.kept
                if e["timeNano"] >= since and (until is None or e["timeNano"] <= until)
            ]
        return Response(content_type="application/json", stream=self._events(past, until, filters))

    async def _events(self, past: list[Json], until: int | None, filters: Filters) -> AsyncIterator[bytes]:
        subscription = self.world.events.subscribe()
        over = asyncio.ensure_future(self._reach(until))
        try:
            yield b"".join(_line(event) for event in past if event_matches(event, filters))
            while until is None or self.world.now() < until:
                coming = asyncio.ensure_future(subscription.take())
                try:
                    await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
                    if not coming.done():
                        return
                    yield b"".join(_line(event) for event in coming.result() if event_matches(event, filters))
                finally:
                    coming.cancel()
        finally:
            over.cancel()
            subscription.close()

    async def _reach(self, until: int | None) -> None:
        if until is None:
            await asyncio.get_running_loop().create_future()
        else:
            await self.world.clock.sleep((until - self.world.now()) / SECOND)

    async def disk_usage(self, request: Request, parameters: Mapping[str, str]) -> Response:
        """What `docker system df` shows."""
        world = self.world
        mounts = [mount.get("Name") for container in world.containers.values() for mount in container.mounts]
        images = [
            present.image_summary(image, containers=len(world.users_of(image)), shared=0) for image in world.images
        ]
        return json_response(
            {
                "LayersSize": sum(image.size for image in world.images),
                "Images": images,
                "Containers": [present.summary(c, world.now(), size=True) for c in world.containers.values()],
                "Volumes": [present.volume_json(v, references=mounts.count(v.name)) for v in world.volumes.values()],
                "BuildCache": [],
            }
        )


def _line(event: Json) -> bytes:
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"
