"""Plays the stories of a pair whose ledger takes files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from syncd.demo.pair import Told, Visit, Waiting
from syncd.demo.sides.by_file import standing_once
from syncd.files.desk import Made
from tests.golden.pairs.telling import tell
from tests.golden.parser import Sentence
from tests.integration.pairs.story import Handed, handed

SENTENCES: Final = {
    "reports": r"the bookkeeper enters every customer and job and exports the reports",
    "sync": r"sync( (?P<times>\d+) times)?",
    "approve": r"the office approves (?P<count>\d+) invoices?",
    "again": r"the office approves what was refused again",
    "work": r"technicians work on (?P<count>\d+) jobs, and use a part on each",
    "each": r"a batch is made of each kind",
    "all_imported": r"the bookkeeper imports each of them and says what became of it",
    "retry": r"the operator retries what was refused",
    "closes_worked": r"the bookkeeper closes the job of one of the visits",
    "work_holds": r"then the batches hold (?P<hours>\d+) entries of hours and (?P<costs>\d+) job costs",
    "work_opposite": r"then each reversal takes back exactly what its import brings",
    "work_standing": r"then (?P<hours>\d+) entries of hours and (?P<costs>\d+) job costs stand in the ledger",
    "work_equal": r"then hours and costs are equal on both sides",
    "work_gone": r"the bookkeeper imports each reversal and says so",
    "closes": r"the bookkeeper closes the job of one of them",
    "reopens": r"the bookkeeper opens that job again",
    "batch": r"a batch is made",
    "nothing": r"then no batch is made",
    "imports": r"the bookkeeper imports (it|them)",
    "says": r"the bookkeeper says what became of (it|them)",
    "reverses": r"the bookkeeper imports the reversal and says so",
    "holds": r"then the batch holds (?P<count>\d+) records?",
    "waits": r"then (?P<count>\d+) records? waits? for the next batch",
    "unheard": r"then the office is told nothing",
    "refused": r'then the office is told that (?P<count>\d+) (is|are) refused, because "(?P<words>[^"]+)"',
    "heard": r"then the office is told that (?P<count>all|\d+) (is|are) posted",
    "standing": r"then (?P<count>each|none|\d+) of them stands? in the ledger( once)?",
    "totals": r"then the totals are equal to the cent",
    "opposite": r"then the reversal takes back exactly what the import brings",
    "quiet": r"then nothing more is written or handed over",
}


class Player:
    """One playing of one story."""

    def __init__(self, story: Handed) -> None:
        self._story = story
        self._mine: dict[str, Waiting] = {}
        self._job = ""
        self._made: Made | None = None
        self._visits: list[Visit] = []
        self._each: dict[str, Made] = {}
        self._answer: Mapping[str, Any] = {}

    @property
    def _file(self) -> Path:
        assert self._made is not None, "no batch was made yet"
        return self._story.desk.folder / self._made.files[0]

    async def reports(self) -> None:
        await self._story.ledger.enter_missing()

    async def sync(self, times: str = "1") -> None:
        await self._story.at.sync(int(times))

    async def approve(self, count: str) -> None:
        chosen = list(await self._story.field.waiting())[: int(count)]
        assert len(chosen) == int(count), f"only {len(chosen)} could be approved"
        for invoice in chosen:
            await self._story.field.approve(invoice)
            self._mine[invoice.number] = invoice

    async def again(self) -> None:
        for number, what in (await self._told()).items():
            if what is Told.REFUSED:
                await self._story.field.approve(self._mine[number])

    async def closes(self) -> None:
        documents = [json.loads(e.document) for e in self._story.desk.ledger.waiting("invoice")]
        jobs = [str(document["job"]) for document in documents]
        self._job = min(jobs, key=jobs.count)
        await self._story.ledger.close_job(self._job)

    async def reopens(self) -> None:
        await self._story.ledger.reopen_job(self._job)

    async def batch(self) -> None:
        (self._made,) = self._story.desk.run("bookkeeper", self._story.at.clock.now())

    # -- hours and parts

    async def work(self, count: str) -> None:
        invoices = list(await self._story.field.waiting())[: int(count)]
        self._visits += [await self._story.field.visit(one, Decimal("1.75")) for one in invoices]

    async def each(self) -> None:
        made = self._story.desk.run("bookkeeper", self._story.at.clock.now())
        self._each = {one.entity: one for one in made}
        assert len(made) == len(self._each)

    async def all_imported(self) -> None:
        desk, now = self._story.desk, self._story.at.clock.now()
        for kind, made in self._each.items():
            answer = await self._story.ledger.take_in(desk.folder / made.files[0], kind)
            desk.confirm(made.batch, "bookkeeper", now, but=answer["errors"])

    async def work_gone(self) -> None:
        desk, now = self._story.desk, self._story.at.clock.now()
        for kind, made in self._each.items():
            await self._story.ledger.take_back(desk.folder / made.files[1], kind)
            desk.reverse(made.batch, "wrong company", "bookkeeper", now)

    async def retry(self) -> None:
        await self._story.at.retry_all()

    async def closes_worked(self) -> None:
        (first, *_) = self._story.desk.ledger.waiting("time_entry")
        self._job = str(json.loads(first.document)["job"])
        await self._story.ledger.close_job(self._job)

    async def work_holds(self, hours: str, costs: str) -> None:
        held = {kind: made.count for kind, made in self._each.items()}
        assert held == {"time_entry": int(hours), "job_cost": int(costs)}, held

    async def work_opposite(self) -> None:
        for kind, made in self._each.items():
            files = [self._story.desk.folder / file for file in made.files[:2]]
            brought, taken = [await self._story.ledger.preview(file, kind) for file in files]
            assert (brought[0], brought[1]) == (taken[0], -taken[1]) == (made.count, made.total)

    async def work_standing(self, hours: str, costs: str) -> None:
        for kind, numbers, count in (
            ("time_entry", {visit.hours for visit in self._visits}, hours),
            ("job_cost", {visit.cost for visit in self._visits}, costs),
        ):
            documents = await self._story.ledger.documents(kind)
            assert standing_once(documents, numbers) == len(documents) == int(count), f"{len(documents)} do"

    async def work_equal(self) -> None:
        for kind, left in (
            ("time_entry", await self._story.field.worked()),
            ("job_cost", await self._story.field.used()),
        ):
            right = {one.number: one.total for one in await self._story.ledger.documents(kind)}
            assert left == right

    async def nothing(self) -> None:
        assert not self._story.desk.run("bookkeeper", self._story.at.clock.now())

    async def imports(self) -> None:
        self._answer = await self._story.ledger.take_in(self._file)

    async def says(self) -> None:
        assert self._made is not None
        now = self._story.at.clock.now()
        self._story.desk.confirm(self._made.batch, "bookkeeper", now, but=self._answer["errors"])

    async def reverses(self) -> None:
        assert self._made is not None
        reversal = self._story.desk.folder / self._made.files[1]
        await self._story.ledger.take_back(reversal)
        self._story.desk.reverse(self._made.batch, "wrong company", "bookkeeper", self._story.at.clock.now())

    # -- what must be true

    async def holds(self, count: str) -> None:
        assert self._made is not None
        assert self._made.count == int(count), f"it holds {self._made.count}"

    async def waits(self, count: str) -> None:
        waiting = len(self._story.desk.ledger.waiting("invoice"))
        assert waiting == int(count), f"{waiting} wait"

    async def unheard(self) -> None:
        assert set((await self._told()).values()) == {Told.NOTHING}

    async def refused(self, count: str, words: str) -> None:
        found = [n for n, what in (await self._told()).items() if what is Told.REFUSED]
        assert len(found) == int(count), f"{len(found)} are"
        reasons = [self._answer["errors"][number] for number in found]
        assert all(words in reason for reason in reasons), reasons

    async def heard(self, count: str) -> None:
        found = list((await self._told()).values()).count(Told.POSTED)
        assert found == (len(self._mine) if count == "all" else int(count)), f"{found} are"

    async def standing(self, count: str) -> None:
        documents = await self._story.ledger.documents()
        wanted = {"each": len(self._mine), "none": 0}.get(count) if not count.isdecimal() else int(count)
        assert standing_once(documents, set(self._mine)) == len(documents) == wanted, f"{len(documents)} do"

    async def totals(self) -> None:
        left = await self._story.field.totals()
        right = sum(document.total for document in await self._story.ledger.documents())
        assert right == sum(left[invoice.key] for invoice in self._mine.values())

    async def opposite(self) -> None:
        assert self._made is not None
        reversal = self._story.desk.folder / self._made.files[1]
        brought = await self._story.ledger.preview(self._file)
        taken = await self._story.ledger.preview(reversal)
        assert (brought[0], brought[1]) == (taken[0], -taken[1]) == (self._made.count, self._made.total)

    async def quiet(self) -> None:
        before = await self._story.field.writes()
        await self._story.at.sync(2)
        await self.nothing()
        assert await self._story.field.writes() == before

    async def _told(self) -> Mapping[str, Told]:
        told = await self._story.field.told()
        return {number: told[number] for number in self._mine}


async def play(pair: str, sentences: tuple[Sentence, ...], folder: Path, size: int) -> None:
    """From the first sentence to the last. Raises ``AssertionError`` with the file and line."""
    async with handed(pair, folder, size=size) as story:
        await tell(Player(story), sentences)
