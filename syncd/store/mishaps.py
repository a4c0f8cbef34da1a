"""How often what should not happen did; counted in the transaction that finds it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from syncd.ports.workers import Mishap
from syncd.store.dialects import insert_or_add
from syncd.store.dispatch_tables import mishap


def count(c: Connection, what: Mishap, times: int = 1) -> None:
    c.execute(insert_or_add(c, mishap, {"what": what.value, "times": times}, add="times"))


def read(c: Connection) -> Mapping[Mishap, int]:
    """Since this state was made."""
    found: dict[str, int] = {row.what: row.times for row in c.execute(select(mishap))}
    return {what: found.get(what.value, 0) for what in Mishap}
