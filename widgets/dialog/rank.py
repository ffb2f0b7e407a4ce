"""Which choices fit what is typed, best first. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Choice(NamedTuple):
    """Something to choose: what it is called, what it does, and the keys that do the same."""

    id: str
    label: str
    help: str = ""
    keys: str = ""


def rank(query: str, choices: Sequence[Choice]) -> list[Choice]:
    """The choices that fit `query`, best first; among equals their order stays. All of them for an empty query."""
    words = query.casefold().split()
    if not words:
        return list(choices)
    scored = []
    for index, choice in enumerate(choices):
        score = _score(words, choice)
        if score:
            scored.append((-score, index, choice))
    return [choice for _, _, choice in sorted(scored)]


def _score(words: Sequence[str], choice: Choice) -> int:
    """0 when it does not fit. Every word must be somewhere; where, decides."""
    label = choice.label.casefold()
    joined = " ".join(words)
    if label.startswith(joined):
        return 6
    if f" {joined}" in label:
        return 5
    if joined in label:
        return 4
    if choice.keys.casefold() == joined:
        return 4
    if all(word in label for word in words):
        return 3
    everything = f"{label} {choice.help.casefold()} {choice.id.casefold()}"
    if all(word in everything for word in words):
        return 2
    return 1 if _is_subsequence("".join(words), label) else 0


def _is_subsequence(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)
