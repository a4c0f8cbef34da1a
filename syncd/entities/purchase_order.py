"""A purchase order: what was ordered from a vendor, with its lines. It commits cost and posts nothing."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, ClassVar

from syncd.core.policy import Kind, Mode
from syncd.entities.entity import LOCAL, Crosses, Entity, Part


class PurchaseOrderLine(Part):
    key: Annotated[str | None, Crosses()] = None
    """What a line is known by, where a platform keeps the other side's name for it."""
    description: Annotated[str | None, Crosses(normaliser="text")] = None
    quantity: Annotated[Decimal | int | None, Crosses()] = None
    unit: Annotated[str | None, Crosses(Kind.CROSSWALK, "unit")] = None
    unit_cost: Annotated[Decimal | None, Crosses()] = None
    amount: Annotated[Decimal | None, Crosses(required=True)] = None
    """The truth of the line; quantity x cost need not equal it (prices per hundred, rounding)."""
    item: Annotated[str | None, Crosses(Kind.CROSSWALK, "item")] = None
    account: Annotated[str | None, Crosses(Kind.CROSSWALK, "gl_account")] = None
    job: Annotated[str | None, Crosses(Kind.REFERENCE, "job")] = None
    phase: Annotated[str | None, Crosses(Kind.CROSSWALK, "phase")] = None
    cost_code: Annotated[str | None, Crosses(Kind.CROSSWALK, "cost_code")] = None
    cost_type: Annotated[str | None, Crosses(Kind.CROSSWALK, "cost_type")] = None


class PurchaseOrder(Entity):
    entity: ClassVar[str] = "purchase_order"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (("number",),)
    label: ClassVar[tuple[str, ...]] = ("number",)
    mode: ClassVar[Mode] = Mode.LEFT_TO_RIGHT
    posts: ClassVar[bool] = True

    number: Annotated[str | None, Crosses(normaliser="text", required=True)] = None
    vendor: Annotated[str | None, Crosses(Kind.REFERENCE, "vendor", required=True)] = None
    job: Annotated[str | None, Crosses(Kind.REFERENCE, "job")] = None
    date: Annotated[dt.date | None, Crosses(required=True)] = None
    expected_date: Annotated[dt.date | None, Crosses()] = None
    description: Annotated[str | None, Crosses(normaliser="text")] = None
    terms: Annotated[str | None, Crosses(Kind.CROSSWALK, "terms")] = None
    tax: Annotated[Decimal | None, Crosses(group="amounts")] = None
    total: Annotated[Decimal | None, Crosses(group="amounts", required=True)] = None
    lines: Annotated[tuple[PurchaseOrderLine, ...], Crosses(Kind.LINES, group="amounts", key="key")] = ()
    status: Annotated[str | None, LOCAL] = None
