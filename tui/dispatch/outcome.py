"""How running a plan ended, and how that is said."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tui.actions import Action, PlanItem
from tui.dispatch.jobs import Job
from tui.resources.catalogue import RESOURCES
from tui.resources.format import plural
from tui.runtime.errors import RuntimeFault

Failure = tuple[PlanItem, RuntimeFault]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How running a plan ended, in the order of its items.

    Attributes:
        succeeded: The items that were done, or are being done as jobs.
        failed: The items that were not, with the reason.
        text: The summary, as the notice says it.
        jobs: The jobs that were started.
    """

    succeeded: tuple[PlanItem, ...]
    failed: tuple[Failure, ...]
    text: str
    jobs: tuple[Job, ...] = ()


_FULL_ID = re.compile(r"\b[0-9a-f]{64}\b")


def words_of(fault: RuntimeFault) -> str:
    """The engine's own words, or the name of the error when there are none."""
    words = fault.detail or type(fault).__name__
    # Engines name containers by their full ids: 12 of the 64 digits are what everybody else shows.
    return _FULL_ID.sub(lambda match: match[0][:12], words)


def summary(action: Action, succeeded: Sequence[PlanItem], failed: Sequence[Failure], said: Sequence[str]) -> str:
    """One line: what was done to how many, and how many failed. `said` is what the actions said themselves."""
    noun = RESOURCES[action.kind].singular
    if not succeeded:
        what = failed[0][0].name if len(failed) == 1 else plural(len(failed), noun)
        return f"{action.doing} {what} failed"
    if len(succeeded) == 1:
        done = said[0] if said else f"{action.done} {succeeded[0].name}"
    else:
        done = f"{action.done} {plural(len(succeeded), noun)}"
    return f"{done}; {len(failed)} failed" if failed else done


def failure_text(failed: Sequence[Failure]) -> str:
    """What went wrong: the engine's words for one, a line per object for several."""
    if len(failed) == 1:
        return words_of(failed[0][1])
    return "\n".join(f"{item.name}: {words_of(fault)}" for item, fault in failed)
