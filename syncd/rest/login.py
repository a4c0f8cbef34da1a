"""Logins as a connection's settings name them, and the schemes they become."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from syncd.http import Answer, ApiKey, AuthScheme, Basic, Bearer, Grants, NoAuth, OAuth2
from syncd.ports import Clock, Vault
from syncd.secrets.reference import SecretRef, resolve

Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """Part of a configuration file: no unknown keys, every field explained."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class NoLogin(Section):
    """The platform asks for none."""

    scheme: Literal["none"]


class ApiKeyLogin(Section):
    """A key in a header."""

    scheme: Literal["api_key"]
    header: Text = "X-API-Key"
    """The header that carries it."""
    prefix: str = ""
    """What stands before it there, with its blank: `Token `."""
    key: SecretRef
    """The key, by reference."""


class BearerLogin(Section):
    """A fixed bearer token."""

    scheme: Literal["bearer"]
    token: SecretRef
    """The token, by reference."""


class BasicLogin(Section):
    """A user name and password with every request."""

    scheme: Literal["basic"]
    username: Text
    """The user's name."""
    password: SecretRef
    """The user's password, by reference."""


class OAuth2Login(Section):
    """OAuth 2: client credentials, or the refresh token of a person's consent. Rotation is handled."""

    scheme: Literal["oauth2"]
    client_id: Text
    """The client's public half."""
    client_secret: SecretRef
    """Its secret half, by reference."""
    refresh_token: SecretRef | None = None
    """What a person's consent gave, by reference; without it the client signs in by itself. Rotated tokens
    are kept sealed in the state; a new consent here takes their place."""
    token_path: str = "/oauth2/token"  # noqa: S105 - a path
    """The token endpoint, below the login's address."""
    scope: str | None = None
    """What is asked for, words parted by blanks."""
    client_in_header: bool = False
    """The client shows itself by a basic header instead of in the body."""


Login = Annotated[
    NoLogin | ApiKeyLogin | BearerLogin | BasicLogin | OAuth2Login, Field(discriminator="scheme")
]


def scheme(
    login: NoLogin | ApiKeyLogin | BearerLogin | BasicLogin | OAuth2Login,
    *,
    connection: str,
    folder: Path,
    vault: Vault,
    clock: Clock,
    busy: Callable[[Answer], bool] | None = None,
) -> AuthScheme:
    """The login as the HTTP client speaks it. Raises ``FixInput`` for a secret that cannot be read."""
    match login:
        case NoLogin():
            return NoAuth()
        case ApiKeyLogin():
            return ApiKey(login.header, resolve(login.key, folder), login.prefix)
        case BearerLogin():
            return Bearer(resolve(login.token, folder))
        case BasicLogin():
            return Basic(login.username, resolve(login.password, folder))
        case OAuth2Login():
            consent = None if login.refresh_token is None else resolve(login.refresh_token, folder)
            return OAuth2(
                connection=connection,
                client_id=login.client_id,
                client_secret=resolve(login.client_secret, folder),
                vault=vault,
                clock=clock,
                path=login.token_path,
                scope=login.scope,
                grants=Grants(consent=consent, client_in_header=login.client_in_header, busy=busy),
            )
