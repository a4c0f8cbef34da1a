"""What a connection to one company in Business Central is configured with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field

from syncd.rest.login import Section
from syncd.secrets.reference import SecretRef

Text = Annotated[str, Field(min_length=1)]
_GUID: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


class Entra(Section):
    """OAuth 2 at Microsoft Entra: the app signs in by itself (service to service), or by a user's consent."""

    tenant: Text
    """The tenant's id or domain."""
    client_id: Text
    """The app's id. It must also stand in Business Central, on the page `Microsoft Entra applications`, with
    the permission sets that it needs."""
    client_secret: SecretRef
    """Its secret, by reference. Entra ends it on a date that was chosen there."""
    refresh_token: SecretRef | None = None
    """What a user's consent gave, by reference; without it the app signs in by itself."""
    scope: Text = "https://api.businesscentral.dynamics.com/.default"
    """What is asked for."""
    login_url: Text = "https://login.microsoftonline.com"
    """Where tokens come from."""


class Line(Section):
    """What a line of a document names."""

    type: Literal["Item", "Account"] = "Account"
    """The line's `lineType`."""
    number: Text
    """Its `lineObjectNumber`."""


class Chart(Section):
    """What of the company's own setup new documents are made with."""

    tax: Line | None = None
    """The account or item whose line carries the tax that the other side charged. null: Business Central
    reckons the tax, and totals may differ."""
    exempt_code: str = ""
    """The `taxCode` of lines that no tax applies to; empty: it is left to the company's setup."""
    manual_orders: bool = False
    """Whether the number series of purchase orders takes numbers that are sent. Without it none is made: an
    order has no other field that would prove whose it is."""


class Settings(Section):
    """One company."""

    base_url: Text = "https://api.businesscentral.dynamics.com"
    """The host; on premises `https://host:7048`."""
    root: Annotated[str, Field(pattern=r"^/[^?#]*[^/?#]$")]
    """The environment below it: `/v2.0/TENANT/production`; on premises the instance, `/BC240`."""
    company_id: Annotated[str, Field(pattern=_GUID)]
    """The company's id: `GET {root}/api/v2.0/companies` lists them."""
    auth: Entra
    """How it logs in."""
    documents: Literal["draft", "post"] = "draft"
    """What becomes of invoices and bills that are made. `draft`: drafts, for a person to post; drafts are
    read like posted ones. `post`: posted at once; a draft there is no document yet, and is not read."""
    client_state: SecretRef | None = None
    """What subscriptions are made with and every announcement must repeat, by reference. Without it there are
    none, and changes are seen by polling."""
    chart: Chart = Chart()
    """What new documents are made with."""
    page_size: Annotated[int, Field(ge=1, le=20_000)] = 1000
    """Records asked for at once."""
    overlap_s: Annotated[float, Field(ge=0)] = 300.0
    """Seconds an incremental walk goes back before its watermark."""
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 120.0
    """How long one answer may take."""
    requests_per_s: Annotated[float, Field(gt=0, le=1000)] = 18.0
    """Requests a second; a user may ask 6000 times in five minutes."""
    concurrency: Annotated[int, Field(ge=1, le=5)] = 4
    """Requests at once; a user's sixth waits."""
    ca_file: Path | None = None
    """PEM file of an authority that signs the way there."""
    private_network: bool = False
    """Whether the host may resolve to a private address (on premises)."""

    @property
    def api(self) -> str:
        """The API, below ``base_url``."""
        return f"{self.root}/api/v2.0"

    @property
    def path(self) -> str:
        """The company, below ``base_url``."""
        return f"{self.api}/companies({self.company_id})"
