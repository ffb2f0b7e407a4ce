"""The header: which engine, in what state, how many of what, and what the host is doing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tui.panes.line import Line, Part
from tui.runtime.host.proc import HostUse
from tui.runtime.models import Container, ContainerState, EngineKind, Health
from tui.store.fleet import Connection, EngineStatus

_KIND = {EngineKind.DOCKER: "Docker", EngineKind.PODMAN: "Podman", EngineKind.CONTAINERD: "containerd"}


NAME_WIDTH = 24


def short_name(name: str) -> str:
    """An engine's name in at most `NAME_WIDTH` cells: the end tells sockets and hosts apart, so that is kept."""
    return name if len(name) <= NAME_WIDTH else f"…{name[1 - NAME_WIDTH :]}"


def state_parts(status: EngineStatus, now: float) -> list[Part]:
    """What the connection's state looks like: a sign, a word, and when it is not live, why and what is next."""
    if status.connection is Connection.LIVE:
        if status.kind_errors:
            kind, error = next(iter(status.kind_errors.items()))
            return [Part("! live", "warn"), Part(f", but {kind}: {error.detail or error}", "warn")]
        return [Part("◷ polling", "warn") if status.polling else Part("● live", "good")]
    # What is next before what went wrong: on a narrow screen the end is cut.
    retry = "" if status.retry_in is None else f", retry in {max(0, round(status.retry_in))} s"
    why = f": {status.error.detail or status.error}" if status.error is not None else ""
    if status.connection is Connection.CONNECTING:
        return [Part("○ connecting", "busy"), Part(f"{retry}{why}" if why else "", "warn")]
    if status.connection is Connection.STALE:
        age = max(0, round(now - (status.last_live if status.last_live is not None else status.since)))
        return [Part(f"✗ stale {age} s", "bad"), Part(f"{retry}{why}", "bad")]
    return [Part("✗ lost", "bad"), Part(f"{retry}{why}", "bad")]


def count_parts(containers: Iterable[Container]) -> list[Part]:
    """Containers by state, only the states there are."""
    states: Counter[ContainerState] = Counter()
    unhealthy = 0
    for container in containers:
        states[container.state] += 1
        unhealthy += container.health is Health.UNHEALTHY
    if not states:
        return []
    tones = {
        ContainerState.RUNNING: "good",
        ContainerState.PAUSED: "warn",
        ContainerState.RESTARTING: "warn",
        ContainerState.DEAD: "bad",
    }
    parts = []
    for state in (*tones, *(state for state in ContainerState if state not in tones)):
        if states[state]:
            parts.append(Part(f"{states[state]} ", "strong"))
            parts.append(Part(f"{state.value}  ", tones.get(state, "dim")))
        if state is ContainerState.RUNNING and unhealthy:
            parts.append(Part(f"{unhealthy} unhealthy  ", "bad"))
    return parts


class Header(Line):
    """One line over everything."""

    DEFAULT_CSS = """
    Header { background: $panel; padding: 0 1; }
    """

    def update_from(
        self,
        statuses: Sequence[EngineStatus],
        containers: Iterable[Container],
        *,
        now: float,
        read_only: bool = False,
        host: HostUse | None = None,
        jobs: int = 0,
    ) -> None:
        """Show this; `now` is on the clock of `EngineStatus.since`."""
        left = [Part("portside ", "accent")]
        for status in statuses:
            # Which engine this is stands first: production and staging must not look alike.
            left += [Part(short_name(status.name), "strong"), Part(" "), *state_parts(status, now), Part("  ")]
        left += count_parts(containers)
        for status in statuses:
            if status.version is not None:
                left.append(Part(f"{_KIND.get(status.version.kind, 'engine')} {status.version.version}  ", "dim"))
        right = []
        if jobs:
            right.append(Part(f"{jobs} job{'s' if jobs > 1 else ''} (B)  ", "busy"))
        if read_only:
            right.append(Part("READ-ONLY  ", "warn"))
        if host is not None and self.size.width >= 110:
            right.append(Part("host ", "dim"))
            right.append(Part(host.text))
        self.show(left, right)
