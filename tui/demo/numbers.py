"""What a container uses: smooth figures that are a function of its id, the seed and the time it has been active."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from tui.demo.clock import SECOND

MIB = 1 << 20
CPUS = 4
"""Processors of the machine that the demo pretends to run on."""
MEMORY = 16 << 30
"""Its memory, in bytes."""


@dataclass(frozen=True, slots=True)
class Wave:
    """A rate per second that swings around `mean`; its integral is exact, so that counters never run backwards."""

    mean: float
    depth: float
    period: float
    phase: float

    def value(self, seconds: float) -> float:
        """The rate at an instant."""
        return self.mean * (1 + self.depth * math.sin(2 * math.pi * seconds / self.period + self.phase))

    def total(self, seconds: float) -> float:
        """What the rate has added up to since second 0."""
        omega = 2 * math.pi / self.period
        swing = (math.cos(self.phase) - math.cos(omega * seconds + self.phase)) / omega
        return self.mean * (seconds + self.depth * swing)


@dataclass(frozen=True, slots=True)
class Usage:
    """Totals and gauges at an instant: CPU in nanoseconds, the rest in bytes, operations or processes."""

    cpu: int
    memory: int
    cache: int
    pids: int
    received: int
    sent: int
    read: int
    written: int


class Profile:
    """How much one container uses. The same seed and id give the same figures."""

    def __init__(
        self,
        seed: int,
        identity: str,
        *,
        cpu: float = 0.02,
        memory: int = 24 * MIB,
        traffic: float = 800.0,
        disk: float = 0.0,
        pids: int = 2,
    ) -> None:
        """Take the means: `cpu` in cores, `memory` in bytes, `traffic` and `disk` in bytes per second."""
        rng = random.Random(f"{seed}/{identity}")

        def wave(mean: float, depth: float) -> Wave:
            return Wave(mean, depth * rng.uniform(0.6, 1.0), rng.uniform(25, 140), rng.uniform(0, 2 * math.pi))

        self.cpu_slow = wave(cpu * 0.7 * SECOND, 0.7)
        self.cpu_fast = Wave(cpu * 0.3 * SECOND, 0.9, rng.uniform(5, 11), rng.uniform(0, 6))
        self.memory = wave(memory, 0.12)
        self.received = wave(traffic, 0.8)
        self.sent = wave(traffic * rng.uniform(0.4, 2.5), 0.8)
        self.read = wave(disk * 0.6, 0.9)
        self.written = wave(disk, 0.9)
        self.pids = pids

    def at(self, active: int, *, limit: int = 0) -> Usage:
        """The figures after `active` nanoseconds of running (time paused does not count)."""
        t = active / SECOND
        memory = int(self.memory.value(t) * min(1.0, 0.35 + t / 20))  # programs grow in their first seconds
        return Usage(
            cpu=int(self.cpu_slow.total(t) + self.cpu_fast.total(t)),
            memory=min(memory, int(limit * 0.97)) if limit else memory,
            cache=memory // 6,
            pids=self.pids + (1 if math.sin(t / 17) > 0.8 else 0),
            received=int(self.received.total(t)) + 1166,
            sent=int(self.sent.total(t)) + 126,
            read=int(self.read.total(t)),
            written=int(self.written.total(t)),
        )


def stats_json(identity: str, name: str, now: int, usage: Usage, *, limit: int, networks: bool) -> dict[str, object]:
    """One sample as `/containers/{id}/stats` answers it on cgroup v2 (without the `precpu` half)."""
    packets_in, packets_out = usage.received // 600, usage.sent // 600
    block = [
        {"major": 259, "minor": 0, "op": op, "value": value}
        for op, value in (("read", usage.read), ("write", usage.written))
    ]
    sample: dict[str, object] = {
        "name": f"/{name}",
        "id": identity,
        "pids_stats": {"current": usage.pids, "limit": 18446744073709551615},
        "blkio_stats": {
            "io_service_bytes_recursive": block,
            "io_serviced_recursive": None,
            "io_queue_recursive": None,
            "io_service_time_recursive": None,
            "io_wait_time_recursive": None,
            "io_merged_recursive": None,
            "io_time_recursive": None,
            "sectors_recursive": None,
        },
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": cpu_json(usage, now),
        "memory_stats": {
            "usage": usage.memory + usage.cache,
            "stats": {
                "active_anon": usage.memory // 2,
                "active_file": usage.cache // 3,
                "anon": usage.memory,
                "file": usage.cache,
                "inactive_anon": usage.memory // 2,
                "inactive_file": usage.cache - usage.cache // 3,
                "kernel_stack": 16384 * usage.pids,
                "pgfault": usage.memory // 4096 * 2,
                "pgmajfault": 0,
                "slab": 131072,
            },
            "limit": limit or MEMORY,
        },
    }
    if networks:
        sample["networks"] = {
            "eth0": {
                "rx_bytes": usage.received,
                "rx_packets": packets_in,
                "rx_errors": 0,
                "rx_dropped": 0,
                "tx_bytes": usage.sent,
                "tx_packets": packets_out,
                "tx_errors": 0,
                "tx_dropped": 0,
            }
        }
    return sample


def cpu_json(usage: Usage, now: int) -> dict[str, object]:
    """The `cpu_stats` of one instant; the system's counter is the processors' time since 1970 (its growth counts)."""
    return {
        "cpu_usage": {
            "total_usage": usage.cpu,
            "usage_in_kernelmode": usage.cpu // 5,
            "usage_in_usermode": usage.cpu - usage.cpu // 5,
        },
        "system_cpu_usage": now * CPUS,
        "online_cpus": CPUS,
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }


NO_SAMPLE_CPU: dict[str, object] = {
    "cpu_usage": {"total_usage": 0, "usage_in_kernelmode": 0, "usage_in_usermode": 0},
    "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
}
"""The CPU figures of a container that does not run."""


def no_stats_json(identity: str, name: str) -> dict[str, object]:
    """The answer for a container that does not run."""
    keys = ("io_service_bytes", "io_serviced", "io_queue", "io_service_time", "io_wait_time", "io_merged", "io_time")
    return {
        "name": f"/{name}",
        "id": identity,
        "read": "0001-01-01T00:00:00Z",
        "preread": "0001-01-01T00:00:00Z",
        "pids_stats": {},
        "blkio_stats": {f"{key}_recursive": None for key in keys} | {"sectors_recursive": None},
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": NO_SAMPLE_CPU,
        "precpu_stats": NO_SAMPLE_CPU,
        "memory_stats": {},
    }
