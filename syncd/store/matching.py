"""Matching: who could be whose partner, and binding those that are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from syncd.core.model import IntentState, PairState, Side
from syncd.ports.store import FlowRow, Lone, PairRow
from syncd.store import journal
from syncd.store.asking_tables import apart, remote_block
from syncd.store.columns import OPEN, UNSETTLED, chunks, hash_column, id_column
from syncd.store.pairs import pair_by_id, remote_of
from syncd.store.prepared import Prepared, put
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import intent, pair, pair_base, remote, remote_body, remote_natural, stream
from syncd.store.tables import journal as journal_table


def _candidates(side: Side) -> Select[int, bytes, str]:
    """Only records that stand alone: a bound one has its partner, one being written is getting it."""
    lone = exists().where(
        pair.c.flow_id == bindparam("of_flow"),
        id_column(side) == remote.c.id,
        id_column(side.other).is_(None),
        ~exists().where(intent.c.pair_id == pair.c.id, intent.c.state.in_(UNSETTLED)),
    )
    return (
        select(remote_natural.c.rank, remote_natural.c.digest, remote.c.key)
        .join(remote, remote.c.id == remote_natural.c.remote_id)
        .where(
            remote_natural.c.stream_id == bindparam("in_stream"),
            remote_natural.c.rank == bindparam("at_rank"),
            remote_natural.c.digest.in_(bindparam("digests", expanding=True)),
            ~remote.c.gone,
            lone,
        )
        .order_by(remote.c.id)
    )


_CANDIDATES = {side: Query(_candidates(side)) for side in Side}

_CROWD_MAX = 40
"""A word that so many records share says nothing of any two of them."""
_CROWD = Query(
    select(remote_block.c.digest, func.count())
    .where(
        remote_block.c.stream_id == bindparam("in_stream"),
        remote_block.c.digest.in_(bindparam("digests", expanding=True)),
    )
    .group_by(remote_block.c.digest)
)


def _near(side: Side) -> Select[bytes, int]:
    """Also those whose own create is held: what a person must settle may be this very record."""
    lone = exists().where(
        pair.c.flow_id == bindparam("of_flow"),
        id_column(side) == remote.c.id,
        id_column(side.other).is_(None),
        ~exists().where(intent.c.pair_id == pair.c.id, intent.c.state.in_(OPEN)),
    )
    return (
        select(remote_block.c.digest, remote.c.id)
        .join(remote, remote.c.id == remote_block.c.remote_id)
        .where(
            remote_block.c.stream_id == bindparam("in_stream"),
            remote_block.c.digest.in_(bindparam("digests", expanding=True)),
            ~remote.c.gone,
            lone,
        )
    )


_NEAR = {side: Query(_near(side)) for side in Side}
_NAMED = Query(
    select(remote.c.id).where(
        remote.c.stream_id == bindparam("in_stream"), remote.c.key.in_(bindparam("names", expanding=True))
    )
)
_HELD = (
    select(func.min(intent.c.id))
    .where(intent.c.pair_id == pair.c.id, intent.c.state == IntentState.HELD.value)
    .scalar_subquery()
)
_SHOWN = {
    side: Query(
        select(remote.c.id, remote.c.key, remote_body.c.body, stream.c.connection, _HELD)
        .join(remote_body, remote_body.c.remote_id == remote.c.id)
        .join(stream, stream.c.id == remote.c.stream_id)
        .join(pair, (pair.c.flow_id == bindparam("of_flow")) & (id_column(side) == remote.c.id))
        .where(remote.c.id.in_(bindparam("rows", expanding=True)))
    )
    for side in Side
}
_ANY_APART = Query(select(apart.c.left_id).where(apart.c.flow_id == bindparam("of_flow")).limit(1))
_APART = {Side.LEFT: apart.c.left_id, Side.RIGHT: apart.c.right_id}


def candidates(
    c: Connection,
    k: Keeper,
    at: FlowRow,
    stream_id: int,
    side: Side,
    natural: Sequence[tuple[int, tuple[str | None, ...]]],
) -> Mapping[int, Sequence[Sequence[str]]]:
    wanted: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for ident, keys in natural:
        for rank, text in enumerate(keys):
            if text is not None:
                wanted[rank, k.digest(text)].append(ident)
    ranks = max((len(keys) for _, keys in natural), default=0)
    found: dict[int, list[list[str]]] = {ident: [[] for _ in range(ranks)] for ident, _ in natural}
    for rank in range(ranks):
        digests = [digest for at_rank, digest in wanted if at_rank == rank]
        for chunk in chunks(digests):
            asked = {"of_flow": at.id, "in_stream": stream_id, "at_rank": rank, "digests": chunk}
            rows = _CANDIDATES[side].all(c, asked)
            for at_rank, digest, key in rows:
                for ident in wanted[at_rank, digest]:
                    found[ident][at_rank].append(key)
    for ident, key in told_apart(c, at, side, list(found)):
        found[ident] = [[other for other in keys if other != key] for keys in found[ident]]
    return found


def told_apart(c: Connection, at: FlowRow, side: Side, pairs: Sequence[int]) -> set[tuple[int, str]]:
    """(pair, key on ``side``) of which a person has said that they are not the same."""
    if _ANY_APART.first(c, {"of_flow": at.id}) is None:
        return set()
    mine, other = _APART[side.other], _APART[side]
    query = (
        select(pair.c.id, remote.c.key)
        .select_from(apart)
        .join(pair, (pair.c.flow_id == apart.c.flow_id) & (id_column(side.other) == mine))
        .join(remote, remote.c.id == other)
    )
    rows = [row for chunk in chunks(pairs) for row in c.execute(query.where(pair.c.id.in_(chunk)))]
    return {(ident, key) for ident, key in rows}


def near(
    c: Connection,
    k: Keeper,
    at: FlowRow,
    stream_id: int,
    side: Side,
    blocks: Mapping[int, frozenset[str]],
    also: Mapping[int, Collection[str]],
) -> Mapping[int, Sequence[Lone]]:
    """Costs look-ups by index; a block in which too many stand tells nothing and is passed over."""
    wanted: dict[bytes, list[int]] = defaultdict(list)
    for ident, keys in blocks.items():
        for key in keys:
            wanted[k.digest(key)].append(ident)
    telling = _telling(c, stream_id, list(wanted))
    records: dict[int, set[int]] = defaultdict(set)
    for chunk in chunks(telling):
        asked = {"of_flow": at.id, "in_stream": stream_id, "digests": chunk}
        for digest, remote_id in _NEAR[side].all(c, asked):
            for ident in wanted[digest]:
                records[ident].add(remote_id)
    for ident, names in also.items():
        if names:
            records[ident].update(_NAMED.scalars(c, {"in_stream": stream_id, "names": sorted(names)}))
    shown = _shown(c, k, at, side, {one for ids in records.values() for one in ids})
    barred = told_apart(c, at, side, list(records))
    return {
        ident: kept
        for ident, ids in records.items()
        if (kept := [shown[i] for i in sorted(ids) if i in shown and (ident, shown[i].key) not in barred])
    }


def _telling(c: Connection, stream_id: int, digests: Sequence[bytes]) -> list[bytes]:
    kept: list[bytes] = []
    for chunk in chunks(digests):
        rows = _CROWD.all(c, {"in_stream": stream_id, "digests": chunk})
        kept += [digest for digest, count in rows if count <= _CROWD_MAX]
    return kept


def _shown(c: Connection, k: Keeper, at: FlowRow, side: Side, ids: Collection[int]) -> dict[int, Lone]:
    return {
        row[0]: Lone(row[1], k.seal.open(row[3], "observation", row[2]), row[4])
        for chunk in chunks(sorted(ids))
        for row in _SHOWN[side].all(c, {"of_flow": at.id, "rows": chunk})
    }


def bind(
    c: Connection, k: Keeper, at: FlowRow, side: Side, stream_id: int, matches: Sequence[tuple[int, str]]
) -> None:
    """The matched record's own lone pair is merged away; its history stays in the journal."""
    absorbed = [_bind_one(c, k, at, side, stream_id, ident, key) for ident, key in matches]
    if any(absorbed):
        ask_anew(c, k, at.id)
    journal.write(
        c, k, [journal.Entry("matched", at.id, ident, text=f"{side.value} {key}") for ident, key in matches]
    )


def _bind_one(
    c: Connection, k: Keeper, at: FlowRow, side: Side, stream_id: int, ident: int, key: str
) -> bool:
    """Whether a lone pair was merged away for it (``absorb``)."""
    remote_id = remote_of(c, stream_id, key)
    absorbed = absorb(c, at.id, side, remote_id, into=ident)
    put(c, pair, ident, {f"{side.value}_id": remote_id, "due_at": k.now})
    return absorbed


_UNMATCHED = Query(
    select(pair.c.id)
    .where(pair.c.flow_id == bindparam("flow"), pair.c.state == PairState.UNMATCHED.value)
    .order_by(pair.c.since, pair.c.id)
    .limit(bindparam("most", type_=Integer))
)


def unmatched(c: Connection, k: Keeper, at: FlowRow, limit: int) -> list[PairRow]:
    ids = _UNMATCHED.scalars(c, {"flow": at.id, "most": limit})
    return [row for ident in ids if (row := pair_by_id(c, k, ident)) is not None]


def accept(
    c: Connection,
    k: Keeper,
    at: FlowRow,
    side: Side,
    stream_id: int,
    matches: Sequence[tuple[int, str]],
    actor: str,
) -> list[int]:
    """A person's word, checked against what became of both meanwhile, in this one transaction."""
    bound = []
    for ident, key in matches:
        mine = _stands_alone(c, at, side.other, ident, or_bereft=True)
        if mine and _free(c, at, side, stream_id, key):
            _forget_partner(c, side, ident)
            _bind_one(c, k, at, side, stream_id, ident, key)
            bound.append((ident, key))
    entries = [
        journal.Entry("matched", at.id, ident, text=f"{side.value} {key}, as a person said", actor=actor)
        for ident, key in bound
    ]
    journal.write(c, k, entries)
    ask_anew(c, k, at.id)
    return [ident for ident, _ in bound]


def reject(
    c: Connection,
    k: Keeper,
    at: FlowRow,
    side: Side,
    stream_id: int,
    wanted: Sequence[tuple[int, str]],
    actor: str,
) -> int:
    barred = told_apart(c, at, side, [ident for ident, _ in wanted])
    new = [(ident, key) for ident, key in dict.fromkeys(wanted) if (ident, key) not in barred]
    rows = []
    for ident, key in new:
        mine = c.execute(select(id_column(side.other)).where(pair.c.id == ident)).scalar_one_or_none()
        if mine is not None:
            ids = {f"{side.value}_id": remote_of(c, stream_id, key), f"{side.other.value}_id": mine}
            rows.append({"flow_id": at.id, "at": k.now, "actor": actor, **ids})
    if rows:
        c.execute(insert(apart), rows)
    entries = [
        journal.Entry("told_apart", at.id, i, text=f"not {side.value} {key}", actor=actor) for i, key in new
    ]
    journal.write(c, k, entries)
    ask_anew(c, k, at.id)
    return len(rows)


def _forget_partner(c: Connection, side: Side, ident: int) -> None:
    """One that is gone, with all that was agreed on with it: the new one is met for the first time."""
    had = c.execute(select(id_column(side)).where(pair.c.id == ident)).scalar_one()
    if had is not None:
        c.execute(delete(pair_base).where(pair_base.c.pair_id == ident))
        c.execute(update(pair).where(pair.c.id == ident).values({hash_column(side): None}))


def _stands_alone(c: Connection, at: FlowRow, side: Side, ident: int, *, or_bereft: bool = False) -> bool:
    """Whether the pair still is a record of ``side`` alone, with no write that may yet give it a partner.
    ``or_bereft``: also one whose partner is gone."""
    alone: ColumnElement[bool] = id_column(side.other).is_(None)
    if or_bereft:
        alone = or_(alone, exists().where(remote.c.id == id_column(side.other), remote.c.gone))
    busy = exists().where(intent.c.pair_id == pair.c.id, intent.c.state.in_(UNSETTLED))
    return (
        c.execute(
            select(pair.c.id)
            .where(
                pair.c.id == ident,
                pair.c.flow_id == at.id,
                id_column(side).is_not(None),
                alone,
                ~busy,
            )
            .with_for_update()
        ).first()
        is not None
    )


def _free(c: Connection, at: FlowRow, side: Side, stream_id: int, key: str) -> bool:
    row = c.execute(
        select(remote.c.id, remote.c.gone).where(remote.c.stream_id == stream_id, remote.c.key == key)
    ).one_or_none()
    if row is None or row.gone:
        return False
    theirs = c.execute(
        select(pair.c.id).where(pair.c.flow_id == at.id, id_column(side) == row.id)
    ).scalar_one_or_none()
    return theirs is None or _stands_alone(c, at, side, theirs)


_ASK_ANEW = Prepared(
    update(pair)
    .where(pair.c.flow_id == bindparam("flow"), pair.c.state == PairState.UNMATCHED.value)
    .values(due_at=bindparam("now"))
)


def ask_anew(c: Connection, k: Keeper, flow_id: int) -> None:
    """A record that found its partner, or an answer, may settle other questions: it was a candidate there."""
    _ASK_ANEW.many(c, [{"flow": flow_id, "now": k.now}])


_LONE = {
    side: Query(
        select(pair.c.id, pair.c.intents).where(
            pair.c.flow_id == bindparam("flow"),
            id_column(side) == bindparam("remote"),
            id_column(side.other).is_(None),
            pair.c.id != bindparam("into"),
        )
    )
    for side in Side
}
_HAND_DOWN = tuple(
    Prepared(
        update(table)
        .where(table.c.pair_id == bindparam("lone"))
        .values(pair_id=bindparam("into", type_=Integer))
    )
    for table in (intent, journal_table)
)
_ADD_INTENTS = Prepared(
    update(pair).where(pair.c.id == bindparam("into")).values(intents=pair.c.intents + bindparam("more"))
)
_REMOVE = Prepared(delete(pair).where(pair.c.id == bindparam("lone")))


def absorb(c: Connection, flow_id: int, side: Side, remote_id: int, *, into: int) -> bool:
    """Merge away the lone pair that a record had before it got its partner. Returns whether there was one:
    it may have been a candidate of others, which are then to be asked anew."""
    lone = _LONE[side].first(c, {"flow": flow_id, "remote": remote_id, "into": into})
    if lone is not None:
        for move in _HAND_DOWN:  # its history is the pair's history now
            move.many(c, [{"lone": lone.id, "into": into}])
        _ADD_INTENTS.many(c, [{"into": into, "more": lone.intents}])
        _REMOVE.many(c, [{"lone": lone.id}])
    return lone is not None
