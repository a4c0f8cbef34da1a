"""What is known of a company that business is done with, whichever way the money goes."""

from __future__ import annotations

from typing import Annotated, ClassVar

from syncd.core.policy import Mode
from syncd.entities.entity import ADDRESS, Crosses, Entity


class Party(Entity):
    """Base of customers and vendors: how they are found, called and reached."""

    match: ClassVar[tuple[tuple[str, ...], ...]] = (
        ("number",),
        ("name", "postal_code"),
        ("name~40", "postal_code"),
        ("name",),
    )
    label: ClassVar[tuple[str, ...]] = ("name", "number")
    mode: ClassVar[Mode] = Mode.BOTH

    number: Annotated[str | None, Crosses(normaliser="text")] = None
    """The human number, where both sides keep one."""
    name: Annotated[str | None, Crosses(normaliser="company", required=True)] = None
    phone: Annotated[str | None, Crosses(normaliser="phone")] = None
    email: Annotated[str | None, Crosses(normaliser="text")] = None
    street: Annotated[str | None, ADDRESS] = None
    city: Annotated[str | None, ADDRESS] = None
    state: Annotated[str | None, ADDRESS] = None
    postal_code: Annotated[str | None, ADDRESS] = None
