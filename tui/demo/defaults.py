"""The configuration that dockerd gives a container for what the client left out."""

from __future__ import annotations

from typing import Any

from tui.demo.errors import ApiError
from tui.demo.objects import Image, Json

_CONFIG: Json = {
    "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": False, "AttachStderr": False,
    "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": None, "Cmd": None, "Image": "", "Volumes": None,
    "WorkingDir": "", "Entrypoint": None, "OnBuild": None, "Labels": {},
}  # fmt: skip

_EMPTY_LISTS = [
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "BlkioWeightDevice",
    "BlkioDeviceReadBps",
    "BlkioDeviceWriteBps",
    "BlkioDeviceReadIOps",
    "BlkioDeviceWriteIOps",
    "Devices",
    "Ulimits",
]  # fmt: skip
_NULLS = [
    "Binds",
    "VolumesFrom",
    "CapAdd",
    "CapDrop",
    "ExtraHosts",
    "GroupAdd",
    "Links",
    "SecurityOpt",
    "DeviceCgroupRules",
    "DeviceRequests",
    "MemorySwappiness",
    "PidsLimit",
]  # fmt: skip
_ZEROS = [
    "OomScoreAdj",
    "CpuShares",
    "Memory",
    "NanoCpus",
    "BlkioWeight",
    "CpuPeriod",
    "CpuQuota",
    "CpuRealtimePeriod",
    "CpuRealtimeRuntime",
    "MemoryReservation",
    "MemorySwap",
    "CpuCount",
    "CpuPercent",
    "IOMaximumIOps",
    "IOMaximumBandwidth",
]  # fmt: skip
_EMPTY = [
    "ContainerIDFile",
    "VolumeDriver",
    "Cgroup",
    "PidMode",
    "UTSMode",
    "UsernsMode",
    "Isolation",
    "CgroupParent",
    "CpusetCpus",
    "CpusetMems",
]  # fmt: skip
_FALSE = ["AutoRemove", "Privileged", "PublishAllPorts", "ReadonlyRootfs"]
_HOST_CONFIG: Json = {
    **dict.fromkeys(_NULLS),
    **dict.fromkeys(_ZEROS, 0),
    **dict.fromkeys(_EMPTY, ""),
    **dict.fromkeys(_FALSE, False),
    "OomKillDisable": None,
    "LogConfig": {"Type": "json-file", "Config": {}},
    "NetworkMode": "bridge",
    "PortBindings": {},
    "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
    "ConsoleSize": [0, 0],
    "CgroupnsMode": "private",
    "IpcMode": "private",
    "ShmSize": 67108864,
    "Runtime": "runc",
    "MaskedPaths": [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
        "/sys/firmware",
    ],
    "ReadonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
}  # fmt: skip

RESTART_POLICIES = ("no", "always", "on-failure", "unless-stopped")


def host_config_of(given: Json) -> Json:
    """The full HostConfig for what a client gave.

    Raises:
        ApiError: 400 for a restart policy that does not exist.
    """
    config = {**_HOST_CONFIG, **{key: [] for key in _EMPTY_LISTS}}
    config |= {key: value for key, value in given.items() if value is not None or config.get(key) is None}
    # The docker CLI sends "not set" as numbers, which dockerd turns into null again.
    if config["MemorySwappiness"] == -1:
        config["MemorySwappiness"] = None
    config["PidsLimit"] = config["PidsLimit"] or None
    policy: dict[str, Any] = dict(config["RestartPolicy"] or {})
    policy = {"Name": policy.get("Name") or "no", "MaximumRetryCount": policy.get("MaximumRetryCount") or 0}
    if policy["Name"] not in RESTART_POLICIES:
        raise ApiError(
            400,
            f"invalid restart policy: unknown policy '{policy['Name']}'; "
            "use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
        )
    config["RestartPolicy"] = policy
    if config["NetworkMode"] in ("", "default"):
        config["NetworkMode"] = "bridge"
    return config


def config_of(body: Json, image: Image, identity: str) -> Json:
    """The full Config of a new container: what the client gave, over what the image says."""
    config = dict(_CONFIG)
    config |= {key: body[key] for key in _CONFIG if body.get(key) is not None}
    inherited = image.config
    for key in ("StopSignal", "StopTimeout", "Healthcheck", "Shell"):
        value = body.get(key) or inherited.get(key)
        if value is not None:
            config[key] = value
    for key in ("Cmd", "Entrypoint"):
        if isinstance(config[key], str):
            config[key] = [config[key]]
    if config["Entrypoint"] is None:
        config["Entrypoint"] = inherited.get("Entrypoint")
        if not config["Cmd"]:
            config["Cmd"] = inherited.get("Cmd")
    env = {entry.partition("=")[0]: entry for entry in inherited.get("Env") or []}
    env |= {entry.partition("=")[0]: entry for entry in config["Env"] or []}
    config["Env"] = list(env.values())
    config["Labels"] = {**image.labels, **(config["Labels"] or {})}
    ports = {**(inherited.get("ExposedPorts") or {}), **(body.get("ExposedPorts") or {})}
    if ports:
        config["ExposedPorts"] = ports
    config["Volumes"] = {**(inherited.get("Volumes") or {}), **(config["Volumes"] or {})} or None
    config["User"] = config["User"] or inherited.get("User") or ""
    config["WorkingDir"] = config["WorkingDir"] or inherited.get("WorkingDir") or ""
    config["Hostname"] = config["Hostname"] or identity[:12]
    return config
