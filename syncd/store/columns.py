"""Words shared by the transactions on pairs: sides as columns, open states, IN lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Column

from syncd.core.model import IntentState, PairState, Side
from syncd.store.tables import flow, pair

_CHUNK: Final = 400
"""Values in one IN list; SQLite and PostgreSQL both take far more, statements stay cacheable."""

OPEN: Final = tuple(
    state.value
    for state in (IntentState.PLANNED, IntentState.SENT, IntentState.ACCEPTED, IntentState.UNCERTAIN)
)
"""Intents that will still move by themselves."""

UNSETTLED: Final = (*OPEN, IntentState.HELD.value)
"""Intents whose write may yet happen, or may have happened: nothing is decided about their pairs."""


AT_REST: Final = frozenset({PairState.IN_STEP, PairState.CONFLICT, PairState.GONE, PairState.OUT_OF_SCOPE})
"""States in which everything that people said of a pair has been carried out."""


def id_column(side: Side) -> Column[Any]:
    """``pair.left_id`` or ``pair.right_id``."""
    return pair.c.left_id if side is Side.LEFT else pair.c.right_id


def hash_column(side: Side) -> Column[Any]:
    return pair.c.left_hash if side is Side.LEFT else pair.c.right_hash


def offset_column(side: Side) -> Column[Any]:
    return flow.c.left_offset if side is Side.LEFT else flow.c.right_offset


def chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    """Slices short enough for one IN list."""
    whole = list(values)
    for start in range(0, len(whole), _CHUNK):
        yield whole[start : start + _CHUNK]
