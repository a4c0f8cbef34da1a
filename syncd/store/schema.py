"""Every table of the state, known once this is imported."""

from __future__ import annotations

from typing import Final

from sqlalchemy import MetaData, Table

from syncd.store.asking_tables import apart
from syncd.store.dispatch_tables import allowance, lease, place, worker
from syncd.store.drift_tables import drift
from syncd.store.table_parts import metadata as _metadata

assert apart.metadata is drift.metadata is lease.metadata is _metadata

metadata: Final[MetaData] = _metadata
OF_PROCESSES: Final[frozenset[Table]] = frozenset({lease, worker, place, allowance})
"""What is true only of processes that run just now: a state elsewhere begins without."""
