"""Conflicts: what is shown of them, and what may be said about them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from syncd.api.models import View
from syncd.api.requests import Asked, Ident

Taken = Literal["left", "right", "base", "value"]
Sided = Literal["left", "right", "base"]
"""What may be said of many at once."""


class ConflictField(View):
    """One field of a conflict, as each side says it."""

    name: str
    base_left: str | None = None
    """What the left showed when both last agreed; None as well where they never did."""
    base_right: str | None = None
    left: str | None = None
    right: str | None = None


class ConflictView(View):
    id: int
    link: str
    flow: str
    pair: int
    label: str
    """What a person calls the record."""
    left_key: str | None = None
    right_key: str | None = None
    unit: str
    """The field, or the group of fields that stand and fall together."""
    why: str
    since: datetime
    fields: list[ConflictField]
    left_at: datetime | None = None
    """When the left was changed, as its platform says; where it does not say, when it was read so."""
    right_at: datetime | None = None
    left_by: str = ""
    """Who changed it last there, where the platform says."""
    right_by: str = ""
    version: str
    """Of the values shown here: a decision names it, and is refused if they have changed meanwhile."""
    takes: list[Taken] = Field(default_factory=list)
    """What may be said about it."""
    resolved: str = ""
    """What was said and is not carried out yet, and by whom."""


class ConflictPage(View):
    items: list[ConflictView]
    total: int
    """Of the filter, on all pages."""
    next: int | None = None
    """``after`` of the next page; None: this was the last."""


class Refusal(View):
    """A conflict that was not decided, and why."""

    id: int
    reason: str
    now: ConflictView | None = None
    """As it stands by now; None: it is open no more."""


class Resolved(View):
    """What came of saying something about conflicts."""

    count: int
    """Carried out in the next cycle; of a dry run: so many would be."""
    refused: list[Refusal] = Field(default_factory=list)
    message: str


class Which(Asked):
    """A filter over conflicts; None: any."""

    link: str | None = None
    flow: str | None = None
    field: str | None = None
    """A field, or a group of fields."""
    why: str | None = None


class ConflictList(Which):
    """``GET /api/v1/conflicts``"""

    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    after: Ident = 0


class OneConflict(Asked):
    """``GET /api/v1/conflict``"""

    ident: Ident


class Choice(Asked):
    """One conflict, as it was seen, and what becomes of it."""

    id: Ident
    version: str
    """Of the values it was decided on."""
    take: Taken
    values: dict[str, str] = Field(default_factory=dict)
    """For ``value``: every field of the conflict, in the left side's words."""


class Resolve(Asked):
    """``POST /api/v1/conflicts/resolve``"""

    choices: Annotated[list[Choice], Field(min_length=1, max_length=1_000)]
    actor: str = ""


class ResolveAll(Which):
    """``POST /api/v1/conflicts/resolve-all``"""

    take: Sided
    expect: Annotated[int, Field(ge=0)] | None = None
    """How many the filter showed; another count by now is refused. None goes with ``dry_run`` only."""
    dry_run: bool = False
    actor: str = ""
