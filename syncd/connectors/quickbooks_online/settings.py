"""What a connection to one company in QuickBooks Online is configured with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from syncd.rest.login import Section
from syncd.secrets.reference import SecretRef

Text = Annotated[str, Field(min_length=1)]


class Consent(Section):
    """OAuth 2 by a person's consent (scope `com.intuit.quickbooks.accounting`)."""

    client_id: Text
    """The app's client id."""
    client_secret: SecretRef
    """Its secret, by reference."""
    refresh_token: SecretRef
    """What the consent gave, by reference. The one in use changes about once a day and is kept sealed in the
    state; it ends after 100 days without use, and five years after the consent whatever happens."""
    login_url: Text = "https://oauth.platform.intuit.com"
    """Where tokens come from. Intuit's discovery document says it (`token_endpoint`)."""
    token_path: Text = "/oauth2/v1/tokens/bearer"  # noqa: S105 - a path
    """The token endpoint, below `login_url`."""
    revoke_url: Text = "https://developer.api.intuit.com"
    """Where a login is given back. Intuit's discovery document says it (`revocation_endpoint`)."""
    revoke_path: Text = "/v2/oauth2/tokens/revoke"
    """That endpoint, below `revoke_url`."""


class Chart(Section):
    """What of the company's own lists new documents are made with. Ids, as the API shows them."""

    tax_item: str | None = None
    """The item whose line carries the tax that the other side charged: on invoices, whose other lines are
    then all exempt, and on vendors' bills, for which the item needs an expense account, too. null: QuickBooks
    reckons the tax, and totals may differ."""
    exempt_code: Text = "NON"
    """The tax code of lines that no tax applies to."""
    payables_account: str | None = None
    """The payables account of new purchase orders, which need one. null: they are refused."""


class Settings(Section):
    """One company."""

    base_url: Text = "https://quickbooks.api.intuit.com"
    """Production, or `https://sandbox-quickbooks.api.intuit.com`."""
    realm_id: Annotated[str, Field(pattern=r"^\d+$")]
    """The company's id: the consent's redirect tells it as `realmId`."""
    auth: Consent
    """How it logs in."""
    webhook_verifier: SecretRef | None = None
    """The app's webhook verifier token, by reference. Without it announcements are refused, and changes are
    seen by polling. The endpoint is set up in the developer portal: there is no API for it."""
    minor_version: Annotated[int, Field(ge=75)] = 75
    """The minor version of the API; below 75 Intuit ignores it."""
    chart: Chart = Chart()
    """What new documents are made with."""
    page_size: Annotated[int, Field(ge=2, le=1000)] = 1000
    """Records asked for at once."""
    overlap_s: Annotated[float, Field(ge=0)] = 300.0
    """Seconds an incremental walk goes back before its watermark."""
    request_id_life_s: Annotated[float, Field(gt=0)] = 3600.0
    """How long a repeated request is known by its `requestid`. Intuit does not say: assumed. After it a
    doubtful write is looked up instead of being sent again."""
    batch_size: Annotated[int, Field(ge=1, le=30)] = 30
    """Changes of existing records that travel together; 1: each by itself. New records never do."""
    requests_per_s: Annotated[float, Field(gt=0, le=1000)] = 8.0
    """Requests a second; Intuit allows 10 for one app and company, and 500 a minute."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 125.0
    """How long one answer may take; Intuit gives up after 120 seconds."""
    concurrency: Annotated[int, Field(ge=1, le=10)] = 4
    """Requests at once."""
    ca_file: Path | None = None
    """PEM file of an authority that signs the way there."""

    @property
    def path(self) -> str:
        """The company, below ``base_url``."""
        return f"/v3/company/{self.realm_id}"
