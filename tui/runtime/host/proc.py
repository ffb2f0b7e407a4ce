"""CPU and memory of this host, from ``/proc`` (Linux). Meaningful for an engine on the same kernel only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class HostUse:
    """One sample.

    Attributes:
        cpu_percent: Of all CPUs together, 0 to 100, over the time since the last sample; None for the first.
        memory_used: Bytes that are not available to new processes.
        memory_total: Bytes.
    """

    cpu_percent: float | None
    memory_used: int
    memory_total: int

    @property
    def text(self) -> str:
        """``cpu 12% mem 3.1/23.5G``."""
        cpu = "--" if self.cpu_percent is None else f"{self.cpu_percent:.0f}%"
        gib = 1 << 30
        return f"cpu {cpu} mem {self.memory_used / gib:.1f}/{self.memory_total / gib:.1f}G"


class HostSampler:
    """Reads ``/proc/stat`` and ``/proc/meminfo``; CPU is the difference between two samples."""

    def __init__(self, proc: Path = PROC) -> None:
        """`proc` is where procfs is mounted."""
        self._proc = proc
        self._last: tuple[int, int] | None = None

    def sample(self) -> HostUse | None:
        """The present figures, or None where there is no procfs (macOS) or it is not readable."""
        try:
            first = (self._proc / "stat").read_text().partition("\n")[0]
            memory = (self._proc / "meminfo").read_text()
        except OSError:
            return None
        # cpu  user nice system idle iowait irq softirq steal guest guest_nice (proc(5)); guest is part of user.
        ticks = [int(word) for word in first.split()[1:9]]
        total, idle = sum(ticks), ticks[3] + ticks[4]
        percent = None
        if self._last is not None and total > self._last[0]:
            percent = 100.0 * (1 - (idle - self._last[1]) / (total - self._last[0]))
        self._last = (total, idle)
        sizes = {}
        for line in memory.splitlines():
            name, _, rest = line.partition(":")
            if name in ("MemTotal", "MemAvailable"):
                sizes[name] = int(rest.split()[0]) * 1024
        if len(sizes) != 2:
            return None
        return HostUse(percent, sizes["MemTotal"] - sizes["MemAvailable"], sizes["MemTotal"])
