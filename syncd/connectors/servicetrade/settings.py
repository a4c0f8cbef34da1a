"""What a connection to ServiceTrade is configured with.

Facts of the account that no public document gives stand in its site profile, not here. Which invoice
status sends an invoice on is a flow's ``select``.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from syncd.secrets.reference import SecretRef


class OAuth2Login(BaseModel):
    """A client that the customer made in the account's external-system settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    scheme: Literal["oauth2"]
    client_id: Annotated[str, Field(min_length=1)]
    """The client's public half."""
    client_secret: SecretRef
    """Its secret half, by reference."""


class SessionLogin(BaseModel):
    """A user of its own for syncd, with the Account Admin role. The platform keeps a few sessions a user
    and ends the oldest when a new one is made: nothing else should log in as this user."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    scheme: Literal["session"]
    username: Annotated[str, Field(min_length=1)]
    """The user's name."""
    password: SecretRef
    """The user's password, by reference."""


class Labour(BaseModel):
    """Which hours are read. Clock events tell no time of change, so that a window of them is read again."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    first_day: date
    """Hours of days before are never looked at: those that payroll has from elsewhere."""
    look_back_h: Annotated[float, Field(ge=0, le=24 * 31)] = 48.0
    """How far back every reading asks for clock events: phones hand theirs in late. All hours of a job that
    was worked on since then are read again, so that a correction on it is seen."""


class Settings(BaseModel):
    """One account of one customer."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    base_url: str = "https://api.servicetrade.com/api"
    """Where the API is; other environments have another host and the same ``/api``."""
    auth: Annotated[OAuth2Login | SessionLogin, Field(discriminator="scheme")]
    """How it logs in: ``scheme: oauth2`` (preferred) or ``scheme: session``."""
    timezone: str = "UTC"
    """The zone in which the account's office reads dates: an invoice's date is a moment on the wire."""
    invoice_types: tuple[Literal["invoice", "external", "unknown"], ...] = ("invoice",)
    """Which types are invoices to a customer. Vendor bills never are."""
    payment_method: str = ""
    """How payments that are written back were made: one of the four words that the account's import
    template knows. Empty: payments are neither read nor written."""
    labour: Labour | None = None
    """Read hours (clock events); without it none are read. One request for every job worked on lately."""
    page_size: Annotated[int, Field(ge=1, le=5000)] = 2000
    """Records asked for at once; cut to what each resource allows."""
    overlap_s: Annotated[int, Field(ge=0)] = 300
    """Seconds an incremental walk goes back before its watermark (seen in public code)."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    """How long one answer may take. The vendor's own SDK sets none."""
    requests_per_s: Annotated[float, Field(gt=0)] | None = None
    """At most so many requests a second; by default only a 429 slows us down."""
    ca_file: Path | None = None
    """PEM file of an authority that signs the way there, where a proxy breaks TLS open."""
    private_network: bool = False
    """Whether the host may resolve to a private address (a proxy)."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("not a zone of the IANA database, such as America/New_York") from None
        return name
