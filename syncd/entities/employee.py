"""An employee: whose hours are paid and costed. Pay rates and personal numbers are not carried."""

from __future__ import annotations

from typing import Annotated, ClassVar

from syncd.core.policy import Kind, Mode
from syncd.entities.entity import LOCAL, Crosses, Entity


class Employee(Entity):
    entity: ClassVar[str] = "employee"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (("number",), ("email",), ("last_name", "first_name"))
    label: ClassVar[tuple[str, ...]] = ("number", "last_name")
    mode: ClassVar[Mode] = Mode.RIGHT_TO_LEFT

    number: Annotated[str | None, Crosses(normaliser="text")] = None
    """The code payroll knows the person by."""
    first_name: Annotated[str | None, Crosses(normaliser="text")] = None
    last_name: Annotated[str | None, Crosses(normaliser="text", required=True)] = None
    email: Annotated[str | None, Crosses(normaliser="text")] = None
    phone: Annotated[str | None, Crosses(normaliser="phone")] = None
    trade: Annotated[str | None, Crosses(Kind.CROSSWALK, "trade")] = None
    """Craft, and with it the union agreement where there is one."""
    classification: Annotated[str | None, Crosses(Kind.CROSSWALK, "classification")] = None
    """Apprentice, journeyman, foreman ..."""
    status: Annotated[str | None, LOCAL] = None
