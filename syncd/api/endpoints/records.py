"""Calls about records: what would be written, what is, and what only a person can say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from syncd.api import requests
from syncd.api.conflicts import (
    ConflictList,
    ConflictPage,
    ConflictView,
    OneConflict,
    Resolve,
    ResolveAll,
    Resolved,
)
from syncd.api.endpoint import Endpoint, Form
from syncd.api.models import (
    Done,
    HeldItem,
    HoldView,
    Life,
    MatchItem,
    PlanView,
    Progress,
    QuarantineItem,
    SendResult,
    Status,
    SyncReport,
)
from syncd.api.reconcile import Reconcile, ReconcileReport
from syncd.api.requests import Asked
from syncd.api.scopes import Scope

STATUS: Final = Endpoint(
    "status", "GET", "status", Scope.READ, requests.OfLink, TypeAdapter(Status), "How every link stands."
)
PLAN: Final = Endpoint(
    "plan",
    "GET",
    "plan",
    Scope.READ,
    requests.Plan,
    TypeAdapter(PlanView),
    "What a sync would write, where and why; writes nothing.",
)
EXPLAIN: Final = Endpoint(
    "explain",
    "GET",
    "explain",
    Scope.READ,
    requests.Explain,
    TypeAdapter(Sequence[Life]),
    "The lives of the records of that key or number: base, left and right, and what happened.",
)
SYNC: Final = Endpoint(
    "sync",
    "POST",
    "sync",
    Scope.OPERATE,
    requests.Sync,
    TypeAdapter[Progress | SyncReport](Progress | SyncReport),
    "Run once; progress as it happens, then one report a link.",
    Form.LINES,
)
SEND: Final = Endpoint(
    "send", "POST", "send", Scope.OPERATE, requests.Send, TypeAdapter(SendResult), "Send one record now."
)
QUARANTINE: Final = Endpoint(
    "quarantine",
    "GET",
    "quarantine",
    Scope.READ,
    requests.OfLink,
    TypeAdapter(Sequence[QuarantineItem]),
    "Records that one side refuses, the oldest first (at most a thousand).",
)
QUARANTINE_RETRY: Final = Endpoint(
    "quarantine_retry",
    "POST",
    "quarantine/retry",
    Scope.OPERATE,
    requests.Retry,
    TypeAdapter(Done),
    "Decide these again in the next cycle.",
)
QUARANTINE_SKIP: Final = Endpoint(
    "quarantine_skip",
    "POST",
    "quarantine/skip",
    Scope.RESOLVE,
    requests.Skip,
    TypeAdapter(Done),
    "Leave these alone until they change again.",
)
MATCHES: Final = Endpoint(
    "matches",
    "GET",
    "match",
    Scope.READ,
    requests.Matches,
    TypeAdapter(Sequence[MatchItem]),
    "Lone records that look like one of the other side, with candidates and evidence.",
)
MATCH_ACCEPT: Final = Endpoint(
    "match_accept",
    "POST",
    "match/accept",
    Scope.RESOLVE,
    requests.Choices,
    TypeAdapter(Done),
    "It is this one: the two become a pair.",
)
MATCH_REJECT: Final = Endpoint(
    "match_reject",
    "POST",
    "match/reject",
    Scope.RESOLVE,
    requests.Choices,
    TypeAdapter(Done),
    "These two are not the same; remembered. An empty key: none of its candidates is.",
)
HELD: Final = Endpoint(
    "held",
    "GET",
    "held",
    Scope.READ,
    requests.OfLink,
    TypeAdapter(Sequence[HeldItem]),
    "Writes of which only a person can say whether they were carried out.",
)
HELD_SHOW: Final = Endpoint(
    "held_show",
    "GET",
    "held/show",
    Scope.READ,
    requests.Held,
    TypeAdapter(HeldItem),
    "One of them, beside the nearest matches on its platform.",
)
HELD_SETTLE: Final = Endpoint(
    "held_settle",
    "POST",
    "held/settle",
    Scope.RESOLVE,
    requests.Settle,
    TypeAdapter(Done),
    "With a key: it is this one. Without: it was not carried out, plan it anew.",
)
HOLD: Final = Endpoint(
    "hold",
    "POST",
    "hold",
    Scope.OPERATE,
    requests.Hold,
    TypeAdapter(HoldView),
    "Let no write pass here until it is released.",
)
RELEASE: Final = Endpoint(
    "release",
    "POST",
    "release",
    Scope.OPERATE,
    requests.Release,
    TypeAdapter(Done),
    "Release holds; what waited is planned anew.",
)

# -- what needs a person's word --------------------------------------------------------------------

CONFLICTS: Final = Endpoint(
    "conflicts",
    "GET",
    "conflicts",
    Scope.READ,
    ConflictList,
    TypeAdapter(ConflictPage),
    "Open conflicts with every version, a page at a time.",
)
CONFLICT: Final = Endpoint(
    "conflict",
    "GET",
    "conflict",
    Scope.READ,
    OneConflict,
    TypeAdapter(ConflictView),
    "One conflict: base, left, right, who, when, and what may be said about it.",
)
CONFLICTS_RESOLVE: Final = Endpoint(
    "conflicts_resolve",
    "POST",
    "conflicts/resolve",
    Scope.RESOLVE,
    Resolve,
    TypeAdapter(Resolved),
    "Decide conflicts, for the values that were seen; the next cycle carries it out.",
)
CONFLICTS_RESOLVE_ALL: Final = Endpoint(
    "conflicts_resolve_all",
    "POST",
    "conflicts/resolve-all",
    Scope.RESOLVE,
    ResolveAll,
    TypeAdapter(Resolved),
    "Decide all that a filter shows, once their number is named.",
)
RECONCILE: Final = Endpoint(
    "reconcile",
    "POST",
    "reconcile",
    Scope.OPERATE,
    Reconcile,
    TypeAdapter(Progress | ReconcileReport),
    "Read both sides in full, list every difference and every cent. Writes nothing to a platform.",
    Form.LINES,
)

CALLS: Final[tuple[Endpoint[Asked, object], ...]] = tuple(
    one for one in list(vars().values()) if isinstance(one, Endpoint)
)
"""All of the above, in their order."""
