"""The person who is asked whether two records are the same, and knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from syncd.api.models import MatchItem
from tests.sim.machine import Process
from tests.sim.platform import AdversarialPlatform
from tests.sim.truth import Thing, Truth, other, tag_of


async def answer_all(
    process: Process, platforms: Mapping[str, AdversarialPlatform], truth: Truth, fired: Counter[str]
) -> None:
    """Settle every open question by what the records really are."""

    def what(entity: str, side: str, key: str) -> Thing | None:
        wire = platforms[side].living(entity, key)
        return None if wire is None else truth.thing(entity, tag_of(entity, side, wire))

    asked: Sequence[MatchItem] = await process.operator.matches()
    for item in asked:
        mine = what(item.flow, item.side, item.key)
        there = [what(item.flow, other(item.side), c.key) for c in item.candidates]
        fired["asked"] += 1
        if mine is None or None in there or not item.candidates:
            continue  # one is gone by now: what it was is not said of what is not there
        same = [c for c, thing in zip(item.candidates, there, strict=True) if thing is mine]
        fired["told_same" if same else "told_apart"] += 1
        if not same:
            await process.operator.match_reject([(item.id, "")], "operator")
        elif same[0].held is not None:
            # this is what a write made that was never seen to the end: as the refusal says, that comes first
            await process.operator.held_settle(same[0].held, item.key, "operator")
        else:
            await process.operator.match_accept([(item.id, same[0].key)], "operator")
