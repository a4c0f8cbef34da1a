"""A vendor: whom the contractor buys from (supplier, subcontractor)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from syncd.core.policy import Kind
from syncd.entities.entity import LOCAL, Crosses
from syncd.entities.party import Party


class Vendor(Party):
    entity: ClassVar[str] = "vendor"

    terms: Annotated[str | None, Crosses(Kind.CROSSWALK, "terms")] = None
    status: Annotated[str | None, LOCAL] = None
