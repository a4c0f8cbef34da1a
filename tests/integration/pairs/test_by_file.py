"""Every pair whose ledger takes files, once more: what its reports do not have yet is waited for. Their
days are told in ``tests/golden/pairs``."""

from __future__ import annotations

from pathlib import Path

import pytest

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
