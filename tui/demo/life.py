"""Starting, stopping, dying: the life of containers, with the events and the order of events that dockerd has."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.demo.clock import SECOND, Timer, rfc3339
from tui.demo.errors import ApiError, not_running
from tui.demo.objects import Container, Endpoint, Health, Json
from tui.demo.programs import program_of

if TYPE_CHECKING:
    from tui.demo.world import World

GRACE = 10
"""Seconds between the stop signal and SIGKILL unless the client or the container says otherwise."""


def signal_number(text: str, container: Container) -> int:
    """The number of `TERM`, `SIGTERM` or `15`.

    Raises:
        ApiError: 400 for something else.
    """
    if text.isdigit() and int(text) in signal.valid_signals():
        return int(text)
    name = "SIG" + text.upper().removeprefix("SIG")
    with contextlib.suppress(KeyError):
        return int(signal.Signals[name])
    raise ApiError(400, f"cannot kill container: {container.name}: invalid signal: {text}")


class Life:
    """Changes the state of containers. Everything that happens later is a timer on the world's clock."""

    def __init__(self, world: World) -> None:
        """Rule over the containers of `world`."""
        self.world = world
        self.run_command: Callable[[Container, list[str]], None] = self._no_shell
        self._pid = 2000

    def now(self) -> int:
        """Nanoseconds since 1970."""
        return self.world.now()

    # Timers

    def later(self, container: Container, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back after `seconds`, unless the container dies before."""
        timer = self.world.clock.call_at(self.now() + int(max(0.0, seconds) * SECOND), callback)
        container.timers = [timer, *(other for other in container.timers if other.callback is not None)]
        return timer

    def die_later(self, container: Container, seconds: float, code: int) -> None:
        """Let the first process end by itself after `seconds`."""
        self.later(container, seconds, lambda: self.die(container, code))

    def close(self) -> None:
        """No timer of any container fires any more, no command runs any more."""
        for container in self.world.containers.values():
            self._still(container)

    def _freeze(self, container: Container) -> None:
        """What the program would have done next waits until it goes on: the nanoseconds left are kept."""
        now = self.now()
        for timer in container.timers:
            if timer.callback is not None:
                container.frozen.append((timer.when - now, timer.callback))
                timer.cancel()
        container.timers.clear()

    def _still(self, container: Container) -> None:
        for timer in container.timers:
            timer.cancel()
        container.timers.clear()
        container.frozen.clear()
        task, container.task = container.task, None
        if task is not None:
            task.cancel()

    # Start

    def start(self, container: Container) -> bool:
        """Start it; False when it runs already.

        Raises:
            ApiError: 409 paused, 400 its command does not exist.
        """
        if container.state == "paused":
            raise ApiError(409, "cannot start a paused container, try unpause instead")
        if container.state == "running":
            return False
        if container.labels.get("demo.start") == "fail":
            words = f'exec: "{container.command[0]}": executable file not found in $PATH'
            container.error = f"failed to create task for container: failed to create shim task: {words}: unknown"
            container.exit_code = 127
            raise ApiError(400, container.error)
        self._still(container)
        container.stopped_by_hand = False
        self._come_up(container, self.now())
        self._connect(container)
        self._event(container, "start")
        program_of(container).begin(self, container)
        return True

    def place(self, container: Container, started: int) -> None:
        """Let it run since an instant in the past, without events: for containers that a new world begins with."""
        self._come_up(container, started)
        for endpoint in container.endpoints.values():
            self.attach(endpoint)
        program_of(container).begin(self, container)

    def next_pid(self) -> int:
        """A process id that has not been used yet."""
        self._pid += self.world.rng.randrange(3, 60)
        return self._pid

    def _come_up(self, container: Container, started: int) -> None:
        container.state = "running"
        container.pid = self.next_pid()
        container.exit_code = 0
        container.error = ""
        container.oom_killed = False
        container.started = container.active_since = started
        container.active = 0
        check = container.config.get("Healthcheck")
        test = (check or {}).get("Test") or ["NONE"]
        container.health = None
        if check and test[0] != "NONE":
            container.health = Health(failing=container.env("UNHEALTHY") == "1")
            first = min(check.get("Interval") or 30 * SECOND, max(check.get("StartPeriod") or 0, SECOND)) / SECOND
            self.later(container, first, lambda: self._check(container, check))

    def attach(self, endpoint: Endpoint) -> None:
        """Give a running container its address on a network."""
        network = endpoint.network
        endpoint.id = self.world.new_id()
        if network.subnet and not endpoint.address:
            endpoint.address = endpoint.wanted or network.address()
            parts = [int(part) for part in endpoint.address.split(".")]
            endpoint.mac = "02:42:" + ":".join(f"{part:02x}" for part in parts)

    def _connect(self, container: Container) -> None:
        publish = self.world.events.publish
        for endpoint in container.endpoints.values():
            self.attach(endpoint)
            network = endpoint.network
            attributes = {"container": container.id, "name": network.name, "type": network.driver}
            publish(self.now(), "network", "connect", network.id, attributes)
        for mount in container.mounts:
            if mount["Type"] == "volume":
                attributes = {
                    "container": container.id, "destination": mount["Destination"], "driver": "local",
                    "propagation": "", "read/write": str(mount["RW"]).lower(),
                }  # fmt: skip
                publish(self.now(), "volume", "mount", mount["Name"], attributes)

    def _disconnect(self, container: Container) -> None:
        publish = self.world.events.publish
        for endpoint in container.endpoints.values():
            endpoint.id = endpoint.address = endpoint.mac = ""
            network = endpoint.network
            attributes = {"container": container.id, "name": network.name, "type": network.driver}
            publish(self.now(), "network", "disconnect", network.id, attributes)
        for mount in container.mounts:
            if mount["Type"] == "volume":
                attributes = {"container": container.id, "driver": "local"}
                publish(self.now(), "volume", "unmount", mount["Name"], attributes)

    # Health

    def _check(self, container: Container, check: Json) -> None:
        """Run one health check, with the three exec events that dockerd makes of it."""
        health = container.health
        if container.state == "running" and health is not None:
            command = " ".join(check["Test"][1:])
            exec_id = self.world.new_id()
            self._event(container, f"exec_create: {command} ", execID=exec_id)
            self._event(container, f"exec_start: {command} ", execID=exec_id)
            code = 1 if health.failing else 0
            self._event(container, "exec_die", execID=exec_id, exitCode=str(code))
            at = rfc3339(self.now())
            output = "marked unhealthy\n" if health.failing else "ok\n"
            health.log.append({"Start": at, "End": at, "ExitCode": code, "Output": output})
            health.streak = health.streak + 1 if health.failing else 0
            if not health.failing:
                self.set_health(container, "healthy")
            elif health.streak >= (check.get("Retries") or 3):
                self.set_health(container, "unhealthy")
        interval = (check.get("Interval") or 30 * SECOND) / SECOND
        self.later(container, interval, lambda: self._check(container, check))

    def set_health(self, container: Container, status: str) -> None:
        """Change the health, with its event if it is a change."""
        if container.health is not None and container.health.status != status:
            container.health.status = status
            self._event(container, f"health_status: {status}")

    # Death

    def die(self, container: Container, code: int, *, oom: bool = False) -> None:
        """The first process has ended: events, restart policy, automatic removal."""
        if not container.running:
            return
        now = self.now()
        container.active = container.active_time(now)
        container.log.suspend(now)
        self._still(container)
        if oom:
            self._event(container, "oom")
        container.state = "exited"
        container.oom_killed = oom
        container.exit_code = code
        container.finished = now
        container.pid = 0
        container.health = None
        lasted = (now - container.started) // SECOND
        self._event(container, "die", execDuration=str(lasted), exitCode=str(code))
        self._disconnect(container)
        if self._wants_restart(container, code):
            container.state = "restarting"
            container.restarts += 1
            # dockerd: 100 ms, doubled each time up to a minute, and from the beginning once it ran for ten seconds
            exponent = 0 if lasted >= 10 else min(container.restarts - 1, 10)
            self.later(container, min(60.0, 0.1 * 2**exponent), lambda: self._restart_by_policy(container))
        self._tell(container)
        if container.host_config.get("AutoRemove") and container.state == "exited":
            self.destroy(container)

    def _wants_restart(self, container: Container, code: int) -> bool:
        policy = container.host_config["RestartPolicy"]
        if container.stopped_by_hand or policy["Name"] == "no":
            return False
        if policy["Name"] == "on-failure":
            most = policy["MaximumRetryCount"]
            return code != 0 and (not most or container.restarts < most)
        return True

    def _restart_by_policy(self, container: Container) -> None:
        if container.state == "restarting":
            self._come_up(container, self.now())
            self._connect(container)
            self._event(container, "start")
            program_of(container).begin(self, container)

    def _tell(self, container: Container) -> None:
        waiting, container.waiting = container.waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(container.exit_code)

    async def wait_exit(self, container: Container) -> int:
        """Wait for its next end and return the exit code."""
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        container.waiting.add(future)
        try:
            return await future
        finally:
            container.waiting.discard(future)

    # What clients ask for

    def kill(self, container: Container, text: str) -> None:
        """Send a signal.

        Raises:
            ApiError: 409 not running, 400 no such signal.
        """
        number = signal_number(text or "SIGKILL", container)
        if container.state == "restarting" and number == signal.SIGKILL:
            self._give_up_restarting(container)
            return
        if not container.running:
            message = f"cannot kill container: {container.name}: {not_running(container.id).message}"
            raise ApiError(409, message)
        self._signal(container, number)

    def _signal(self, container: Container, number: int) -> None:
        self._event(container, "kill", signal=str(number))
        if number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            container.stopped_by_hand = True
        if number == signal.SIGKILL:
            self.die(container, 137)
            return
        if container.state == "paused":
            return  # it will see the signal when it goes on; dockerd's stop kills it in the end
        reaction = program_of(container).on_signal(self, container, number)
        if reaction is not None:
            code, delay = reaction
            self.later(container, delay, lambda: self.die(container, code))

    async def stop(self, container: Container, *, timeout: int | None, text: str = "") -> bool:
        """Stop it: the stop signal, then after `timeout` seconds (-1: never) SIGKILL. False: it did not run."""
        number = signal_number(text or container.config.get("StopSignal") or "SIGTERM", container)
        if container.state == "restarting":
            self._give_up_restarting(container)
            self._event(container, "stop")
            return True
        if not container.running:
            return False
        if timeout is None:
            timeout = int(container.config.get("StopTimeout") or GRACE)
        ended = asyncio.ensure_future(self.wait_exit(container))
        await asyncio.sleep(0)  # let it take its place among those who wait before anything can die
        container.stopped_by_hand = True
        killer: Timer | None = None
        try:
            self._signal(container, number)
            if timeout >= 0 and container.running:
                killer = self.later(container, timeout, lambda: self._signal(container, signal.SIGKILL))
            await ended
        finally:
            ended.cancel()
            if killer is not None:
                killer.cancel()
        self._event(container, "stop")
        return True

    def _give_up_restarting(self, container: Container) -> None:
        self._still(container)
        container.stopped_by_hand = True
        container.state = "exited"
        self._tell(container)

    async def restart(self, container: Container, *, timeout: int | None, text: str = "") -> None:
        """Stop it if it runs, then start it."""
        await self.stop(container, timeout=timeout, text=text)
        self.start(container)
        self._event(container, "restart")

    def pause(self, container: Container) -> None:
        """Freeze it.

        Raises:
            ApiError: 409 not running, paused already or restarting.
        """
        if container.state == "paused":
            raise ApiError(409, f"Container {container.id} is already paused")
        if container.state == "restarting":
            raise ApiError(409, f"Container {container.id} is restarting, wait until the container is running")
        if container.state != "running":
            raise not_running(container.id)
        container.active = container.active_time(self.now())
        container.state = "paused"
        container.log.suspend(self.now())
        self._freeze(container)
        self._event(container, "pause")

    def unpause(self, container: Container) -> None:
        """Let it go on.

        Raises:
            ApiError: 500 (as dockerd does) when it is not paused.
        """
        if container.state != "paused":
            raise ApiError(500, f"Container {container.id} is not paused")
        container.state = "running"
        container.active_since = self.now()
        container.log.resume(self.now())
        frozen, container.frozen = container.frozen, []
        for left, callback in frozen:
            self.later(container, left / SECOND, callback)
        self._event(container, "unpause")

    def remove(self, container: Container, *, force: bool = False, volumes: bool = False) -> None:
        """Remove it.

        Raises:
            ApiError: 409 it runs, is paused or restarts, and `force` is not set.
        """
        why = {
            "running": "container is running: stop the container before removing or force remove",
            "paused": "container is paused and must be unpaused first",
            "restarting": "container is restarting: stop the container before removing or force remove",
        }.get(container.state)
        if why is not None and not force:
            raise ApiError(409, f'cannot remove container "{container.name}": {why}')
        if container.running:
            auto = container.host_config.get("AutoRemove")
            self._signal(container, signal.SIGKILL)
            if auto:
                return
        elif container.state == "restarting":
            self._give_up_restarting(container)
        self.destroy(container, volumes=volumes)

    def destroy(self, container: Container, *, volumes: bool = False) -> None:
        """Take it out of the world, with its anonymous volumes if asked for."""
        self._still(container)
        self.world.forget(container)
        self._event(container, "destroy")
        if volumes or container.host_config.get("AutoRemove"):
            for mount in container.mounts:
                volume = self.world.volumes.get(mount.get("Name", ""))
                if volume is not None and "com.docker.volume.anonymous" in (volume.labels or {}):
                    del self.world.volumes[volume.name]
                    self.world.events.publish(self.now(), "volume", "destroy", volume.name, {"driver": "local"})
        container.state = "removing"
        container.log.changed()
        self._tell(container)

    def _event(self, container: Container, action: str, **more: str) -> None:
        self.world.events.container(self.now(), container, action, **more)

    def _no_shell(self, container: Container, command: list[str]) -> None:
        self.die_later(container, 0.05, 0)
