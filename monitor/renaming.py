"""Renames: a field that is gone, and a new one beside it that says the same.

Names, place and above all the distribution of the values are compared, all from counts: a field
called otherwise whose values have the same types, spellings, lengths and magnitudes (and, for small
sets, the same digests) is most likely the same field.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any, Final

from monitor import domains, evidence, paths
from monitor.differences import Difference, Kind, Rename
from monitor.shape import Counts, Node, Shape

LIKENESS_MIN: Final = 0.6
CANDIDATES_MAX: Final = 3
_NAMED: Final = ("class", "case", "sign", "flag", "items")
_ORDERED: Final = ("length", "magnitude", "decimals")


def paired(found: list[Difference], before: Shape, after: Shape) -> list[Difference]:
    """``found`` with rename candidates on fields that are gone; one that certainly has a certain
    candidate becomes ``FIELD_RENAMED``. The new field's own difference stays."""
    old, new = before.nodes(), after.nodes()
    arrived = [difference for difference in found if difference.kind is Kind.FIELD_NEW]
    return [_with_candidates(gone, arrived, old, new) if _gone(gone) else gone for gone in found]


def _gone(difference: Difference) -> bool:
    return difference.kind is Kind.FIELD_GONE


def _with_candidates(
    gone: Difference, arrived: list[Difference], old: dict[str, Node], new: dict[str, Node]
) -> Difference:
    scored = (
        (Rename(fresh.path, likeness(gone.path, old[gone.path], fresh.path, new[fresh.path])), fresh.certain)
        for fresh in arrived
    )
    alike = sorted(
        ((rename, certain) for rename, certain in scored if rename.likeness >= LIKENESS_MIN),
        key=lambda each: -each[0].likeness,
    )[:CANDIDATES_MAX]
    if not alike:
        return gone
    renamed = gone.certain and alike[0][1]
    return replace(
        gone,
        kind=Kind.FIELD_RENAMED if renamed else gone.kind,
        after={**gone.after, "renamed_to": alike[0][0].path} if renamed else gone.after,
        renames=tuple(rename for rename, _ in alike),
    )


def likeness(old_path: str, old: Node, new_path: str, new: Node) -> float:
    """0 to 1: how much the two places say the same. Two thirds are the values, the rest name and place."""
    was, now = set(old.types) - {"null"}, set(new.types) - {"null"}
    if was != now and {"integer", "number"} != was | now:
        return 0.0
    named = SequenceMatcher(None, paths.leaf(old_path).lower(), paths.leaf(new_path).lower()).ratio()
    beside = 1.0 if paths.parent(old_path) == paths.parent(new_path) else 0.5
    return round(0.65 * _values(old, new) + 0.2 * named + 0.15 * beside, 2)


def _values(old: Node, new: Node) -> float:
    if old.objects:
        mine, theirs = set(old.children), set(new.children)
        return len(mine & theirs) / len(mine | theirs) if mine | theirs else 1.0
    compared: list[float] = []
    for feature in (*_NAMED, *_ORDERED):
        was, now = old.features.get(feature, {}), new.features.get(feature, {})
        if bool(was) != bool(now):
            compared.append(0.0)
        elif was and feature in _NAMED:
            compared.append(1.0 - evidence.distance(was, now))
        elif was:
            compared.append(1.0 - evidence.gap(_ordered(was), _ordered(now)))
    if domains.is_closed(old) and domains.is_closed(new):
        common: Any = old.values.keys() & new.values.keys()
        compared.append(len(common) / min(len(old.values), len(new.values)))
    return sum(compared) / len(compared) if compared else 0.5


def _ordered(counts: Counts) -> dict[int, int]:
    return {int(category): count for category, count in counts.items()}
