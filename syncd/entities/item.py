"""An item: a part, material or service that documents name on their lines."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar

from syncd.core.policy import Kind, Mode
from syncd.entities.entity import LOCAL, Crosses, Entity


class Item(Entity):
    entity: ClassVar[str] = "item"
    match: ClassVar[tuple[tuple[str, ...], ...]] = (("number",),)
    label: ClassVar[tuple[str, ...]] = ("number", "name")
    mode: ClassVar[Mode] = Mode.RIGHT_TO_LEFT

    number: Annotated[str | None, Crosses(normaliser="text", required=True)] = None
    """The part number or code."""
    name: Annotated[str | None, Crosses(normaliser="text")] = None
    description: Annotated[str | None, Crosses(normaliser="text")] = None
    unit: Annotated[str | None, Crosses(Kind.CROSSWALK, "unit")] = None
    """Unit of measure."""
    price: Annotated[Decimal | None, Crosses()] = None
    """What a customer pays for one."""
    cost: Annotated[Decimal | None, Crosses()] = None
    """What one costs the contractor, where a side keeps a standard cost."""
    taxable: Annotated[bool | None, Crosses()] = None
    account: Annotated[str | None, Crosses(Kind.CROSSWALK, "gl_account")] = None
    type: Annotated[str | None, LOCAL] = None
    status: Annotated[str | None, LOCAL] = None
