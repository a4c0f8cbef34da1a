"""What the control API is asked: one model per call, read by the daemon and written by the client."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.json_schema import SkipJsonSchema

from syncd.api.models import Health
from syncd.api.scopes import Scope


class Asked(BaseModel):
    """Base: unknown names are refused, so that a misspelt parameter is not quietly without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Ident = Annotated[int, Field(ge=0, le=2**63 - 1)]
Ids = Annotated[list[Ident], Field(max_length=10_000)]


class Nothing(Asked):
    """Calls without a parameter."""


class Act(Asked):
    """Calls that do the one thing they are named for."""

    actor: str = ""


class WhoAmI(Asked):
    """``GET /api/v1/whoami``. The daemon fills it in from the token; what a caller says is not read."""

    holder: SkipJsonSchema[str] = Field("", exclude=True)
    scopes: SkipJsonSchema[tuple[Scope, ...]] = Field((), exclude=True)


class OfLink(Asked):
    """``GET /api/v1/status`` and ``GET /api/v1/quarantine``."""

    link: str | None = None


class Plan(Asked):
    """``GET /api/v1/plan``"""

    link: str
    flow: str | None = None
    limit: Annotated[int, Field(ge=0, le=100_000)] = 200


class Explain(Asked):
    """``GET /api/v1/explain``"""

    entity: str
    ident: str
    link: str | None = None


class Sync(Asked):
    """``POST /api/v1/sync``; the answer is a stream of lines."""

    link: str | None = None
    flow: str | None = None
    actor: str = ""


class Send(Asked):
    """``POST /api/v1/send``"""

    link: str
    entity: str
    number: str
    actor: str = ""


class Matches(Asked):
    """``GET /api/v1/match``"""

    link: str | None = None
    flow: str | None = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 200


class Choices(Asked):
    """``POST /api/v1/match/accept`` and ``.../reject``: (number of the question, key of a candidate)."""

    choices: Annotated[list[tuple[Ident, str]], Field(max_length=10_000)]
    actor: str = ""


class Held(Asked):
    """``GET /api/v1/held/show``"""

    ident: Ident


class Settle(Asked):
    """``POST /api/v1/held/settle``; without a key: send it again."""

    ident: Ident
    key: str | None = None
    actor: str = ""


class Retry(Asked):
    """``POST /api/v1/quarantine/retry``"""

    ids: Ids
    actor: str = ""


class Hold(Asked):
    """``POST /api/v1/hold``"""

    scope: str
    reason: str
    actor: str = ""


class Release(Asked):
    """``POST /api/v1/release``"""

    ids: Ids
    actor: str = ""


class Skip(Asked):
    """``POST /api/v1/quarantine/skip``"""

    ids: Ids
    reason: str
    actor: str = ""


# -- looking ----------------------------------------------------------------------------------------

Limit = Annotated[int, Field(ge=1, le=1_000)]
Text = Annotated[str, Field(max_length=200)]


class Fleet(Asked):
    """``GET /api/v1/fleet``"""

    after: Annotated[str, Field(max_length=400)] | None = None
    """``next`` of the page before."""
    limit: Limit = 100
    text: Text = ""
    """Part of the name of a link, its customer or a connection; ``!`` before it: without."""
    health: Health | None = None
    sort: Literal["sick", "name", "backlog", "lag"] = "sick"


class OneLink(Asked):
    """``GET /api/v1/link``"""

    link: str


class Cycles(Asked):
    """``GET /api/v1/cycles``"""

    link: str | None = None
    before: Ident | None = None
    limit: Limit = 100


class Refused(Asked):
    """``GET /api/v1/quarantine/page`` and ``.../reasons``; what is given must fit."""

    link: str | None = None
    flow: str | None = None
    code: str | None = None
    field: str | None = None
    text: Text = ""
    """A record's key (or how it begins), or exactly its number or name."""


class RefusedPage(Refused):
    """``GET /api/v1/quarantine/page``"""

    after: Ident = 0
    limit: Limit = 100


class Journal(Asked):
    """``GET /api/v1/journal``: the newest first; with ``after`` what came since, the oldest first."""

    link: str | None = None
    after: Ident | None = None
    before: Ident | None = None
    limit: Limit = 100


class Actions(Asked):
    """``GET /api/v1/actions``: the newest first."""

    link: str | None = None
    before: Ident | None = None
    limit: Limit = 100


class OfConnection(Asked):
    """``GET /api/v1/connections``"""

    connection: str | None = None


class ConnectionRevoke(Asked):
    """``POST /api/v1/connections/revoke``"""

    connection: str
    actor: str = ""


class ConnectionTest(Asked):
    """``POST /api/v1/connections/test``"""

    connection: str
    actor: str = ""


# -- bulk jobs --------------------------------------------------------------------------------------


class BulkRetry(Asked):
    """``POST /api/v1/jobs/retry``: what is given must fit; nothing given: all that is refused now."""

    link: str | None = None
    flow: str | None = None
    code: str | None = None
    field: str | None = None
    ids: Ids | None = None
    undo_s: Annotated[float, Field(ge=0, le=3600)] = 10.0
    """How long it can be taken back."""
    actor: str = ""


class BulkSkip(BulkRetry):
    """``POST /api/v1/jobs/skip``"""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


Deferrable = Literal[
    "conflicts_resolve",
    "conflicts_resolve_all",
    "match_accept",
    "match_reject",
    "held_settle",
    "drift_accept",
    "drift_ignore",
]


class Later(Asked):
    """``POST /api/v1/jobs/later``"""

    call: Deferrable
    asked: dict[str, JsonValue]
    """What that call is asked."""
    undo_s: Annotated[float, Field(ge=0, le=3600)] = 10.0
    """How long it can be taken back."""
    actor: str = ""


class Jobs(Asked):
    """``GET /api/v1/jobs``: the newest first."""

    before: Ident | None = None
    limit: Limit = 100


class JobCancel(Asked):
    """``POST /api/v1/jobs/cancel``"""

    id: Ident
    actor: str = ""


class Erase(Asked):
    """``POST /api/v1/erase``"""

    names: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=63)]], Field(min_length=1, max_length=100)
    ]
    """Links and connections."""
    dry_run: bool = False
    abandon_writes: bool = False
    """Also where writes are not at their end: nobody will find out what became of them."""
    actor: str = ""


# -- tokens -----------------------------------------------------------------------------------------

Grantable = Literal[Scope.READ, Scope.OPERATE, Scope.RESOLVE, Scope.ADMIN]
TokenName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$")]
"""Who or what uses a token."""


class TokenCreate(Asked):
    """``POST /api/v1/tokens/create``"""

    name: TokenName
    scopes: Annotated[list[Grantable], Field(min_length=1, max_length=4)]
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """How long it opens anything; None: until it is revoked."""
    actor: str = ""


class TokenRevoke(Asked):
    """``POST /api/v1/tokens/revoke``"""

    name: TokenName
    actor: str = ""


class EveryDrift(Asked):
    """``GET /api/v1/drifts``"""

    everything: bool = False


class OneDrift(Asked):
    """``GET /api/v1/drift``"""

    ident: Ident


class DriftAck(Asked):
    """``POST /api/v1/drift/ack``"""

    ident: Ident
    reason: str
    hours: Annotated[int, Field(ge=1, le=24 * 90)] = 24
    actor: str = ""


class DriftDecided(Asked):
    """``POST /api/v1/drift/accept``, ``.../ignore`` and ``.../revert``"""

    ident: Ident
    reason: Annotated[str, Field(min_length=1)]
    actor: str = ""
