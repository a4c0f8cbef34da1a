"""Tokens of the control API as people see them: who holds which, and since when."""

from __future__ import annotations

from datetime import datetime

from syncd.api.models import View
from syncd.api.scopes import Scope


class KeyView(View):
    """One token, without its value."""

    name: str
    """Who or what uses it; this is who the audit names."""
    scopes: list[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    """To the minute."""


class Holder(View):
    """Whom a token belongs to, and what it may do here."""

    holder: str
    scopes: tuple[Scope, ...]


class KeyCreated(View):
    """A new token, shown once."""

    key: KeyView
    token: str
    """The value: only its digest is kept."""
