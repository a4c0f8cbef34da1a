"""Every pair whose ledger takes files: what is approved stands in it once, in one batch, and is called posted
when a person has said so. A new pair is tested here by being there."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.demo.pair import Told, Waiting
from syncd.demo.sides.by_file import standing_once
from tests.integration.pairs.story import BY_FILE, Handed, handed


async def approved(story: Handed, count: int) -> dict[str, str]:
    """Number -> key of invoices that were just approved."""
    chosen = list(await story.field.waiting())[:count]
    assert len(chosen) == count
    for invoice in chosen:
        await story.field.approve(invoice)
    return {invoice.number: invoice.key for invoice in chosen}


@pytest.mark.parametrize("name", BY_FILE)
async def test_what_is_approved_stands_there_once_and_is_posted_when_somebody_says_so(
    name: str, tmp_path: Path
) -> None:
    async with handed(name, tmp_path) as story:
        await story.ledger.enter_missing()
        await story.at.sync()
        mine = await approved(story, 6)
        await story.at.sync()
        (job, *_) = [
            entry.document.partition('"job": "')[2].partition('"')[0]
            for entry in story.desk.ledger.waiting("invoice")
        ]
        await story.ledger.close_job(job)
        (made,) = story.desk.run("dana", story.at.clock.now())
        assert made.count == len(mine)
        await story.at.sync(2)
        told = await story.field.told()
        assert {told[number] for number in mine} == {Told.NOTHING}, "a file is no posting"
        answer = await story.ledger.take_in(story.desk.folder / made.files[0])
        assert answer["booked"] == (0 if story.told.whole else len(mine) - len(answer["errors"]))
        story.desk.confirm(made.batch, "dana", story.at.clock.now(), but=answer["errors"])
        await story.at.sync(2)
        told = await story.field.told()
        assert {n for n in mine if told[n] is Told.REFUSED} == set(answer["errors"]) != set()
        await story.ledger.reopen_job(job)
        for invoice in _named(answer["errors"], mine):
            await story.field.approve(invoice)
        await story.at.sync()
        assert await story.batch() == (len(mine) if story.told.whole else len(answer["errors"]))
        await story.at.sync(2)
        documents = await story.ledger.documents()
        assert standing_once(documents, set(mine)) == len(documents) == len(mine)
        totals = await story.field.totals()
        assert sum(d.total for d in documents) == sum(totals[key] for key in mine.values())
        told = await story.field.told()
        assert {told[number] for number in mine} == {Told.POSTED}
        before = await story.field.writes()
        await story.at.sync(2)
        assert (await story.field.writes(), await story.batch()) == (before, 0)


def _named(numbers: dict[str, str], mine: dict[str, str]) -> list[Waiting]:
    return [Waiting(mine[number], number) for number in numbers]


@pytest.mark.parametrize("name", BY_FILE)
async def test_what_the_ledger_does_not_have_yet_is_waited_for(name: str, tmp_path: Path) -> None:
    async with handed(name, tmp_path) as story:
        await story.at.sync()
        mine = await approved(story, 30)
        await story.at.sync()
        first = await story.batch()
        assert 0 < first < len(mine), "some have a customer or job that is in no report"
        await story.ledger.enter_missing()
        await story.at.sync(2)
        assert first + await story.batch() == len(mine)
        assert standing_once(await story.ledger.documents(), set(mine)) == len(mine)
