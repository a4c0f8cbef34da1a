"""Which kind of ordinary JSON API is played."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from syncd.sandbox.options import SandboxOptions


class Options(SandboxOptions):
    """The variants that such APIs come in."""

    paging: Literal["page", "offset", "cursor", "link", "none"] = "page"
    """How lists are cut. ``link``: the next address stands in the ``Link`` header."""
    auth: Literal["none", "bearer", "api_key", "basic", "oauth2"] = "bearer"
    """How callers prove who they are."""
    version: Literal["header", "record", "body", "none"] = "header"
    """How an edit in between is noticed: by ``ETag`` and ``If-Match``; by a field ``etag`` and ``If-Match``;
    by a field ``version`` that is sent back in the body; or not at all."""
    stamps: Literal["iso", "unix_ms"] = "iso"
    """How ``updated_at`` is written, and what ``since`` takes."""
    totals: bool = False
    """Whether lists say how many records there are."""
    deletes: Literal["hidden", "listed"] = "listed"
    """Whether lists by ``since`` show what was deleted, with ``deleted_at``."""
    idempotency: bool = False
    """Whether ``Idempotency-Key`` is honoured."""
    page_max: int = Field(default=100, ge=1)
    """The most a page holds, whatever was asked for."""
    secret: str = "demo-secret"  # noqa: S105 - the made-up account's
