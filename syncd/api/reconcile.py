"""A full comparison of both sides: every difference, every cent, and what explains it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from syncd.api.models import View
from syncd.api.requests import Asked


class Reconcile(Asked):
    """``POST /api/v1/reconcile``; the answer is a stream of lines."""

    link: str | None = None
    flow: str | None = None
    actor: str = ""


class Difference(View):
    """One mapped field on which the two records of a pair differ."""

    pair: int
    label: str
    left_key: str
    right_key: str
    field: str
    left: str | None
    right: str | None
    explained: str = ""
    """Why it is known and where it stands; empty: nothing explains it."""


class Amount(View):
    """One amount, summed over all records that are paired. Decimal text, in currency units."""

    field: str
    left: str
    right: str
    difference: str
    explained: str
    """Of the difference, what open conflicts, holds, refusals and work under way account for."""
    unexplained: str


class Unpaired(View):
    """Records of one side that have no partner, by why they have none."""

    side: Literal["left", "right"]
    why: str
    count: int
    amounts: dict[str, str] = Field(default_factory=dict)
    """Field -> sum."""


class FlowComparison(View):
    flow: str
    at: datetime
    complete: bool
    """Both sides were listed in full: what is said here holds for everything, not only for what was shown."""
    pairs: int
    differences: int
    unexplained: int
    """Differences that nothing explains."""
    amounts: list[Amount] = Field(default_factory=list)
    unpaired: list[Unpaired] = Field(default_factory=list)
    items: list[Difference] = Field(default_factory=list)
    """Unexplained ones first."""
    truncated: int = 0
    error: str = ""

    @property
    def clean(self) -> bool:
        """Nothing but what is known and explained, to the cent."""
        cents = any(Decimal(amount.unexplained) for amount in self.amounts)
        return self.complete and not self.unexplained and not cents


class ReconcileReport(View):
    kind: Literal["reconciled"] = "reconciled"
    link: str
    seconds: float
    flows: list[FlowComparison]

    @property
    def clean(self) -> bool:
        return all(flow.clean for flow in self.flows)

    @property
    def equal(self) -> bool:
        """Clean, and not even an explained difference."""
        return self.clean and not any(flow.differences for flow in self.flows)
