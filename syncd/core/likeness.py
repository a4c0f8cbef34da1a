"""How much two records look like the same thing, clue by clue, so that a person can check it.

A clue is one field of both records. Each says something for or against; what it is worth stands in one
table, and the words that go with it are the evidence a person is shown (never the values themselves).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from syncd.core.canonical import company_name, phone_digits, plain_text
from syncd.core.crossing import Crossing
from syncd.core.model import Record, Side, Value
from syncd.core.policy import FieldPolicy, Kind

Similarity = Callable[[str, str], float]
"""Of two texts, 0 to 1. Handed in: the best libraries for it are not part of the standard one."""

ASK_AT: Final = 45
"""Points (of about 100) from which a record is a probable duplicate: a person says, before one is made."""
_IDENTITY_AT: Final = 25
"""Points that its name or number must bring of themselves: a shared address alone is a neighbour."""
_ALIKE_FROM: Final = 0.6
"""Text less similar than this has nothing in common."""
_DAYS_CLOSE: Final = 7
_DIGITS_MIN: Final = 3
"""Fewer digits than this are in too many numbers."""
_WORDS_MAX: Final = 4
_HEAD: Final = 6

_DIGITS: Final = re.compile(r"\d+")


class How(StrEnum):
    """What two values are compared by."""

    NAME = "name"
    NUMBER = "number"
    PHONE = "phone"
    TEXT = "text"
    STREET = "street"
    AMOUNT = "amount"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Clue:
    """What a field is worth. ``same``: points if both say the same; ``other``: if both say something else."""

    how: How
    same: int
    other: int


CLUES: Final[Mapping[str, Clue]] = {
    "name": Clue(How.NAME, 50, 0),
    "number": Clue(How.NUMBER, 50, 0),
    "phone": Clue(How.PHONE, 25, -5),
    "email": Clue(How.TEXT, 25, 0),
    "street": Clue(How.STREET, 15, -10),
    "city": Clue(How.TEXT, 3, -5),
    "postal_code": Clue(How.TEXT, 10, -10),
    "total": Clue(How.AMOUNT, 25, -25),
    "amount": Clue(How.AMOUNT, 25, -25),
    "date": Clue(How.DAY, 10, -10),
}
"""Canonical field -> what it tells. Numbers that differ tell nothing: each side counts by itself."""

_REFERENCE: Final = (20, -30)
_IDENTITY: Final = frozenset({How.NAME, How.NUMBER})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one field says, in words, and what that is worth."""

    field: str
    says: str
    points: int


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two records beside each other."""

    score: int
    """0 to 100."""
    evidence: tuple[Evidence, ...]
    """Heaviest first."""
    identity: int
    """Points of its name and number alone."""

    @property
    def probable(self) -> bool:
        """Whether nobody should make one of them anew without asking."""
        return self.score >= ASK_AT and self.identity >= _IDENTITY_AT


def compare(
    left: Record,
    right: Record,
    fields: Mapping[str, FieldPolicy],
    crossing: Crossing,
    similarity: Similarity,
) -> Likeness:
    """Weigh every clue that both records carry. Pure, and symmetric but for references."""
    found: list[Evidence] = []
    identity = 0
    for name, clue in CLUES.items():
        mine, other = left.get(name), right.get(name)
        if name not in fields or mine in (None, "") or other in (None, ""):
            continue
        one = _weigh(name, clue, mine, other, similarity)
        if one is not None:
            found.append(one)
            identity += one.points if clue.how in _IDENTITY else 0
    found += [e for f in fields.values() if (e := _reference(f, left, right, crossing)) is not None]
    score = max(0, min(100, sum(e.points for e in found)))
    return Likeness(score, tuple(sorted(found, key=lambda e: -abs(e.points))), identity)


def _weigh(name: str, clue: Clue, left: Value, right: Value, similarity: Similarity) -> Evidence | None:
    if clue.how is How.NAME:
        return _names(name, clue, str(left), str(right), similarity)
    if clue.how is How.NUMBER:
        return _numbers(name, clue, str(left), str(right))
    if clue.how is How.DAY:
        return _days(name, clue, left, right)
    if clue.how is How.STREET:
        same = _door(str(left)) == _door(str(right))
    elif clue.how is How.PHONE:
        same = phone_digits(str(left)) == phone_digits(str(right))
    elif clue.how is How.AMOUNT:
        same = isinstance(left, Decimal) and isinstance(right, Decimal) and left == right
    else:
        same = plain_text(str(left)) == plain_text(str(right))
    word = name.replace("_", " ")
    return Evidence(name, f"same {word}", clue.same) if same else Evidence(name, f"other {word}", clue.other)


def _names(name: str, clue: Clue, left: str, right: str, similarity: Similarity) -> Evidence:
    mine, other = company_name(left), company_name(right)
    if mine == other:
        return Evidence(name, f"same {name}", clue.same)
    if sorted(_DIGITS.findall(mine)) != sorted(_DIGITS.findall(other)):
        return Evidence(name, f"other figures in the {name}", 0)  # Store 12 is not Store 14
    alike = max(similarity(mine, other), similarity(mine.replace(" ", ""), other.replace(" ", "")))
    points = round(clue.same * max(0.0, alike - _ALIKE_FROM) / (1 - _ALIKE_FROM))
    return Evidence(name, f"{name} {round(alike * 100)} % alike", points)


def _numbers(name: str, clue: Clue, left: str, right: str) -> Evidence | None:
    if plain_text(left) == plain_text(right):
        return Evidence(name, f"same {name}", clue.same)
    digits = _bare_digits(left)
    if len(digits) >= _DIGITS_MIN and digits == _bare_digits(right):
        return Evidence(name, f"same digits in the {name}", clue.same * 7 // 10)
    return None


def _days(name: str, clue: Clue, left: Value, right: Value) -> Evidence | None:
    if not isinstance(left, date) or not isinstance(right, date):
        return None
    apart = abs((left - right).days)
    if apart == 0:
        return Evidence(name, f"same {name}", clue.same)
    points = clue.same // 3 if apart <= _DAYS_CLOSE else clue.other
    return Evidence(name, f"{name}s {apart} days apart", points)


def _reference(field: FieldPolicy, left: Record, right: Record, crossing: Crossing) -> Evidence | None:
    mine, other = left.get(field.name), right.get(field.name)
    if field.kind is not Kind.REFERENCE or mine is None or other is None:
        return None
    over, back = (
        crossing.pairs.get((Side.LEFT, field.target, str(mine))),
        crossing.pairs.get((Side.RIGHT, field.target, str(other))),
    )
    if over is None and back is None:
        return None  # it is not known yet what they refer to
    same = over == other or back == mine
    says = f"same {field.name}" if same else f"other {field.name}"
    return Evidence(field.name, says, _REFERENCE[0] if same else _REFERENCE[1])


def _door(street: str) -> tuple[str, str]:
    """House number and the first letters of the street: "12 Main St." is "12 main street"."""
    plain = plain_text(street)
    number = _DIGITS.search(plain)
    words = re.sub(r"\d+", " ", plain).split()
    return (number[0] if number else "", words[0][:4] if words else "")


def _bare_digits(number: str) -> str:
    return "".join(_DIGITS.findall(number)).lstrip("0")


def block_keys(record: Record, fields: Mapping[str, FieldPolicy]) -> frozenset[str]:
    """Under what a record is found that might be the same: two that share none are not compared.

    Few and telling, so that finding candidates costs look-ups by index and never a pass over a stream.
    """
    keys: set[str] = set()
    said = {
        name: str(record[name]) for name in CLUES if name in fields and record.get(name) not in (None, "")
    }
    if "phone" in said and len(digits := phone_digits(said["phone"])) >= 7:
        keys.add(f"phone\x1f{digits}")
    if "email" in said:
        keys.add(f"email\x1f{plain_text(said['email'])}")
    if "number" in said and len(digits := _bare_digits(said["number"])) >= _DIGITS_MIN:
        keys.add(f"digits\x1f{digits}")
    if "name" in said:
        name = company_name(said["name"])
        words = sorted({w for w in name.split() if len(w) > 2}, key=lambda w: (-len(w), w))
        keys.update(f"word\x1f{word}" for word in words[:_WORDS_MAX])
        keys.add(f"head\x1f{name.replace(' ', '')[:_HEAD]}")
    if "street" in said and "postal_code" in said and (door := _door(said["street"]))[0]:
        keys.add(f"door\x1f{door[0]}\x1f{plain_text(said['postal_code'])}")
    return frozenset(keys)
