"""Every pair that carries hours: what is verified is paid once, whatever gets lost; what payroll refuses
waits for a person; what it has taken is not edited. A new pair is tested here by being there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from syncd.demo.labour_result import doubled
from syncd.demo.pair import Card
from syncd.demo.site import LINK
from syncd.sandbox.faults import Fault, FaultKind
from tests.integration.pairs.story import LABOUR, Labour, labouring

SUBMITTED = "*submitXML"


async def verified(story: Labour, count: int) -> Sequence[Card]:
    """Entries that were just verified, those with several classes of pay first."""
    waiting = sorted(await story.time.waiting(), key=lambda card: -len(card.records))
    for card in waiting[:count]:
        await story.time.verify(card)
    return waiting[:count]


@pytest.mark.parametrize("name", LABOUR)
async def test_verified_hours_are_paid_once_whatever_gets_lost(name: str, tmp_path: Path) -> None:
    async with labouring(name, tmp_path) as story:
        field, books = story.at.controls
        # the imports of people and jobs lose answers, too
        await field.order(Fault(kind=FaultKind.LOST_ANSWER, method="POST", times=1))
        await story.at.sync(3)
        before = await story.payroll.lines()
        mine = {key for card in await verified(story, 6) for key in card.records}
        assert len(mine) > 6, "some have several classes of pay"
        await books.order(
            Fault(kind=FaultKind.LOST_ANSWER, path=SUBMITTED, after=1, times=3),
            Fault(kind=FaultKind.LOST_BEFORE, path=SUBMITTED, after=5, times=1),
            Fault(kind=FaultKind.LOCKED, operation="*Rq", after=7, times=1),
        )
        await story.at.sync(5)
        assert mine <= (await story.paid()).keys()
        lines = await story.payroll.lines()
        assert len(lines) == len(before) + len(mine), "nothing of before was posted"
        assert doubled(lines) == 0
        assert await story.unequal() == {}
        writes = await story.writes()
        await story.at.sync(2)
        assert await story.writes() == writes, "and then it is quiet"


@pytest.mark.parametrize("name", LABOUR)
async def test_hours_on_a_closed_job_wait_for_a_person(name: str, tmp_path: Path) -> None:
    async with labouring(name, tmp_path) as story:
        await story.at.sync()
        card, *_ = await story.time.waiting()
        await story.payroll.close_job(card.job)
        await story.time.verify(card)
        await story.at.sync(2)
        operator = story.at.opened.operator(daemon=False)
        lives = [life for key in card.records for life in await operator.explain("time_entry", key, LINK)]
        assert {life.state for life in lives} == {"quarantined"}
        assert {f"Job {card.job} is closed." in life.reason for life in lives} == {True}
        await story.payroll.reopen_job(card.job)
        await story.retry_all()
        await story.at.sync(2)
        assert card.records.keys() <= (await story.paid()).keys()


@pytest.mark.parametrize("name", LABOUR)
async def test_what_payroll_has_is_not_edited(name: str, tmp_path: Path) -> None:
    """Corrected afterwards: a conflict. Deleted afterwards: held. Nothing is written either way."""
    async with labouring(name, tmp_path) as story:
        await story.at.sync()
        corrected, deleted = await verified(story, 2)
        await story.at.sync(2)
        lines, writes = await story.payroll.lines(), await story.writes()
        await story.time.correct(corrected)
        await story.time.delete(deleted)
        await story.at.sync(3)
        assert (await story.payroll.lines(), await story.writes()) == (lines, writes)
        status = await story.at.opened.operator(daemon=False).status(LINK)
        (flow,) = [flow for flow in status.links[0].flows if flow.flow == "time_entry"]
        assert (flow.conflicts, flow.held) == (1, len(deleted.records))


@pytest.mark.parametrize("name", LABOUR)
async def test_both_ends_can_be_checked(name: str, tmp_path: Path) -> None:
    async with labouring(name, tmp_path) as story:
        await story.at.opened.wait_for_bridges()
        for connector in story.at.opened.connectors.values():
            found = await connector.probe()
            assert [finding for finding in found if finding.level == "error"] == []
