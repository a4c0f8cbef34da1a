"""What happened to whom: append only, one row an event, sealed text, in the chain of its link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, bindparam, select

from syncd.store import chain
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import flow, journal

_LINKS = Query(select(flow.c.id, flow.c.link).where(flow.c.id.in_(bindparam("flows", expanding=True))))


class Entry(Struct, frozen=True):
    """One event of a pair's life; without a flow, of its ``link``, or of the whole site."""

    kind: str
    flow: int | None = None
    pair: int | None = None
    intent: int | None = None
    text: str = ""
    actor: str = ""
    link: str = chain.SITE


def write(c: Connection, k: Keeper, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    links = _links_of(c, k, {e.flow for e in entries if e.flow is not None})
    chain.extend(
        c,
        k,
        journal,
        [
            {
                "at": k.now,
                "flow_id": e.flow,
                "pair_id": e.pair,
                "intent_id": e.intent,
                "kind": e.kind,
                "text": k.text("journal", "text", e.text),
                "actor": e.actor,
                "link": e.link if e.flow is None else links[e.flow],
            }
            for e in entries
        ],
    )


def _links_of(c: Connection, k: Keeper, flows: set[int]) -> Mapping[int, str]:
    """Flow -> its link, which never changes: it is asked for once."""
    unknown = flows - k.links.keys()
    if unknown:
        k.links.update((row.id, row.link) for row in _LINKS.all(c, {"flows": sorted(unknown)}))
    return k.links


def anchor(c: Connection, k: Keeper) -> tuple[int, tuple[int, bytes]]:
    """Write the ends of all chains that grew into the site's own. Returns how many, and that one's end."""
    ends = chain.ends(c)
    if ends:
        write(c, k, [Entry(chain.ANCHORED, text=chain.mark_text(*end), actor="syncd") for end in ends])
        chain.mark_anchored(c, ends)
    return len(ends), chain.end_of(c, chain.SITE)


def forget(c: Connection, k: Keeper, before: datetime) -> int:
    """Remove audit lines of before, each chain's beginning only; what was removed is written down."""
    done = chain.forget(c, before)
    entries = [
        Entry(chain.FORGOTTEN, text=chain.mark_text(one.link, one.seq, one.end), actor="syncd", link=one.link)
        for one in done
    ]
    write(c, k, entries)
    return sum(one.lines for one in done)
