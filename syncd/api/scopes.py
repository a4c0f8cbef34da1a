"""What a token may do. A call asks for one scope; a token holds some."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """What a route asks for. There is no default: a route says who may call it."""

    PUBLIC = "public"
    """Anyone who reaches the port (health), or a handler that checks for itself (webhooks)."""
    READ = "read"
    """Look at everything."""
    OPERATE = "operate"
    """Run, hold, release, retry, test."""
    RESOLVE = "resolve"
    """Decide about records: conflicts, matches, skips."""
    ADMIN = "admin"
    """Tokens and configuration."""
    UNDO = "undo"
    """Take back or stop what was asked for: no token is made for it, it goes with operating and resolving."""


_WITH: Final[Mapping[Scope, frozenset[Scope]]] = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.OPERATE: frozenset({Scope.READ, Scope.OPERATE, Scope.UNDO}),
    Scope.RESOLVE: frozenset({Scope.READ, Scope.RESOLVE, Scope.UNDO}),
    Scope.ADMIN: frozenset({Scope.READ, Scope.OPERATE, Scope.RESOLVE, Scope.UNDO, Scope.ADMIN}),
}

GRANTABLE: Final = tuple(_WITH)
"""Those that a token can be made for."""


def granted(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """All that goes with these: who may act may also look, and an administrator may do everything."""
    return frozenset().union(*(_WITH[scope] for scope in scopes))


def carrying(scope: Scope) -> tuple[Scope, ...]:
    """What a token is made for to have ``scope``: itself, or those that it goes with."""
    return (scope,) if scope in _WITH else tuple(one for one, all_of in _WITH.items() if scope in all_of)
