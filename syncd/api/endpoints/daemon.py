"""Calls about the daemon itself: its configuration, its state, its tokens, and what it finds of drift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from syncd.api import requests
from syncd.api.drift import DriftEdit, DriftView
from syncd.api.endpoint import Endpoint
from syncd.api.keys import Holder, KeyCreated, KeyView
from syncd.api.models import Done
from syncd.api.requests import Asked
from syncd.api.scopes import Scope
from syncd.api.upkeep import Erased
from syncd.api.workers import WorkersView

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

# -- tokens ----------------------------------------------------------------------------------------

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

# -- drift -----------------------------------------------------------------------------------------

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
DRIFT_REVERT: Final = Endpoint(
    "drift_revert",
    "POST",
    "drift/revert",
    Scope.RESOLVE,
    requests.DriftDecided,
    TypeAdapter(Done),
    "It was not right after all: it is open again, and holds what it held.",
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
WORKERS: Final = Endpoint(
    "workers",
    "GET",
    "workers",
    Scope.READ,
    requests.Nothing,
    TypeAdapter(WorkersView),
    "Processes that share the state: alive or lost, and what each runs; links that wait for a run.",
)

CALLS: Final[tuple[Endpoint[Asked, object], ...]] = tuple(
    one for one in list(vars().values()) if isinstance(one, Endpoint)
)
"""All of the above, in their order."""
