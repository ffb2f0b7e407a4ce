"""The arithmetic of resource use: the same figures as ``docker stats``, plus rates."""

from __future__ import annotations

from datetime import datetime

from tui.runtime.models import Stats
from tui.runtime.wire.times import parse_time
from tui.runtime.wire.values import Raw, inner, inners, number, text


class StatsDecoder:
    """Makes samples of one container's ``stats`` messages, each with rates against the one before."""

    def __init__(self, id: str) -> None:
        """Start without an earlier sample. `id` stands in where the engine's message has none."""
        self._id = id
        self._last: Stats | None = None
        self._last_system = 0

    def decode(self, raw: Raw) -> Stats:
        """One message of ``GET /containers/{id}/stats``."""
        cpu, before = inner(raw, "cpu_stats"), inner(raw, "precpu_stats")
        total = number(inner(cpu, "cpu_usage"), "total_usage")
        system = number(cpu, "system_cpu_usage")
        cpus = _cpus(cpu)
        old_total, old_system = number(inner(before, "cpu_usage"), "total_usage"), number(before, "system_cpu_usage")
        last = self._last
        if not old_system and last is not None:
            # Podman, and the first message of a stream, come without the sample before.
            old_total, old_system = last.cpu_total_ns, self._last_system
        received, sent = _network(raw)
        read, written = _blocks(raw)
        memory = inner(raw, "memory_stats")
        time = parse_time(raw.get("read"))
        seconds = seconds_between(last.time if last is not None else None, time)
        sample = Stats(
            id=text(raw, "id") or text(raw, "Id") or self._id,
            time=time,
            cpu_percent=cpu_percent(total - old_total, system - old_system, cpus) if old_system else None,
            memory=memory_used(memory),
            memory_limit=number(memory, "limit"),
            pids=number(inner(raw, "pids_stats"), "current"),
            net_rx=received,
            net_tx=sent,
            block_read=read,
            block_write=written,
            cpu_total_ns=total,
            throttled_ns=number(inner(cpu, "throttling_data"), "throttled_time"),
            cpus=cpus,
            net_rx_rate=rate(last.net_rx, received, seconds) if last is not None else None,
            net_tx_rate=rate(last.net_tx, sent, seconds) if last is not None else None,
            block_read_rate=rate(last.block_read, read, seconds) if last is not None else None,
            block_write_rate=rate(last.block_write, written, seconds) if last is not None else None,
        )
        self._last, self._last_system = sample, system
        return sample


def has_ended(raw: Raw) -> bool:
    """Whether a message is the empty one that engines go on sending for a container that has stopped."""
    return parse_time(raw.get("read")) is None or (
        not number(inner(raw, "cpu_stats"), "system_cpu_usage") and not number(inner(raw, "pids_stats"), "current")
    )


def cpu_percent(used: int, elapsed: int, cpus: int) -> float | None:
    """Per cent of one core.

    Args:
        used: CPU time of the container in the interval, in nanoseconds.
        elapsed: CPU time of the whole host in it, all cores together, in nanoseconds.
        cpus: The host's cores.

    Returns:
        None when there is no interval, or a counter has started again.
    """
    return used / elapsed * cpus * 100.0 if elapsed > 0 and used >= 0 else None


def memory_used(memory: Raw) -> int:
    """Bytes in use without the page cache that the kernel can drop at once: cgroup v1 and v2 name it differently."""
    usage, stats = number(memory, "usage"), inner(memory, "stats")
    inactive = number(stats, "total_inactive_file" if "total_inactive_file" in stats else "inactive_file")
    return usage - inactive if 0 <= inactive < usage else usage


def rate(before: int, now: int, seconds: float | None) -> float | None:
    """Per second; None without an interval, or when the counter has started again."""
    return (now - before) / seconds if seconds is not None and now >= before else None


def seconds_between(before: datetime | None, now: datetime | None) -> float | None:
    """Seconds from one sample to the next; None where there is no interval."""
    if before is None or now is None or now <= before:
        return None
    return (now - before).total_seconds()


def _cpus(cpu: Raw) -> int:
    if online := number(cpu, "online_cpus"):
        return online
    per_cpu = inner(cpu, "cpu_usage").get("percpu_usage")
    return len(per_cpu) if isinstance(per_cpu, list) and per_cpu else 1


def _network(raw: Raw) -> tuple[int, int]:
    """Bytes received and sent, over all interfaces."""
    networks = inner(raw, "networks")
    interfaces = [inner(networks, name) for name in networks]
    return sum(number(one, "rx_bytes") for one in interfaces), sum(number(one, "tx_bytes") for one in interfaces)


def _blocks(raw: Raw) -> tuple[int, int]:
    """Bytes read and written, over all devices. cgroup v1 writes ``Read``, v2 ``read``."""
    sums = {"read": 0, "write": 0}
    for entry in inners(inner(raw, "blkio_stats"), "io_service_bytes_recursive"):
        operation = text(entry, "op").lower()
        if operation in sums:
            sums[operation] += number(entry, "value")
    return sums["read"], sums["write"]
