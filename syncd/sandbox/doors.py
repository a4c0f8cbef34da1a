"""Logins of sandboxes: OAuth 2 with rotating refresh tokens. No I/O."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson


class OAuthRefusal(Exception):
    """A refused grant, in the words of OAuth 2."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token endpoint gives, and to whom."""

    client_id: str
    client_secret: str
    life_s: int = 3600
    client_credentials: bool = True
    """Whether the client may sign in by itself (else only with a consent's refresh token)."""
    refresh: bool = True
    """Whether a grant by client credentials brings a refresh token."""
    rotate_after_s: int = 0
    """A refresh token younger than this is given back as it is; 0: each works once."""


class TokenDoor:
    """A token endpoint and the tokens it has given."""

    def __init__(self, rules: TokenRules, now: Callable[[], int]) -> None:
        """``now``: unix seconds."""
        self.rules = rules
        self._now = now
        self._key = secrets.token_bytes(32)
        self._access: dict[str, int] = {}
        self._refresh: dict[str, int] = {}
        self.grants = 0
        """How many tokens were given: two refreshers at once show here."""

    def grant(self, body: Mapping[str, Any], authorization: str | None = None) -> dict[str, Any]:
        """The token endpoint's answer. Raises ``OAuthRefusal``."""
        shown = _client(body, authorization)
        match body.get("grant_type"):
            case "client_credentials":
                if not self.rules.client_credentials:
                    raise OAuthRefusal(400, "unauthorized_client")
                if shown != (self.rules.client_id, self.rules.client_secret):
                    raise OAuthRefusal(401, "invalid_client")
                return self._issue(with_refresh=self.rules.refresh)
            case "refresh_token":
                if shown[0] not in (None, self.rules.client_id):
                    raise OAuthRefusal(401, "invalid_client")
                token = body.get("refresh_token")
                if token not in self._refresh:
                    raise OAuthRefusal(400, "invalid_grant")
                if self._now() - self._refresh[str(token)] < self.rules.rotate_after_s:
                    return {**self._issue(with_refresh=False), "refresh_token": token}
                self.revoke(str(token))
                return self._issue(with_refresh=True)
            case _:
                raise OAuthRefusal(400, "unsupported_grant_type")

    def consent(self) -> str:
        """A person has consented in a browser: the refresh token that came of it."""
        token = secrets.token_urlsafe(24)
        self._refresh[token] = self._now()
        return token

    def admits(self, authorization: str | None) -> bool:
        """Whether a request's ``Authorization`` header carries a living token."""
        scheme, _, token = (authorization or "").partition(" ")
        return scheme == "Bearer" and self._access.get(token, 0) > self._now()

    def revoke(self, token: str) -> None:
        """End a refresh token; one that is not known is no error (RFC 7009)."""
        self._refresh.pop(token, None)

    def expire(self) -> None:
        """Every access token is dead from now on; refresh tokens live."""
        self._access.clear()

    def forget(self) -> None:
        """No login was ever given."""
        self.expire()
        self._refresh.clear()
        self.grants = 0

    def _issue(self, *, with_refresh: bool) -> dict[str, Any]:
        now = self._now()
        expires = now + self.rules.life_s
        claims = {"iss": "sandbox", "sub": self.rules.client_id, "iat": now, "exp": expires}
        access = self._jwt({**claims, "jti": secrets.token_hex(8)})
        self._access[access] = expires
        self.grants += 1
        granted = {"access_token": access, "token_type": "Bearer", "expires_in": self.rules.life_s}
        return {**granted, "refresh_token": self.consent()} if with_refresh else granted

    def _jwt(self, claims: Mapping[str, Any]) -> str:
        head = _base64(orjson.dumps({"alg": "HS256", "typ": "JWT"}))
        signed = f"{head}.{_base64(orjson.dumps(dict(claims)))}"
        return f"{signed}.{_base64(hmac.digest(self._key, signed.encode(), hashlib.sha256))}"


def form(body: bytes) -> dict[str, str]:
    """A form's fields."""
    return dict(parse_qsl(body.decode(errors="replace")))


def _client(body: Mapping[str, Any], authorization: str | None) -> tuple[Any, Any]:
    """(id, secret) as the client shows itself, in a header or in the body."""
    scheme, _, shown = (authorization or "").partition(" ")
    if scheme != "Basic":
        return body.get("client_id"), body.get("client_secret")
    try:
        name, _, secret = base64.b64decode(shown).decode().partition(":")
    except ValueError:
        raise OAuthRefusal(401, "invalid_client") from None
    return name, secret


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
