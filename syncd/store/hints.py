"""Announced changes: stored before they are acknowledged, read when the engine comes to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, Integer, bindparam, delete, insert, select

from syncd.store.prepared import Prepared
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.tables import delivery, hint

_REMEMBER = timedelta(days=7)
"""How long a delivery's id is remembered: longer than any platform tries again."""


_SEEN = Query(
    select(delivery.c.delivery).where(
        delivery.c.connection == bindparam("of_connection"), delivery.c.delivery == bindparam("ident")
    )
)
_DELIVERY = Prepared(insert(delivery))
_FORGET = Prepared(delete(delivery).where(delivery.c.received_at < bindparam("before")))
_SAME = Prepared(
    delete(hint).where(
        hint.c.connection == bindparam("of_connection"),
        hint.c.entity == bindparam("of_entity"),
        hint.c.key == bindparam("of_key"),
    )
)
_HINT = Prepared(insert(hint))
_PENDING = Query(
    select(hint.c.id, hint.c.entity, hint.c.key)
    .where(hint.c.connection == bindparam("of_connection"))
    .order_by(hint.c.id)
    .limit(bindparam("most", type_=Integer))
)

_DONE = Prepared(delete(hint).where(hint.c.id == bindparam("row")))


def add(c: Connection, k: Keeper, connection: str, hints: Sequence[tuple[str, str]], ident: str) -> bool:
    if _SEEN.first(c, {"of_connection": connection, "ident": ident}) is not None:
        return False
    _DELIVERY.many(c, [{"connection": connection, "delivery": ident, "received_at": k.now}])
    _FORGET.many(c, [{"before": k.now - _REMEMBER}])
    # deleted and made anew: the row gets a new id, so reading the older one cannot lose this one
    new = list(dict.fromkeys(hints))
    _SAME.many(c, [{"of_connection": connection, "of_entity": entity, "of_key": key} for entity, key in new])
    _HINT.many(
        c,
        [
            {"connection": connection, "entity": entity, "key": key, "received_at": k.now}
            for entity, key in new
        ],
    )
    return True


def pending(c: Connection, connection: str, limit: int) -> list[tuple[int, str, str]]:
    rows = _PENDING.all(c, {"of_connection": connection, "most": limit})
    return [(row.id, row.entity, row.key) for row in rows]


def done(c: Connection, ids: Sequence[int]) -> None:
    _DONE.many(c, [{"row": ident} for ident in ids])
