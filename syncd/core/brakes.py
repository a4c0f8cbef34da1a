"""The one place that stops: looks at a whole plan before any of it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from math import ceil

from syncd.core.model import Operation
from syncd.core.plan import Weight
from syncd.core.policy import Limits


class Brake(StrEnum):
    """Why a flow stopped itself."""

    MASS_DELETE = "mass_delete"
    MASS_CHANGE = "mass_change"
    POLICY_CHANGED = "policy_changed"
    LOOP = "loop"
    BUDGET = "budget"
    """A link has written as much within an hour as it may."""


@dataclass(frozen=True, slots=True)
class Census:
    """What a plan is weighed against."""

    pairs: int
    """Pairs of the flow that are bound on both sides."""
    first_sync: bool
    """The flow has not finished its first sync: everything is new, nothing can be deleted."""
    policy_changed: bool = False
    """Map, policy or crosswalk differ from the last cycle's."""
    ceiling: int = 0
    """Writes of this kind that a person has let through by releasing a brake; more trips again."""
    busiest: int = 0
    """Most writes any one record of the plan had in the last hour."""


@dataclass(frozen=True, slots=True)
class Trip:
    """One brake that tripped. Releasing it plans anew: it is a ceiling, not a licence."""

    brake: Brake
    message: str
    size: int = 0
    """Writes that were stopped: what releasing lets through, at most."""


def check(weight: Weight, census: Census, limits: Limits) -> list[Trip]:
    """Every brake a plan of this weight trips; none means go."""
    found = (_disappeared(weight, census, limits), _rewritten(weight, census, limits))
    trips = [trip for trip in found if trip is not None]
    if census.busiest >= max(limits.writes_per_record_hour, census.ceiling) and weight.of(*Operation):
        message = f"one {weight.entity} record was written {census.busiest} times within an hour"
        trips.append(Trip(Brake.LOOP, message, 2 * census.busiest))
    return trips


def trivial(weight: Weight, limits: Limits) -> bool:
    """Whether a plan is so small that it trips nothing by its share, however few pairs there are."""
    return weight.removed <= limits.deletes_count and weight.of(*Operation) <= limits.changed_floor


def _disappeared(weight: Weight, census: Census, limits: Limits) -> Trip | None:
    """Many records gone at once are more often a login that sees less than a company that lost them, so this
    stops the flow also where it only holds removals."""
    gone = weight.removed
    share = gone / max(census.pairs, 1)
    if gone <= max(limits.deletes_count, census.ceiling) or share <= limits.deletes_share:
        return None
    message = f"{gone} of {census.pairs} {weight.entity} records disappeared from one side"
    return Trip(Brake.MASS_DELETE, message, gone)


def _rewritten(weight: Weight, census: Census, limits: Limits) -> Trip | None:
    if census.first_sync:
        return None
    writes = weight.of(*Operation)
    most = max(limits.changed_floor, limits.policy_changed_share * census.pairs, census.ceiling)
    if census.policy_changed and writes > most:
        message = f"{writes} of {census.pairs} {weight.entity} records would be written"
        return Trip(Brake.POLICY_CHANGED, f"after a change of map, policy or crosswalk, {message}", writes)
    updates = weight.of(Operation.UPDATE)
    most = max(limits.changed_floor, limits.changed_share * census.pairs, census.ceiling)
    if updates > most and not census.policy_changed:
        message = f"{updates} of {census.pairs} {weight.entity} records would be rewritten"
        return Trip(Brake.MASS_CHANGE, message, updates)
    return None


@dataclass(frozen=True, slots=True)
class Spent:
    """What a link has sent within the last hour. ``amount``: money in the records it created or changed."""

    writes: int = 0
    amount: Decimal = Decimal(0)

    def plus(self, amount: Decimal) -> Spent:
        return Spent(self.writes + 1, self.amount + amount)


@dataclass(frozen=True, slots=True)
class Budget:
    """What a link may send within an hour; None: as much as there is. A runaway stops here."""

    writes: int | None = None
    amount: Decimal | None = None


def over_budget(link: str, spent: Spent, amount: Decimal, budget: Budget) -> Trip | None:
    """Whether one more write, of ``amount``, would go over; None means go. The trip's size is that amount
    in whole units: what its release lets through beside a new budget, however large it is."""
    after, size = spent.plus(amount), max(1, ceil(amount))
    if budget.writes is not None and after.writes > budget.writes:
        message = f"{link} has sent {spent.writes} writes within an hour, which is its budget"
        return Trip(Brake.BUDGET, message, size)
    if budget.amount is not None and after.amount > budget.amount:
        message = (
            f"{link} has sent {spent.amount:,.2f} within an hour; the next write of {amount:,.2f} would "
        )
        return Trip(Brake.BUDGET, f"{message}exceed its budget of {budget.amount:,.2f}", size)
    return None
