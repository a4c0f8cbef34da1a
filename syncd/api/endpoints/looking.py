"""Calls that look: fleet, links, runs, connections, events; and the bulk jobs they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from syncd.api import requests
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
from syncd.api.models import Done, HoldView
from syncd.api.requests import Asked
from syncd.api.scopes import Scope

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
CONNECTION_REVOKE: Final = Endpoint(
    "connection_revoke",
    "POST",
    "connections/revoke",
    Scope.ADMIN,
    requests.ConnectionRevoke,
    TypeAdapter(Done),
    "End a connection's login at its platform, and forget it.",
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

# -- bulk jobs -------------------------------------------------------------------------------------

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
    Scope.UNDO,
    requests.JobCancel,
    TypeAdapter(JobView),
    "Take a job back, or stop it: what it did so far stays done.",
)

CALLS: Final[tuple[Endpoint[Asked, object], ...]] = tuple(
    one for one in list(vars().values()) if isinstance(one, Endpoint)
)
"""All of the above, in their order."""
