"""What happens by itself: now and then a container fails and is started again, falls ill, recovers, or does its job."""

from __future__ import annotations

from tui.demo.clock import SECOND
from tui.demo.logbook import STDERR
from tui.demo.objects import Container
from tui.demo.world import World

SHORTEST = 6.0
LONGEST = 18.0
"""Seconds between two strokes."""


class Fate:
    """Strikes every few seconds, by the world's own random numbers and clock."""

    def __init__(self, world: World) -> None:
        """Be ready to strike in `world`."""
        self.world = world

    def begin(self) -> None:
        """Set the first stroke."""
        self._next()

    def _next(self) -> None:
        world = self.world
        pause = world.rng.uniform(SHORTEST, LONGEST)
        world.background.append(world.clock.call_at(world.now() + int(pause * SECOND), self._strike))
        del world.background[:-1]

    def _strike(self) -> None:
        choice = self.world.rng.random()
        if choice < 0.4:
            self._fail()
        elif choice < 0.75:
            self._sicken()
        else:
            self._work()
        self._next()

    def _pick(self, candidates: list[Container]) -> Container | None:
        return self.world.rng.choice(candidates) if candidates else None

    def _fail(self) -> None:
        """A container of a service dies; its restart policy brings it back."""
        candidates = [
            container
            for container in self.world.containers.values()
            if container.state == "running" and container.host_config["RestartPolicy"]["Name"] != "no"
        ]
        container = self._pick(candidates)
        if container is not None:
            now = self.world.now()
            container.log.write(now, b"fatal: lost the connection to the database, giving up", STDERR)
            self.world.life.die(container, self.world.rng.choice((1, 1, 2, 139)))

    def _sicken(self) -> None:
        """One health check changes its mind; it will change it back."""
        ill = [c for c in self.world.containers.values() if c.health is not None and c.env("UNHEALTHY") != "1"]
        container = self._pick(ill)
        if container is not None and container.health is not None and container.state == "running":
            health = container.health
            health.failing = not health.failing
            if health.failing:
                self.world.life.later(
                    container, self.world.rng.uniform(20, 60), lambda: setattr(health, "failing", False)
                )

    def _work(self) -> None:
        """A job that has ended runs once more."""
        jobs = [
            container
            for container in self.world.containers.values()
            if container.state == "exited" and not container.oom_killed and container.started
        ]
        container = self._pick(jobs)
        if container is not None:
            self.world.life.start(container)
            self.world.life.die_later(container, self.world.rng.uniform(2, 9), container.exit_code)
