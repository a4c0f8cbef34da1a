"""What the reference platform can be made to do, beyond what the conformance suite asks of everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from syncd.connectors.memory import (
    FIELD,
    LEDGER,
    PLATFORM,
    Behaviour,
    Call,
    Fault,
    FaultKind,
    MemoryConnector,
    MemoryPlatform,
    MemorySettings,
    OrderedFaults,
    SeededFaults,
    trimmed,
)
from syncd.connectors.registry import Opening
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, Unknown
from syncd.ports import Seen, WriteRequest


class _Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        await asyncio.sleep(0)


class _Vault:
    async def load(self, connection: str, name: str) -> bytes | None:
        return None

    async def save(self, connection: str, name: str, value: bytes) -> None:
        return None


def _request(reference: str = "r-1", name: str = "Orchard Foods") -> WriteRequest:
    body = LEDGER.maps["customer"].put({"name": name}, None)
    return WriteRequest("customer", Operation.CREATE, reference, body=body)


async def _seen(connector: MemoryConnector, since: str | None = None) -> Sequence[Seen]:
    return [seen async for page in connector.pages("customer", since=since) for seen in page.records]


async def test_a_late_write_is_carried_out_after_we_gave_up() -> None:
    clock, faults = _Clock(), OrderedFaults()
    connector = MemoryConnector(MemoryPlatform(LEDGER, clock, faults=faults))
    faults.order(Call.WRITE, Fault(FaultKind.LATE, after_s=30.0))
    assert isinstance(await connector.submit(_request()), Unknown)
    assert await connector.evidence(_request()) == ()
    await clock.sleep(30.0)
    assert len(await connector.evidence(_request())) == 1


async def test_what_was_written_is_listed_only_after_the_lag() -> None:
    clock = _Clock()
    connector = MemoryConnector(MemoryPlatform(LEDGER, clock, behaviour=Behaviour(lag_s=20.0)))
    made = await connector.submit(_request())
    assert isinstance(made, Confirmed)
    assert await connector.fetch("customer", made.key) is not None
    assert await _seen(connector) == []
    await clock.sleep(20.0)
    assert [seen.key for seen in await _seen(connector)] == [made.key]


async def test_accepted_is_not_posted() -> None:
    clock = _Clock()
    connector = MemoryConnector(MemoryPlatform(LEDGER, clock, behaviour=Behaviour(posts_after_s=60.0)))
    taken_in = await connector.submit(_request())
    assert isinstance(taken_in, Confirmed)
    assert not taken_in.posted
    assert await connector.evidence(_request()) == ()
    await clock.sleep(60.0)
    assert [seen.key for seen in await connector.evidence(_request())] == [taken_in.key]


async def test_a_delete_feed_names_what_is_gone() -> None:
    clock = _Clock()
    platform = MemoryPlatform(LEDGER, clock, behaviour=Behaviour(delete_feed=True))
    connector = MemoryConnector(platform)
    key = platform.add("customer", {"acct_name": "Orchard Foods"})
    platform.remove("customer", key)
    assert await _seen(connector) == []
    since = clock.now().isoformat()
    assert [(seen.key, seen.deleted) for seen in await _seen(connector, since)] == [(key, True)]


async def test_a_ledger_keeps_what_it_can_hold() -> None:
    connector = MemoryConnector(MemoryPlatform(LEDGER, _Clock(), normalise=trimmed(LEDGER)))
    request = WriteRequest("customer", Operation.CREATE, "r-1", body={"acct_name": "  " + "x" * 80})
    made = await connector.submit(request)
    assert isinstance(made, Confirmed)
    assert made.raw is not None
    assert b'"acct_name":"' + b"x" * 50 + b'"' in made.raw


@pytest.mark.parametrize("seed", range(5))
def test_seeded_faults_are_the_same_for_the_same_seed_and_stop_when_told(seed: int) -> None:
    rates = {FaultKind.LOST_AFTER: 0.2, FaultKind.LATE: 0.2, FaultKind.PAGE_SHIFT: 0.3}
    calls = [Call.WRITE, Call.PAGE, Call.FETCH] * 30
    sources = [SeededFaults(Random(seed), rates) for _ in range(2)]
    drawn = [[source.draw(call) for call in calls] for source in sources]
    assert drawn[0] == drawn[1]
    assert sources[0].struck == sources[1].struck
    assert {fault.kind for fault in drawn[0] if fault} <= rates.keys()
    assert all(fault is None for fault in drawn[0][2::3]), "none of these can strike a fetch"
    sources[0].stopped = True
    assert not any(sources[0].draw(call) for call in calls)


def test_a_fault_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot strike"):
        OrderedFaults().order(Call.FETCH, Fault(FaultKind.PAGE_SHIFT))


async def test_connections_that_name_one_platform_share_its_records() -> None:
    clock = _Clock()
    settings = MemorySettings(platform="shared", shape="field")
    one, other = (PLATFORM.open(Opening(name, settings, clock, _Vault())) for name in ("one", "other"))
    body = FIELD.maps["customer"].put({"name": "Orchard Foods"}, None)
    made = await one.submit(WriteRequest("customer", Operation.CREATE, "r-1", body=body))
    assert isinstance(made, Confirmed)
    assert await other.fetch("customer", made.key) == Seen(made.key, made.raw or b"")
