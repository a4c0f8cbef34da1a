"""A job cost: an amount that a job carries, by phase, cost code and cost type (direct project cost)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, ClassVar

from syncd.core.policy import Kind, Mode
from syncd.entities.entity import LOCAL, Crosses, Entity


class JobCost(Entity):
    entity: ClassVar[str] = "job_cost"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (("number",),)
    label: ClassVar[tuple[str, ...]] = ("number", "description")
    mode: ClassVar[Mode] = Mode.LEFT_TO_RIGHT
    posts: ClassVar[bool] = True

    number: Annotated[str | None, Crosses(normaliser="text")] = None
    """Transaction number or document it comes from."""
    job: Annotated[str | None, Crosses(Kind.REFERENCE, "job", required=True)] = None
    phase: Annotated[str | None, Crosses(Kind.CROSSWALK, "phase")] = None
    cost_code: Annotated[str | None, Crosses(Kind.CROSSWALK, "cost_code")] = None
    cost_type: Annotated[str | None, Crosses(Kind.CROSSWALK, "cost_type")] = None
    """Material, labour, equipment, subcontract, other."""
    date: Annotated[dt.date | None, Crosses(required=True)] = None
    description: Annotated[str | None, Crosses(normaliser="text")] = None
    quantity: Annotated[Decimal | int | None, Crosses(group="amounts")] = None
    unit_cost: Annotated[Decimal | None, Crosses(group="amounts")] = None
    amount: Annotated[Decimal | None, Crosses(group="amounts", required=True)] = None
    vendor: Annotated[str | None, Crosses(Kind.REFERENCE, "vendor")] = None
    employee: Annotated[str | None, Crosses(Kind.REFERENCE, "employee")] = None
    account: Annotated[str | None, Crosses(Kind.CROSSWALK, "gl_account")] = None
    status: Annotated[str | None, LOCAL] = None
