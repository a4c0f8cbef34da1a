"""Both live login schemes: OAuth2 with rotating refresh tokens, and sessions with eviction. No I/O."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from syncd.sandbox.servicetrade.options import Options
from syncd.sandbox.servicetrade.shapes import Refusal

USER_ID = 2_270_000_000_900_001
"""The user whose sessions write; a write by an OAuth client has no user."""


class OAuthRefusal(Exception):
    """A refused grant, in the words of OAuth2 (its error body is not the platform's envelope)."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from."""

    user: int | None
    """None for an OAuth client."""


class Doorkeeper:
    """The account's logins, live tokens and sessions."""

    def __init__(self, options: Options, now: Callable[[], int]) -> None:
        self._options = options
        self._now = now
        self._key = secrets.token_bytes(32)
        self._access: dict[str, int] = {}
        self._refresh: set[str] = set()
        self._sessions: list[str] = []

    # -- OAuth2 ------------------------------------------------------------------------------

    def grant(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The token endpoint's answer. Raises ``OAuthRefusal``."""
        match body.get("grant_type"):
            case "client_credentials":
                self._check_client(body)
                return self._issue(with_refresh=self._options.client_credentials_refresh)
            case "refresh_token":
                if body.get("client_id", self._options.client_id) != self._options.client_id:
                    raise OAuthRefusal(401, "invalid_client")
                token = body.get("refresh_token")
                if token not in self._refresh:
                    raise OAuthRefusal(400, "invalid_grant")
                self._refresh.discard(str(token))
                return self._issue(with_refresh=True)
            case _:
                raise OAuthRefusal(400, "unsupported_grant_type")

    def _check_client(self, body: Mapping[str, Any]) -> None:
        wanted = (self._options.client_id, self._options.client_secret)
        if not self._options.oauth or (body.get("client_id"), body.get("client_secret")) != wanted:
            raise OAuthRefusal(401, "invalid_client")

    def _issue(self, *, with_refresh: bool) -> dict[str, Any]:
        now = self._now()
        expires = now + self._options.token_life_s
        claims = {"iss": "sandbox", "sub": self._options.client_id, "iat": now, "exp": expires}
        access = self._jwt({**claims, "jti": secrets.token_hex(8)})
        self._access[access] = expires
        granted = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self._options.token_life_s,
        }
        if with_refresh:
            granted["refresh_token"] = secrets.token_urlsafe(24)
            self._refresh.add(str(granted["refresh_token"]))
        return granted

    def _jwt(self, claims: Mapping[str, Any]) -> str:
        head = _base64(orjson.dumps({"alg": "HS256", "typ": "JWT"}))
        signed = f"{head}.{_base64(orjson.dumps(dict(claims)))}"
        return f"{signed}.{_base64(hmac.digest(self._key, signed.encode(), hashlib.sha256))}"

    def revoke(self, token: str) -> None:
        """End a refresh token; one that is not known is no error (RFC 7009)."""
        self._refresh.discard(token)

    # -- sessions ----------------------------------------------------------------------------

    def log_in(self, username: str, password: str) -> str:
        """A new session; over the limit the oldest ends. Raises ``Refusal`` (403)."""
        if (username, password) != (self._options.username, self._options.password):
            raise Refusal(403, "Invalid username or password")
        session = secrets.token_hex(16)
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
        scheme, _, token = (authorization or "").partition(" ")
        if scheme == "Bearer" and self._access.get(token, 0) > self._now():
            return Caller(user=None)
        if not authorization and self.has_session(session):
            return Caller(user=USER_ID)
        raise Refusal(401, "Not authenticated")

    def expire(self) -> None:
        """Every access token and session is dead from now on; refresh tokens live."""
        self._access.clear()
        self._sessions.clear()

    def forget(self) -> None:
        """No login was ever given."""
        self.expire()
        self._refresh.clear()


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
