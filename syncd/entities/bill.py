"""A payable: what a vendor charges, with its lines and what is withheld from it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, ClassVar

from syncd.core.policy import Kind, Mode
from syncd.entities.entity import LOCAL, Crosses, Entity, Part


class BillLine(Part):
    key: Annotated[str | None, Crosses()] = None
    """What a line is known by, where a platform keeps the other side's name for it."""
    description: Annotated[str | None, Crosses(normaliser="text")] = None
    quantity: Annotated[Decimal | int | None, Crosses()] = None
    unit_cost: Annotated[Decimal | None, Crosses()] = None
    amount: Annotated[Decimal | None, Crosses(required=True)] = None
    retainage: Annotated[Decimal | None, Crosses()] = None
    item: Annotated[str | None, Crosses(Kind.CROSSWALK, "item")] = None
    account: Annotated[str | None, Crosses(Kind.CROSSWALK, "gl_account")] = None
    job: Annotated[str | None, Crosses(Kind.REFERENCE, "job")] = None
    phase: Annotated[str | None, Crosses(Kind.CROSSWALK, "phase")] = None
    cost_code: Annotated[str | None, Crosses(Kind.CROSSWALK, "cost_code")] = None
    cost_type: Annotated[str | None, Crosses(Kind.CROSSWALK, "cost_type")] = None


class Bill(Entity):
    entity: ClassVar[str] = "bill"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (("vendor", "number"),)
    """A vendor's number is unique only with the vendor."""
    label: ClassVar[tuple[str, ...]] = ("number",)
    mode: ClassVar[Mode] = Mode.LEFT_TO_RIGHT
    posts: ClassVar[bool] = True

    number: Annotated[str | None, Crosses(normaliser="text", required=True)] = None
    """The vendor's own invoice number."""
    vendor: Annotated[str | None, Crosses(Kind.REFERENCE, "vendor", required=True)] = None
    purchase_order: Annotated[str | None, Crosses(Kind.REFERENCE, "purchase_order")] = None
    job: Annotated[str | None, Crosses(Kind.REFERENCE, "job")] = None
    date: Annotated[dt.date | None, Crosses(required=True)] = None
    due_date: Annotated[dt.date | None, Crosses()] = None
    description: Annotated[str | None, Crosses(normaliser="text")] = None
    terms: Annotated[str | None, Crosses(Kind.CROSSWALK, "terms")] = None
    tax: Annotated[Decimal | None, Crosses(group="amounts")] = None
    retainage: Annotated[Decimal | None, Crosses(group="amounts")] = None
    """Withheld from the vendor until completion; part of ``total``."""
    total: Annotated[Decimal | None, Crosses(group="amounts", required=True)] = None
    lines: Annotated[tuple[BillLine, ...], Crosses(Kind.LINES, group="amounts", key="key")] = ()
    status: Annotated[str | None, LOCAL] = None
    balance: Annotated[Decimal | None, LOCAL] = None
