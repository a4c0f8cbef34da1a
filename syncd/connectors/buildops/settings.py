"""What a connection to BuildOps is configured with. What sources dispute stands in the site profile."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from syncd.rest.login import Section
from syncd.secrets.reference import SecretRef

Text = Annotated[str, Field(min_length=1)]


class Client(Section):
    """An API client of the tenant."""

    client_id: Text
    """Its public half."""
    client_secret: SecretRef
    """Its secret half, by reference."""


class Settings(Section):
    """One tenant. Experimental: the reference is by invitation, and public sources contradict each other."""

    base_url: Text = "https://public-api.live.buildops.com/v1"
    """Where the API is; another host with the same paths is seen in public code."""
    tenant_id: Text
    """The tenant's id, which goes with every request."""
    auth: Client
    """How it logs in."""
    timezone: str = "UTC"
    """The zone in which the office reads dates: an invoice's date is a moment on the wire."""
    page_size: Annotated[int, Field(ge=1, le=200)] = 100
    """Records asked for at once."""
    overlap_s: Annotated[float, Field(ge=0)] = 300.0
    """Seconds an incremental walk goes back before its watermark (seen in public code)."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 30.0
    """How long one answer may take."""
    requests_per_s: Annotated[float, Field(gt=0)] = 2.0
    """At most so many requests a second: limits are not published, clients pause between pages."""
    concurrency: Annotated[int, Field(ge=1, le=10)] = 2
    """Requests at once; ten are seen in public code without trouble."""
    ca_file: Path | None = None
    """PEM file of an authority that signs the way there."""
    private_network: bool = False
    """Whether the host may resolve to a private address."""
