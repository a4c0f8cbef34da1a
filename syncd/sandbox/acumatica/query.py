"""Filters and expansions as the two contract versions write them. Each refuses the other's grammar."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from syncd.sandbox.surface import Refusal

Test = Callable[[Mapping[str, Any]], bool]
_TERM: Final = re.compile(r"\s*(?P<field>\w+)\s+(?P<how>eq|ge|gt)\s+(?P<value>.+?)\s*")
_QUOTED_TIME: Final = re.compile(r"datetimeoffset'([^']+)'")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")


def test_of(text: str, contract: int) -> Test:
    """A filter as a test over plain records. Raises ``Refusal`` for what is not understood."""
    terms = [_term(part, contract) for part in _parts(text)]
    return lambda record: all(term(record) for term in terms)


def _parts(text: str) -> list[str]:
    """The terms between ``and``; parentheses may stand around each."""
    parts = re.split(r"\s+and\s+(?=(?:[^']*'[^']*')*[^']*$)", text)
    return [part.strip().removeprefix("(").removesuffix(")") for part in parts]


def _term(text: str, contract: int) -> Test:
    found = _TERM.fullmatch(text)
    if found is None:
        raise _not_understood(text)
    field, how, wanted = found["field"], found["how"], _literal(found["value"], contract)
    if how == "eq":
        return lambda record: _comparable(record.get(field)) == wanted
    if not isinstance(wanted, datetime):
        raise _not_understood(text)

    def after(record: Mapping[str, Any]) -> bool:
        shown = _comparable(record.get(field), time=True)
        return isinstance(shown, datetime) and (shown > wanted or (how == "ge" and shown == wanted))

    return after


def _literal(text: str, contract: int) -> Any:
    quoted = _QUOTED_TIME.fullmatch(text)
    if (contract == 4 and quoted) or (contract == 5 and _TIME.fullmatch(text)):
        return datetime.fromisoformat(quoted[1] if quoted else text).astimezone(UTC)
    if quoted or _TIME.fullmatch(text):
        raise _not_understood(f"{text} (contract {contract})")
    if text.startswith("'") and text.endswith("'") and len(text) > 1:
        return text[1:-1].replace("''", "'")
    raise _not_understood(text)


def _comparable(value: Any, *, time: bool = False) -> Any:
    if time and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    return value


def expanded(text: str, contract: int) -> set[str]:
    """The paths of what is to be shown: ``{"MainContact", "MainContact/Address"}``."""
    if not text:
        return set()
    if contract == 4:
        if "(" in text:
            raise _not_understood(f"$expand={text} (contract 4)")
        return set(text.split(","))
    if "/" in text:
        raise _not_understood(f"$expand={text} (contract 5)")
    found = set()
    for name, below in re.findall(r"(\w+)(?:\(\$expand=(\w+)\))?", text):
        if name != "expand":
            found |= {name} | ({f"{name}/{below}"} if below else set())
    return found


def _not_understood(text: str) -> Refusal:
    return Refusal(400, {"message": f"The expression is not understood: {text}"})
