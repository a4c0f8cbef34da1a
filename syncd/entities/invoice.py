"""A receivable: what a customer owes for work done, with its lines."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, ClassVar

from syncd.core.policy import Kind, Mode
from syncd.entities.entity import LOCAL, Crosses, Entity, Part


class InvoiceLine(Part):
    key: Annotated[str | None, Crosses()] = None
    """What a line is known by, where a platform keeps the other side's name for it."""
    description: Annotated[str | None, Crosses(normaliser="text")] = None
    quantity: Annotated[Decimal | int | None, Crosses()] = None
    unit_price: Annotated[Decimal | None, Crosses()] = None
    amount: Annotated[Decimal | None, Crosses(required=True)] = None
    """The truth of the line; quantity x price need not equal it (units of hundred, rounding)."""
    taxable: Annotated[bool | None, Crosses()] = None
    item: Annotated[str | None, Crosses(Kind.CROSSWALK, "item")] = None
    account: Annotated[str | None, Crosses(Kind.CROSSWALK, "gl_account")] = None
    cost_code: Annotated[str | None, Crosses(Kind.CROSSWALK, "cost_code")] = None


class Invoice(Entity):
    entity: ClassVar[str] = "invoice"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (("number",),)
    label: ClassVar[tuple[str, ...]] = ("number",)
    mode: ClassVar[Mode] = Mode.LEFT_TO_RIGHT
    posts: ClassVar[bool] = True

    number: Annotated[str | None, Crosses(normaliser="text", required=True)] = None
    date: Annotated[dt.date | None, Crosses(required=True)] = None
    due_date: Annotated[dt.date | None, Crosses()] = None
    customer: Annotated[str | None, Crosses(Kind.REFERENCE, "customer")] = None
    location: Annotated[str | None, Crosses(Kind.REFERENCE, "location")] = None
    job: Annotated[str | None, Crosses(Kind.REFERENCE, "job")] = None
    description: Annotated[str | None, Crosses(normaliser="text")] = None
    customer_po: Annotated[str | None, Crosses(normaliser="text")] = None
    terms: Annotated[str | None, Crosses(Kind.CROSSWALK, "terms")] = None
    department: Annotated[str | None, Crosses(Kind.CROSSWALK, "department")] = None
    tax_district: Annotated[str | None, Crosses(Kind.CROSSWALK, "tax")] = None
    tax: Annotated[Decimal | None, Crosses(group="amounts")] = None
    retainage: Annotated[Decimal | None, Crosses(group="amounts")] = None
    """Withheld by the customer until completion; part of ``total``."""
    total: Annotated[Decimal | None, Crosses(group="amounts", required=True)] = None
    lines: Annotated[tuple[InvoiceLine, ...], Crosses(Kind.LINES, group="amounts", key="key")] = ()
    type: Annotated[str | None, LOCAL] = None
    status: Annotated[str | None, LOCAL] = None
    """Each side's own workflow; a flow's ``select`` names the status that sends it on."""
    balance: Annotated[Decimal | None, LOCAL] = None
    """What is still owed, where the platform says."""
