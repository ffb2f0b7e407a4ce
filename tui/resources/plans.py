"""What the plans of all kinds have in common."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tui.actions import Danger, Plan, PlanItem, RowKey
from tui.resources.format import plural

Selection = Sequence[tuple[RowKey, Any]]


def command_line(*words: str) -> str:
    """A command line to copy, each word quoted as the shell needs it."""
    return " ".join(shlex.quote(word) for word in words)


def question(verb: str, noun: str, names: Sequence[str]) -> str:
    """``Stop web?`` for one, ``Stop 3 containers?`` for several."""
    return f"{verb} {names[0]}?" if len(names) == 1 else f"{verb} {plural(len(names), noun)}?"


def must_confirm(danger: Danger, count: int) -> bool:
    """What destroys is always confirmed, anything else when it is done to several at once."""
    return danger is Danger.DESTROYS or count > 1


def split(
    selection: Selection, reason: Callable[[Any], str], name: Callable[[Any], str]
) -> tuple[Selection, tuple[str, ...]]:
    """The part of a selection an action applies to, and the rest as ``name: why not``. No reason means it applies."""
    kept: list[tuple[RowKey, Any]] = []
    skipped: list[str] = []
    for key, model in selection:
        why = reason(model)
        if why:
            skipped.append(f"{name(model)}: {why}")
        else:
            kept.append((key, model))
    return kept, tuple(skipped)


def make_plan(
    action: str,
    *,
    verb: str,
    noun: str,
    danger: Danger,
    items: Iterable[PlanItem],
    params: Mapping[str, Any],
    command: Iterable[str],
    skipped: tuple[str, ...] = (),
) -> Plan:
    """A plan with its question and its need for confirmation."""
    kept = tuple(items)
    return Plan(
        action=action,
        title=question(verb, noun, [item.name for item in kept]),
        items=kept,
        params=params,
        confirm=must_confirm(danger, len(kept)),
        command=tuple(command),
        skipped=skipped,
    )
