"""What people said about conflicts, until it is carried out or what it was said of has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from syncd.core.decision import Resolution, Take
from syncd.core.model import Side
from syncd.ports.records import Said
from syncd.store import journal
from syncd.store.columns import chunks
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import conflict, flow, pair, resolution

_ANY_RESOLUTION = Query(select(resolution.c.pair_id).limit(1))
_RESOLUTIONS = select(resolution, flow.c.link).where(
    resolution.c.pair_id.in_(bindparam("pairs", expanding=True)),
    pair.c.id == resolution.c.pair_id,
    flow.c.id == pair.c.flow_id,
)
_CONFLICT = (
    select(conflict.c.pair_id, conflict.c.unit, flow.c.link)
    .join(pair, pair.c.id == conflict.c.pair_id)
    .join(flow, flow.c.id == pair.c.flow_id)
    .where(conflict.c.id == bindparam("row"))
)


def resolutions(c: Connection, k: Keeper, pairs: Sequence[int]) -> Mapping[int, tuple[Resolution, ...]]:
    """What people said and what is not carried out yet, by pair."""
    if not pairs or _ANY_RESOLUTION.first(c, {}) is None:
        return {}
    found: dict[int, list[Resolution]] = defaultdict(list)
    for chunk in chunks(pairs):
        for row in c.execute(_RESOLUTIONS, {"pairs": chunk}):
            found[row.pair_id].append(_read(row, k))
    return {ident: tuple(many) for ident, many in found.items()}


def _read(row: Any, k: Keeper) -> Resolution:
    owner = f"link:{row.link}"
    return Resolution(
        unit=row.unit,
        take=Take(row.take),
        seen={
            Side.LEFT: k.open_record(owner, "resolution", row.seen_left),
            Side.RIGHT: k.open_record(owner, "resolution", row.seen_right),
        },
        values=k.open_record(owner, "resolution", row._mapping["values"]),
        actor=row.actor,
    )


def decide(c: Connection, k: Keeper, decided: Sequence[Said]) -> int:
    """Put down what a person said of open conflicts; the engine carries it out. Returns of how many."""
    done = 0
    for one in decided:
        row = c.execute(_CONFLICT, {"row": one.conflict}).one_or_none()
        if row is None:
            continue
        said, owner = one.resolution, f"link:{row.link}"
        mine = (resolution.c.pair_id == row.pair_id) & (resolution.c.unit == row.unit)
        c.execute(delete(resolution).where(mine))
        c.execute(
            insert(resolution),
            {
                "pair_id": row.pair_id,
                "unit": row.unit,
                "take": said.take.value,
                "seen_left": k.record(owner, "resolution", said.seen[Side.LEFT]),
                "seen_right": k.record(owner, "resolution", said.seen[Side.RIGHT]),
                "values": k.record(owner, "resolution", said.values),
                "actor": said.actor,
                "at": k.now,
            },
        )
        moved = update(pair).where(pair.c.id == row.pair_id).values(due_at=k.now).returning(pair.c.flow_id)
        of_flow = c.execute(moved).scalar_one()
        text = f"{row.unit}: {said.take.value}"
        journal.write(c, k, [journal.Entry("resolved", of_flow, row.pair_id, text=text, actor=said.actor)])
        done += 1
    return done


def forget(
    c: Connection, k: Keeper, flow_id: int, refused: Mapping[int, Sequence[str]], done: Sequence[int]
) -> None:
    """``refused``: units whose resolution was given for other values, by pair; ``done``: pairs at rest."""
    if _ANY_RESOLUTION.first(c, {}) is None:
        return
    for ident, many in refused.items():
        mine = (resolution.c.pair_id == ident) & resolution.c.unit.in_(many)
        over = delete(resolution).where(mine).returning(resolution.c.unit, resolution.c.actor)
        told = "it was decided on values that have changed since; look at it again"
        lines = [
            journal.Entry("resolution_refused", flow_id, ident, text=f"{unit}: {told}", actor=actor)
            for unit, actor in c.execute(over).all()
        ]
        journal.write(c, k, lines)
    for chunk in chunks(done):
        c.execute(delete(resolution).where(resolution.c.pair_id.in_(chunk)))


def wake(c: Connection, k: Keeper, pairs: Sequence[int]) -> None:
    """Pairs of which a person's word is not carried out yet, or not known to be, are decided again."""
    if not pairs or _ANY_RESOLUTION.first(c, {}) is None:
        return
    for chunk in chunks(pairs):
        mine = select(resolution.c.pair_id).where(resolution.c.pair_id.in_(chunk))
        c.execute(update(pair).where(pair.c.id.in_(mine)).values(due_at=k.now))
