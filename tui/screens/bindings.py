"""Textual bindings made from the catalogue, so that keys, footer, help and key map can never tell different stories."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding

from tui.actions import Action, UiCommand
from tui.resources.catalogue import ACTIONS, COMMANDS

# These belong to the widgets and screens themselves, which bind them under the same ids.
_ELSEWHERE = ("table.", "connection.")


def command_bindings(commands: Iterable[UiCommand] = COMMANDS.values()) -> list[Binding]:
    """One binding per command, running ``command(ID)`` of the screen."""
    return [
        Binding(",".join(command.keys), f"command('{command.id}')", command.title, tooltip=command.help, id=command.id)
        for command in commands
        if command.keys and not command.id.startswith(_ELSEWHERE)
    ]


def action_bindings(actions: Iterable[Action] = ACTIONS.values()) -> list[Binding]:
    """One binding per action, running ``act(ID)`` of the screen. One key may serve several kinds of row."""
    return [
        Binding(",".join(action.keys), f"act('{action.id}')", action.title, tooltip=action.help, id=action.id)
        for action in actions
        if action.keys
    ]
