"""Announced changes: stored before they are acknowledged, read when the engine comes to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, Integer, bindparam, delete, insert, select

from syncd.store.sealing import Keeper
from syncd.store.tables import delivery, hint

_REMEMBER = timedelta(days=7)
"""How long a delivery's id is remembered: longer than any platform tries again."""


_SEEN = select(delivery.c.delivery).where(
    delivery.c.connection == bindparam("of_connection"), delivery.c.delivery == bindparam("ident")
)
_DELIVERY = insert(delivery)
_FORGET = delete(delivery).where(delivery.c.received_at < bindparam("before"))
_SAME = delete(hint).where(
    hint.c.connection == bindparam("of_connection"),
    hint.c.entity == bindparam("of_entity"),
    hint.c.key == bindparam("of_key"),
)
_HINT = insert(hint)
_PENDING = (
    select(hint.c.id, hint.c.entity, hint.c.key)
    .where(hint.c.connection == bindparam("of_connection"))
    .order_by(hint.c.id)
    .limit(bindparam("most", type_=Integer))
)
_DONE = delete(hint).where(hint.c.id.in_(bindparam("ids", expanding=True)))


def add(c: Connection, k: Keeper, connection: str, hints: Sequence[tuple[str, str]], ident: str) -> bool:
    if c.execute(_SEEN, {"of_connection": connection, "ident": ident}).first() is not None:
        return False
    c.execute(_DELIVERY, {"connection": connection, "delivery": ident, "received_at": k.now})
    c.execute(_FORGET, {"before": k.now - _REMEMBER})
    for entity, key in dict.fromkeys(hints):
        # deleted and made anew: the row gets a new id, so reading the older one cannot lose this one
        c.execute(_SAME, {"of_connection": connection, "of_entity": entity, "of_key": key})
        c.execute(_HINT, {"connection": connection, "entity": entity, "key": key, "received_at": k.now})
    return True


def pending(c: Connection, connection: str, limit: int) -> list[tuple[int, str, str]]:
    rows = c.execute(_PENDING, {"of_connection": connection, "most": limit})
    return [(row.id, row.entity, row.key) for row in rows]


def done(c: Connection, ids: Sequence[int]) -> None:
    c.execute(_DONE, {"ids": list(ids)})
