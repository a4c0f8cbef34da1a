"""The site profile: what public sources dispute or leave out, for one tenant. ``syncd check --live`` probes
what can be probed and says what to set.

Each docstring ends with how the fact is known. *Disputed*: public code shows more than one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from syncd.connectors.profiles import read_profile
from syncd.rest.login import Section

Name = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]


class Pages(Section):
    """How lists are cut."""

    first: Literal[0, 1]
    """The number of the first page. Disputed."""
    size: Literal["limit", "page_size"]
    """The parameter that says how many records a page holds. Disputed."""
    rows: Literal["items", "data"]
    """The key of the list in the envelope. Disputed."""
    total: Literal["totalCount", "query.totalCount"] | None
    """Where the envelope says how many records there are; null: nowhere. Disputed."""


class Changes(Section):
    """How changes are asked for: the parameter, by kind of record; null: every walk reads everything."""

    customer: Name | None
    """`updatedAfter` or `lastUpdatedDateStart`. Disputed."""
    location: Name | None
    """As above. Disputed."""
    job: Name | None
    """As above. Disputed."""
    invoice: Name | None
    """Nothing shows one for invoices. Assumed where set."""


class Login(Section):
    """The body of the login and what it answers."""

    style: Literal["camel", "snake"]
    """`clientId` and `clientSecret`, or `client_id`, `client_secret` and `grant_type`. Disputed."""
    with_tenant: bool
    """Whether the body also carries `tenantId`. Disputed."""
    token: Literal["access_token", "token"]
    """The key of the token in the answer. Disputed."""


class Address(Section):
    """The keys of an address."""

    shape: Literal["long", "short"]
    """`addressLine1`, `zipcode` (long) or `line1`, `zip` (short). Disputed."""
    type: str
    """The `addressType` of the address that a customer is billed at. Seen in public code."""


class BuildopsProfile(Section):
    """Everything about one tenant that must be known to run at all."""

    pages: Pages
    changes: Changes
    login: Login
    address: Address
    inactive: dict[str, str]
    """Query that lists inactive customers too, such as `{include_inactive: "true"}`: without it they vanish.
    Disputed."""
    invoice_customer: Literal["billingCustomerId", "customerId"]
    """Which of the two an invoice is owed by. Assumed: sources show both fields."""
    reference: str | None
    """A field of a customer that keeps what we write, so that one we create is found again, such as
    `accountingAttributes.accountingRefId`; null: no customer is created. Whether
    it can be written is unknown."""
    update_customers: bool
    """Whether customers are changed at all. Whether a PUT replaces the record is not known, so it is sent
    whole. Assumed."""
    locked_by_version: bool
    """Whether a PUT with an old `version` is refused. Seen in public code for jobs, assumed for customers."""
    stale: tuple[int, ...]
    """The statuses of that refusal. Unknown."""


def load_profile(path: Path) -> BuildopsProfile:
    """Read a profile. Raises ``FixInput`` naming the file and the field."""
    return read_profile(path, BuildopsProfile)
