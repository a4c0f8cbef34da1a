"""Every pair with a demo, in a storm: both platforms lose answers, break, throttle, expire logins and shift
their lists while people approve invoices, edit customers on both sides, work and use parts; then it calms
down, and everything stands once."""

from __future__ import annotations

import json
from collections.abc import Set
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from syncd.demo.labour_result import doubled as doubled_hours
from syncd.demo.pair import Shown, Told, Visit, Waiting
from syncd.demo.result import doubled
from syncd.demo.sides.by_file import KINDS, standing_once
from syncd.demo.site import LINK
from syncd.files.rows import Entry
from syncd.sandbox.faults import Fault, FaultKind
from tests.integration.pairs.story import (
    BY_FILE,
    LABOUR,
    PAIRS,
    Handed,
    Story,
    handed,
    labouring,
    told,
)

ROUNDS, APPROVED, EDITED, VISITS = 6, 5, 2, 2
"""Rounds of the storm, and what people do in each: of invoices, of customers on either side, of jobs."""
_BETWEEN_ROUNDS_S = 900.0
# addresses that end in n are logins (.../token)
_ANY = {"path": "*[!n]", "times": None}
_STORM = (
    Fault(kind=FaultKind.LOST_ANSWER, method="P*", probability=0.15, **_ANY),
    Fault(kind=FaultKind.LOST_BEFORE, method="P*", probability=0.05, **_ANY),
    Fault(kind=FaultKind.COMMIT_THEN_STATUS, method="P*", status=502, probability=0.05, **_ANY),
    Fault(kind=FaultKind.HTML, method="*", probability=0.03, **_ANY),
    Fault(kind=FaultKind.TRUNCATED, method="*", probability=0.03, **_ANY),
    Fault(kind=FaultKind.STATUS, method="*", status=429, retry_after_s=1, probability=0.05, **_ANY),
    Fault(kind=FaultKind.STATUS, method="GET", status=503, probability=0.03, **_ANY),
    Fault(kind=FaultKind.EXPIRE_TOKEN, method="*", probability=0.02, **_ANY),
    Fault(kind=FaultKind.SHIFT_PAGES, method="GET", probability=0.05, **_ANY),
)
_BRIDGED_STORM = (
    Fault(kind=FaultKind.LOST_ANSWER, path="*submitXML", probability=0.15, times=None),
    Fault(kind=FaultKind.LOST_BEFORE, path="*submitXML", probability=0.05, times=None),
    Fault(kind=FaultKind.COMMIT_THEN_STATUS, path="*submitXML", status=502, probability=0.05, times=None),
    Fault(kind=FaultKind.LOCKED, operation="*Rq", probability=0.1, times=None),
)


@pytest.mark.soak
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("seed", range(3))
async def test_after_the_storm_everything_stands_once(name: str, seed: int, tmp_path: Path) -> None:
    chance = Random(seed)
    async with told(name, tmp_path, seed) as story:
        await story.sync()
        approved: dict[str, set[str]] = {kind: set() for kind in story.kinds}
        edited: dict[tuple[str, str], Shown] = {}
        for _ in range(ROUNDS):
            for kind, (field, _) in story.kinds.items():
                waiting = list(await field.waiting())
                for document in chance.sample(waiting, min(APPROVED, len(waiting))):
                    await field.approve(document)
                    approved[kind].add(document.number)
            edited |= await edit(story, chance, edited.keys())
            # a record tried six times within an hour looks like a loop, and rightly waits for a person
            await story.at.clock.sleep(_BETWEEN_ROUNDS_S)
            # the office works in the same product: what strikes it is not what is tried here
            for control in story.controls:
                await control.order(*_STORM)
            await story.sync(quiet=False)
            for control in story.controls:
                await control.clear_faults()
        await story.sync(6)
        for kind, (_, books) in story.kinds.items():
            documents = await books.documents()
            assert approved[kind] <= {document.number for document in documents}
            assert doubled(documents) == await books.doubled() == 0
            left, right = await story.totals(kind)
            assert left == right
        for (on_left, on_right), last in edited.items():
            assert await story.field.customer(on_left) == await story.books.customer(on_right) == last
        before = await story.field.writes() + await story.books.writes()
        await story.sync(2)
        assert await story.field.writes() + await story.books.writes() == before, "it has become quiet"


@pytest.mark.soak
@pytest.mark.parametrize("name", BY_FILE)
@pytest.mark.parametrize("seed", range(2))
async def test_after_the_storm_every_record_was_in_one_batch(name: str, seed: int, tmp_path: Path) -> None:
    """The ledger's side is files of this machine, which no storm strikes; there, jobs are closed and opened
    while batches are made, imported and answered."""
    chance = Random(seed)
    async with handed(name, tmp_path, seed) as story:
        await story.at.sync()
        approved: dict[str, Waiting] = {}
        visits: list[Visit] = []
        for at in range(ROUNDS):
            waiting = list(await story.field.waiting())
            chosen = chance.sample(waiting, min(APPROVED, len(waiting)))
            for invoice in chosen:
                await story.field.approve(invoice)
                approved[invoice.number] = invoice
            worked = [Decimal(chance.randrange(1, 32)) / 4 for _ in range(VISITS)]
            visits += [await story.field.visit(*one) for one in zip(chosen, worked, strict=False)]
            await story.at.controls[0].order(*_STORM)
            await story.at.sync(quiet=False)
            await story.at.controls[0].clear_faults()
            if at == 2:
                await story.ledger.enter_missing()
            taken = [entry for kind in KINDS for entry in story.desk.ledger.waiting(kind)]
            closed = {job_of(entry) for entry in taken if chance.random() < 0.2}
            for job in closed:
                await story.ledger.close_job(job)
            await story.batch()
            for job in closed:
                await story.ledger.reopen_job(job)
            await story.at.sync()
            told = await story.field.told()
            for number in [n for n in approved if told[n] is Told.REFUSED]:
                await story.field.approve(approved[number])
        # of hours and parts the field service is told nothing: a person tries again what was rejected
        await story.at.retry_all()
        for _ in range(4):
            await story.at.sync(3)
            await story.batch()
        documents = await story.ledger.documents()
        assert standing_once(documents, set(approved)) == len(documents) == len(approved)
        totals = await story.field.totals()
        assert sum(d.total for d in documents) == sum(totals[i.key] for i in approved.values())
        told = await story.field.told()
        assert {told[number] for number in approved} == {Told.POSTED}
        assert await carried(story, "time_entry") == await story.field.worked()
        assert await carried(story, "job_cost") == await story.field.used()
        assert len(await story.field.worked()) == len(await story.field.used()) == len(visits)
        before = await story.field.writes()
        await story.at.sync(2)
        assert (await story.field.writes(), await story.batch()) == (before, 0), "it has become quiet"


@pytest.mark.soak
@pytest.mark.parametrize("name", LABOUR)
@pytest.mark.parametrize("seed", range(3))
async def test_after_the_storm_every_hour_is_paid_once(name: str, seed: int, tmp_path: Path) -> None:
    """Payroll's side is behind a bridge: what is submitted there gets lost, breaks and is locked; and jobs
    are closed and opened while hours are verified and entries that payroll has are deleted."""
    chance = Random(seed)
    async with labouring(name, tmp_path, seed) as story:
        field, books = story.at.controls
        await field.order(*_STORM)
        await story.at.sync(2, quiet=False)
        await field.clear_faults()
        await story.at.sync(2)
        before = {line.key for line in await story.payroll.lines()}
        verified: set[str] = set()
        deleted: set[str] = set()
        for _ in range(ROUNDS):
            waiting = list(await story.time.waiting())
            cards = chance.sample(waiting, min(APPROVED, len(waiting)))
            closed = {card.job for card in cards if chance.random() < 0.2}
            for job in closed:
                await story.payroll.close_job(job)
            for card in cards:
                await story.time.verify(card)
                verified |= card.records.keys()
            await field.order(*_STORM)
            await books.order(*_BRIDGED_STORM)
            await story.at.sync(quiet=False)
            for control in story.at.controls:
                await control.clear_faults()
            for job in closed:
                await story.payroll.reopen_job(job)
            standing = (await story.paid()).keys()
            for card in [card for card in cards if card.records.keys() <= standing][:1]:
                await story.time.delete(card)
                deleted |= card.records.keys()
        await story.at.sync(3)
        await story.at.retry_all()
        await story.at.sync(4)
        paid = await story.paid()
        lines = await story.payroll.lines()
        assert verified <= paid.keys()
        assert {line.key for line in lines} - before == {paid[key].key for key in verified}
        assert doubled_hours(lines) == 0
        assert await story.unequal(beside=deleted) == {}
        writes = await story.writes()
        await story.at.sync(2)
        assert await story.writes() == writes, "it has become quiet"


async def edit(story: Story, chance: Random, before: Set[tuple[str, str]]) -> dict[tuple[str, str], Shown]:
    """The office corrects some customers' phones while the bookkeeper corrects their streets. Their keys on
    both sides, and what they are to be shown as in the end. None of ``before``."""
    pairs = await story.opened.store.bindings(LINK, "customer")
    chosen = {}
    for left, right in chance.sample(sorted(set(pairs) - before), EDITED):
        phone, street = f"(317) 555-{chance.randrange(100, 200):04}", f"{chance.randrange(1_000)} Harbor Way"
        await story.field.set_phone(left, phone)
        await story.books.set_street(right, street)
        chosen[left, right] = Shown(phone, street)
    return chosen


async def carried(story: Handed, kind: str) -> dict[str, Decimal]:
    """Number -> money or hours, of what stands in the ledger; each of them once."""
    documents = await story.ledger.documents(kind)
    assert standing_once(documents, {one.number for one in documents}) == len(documents)
    return {one.number: one.total for one in documents}


def job_of(entry: Entry) -> str:
    return str(json.loads(entry.document).get("job") or "")
