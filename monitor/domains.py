"""Closed sets of values: does a place show values that its set does not have?

A set is closed only on evidence: many records, few values, hardly any value seen once. Values are
digests here; a contract's own ``enum`` gives them words.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from math import exp, prod
from typing import Final

from monitor import evidence, lexical
from monitor.contract import Contract
from monitor.differences import Difference, Evidence, Kind
from monitor.shape import Node, Shape, common

RECORDS_MIN: Final = 24
"""Records at a place before its values can count as a closed set ..."""
CROWDED: Final = 3
"""... each value seen this often on average ..."""
UNSEEN_MAX: Final = 0.02
"""... and this share of records at most showing a value seen once (the chance of a new one)."""
UNEVEN: Final = 0.4
"""Frequency of a set's rarest value, in parts of the mean."""
DOUBT: Final = 0.05
"""Values that a set which looks closed is expected to have unseen, at least."""


_NEVER: Final = lexical.DATES | {"time", "uuid", "uri", "email"}
"""Spellings of what time, people and the web bring: few of them in one quarter are no set."""


def differences(contract: Contract, before: Shape, after: Shape) -> Iterator[Difference]:
    """New values in closed sets."""
    for path, old, new in common(before, after):
        field = contract.fields.get(path)
        declared = field is not None and field.enum is not None
        if not declared and not is_closed(old):
            continue
        # what the contract names is known, also where no record happened to show it so far
        named = {after.digest(value) for value in field.enum or ()} if field is not None else set()
        known = old.values.keys() | named
        strange = {value: hits for value, hits in new.values.items() if value not in known}
        # a value that is no longer told apart in an overflowing set was strange as well
        hits = min(new.seen, max(sum(strange.values()), new.seen - _seen(known, new) if new.open else 0))
        if not hits:
            continue
        distance = 0.0 if declared else _distance(old, new, strange, hits)
        yield Difference(
            kind=Kind.ENUM_NEW,
            path=path,
            before={"closed": True},
            after={"closed": False} if new.open else {"new": sorted(strange)},
            evidence=Evidence(old.seen, new.seen, hits, distance),
        )


def is_closed(node: Node) -> bool:
    """Whether the values seen so far look like all there are."""
    if node.open or not node.values or (node.features.get("magnitude") and "number" in node.types):
        return False
    spelled = node.features.get("class", {})
    if 2 * sum(spelled.get(name, 0) for name in _NEVER) > sum(spelled.values()):
        return False
    shown = sum(node.values.values())
    once = sum(hits == 1 for hits in node.values.values())
    return shown >= RECORDS_MIN and len(node.values) * CROWDED <= shown and once / shown < UNSEEN_MAX


def _seen(known: Set[int], new: Node) -> int:
    return sum(hits for value, hits in new.values.items() if value in known)


def _distance(old: Node, new: Node, strange: dict[int, int], hits: int) -> float:
    shown = sum(old.values.values())
    once = sum(n == 1 for n in old.values.values())
    twice = sum(n == 2 for n in old.values.values())
    unseen = once * once / (2 * twice) if twice else once * (once - 1) / 2
    # where each known value was seen only a few times, others of their kind were missed
    unseen += len(old.values) * exp(-UNEVEN * shown / len(old.values))
    each = [(DOUBT + unseen) * _coincidence(shown, n, new.seen) for n in strange.values()]
    mass = (once + 1) / shown
    return min(prod(min(1.0, p) for p in each) if each else 1.0, evidence.at_least(hits, new.seen, mass))


def _coincidence(before: int, hits: int, after: int) -> float:
    """Chance that a value none of ``before`` records show is shown by ``hits`` of ``after``, at the
    rate that makes this likeliest."""
    rate = hits / (before + after)
    return float((1 - rate) ** before * evidence.at_least(hits, after, rate))
