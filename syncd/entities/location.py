"""A site of a customer, where work is done."""

from __future__ import annotations

from typing import Annotated, ClassVar

from syncd.core.policy import Kind, Mode
from syncd.entities.entity import ADDRESS, LOCAL, Crosses, Entity


class Location(Entity):
    entity: ClassVar[str] = "location"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (("customer", "number"), ("customer", "name"))
    label: ClassVar[tuple[str, ...]] = ("name", "number")
    mode: ClassVar[Mode] = Mode.LEFT_TO_RIGHT

    number: Annotated[str | None, Crosses(normaliser="text")] = None
    name: Annotated[str | None, Crosses(normaliser="text", required=True)] = None
    customer: Annotated[str | None, Crosses(Kind.REFERENCE, "customer", required=True)] = None
    phone: Annotated[str | None, Crosses(normaliser="phone")] = None
    email: Annotated[str | None, Crosses(normaliser="text")] = None
    street: Annotated[str | None, ADDRESS] = None
    city: Annotated[str | None, ADDRESS] = None
    state: Annotated[str | None, ADDRESS] = None
    postal_code: Annotated[str | None, ADDRESS] = None
    taxable: Annotated[bool | None, Crosses()] = None
    status: Annotated[str | None, LOCAL] = None
