"""The state on disk as the judge reads it: plain SQL, no code of the engine."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.sim.truth import LEFT, RIGHT

_EPOCH_US = int(datetime(2026, 11, 2, 9, 0, tzinfo=UTC).timestamp()) * 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One pair as the state shows it."""

    state: str
    code: str
    explained: bool
    reason: str
    contested: frozenset[str]
    bound: bool
    """It has a record on either side, living or not."""
    quiet: bool
    """In step, nothing of it waits to be decided about, and no write of it is open."""
    doubted: bool
    """Some write of it once had an unknown outcome: then a conflict may be one of caution."""


class Pairs:
    """The pairs of a state, by the records that stand in them. Plain SQL."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        contested: dict[int, set[str]] = {}
        for pair, fields in driver.execute("select pair_id, fields from conflict"):
            contested.setdefault(pair, set()).update(words(fields))
        keys = {
            ident: (entity, key)
            for ident, entity, key in driver.execute(
                "select r.id, s.entity, r.key from remote r join stream s on s.id = r.stream_id"
            )
        }
        open_intents = {
            row[0] for row in driver.execute("select pair_id from intent where state in ('held', 'accepted')")
        }
        busy = {
            row[0]
            for row in driver.execute("select pair_id from intent where state not in ('posted', 'rejected')")
        }
        doubted = {row[0] for row in driver.execute("select pair_id from journal where kind = 'uncertain'")}
        self._rows: dict[tuple[str, str, str], Row] = {}
        for ident, left, right, state, code, reason, due in driver.execute(
            "select id, left_id, right_id, state, code, reason, due_at from pair"
        ):
            explained = bool(
                reason or code or contested.get(ident) or ident in open_intents or state == "waiting"
            )
            row = Row(
                state,
                code,
                explained,
                str(reason),
                frozenset(contested.get(ident, ())),
                bound=left is not None and right is not None,
                quiet=state == "in_step" and due is None and ident not in busy,
                doubted=ident in doubted,
            )
            for side, remote in ((LEFT, left), (RIGHT, right)):
                if remote is not None:
                    entity, key = keys[remote]
                    self._rows[entity, side, key] = row

    def of(self, entity: str, side: str, key: str) -> Row | None:
        return self._rows.get((entity, side, key))


def words(text: str) -> set[str]:
    return {word for word in "".join(c if c.isalnum() or c == "_" else " " for c in text).split() if word}


def seconds(instant: int | None) -> float:
    """An instant of the state (microseconds since 1970) as seconds since the run began."""
    return float("-inf") if instant is None else (instant - _EPOCH_US) / 1e6
