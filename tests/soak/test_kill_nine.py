"""Once, and nothing lost: the real daemon is killed with SIGKILL, again and again, in the middle of its
work, while answers get lost on both sides; then the ledgers are counted."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import time_ns

import pytest
from rich.console import Console
from rich.table import Table

from syncd.core.canonical import company_name
from syncd.sandbox.faults import Fault, FaultKind
from tests.soak.counting import Ledgers, Verdict, added, hold, is_ours, twice, verdict
from tests.soak.house import House, eventually, house
from tests.soak.load import Office

SEED = "SYNCD_SOAK_SEED"
"""Environment variable: the seed of a run that shall be played again."""
LEDGER_FAULTS = (
    Fault(kind=FaultKind.LOST_ANSWER, path="/object/submitXML", probability=0.04, times=None),
    Fault(kind=FaultKind.LOST_BEFORE, path="/object/submitXML", probability=0.01, times=None),
    Fault(kind=FaultKind.DELAY, path="/object/submitXML", probability=0.01, times=None, seconds=1.0),
    Fault(kind=FaultKind.COMMIT_THEN_STATUS, path="/object/submitXML", probability=0.005, times=None),
    Fault(kind=FaultKind.LOCKED, path="/object/submitXML", probability=0.01, times=None),
)
FIELD_FAULTS = (
    Fault(kind=FaultKind.LOST_ANSWER, method="PUT", probability=0.04, times=None),
    Fault(kind=FaultKind.LOST_ANSWER, method="POST", path="/api/company", probability=0.2, times=None),
    Fault(kind=FaultKind.LOST_BEFORE, method="PUT", probability=0.01, times=None),
    Fault(kind=FaultKind.COMMIT_THEN_STATUS, method="PUT", probability=0.005, times=None, status=500),
    Fault(kind=FaultKind.STATUS, probability=0.003, times=None, status=429, retry_after_s=1),
    Fault(kind=FaultKind.STATUS, probability=0.005, times=None, status=503),
    Fault(kind=FaultKind.TRUNCATED, method="GET", probability=0.003, times=None),
    Fault(kind=FaultKind.EXPIRE_TOKEN, probability=0.001, times=None),
)


@dataclass(frozen=True)
class Storm:
    """How bad it gets."""

    kills: int
    invoices: int
    size: int
    """Customers of the made-up company."""
    life_s: float
    """The longest that the daemon works meanwhile; often it is killed while it starts."""
    quiet_within_s: float


@dataclass
class Run:
    """What happened on the way."""

    seed: int
    approved: set[int] = field(default_factory=set)
    bridge_kills: int = 0
    fired: Counter[str] = field(default_factory=Counter)
    storm_s: float = 0.0
    quiet_s: float = 0.0


@pytest.mark.timeout(300)
async def test_killed_four_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storm = Storm(kills=4, invoices=60, size=10, life_s=1.0, quiet_within_s=60)
    shown = await _once_and_nothing_lost(tmp_path, storm)
    with capsys.disabled():
        Console().print("", shown)


@pytest.mark.soak
@pytest.mark.timeout(1500)
async def test_killed_a_hundred_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storm = Storm(kills=100, invoices=2000, size=200, life_s=5.0, quiet_within_s=600)
    shown = await _once_and_nothing_lost(tmp_path, storm)
    with capsys.disabled():
        Console().print("", shown)


async def _once_and_nothing_lost(folder: Path, storm: Storm) -> Table:
    """What happened, for a person."""
    run = Run(seed=int(os.environ.get(SEED, time_ns() % 1_000_000)))
    print(f"\nseed {run.seed}")
    async with house(folder, seed=7, size=storm.size) as home:
        async with Office(home.field_ready, home.field_service) as office:
            waiting = await office.prepare(storm.invoices, Random(run.seed))
            before = await home.ledgers()
            await home.ledger.order(*LEDGER_FAULTS)
            await home.field_service.order(*FIELD_FAULTS)
            await _kill_again_and_again(home, office, waiting, storm, run)
        for control in (home.field_service, home.ledger):
            for count in await control.faults():
                run.fired[count.fault.kind.value] += count.fired
            await control.clear_faults()
        await _left_alone_until_quiet(home, storm, run)
        after = await home.ledgers()
        counted = verdict(run.approved, before, after)
        shown = _table(home, storm, run, counted)
        Console().print(shown)  # kept by pytest, for the case that what follows fails
        _hold_to_it(home, storm, counted, before, after)
        return shown


async def _kill_again_and_again(
    home: House, office: Office, waiting: Sequence[int], storm: Storm, run: Run
) -> None:
    """Life after life of the daemon; what is left to approve is spread over those to come."""
    chance, loop = Random(run.seed), asyncio.get_running_loop()
    began = loop.time()
    left = list(waiting)
    for kill in range(storm.kills):
        early = chance.random() < 0.25
        await home.start_daemon(wait=not early)
        ends = loop.time() + chance.uniform(0.05, 1.5 if early else storm.life_s)
        if kill == storm.kills // 2:

            async def synced() -> bool:
                return home.first_sync_done()

            await eventually(synced, "the first sync is done", storm.quiet_within_s)
        # not before the first sync: what stands approved by then is history, and is not posted
        share = -(-len(left) // (storm.kills - kill)) if home.first_sync_done() else 0
        for _ in range(share):
            run.approved.add(left[-1])
            await office.approve(left.pop())
        if chance.random() < 0.15:
            await asyncio.sleep(chance.uniform(0.0, max(0.0, ends - loop.time())))
            await home.bridge.kill()
            await home.bridge.start()
            run.bridge_kills += 1
        await asyncio.sleep(max(0.0, ends - loop.time()))
        await home.daemon.kill()
    run.storm_s = loop.time() - began
    for invoice in left:
        run.approved.add(invoice)
        await office.approve(invoice)


async def _left_alone_until_quiet(home: House, storm: Storm, run: Run) -> None:
    began = asyncio.get_running_loop().time()
    await home.start_daemon()
    await home.settled(run.approved, storm.quiet_within_s)
    run.quiet_s = asyncio.get_running_loop().time() - began
    await home.quiet()
    assert await home.daemon.stop() == 0, home.daemon.tail()


def _table(home: House, storm: Storm, run: Run, counted: Verdict) -> Table:
    journal, restarts = home.journal(), sorted(home.restarts)
    table = Table(title=f"kill -9, seed {run.seed}", title_justify="left", show_header=False)
    rows = {
        "kills of the daemon": storm.kills,
        "kills of the bridge": run.bridge_kills,
        "starts of the daemon": home.daemon.starts,
        "start to first request": f"p50 {restarts[len(restarts) // 2]:.2f} s, most {restarts[-1]:.2f} s",
        **{f"fault {kind}": count for kind, count in sorted(run.fired.items())},
        "writes in doubt, looked up": journal["uncertain"],
        "of them proven absent, sent again": journal["proven_absent"],
        "postponed (proven not executed)": journal["retry"],
        "approved": counted.approved,
        "posted": counted.posted,
        "held": home.pairs("invoice")["held"],
        "doubled": len(counted.doubled),
        "total approved": f"{counted.left_total:,}",
        "total in the ledger": f"{counted.right_total:,}",
        "seconds of storm": f"{run.storm_s:.0f}",
        "seconds until quiet": f"{run.quiet_s:.0f}",
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table


def _hold_to_it(home: House, storm: Storm, counted: Verdict, before: Ledgers, after: Ledgers) -> None:
    hold(counted)
    assert counted.approved == storm.invoices
    assert home.intents()["held"] == 0, home.stand()
    for entity in ("customer", "job", "invoice"):
        bad = home.pairs(entity).keys() & {"held", "quarantined", "conflict", "in_flight"}
        assert not bad, home.stand()
    _masters_once(home, before, after)
    assert home.crashes() == []


def _masters_once(home: House, before: Ledgers, after: Ledgers) -> None:
    """Customers and jobs that one side lacked stand there once by now."""
    company = home.company
    there = {company_name(str(client["clnnme"])) for client in before.clients}
    lacking = [
        c for c in before.companies if c["customer"] and company_name(str(c["name"])[:50]) not in there
    ]
    clients = added(before.clients, after.clients, "recnum")
    assert len(clients) == len(lacking), [c["clnnme"] for c in clients]
    assert all(is_ours(client) for client in clients)
    assert twice(clients, "clnnme") == twice(clients, "usrdf1") == []
    companies = added(before.companies, after.companies, "id")
    ledger_only = [c for c in company.customers if not c.in_field]
    assert Counter(c["name"] for c in companies) == Counter(c.ledger_name for c in ledger_only)
    jobs = added(before.jobs, after.jobs, "recnum")
    assert twice(jobs, "usrdf1") == []
    assert len(jobs) == len(before.field_jobs) - sum(job.in_ledger for job in company.jobs)
