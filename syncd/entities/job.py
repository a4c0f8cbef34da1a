"""A job: a piece of work for a customer that costs and invoices hang off."""

from __future__ import annotations

from typing import Annotated, ClassVar

from syncd.core.policy import Kind, Mode
from syncd.entities.entity import LOCAL, Crosses, Entity


class Job(Entity):
    entity: ClassVar[str] = "job"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (("number",),)
    label: ClassVar[tuple[str, ...]] = ("number", "name")
    mode: ClassVar[Mode] = Mode.LEFT_TO_RIGHT

    number: Annotated[str | None, Crosses(normaliser="text", required=True)] = None
    name: Annotated[str | None, Crosses(normaliser="text")] = None
    customer: Annotated[str | None, Crosses(Kind.REFERENCE, "customer", required=True)] = None
    location: Annotated[str | None, Crosses(Kind.REFERENCE, "location")] = None
    customer_po: Annotated[str | None, Crosses(normaliser="text")] = None
    type: Annotated[str | None, LOCAL] = None
    status: Annotated[str | None, LOCAL] = None
