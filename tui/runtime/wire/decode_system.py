"""Engine information, version and disk usage from the Engine API's JSON."""

from __future__ import annotations

from collections.abc import Iterable

from tui.runtime.models import DiskUsage, EngineInfo, EngineKind, EngineVersion, UsageItem
from tui.runtime.wire.times import parse_time
from tui.runtime.wire.values import Raw, flag, inner, inners, known, number, text, texts


def kind_of(version: Raw) -> EngineKind:
    """Which engine an answer of ``GET /version`` comes from."""
    names = [text(component, "Name") for component in inners(version, "Components")]
    if any(name.startswith("Podman") for name in names):
        return EngineKind.PODMAN
    # Engines before 18.09 name no components, and were all Docker's.
    return EngineKind.DOCKER if not names or "Engine" in names else EngineKind.UNKNOWN


def engine_version(raw: Raw) -> EngineVersion:
    """The answer of ``GET /version``."""
    return EngineVersion(
        kind=kind_of(raw),
        version=text(raw, "Version"),
        api_version=text(raw, "ApiVersion"),
        min_api_version=text(raw, "MinAPIVersion"),
        os=text(raw, "Os"),
        architecture=text(raw, "Arch"),
        kernel=text(raw, "KernelVersion"),
    )


def engine_info(raw: Raw, *, kind: EngineKind, api_version: str) -> EngineInfo:
    """The answer of ``GET /info``, with what the connection knows."""
    security = texts(raw, "SecurityOptions")
    return EngineInfo(
        id=text(raw, "ID"),
        name=text(raw, "Name"),
        kind=kind,
        version=text(raw, "ServerVersion"),
        api_version=api_version,
        os=text(raw, "OperatingSystem"),
        os_type=text(raw, "OSType"),
        kernel=text(raw, "KernelVersion"),
        architecture=text(raw, "Architecture"),
        cpus=number(raw, "NCPU"),
        memory=number(raw, "MemTotal"),
        driver=text(raw, "Driver"),
        cgroup_version=text(raw, "CgroupVersion"),
        cgroup_driver=text(raw, "CgroupDriver"),
        rootless=flag(raw, "Rootless") or "name=rootless" in security,
        containers=number(raw, "Containers"),
        running=number(raw, "ContainersRunning"),
        paused=number(raw, "ContainersPaused"),
        stopped=number(raw, "ContainersStopped"),
        images=number(raw, "Images"),
        warnings=texts(raw, "Warnings"),
        security_options=security,
        system_time=parse_time(raw.get("SystemTime")),
    )


def disk_usage(raw: Raw) -> DiskUsage:
    """The answer of ``GET /system/df``, summed as ``docker system df`` does."""
    return DiskUsage(
        (
            _images(raw),
            _containers(list(inners(raw, "Containers"))),
            _volumes(list(inners(raw, "Volumes"))),
            _build_cache(list(inners(raw, "BuildCache"))),
        )
    )


def _images(raw: Raw) -> UsageItem:
    images = list(inners(raw, "Images"))
    total = number(raw, "LayersSize")
    used = [image for image in images if number(image, "Containers") > 0]
    # What only this image holds is its size without the layers that it shares.
    held = sum(number(image, "Size") - shared for image in used if (shared := known(image, "SharedSize")) is not None)
    return UsageItem("images", len(images), len(used), total, max(0, total - held))


def _containers(containers: list[Raw]) -> UsageItem:
    active = [item for item in containers if text(item, "State") in ("running", "paused", "restarting")]
    total = _sum(containers, "SizeRw")
    return UsageItem("containers", len(containers), len(active), total, total - _sum(active, "SizeRw"))


def _volumes(volumes: list[Raw]) -> UsageItem:
    usages = [inner(volume, "UsageData") for volume in volumes]
    active = [usage for usage in usages if number(usage, "RefCount") > 0]
    total = _sum(usages, "Size")
    return UsageItem("volumes", len(volumes), len(active), total, total - _sum(active, "Size"))


def _build_cache(records: list[Raw]) -> UsageItem:
    active = [record for record in records if flag(record, "InUse")]
    own = [record for record in records if not flag(record, "Shared")]
    total = _sum(own, "Size")
    held = _sum((record for record in own if flag(record, "InUse")), "Size")
    return UsageItem("build cache", len(records), len(active), total, total - held)


def _sum(items: Iterable[Raw], key: str) -> int:
    """The sum of the sizes that are known (-1 is "not computed")."""
    return sum(known(item, key) or 0 for item in items)
