"""What the monitor remembers: one row a drift, grants that end, shapes and facts that are replaced."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from syncd.ports.drift import DriftState, Fact, LearnedShape, Notice, Sighting
from syncd.store.database import Database
from syncd.store.drifts import DriftStore
from tests.integration.engine.world import OpenSeal, VirtualClock

SEEN = Sighting(
    fingerprint="ab12",
    connection="field",
    platform="servicetrade",
    operation="invoice",
    path="totalPrice",
    kind="field_renamed",
    before={"types": ["number"]},
    after={"types": []},
    level="breaking",
    action="hold",
    seen_before=300,
    seen_now=3,
    hits=3,
    distance=1e-9,
    samples=("101", "102"),
    mappings=("invoice.total",),
    renames=(("grandTotal", 0.97),),
    correction={"move": {"totalPrice": "grandTotal"}},
)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def drifts(database: Database, clock: VirtualClock) -> DriftStore:
    return DriftStore(database, clock, OpenSeal())


async def test_a_drift_seen_again_is_the_same_event(drifts: DriftStore, clock: VirtualClock) -> None:
    first, new = await drifts.sighted(SEEN)
    assert new
    clock.at += timedelta(seconds=5)
    again, new = await drifts.sighted(replace(SEEN, hits=9, seen_now=9))
    assert (again.id, new, again.seen.hits) == (first.id, False, 9)
    assert again.last_seen - again.first_seen == timedelta(seconds=5)
    assert again.seen.renames == (("grandTotal", 0.97),)
    assert await drifts.events() == [again]


async def test_the_same_drift_at_another_connection_is_another_event(drifts: DriftStore) -> None:
    first, _ = await drifts.sighted(SEEN)
    other, new = await drifts.sighted(replace(SEEN, connection="field2"))
    assert new
    assert other.id != first.id


async def test_what_was_closed_and_comes_back_is_a_new_event(drifts: DriftStore) -> None:
    first, _ = await drifts.sighted(SEEN)
    await drifts.move(first.id, DriftState.REVERTED, by="monitor")
    second, new = await drifts.sighted(SEEN)
    assert new
    assert second.id > first.id
    closed = await drifts.event(first.id)
    assert closed is not None
    assert (closed.state, closed.closed_at is not None) == (DriftState.REVERTED, True)


async def test_whoever_looks_sees_that_another_process_did_something(drifts: DriftStore) -> None:
    stamps = [await drifts.stamp()]
    first, _ = await drifts.sighted(SEEN)
    stamps.append(await drifts.stamp())
    await drifts.propose(first, by="dana", reason="they told us")
    stamps.append(await drifts.stamp())
    await drifts.move(first.id, DriftState.ACCEPTED, by="dana")
    stamps.append(await drifts.stamp())
    assert len(set(stamps)) == 4
    assert await drifts.stamp() == stamps[-1]


async def test_a_grant_ends_by_itself_or_is_revoked(drifts: DriftStore, clock: VirtualClock) -> None:
    event, _ = await drifts.sighted(SEEN)
    await drifts.grant(event, by="dana", reason="it is the new name", lasts=timedelta(hours=1))
    assert [g.drift for g in await drifts.grants()] == [event.id]
    clock.at += timedelta(hours=2)
    assert await drifts.grants() == []
    await drifts.grant(event, by="dana", reason="again", lasts=timedelta(hours=1))
    await drifts.withdraw(event.id)
    assert await drifts.grants() == []


async def test_a_proposal_says_what_the_file_should_say(drifts: DriftStore) -> None:
    event, _ = await drifts.sighted(SEEN)
    await drifts.propose(event, by="dana", reason="release notes of 12 November")
    (one,) = await drifts.proposals()
    assert one.change["renamed_to"] == "grandTotal"
    assert one.correction == SEEN.correction
    await drifts.close_proposals([one.id])
    assert await drifts.proposals() == []


async def test_shapes_facts_and_notices_are_replaced(drifts: DriftStore, clock: VirtualClock) -> None:
    for records in (10, 20):
        shape = LearnedShape("field", "invoice", "", "baseline", b"...", records, clock.now())
        await drifts.keep_shapes([shape])
        fact = Fact("field", "token_lifetime_s", 3600.0 * records, clock.now(), clock.now())
        await drifts.keep_facts([fact])
        told = Notice("drift:ab12", "breaking", "totalPrice is gone", clock.now(), clock.now(), records)
        await drifts.keep_notices([told])
    assert [s.records for s in await drifts.shapes()] == [20]
    assert [f.value for f in await drifts.facts("field")] == [72_000.0]
    assert [n.times for n in (await drifts.notices()).values()] == [20]
