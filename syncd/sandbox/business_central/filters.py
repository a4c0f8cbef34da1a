"""``$filter`` as this sandbox understands it: comparisons joined by and, or and parentheses. An ``or`` across
different fields is refused, as it is there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

Test = Callable[[Mapping[str, Any]], bool]
_WORD: Final = re.compile(r"\s*(?:(?P<mark>[()])|(?P<text>'(?:[^']|'')*')|(?P<word>[^\s()']+))")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


class NotUnderstood(Exception):
    """The filter is none."""


def parsed(text: str) -> Test:
    """Raises ``NotUnderstood``."""
    reader = _Reader(_words(text))
    test, _ = reader.any_of()
    if reader.words:
        raise NotUnderstood(text)
    return test


def _words(text: str) -> list[str]:
    words, at = [], 0
    while text[at:].strip():
        found = _WORD.match(text, at)
        if found is None:
            raise NotUnderstood(text)
        words.append(found["mark"] or found["text"] or found["word"])
        at = found.end()
    return words


class _Reader:
    """Each method gives a test, and the fields that it looks at."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def any_of(self) -> tuple[Test, set[str]]:
        first, fields = self.all_of()
        tests = [first]
        while self.words[:1] == ["or"]:
            self.words.pop(0)
            test, more = self.all_of()
            if more != fields:
                raise NotUnderstood("or across different fields")
            tests.append(test)
        return (lambda record: any(test(record) for test in tests)), fields

    def all_of(self) -> tuple[Test, set[str]]:
        test, fields = self.one()
        tests = [test]
        while self.words[:1] == ["and"]:
            self.words.pop(0)
            test, more = self.one()
            tests.append(test)
            fields = fields | more
        return (lambda record: all(test(record) for test in tests)), fields

    def one(self) -> tuple[Test, set[str]]:
        if self._next() == "(":
            test, fields = self.any_of()
            if self._next() != ")":
                raise NotUnderstood("a parenthesis that does not end")
            return test, fields
        field = self._last
        return _compared(field, self._next(), self._next()), {field}

    def _next(self) -> str:
        if not self.words:
            raise NotUnderstood("it ends too early")
        self._last = self.words.pop(0)
        return self._last


def _compared(field: str, how: str, literal: str) -> Test:
    wanted = _literal(literal)
    if how not in ("eq", "ne", "gt", "ge"):
        raise NotUnderstood(how)

    def test(record: Mapping[str, Any]) -> bool:
        if field not in record:
            raise NotUnderstood(f"no property {field}")
        value = _literal(str(record[field])) if isinstance(wanted, datetime) else record[field]
        if how in ("eq", "ne"):
            return bool(value == wanted) == (how == "eq")
        return bool(value > wanted or (how == "ge" and value == wanted))

    return test


def _literal(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if _TIME.fullmatch(text):
        return datetime.fromisoformat(text).astimezone(UTC)
    return {"true": True, "false": False}.get(text, text)
