"""Every pair that has a demo and needs no bridge: the same story, small, with answers lost on the way. A new
pair is tested here by being there."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.demo.pair import Told
from syncd.demo.result import doubled
from syncd.demo.site import LINK
from syncd.sandbox.faults import Fault, FaultKind
from tests.integration.pairs.story import PAIRS, told


@pytest.mark.parametrize("name", PAIRS)
async def test_approved_invoices_stand_there_once_whatever_gets_lost(name: str, tmp_path: Path) -> None:
    async with told(name, tmp_path) as story:
        await story.sync()
        before = await story.books.documents()
        chosen = list(await story.field.waiting())[:8]
        assert len(chosen) == 8
        for invoice in chosen:
            await story.field.approve(invoice)
        # of the writes that follow, some are carried out and their answers lost, some never arrive; addresses
        # that end in n are logins (.../token), which have tests of their own
        await story.controls[1].order(
            Fault(kind=FaultKind.LOST_ANSWER, method="P*", path="*[!n]", after=1, times=3),
            Fault(kind=FaultKind.LOST_BEFORE, method="P*", path="*[!n]", after=5, times=1),
            Fault(kind=FaultKind.STATUS, method="*", path="*[!n]", status=429, after=9, times=1),
        )
        await story.sync(4)
        documents = await story.books.documents()
        mine = [d for d in documents if d.number in {invoice.number for invoice in chosen}]
        assert len(mine) == len(chosen)
        assert len(documents) == len(before) + len(chosen), "nothing historical was posted"
        assert doubled(documents) == await story.books.doubled() == 0
        left, right = await story.totals()
        assert left == right
        heard = await story.field.told()
        assert not heard or {heard[i.number] for i in chosen} == {Told.POSTED}


@pytest.mark.parametrize("name", PAIRS)
async def test_edits_of_one_customer_meet_and_then_it_is_quiet(name: str, tmp_path: Path) -> None:
    async with told(name, tmp_path) as story:
        await story.sync(2)
        (left, right), *_ = await story.opened.store.bindings(LINK, "customer")
        await story.field.set_phone(left, "(317) 555-0177")
        await story.books.set_street(right, "77 Harbor Way")
        await story.sync(2)
        assert (await story.field.customer(left)).street == "77 Harbor Way"
        assert (await story.books.customer(right)).phone == "(317) 555-0177"
        before = await story.field.writes() + await story.books.writes()
        await story.sync(2)
        assert await story.field.writes() + await story.books.writes() == before


@pytest.mark.parametrize("name", PAIRS)
async def test_both_ends_can_be_checked(name: str, tmp_path: Path) -> None:
    async with told(name, tmp_path) as story:
        for connector in story.opened.connectors.values():
            found = await connector.probe()
            assert [finding for finding in found if finding.level == "error"] == []


@pytest.mark.parametrize("name", PAIRS)
async def test_one_invoice_is_sent_on_command_and_only_once(name: str, tmp_path: Path) -> None:
    """Also one that nobody has approved yet: whoever asks for it by its number means it."""
    async with told(name, tmp_path) as story:
        await story.sync()
        before = await story.books.documents()
        wanted, *_ = await story.field.waiting()
        operator = story.opened.operator(daemon=False)
        for _ in range(2):
            await operator.send(LINK, "invoice", wanted.number, actor="test")
        await story.sync(2)
        documents = await story.books.documents()
        assert [d.number for d in documents].count(wanted.number) == 1
        assert len(documents) == len(before) + 1
