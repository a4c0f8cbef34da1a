"""Which records of two systems kept by hand mean the same thing: natural keys, in order of trust."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.core.canonical import NORMALISERS
from syncd.core.model import Record
from syncd.core.policy import FieldPolicy, FlowPolicy, Kind


def natural_keys(record: Record, policy: FlowPolicy) -> tuple[str | None, ...]:
    """The record's natural keys as normalised text, one per entry of ``policy.match``.

    None where a part is empty: an empty field matches nothing. References are left out of the text
    (each side has its own keys for them) and are compared afterwards by ``agrees``.
    """
    return tuple(_natural_key(record, names, policy) for names in policy.match)


def _natural_key(record: Record, names: tuple[str, ...], policy: FlowPolicy) -> str | None:
    parts = []
    for name in names:
        rule = policy.field_named(name)
        if rule is None:
            return None  # one of the sides does not carry this field
        if rule.kind is Kind.REFERENCE:
            continue
        part = _normalised(record.get(name), rule)
        if not part:
            return None
        parts.append(part)
    return "\x1f".join(parts) or None


def _normalised(value: object, rule: FieldPolicy) -> str:
    if value is None:
        return ""
    fold = NORMALISERS[rule.normaliser if isinstance(value, str) else "exact"]
    return fold(str(value))


def choose(candidates: Sequence[Sequence[str]]) -> tuple[str | None, tuple[str, ...]]:
    """Pick the match from candidates by rank of trust (each rank: the unpaired records it found).

    (the one, ()) where the first rank that finds anything finds exactly one; (None, several) where
    it finds more: that is for a person; (None, ()) where nothing matches.
    """
    for found in candidates:
        if len(found) == 1:
            return found[0], ()
        if found:
            return None, tuple(found)
    return None, ()
