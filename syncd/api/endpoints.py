"""Every call of the control API, one declaration each: route, scope, document and client follow from it.

To add a call, add one ``Endpoint`` here and a method of its ``name`` to the object that answers it
(``Parts.answering``): the method takes the fields of ``asked`` by keyword and returns what
``answer`` describes. A test holds the two to each other.
"""

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
from syncd.api.drift import DriftEdit, DriftView
from syncd.api.endpoint import Endpoint, Form
from syncd.api.fleet import (
    ActionPage,
    ConnectionLine,
    CyclePage,
    FleetPage,
    JobView,
    JournalPage,
    LinkDetail,
    QuarantinePage,
    ReasonGroup,
    Tested,
)
from syncd.api.keys import Holder, KeyCreated, KeyView
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
from syncd.api.upkeep import Erased

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

# -- looking --------------------------------------------------------------------------------------

FLEET: Final = Endpoint(
    "fleet",
    "GET",
    "fleet",
    Scope.READ,
    requests.Fleet,
    TypeAdapter(FleetPage),
    "A page of links in one line each, who needs somebody first.",
)
LINK: Final = Endpoint(
    "link",
    "GET",
    "link",
    Scope.READ,
    requests.OneLink,
    TypeAdapter(LinkDetail),
    "One link near by: flows, runs, writes under way, its connections' budgets.",
)
CYCLES: Final = Endpoint(
    "cycles",
    "GET",
    "cycles",
    Scope.READ,
    requests.Cycles,
    TypeAdapter(CyclePage),
    "Runs that did something or failed, the newest first.",
)
QUARANTINE_REASONS: Final = Endpoint(
    "quarantine_reasons",
    "GET",
    "quarantine/reasons",
    Scope.READ,
    requests.Refused,
    TypeAdapter(Sequence[ReasonGroup]),
    "Refused records by cause, the largest group first.",
)
QUARANTINE_PAGE: Final = Endpoint(
    "quarantine_page",
    "GET",
    "quarantine/page",
    Scope.READ,
    requests.RefusedPage,
    TypeAdapter(QuarantinePage),
    "Refused records, a page at a time.",
)
HOLDS: Final = Endpoint(
    "holds",
    "GET",
    "holds",
    Scope.READ,
    requests.OfLink,
    TypeAdapter(Sequence[HoldView]),
    "Open holds: all, or those that touch a link.",
)
CONNECTIONS: Final = Endpoint(
    "connections",
    "GET",
    "connections",
    Scope.READ,
    requests.OfConnection,
    TypeAdapter(Sequence[ConnectionLine]),
    "Accounts: reachability, login and its end, budget, circuit, webhooks.",
)
CONNECTION_TEST: Final = Endpoint(
    "connection_test",
    "POST",
    "connections/test",
    Scope.OPERATE,
    requests.ConnectionTest,
    TypeAdapter(Tested),
    "Log in and look around now; writes nothing.",
)
JOURNAL: Final = Endpoint(
    "journal",
    "GET",
    "journal",
    Scope.READ,
    requests.Journal,
    TypeAdapter(JournalPage),
    "What happened to records, the newest first; with `after` what came since.",
)
ACTIONS: Final = Endpoint(
    "actions",
    "GET",
    "actions",
    Scope.READ,
    requests.Actions,
    TypeAdapter(ActionPage),
    "Who asked for what, the newest first.",
)
EVENTS: Final = Endpoint(
    "events",
    "GET",
    "events",
    Scope.READ,
    requests.OfLink,
    TypeAdapter(str),
    "What changes, as it does; `Last-Event-ID` goes on where a watcher was.",
    Form.EVENTS,
)

# -- bulk jobs ------------------------------------------------------------------------------------

BULK_RETRY: Final = Endpoint(
    "bulk_retry",
    "POST",
    "jobs/retry",
    Scope.OPERATE,
    requests.BulkRetry,
    TypeAdapter(JobView),
    "Decide all these refused records again, after a while in which it can be taken back.",
)
BULK_SKIP: Final = Endpoint(
    "bulk_skip",
    "POST",
    "jobs/skip",
    Scope.RESOLVE,
    requests.BulkSkip,
    TypeAdapter(JobView),
    "Leave all these refused records alone until they change, after a while as above.",
)
LATER: Final = Endpoint(
    "later",
    "POST",
    "jobs/later",
    Scope.RESOLVE,
    requests.Later,
    TypeAdapter(JobView),
    "Decide something, after a while in which it can be taken back: the call, and what it is asked.",
)
JOBS: Final = Endpoint(
    "jobs",
    "GET",
    "jobs",
    Scope.READ,
    requests.Jobs,
    TypeAdapter(Sequence[JobView]),
    "Bulk jobs, the newest first.",
)
JOB_CANCEL: Final = Endpoint(
    "job_cancel",
    "POST",
    "jobs/cancel",
    Scope.OPERATE,
    requests.JobCancel,
    TypeAdapter(JobView),
    "Take a job back, or stop it: what it did so far stays done.",
)

# -- what needs a person's word ------------------------------------------------------------------

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

# -- the daemon itself ----------------------------------------------------------------------------

RELOAD: Final = Endpoint(
    "reload",
    "POST",
    "reload",
    Scope.ADMIN,
    requests.Act,
    TypeAdapter(Done),
    "Read the configuration anew. If it is wrong, what is wrong; the old one goes on then.",
)

ERASE: Final = Endpoint(
    "erase",
    "POST",
    "erase",
    Scope.ADMIN,
    requests.Erase,
    TypeAdapter(Erased),
    "Take out what is kept of links and connections that are no longer configured. It cannot be undone.",
)

# -- tokens ---------------------------------------------------------------------------------------

WHOAMI: Final = Endpoint(
    "whoami",
    "GET",
    "whoami",
    Scope.READ,
    requests.WhoAmI,
    TypeAdapter(Holder),
    "Whose token this is, and what it may do.",
)
TOKENS: Final = Endpoint(
    "tokens",
    "GET",
    "tokens",
    Scope.ADMIN,
    requests.Nothing,
    TypeAdapter(Sequence[KeyView]),
    "The tokens of this daemon, revoked ones included; never their values.",
)
TOKEN_CREATE: Final = Endpoint(
    "token_create",
    "POST",
    "tokens/create",
    Scope.ADMIN,
    requests.TokenCreate,
    TypeAdapter(KeyCreated),
    "Make a token. Its value is in this answer and nowhere else.",
)
TOKEN_REVOKE: Final = Endpoint(
    "token_revoke",
    "POST",
    "tokens/revoke",
    Scope.ADMIN,
    requests.TokenRevoke,
    TypeAdapter(Done),
    "From now on this token opens nothing.",
)

# -- drift ----------------------------------------------------------------------------------------

DRIFTS: Final = Endpoint(
    "drifts",
    "GET",
    "drifts",
    Scope.READ,
    requests.EveryDrift,
    TypeAdapter(Sequence[DriftView]),
    "What the platforms answer differently from what they used to.",
)
DRIFT: Final = Endpoint(
    "drift",
    "GET",
    "drift",
    Scope.READ,
    requests.OneDrift,
    TypeAdapter(DriftView),
    "One drift: evidence, impact, what is held, what to run.",
)
DRIFT_EDIT: Final = Endpoint(
    "drift_edit",
    "GET",
    "drift/edit",
    Scope.READ,
    requests.OneDrift,
    TypeAdapter(DriftEdit),
    "The edit of the contract's file that accepting it proposes.",
)
DRIFT_ACK: Final = Endpoint(
    "drift_ack",
    "POST",
    "drift/ack",
    Scope.OPERATE,
    requests.DriftAck,
    TypeAdapter(Done),
    "Somebody knows: no reminders for so long. Writes stay held.",
)
DRIFT_ACCEPT: Final = Endpoint(
    "drift_accept",
    "POST",
    "drift/accept",
    Scope.RESOLVE,
    requests.DriftDecided,
    TypeAdapter(Done),
    "The new behaviour is right: what waited goes on, the contract's edit is proposed.",
)
DRIFT_IGNORE: Final = Endpoint(
    "drift_ignore",
    "POST",
    "drift/ignore",
    Scope.RESOLVE,
    requests.DriftDecided,
    TypeAdapter(Done),
    "It stops nothing at this connection, and nobody is told again.",
)

ENDPOINTS: Final[tuple[Endpoint[Asked, object], ...]] = tuple(
    one for one in list(vars().values()) if isinstance(one, Endpoint)
)
"""All of the above, in their order."""
