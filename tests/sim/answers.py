"""The person who is asked whether two records are the same, and knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from syncd.api.models import MatchItem
from tests.sim.machine import Process
from tests.sim.platform import AdversarialPlatform
from tests.sim.truth import other, tag_of


async def answer_all(
    process: Process, platforms: Mapping[str, AdversarialPlatform], fired: Counter[str]
) -> None:
    """Settle every open question by what the records really are."""
    asked: Sequence[MatchItem] = await process.operator.matches()
    for item in asked:
        there = [_tag(item.flow, item.side, item.key, platforms)]
        there += [_tag(item.flow, other(item.side), c.key, platforms) for c in item.candidates]
        fired["asked"] += 1
        if None in there or not item.candidates:
            continue  # one is gone by now: what it was is not said of what is not there
        same = [c.key for c, tag in zip(item.candidates, there[1:], strict=True) if tag == there[0]]
        if same:
            fired["told_same"] += 1
            await process.operator.match_accept([(item.id, same[0])], "operator")
        else:
            fired["told_apart"] += 1
            await process.operator.match_reject([(item.id, "")], "operator")


def _tag(entity: str, side: str, key: str, platforms: Mapping[str, AdversarialPlatform]) -> str | None:
    wire = platforms[side].living(entity, key)
    return None if wire is None else tag_of(entity, side, wire)
