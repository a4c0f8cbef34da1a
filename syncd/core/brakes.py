"""The one place that stops: looks at a whole plan before any of it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from syncd.core.model import Operation
from syncd.core.plan import Plan
from syncd.core.policy import Limits


class Brake(StrEnum):
    """Why a flow stopped itself."""

    MASS_DELETE = "mass_delete"
    MASS_CHANGE = "mass_change"
    POLICY_CHANGED = "policy_changed"
    LOOP = "loop"


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


def check(plan: Plan, census: Census, limits: Limits) -> list[Trip]:
    """Every brake this plan trips; none means go."""
    trips: list[Trip] = []
    deletes = plan.count(Operation.DELETE)
    share = deletes / max(census.pairs, 1)
    if deletes > max(limits.deletes_count, census.ceiling) and share > limits.deletes_share:
        message = f"{deletes} of {census.pairs} {plan.entity} records would be deleted"
        trips.append(Trip(Brake.MASS_DELETE, message, deletes))
    updates = plan.count(Operation.UPDATE)
    most = max(limits.changed_floor, limits.changed_share * census.pairs, census.ceiling)
    if not census.first_sync and updates > most:
        brake = Brake.POLICY_CHANGED if census.policy_changed else Brake.MASS_CHANGE
        cause = "after a change of map, policy or crosswalk, " if census.policy_changed else ""
        message = f"{cause}{updates} of {census.pairs} {plan.entity} records would be rewritten"
        trips.append(Trip(brake, message, updates))
    if census.busiest >= max(limits.writes_per_record_hour, census.ceiling) and plan.count(*Operation):
        message = f"one {plan.entity} record was written {census.busiest} times within an hour"
        trips.append(Trip(Brake.LOOP, message, 2 * census.busiest))
    return trips
