"""Every pair with a demo, in a storm: both platforms lose answers, break, throttle, expire logins and shift
their lists while people approve invoices; then it calms down, and everything stands once."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from syncd.demo.result import doubled
from syncd.sandbox.faults import Fault, FaultKind
from tests.integration.pairs.story import PAIRS, told

ROUNDS, APPROVED = 6, 5
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


@pytest.mark.soak
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("seed", range(3))
async def test_after_the_storm_everything_stands_once(name: str, seed: int, tmp_path: Path) -> None:
    chance = Random(seed)
    async with told(name, tmp_path, seed) as story:
        await story.sync()
        approved = set()
        for _ in range(ROUNDS):
            waiting = list(await story.field.waiting())
            for invoice in chance.sample(waiting, min(APPROVED, len(waiting))):
                await story.field.approve(invoice)
                approved.add(invoice.number)
            # the office works in the same product: what strikes it is not what is tried here
            for control in story.controls:
                await control.order(*_STORM)
            await story.sync(quiet=False)
            for control in story.controls:
                await control.clear_faults()
        await story.sync(6)
        documents = await story.books.documents()
        assert approved <= {document.number for document in documents}
        assert doubled(documents) == await story.books.doubled() == 0
        left, right = await story.totals()
        assert left == right
        before = await story.field.writes() + await story.books.writes()
        await story.sync(2)
        assert await story.field.writes() + await story.books.writes() == before, "it has become quiet"
