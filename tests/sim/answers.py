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
        same = [c.key for c in item.candidates if _same(item, c.key, platforms)]
        fired["asked"] += 1
        if same:
            fired["told_same"] += 1
            await process.operator.match_accept([(item.id, same[0])], "operator")
        elif item.candidates:
            fired["told_apart"] += 1
            await process.operator.match_reject([(item.id, "")], "operator")


def _same(item: MatchItem, key: str, platforms: Mapping[str, AdversarialPlatform]) -> bool:
    mine = platforms[item.side].living(item.flow, item.key)
    its = platforms[other(item.side)].living(item.flow, key)
    if mine is None or its is None:
        return False
    return tag_of(item.flow, item.side, mine) == tag_of(item.flow, other(item.side), its)
