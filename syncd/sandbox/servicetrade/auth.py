"""Both live login schemes: OAuth2 with rotating refresh tokens, and sessions with eviction. No I/O."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from syncd.sandbox.doors import OAuthRefusal, TokenDoor, TokenRules
from syncd.sandbox.servicetrade.options import Options
from syncd.sandbox.servicetrade.shapes import Refusal

USER_ID = 2_270_000_000_900_001
"""The user whose sessions write; a write by an OAuth client has no user."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from."""

    user: int | None
    """None for an OAuth client."""


class Doorkeeper:
    """The account's logins, live tokens and sessions."""

    def __init__(self, options: Options, now: Callable[[], int]) -> None:
        self._options = options
        self.tokens = TokenDoor(
            TokenRules(
                options.client_id,
                options.client_secret,
                life_s=options.token_life_s,
                refresh=options.client_credentials_refresh,
            ),
            now,
        )
        self._sessions: list[str] = []
        self.logins = 0
        """How many sessions were given."""

    # -- OAuth2 ------------------------------------------------------------------------------

    def grant(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The token endpoint's answer. Raises ``OAuthRefusal``."""
        if not self._options.oauth and body.get("grant_type") == "client_credentials":
            raise OAuthRefusal(401, "invalid_client")
        return self.tokens.grant(body)

    def revoke(self, token: str) -> None:
        """End a refresh token; one that is not known is no error (RFC 7009)."""
        self.tokens.revoke(token)

    def live(self, seconds: int) -> None:
        """Tokens given from now on live so long; those given so far are dead."""
        self.tokens.rules = replace(self.tokens.rules, life_s=seconds)
        self.tokens.expire()

    # -- sessions ----------------------------------------------------------------------------

    def log_in(self, username: str, password: str) -> str:
        """A new session; over the limit the oldest ends. Raises ``Refusal`` (403)."""
        if (username, password) != (self._options.username, self._options.password):
            raise Refusal(403, "Invalid username or password")
        session = secrets.token_hex(16)
        self.logins += 1
        self._sessions.append(session)
        del self._sessions[: -self._options.sessions]
        return session

    def has_session(self, session: str | None) -> bool:
        return session in self._sessions

    def log_out(self, session: str) -> None:
        self._sessions.remove(session)

    # -- requests ----------------------------------------------------------------------------

    def caller(self, authorization: str | None, session: str | None) -> Caller:
        """Who is asking. Raises ``Refusal`` (401)."""
        if self.tokens.admits(authorization):
            return Caller(user=None)
        if not authorization and self.has_session(session):
            return Caller(user=USER_ID)
        raise Refusal(401, "Not authenticated")

    def expire(self) -> None:
        """Every access token and session is dead from now on; refresh tokens live."""
        self.tokens.expire()
        self._sessions.clear()

    def forget(self) -> None:
        """No login was ever given."""
        self.tokens.forget()
        self._sessions.clear()
