"""A receipt applied to one invoice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, ClassVar

from syncd.core.policy import Kind
from syncd.entities.entity import Crosses, Entity


class Payment(Entity):
    entity: ClassVar[str] = "payment"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (("invoice", "number", "amount"),)
    label: ClassVar[tuple[str, ...]] = ("number", "invoice")

    number: Annotated[str | None, Crosses(normaliser="text")] = None
    """Check or reference number."""
    invoice: Annotated[str | None, Crosses(Kind.REFERENCE, "invoice", required=True)] = None
    date: Annotated[dt.date | None, Crosses(required=True)] = None
    amount: Annotated[Decimal | None, Crosses(required=True)] = None
    discount: Annotated[Decimal | None, Crosses()] = None
