"""Everything that goes wrong on purpose, which layer of the tests does it, and how often it did.

One table, in code: the runner refuses a large batch in which one of the simulation's faults never fired,
and ``docs/reliability.md`` shows the same rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random

from syncd.connectors.memory import Call, Fault, FaultKind


class Layer(StrEnum):
    """Where a fault is injected."""

    SIMULATION = "simulation"
    CRASH_POINTS = "crash points"
    PROCESSES = "real processes"
    WIRE = "wire"


@dataclass(frozen=True, slots=True)
class Row:
    """One fault. ``name`` is what the simulation counts, or a free word elsewhere."""

    name: str
    area: str
    says: str
    layer: Layer
    where: str = ""
    """For the other layers: the tests that do it."""


_SIM = Layer.SIMULATION
TABLE: tuple[Row, ...] = (
    Row("lost_before", "write", "the connection breaks, nothing was carried out, and nobody can know", _SIM),
    Row("lost_after", "write", "carried out, and the answer is lost", _SIM),
    Row("failed_before", "write", "a 5xx before anything was carried out", _SIM),
    Row("failed_after", "write", "a 5xx after it was carried out", _SIM),
    Row("late", "write", "carried out long after we gave up waiting", _SIM),
    Row("delivered_twice", "write", "the same request is delivered twice, the second time later", _SIM),
    Row("throttled", "write", "asked to come back later: with a time, with none, with an absurd one", _SIM),
    Row("unreadable", "write", "carried out, and a web page comes back instead of an answer", _SIM),
    Row("truncated", "write", "carried out, and the answer breaks off in the middle", _SIM),
    Row("rejected", "write", "the platform refuses the content (a closed period, a locked record)", _SIM),
    Row("version_conflict", "write", "somebody changed the record before our conditional write", _SIM),
    Row("blind_overwrite", "write", "an edit in the instant before a write that no version guards", _SIM),
    Row("normalised", "write", "the platform trims what it is given", _SIM),
    Row("cut", "write", "the platform cuts a text that it cannot hold whole", _SIM),
    Row("storm", "write", "for minutes nearly every write fails, carried out or not", _SIM),
    Row("key_replayed", "write", "a repeat under a live idempotency key is answered, not carried out", _SIM),
    Row("key_expired", "write", "the idempotency key is too old to be sent again", _SIM),
    Row("page_lost", "read", "a listing breaks off", _SIM),
    Row("page_throttled", "read", "a listing is throttled", _SIM),
    Row("page_unreadable", "read", "a web page with status 200 instead of a listing", _SIM),
    Row("page_truncated", "read", "a listing answer breaks off in the middle", _SIM),
    Row("page_shift", "read", "a record moves between two pages of one walk", _SIM),
    Row("page_incomplete", "read", "a listing leaves a record out and says so", _SIM),
    Row("page_empty", "read", "an empty listing with status 200", _SIM),
    Row("page_failed", "read", "a 5xx on a listing", _SIM),
    Row("fetch_failed", "read", "a single record cannot be read just now", _SIM),
    Row("look_up_failed", "read", "looking up what became of a write fails itself", _SIM),
    Row("lagging_read", "read", "listings and searches show the past", _SIM),
    Row("forbidden", "read", "a record may no longer be seen (403), though it is there", _SIM),
    Row("damaged", "read", "a value that the API does not promise: an unknown code, text for money", _SIM),
    Row("stamped_earlier", "read", "a change carries a modification time in the past", _SIM),
    Row("same_second", "read", "two changes within one second", _SIM),
    Row("deleted", "read", "a record is deleted by its people", _SIM),
    Row("undeleted", "read", "and comes back", _SIM),
    Row("session_expired", "auth", "the login ends, also in the middle of a listing", _SIM),
    Row("consent_revoked", "auth", "the platform refuses our login until a person renews it", _SIM),
    Row("hint_lost", "webhook", "a change is never announced", _SIM),
    Row("hint_twice", "webhook", "an announcement is delivered twice", _SIM),
    Row("hint_late", "webhook", "announcements arrive late and out of order", _SIM),
    Row("hint_of_deleted", "webhook", "an announcement of a record that is gone", _SIM),
    Row("hint_of_ours", "webhook", "our own write is announced, perhaps before its answer", _SIM),
    Row("crash", "process", "the process dies between any two steps and starts again", _SIM),
    Row("crash_in_recovery", "process", "it dies again while it recovers", _SIM),
    Row("disk_refuses", "process", "the database cannot be written (locked, disk full)", _SIM),
    Row("clock_skew", "time", "the platform's clock is up to ten minutes off", _SIM),
    Row("clock_jump", "time", "our clock jumps forward", _SIM),
    Row("hold", "people", "an operator holds and releases, at any moment", _SIM),
    Row("lookalike", "people", "another customer bears nearly the name of one of the other side", _SIM),
    Row("told_same", "people", "asked whether two records are the same, a person says yes", _SIM),
    Row("told_apart", "people", "asked whether two records are the same, a person says no", _SIM),
    Row("merged", "people", "two customers are merged into one, on one side", _SIM),
    Row("posted", "people", "the ledger's people post a document that both sides edited", _SIM),
    Row("voided", "people", "a document is voided, mostly where it was written", _SIM),
    Row("many_removed", "people", "many records are deleted at once", _SIM),
    Row("many_rewritten", "people", "many records are rewritten at once", _SIM),
    Row("braked", "people", "an operator lets go on what a brake stopped", _SIM),
    Row(
        "budget_spent",
        "people",
        "a link has written as much as it may within an hour, and is let go on",
        _SIM,
    ),
    Row("amended", "people", "the daemon starts anew with other rules, modes, deletes", _SIM),
    Row("concurrent_edit", "people", "both sides edit one record between two readings", _SIM),
    Row(
        "every crash point",
        "process",
        "dies at every resume point of the stories that survive it, and again while it recovers",
        Layer.CRASH_POINTS,
        "tests/golden/test_crash_points.py",
    ),
    Row(
        "kill -9, SIGTERM, SIGSTOP",
        "process",
        "the real daemon under load, ledgers counted",
        Layer.PROCESSES,
        "tests/soak",
    ),
    Row("full disk, locked database", "process", "of the real daemon", Layer.PROCESSES, "tests/soak"),
    Row(
        "two processes on one state",
        "process",
        "the second is refused",
        Layer.PROCESSES,
        "tests/integration/cli",
    ),
    Row(
        "slow, hanging, reset answers",
        "read",
        "through the real client",
        Layer.WIRE,
        "tests/integration/http",
    ),
    Row("redirects, foreign hosts", "read", "never followed", Layer.WIRE, "tests/integration/http"),
    Row("decompression bombs, huge answers", "read", "cut off", Layer.WIRE, "tests/integration/http"),
    Row("Retry-After as a date", "write", "read as seconds", Layer.WIRE, "tests/integration/http"),
    Row(
        "forged, replayed, re-encoded webhook", "webhook", "refused", Layer.WIRE, "tests/integration/service"
    ),
    Row("token refresh races", "auth", "one refresher a connection", Layer.WIRE, "tests/integration/http"),
    Row("repeated cursor, new and removed fields", "read", "per connector", Layer.WIRE, "tests/conformance"),
)
FIRED_HERE = tuple(row.name for row in TABLE if row.layer is _SIM)

_NAMES: Mapping[tuple[bool, FaultKind], str] = {
    (True, FaultKind.LOST_BEFORE): "lost_before",
    (True, FaultKind.LOST_AFTER): "lost_after",
    (True, FaultKind.LATE): "late",
    (True, FaultKind.RETRY_LATER): "throttled",
    (True, FaultKind.REJECTED): "rejected",
    (True, FaultKind.UNREADABLE): "unreadable",
    (True, FaultKind.TRUNCATED): "truncated",
    (False, FaultKind.LOST_BEFORE): "page_lost",
    (False, FaultKind.RETRY_LATER): "page_throttled",
    (False, FaultKind.UNREADABLE): "page_unreadable",
    (False, FaultKind.TRUNCATED): "page_truncated",
    (False, FaultKind.PAGE_SHIFT): "page_shift",
    (False, FaultKind.INCOMPLETE): "page_incomplete",
}
_WRITE = (
    FaultKind.LOST_BEFORE,
    FaultKind.LOST_AFTER,
    FaultKind.LATE,
    FaultKind.RETRY_LATER,
    FaultKind.REJECTED,
    FaultKind.UNREADABLE,
    FaultKind.TRUNCATED,
    FaultKind.LOGIN_EXPIRED,
)
_PAGE = (
    FaultKind.LOST_BEFORE,
    FaultKind.RETRY_LATER,
    FaultKind.UNREADABLE,
    FaultKind.TRUNCATED,
    FaultKind.LOGIN_EXPIRED,
    FaultKind.PAGE_SHIFT,
    FaultKind.INCOMPLETE,
)
_SINGLE = (
    FaultKind.LOST_BEFORE,
    FaultKind.RETRY_LATER,
    FaultKind.UNREADABLE,
    FaultKind.LOGIN_EXPIRED,
)
_KINDS: Mapping[Call, tuple[FaultKind, ...]] = {
    Call.WRITE: _WRITE,
    Call.PAGE: _PAGE,
    Call.FETCH: _SINGLE,
    Call.SEARCH: _SINGLE,
}
_ABSURD_S = 9e8
_REFUSALS = ("That period is closed.", "The record is locked by another user.")


class Extra(StrEnum):
    """What the memory platform does not do by itself."""

    FAILED_BEFORE = "failed_before"
    FAILED_AFTER = "failed_after"
    DELIVERED_TWICE = "delivered_twice"
    PAGE_EMPTY = "page_empty"
    PAGE_FAILED = "page_failed"


_EXTRA: Mapping[Call, tuple[Extra, ...]] = {
    Call.WRITE: (Extra.FAILED_BEFORE, Extra.FAILED_AFTER, Extra.DELIVERED_TWICE),
    Call.PAGE: (Extra.PAGE_EMPTY, Extra.PAGE_FAILED),
    Call.FETCH: (),
    Call.SEARCH: (),
}


@dataclass(slots=True)
class Mischief:
    """Draws what goes wrong, call by call. Implements ``connectors.memory.FaultSource``."""

    random: Random
    write_rate: float
    read_rate: float
    late_s: float
    fired: Counter[str] = field(default_factory=Counter)
    stopped: bool = False

    def draw(self, call: Call) -> Fault | None:
        if not self._strikes(call):
            return None
        kind = self.random.choice(_KINDS[call])
        if kind is FaultKind.LOGIN_EXPIRED:
            self.fired["session_expired"] += 1
            return Fault(kind)
        if call in (Call.WRITE, Call.PAGE):
            self.fired[_NAMES[call is Call.WRITE, kind]] += 1
        else:
            self.fired["fetch_failed" if call is Call.FETCH else "look_up_failed"] += 1
        if kind is FaultKind.LATE:
            return Fault(kind, after_s=self.random.uniform(0, self.late_s))
        if kind is FaultKind.RETRY_LATER:
            return Fault(kind, after_s=self.random.choice((None, None, 1.0, 30.0, _ABSURD_S, -5.0)))
        if kind is FaultKind.REJECTED:
            return Fault(kind, words=self.random.choice(_REFUSALS))
        return Fault(kind)

    def extra(self, call: Call) -> Extra | None:
        """One of those that only this simulation knows; counted by whoever carries it out."""
        kinds = _EXTRA[call]
        if not kinds or not self._strikes(call):
            return None
        return self.random.choice(kinds)

    def _strikes(self, call: Call) -> bool:
        if self.stopped:
            return False
        return self.random.random() < (self.write_rate if call is Call.WRITE else self.read_rate)
