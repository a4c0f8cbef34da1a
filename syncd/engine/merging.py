"""Pairs whose record was merged into another on its own side: they go on with that one, if it is free.

It is not free where the other side has, or may have, a record of its own for it: whoever took it would leave
that one without a partner, to be made once more beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import orjson

from syncd.core.model import Side
from syncd.engine.decide import guarded
from syncd.engine.observe import observe_keys
from syncd.engine.pairing import Pairing
from syncd.engine.setup import FlowSetup
from syncd.ports import FlowRow, Merge, Store


async def follow(
    store: Store, setup: FlowSetup, flow: FlowRow, pairing: Pairing, incomplete: Collection[Side]
) -> None:
    """Re-point what can be. ``incomplete``: sides whose listing is not whole, so that nobody knows what is
    not there."""
    free = await _free(store, setup, flow, pairing, incomplete)
    if not free:
        return
    # what is known of the heir may be older than the merge, which may have changed it, too
    read = await _read_heirs(store, setup, free)
    by_now = await _free(store, setup, flow, pairing, incomplete)
    ready = [merge for merge in by_now if (merge.side, merge.heir) in read]

    def says(side: Side, raw: bytes) -> Collection[str]:
        return setup.specs[side].map.readable(orjson.loads(raw)).keys()

    if ready:
        await store.follow_merges(flow, pairing.streams, ready, says)


async def _free(
    store: Store, setup: FlowSetup, flow: FlowRow, pairing: Pairing, incomplete: Collection[Side]
) -> list[Merge]:
    """Merges into a record that the other side has nothing for. One that it has something for is bound to
    that, or left to a person."""
    found = [m for m in await store.merges(flow, pairing.streams) if m.side.other not in incomplete]
    if found:
        # the heir may be the very one that a create of ours has just made
        creating = await store.open_creates(flow)
        found = [m for m in found if m.side not in creating]
    asked = await pairing.in_question([guarded(setup, m.lone) for m in found if m.lone is not None])
    return [m for m in found if m.lone is None or m.lone.id not in asked]


async def _read_heirs(store: Store, setup: FlowSetup, merges: Sequence[Merge]) -> frozenset[tuple[Side, str]]:
    """(side, key) of those whose heir could be read as it is now."""
    read: set[tuple[Side, str]] = set()
    for side in Side:
        keys = sorted({merge.heir for merge in merges if merge.side is side})
        if keys:
            looked = await observe_keys(store, setup.ends[side], setup.entity, keys)
            read |= {(side, key) for key in keys if key not in looked.unread}
    return frozenset(read)
