"""Every pair that has a demo and needs no bridge: the same story, small, with answers lost on the way. A new
pair is tested here by being there; what is its own, its stories in ``tests/golden/pairs`` tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.demo.pair import Told, pair
from syncd.demo.result import doubled
from syncd.sandbox.faults import Fault, FaultKind
from tests.integration.pairs.story import PAIRS, told

CARRIED = [
    (name, kind) for name in PAIRS for kind in (["invoice", "bill"] if pair(name).bills else ["invoice"])
]


@pytest.mark.parametrize(("name", "kind"), CARRIED)
async def test_approved_documents_stand_there_once_whatever_gets_lost(
    name: str, kind: str, tmp_path: Path
) -> None:
    async with told(name, tmp_path) as story:
        field, books = story.kinds[kind]
        await story.sync()
        before = await books.documents()
        chosen = list(await field.waiting())[:8]
        assert len(chosen) == 8
        for document in chosen:
            await field.approve(document)
        # of the writes that follow, some are carried out and their answers lost, some never arrive; addresses
        # that end in n are logins (.../token), which have tests of their own
        await story.controls[1].order(
            Fault(kind=FaultKind.LOST_ANSWER, method="P*", path="*[!n]", after=1, times=3),
            Fault(kind=FaultKind.LOST_BEFORE, method="P*", path="*[!n]", after=5, times=1),
            Fault(kind=FaultKind.STATUS, method="*", path="*[!n]", status=429, after=9, times=1),
        )
        await story.sync(4)
        documents = await books.documents()
        mine = [d for d in documents if d.number in {one.number for one in chosen}]
        assert len(mine) == len(chosen)
        assert len(documents) == len(before) + len(chosen), "nothing historical was posted"
        assert doubled(documents) == await books.doubled() == 0
        left, right = await story.totals(kind)
        assert left == right
        heard = await field.told()
        assert not heard or {heard[i.number] for i in chosen} == {Told.POSTED}


@pytest.mark.parametrize("name", PAIRS)
async def test_both_ends_can_be_checked(name: str, tmp_path: Path) -> None:
    async with told(name, tmp_path) as story:
        for connector in story.opened.connectors.values():
            found = await connector.probe()
            assert [finding for finding in found if finding.level == "error"] == []
