"""What inspect tells, as sections of labelled values for the detail pane."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tui.resources.base import DetailField, DetailSection, Tone
from tui.resources.format import memory_text, ports_text, short_id, size_text, time_text
from tui.runtime.models import (
    ContainerDetail,
    ContainerState,
    Event,
    Health,
    HealthProbe,
    ImageDetail,
    ImageHistoryItem,
    Mount,
    NetworkAttachment,
)

MASK = "••••••••"

# Words of a variable's name that promise a secret. "KEY" alone must be a word: KEYBOARD and MONKEY are none.
_SECRET = re.compile(
    r"SECRET|PASSW|PASSPHRASE|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|APIKEY|AUTH(?!ORS?(?:$|[_.-]))|COOKIE|DSN"
    r"|(?:^|[_.-])(?:KEY|PWD|PASS|SALT|SIGNATURE|PIN)(?:$|[_.-])",
    re.IGNORECASE,
)
# A password inside a URL, whatever the variable is called: postgres://user:password@host/. The scheme is bounded:
# without that a value of a million letters would take a million steps for each of them.
_URL_PASSWORD = re.compile(r"(?P<head>[A-Za-z][A-Za-z0-9+.-]{0,20}://[^\s:/@]*:)[^\s/@]+(?=@)")

_HEALTH_TONES: Mapping[Health, Tone] = {
    Health.HEALTHY: Tone.GOOD,
    Health.UNHEALTHY: Tone.BAD,
    Health.STARTING: Tone.BUSY,
}


def looks_secret(name: str) -> bool:
    """Whether a variable of this name probably holds a secret."""
    return _SECRET.search(name) is not None


def mask_variable(variable: str) -> str:
    """``NAME=value`` with the value masked if the name promises a secret, and passwords in URLs masked in any case."""
    name, equals, value = variable.partition("=")
    if equals and value and looks_secret(name):
        return f"{name}={MASK}"
    return _URL_PASSWORD.sub(rf"\g<head>{MASK}", variable)


def masked(raw: Mapping[str, Any]) -> dict[str, Any]:
    """An engine's own answer with the variables in every ``Env`` list masked as `mask_variable` does."""
    return {key: _masked_value(key, value) for key, value in raw.items()}


def _masked_value(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return masked(value)
    if isinstance(value, list):
        if key == "Env":
            return [mask_variable(item) if isinstance(item, str) else item for item in value]
        return [_masked_value("", item) for item in value]
    return value


def _section(title: str, fields: Iterable[DetailField | None]) -> DetailSection:
    return DetailSection(title, tuple(field for field in fields if field is not None))


def _field(label: str, *values: str, tone: Tone = Tone.PLAIN) -> DetailField | None:
    """A field, or None when there is nothing to say."""
    kept = tuple(value for value in values if value)
    return DetailField(label, kept, tone) if kept else None


def _yes(label: str, value: bool, tone: Tone = Tone.PLAIN) -> DetailField | None:
    return _field(label, "yes", tone=tone) if value else None


def _env(variables: Sequence[str], reveal: bool) -> DetailSection:
    fields: list[DetailField] = []
    for variable in sorted(variables):
        shown = variable if reveal else mask_variable(variable)
        name, _, value = shown.partition("=")
        fields.append(DetailField(name, (value,), secret=mask_variable(variable) != variable))
    return DetailSection("Env", tuple(fields))


def _labels(labels: Mapping[str, str]) -> DetailSection:
    return DetailSection("Labels", tuple(DetailField(key, (value,)) for key, value in sorted(labels.items())))


def _exit(detail: ContainerDetail) -> DetailField | None:
    if detail.exit_code is None or detail.state in (
        ContainerState.CREATED,
        ContainerState.RUNNING,
        ContainerState.PAUSED,
    ):
        return None
    return _field("Exit code", str(detail.exit_code), tone=Tone.BAD if detail.exit_code else Tone.PLAIN)


def _overview(detail: ContainerDetail) -> DetailSection:
    limit = memory_text(detail.memory_limit) if detail.memory_limit else ""
    cpus = f"{detail.nano_cpus / 1e9:g}" if detail.nano_cpus else ""
    health = "" if detail.health is Health.NONE else detail.health.value
    ended = detail.state not in (ContainerState.RUNNING, ContainerState.PAUSED)
    return _section(
        "Overview",
        (
            _field("Name", detail.name),
            _field("Id", short_id(detail.id)),
            _field("State", detail.state.value),
            _field("Health", health, tone=_HEALTH_TONES.get(detail.health, Tone.PLAIN)),
            _exit(detail),
            _field("Error", detail.error, tone=Tone.BAD),
            _yes("Out of memory", detail.oom_killed, Tone.BAD),
            _field("Image", detail.image),
            _field("Image id", short_id(detail.image_id)),
            _field("Entrypoint", *detail.entrypoint),
            _field("Command", *detail.command),
            _field("Created", time_text(detail.created)),
            _field("Started", time_text(detail.started_at)),
            _field("Finished", time_text(detail.finished_at) if ended else ""),
            _field("Pid", str(detail.pid) if detail.pid else ""),
            _field("Restarts", str(detail.restart_count) if detail.restart_count else "", tone=Tone.WARN),
            _field("Restart policy", detail.restart_policy),
            _field("User", detail.user),
            _field("Working dir", detail.working_dir),
            _field("Host name", detail.hostname),
            _field("Memory limit", limit),
            _field("CPU limit", cpus),
            _field("Log driver", detail.log_driver),
            _yes("Privileged", detail.privileged, Tone.WARN),
            _yes("Removed when it ends", detail.auto_remove),
            _yes("TTY", detail.tty),
            _field("Size", size_text(detail.size_rw) if detail.size_rw is not None else ""),
            _field("Size with image", size_text(detail.size_root_fs) if detail.size_root_fs is not None else ""),
        ),
    )


def _mount(mount: Mount) -> DetailField:
    source = mount.name or mount.source or "-"
    access = "read-write" if mount.read_write else "read-only"
    extra = " · ".join(part for part in (mount.kind, access, mount.mode, mount.driver) if part)
    return DetailField(mount.destination, (source, extra))


def _network(network: NetworkAttachment) -> DetailField:
    values = (
        network.ip,
        network.ipv6,
        f"gateway {network.gateway}" if network.gateway else "",
        f"mac {network.mac}" if network.mac else "",
        f"aliases {', '.join(network.aliases)}" if network.aliases else "",
    )
    return DetailField(network.name, tuple(value for value in values if value))


def _probe(probe: HealthProbe) -> DetailField:
    took = ""
    if probe.start is not None and probe.end is not None:
        took = f" in {max(0.0, (probe.end - probe.start).total_seconds()):.1f} s"
    failed = probe.exit_code != 0
    head = f"exit {probe.exit_code}{took}"
    return DetailField(
        time_text(probe.start) or "probe",
        (head, *probe.output.splitlines()),
        Tone.BAD if failed else Tone.GOOD,
    )


def container_details(detail: ContainerDetail, reveal: bool = False) -> tuple[DetailSection, ...]:
    """Overview, Env, Mounts, Ports & networks, Health log and Labels of a container; empty sections are kept.

    Args:
        detail: What inspect told.
        reveal: Whether values that look like secrets are shown; else they are masked.
    """
    streak = _field("Failing streak", str(detail.failing_streak) if detail.failing_streak else "", tone=Tone.BAD)
    # The newest probe is the one that is looked for.
    probes = [_probe(probe) for probe in reversed(detail.health_log)]
    return (
        _overview(detail),
        _env(detail.env, reveal),
        DetailSection("Mounts", tuple(_mount(mount) for mount in detail.mounts)),
        _section(
            "Ports & networks",
            (
                _field("Ports", *(part for part in ports_text(detail.ports).split(", ") if part)),
                _field("Network mode", detail.network_mode),
                *(_network(network) for network in detail.networks),
            ),
        ),
        _section("Health log", (streak, *probes)),
        _labels(detail.labels),
    )


def _step(item: ImageHistoryItem) -> DetailField:
    # Classic builds wrap each step like this; what is left is the Dockerfile's own line.
    made = item.created_by.removeprefix("/bin/sh -c #(nop) ").strip().removeprefix("/bin/sh -c ")
    return DetailField(size_text(item.size), tuple(part for part in (made or item.comment, *item.tags) if part))


def image_details(
    detail: ImageDetail, history: Sequence[ImageHistoryItem] = (), reveal: bool = False
) -> tuple[DetailSection, ...]:
    """Overview, Env, Labels, Layers and History of an image, newest step first; empty sections are kept.

    Args:
        detail: What inspect told.
        history: Its steps, newest first.
        reveal: Whether values that look like secrets are shown; else they are masked.
    """
    platform = "/".join(part for part in (detail.os, detail.architecture) if part)
    return (
        _section(
            "Overview",
            (
                _field("Tags", *detail.tags),
                _field("Id", short_id(detail.id)),
                _field("Digests", *detail.digests),
                _field("Size", size_text(detail.size)),
                _field("Created", time_text(detail.created)),
                _field("Platform", platform),
                _field("Author", detail.author),
                _field("Entrypoint", *detail.entrypoint),
                _field("Command", *detail.command),
                _field("User", detail.user),
                _field("Working dir", detail.working_dir),
                _field("Ports", *detail.exposed_ports),
                _field("Volumes", *detail.volumes),
            ),
        ),
        _env(detail.env, reveal),
        _labels(detail.labels),
        DetailSection("Layers", tuple(DetailField(str(n), (layer,)) for n, layer in enumerate(detail.layers, 1))),
        DetailSection("History", tuple(_step(item) for item in history)),
    )


def event_details(event: Event) -> tuple[DetailSection, ...]:
    """An event and its attributes, which hold the object's labels too."""
    return (
        _section(
            "Event",
            (
                _field("Time", time_text(event.time)),
                _field("Type", event.type.value),
                _field("Action", event.action),
                _field("Detail", event.detail),
                _field("Name", event.name),
                _field("Id", event.actor_id),
                _field("Scope", event.scope),
            ),
        ),
        DetailSection(
            "Attributes", tuple(DetailField(key, (value,)) for key, value in sorted(event.attributes.items()))
        ),
    )
