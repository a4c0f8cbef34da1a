"""Settings of the ServiceTrade sandbox: what differs between real accounts, and the made-up login."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from syncd.sandbox.options import SandboxOptions


class Options(SandboxOptions):
    """What differs between accounts, and what the made-up account's logins are."""

    layout: Literal["flat", "compound"] = "flat"
    """How ``GET /job/{id}`` looks on this account."""
    client_id: str = "demo-client"
    client_secret: str = "demo-secret"  # noqa: S105 - the made-up account's
    username: str = "demo-user"
    password: str = "demo-password"  # noqa: S105 - the made-up account's
    account_admin: bool = True
    """Whether this login may register webhooks."""
    oauth: bool = True
    """False: the account refuses OAuth clients (401) while sessions work, as one account did."""
    client_credentials_refresh: bool = True
    """Whether a client-credentials grant returns a refresh token too."""
    token_life_s: int = Field(default=3600, ge=1)
    sessions: int = Field(default=3, ge=1)
    """Sessions a user may have; one more ends the oldest."""
    webhook_batch_s: float = Field(default=0.2, ge=0)
    """Events of so long travel in one message."""
    webhook_timeout_s: float = Field(default=5.0, gt=0)
    webhook_retry_s: float = Field(default=1.0, ge=0)
    """Between the three tries."""
