"""What happened to whom: append only, one row an event, sealed text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from syncd.store.sealing import Keeper
from syncd.store.tables import journal

_INSERT = insert(journal)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a pair's life."""

    kind: str
    flow: int
    pair: int
    intent: int | None = None
    text: str = ""
    actor: str = ""


def write(c: Connection, k: Keeper, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    c.execute(
        _INSERT,
        [
            {
                "at": k.now,
                "flow_id": e.flow,
                "pair_id": e.pair,
                "intent_id": e.intent,
                "kind": e.kind,
                "text": k.text("journal", "text", e.text),
                "actor": e.actor,
            }
            for e in entries
        ],
    )
