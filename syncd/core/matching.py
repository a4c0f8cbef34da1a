"""Which records of two systems kept by hand mean the same thing: natural keys, in order of trust."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from syncd.core.canonical import NORMALISERS
from syncd.core.model import Record
from syncd.core.policy import FieldPolicy, Kind


def natural_keys(
    record: Record, match: Sequence[tuple[str, ...]], fields: Mapping[str, FieldPolicy]
) -> tuple[str | None, ...]:
    """The record's natural keys as normalised text, one per entry of ``match``.

    ``name~40`` stands for the first 40 normalised characters of ``name``: a ledger may have cut it.

    None where a part is empty (an empty field matches nothing). A reference counts as the key it holds:
    to be looked for on the other side, it must have been crossed.
    """
    return tuple(_natural_key(record, names, fields) for names in match)


def _natural_key(record: Record, names: tuple[str, ...], fields: Mapping[str, FieldPolicy]) -> str | None:
    parts = []
    for spelled in names:
        name, _, width = spelled.partition("~")
        rule = fields.get(name)
        if rule is None:
            return None
        value = record.get(name)
        part = str(value or "") if rule.kind is Kind.REFERENCE else _normalised(value, rule)
        if width:
            part = part[: int(width)].strip()
        if not part:
            return None
        parts.append(part)
    return "\x1f".join(parts)


def _normalised(value: object, rule: FieldPolicy) -> str:
    if value is None:
        return ""
    fold = NORMALISERS[rule.normaliser if isinstance(value, str) else "exact"]
    return fold(str(value))


@dataclass(frozen=True, slots=True)
class Matches:
    """What a batch of lone records came to."""

    bound: Mapping[int, str]
    """Pair -> the one record it belongs to."""
    ambiguous: Mapping[int, tuple[str, ...]]
    """Pair -> several records it could be: for a person."""


def pair_up(candidates: Mapping[int, Sequence[Sequence[str]]]) -> Matches:
    """Choose from candidates (pair -> by rank of trust, the lone records found).

    The first rank that finds anything speaks. One record, wanted by one pair: bound. Anything else
    is ambiguous, for every pair concerned; a guess here would post to the wrong customer.
    """
    found = {pair: next((tuple(r) for r in ranks if r), ()) for pair, ranks in candidates.items()}
    wanted = Counter(key for keys in found.values() for key in set(keys))
    bound, ambiguous = {}, {}
    for pair, keys in found.items():
        if len(keys) == 1 and wanted[keys[0]] == 1:
            bound[pair] = keys[0]
        elif keys:
            ambiguous[pair] = keys
    return Matches(bound, ambiguous)
