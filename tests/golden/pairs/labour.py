"""Plays the stories of a pair that carries hours."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path
from typing import Final

from syncd.api.models import FlowStatus
from syncd.demo.labour_result import doubled
from syncd.demo.pair import Card, Line
from syncd.demo.site import LINK
from syncd.sandbox.faults import Fault, FaultKind
from tests.golden.pairs.telling import tell
from tests.golden.parser import Sentence
from tests.integration.pairs.story import Labour, labouring

SENTENCES: Final = {
    "sync": r"sync( (?P<times>\d+) times)?",
    "verify": r"payroll verifies (?P<count>\d+) (entry|entries)",
    "closes": r"the bookkeeper closes the job of one of them",
    "reopens": r"the bookkeeper opens that job again",
    "retry": r"the operator retries what was refused",
    "corrects": r"a foreman corrects one of them",
    "deletes": r"a foreman deletes another",
    "imports_lost": r"the next (?P<times>\d+ )?imports? (is|are) taken in, but the answers? (is|are) lost",
    "fault": r"the next (?P<times>\d+ )?lines? of payroll (?P<fault>.+)",
    "people": r"then the field knows everybody whom payroll pays",
    "recognised": r"then hours that were typed in by hand are recognised",
    "paid": r"then each of their hours stands in payroll once",
    "unpaid": r"then none of their hours stands in payroll",
    "refused": r'then those on that job are refused, because "(?P<words>[^"]+)"',
    "alike": r"then both sides' hours are equal",
    "historical": r"then nothing that was there before was paid again",
    "shown": r"then both changes are shown to a person",
    "untouched": r"then payroll is not edited",
    "quiet": r"then nothing more is written",
}
_SUBMITTED: Final = "*submitXML"
_FAULTS: Final = {
    "is carried out, but its answer is lost": Fault(kind=FaultKind.LOST_ANSWER, path=_SUBMITTED),
    "are carried out, but their answers are lost": Fault(kind=FaultKind.LOST_ANSWER, path=_SUBMITTED),
    "never arrives": Fault(kind=FaultKind.LOST_BEFORE, path=_SUBMITTED),
    "finds payroll locked by somebody": Fault(kind=FaultKind.LOCKED, operation="*Rq"),
}


class Player:
    """One playing of one story."""

    def __init__(self, story: Labour) -> None:
        self._story = story
        self._cards: list[Card] = []
        self._job = ""
        self._changed: set[str] = set()
        self._deleted = 0
        self._before: Set[str] | None = None
        self._lines: list[Line] = []
        self._writes = 0

    @property
    def _mine(self) -> set[str]:
        return {key for card in self._cards for key in card.records}

    async def sync(self, times: str = "1") -> None:
        if self._before is None:
            self._before = {line.key for line in await self._story.payroll.lines()}
        await self._story.at.sync(int(times), quiet=False)

    async def verify(self, count: str) -> None:
        """Those with several classes of pay first: each class is a line."""
        waiting = sorted(await self._story.time.waiting(), key=lambda card: (-len(card.records), card.key))
        assert len(waiting) >= int(count), f"only {len(waiting)} could be verified"
        for card in waiting[: int(count)]:
            await self._story.time.verify(card)
            self._cards.append(card)

    async def closes(self) -> None:
        self._job = self._cards[-1].job
        await self._story.payroll.close_job(self._job)

    async def reopens(self) -> None:
        await self._story.payroll.reopen_job(self._job)

    async def retry(self) -> None:
        await self._story.at.retry_all()

    async def corrects(self) -> None:
        self._lines, self._writes = [*await self._story.payroll.lines()], await self._story.writes()
        self._changed |= self._cards[0].records.keys()
        await self._story.time.correct(self._cards[0])

    async def deletes(self) -> None:
        self._changed |= self._cards[1].records.keys()
        self._deleted = len(self._cards[1].records)
        await self._story.time.delete(self._cards[1])

    async def imports_lost(self, times: str = "1") -> None:
        await self._story.at.controls[0].order(
            Fault(kind=FaultKind.LOST_ANSWER, method="POST", times=int(times))
        )

    async def fault(self, fault: str, times: str = "1") -> None:
        await self._story.at.controls[1].order(_FAULTS[fault].model_copy(update={"times": int(times)}))

    # -- what must be true

    async def people(self) -> None:
        flow = await self._flow("employee")
        assert flow.in_step > 0, "there is nobody"
        assert (flow.due, flow.waiting, flow.unmatched, flow.out_of_scope) == (0, 0, 0, 0)

    async def recognised(self) -> None:
        assert self._before is not None
        known = {line.key for line in (await self._story.paid()).values()}
        assert known & self._before, "none is"

    async def paid(self) -> None:
        paid = await self._story.paid()
        missing = self._mine - paid.keys()
        assert not missing, f"missing: {sorted(missing)}"
        assert len({paid[key].key for key in self._mine}) == len(self._mine)
        assert doubled(await self._story.payroll.lines()) == 0

    async def unpaid(self) -> None:
        found = self._mine & (await self._story.paid()).keys()
        assert not found, sorted(found)

    async def refused(self, words: str) -> None:
        there = {key for card in self._cards if card.job == self._job for key in card.records}
        found = await self._story.at.opened.operator(daemon=False).quarantine(LINK)
        assert len(found) == len(there), [one.reason for one in found]
        assert all(words in one.reason for one in found), [one.reason for one in found]

    async def alike(self) -> None:
        unequal = await self._story.unequal(beside=self._changed)
        assert not unequal, unequal

    async def historical(self) -> None:
        assert self._before is not None
        new = {line.key for line in await self._story.payroll.lines()} - self._before
        assert len(new) == len(self._mine), f"{len(new)} were written"

    async def shown(self) -> None:
        flow = await self._flow("time_entry")
        assert (flow.conflicts, flow.held) == (1, self._deleted), flow

    async def untouched(self) -> None:
        assert [*await self._story.payroll.lines()] == self._lines
        assert await self._story.writes() == self._writes

    async def quiet(self) -> None:
        before = await self._story.writes()
        await self._story.at.sync(2)
        assert await self._story.writes() == before

    async def _flow(self, entity: str) -> FlowStatus:
        status = await self._story.at.opened.operator(daemon=False).status(LINK)
        return next(flow for flow in status.links[0].flows if flow.flow == entity)


async def play(pair: str, sentences: tuple[Sentence, ...], folder: Path, size: int) -> None:
    """From the first sentence to the last. Raises ``AssertionError`` with the file and line."""
    async with labouring(pair, folder, size=size) as story:
        await tell(Player(story), sentences)
