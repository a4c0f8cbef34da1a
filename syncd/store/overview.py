"""What people look at beside the fleet: refused records by cause, the journal's end, writes under way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from syncd.core.canonical import NORMALISERS
from syncd.core.model import PairState, Side
from syncd.ports.desk import InFlightRow, JournalRow, ReasonRow, Selection
from syncd.ports.records import RefusedPair
from syncd.store.columns import UNSETTLED, chunks, id_column
from syncd.store.pairs import pair_by_id
from syncd.store.sealing import Keeper
from syncd.store.tables import flow, intent, journal, pair, remote, remote_natural

_RANKS_MAX = 16
"""More natural keys than any kind of record has."""


def _selected(query: Select[Any], k: Keeper, chosen: Selection) -> Select[Any]:
    query = query.where(pair.c.state == PairState.QUARANTINED.value)
    for column, value in (
        (flow.c.link, chosen.link),
        (flow.c.entity, chosen.entity),
        (pair.c.code, chosen.code),
        (pair.c.field, chosen.field),
    ):
        if value is not None:
            query = query.where(column == value)
    if chosen.ids is not None:
        query = query.where(pair.c.id.in_(chosen.ids))
    if chosen.upto is not None:
        query = query.where(pair.c.since <= chosen.upto)
    if chosen.text:
        query = query.where(_called(k, chosen.text))
    return query


def _called(k: Keeper, text: str) -> Any:
    """A record is asked for by its key (or how that begins) or, exactly, by its number or name: contents
    are sealed, and names are kept as digests."""
    digests = {k.digest(fold(text)) for fold in NORMALISERS.values()}
    named = select(remote_natural.c.remote_id).where(
        remote_natural.c.rank.in_(range(_RANKS_MAX)), remote_natural.c.digest.in_(digests)
    )
    keyed = select(remote.c.id).where(remote.c.key.startswith(text, autoescape=True))
    return or_(
        *(column.in_(which) for column in (pair.c.left_id, pair.c.right_id) for which in (named, keyed))
    )


def refused(c: Connection, k: Keeper, chosen: Selection, after: int, limit: int) -> list[RefusedPair]:
    """By id from ``after`` on."""
    query = _selected(
        select(pair, flow.c.link, flow.c.entity).join(flow, flow.c.id == pair.c.flow_id), k, chosen
    )
    found = []
    for row in c.execute(query.where(pair.c.id > after).order_by(pair.c.id).limit(limit)).all():
        shown = pair_by_id(c, k, row.id)
        assert shown is not None
        reason = k.open_text(f"link:{row.link}", "reason", row.reason)
        found.append(
            RefusedPair(
                row.id, row.link, row.entity, shown, row.code, reason, row.field, row.since, row.attempts
            )
        )
    return found


def refused_ids(c: Connection, k: Keeper, chosen: Selection, after: int, limit: int) -> list[int]:
    query = _selected(select(pair.c.id).join(flow, flow.c.id == pair.c.flow_id), k, chosen)
    return list(c.execute(query.where(pair.c.id > after).order_by(pair.c.id).limit(limit)).scalars())


def refused_count(c: Connection, k: Keeper, chosen: Selection) -> int:
    query = _selected(
        select(func.count()).select_from(pair).join(flow, flow.c.id == pair.c.flow_id), k, chosen
    )
    count: int = c.execute(query).scalar_one()
    return count


def refused_keys(c: Connection, ids: Sequence[int]) -> list[tuple[str, str, Side, str]]:
    """(link, entity, side, key) of the records of these pairs, those that are refused."""
    found = []
    for side in Side:
        query = (
            select(flow.c.link, flow.c.entity, remote.c.key)
            .select_from(pair)
            .join(flow, flow.c.id == pair.c.flow_id)
            .join(remote, remote.c.id == id_column(side))
            .where(pair.c.state == PairState.QUARANTINED.value)
        )
        for chunk in chunks(ids):
            found += [
                (row.link, row.entity, side, row.key) for row in c.execute(query.where(pair.c.id.in_(chunk)))
            ]
    return found


def reasons(c: Connection, k: Keeper, chosen: Selection) -> list[ReasonRow]:
    """Refused records by cause, the largest group first; one grouped pass over those refused."""
    groups = _selected(
        select(
            flow.c.link,
            flow.c.entity,
            pair.c.code,
            pair.c.field,
            func.count().label("n"),
            func.min(pair.c.since).label("oldest"),
            func.max(pair.c.since).label("newest"),
            func.max(pair.c.id).label("sample"),
        )
        .select_from(pair)
        .join(flow, flow.c.id == pair.c.flow_id),
        k,
        chosen,
    ).group_by(flow.c.link, flow.c.entity, pair.c.code, pair.c.field)
    found = []
    for row in c.execute(groups.order_by(func.count().desc(), flow.c.link, flow.c.entity)).all():
        sealed = c.execute(select(pair.c.reason).where(pair.c.id == row.sample)).scalar_one()
        words = k.open_text(f"link:{row.link}", "reason", sealed)
        found.append(
            ReasonRow(row.link, row.entity, row.code, row.field, row.n, row.oldest, row.newest, words)
        )
    return found


def journal_lines(
    c: Connection, k: Keeper, link: str | None, *, after: int | None, before: int | None, limit: int
) -> list[JournalRow]:
    """``after``: those that came since, oldest first; else the newest first, those older than ``before``."""
    query = select(journal, flow.c.entity).join(flow, flow.c.id == journal.c.flow_id, isouter=True)
    by = journal.c.id
    if link is not None:
        query, by = query.where(journal.c.link == link), journal.c.seq  # the same order, and an index has it
    query = query.order_by(by.desc() if after is None else by.asc()).limit(limit)
    if after is not None:
        query = query.where(journal.c.id > after)
    if before is not None:
        query = query.where(journal.c.id < before)
    return [
        JournalRow(
            row.id,
            row.at,
            row.link,
            row.entity or "",
            row.pair_id,
            row.intent_id,
            row.kind,
            k.open_text("journal", "text", row.text),
            row.actor,
        )
        for row in c.execute(query)
    ]


def in_flight(c: Connection, link: str, limit: int) -> list[InFlightRow]:
    """Writes of a link whose end is not known yet, the oldest first."""
    query = (
        select(intent, flow.c.entity.label("of"))
        .join(flow, flow.c.id == intent.c.flow_id)
        .where(flow.c.link == link, intent.c.state.in_(UNSETTLED))
        .order_by(intent.c.id)
        .limit(limit)
    )
    return [
        InFlightRow(
            row.id,
            row.of,
            row.side,
            row.connection,
            row.operation,
            row.state,
            row.pair_id,
            row.remote_key,
            row.attempts,
            row.error_class,
            row.created_at,
            row.sent_at,
            row.due_at,
        )
        for row in c.execute(query)
    ]
