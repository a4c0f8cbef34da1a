"""Full listings as evidence of absence: for platforms that do not tell what was deleted.

A record counts as gone once two complete sweeps in a row, a while apart, did not show it, and the
platform does not show it either when asked for it by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from syncd.core.errors import RefuseRecord, SyncdError
from syncd.engine.observe import GONE, Count, Read, read_stream, store_seen
from syncd.engine.setup import End
from syncd.ports import Observation, Seen, Store, StreamRow

APART_S = 300.0
"""Between two sweeps that both count: one fault (a stale replica, a reindexing) must not strike both."""
_ASKED_MAX = 100
"""Missing records asked for one by one; of more than these, the brake on disappearances has its word."""
_EVIDENCE = "absent from two complete listings in a row"


async def sweep(store: Store, end: End, stream: StreamRow, now: datetime, count: Count) -> Read:
    """Read a stream in full and draw the conclusions. Never raises for the platform's faults."""
    read = await read_stream(store, end, stream, full=True, count=count)
    spec = end.connector.capabilities.entities[stream.entity]
    if not read.complete or read.keys is None or not spec.full_listing:
        return read
    apart_s = max(APART_S, end.connector.capabilities.settle_s or 0.0)
    lost = await store.swept(stream.id, read.keys, now, apart_s)
    living: set[str] = set()
    if len(lost) <= _ASKED_MAX:
        living = await _still_there(store, end, stream, lost, read)
    gone = [key for key in lost if key not in living]
    known = await store.known(stream.id, gone) if gone else {}
    removed = [
        Observation(key, b"{}", GONE, GONE, known[key], gone=True, evidence=_EVIDENCE)
        for key in gone
        if key in known
    ]
    if removed:
        read.changed += len(removed)
        await store.records_seen(stream, removed)
    return read


async def _still_there(
    store: Store, end: End, stream: StreamRow, keys: Sequence[str], read: Read
) -> set[str]:
    """Those that must not be called gone: the platform shows them, or does not say that they do not exist."""
    spared: set[str] = set()
    found: list[Seen] = []
    for key in keys:
        try:
            seen = await end.connector.fetch(stream.entity, key)
        except RefuseRecord:
            spared.add(key)  # it may not be seen: that is no removal
        except SyncdError:
            return set(keys)
        else:
            if seen is not None:
                spared.add(key)
                found.append(seen)
    if found:
        spec = end.connector.capabilities.entities[stream.entity]
        await store_seen(store, end, stream, found, read)
        await store.found_again(stream.id, [seen.key for seen in found])
        assert spec.entity == stream.entity
    return spared
