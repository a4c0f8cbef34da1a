"""The demo of hours, told in order: people and jobs from the ledger, a first sync that recognises what was
typed in by hand, 25 entries verified in the field, a count of everything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from syncd.api.models import SyncReport
from syncd.app.daemon import running
from syncd.demo.labour_result import LabourResult, added, doubled, table
from syncd.demo.pair import LabourPair, PayrollSide, TimeSide
from syncd.demo.result import Times
from syncd.demo.site import INTERVAL_S, LINK
from syncd.demo.stage import (
    Platforms,
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
        entries = await _verify(scene)
        await until(lambda: _all_posted(scene), "every verified hour stands in payroll")
        scene.say("one more cycle with nothing to do")
        quiet = await _quiet_writes(scene)
        return await _count(scene, first, entries, before, quiet)


async def _verify(scene: Scene) -> int:
    """Entries with several classes of pay first: each class becomes a line. Returns how many."""
    waiting = sorted(await scene.time.waiting(), key=lambda card: (-len(card.records), card.key))
    chosen = [*waiting[: VERIFIED // 2], *waiting[VERIFIED // 2 - VERIFIED :]]
    scene.say(f"payroll verifies {len(chosen)} entries in {scene.pair.left_title}")
    for card in chosen:
        scene.verified |= dict.fromkeys(card.records, datetime.now(UTC))
        await scene.time.verify(card)
        await asyncio.sleep(0.1)
    return len(chosen)


async def _bound(scene: Scene) -> Mapping[str, str]:
    """Record -> its line, of everything that is paired."""
    return dict(await scene.set_up.opened.store.bindings(LINK, _ENTITY))


async def _all_posted(scene: Scene) -> bool:
    return scene.verified.keys() <= (await _bound(scene)).keys()


async def _quiet_writes(scene: Scene) -> int:
    """Two cycles in which nobody did anything."""
    before = await scene.time.writes() + await scene.payroll.writes()
    await cycles(scene.set_up.opened)
    return await scene.time.writes() + await scene.payroll.writes() - before


# -- counting, from the sandboxes' own books ------------------------------------------------------


async def _count(scene: Scene, first: SyncReport, entries: int, before: set[str], quiet: int) -> LabourResult:
    bound, worked = await _bound(scene), await scene.time.hours()
    lines = {line.key: line for line in await scene.payroll.lines()}
    posted = [key for key in scene.verified if bound.get(key) in lines]
    created = {flow.flow: flow.created for flow in first.flows}
    fresh = lines.keys() - before
    return LabourResult(
        verified=entries,
        records=len(scene.verified),
        posted=len(posted),
        duplicates=doubled(list(lines.values())),
        missing=len(scene.verified) - len(posted),
        left_hours=added(worked[left] for left in bound),
        right_hours=added(lines[right].worked for right in bound.values()),
        quiet_writes=quiet,
        verified_to_confirmed_seconds=Times.of(await _seconds(scene)),
        poll_interval_seconds=INTERVAL_S,
        adopted=sum(right in before for right in bound.values()),
        historical_posted=len(fresh - {bound[key] for key in posted}),
        people_imported=created.get("employee", 0),
        jobs_imported=created.get("job", 0),
        outcomes=await outcomes(scene.set_up.opened),
        first_sync_seconds=first.seconds,
    )


async def _seconds(scene: Scene) -> list[float]:
    """From each record's verification to its confirmed posting."""
    operator = scene.set_up.opened.operator(daemon=True)
    found = []
    for record, verified in scene.verified.items():
        (life,) = await operator.explain(_ENTITY, record, LINK)
        posted = [event.at for event in life.events if event.kind == "posted"]
        if posted:
            found.append((min(posted) - verified).total_seconds())
    return found


def _tries(scene: Scene) -> Mapping[str, str]:
    return {
        "syncd status": "how the link stands",
        f"syncd explain time_entry {next(iter(scene.verified), '70000001-standard')}": "the life of one",
        f"syncd plan {LINK}": "what would be written now",
        "syncd tui": "the on-call dashboard (finds this demo by itself)",
    }
