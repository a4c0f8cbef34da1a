"""What a connection to an Acumatica instance is configured with. Every customer is an instance of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from syncd.rest.login import Section
from syncd.secrets.reference import SecretRef

Text = Annotated[str, Field(min_length=1)]


class Consent(Section):
    """OAuth 2 by a person's consent. The client is registered on form SM303010; its id fixes the tenant."""

    client_id: Text
    """`GUID@Tenant`."""
    client_secret: SecretRef
    """Its secret, by reference; Acumatica shows it once."""
    refresh_token: SecretRef
    """What the consent gave (scope `api offline_access`), by reference. It rotates with every use, which is
    kept sealed in the state, and ends 30 days after the consent unless the instance says otherwise."""


class Announced(Section):
    """One push notification (form SM302000): which kind of record it tells of."""

    entity: Text
    """Kind of record."""
    key: Text = "NoteID"
    """The column of the inquiry that holds the record's id."""


class Push(Section):
    """Push notifications, set up by hand in the instance. They are not signed: the header is the proof."""

    header: Text
    """Name of the header that was set for the destination."""
    value: SecretRef
    """Its value, by reference."""
    queries: Annotated[dict[str, Announced], Field(min_length=1)]
    """Name of the notification's query -> what it tells of."""


class Settings(Section):
    """One tenant of one instance."""

    base_url: Text
    """The instance, with its site path where it has one: `https://acme.acumatica.com`."""
    tenant: str = ""
    """The tenant's name, for the run-time description of its endpoint; empty: the only one."""
    endpoint: Text = "Default"
    """The endpoint: the system's own, or one of the customer's that extends it."""
    version: Annotated[str, Field(pattern=r"^\d\d\.\d{3}\.\d{3}$")] = "24.200.001"
    """The endpoint's version, which fixes its entities and fields."""
    contract: Literal[4, 5] | None = None
    """The contract version, which fixes how the wire is written; by default 4 up to 25.200.001, then 5."""
    auth: Consent
    """How it logs in."""
    branch: str = ""
    """The branch that documents are made in; empty: the user's own."""
    push: Push | None = None
    """Push notifications, where they are set up."""
    page_size: Annotated[int, Field(ge=1, le=5000)] = 500
    """Records asked for at once."""
    overlap_s: Annotated[float, Field(ge=0)] = 300.0
    """Seconds an incremental walk goes back before its watermark."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 120.0
    """How long one answer may take; requests are delayed from half of the licence's rate on."""
    concurrency: Annotated[int, Field(ge=1, le=20)] = 2
    """Requests at once; the licence caps them, and further ones queue there."""
    ca_file: Path | None = None
    """PEM file of an authority that signs the way there."""
    private_network: bool = False
    """Whether the host may resolve to a private address (an instance on the customer's own premises)."""

    @property
    def wire(self) -> Literal[3, 4]:
        """The OData version whose grammar the contract's filters have."""
        contract = self.contract or (5 if self.version >= "26" else 4)
        return 4 if contract == 5 else 3

    @property
    def path(self) -> str:
        """The endpoint, below ``base_url``."""
        return f"/entity/{self.endpoint}/{self.version}"
