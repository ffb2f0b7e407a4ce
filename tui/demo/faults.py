"""Faults on demand: what can go wrong between a client and an engine, switched on by a test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["fail", "garbage", "cut", "hang"]


@dataclass(slots=True)
class Rule:
    """A fault for the requests whose method and path (without version prefix and query) match entirely.

    Attributes:
        times: how many requests it still hits; None: all.
        after: for `cut`: bytes of the answer's body (its framing included) that still go out.
        body: for `garbage`: what is sent instead of JSON.
    """

    kind: Kind
    method: str = ".*"
    path: str = ".*"
    times: int | None = 1
    status: int = 500
    message: str = ""
    after: int = 0
    body: bytes = b""

    def hits(self, method: str, path: str) -> bool:
        """Whether the rule is for this request."""
        good = self.times is None or self.times > 0
        return good and re.fullmatch(self.method, method) is not None and re.fullmatch(self.path, path) is not None


class Faults:
    """The faults that are switched on. Each method returns its rule, whose `times` may be read or changed later.

    Attributes:
        latency: seconds that each answer is delayed, in real time.
    """

    def __init__(self) -> None:
        """Begin without faults."""
        self.latency = 0.0
        self.rules: list[Rule] = []

    def fail(
        self, status: int = 500, message: str = "something broke", *, method: str = ".*", path: str = ".*",
        times: int | None = 1,
    ) -> Rule:  # fmt: skip
        """Answer the next matching requests with an error."""
        return self._add(Rule("fail", method, path, times, status=status, message=message))

    def garbage(
        self, body: bytes = b'{"Id": "4e1f', *, method: str = ".*", path: str = ".*", times: int | None = 1
    ) -> Rule:
        """Answer 200 with a body that is not what the API promises (by default JSON that ends early)."""
        return self._add(Rule("garbage", method, path, times, body=body))

    def cut(self, after: int = 0, *, method: str = ".*", path: str = ".*", times: int | None = 1) -> Rule:
        """Drop the connection once `after` bytes of the body are out: in the middle of a chunk or a frame."""
        return self._add(Rule("cut", method, path, times, after=after))

    def hang(self, *, method: str = ".*", path: str = ".*", times: int | None = None) -> Rule:
        """Take requests and never answer."""
        return self._add(Rule("hang", method, path, times))

    def clear(self) -> None:
        """Switch all faults off. Requests that hang already go on hanging."""
        self.latency = 0.0
        self.rules.clear()

    def take(self, method: str, path: str) -> Rule | None:
        """The first rule for this request, used up once."""
        for rule in self.rules:
            if rule.hits(method, path):
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None

    def _add(self, rule: Rule) -> Rule:
        self.rules.append(rule)
        return rule
