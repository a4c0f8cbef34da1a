"""Every call of the control API, one declaration each: route, scope, document and client follow from it.

To add a call, add one ``Endpoint`` to one of these files, its name here, and a method of its ``name`` to the
object that answers it (``Parts.answering``): the method takes the fields of ``asked`` by keyword and
returns what ``answer`` describes. A test holds the two to each other.
"""

from __future__ import annotations

from typing import Final

from syncd.api.endpoint import Endpoint
from syncd.api.endpoints import daemon, looking, records
from syncd.api.endpoints.daemon import (
    DRIFT,
    DRIFT_ACCEPT,
    DRIFT_ACK,
    DRIFT_EDIT,
    DRIFT_IGNORE,
    DRIFT_REVERT,
    DRIFTS,
    ERASE,
    RELOAD,
    TOKEN_CREATE,
    TOKEN_REVOKE,
    TOKENS,
    WHOAMI,
    WORKERS,
)
from syncd.api.endpoints.looking import (
    ACTIONS,
    BULK_RETRY,
    BULK_SKIP,
    CONNECTION_REVOKE,
    CONNECTION_TEST,
    CONNECTIONS,
    CYCLES,
    EVENTS,
    FLEET,
    HOLDS,
    JOB_CANCEL,
    JOBS,
    JOURNAL,
    LATER,
    LINK,
    QUARANTINE_PAGE,
    QUARANTINE_REASONS,
)
from syncd.api.endpoints.records import (
    CONFLICT,
    CONFLICTS,
    CONFLICTS_RESOLVE,
    CONFLICTS_RESOLVE_ALL,
    EXPLAIN,
    HELD,
    HELD_SETTLE,
    HELD_SHOW,
    HOLD,
    MATCH_ACCEPT,
    MATCH_REJECT,
    MATCHES,
    PLAN,
    QUARANTINE,
    QUARANTINE_RETRY,
    QUARANTINE_SKIP,
    RECONCILE,
    RELEASE,
    SEND,
    STATUS,
    SYNC,
)
from syncd.api.requests import Asked

ENDPOINTS: Final[tuple[Endpoint[Asked, object], ...]] = (*records.CALLS, *looking.CALLS, *daemon.CALLS)
"""Every call."""

__all__ = [
    "ACTIONS",
    "BULK_RETRY",
    "BULK_SKIP",
    "CONFLICT",
    "CONFLICTS",
    "CONFLICTS_RESOLVE",
    "CONFLICTS_RESOLVE_ALL",
    "CONNECTIONS",
    "CONNECTION_REVOKE",
    "CONNECTION_TEST",
    "CYCLES",
    "DRIFT",
    "DRIFTS",
    "DRIFT_ACCEPT",
    "DRIFT_ACK",
    "DRIFT_EDIT",
    "DRIFT_IGNORE",
    "DRIFT_REVERT",
    "ENDPOINTS",
    "ERASE",
    "EVENTS",
    "EXPLAIN",
    "FLEET",
    "HELD",
    "HELD_SETTLE",
    "HELD_SHOW",
    "HOLD",
    "HOLDS",
    "JOBS",
    "JOB_CANCEL",
    "JOURNAL",
    "LATER",
    "LINK",
    "MATCHES",
    "MATCH_ACCEPT",
    "MATCH_REJECT",
    "PLAN",
    "QUARANTINE",
    "QUARANTINE_PAGE",
    "QUARANTINE_REASONS",
    "QUARANTINE_RETRY",
    "QUARANTINE_SKIP",
    "RECONCILE",
    "RELEASE",
    "RELOAD",
    "SEND",
    "STATUS",
    "SYNC",
    "TOKENS",
    "TOKEN_CREATE",
    "TOKEN_REVOKE",
    "WHOAMI",
    "WORKERS",
]
