"""Every call of the control API, one declaration each: route, scope, document and client follow from it.

To add a call, add one ``Endpoint`` here and a method of its ``name`` to the object that answers it
(``Parts.answering``): the method takes the fields of ``asked`` by keyword and returns what
``answer`` describes. A test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Literal, TypeVar

from pydantic import TypeAdapter

from syncd.api import requests
from syncd.api.keys import KeyCreated, KeyView
from syncd.api.models import (
    Done,
    HoldView,
    Life,
    PlanView,
    Progress,
    QuarantineItem,
    SendResult,
    Status,
    SyncReport,
)
from syncd.api.requests import Asked
from syncd.api.scopes import Scope

A = TypeVar("A", bound=Asked)
T = TypeVar("T")

PREFIX: Final = "/api/v1/"
"""Of every path. A change that an older client would misread gets a new number."""


class Form(StrEnum):
    """How the answer travels."""

    DOCUMENT = "application/json"
    LINES = "application/x-ndjson"
    """One JSON document a line while it goes on; a ``Problem`` as the last one where it fails."""
    EVENTS = "text/event-stream"
    """Server-sent events, until the client leaves."""


@dataclass(frozen=True, slots=True)
class Endpoint(Generic[A, T]):
    """One call."""

    name: str
    """The method that answers it; also its operation id in the document."""
    method: Literal["GET", "POST"]
    path: str
    """Below ``PREFIX``."""
    scope: Scope
    asked: type[A]
    """By query for a GET, as JSON body for a POST."""
    answer: TypeAdapter[T]
    """Of a stream: one of its documents."""
    summary: str
    form: Form = Form.DOCUMENT

    @property
    def acts(self) -> bool:
        """Whether it changes something, and so is audited."""
        return self.method == "POST"


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

# -- tokens ---------------------------------------------------------------------------------------

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

ENDPOINTS: Final[tuple[Endpoint[Asked, object], ...]] = tuple(
    one for one in list(vars().values()) if isinstance(one, Endpoint)
)
"""All of the above, in their order."""
