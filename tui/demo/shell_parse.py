"""The grammar of the demo's shell: words with quotes and variables, joined by `;`, `&&` and `||`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


class SyntaxProblem(Exception):
    """The line is not complete or not understood; the text is what the shell says."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word (`operator` false) or one of `;`, `&&`, `||`."""

    text: str
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a line and the operator before it: `;`, `&&` or `||`."""

    operator: str
    words: tuple[str, ...]


def split_steps(line: str) -> list[Step]:
    """Split a line into commands; their words still have quotes and variables in them.

    Raises:
        SyntaxProblem: an open quote, a missing command, or something that this shell does not do.
    """
    steps: list[Step] = []
    operator, words = ";", list[str]()
    for token in _tokens(line):
        if not token.operator:
            words.append(token.text)
            continue
        if not words:
            raise SyntaxProblem(f'syntax error: unexpected "{token.text}"')
        steps.append(Step(operator, tuple(words)))
        operator, words = token.text, []
    if words:
        steps.append(Step(operator, tuple(words)))
    elif operator != ";":
        raise SyntaxProblem("syntax error: unexpected end of file")
    return steps


def _tokens(line: str) -> list[Token]:
    tokens: list[Token] = []
    word: str | None = None
    quote = ""
    index = 0
    while index < len(line):
        char = line[index]
        index += 1
        if quote:
            word = (word or "") + char
            if char == "\\" and quote == '"' and index < len(line):
                word += line[index]
                index += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
            word = (word or "") + char
        elif char == "\\" and index < len(line):
            word = (word or "") + char + line[index]
            index += 1
        elif char == "#" and word is None:
            break
        elif char in " \t\n;&|<>()":
            if word is not None:
                tokens.append(Token(word))
                word = None
            if char in ";\n":
                # an end of line is a separator only after a command
                if char == ";" or (tokens and not tokens[-1].operator):
                    tokens.append(Token(";", operator=True))
            elif char in "&|" and line[index : index + 1] == char:
                tokens.append(Token(char * 2, operator=True))
                index += 1
            elif char not in " \t":
                raise SyntaxProblem(f'"{char}": not in this little shell')
        else:
            word = (word or "") + char
    if quote:
        raise SyntaxProblem("syntax error: unterminated quoted string")
    if word is not None:
        tokens.append(Token(word))
    return tokens


def expand(word: str, variables: Mapping[str, str]) -> str:
    """Take the quotes off a word and put the values of variables in."""
    result = ""
    quote = ""
    index = 0
    while index < len(word):
        char = word[index]
        index += 1
        if char == quote:
            quote = ""
        elif not quote and char in "'\"":
            quote = char
        elif char == "\\" and quote != "'" and index < len(word):
            if quote == '"' and word[index] not in '"\\$`':
                result += char
            result += word[index]
            index += 1
        elif char == "$" and quote != "'":
            name, index = _variable(word, index)
            result += variables.get(name, "") if name else "$"
        else:
            result += char
    return result


def _variable(word: str, index: int) -> tuple[str, int]:
    """The name of the variable after a `$`, and where the word goes on."""
    if word[index : index + 1] == "{" and "}" in word[index:]:
        end = word.index("}", index)
        return word[index + 1 : end], end + 1
    if word[index : index + 1] in ("?", "$", "#"):
        return word[index], index + 1
    end = index
    while end < len(word) and (word[end].isalnum() or word[end] == "_"):
        end += 1
    return word[index:end], end
