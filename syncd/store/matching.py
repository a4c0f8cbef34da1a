"""Matching: who could be whose partner, and binding those that are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Select, bindparam, delete, exists, select, update

from syncd.core.model import Side
from syncd.ports.store import FlowRow
from syncd.store import journal
from syncd.store.columns import UNSETTLED, chunks, id_column
from syncd.store.sealing import Keeper
from syncd.store.tables import intent, pair, remote, remote_natural
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


_CANDIDATES = {side: _candidates(side) for side in Side}


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
            rows = c.execute(_CANDIDATES[side], asked)
            for at_rank, digest, key in rows:
                for ident in wanted[at_rank, digest]:
                    found[ident][at_rank].append(key)
    return found


def bind(
    c: Connection, k: Keeper, at: FlowRow, side: Side, stream_id: int, matches: Sequence[tuple[int, str]]
) -> None:
    """The matched record's own lone pair is merged away; its history stays in the journal."""
    for ident, key in matches:
        remote_id: int = c.execute(
            select(remote.c.id).where(remote.c.stream_id == stream_id, remote.c.key == key)
        ).scalar_one()
        absorb(c, at.id, side, remote_id, into=ident)
        c.execute(
            update(pair).where(pair.c.id == ident).values({id_column(side): remote_id, "due_at": k.now})
        )
    journal.write(
        c, k, [journal.Entry("matched", at.id, ident, text=f"{side.value} {key}") for ident, key in matches]
    )


def absorb(c: Connection, flow_id: int, side: Side, remote_id: int, *, into: int) -> None:
    """Merge away the lone pair that a record had before it got its partner."""
    lone = c.execute(
        select(pair.c.id, pair.c.intents).where(
            pair.c.flow_id == flow_id,
            id_column(side) == remote_id,
            id_column(side.other).is_(None),
            pair.c.id != into,
        )
    ).one_or_none()
    if lone is not None:
        for table in (intent, journal_table):  # its history is the pair's history now
            c.execute(update(table).where(table.c.pair_id == lone.id).values(pair_id=into))
        c.execute(update(pair).where(pair.c.id == into).values(intents=pair.c.intents + lone.intents))
        c.execute(delete(pair).where(pair.c.id == lone.id))
