"""How grave a drift is for the one who consumes the platform: the table, as data.

Severity follows from what we do with the place (its roles, which come from the lenses) and from
the kind of drift. An unknown role counts as a mapped read, never as unused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.differences import Difference, Kind


class Role(StrEnum):
    """What a place is to us."""

    CRITICAL = "critical"
    """Read, and a ledger depends on it: id, key, cursor, amount, tax, currency, date, status we branch on."""
    READ = "read"
    WRITTEN = "written"
    UNUSED = "unused"


class Level(StrEnum):
    BREAKING = "breaking"
    RISKY = "risky"
    ADDITIVE = "additive"


class Action(StrEnum):
    """What is done at once. In falling order of what it stops."""

    HOLD_CONNECTION = "hold_connection"
    HOLD = "hold"
    """Hold the writes of every mapping that uses the place."""
    HOLD_ON_EVIDENCE = "hold_on_evidence"
    """Quarantine the records that show it; hold the mapping once the evidence suffices."""
    QUARANTINE = "quarantine"
    """Quarantine the records that show it; the others flow."""
    TICKET = "ticket"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Severity:
    level: Level
    action: Action

    @property
    def pages(self) -> bool:
        """Only what breaks something mapped wakes a person."""
        return self.level is Level.BREAKING and self.action is not Action.LOG


_BREAKS: Final = Severity(Level.BREAKING, Action.HOLD)
_BREAKS_ON_EVIDENCE: Final = Severity(Level.BREAKING, Action.HOLD_ON_EVIDENCE)
_RISKY_RECORDS: Final = Severity(Level.RISKY, Action.QUARANTINE)
_RISKY: Final = Severity(Level.RISKY, Action.TICKET)
_ADDS: Final = Severity(Level.ADDITIVE, Action.LOG)
_WHOLE: Final = Severity(Level.BREAKING, Action.HOLD)

Row = tuple[Severity, Severity, Severity, Severity]
"""For CRITICAL, READ, WRITTEN, UNUSED."""

TABLE: Final[Mapping[Kind, Row]] = {
    Kind.FIELD_GONE: (_BREAKS, _BREAKS, _BREAKS, _ADDS),
    Kind.FIELD_RENAMED: (_BREAKS, _BREAKS, _BREAKS, _ADDS),
    Kind.SHAPE_CHANGED: (_BREAKS, _BREAKS, _BREAKS, _ADDS),
    Kind.TYPE_CHANGED: (_BREAKS, _BREAKS, _BREAKS, _ADDS),
    Kind.TYPE_WIDENED: (_BREAKS_ON_EVIDENCE, _RISKY_RECORDS, _ADDS, _ADDS),
    Kind.NULLABLE: (_BREAKS_ON_EVIDENCE, _RISKY_RECORDS, _RISKY, _ADDS),
    Kind.OPTIONAL: (_BREAKS_ON_EVIDENCE, _RISKY_RECORDS, _RISKY, _ADDS),
    Kind.SHARE: (_RISKY_RECORDS, _RISKY, _ADDS, _ADDS),
    Kind.ENUM_NEW: (_RISKY_RECORDS, _RISKY_RECORDS, _ADDS, _ADDS),
    Kind.ENUM_GONE: (_ADDS, _ADDS, _BREAKS, _ADDS),
    Kind.FORMAT_CHANGED: (_BREAKS, _RISKY_RECORDS, _BREAKS, _ADDS),
    Kind.SCALE: (_BREAKS, _RISKY_RECORDS, _BREAKS, _ADDS),
    Kind.SIGN: (_BREAKS, _RISKY_RECORDS, _BREAKS, _ADDS),
    Kind.KEY_LOST: (_BREAKS, _RISKY, _ADDS, _ADDS),
    Kind.WRITE_NARROWED: (_ADDS, _ADDS, _BREAKS, _ADDS),
    Kind.FIELD_NEW: (_ADDS, _ADDS, _ADDS, _ADDS),
    Kind.ENVELOPE: (_WHOLE, _WHOLE, _WHOLE, _RISKY),
}
"""One row a kind. Pinned by ``tests/unit/monitor/test_severity.py``, a sentence a row."""

_COLUMNS: Final = (Role.CRITICAL, Role.READ, Role.WRITTEN, Role.UNUSED)
_LEVELS: Final = (Level.BREAKING, Level.RISKY, Level.ADDITIVE)
_ACTIONS: Final = tuple(Action)


def judge(
    difference: Difference,
    roles: Iterable[Role],
    *,
    has_default: bool = True,
    specified_only: bool = False,
) -> Severity:
    """The severity of a drift at a place with these roles: the gravest of its columns.

    ``has_default``: the mapping has an answer for a value it does not know (a code outside its set,
    a null); without one a new enum value breaks it. ``specified_only``: a published document says
    so, no exchange has shown it yet: one level lower. Uncertain differences are logged only.
    """
    if not difference.certain:
        return _ADDS
    known = set(roles) or {Role.READ}
    row = TABLE[difference.kind]
    found = min((row[_COLUMNS.index(role)] for role in known), key=_rank)
    if difference.kind is Kind.ENUM_NEW and not has_default and Role.CRITICAL in known:
        found = _BREAKS
    if difference.kind in (Kind.NULLABLE, Kind.OPTIONAL) and has_default and found == _RISKY_RECORDS:
        found = _RISKY
    if specified_only and found.level is not Level.ADDITIVE:
        found = _RISKY if found.level is Level.BREAKING else _ADDS
    return found


def _rank(severity: Severity) -> tuple[int, int]:
    return _LEVELS.index(severity.level), _ACTIONS.index(severity.action)
