"""The demo of hours, told in order: people and jobs from the ledger, a first sync that recognises what was
typed in by hand, 25 entries verified in the field, some refused and mended, two that change when payroll
already has them, a count of everything."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from syncd.api.models import SyncReport
from syncd.app.daemon import running
from syncd.demo.labour_result import LabourResult, added, doubled, table
from syncd.demo.pair import Card, LabourPair, PayrollSide, TimeSide
from syncd.demo.result import Times
from syncd.demo.site import INTERVAL_S, LINK
from syncd.demo.stage import (
    Platforms,
    command,
    conclude,
    cycles,
    first_sync,
    keep_running,
    on_stage,
    outcomes,
    platforms,
    say,
    until,
)

VERIFIED = 25
_ENTITY = "time_entry"


@dataclass
class Scene:
    """Everything the tale happens between, and what has happened so far."""

    pair: LabourPair
    set_up: Platforms
    time: TimeSide
    payroll: PayrollSide
    console: Console
    verified: dict[str, datetime] = field(default_factory=dict)
    """Record -> when its entry was verified."""
    chosen: Sequence[Card] = ()
    refused: Set[str] = frozenset()
    """Records that payroll refused at first, until a person had mended it."""
    changed: Set[str] = frozenset()
    """Records that the field changed when payroll already had them."""

    def say(self, text: str) -> None:
        say(self.console, text)


async def tell(told: LabourPair, *, keep: bool, as_json: bool, seed: int, port: int) -> int:
    """Run the whole story of a pair. Returns the exit code."""

    async def tale(folder: Path, console: Console) -> int:
        async with (
            platforms(told, folder, seed, port, console) as set_up,
            told.time(set_up.left, set_up.left_control) as time,
            told.payroll(set_up.right, set_up.right_control) as payroll,
        ):
            scene = Scene(told, set_up, time, payroll, console)
            result = await _run(scene)
            code = conclude(result, [table(result, told)], console, as_json=as_json)
            if keep:
                await keep_running(set_up.opened, set_up.site, console, _tries(scene))
            return code

    return await on_stage(tale)


async def _run(scene: Scene) -> LabourResult:
    pair = scene.pair
    scene.say(f"{pair.left_title}: {await scene.time.summary()}")
    scene.say(f"{pair.right_title}: {await scene.payroll.summary()}")
    scene.say("first sync: match, import what only payroll knows, recognise hours typed in by hand")
    first = await first_sync(scene.set_up.opened, scene.console)
    before = {line.key for line in await scene.payroll.lines()}
    async with running(scene.set_up.opened, asyncio.Event()):
        await _verify(scene)
        writes = await _writes(scene)
        await _afterthoughts(scene)
        scene.say("one more cycle with nothing to do")
        await cycles(scene.set_up.opened)
        return await _count(scene, first, before, await _writes(scene) - writes)


async def _chosen(scene: Scene) -> Sequence[Card]:
    """Entries with several classes of pay first: each class becomes a line."""
    waiting = sorted(await scene.time.waiting(), key=lambda card: (-len(card.records), card.key))
    return [*waiting[: VERIFIED // 2], *waiting[VERIFIED // 2 - VERIFIED :]]


async def _verify(scene: Scene) -> None:
    """What payroll refuses at first, because its job is closed, is mended and tried again."""
    chosen = scene.chosen = await _chosen(scene)
    jobs = Counter(card.job for card in chosen)
    job = min(jobs, key=lambda one: (jobs[one], one))
    await scene.payroll.close_job(job)
    scene.say(f"the bookkeeper has closed job {job} in {scene.pair.right_title}")
    scene.say(f"payroll verifies {len(chosen)} entries in {scene.pair.left_title}")
    for card in chosen:
        at = datetime.now(UTC)
        await scene.time.verify(card)
        scene.verified |= dict.fromkeys(card.records, at)
        await asyncio.sleep(0.1)
    refused = scene.refused = {record for card in chosen if card.job == job for record in card.records}
    others = scene.verified.keys() - refused
    await until(lambda: _stands(scene, others), "every other verified hour stands in payroll")
    await until(lambda: _shown(scene, quarantined=len(refused)), "what is refused is in quarantine")
    scene.say(f"  {len(others)} records stand in payroll; refused, because the job is closed: {len(refused)}")
    await scene.payroll.reopen_job(job)
    scene.say("  [bold]$ syncd quarantine retry --all-matching[/bold], the job being open again")
    await command(scene.set_up.site, "quarantine", "retry", "--all-matching")
    await until(lambda: _stands(scene, scene.verified.keys()), "what was refused stands in payroll, too")


async def _afterthoughts(scene: Scene) -> None:
    """What the field changes when payroll already has it: shown to a person, and nothing is edited."""
    corrected, deleted, *_ = scene.chosen
    scene.changed = {*corrected.records, *deleted.records}
    scene.say(f"afterwards a foreman corrects entry {corrected.key} and deletes {deleted.key}")
    await scene.time.correct(corrected)
    await scene.time.delete(deleted)
    held = len(deleted.records)
    await until(lambda: _shown(scene, conflicts=1, held=held), "both are shown to a person")
    scene.say("  both are shown to a person: payroll is not edited behind its back")


async def _bound(scene: Scene) -> Mapping[str, str]:
    """Record -> its line, of everything that is paired."""
    return dict(await scene.set_up.opened.store.bindings(LINK, _ENTITY))


async def _stands(scene: Scene, records: Set[str]) -> bool:
    return records <= (await _bound(scene)).keys()


async def _shown(scene: Scene, **expected: int) -> bool:
    """Whether so many records are in each state, as ``syncd status`` counts them."""
    counted = await outcomes(scene.set_up.opened)
    return all(counted.get(f"{_ENTITY}: {state}") == count for state, count in expected.items())


async def _writes(scene: Scene) -> int:
    return await scene.time.writes() + await scene.payroll.writes()


# -- counting, from the sandboxes' own books ------------------------------------------------------


async def _count(scene: Scene, first: SyncReport, before: Set[str], quiet: int) -> LabourResult:
    states = await outcomes(scene.set_up.opened)
    bound, worked = await _bound(scene), await scene.time.hours()
    lines = {line.key: line for line in await scene.payroll.lines()}
    posted = [key for key in scene.verified if bound.get(key) in lines]
    created = {flow.flow: flow.created for flow in first.flows}
    fresh = lines.keys() - before
    return LabourResult(
        verified=len(scene.chosen),
        records=len(scene.verified),
        posted=len(posted),
        refused=len(scene.refused),
        conflicts=states.get(f"{_ENTITY}: conflicts", 0),
        held=states.get(f"{_ENTITY}: held", 0),
        duplicates=doubled(list(lines.values())),
        missing=len(scene.verified) - len(posted),
        left_hours=added(worked[left] for left in bound if left not in scene.changed),
        right_hours=added(lines[right].worked for left, right in bound.items() if left not in scene.changed),
        quiet_writes=quiet,
        verified_to_confirmed_seconds=Times.of(await _seconds(scene)),
        poll_interval_seconds=INTERVAL_S,
        adopted=sum(right in before for right in bound.values()),
        historical_posted=len(fresh - {bound[key] for key in posted}),
        people_imported=created.get("employee", 0),
        jobs_imported=created.get("job", 0),
        outcomes=states,
        first_sync_seconds=first.seconds,
    )


async def _seconds(scene: Scene) -> list[float]:
    """From each record's verification to its confirmed posting; whoever waited for a person is not timed."""
    operator = scene.set_up.opened.operator(daemon=True)
    found = []
    for record in scene.verified.keys() - scene.refused:
        (life,) = await operator.explain(_ENTITY, record, LINK)
        posted = [event.at for event in life.events if event.kind == "posted"]
        if posted:
            found.append((min(posted) - scene.verified[record]).total_seconds())
    return found


def _tries(scene: Scene) -> Mapping[str, str]:
    return {
        "syncd status": "how the link stands",
        f"syncd explain time_entry {next(iter(scene.verified), '70000001-standard')}": "the life of one",
        f"syncd plan {LINK}": "what would be written now",
        "syncd tui": "the on-call dashboard (finds this demo by itself)",
    }
