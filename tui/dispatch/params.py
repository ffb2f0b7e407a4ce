"""Parameters of actions: defaults filled in, values checked before anything is planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tui.actions import Action, Param, ParamKind
from tui.runtime.errors import InvalidRequest

_TYPES: Mapping[ParamKind, type] = {
    ParamKind.TEXT: str,
    ParamKind.CHOICE: str,
    ParamKind.FLAG: bool,
    ParamKind.NUMBER: int,
}


def problem_of(param: Param, value: object) -> str:
    """Why a value does not do for a parameter, or ""."""
    # bool is an int: True is no number of seconds.
    if type(value) is not _TYPES[param.kind]:
        return f"{value!r} is no {param.kind.value}"
    if param.kind is ParamKind.CHOICE and value not in param.choices:
        return f"{value!r} is none of {', '.join(param.choices)}"
    return param.validate(value) if param.validate is not None else ""


def checked_params(action: Action, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter of the action: as given, else its default.

    Raises:
        InvalidRequest: for a parameter the action does not have, and for a value that does not do.
    """
    known = {param.id: param for param in action.params}
    for id in given:
        if id not in known:
            raise InvalidRequest(f"{action.id} has no parameter {id}", operation=action.id)
    values = {id: given.get(id, param.default) for id, param in known.items()}
    for id, param in known.items():
        problem = problem_of(param, values[id])
        if problem:
            raise InvalidRequest(f"{param.title}: {problem}", operation=action.id, target=id)
    return values


def example_params(action: Action) -> dict[str, Any]:
    """Parameters to show a command line with: defaults, and a text that would be asked for by its name in capitals."""
    return {
        param.id: param.id.upper() if param.ask and param.kind is ParamKind.TEXT else param.default
        for param in action.params
    }
