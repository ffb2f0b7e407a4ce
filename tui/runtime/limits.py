"""What a container may use, and when it is started again: checked before anything is sent.

>>> Limits(cpus=0.5, memory="512m").memory
536870912
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from tui.runtime.errors import InvalidRequest
from tui.runtime.options import RestartPolicy

_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE | re.ASCII)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
NANO = 1_000_000_000


def memory_bytes(value: int | str) -> int:
    """Bytes from a number of them or from ``512m``, ``1.5g``, ``64 MiB``: units are powers of 1024, as docker's.

    Raises:
        InvalidRequest: for something else, a negative number included.
    """
    if isinstance(value, bool):
        raise InvalidRequest(f"not an amount of memory: {value!r}")
    if isinstance(value, int):
        if value < 0:
            raise InvalidRequest(f"not an amount of memory: {value}")
        return value
    found = _SIZE.fullmatch(value.strip())
    if found is None:
        raise InvalidRequest(f"not an amount of memory: {value!r}", hint="A number of bytes, or such as 512m or 1.5g")
    return int(float(found[1]) * 1024 ** _POWER[found[2].lower()])


@dataclass(frozen=True, slots=True)
class Limits:
    """What a container may use. None leaves a limit as it is: unset in a new container, unchanged in an update.

    Amounts of memory may be given as ``512m``, and are kept in bytes.

    Attributes:
        cpus: Cores, as a fraction where wanted: 0.5 is half of one.
        cpu_shares: Weight against others when the processor is short; the engine's default is 1024.
        memory: Bytes; the kernel ends what needs more.
        memory_reservation: Bytes that memory is pushed down to when the host is short of it.
        memory_swap: Bytes of memory and swap together; -1 for unlimited swap.
        pids: Processes and threads; -1 for no limit.
    """

    cpus: float | None = None
    cpu_shares: int | None = None
    memory: int | str | None = None
    memory_reservation: int | str | None = None
    memory_swap: int | str | None = None
    pids: int | None = None

    def __post_init__(self) -> None:
        """Check, and turn amounts into bytes.

        Raises:
            InvalidRequest: when a value makes no sense.
        """
        for name in ("memory", "memory_reservation", "memory_swap"):
            given = getattr(self, name)
            if given is not None and not (name == "memory_swap" and given in (-1, "-1")):
                object.__setattr__(self, name, memory_bytes(given))
        if self.memory_swap == "-1":
            object.__setattr__(self, "memory_swap", -1)
        if self.cpus is not None and not (math.isfinite(self.cpus) and self.cpus > 0):
            raise InvalidRequest(f"not a number of cores: {self.cpus}")
        if self.cpu_shares is not None and self.cpu_shares < 2:
            raise InvalidRequest(f"not a weight: {self.cpu_shares}", hint="At least 2; the default is 1024")
        if self.pids is not None and self.pids != -1 and self.pids < 1:
            raise InvalidRequest(f"not a number of processes: {self.pids}", hint="At least 1, or -1 for no limit")

    def host_config(self) -> dict[str, int]:
        """The limits in the words of the Engine API's ``HostConfig``, those that are set."""
        named = {
            "NanoCpus": None if self.cpus is None else round(self.cpus * NANO),
            "CpuShares": self.cpu_shares,
            "Memory": self.memory,
            "MemoryReservation": self.memory_reservation,
            "MemorySwap": self.memory_swap,
            "PidsLimit": self.pids,
        }
        return {name: int(value) for name, value in named.items() if value is not None}


def restart_policy(policy: RestartPolicy | str, retries: int) -> dict[str, str | int]:
    """A restart policy in the Engine API's words.

    Raises:
        InvalidRequest: for an unknown policy, or a number of retries that it has no use for.
    """
    known = RestartPolicy(policy)
    if retries < 0 or (retries and known is not RestartPolicy.ON_FAILURE):
        raise InvalidRequest(f"{retries} retries with the restart policy {known}", hint="Only on-failure counts them")
    return {"Name": known.value, "MaximumRetryCount": retries}
