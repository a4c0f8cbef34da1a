"""Announced changes: stored before they are acknowledged, read when the engine comes to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select

from syncd.store.sealing import Keeper
from syncd.store.tables import delivery, hint

_REMEMBER = timedelta(days=7)
"""How long a delivery's id is remembered: longer than any platform tries again."""


def add(c: Connection, k: Keeper, connection: str, hints: Sequence[tuple[str, str]], ident: str) -> bool:
    seen = select(delivery.c.delivery).where(
        delivery.c.connection == connection, delivery.c.delivery == ident
    )
    if c.execute(seen).first() is not None:
        return False
    c.execute(insert(delivery).values(connection=connection, delivery=ident, received_at=k.now))
    c.execute(delete(delivery).where(delivery.c.received_at < k.now - _REMEMBER))
    for entity, key in dict.fromkeys(hints):
        same = (hint.c.connection == connection) & (hint.c.entity == entity) & (hint.c.key == key)
        # deleted and made anew: the row gets a new id, so reading the older one cannot lose this one
        c.execute(delete(hint).where(same))
        c.execute(insert(hint).values(connection=connection, entity=entity, key=key, received_at=k.now))
    return True


def pending(c: Connection, connection: str, limit: int) -> list[tuple[int, str, str]]:
    rows = c.execute(
        select(hint.c.id, hint.c.entity, hint.c.key)
        .where(hint.c.connection == connection)
        .order_by(hint.c.id)
        .limit(limit)
    )
    return [(row.id, row.entity, row.key) for row in rows]


def done(c: Connection, ids: Sequence[int]) -> None:
    c.execute(delete(hint).where(hint.c.id.in_(ids)))
