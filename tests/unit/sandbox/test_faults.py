"""The fault plan: which request an order hits, how often, and the same way for a seed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syncd.sandbox.faults import Fault, FaultKind, FaultPlan

ANY = frozenset(FaultKind)


def fires(plan: FaultPlan, count: int, method: str = "GET", path: str = "/api/job") -> list[bool]:
    return [plan.pick(ANY, method=method, path=path) is not None for _ in range(count)]


def planned(*faults: Fault, seed: int = 0) -> FaultPlan:
    plan = FaultPlan(seed)
    plan.add(faults)
    return plan


def test_an_order_is_spent_after_its_times() -> None:
    plan = planned(Fault(kind=FaultKind.STATUS, times=2))
    assert fires(plan, 4) == [True, True, False, False]
    (count,) = plan.counts()
    assert (count.seen, count.fired) == (4, 2)


def test_an_order_without_times_goes_on() -> None:
    assert all(fires(planned(Fault(kind=FaultKind.STATUS, times=None)), 5))


def test_the_first_requests_pass_where_it_says_so() -> None:
    assert fires(planned(Fault(kind=FaultKind.STATUS, after=2)), 4) == [False, False, True, False]


def test_method_path_and_operation_choose_the_request() -> None:
    plan = planned(
        Fault(kind=FaultKind.STATUS, method="PUT", path="/api/invoice/*", times=None),
        Fault(kind=FaultKind.LOCKED, operation="Client*Rq", times=None),
    )
    assert plan.pick(ANY, method="GET", path="/api/invoice/1") is None
    hit = plan.pick(ANY, method="PUT", path="/api/invoice/1")
    assert hit is not None
    assert hit.kind is FaultKind.STATUS
    locked = plan.pick(ANY, operation="ClientAddRq")
    assert locked is not None
    assert locked.kind is FaultKind.LOCKED
    assert plan.pick(ANY, operation="JobAddRq") is None


def test_a_kind_that_is_not_asked_for_is_not_used_up() -> None:
    plan = planned(Fault(kind=FaultKind.CLOSED_PERIOD))
    assert plan.pick(frozenset({FaultKind.STATUS})) is None
    assert plan.pick(frozenset({FaultKind.CLOSED_PERIOD})) is not None


def test_chances_come_from_the_seed() -> None:
    fault = Fault(kind=FaultKind.STATUS, times=None, probability=0.5)
    first = fires(planned(fault, seed=3), 50)
    assert first == fires(planned(fault, seed=3), 50)
    assert any(first)
    assert not all(first)


def test_clearing_forgets_orders_and_counts() -> None:
    plan = planned(Fault(kind=FaultKind.STATUS))
    plan.clear()
    assert fires(plan, 1) == [False]
    assert plan.counts() == []


def test_a_misspelt_order_is_refused() -> None:
    with pytest.raises(ValidationError):
        Fault.model_validate({"kind": "status", "statuss": 500})
