"""What a connection to Rhumbix is configured with: the current API, and the older one that takes batches."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from syncd.rest.login import Section
from syncd.secrets.reference import SecretRef

Text = Annotated[str, Field(min_length=1)]


class Imports(Section):
    """The older API's asynchronous imports, by which employees and projects are written: what the current API
    answers to a write is not public."""

    base_url: Text = "https://async-api.rhumbix.com/V1_0_1"
    """Where batches are handed in."""
    company_key: Text
    """The company's key, which stands in every address of that API; made in the web platform."""
    user_role: Literal["ADMIN", "FOREMAN", "PM", "WORKER", "OFFICE_STAFF"] = "WORKER"
    """What a new employee may do."""
    poll_s: Annotated[float, Field(gt=0, le=600)] = 15.0
    """Between two questions for a batch's status; the vendor's sample waits a minute."""
    patience_s: Annotated[float, Field(ge=1, le=3600)] = 180.0
    """How long a batch is asked for. After that its records are looked up, and sent again if they are not
    there: an import of what is there changes nothing."""


class Settings(Section):
    """One company."""

    base_url: Text = "https://prod.rhumbix.com/public_api/v2"
    """The current API."""
    api_key: SecretRef
    """The key, by reference; it names the company, too, and does not end by itself."""
    imports: Imports | None = None
    """How employees and projects are written; without it they are read alone."""
    deleted_feed: bool = True
    """Whether deletions are also asked for where the platform lists them: whether a deletion moves an entry's
    own time of change is not public."""
    first_day: date | None = None
    """Hours of earlier days are not read; unset: all that there ever were, once."""
    page_size: Annotated[int, Field(ge=1, le=1000)] = 200
    """Records asked for at once."""
    overlap_s: Annotated[float, Field(ge=0)] = 300.0
    """Seconds an incremental walk goes back before its watermark."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 60.0
    """How long one answer may take."""
    requests_per_s: Annotated[float, Field(gt=0, le=1000)] = 4.0
    """At most so many requests a second: limits are not published."""
    concurrency: Annotated[int, Field(ge=1, le=20)] = 4
    """Requests at once. So many employees or projects travel in one import."""
    ca_file: Path | None = None
    """PEM file of an authority that signs the way there."""
    private_network: bool = False
    """Whether the host may resolve to a private address."""
