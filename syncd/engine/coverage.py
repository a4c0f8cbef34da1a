"""Which codes found in the data no crosswalk covers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import orjson

from syncd.core.crossing import Crossing
from syncd.core.errors import RefuseRecord
from syncd.core.model import Record, Side
from syncd.core.policy import FieldPolicy, Kind
from syncd.engine.setup import FlowSetup

Uncovered = Counter[tuple[str, str]]
"""(crosswalk table, code) -> records that use it."""


def uncovered(setup: FlowSetup, side: Side, bodies: Iterable[bytes]) -> Uncovered:
    """Codes of ``side``'s records (raw JSON) that would stop them on their way to the other side."""
    missing: Uncovered = Counter()
    if side not in setup.specs:
        return missing
    crossing = Crossing(setup.tables)
    for body in bodies:
        try:
            record = setup.specs[side].map.get(orjson.loads(body))
        except (RefuseRecord, orjson.JSONDecodeError):
            continue  # that record is quarantined for a reason of its own
        for policy, code in _codes(setup.policy.fields, record):
            try:
                crossing.cross(policy, code, side.other)
            except RefuseRecord:
                missing[policy.target, code] += 1
    return missing


def _codes(policies: Iterable[FieldPolicy], record: Record) -> Iterator[tuple[FieldPolicy, str]]:
    for policy in policies:
        value = record.get(policy.name)
        if policy.kind is Kind.CROSSWALK and value not in (None, ""):
            yield policy, str(value)
        elif policy.kind is Kind.LINES and isinstance(value, tuple):
            for line in value:
                yield from _codes(policy.lines, line)
