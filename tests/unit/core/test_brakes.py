"""When a plan is stopped whole, and what releasing a brake lets through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from syncd.core.brakes import Brake, Census, check, trivial
from syncd.core.model import Operation, Side
from syncd.core.plan import Plan, Planned, Weight
from syncd.core.policy import Limits
from syncd.core.reconcile import Decision, Verb, Write


def plan(deletes: int = 0, updates: int = 0, creates: int = 0) -> Plan:
    operations = [Operation.DELETE] * deletes + [Operation.UPDATE] * updates + [Operation.CREATE] * creates
    return Plan(
        "customer",
        tuple(
            Planned(
                n,
                "",
                Decision(Verb.WRITE, write=Write(Side.RIGHT, operation)),
                removed=operation is Operation.DELETE,
            )
            for n, operation in enumerate(operations)
        ),
    )


MAP = Brake.POLICY_CHANGED
STEADY = Census(pairs=100, first_sync=False)


@pytest.mark.parametrize(
    ("says", "planned", "census", "brake"),
    [
        ("a few deletes", plan(deletes=5), STEADY, None),
        ("deletes over count and share", plan(deletes=6), STEADY, Brake.MASS_DELETE),
        ("over the count, but a small share", plan(deletes=6), replace(STEADY, pairs=1000), None),
        ("a small ledger is not stuck", plan(deletes=2), replace(STEADY, pairs=3), None),
        ("deletes from nothing", plan(deletes=6), replace(STEADY, pairs=0), Brake.MASS_DELETE),
        ("half of all changed", plan(updates=50), STEADY, None),
        ("more than half", plan(updates=51), STEADY, Brake.MASS_CHANGE),
        ("all of a few", plan(updates=20), replace(STEADY, pairs=20), None),
        ("one more than a few", plan(updates=21), replace(STEADY, pairs=21), Brake.MASS_CHANGE),
        ("at the first sync everything is new", plan(updates=90), replace(STEADY, first_sync=True), None),
        ("after a policy change", plan(updates=51), replace(STEADY, policy_changed=True), MAP),
        ("after a policy change, a tenth", plan(updates=21), replace(STEADY, policy_changed=True), MAP),
        ("after a policy change, a few", plan(updates=20), replace(STEADY, policy_changed=True), None),
        ("a policy change that creates many", plan(creates=21), replace(STEADY, policy_changed=True), MAP),
        ("creates are work, not damage", plan(creates=500), STEADY, None),
        ("a record written six times in an hour", plan(updates=1), replace(STEADY, busiest=6), Brake.LOOP),
        ("five times", plan(updates=1), replace(STEADY, busiest=5), None),
        ("busy, but nothing to write", plan(), replace(STEADY, busiest=60), None),
    ],
)  # fmt: skip
def test_what_trips(says: str, planned: Plan, census: Census, brake: Brake | None) -> None:
    assert [trip.brake for trip in check(planned.weight(), census, Limits())] == ([brake] if brake else [])


def test_releasing_lets_through_what_was_stopped_and_not_one_more() -> None:
    (trip,) = check(plan(updates=60).weight(), STEADY, Limits())
    assert trip.size == 60
    assert check(plan(updates=60).weight(), replace(STEADY, ceiling=trip.size), Limits()) == []
    assert check(plan(updates=61).weight(), replace(STEADY, ceiling=trip.size), Limits())


def test_a_released_loop_may_double_and_then_trips_again() -> None:
    (trip,) = check(plan(updates=1).weight(), replace(STEADY, busiest=6), Limits())
    assert check(plan(updates=1).weight(), replace(STEADY, busiest=11, ceiling=trip.size), Limits()) == []
    assert check(plan(updates=1).weight(), replace(STEADY, busiest=12, ceiling=trip.size), Limits())


def test_a_message_is_for_a_person() -> None:
    (trip,) = check(plan(deletes=30).weight(), STEADY, Limits())
    assert trip.message == "30 of 100 customer records disappeared from one side"


def test_several_brakes_may_trip_at_once() -> None:
    trips = check(plan(deletes=30, updates=60).weight(), replace(STEADY, busiest=9), Limits())
    assert [trip.brake for trip in trips] == [Brake.MASS_DELETE, Brake.MASS_CHANGE, Brake.LOOP]


def test_disappearances_count_also_where_nothing_is_deleted() -> None:
    """A flow that holds removals is stopped all the same: a login may have come to see less."""
    weight = Weight("customer", {}, removed=30)
    assert [trip.brake for trip in check(weight, STEADY, Limits())] == [Brake.MASS_DELETE]


def test_the_parts_of_a_plan_add_up() -> None:
    whole = plan(deletes=2, updates=3).weight().plus(plan(updates=4, creates=1).weight())
    assert (whole.of(Operation.UPDATE), whole.of(*Operation), whole.removed) == (7, 10, 2)


@pytest.mark.parametrize(("updates", "removed", "small"), [(20, 5, True), (21, 0, False), (0, 6, False)])
def test_a_plan_that_can_trip_nothing_is_not_weighed(updates: int, removed: int, small: bool) -> None:
    weight = Weight("customer", {Operation.UPDATE: updates}, removed)
    assert trivial(weight, Limits()) is small
    assert not small or check(weight, replace(STEADY, pairs=1_000_000), Limits()) == []
