"""What platforms do not show any more: missing from full listings, removed, merged into another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, insert, or_, select, update

from syncd.core.decision import ENDED
from syncd.core.model import Side
from syncd.ports.store import FlowRow, Merge
from syncd.ports.streams import Observation
from syncd.store import journal
from syncd.store.columns import UNSETTLED, chunks, hash_column, id_column
from syncd.store.matching import absorb, ask_anew
from syncd.store.pairs import pair_by_id
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import MERGED, intent, pair, remote, removal
from syncd.store.verdicts import store_bases

_LIVING = Query(
    select(remote.c.id, remote.c.key, remote.c.seen_at, removal.c.missing_since)
    .outerjoin(removal, removal.c.remote_id == remote.c.id)
    .where(remote.c.stream_id == bindparam("of"), ~remote.c.gone)
)

Says = Callable[[Side, bytes], Collection[str]]
"""(side, raw record) -> the fields that it says anything of."""

_FORGET = delete(removal).where(removal.c.remote_id.in_(bindparam("rows", expanding=True)))
_NOTE = insert(removal)


def note(c: Connection, gone: Sequence[tuple[int, Observation]]) -> None:
    """How it is known that these records (row, observation) are gone, and where they went."""
    for chunk in chunks(gone):
        c.execute(_FORGET, {"rows": [row for row, _ in chunk]})
        c.execute(
            _NOTE,
            [{"remote_id": row, "merged_into": o.merged_into, "evidence": o.evidence} for row, o in chunk],
        )


# -- sweeps: what complete full listings do not show ---------------------------------------------


def missing(
    c: Connection, stream: int, seen: Collection[str], started: datetime
) -> tuple[list[int], list[tuple[int, str, datetime | None]]]:
    """(rows that were missing and are shown again, [(row, key, missing since)] of living ones not shown).

    What was read or written since the listing began is none of its business.
    """
    back, lost = [], []
    for row in _LIVING.all(c, {"of": stream}):
        if row.key in seen:
            back += [row.id] if row.missing_since is not None else []
        elif row.seen_at < started:
            since = row.missing_since
            # read again in between: it was there, so the earlier listing proves nothing any more
            lost.append((row.id, row.key, None if since is not None and row.seen_at > since else since))
    return back, lost


def swept(
    c: Connection,
    back: Sequence[int],
    lost: Sequence[tuple[int, str, datetime | None]],
    started: datetime,
    apart_s: float,
) -> list[str]:
    """Put down what a sweep missed. Returns the keys that an earlier one missed as well."""
    first = [row for row, _, since in lost if since is None]
    for chunk in chunks([*back, *first]):
        c.execute(_FORGET, {"rows": chunk})
    for chunk in chunks(first):
        c.execute(_NOTE, [{"remote_id": row, "missing_since": started} for row in chunk])
    long_ago = started - timedelta(seconds=apart_s)
    return [key for _, key, since in lost if since is not None and since <= long_ago]


def found_again(c: Connection, stream: int, keys: Sequence[str]) -> None:
    for chunk in chunks(keys):
        shown = remote.c.stream_id == stream, remote.c.key.in_(chunk), ~remote.c.gone
        c.execute(delete(removal).where(removal.c.remote_id.in_(select(remote.c.id).where(*shown))))


# -- merges ---------------------------------------------------------------------------------------


def _merged(side: Side) -> Any:
    """Pairs whose record on ``side`` goes on as another that has no partner, and under no write."""
    gone, heir, other = remote.alias("gone"), remote.alias("heir"), pair.alias("other")
    lone = pair.alias("lone")
    mine = id_column(side)
    theirs = other.c[mine.name]
    taken = exists().where(
        other.c.flow_id == pair.c.flow_id,
        theirs == heir.c.id,
        or_(
            other.c[id_column(side.other).name].is_not(None),
            exists().where(intent.c.pair_id == other.c.id, intent.c.state.in_(UNSETTLED)),
        ),
    )
    return (
        select(
            pair.c.id,
            heir.c.id.label("heir"),
            gone.c.key.label("was"),
            heir.c.key.label("now"),
            lone.c.id.label("lone"),
        )
        .select_from(removal)
        .join(gone, and_(gone.c.id == removal.c.remote_id, gone.c.gone))
        .join(pair, and_(mine == gone.c.id, id_column(side.other).is_not(None)))
        .join(heir, and_(heir.c.stream_id == gone.c.stream_id, heir.c.key == removal.c.merged_into))
        .outerjoin(lone, and_(lone.c.flow_id == pair.c.flow_id, lone.c[mine.name] == heir.c.id))
        .where(
            MERGED,
            gone.c.stream_id == bindparam("in_stream"),
            pair.c.flow_id == bindparam("of_flow"),
            ~heir.c.gone,
            ~taken,
            ~exists().where(intent.c.pair_id == pair.c.id, intent.c.state.in_(UNSETTLED)),
        )
        .order_by(pair.c.id)
    )


_MERGED = {side: Query(_merged(side)) for side in Side}
_ANY_MERGED = Query(select(removal.c.remote_id).where(MERGED).limit(1))


def any_merged(c: Connection) -> bool:
    """Whether any record was ever merged into another. Nearly never; then nobody need ask for ``merges``,
    whose joins cost as much as the whole run of a quiet flow."""
    return _ANY_MERGED.first(c, {}) is not None


def _ready(c: Connection, at: FlowRow, streams: Mapping[Side, int]) -> list[tuple[Side, Any]]:
    """(side, row of ``_MERGED``) of the pairs that can follow a merge."""
    return [
        (side, row)
        for side, stream in streams.items()
        for row in _MERGED[side].all(c, {"in_stream": stream, "of_flow": at.id})
    ]


def merges(c: Connection, k: Keeper, at: FlowRow, streams: Mapping[Side, int]) -> list[Merge]:
    return [
        Merge(row.id, side, row.now, None if row.lone is None else pair_by_id(c, k, row.lone))
        for side, row in _ready(c, at, streams)
    ]


def follow(
    c: Connection,
    k: Keeper,
    at: FlowRow,
    streams: Mapping[Side, int],
    wanted: Collection[tuple[int, str]],
    says: Says,
) -> int:
    """Each of these (pair, heir's key) takes the heir in the place of its own record, which keeps its base:
    what differs is a change. Only of what the heir ``says`` nothing of was nothing agreed: that the other one
    said it is no word of the heir's. Where two were merged into one, the first pair gets it; the other's
    partner stays behind."""
    heirs: set[int] = set()
    lines, absorbed = [], False
    for side, (ident, heir, was, now, _) in _ready(c, at, streams):
        if heir in heirs or (ident, now) not in wanted:
            continue
        heirs.add(heir)
        absorbed = absorb(c, at.id, side, heir, into=ident) or absorbed
        values = {id_column(side).name: heir, hash_column(side).name: None, "due_at": k.now}
        c.execute(update(pair).where(pair.c.id == ident).values(values))
        row = pair_by_id(c, k, ident)
        if row is not None and side in row.bases:
            kept = {*says(side, row.raw[side]), ENDED}
            base = {name: value for name, value in row.bases[side].items() if name in kept}
            store_bases(c, k, at.link, {ident: {side: base}})
        lines.append(journal.Entry("merged", at.id, ident, text=f"{side.value} {was} goes on as {now}"))
    journal.write(c, k, lines)
    if absorbed:
        ask_anew(c, k, at.id)
    return len(lines)
