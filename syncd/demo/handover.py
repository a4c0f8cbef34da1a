"""The demo of a ledger that takes files, told in order: approvals, hours and parts, batches of each, a person
who imports them, one record that is rejected, mended and offered again, and a count of everything."""

from __future__ import annotations

import asyncio
import json
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console

from syncd.api.models import SyncReport
from syncd.app.daemon import running
from syncd.app.exporting import desks
from syncd.core.errors import NothingMatched
from syncd.demo.handover_result import BatchMade, Carried, HandoverResult, tables
from syncd.demo.pair import FilePair, SiteSide, Told, Visit, Waiting
from syncd.demo.sides.by_file import HANDOVER, KINDS, Bookkeeper, standing_once
from syncd.demo.site import LINK
from syncd.demo.stage import (
    Platforms,
    command,
    conclude,
    cycles,
    first_sync,
    keep_running,
    on_stage,
    platforms,
    say,
    until,
)
from syncd.files.desk import ExportDesk

APPROVED = 25
VISITS = 8
"""Of technicians, on jobs of what is approved."""
_ENTITY, _HOURS, _COSTS = "invoice", "time_entry", "job_cost"


@dataclass
class Scene:
    """Everything the tale happens between, and what has happened so far."""

    pair: FilePair
    set_up: Platforms
    office: SiteSide
    ledger: Bookkeeper
    desk: ExportDesk
    console: Console
    approved: dict[str, Waiting] = field(default_factory=dict)
    """By number."""
    visits: list[Visit] = field(default_factory=list)
    batches: list[BatchMade] = field(default_factory=list)

    def say(self, text: str) -> None:
        say(self.console, text)

    @property
    def made(self) -> Mapping[str, set[str]]:
        """Kind -> numbers of what the field service has made of it since the first sync."""
        hours, costs = {visit.hours for visit in self.visits}, {visit.cost for visit in self.visits}
        return {_ENTITY: set(self.approved), _HOURS: hours, _COSTS: costs}

    def taken(self, kind: str) -> set[str]:
        """Numbers that wait for the next batch."""
        return {entry.key for entry in self.desk.ledger.waiting(kind)}

    def posted(self, kind: str) -> set[str]:
        return {number for number in self.made[kind] if self.desk.ledger.posted(kind, number)}

    async def typed(self, *words: str) -> Any:
        """What ``syncd export ... --json`` answers, typed as a person would."""
        folder = f"{self.set_up.site.folder}/"
        self.say(f"  [bold]$ syncd export {shlex.join(words).replace(folder, '')}[/bold]")
        return json.loads(await command(self.set_up.site, "export", *words, "--json"))


async def tell(told: FilePair, *, keep: bool, as_json: bool, seed: int, port: int) -> int:
    """Run the whole story of a pair. Returns the exit code."""

    async def tale(folder: Path, console: Console) -> int:
        async with (
            platforms(told, folder, seed, port, console) as set_up,
            told.field(set_up.left, set_up.left_control) as field_side,
        ):
            ledger = Bookkeeper(set_up.right_control, folder / HANDOVER)
            desk = desks(set_up.opened.site)["books"]
            scene = Scene(told, set_up, field_side, ledger, desk, console)
            result = await _run(scene)
            code = conclude(result, tables(result, told), console, as_json=as_json)
            if keep:
                await keep_running(set_up.opened, set_up.site, console, _tries(scene))
            return code

    return await on_stage(tale)


async def _run(scene: Scene) -> HandoverResult:
    await _begin(scene)
    async with running(scene.set_up.opened, asyncio.Event()):
        await until(scene.office.announces, "the webhooks are subscribed")
        waited = await _approve(scene)
        job = await _close_a_job(scene)
        await _batches(scene)
        rejected = {number for one in scene.batches for number in one.rejected}
        await until(lambda: _told(scene, rejected, Told.REFUSED), "the source of what was rejected is told")
        refused_told = len(rejected)
        scene.say(f"{scene.pair.left_title} shows what was rejected as failed, with the reason as a comment")
        await _mend(scene, job, rejected)
        await _batches(scene)
        await until(lambda: _told(scene, set(scene.approved), Told.POSTED), "all of it is acknowledged")
        scene.say("one more run, and a cycle, with nothing to do")
        before = await scene.office.writes()
        made = await scene.typed("run")
        await cycles(scene.set_up.opened)
        writes = await scene.office.writes() - before
        return await _count(scene, waited, len(rejected), refused_told, len(made), writes)


async def _begin(scene: Scene) -> SyncReport:
    pair = scene.pair
    scene.say(f"{pair.left_title}: {await scene.office.summary()}")
    scene.say(f"{pair.right_title}: {await scene.ledger.summary()}; it has no API, it takes files")
    await scene.ledger.export_reports()
    scene.say("first sync: match customers, jobs and people with the reports, post nothing historical")
    return await first_sync(scene.set_up.opened, scene.console)


async def _approve(scene: Scene) -> int:
    """Returns how many of the approved wait for something that the ledger does not have."""
    chosen = list(await scene.office.waiting())[:APPROVED]
    scene.say(f"approving {len(chosen)} invoices in {scene.pair.left_title}")
    for invoice in chosen:
        scene.approved[invoice.number] = invoice
        await scene.office.approve(invoice)
    scene.say(f"technicians work on {VISITS} of their jobs, and use a part on each")
    for at, invoice in enumerate(chosen[:VISITS]):
        scene.visits.append(await scene.office.visit(invoice, Decimal(2 * at + 3) / 4))
    await until(lambda: _settled(scene), "everything is taken in, or waits")
    for kind, numbers in scene.made.items():
        taken = scene.taken(kind)
        scene.say(f"  {KINDS[kind]}: {len(taken)} wait for the next batch: accepted, not posted")
        if missing := len(numbers - taken):
            scene.say(
                f"  {missing} wait for a customer or job that is not in {scene.pair.right_title}'s reports"
            )
    return len(scene.approved.keys() - scene.taken(_ENTITY))


async def _settled(scene: Scene) -> bool:
    operator = scene.set_up.opened.operator(daemon=True)
    for kind, numbers in scene.made.items():
        missing = numbers - scene.taken(kind)
        try:
            lives = [life for number in missing for life in await operator.explain(kind, number, LINK)]
        except NothingMatched:
            return False  # not read yet
        if len(lives) != len(missing) or any(life.state != "waiting" for life in lives):
            return False
    return True


async def _close_a_job(scene: Scene) -> str:
    """What the import of invoices will object to, and no other."""
    waiting = {kind: _jobs(scene, kind) for kind in scene.made}
    jobs = waiting[_ENTITY]
    others = waiting[_HOURS].keys() | waiting[_COSTS].keys()
    job = min(jobs.keys() - others, key=lambda code: (jobs[code], code))
    await scene.ledger.close_job(job)
    scene.say(f"meanwhile the bookkeeper closes job {job} in {scene.pair.right_title}")
    return job


def _jobs(scene: Scene, kind: str) -> Counter[str]:
    documents = [json.loads(entry.document) for entry in scene.desk.ledger.waiting(kind)]
    return Counter(str(document["job"]) for document in documents if document.get("job"))


async def _mend(scene: Scene, job: str, rejected: set[str]) -> None:
    await cycles(scene.set_up.opened)  # people take longer than a cycle; what was rejected waits for them
    await scene.ledger.reopen_job(job)
    entered = await scene.ledger.enter_missing()
    scene.say(f"the bookkeeper reopens job {job}, enters {entered} and exports the reports again")
    scene.say(f"the office approves {', '.join(sorted(rejected))} again")
    for number in rejected:
        await scene.office.approve(scene.approved[number])
    wanted = {kind: numbers - scene.posted(kind) for kind, numbers in scene.made.items()}

    async def taken() -> bool:
        return all(scene.taken(kind) == numbers for kind, numbers in wanted.items())

    await until(taken, "what was mended, and what waited, is taken in")


# -- one batch ------------------------------------------------------------------------------------


async def _batches(scene: Scene) -> None:
    """From the look at what waits to the word of a person."""
    if not scene.batches:
        for looked in await scene.typed("run", "--dry-run"):
            total, title = Decimal(looked["total"]), KINDS[looked["entity"]]
            scene.say(f"    {title}: {len(looked['records'])} records, {total:,} in total; nothing written")
    made = await scene.typed("run")
    await cycles(scene.set_up.opened)
    for one in made:
        await _batch(scene, one)


async def _batch(scene: Scene, made: Mapping[str, Any]) -> None:
    """One of them, that a person imports."""
    kind = made["entity"]
    scene.say(
        f"  batch {made['batch']}, {KINDS[kind]}: {made['count']} records, {Decimal(made['total']):,} in all"
    )
    import_file, reversal, status = (Path(file) for file in made["files"])
    for file in (import_file, reversal, status):
        scene.say(f"    {file.parent.name}/{file.name}")
    _, imported_total = await scene.ledger.preview(import_file, kind)
    _, reversal_total = await scene.ledger.preview(reversal, kind)
    numbers = {line.number for line in scene.desk.lines(made["batch"])}
    early = await _count_told(scene, numbers) if kind == _ENTITY else 0
    answer = await scene.ledger.take_in(import_file, kind)
    errors: dict[str, str] = dict(answer["errors"])
    scene.say(f"the bookkeeper imports it into {scene.pair.right_title}: {_words(scene, answer)}")
    said = _objections(scene, answer)
    await scene.typed("confirm", str(made["batch"]), *said)
    lines = scene.desk.lines(made["batch"])
    states = Counter(line.state for line in lines)
    scene.batches.append(
        BatchMade(
            batch=made["batch"],
            kind=kind,
            records=made["count"],
            total=Decimal(made["total"]),
            imported_total=imported_total,
            reversal_total=reversal_total,
            told_early=early,
            posted=states["posted"],
            rejected=errors,
            again=made["count"] - len(lines),
            files=made["files"],
        )
    )


def _words(scene: Scene, answer: Mapping[str, Any]) -> str:
    errors = [f"{number}: {why}" for number, why in answer["errors"].items()]
    if not errors:
        return f"{answer['booked']} booked"
    if scene.pair.whole:
        return f"{'; '.join(errors)}: cancelled whole, nothing is booked"
    return f"{answer['booked']} booked, put aside: {'; '.join(errors)}"


def _objections(scene: Scene, answer: Mapping[str, Any]) -> Sequence[str]:
    """How a person says what was rejected: the file that the import wrote, or what the screen said."""
    if not answer["errors"]:
        return ()
    if scene.pair.whole:
        return [word for number, why in answer["errors"].items() for word in ("--but", f"{number}={why}")]
    rejects = scene.ledger.folder / "rejected.txt"
    rejects.write_text("\n".join(answer["rejected"]) + "\n", encoding="utf-8")
    return "--rejects", str(rejects)


# -- counting -------------------------------------------------------------------------------------


async def _told(scene: Scene, numbers: set[str], what: Told) -> bool:
    told = await scene.office.told()
    return all(told[number] is what for number in numbers)


async def _count_told(scene: Scene, numbers: set[str]) -> int:
    """How many of them the field service was told are posted."""
    told = await scene.office.told()
    return sum(told[number] is Told.POSTED for number in numbers)


async def _count(
    scene: Scene, waited: int, rejected: int, refused_told: int, made: int, writes: int
) -> HandoverResult:
    totals = await scene.office.totals()
    left = {
        _ENTITY: {invoice.number: totals[invoice.key] for invoice in scene.approved.values()},
        _HOURS: await scene.office.worked(),
        _COSTS: await scene.office.used(),
    }
    return HandoverResult(
        batches=scene.batches,
        carried=[await _carried(scene, kind, amounts) for kind, amounts in left.items()],
        not_carried=[title for kind, title in KINDS.items() if kind not in left],
        approved=len(scene.approved),
        waited=waited,
        rejected=rejected,
        refused_told=refused_told,
        acknowledged=await _count_told(scene, set(scene.approved)),
        made_when_quiet=made,
        quiet_writes=writes,
    )


async def _carried(scene: Scene, kind: str, amounts: Mapping[str, Decimal]) -> Carried:
    """``amounts``: of what the field service has, by number."""
    documents = await scene.ledger.documents(kind)
    batches = [scene.desk.lines(batch.id) for batch in scene.desk.batches() if batch.entity == kind]
    posted = Counter(line.number for lines in batches for line in lines if line.state == "posted")
    return Carried(
        kind=kind,
        title=KINDS[kind],
        records=len(amounts),
        in_one_batch=sum(posted[number] == 1 for number in amounts),
        standing_once=standing_once(documents, set(amounts)),
        documents=len(documents),
        left_total=sum(amounts.values(), Decimal(0)),
        right_total=sum((document.total for document in documents), Decimal(0)),
    )


def _tries(scene: Scene) -> dict[str, str]:
    rejected = min(number for one in scene.batches for number in one.rejected)
    return {
        "syncd export list": "every batch, and what became of it",
        "syncd export list 1": "the records of one",
        f"syncd explain invoice {rejected}": "the life of the rejected record",
        'syncd export reverse 2 --reason "wrong company"': "after its reversal file was imported",
        "syncd tui": "the on-call dashboard (finds this demo by itself)",
    }
