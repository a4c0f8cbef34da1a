"""The site profile: what ServiceTrade's public documents do not give, for one account.

The names of invoice line fields, the places of tax and retainage, the write shape of external ids
and comments, and the number that means "invoice" in a webhook are not public. This file names
them; the sandbox and a connection read the same model, so whatever is assumed is assumed in one
place. There are no defaults for what decides money: a person sets it from the account's own
answers.

Each docstring ends with how the fact is known: *documented*, *seen in public code*, *inferred*,
*assumed* (nothing shows it; set it from the account before anything is posted).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from syncd.connectors.profiles import read_profile

Name = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]
"""One key of a JSON record."""

JsonPath = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]
"""Keys of nested JSON records, descending by dots: ``taxGroup.name``."""

ApiPath = Annotated[str, Field(pattern=r"^(/[A-Za-z]\w*)+$")]
"""A resource below ``/api``: ``/comment``."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class LineNames(_Section):
    """The keys of one entry of an invoice's ``items``. That the resource exists is documented."""

    quantity: Name
    """How many. Assumed."""
    unit_price: Name
    """Price of one, in currency units. Assumed."""
    amount: Name
    """What the line adds to the invoice, in currency units; negative for a credit. Assumed."""
    description: Name
    """Text of the line. Assumed."""
    taxable: Name
    """Whether tax applies, true or false. Assumed."""
    item: Name
    """The embedded library item, ``{id, name, ...}`` (job items embed theirs so). Inferred."""
    item_code: Name
    """The key inside ``item`` that the crosswalk table ``item`` is keyed by. Assumed."""


class Totals(_Section):
    """Where an invoice holds the parts of its total."""

    tax: JsonPath
    """Tax of the whole invoice, in currency units. Assumed."""
    retainage: JsonPath | None
    """What the customer withholds, in currency units, part of the total; null: this account keeps
    none. Assumed."""
    tax_code: JsonPath | None
    """The code or name that the crosswalk table ``tax`` is keyed by; null: the account gives none.
    That tax groups exist is documented, their place on an invoice assumed."""
    total_includes_tax: bool
    """Whether ``totalPrice`` is the lines with tax (true) or without (false). Assumed."""


class ExternalIds(_Section):
    """How a record carries the key it has in another system."""

    system: Annotated[str, Field(pattern=r"^[A-Za-z][\w-]*$")]
    """Internal name of the external system that the account's administrator defined. Documented:
    such names exist and key the ids."""
    field: Name
    """The object that holds ``{system: key}``, read and written key by key. Inferred."""
    filter_parameter: Name | None
    """The query parameter by which lists filter ``system:key``; null: lists do not filter, and ids
    are compared after reading. Nothing shows one: assumed where set."""


class Comments(_Section):
    """How a comment is put on a record. That the resource exists is documented."""

    path: ApiPath
    """Where comments are posted and listed. Assumed."""
    list_key: Name
    """The key of the list in the answer. Assumed."""
    text: Name
    """The comment's words. Assumed."""
    entity_id: Name
    """The id of the record it belongs to, in the body and as a filter of the list. Assumed."""
    entity_type: Name | None
    """The number of that record's kind (``EntityTypes``), in the body and as a filter; null: not
    sent. Assumed."""


class EntityTypes(_Section):
    """The number of each kind of record in webhooks and comments."""

    invoice: int
    """Invoices can be subscribed to (seen in public code), but their number is not public. Assumed."""
    job: int = 3
    """Seen in public code."""
    company: int = 5
    """Seen in public code."""
    location: int = 11
    """Seen in public code."""
    contact: int = 22
    """Seen in public code."""
    job_item: int = 23
    """Seen in public code."""


class Payments(_Section):
    """How payments are written back. The resource exists (documented); everything here is assumed."""

    path: ApiPath
    """Where payments are posted and listed. Assumed."""
    list_key: Name
    """The key of the list in the answer. Assumed."""
    invoice_id: Name
    """The invoice paid. Assumed (the import file's column is ``invoice_id``: documented)."""
    reference: Name
    """Check or reference number. Assumed (import column ``payment_reference_number``)."""
    date: Name
    """Unix seconds. Assumed."""
    method: Name
    """How it was paid. Assumed."""
    amount: Name
    """In currency units. Assumed."""


class Bills(_Section):
    """Vendor bills: invoices of the type ``vendorbill`` (seen in public code), with any invoice's fields."""

    number: JsonPath
    """Where the vendor's own number of a bill stands. Assumed: nothing shows that people type it into the
    bill's ``invoiceNumber``."""


class People(_Section):
    """The keys of a user. That users are listed, and by ``name`` and ``email``, is seen in public code."""

    first_name: Name
    """Given name. Assumed (``name``, which is seen, holds both)."""
    last_name: Name
    """Family name. Assumed."""
    email: Name | None
    """Address of mail; null: none is shown. Inferred: lists filter by it."""
    number: JsonPath | None
    """The code that payroll knows the person by; null: the account keeps none, and people are matched by
    mail and name. Assumed."""


class Clock(_Section):
    """Clock events. ``/clock`` and ``/job/{id}/clockevent`` are seen in public code, as are a pair's
    ``start`` and ``end`` with ``activity``, ``eventTime`` and ``user``, and ``elapsedTime`` in seconds."""

    job: JsonPath
    """Where an event of ``/clock`` names the id of its job. Inferred: lists filter by ``jobId``."""
    event: JsonPath
    """Where a pair names the id of the event that begins it. Inferred: events have an ``id``."""


class ServiceTradeProfile(_Section):
    """Everything about one account that must be assumed to run at all."""

    lines: LineNames
    totals: Totals
    external_ids: ExternalIds
    comments: Comments
    entity_types: EntityTypes
    status_steps: dict[str, tuple[str, ...]]
    """Invoice status -> statuses it may be set to. That some steps are refused with 400 is seen in
    public code, which ones is assumed. The sandbox refuses all others."""
    revoke_with: Literal["refresh_token", "token"] = "refresh_token"
    """The key that carries the token to ``/oauth2/revoke``: the vendor's two SDKs disagree.
    Documented, both."""
    item_type: Name = "type"
    """The key inside a job item's library item that says what kind it is (a part, labour). Inferred: job
    items are listed by ``libItemType``, and library items have a ``type`` (both seen in public code)."""
    bills: Bills | None = None
    """Vendor bills; off where null. Assumed."""
    people: People | None = None
    """Users, as employees; off where null. Assumed."""
    clock: Clock | None = None
    """Clock events, as hours; off where null. Inferred."""
    payments: Payments | None = None
    """Payment write-back; off where null. Without it no payment is ever written. Assumed."""


def load_profile(path: Path) -> ServiceTradeProfile:
    """Read a profile. Raises ``FixInput`` naming the file and the field."""
    return read_profile(path, ServiceTradeProfile)
