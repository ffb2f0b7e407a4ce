"""Work that takes a while (a pull): it outlives the dialog that began it, tells how far it is, can be cancelled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from tui.actions import Plan, PlanItem
from tui.runtime.errors import RuntimeFault
from tui.runtime.models import Progress

MAX_LAYERS = 1000
"""Layers followed per job; an image has at most 127, so more is an engine gone wrong."""

# How far a layer is when it says this, without any numbers. A layer is fetched, then unpacked: half each.
_DONE = {"Pull complete": 1.0, "Already exists": 1.0, "Download complete": 0.5, "Verifying Checksum": 0.5}


class JobState(Enum):
    """How a job stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True, eq=False)
class Job:
    """One piece of work in the background.

    Attributes:
        id: Counts up from 1.
        title: ``pull nginx:1.27``.
        plan: What it carries out.
        item: Which item of the plan.
        started: When, aware UTC.
        state: How it stands.
        ended: When it ended, or None.
        layers: The newest progress of each layer, by its id, in the order they came up.
        status: The newest line about the whole.
        error: Why it failed, or None.
    """

    id: int
    title: str
    plan: Plan
    item: PlanItem
    started: datetime
    state: JobState = JobState.RUNNING
    ended: datetime | None = None
    layers: dict[str, Progress] = field(default_factory=dict)
    status: str = ""
    error: RuntimeFault | None = None

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.state is JobState.RUNNING

    @property
    def fraction(self) -> float | None:
        """How far it is, 0 to 1, every layer counted alike; None while no layer is known."""
        if self.state is JobState.DONE:
            return 1.0
        if not self.layers:
            return None
        return sum(map(_layer_fraction, self.layers.values())) / len(self.layers)

    def advance(self, progress: Progress) -> None:
        """Take one step of progress in."""
        if not progress.id:
            self.status = progress.status
        elif progress.id in self.layers or len(self.layers) < MAX_LAYERS:
            self.layers[progress.id] = progress


def _layer_fraction(progress: Progress) -> float:
    known = _DONE.get(progress.status)
    if known is not None:
        return known
    if not progress.total or progress.current is None:
        return 0.0
    half = 0.5 * min(1.0, max(0.0, progress.current / progress.total))
    return half + 0.5 if progress.status.startswith("Extracting") else half
