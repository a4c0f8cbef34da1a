"""Access tokens: OAuth 2 with rotating refresh, and logins of a platform's own kind.

A token is renewed before it ends, by one renewal at a time, and whatever was rotated is in the vault before
it is used.
"""

# ruff: noqa: ARG002 (a scheme does not need all that it is lent)

from __future__ import annotations

from abc import ABC, abstractmethod
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import orjson
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error

from syncd.core.errors import FixInput, RenewCredentials, RetryLater, UnreadableAnswer
from syncd.http.answer import Answer
from syncd.http.auth import Send, Shared, basic
from syncd.ports import Clock, Grant, SharedVault, Vault
from syncd.secrets.reference import Secret

RENEW_BEFORE_S: Final = 300.0
"""Renew with less than this left, or half the lifetime of a token that lives less than twice as long."""
_TRY_AGAIN_S: Final = 30.0
_ROTATING: Final = "oauth2.refresh_token"
"""The vault's name for it."""
_ACCESS: Final = "access"
"""Of the access token, where other processes use it, too."""
_CONSENT: Final = "oauth2.consent"
"""Tells which consent the vault's token stems from."""
_NO_SEAT_S: Final = 60.0
"""Platforms that count sessions give an idle one back after minutes: asking sooner only adds to the queue."""


@dataclass(frozen=True, slots=True)
class _Token:
    headers: Mapping[str, str]
    renew_at: datetime | None
    """None: its lifetime is not known, a 401 will tell."""
    ends_at: datetime | None


class Tokens(ABC):
    """Access tokens of a limited life: renewed early, by one renewal at a time, and kept in use while early
    renewal fails. Subclasses obtain them.

    Where the vault is shared with other processes, so is the renewal: one of them does it, and the others
    take what it was given. A platform that ends the older token with each new one sees one client, not many.
    """

    def __init__(self, clock: Clock, connection: str = "", vault: Vault | None = None) -> None:
        self._clock = clock
        self._connection = connection
        self._shared = vault if isinstance(vault, SharedVault) else None
        self._token: _Token | None = None
        self._handed_on = False
        """Whether it is another process that was given the token."""
        self._renewal = Shared()
        self.granted: Callable[[Grant], None] | None = None
        """Told of every grant, without its tokens."""

    async def headers(self, send: Send) -> Mapping[str, str]:
        token = self._token
        if token is not None and (token.renew_at is None or self._clock.now() < token.renew_at):
            return token.headers
        try:
            await self._renewal.run(lambda: self._renewed(send))
        except (RetryLater, UnreadableAnswer):
            now = self._clock.now()
            if token is None or token.ends_at is None or now >= token.ends_at:
                raise
            # early renewal failed and the token still works: go on with it, ask again a little later
            self._token = replace(token, renew_at=now + timedelta(seconds=_TRY_AGAIN_S))
        assert self._token is not None
        return self._token.headers

    async def refused(self, status: int, used: Mapping[str, str], send: Send) -> bool:
        return status == 401

    async def renew(self, used: Mapping[str, str], send: Send) -> bool:
        if self._token is None or self._token.headers == used:
            await self._renewal.run(lambda: self._renewed(send))
        return self._handed_on

    async def close(self, send: Send) -> None:
        # a rotated token that is on its way must reach the vault
        await self._renewal.finished()

    @abstractmethod
    async def _obtain(self, send: Send) -> None: ...

    async def _renewed(self, send: Send) -> None:
        """By whichever process comes first."""
        if self._shared is None:
            await self._obtain(send)
            return
        before = self._token
        async with self._shared.alone(self._connection):
            sealed = await self._shared.load(self._connection, _ACCESS)
            others = None if sealed is None else msgspec.json.decode(sealed, type=_Token)
            if others is not None and self._better(others, before):
                self._token, self._handed_on = others, True
                return
            await self._obtain(send)
            assert self._token is not None
            await self._shared.save(self._connection, _ACCESS, msgspec.json.encode(self._token))

    def _better(self, others: _Token, before: _Token | None) -> bool:
        """Whether another process has renewed it meanwhile."""
        fresh = others.renew_at is None or self._clock.now() < others.renew_at
        return fresh and (before is None or others.headers != before.headers)

    def _take(self, grant: Mapping[str, Any], *, rotated: bool = False) -> None:
        """Use what the platform gave from now on."""
        now = self._clock.now()
        self._token, self._handed_on = _token(grant, now), False
        if self.granted is not None:
            self.granted(_told(grant, now, rotated=rotated))


class TokenLogin(Tokens):
    """A bearer token that a login of the platform's own kind gives, without refresh.

    ``login`` signs in and returns the answer's record, which holds ``access_token`` and may hold
    ``expires_in`` (seconds); it raises ``RenewCredentials`` if it is refused.
    """

    def __init__(
        self,
        login: Callable[[Send], Awaitable[Mapping[str, Any]]],
        clock: Clock,
        connection: str = "",
        vault: Vault | None = None,
    ) -> None:
        """``connection`` and ``vault``: to share the token with other processes, where there are any."""
        super().__init__(clock, connection, vault)
        self._login = login

    async def _obtain(self, send: Send) -> None:
        grant = await self._login(send)
        if not isinstance(grant.get("access_token"), str) or not grant["access_token"]:
            raise UnreadableAnswer("the login's answer holds no token")
        self._take(grant)


@dataclass(frozen=True, slots=True)
class Grants:
    """How the first tokens are come by, where it is not by client credentials."""

    consent: Secret | None = None
    """The refresh token that a person's consent gave; a new consent takes the place of what the vault
    holds."""
    client_in_header: bool = False
    """The client shows itself by a basic header instead of in the body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What else the token endpoint is told."""
    busy: Callable[[Answer], bool] | None = None
    """Whether a refusal is none of the login itself (no free seat): it is asked again later."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """How a refresh token is given back."""

    path: str
    fields: tuple[str, ...] = ("token",)
    """The names under which it is sent; with the client, unless that shows itself by a header."""
    json: bool = False
    """Whether the body is JSON instead of a form."""
    url: str = ""
    """The host, where it is another than the login's."""


class OAuth2(Tokens):
    """Tokens by OAuth 2, with a refresh token that may rotate with every use.

    The newest refresh token is in the vault *before* the access token that came with it is used: a
    crash at any point leaves a token that works. ``path`` is the token endpoint on the login's host.
    """

    def __init__(
        self,
        *,
        connection: str,
        client_id: str,
        client_secret: Secret,
        vault: Vault,
        clock: Clock,
        path: str = "/oauth2/token",
        scope: str | None = None,
        grants: Grants = Grants(),
        revocation: Revocation | None = None,
    ) -> None:
        super().__init__(clock, connection, vault)
        self._client_id = client_id
        self._client_secret = client_secret
        self._vault = vault
        self._path = path
        self._scope = scope
        self._grants = grants
        self._revocation = revocation
        self.revoke_url = revocation.url if revocation is not None else ""

    async def revoke(self, send: Send) -> bool:
        """End the refresh token that is in use, and forget it. False: there is none. Raises ``FixInput``
        where the platform documents no way, ``RenewCredentials`` if it does not take it back."""
        if self._revocation is None:
            raise no_way_to_revoke(self._connection)
        stored = await self._stored()
        if stored is None:
            return False
        answer = await send("POST", self._revocation.path, **self._given_back(self._revocation, stored))
        if not answer.ok:
            raise RenewCredentials(
                f"{self._connection}: the platform did not take the login back (HTTP {answer.status})",
                remedy="remove the integration's access on the platform itself",
            )
        await self._vault.save(self._connection, _ROTATING, b"")
        self._token = None
        return True

    def _given_back(self, how: Revocation, token: bytes) -> Any:
        """Body and headers."""
        said = dict.fromkeys(how.fields, token.decode())
        headers = dict(_JSON if how.json else _FORM)
        if self._grants.client_in_header:
            headers["Authorization"] = basic(self._client_id, self._client_secret)
        else:
            said |= {"client_id": self._client_id, "client_secret": self._client_secret.reveal()}
        return {"data": orjson.dumps(said) if how.json else urlencode(said).encode(), "headers": headers}

    async def _obtain(self, send: Send) -> None:
        stored = await self._stored()
        grant = await self._refresh(send, stored) if stored is not None else None
        if grant is None:
            # another process may have rotated it between our reading and our asking
            newer = await self._stored()
            if newer is not None and newer != stored:
                stored, grant = newer, await self._refresh(send, newer)
        if grant is None and self._grants.consent is None:
            grant = await self._ask(send, self._first())
        if grant is None:
            raise self._refusal()
        refresh = str(grant.get("refresh_token") or "").encode()
        if refresh and refresh != stored:
            await self._keep(refresh)
        self._take(grant, rotated=bool(refresh and stored and refresh != stored))

    async def _stored(self) -> bytes | None:
        """The refresh token to use: the vault's, unless a person has consented anew since."""
        kept = await self._vault.load(self._connection, _ROTATING) or None  # empty: it was given back
        consent = self._grants.consent
        if consent is None:
            return kept
        known = await self._vault.load(self._connection, _CONSENT)
        return kept if kept is not None and known == _mark(consent) else consent.reveal().encode()

    async def _keep(self, refresh: bytes) -> None:
        await self._vault.save(self._connection, _ROTATING, refresh)
        if self._grants.consent is not None:
            await self._vault.save(self._connection, _CONSENT, _mark(self._grants.consent))

    def _refusal(self) -> RenewCredentials:
        if self._grants.consent is not None:
            return RenewCredentials(
                f"{self._connection}: the platform refuses the refresh token",
                remedy="have the customer consent again, and update the secret `refresh_token`",
            )
        return RenewCredentials(
            f"{self._connection}: the platform refuses the client id and secret",
            remedy="check client_id and client_secret, or have the customer make new ones",
        )

    def _first(self) -> str:
        """The body that asks for the first tokens."""
        secret = {} if self._grants.client_in_header else {"client_secret": self._client_secret.reveal()}
        shown = not self._grants.client_in_header
        client = BackendApplicationClient(self._client_id, scope=self._scope)
        return str(client.prepare_request_body(include_client_id=shown, **secret))

    async def _refresh(self, send: Send, token: bytes) -> Mapping[str, Any] | None:
        client = BackendApplicationClient(self._client_id)
        shown = {}
        if not self._grants.client_in_header:
            shown = {"client_id": self._client_id, "client_secret": self._client_secret.reveal()}
        return await self._ask(send, client.prepare_refresh_body(refresh_token=token.decode(), **shown))

    async def _ask(self, send: Send, body: str) -> Mapping[str, Any] | None:
        """The grant, or None if it is refused."""
        headers = {**_FORM, **self._grants.headers}
        if self._grants.client_in_header:
            headers["Authorization"] = basic(self._client_id, self._client_secret)
        answer = await send("POST", self._path, data=body.encode(), headers=headers)
        if not answer.ok:
            if self._grants.busy is not None and self._grants.busy(answer):
                raise RetryLater(
                    f"{self._connection}: the platform has no free session for us",
                    after_s=_NO_SEAT_S,
                    remedy="close sessions there that nobody uses, or ask for more",
                )
            if answer.status in {400, 401, 403}:
                return None
            raise RenewCredentials(
                f"{self._connection}: the token endpoint answers HTTP {answer.status}",
                remedy="check base_url and the token path of the connection",
            )
        if not isinstance(answer.json(), dict):
            raise UnreadableAnswer(f"{self._connection}: the token endpoint's answer is no JSON object")
        try:
            # a client of its own: this one remembers the tokens it has seen
            client = BackendApplicationClient(self._client_id)
            grant: Mapping[str, Any] = client.parse_request_body_response(answer.body.decode())
        except OAuth2Error as error:
            if error.error in {"invalid_grant", "invalid_client", "unauthorized_client"}:
                return None
            raise UnreadableAnswer(f"{self._connection}: the token endpoint gives no token") from None
        except ValueError:
            raise UnreadableAnswer(f"{self._connection}: the token's lifetime is no number") from None
        return grant


def _mark(consent: Secret) -> bytes:
    """Tells one consent from another without holding it."""
    return blake2b(consent.reveal().encode(), digest_size=16).digest()


_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON: Final = {"Content-Type": "application/json"}


def no_way_to_revoke(connection: str) -> FixInput:
    """What is said of a platform that takes no login back."""
    return FixInput(
        f"{connection}: its platform documents no way to give a login back",
        remedy="remove the integration's access on the platform itself, then the connection from syncd.yaml",
    )


def _token(grant: Mapping[str, Any], now: datetime) -> _Token:
    access = str(grant["access_token"])
    lifetime = _lifetime_s(access, grant.get("expires_in"), now)
    headers = {"Authorization": f"Bearer {access}"}
    if lifetime is None:
        return _Token(headers, None, None)
    margin = min(RENEW_BEFORE_S, lifetime / 2)
    return _Token(
        headers, now + timedelta(seconds=lifetime - margin), now + timedelta(seconds=max(lifetime, 0.0))
    )


_REFRESH_ENDS: Final = (
    "refresh_expires_in",
    "x_refresh_token_expires_in",
    "x_refresh_token_hard_expires_in",
)
"""Seconds until a refresh token ends, in the words of platforms that say so: unused, and whatever happens."""


def _told(grant: Mapping[str, Any], now: datetime, *, rotated: bool) -> Grant:
    scope = grant.get("scope") or ()
    limits = [grant[name] for name in _REFRESH_ENDS if isinstance(grant.get(name), int | float)]
    return Grant(
        lifetime_s=_lifetime_s(str(grant["access_token"]), grant.get("expires_in"), now),
        scopes=tuple(sorted(scope.split() if isinstance(scope, str) else map(str, scope))),
        refresh=bool(grant.get("refresh_token")),
        rotated=rotated,
        refresh_lifetime_s=float(min(limits)) if limits else None,
    )


def _lifetime_s(access: str, expires_in: object, now: datetime) -> float | None:
    """Seconds that a token lives: what the token says, else what the endpoint said of it.

    With ``iat`` the token's own clock measures it, so that a difference between clocks does not.
    """
    claims = _claims(access)
    ends, issued = claims.get("exp"), claims.get("iat", now.timestamp())
    if isinstance(ends, int | float) and isinstance(issued, int | float):
        return float(ends - issued)
    return float(expires_in) if isinstance(expires_in, int | float) else None


def _claims(access: str) -> Mapping[str, Any]:
    """The claims of a JWT, read and not verified (it is the platform's to verify); else nothing."""
    parts = access.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
