"""Statements of the query language, as far as the API documents them. Anything else is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

Test = Callable[[Mapping[str, Any]], bool]
_STATEMENT: Final = re.compile(
    r"select \* from (?P<kind>\w+)(?: where (?P<where>.+?))?(?P<order> orderby MetaData\.LastUpdatedTime)?"
    r"(?: startposition (?P<start>\d+))?(?: maxresults (?P<max>\d+))?",
    re.IGNORECASE,
)
_COMPARED: Final = re.compile(r"(?P<field>[\w.]+)\s*(?P<how>>=|<=|=|>|<)\s*'(?P<value>(?:[^'\\]|\\.)*)'")
_ACTIVE: Final = re.compile(r"Active in \(\s*true\s*,\s*false\s*\)", re.IGNORECASE)
_AND: Final = re.compile(r"\s+and\s+(?=(?:[^']|'(?:[^'\\]|\\.)*')*$)", re.IGNORECASE)
_PAGE: Final = 100
_PAGE_MAX: Final = 1000


class NotUnderstood(Exception):
    """The statement is none."""


@dataclass(frozen=True, slots=True)
class Statement:
    kind: str
    tests: tuple[Test, ...]
    inactive: bool
    """Whether entries that were put away are asked for too."""
    ordered: bool
    start: int
    size: int

    def holds(self, record: Mapping[str, Any]) -> bool:
        return all(test(record) for test in self.tests)


def parsed(text: str) -> Statement:
    """Raises ``NotUnderstood``."""
    found = _STATEMENT.fullmatch(text.strip())
    if found is None:
        raise NotUnderstood(text)
    parts = _AND.split(found["where"]) if found["where"] else []
    tests = [_test(part.strip()) for part in parts if not _ACTIVE.fullmatch(part.strip())]
    return Statement(
        kind=found["kind"],
        tests=tuple(tests),
        inactive=len(tests) < len(parts),
        ordered=bool(found["order"]),
        start=int(found["start"] or 1),
        size=min(int(found["max"] or _PAGE), _PAGE_MAX),
    )


def _test(text: str) -> Test:
    found = _COMPARED.fullmatch(text)
    if found is None:
        raise NotUnderstood(text)
    steps, how = found["field"].split("."), found["how"]
    wanted = re.sub(r"\\(.)", r"\1", found["value"])

    def test(record: Mapping[str, Any]) -> bool:
        at: Any = record
        for step in steps:
            at = at.get(step) if isinstance(at, Mapping) else None
        if at is None:
            return False
        if steps[0] == "MetaData":
            return _ordered(_instant(str(at)), how, _instant(wanted))
        return _ordered(str(at), how, wanted)

    return test


def _ordered(left: Any, how: str, right: Any) -> bool:
    ways = {"=": left == right, ">=": left >= right, "<=": left <= right, ">": left > right}
    return bool(ways.get(how, left < right))


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise NotUnderstood(text) from None
    return at.astimezone(UTC)
