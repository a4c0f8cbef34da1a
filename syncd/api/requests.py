"""What the control API is asked: one model per call, read by the daemon and written by the client."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Asked(BaseModel):
    """Base: unknown names are refused, so that a misspelt parameter is not quietly without effect."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Retry(Asked):
    """``POST /api/v1/quarantine/retry``"""

    ids: list[int]
    actor: str = ""


class Hold(Asked):
    """``POST /api/v1/hold``"""

    scope: str
    reason: str
    actor: str = ""


class Release(Asked):
    """``POST /api/v1/release``"""

    ids: list[int]
    actor: str = ""


class Skip(Asked):
    """``POST /api/v1/quarantine/skip``"""

    ids: list[int]
    reason: str
    actor: str = ""
