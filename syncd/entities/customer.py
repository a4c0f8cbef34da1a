"""A customer: whom the contractor works for and bills (ServiceTrade *company*, Sage *client*)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from syncd.entities.entity import LOCAL, Crosses
from syncd.entities.party import Party


class Customer(Party):
    entity: ClassVar[str] = "customer"

    tags: Annotated[frozenset[str] | None, Crosses(normaliser="text")] = None
    status: Annotated[str | None, LOCAL] = None
    """active | pending | inactive; each side keeps its own life cycle."""
