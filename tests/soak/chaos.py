"""``make chaos MINUTES=10``: three workers on one PostgreSQL while everything goes wrong at random; then all
changes must be settled exactly once, by both ledgers' own count.

    python -m tests.soak.chaos --minutes 10 --seed 7
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import time_ns
from typing import Final

from rich.console import Console
from rich.table import Table

from syncd.sandbox.faults import Fault, FaultKind
from tests.soak.cluster import Cluster, Counted, cluster, offices, pause, wake
from tests.soak.house import eventually
from tests.soak.load import Office

WORKERS: Final = 3
LINKS: Final = 2
_QUIET_AFTER: Final = (240.0, 60.0)
"""Seconds to catch up within: at least, and for each minute of it."""
_EVERY_S: Final = (2.0, 6.0)
"""Between two strokes of fate, at least and at most."""
_INVOICES_A_MINUTE: Final = 24
"""Handed over in each customer's office."""
# addresses that end in n are logins (.../token)
_ANY: Final = {"path": "*[!n]", "times": None}
FAULTS: Final = (
    Fault(kind=FaultKind.LOST_ANSWER, method="P*", probability=0.05, **_ANY),
    Fault(kind=FaultKind.LOST_BEFORE, method="P*", probability=0.02, **_ANY),
    Fault(kind=FaultKind.COMMIT_THEN_STATUS, method="P*", status=502, probability=0.02, **_ANY),
    Fault(kind=FaultKind.DELAY, method="P*", probability=0.05, seconds=1.0, **_ANY),
    Fault(kind=FaultKind.STATUS, method="*", status=429, retry_after_s=1, probability=0.01, **_ANY),
    Fault(kind=FaultKind.STATUS, method="GET", status=503, probability=0.01, **_ANY),
    Fault(kind=FaultKind.TRUNCATED, method="GET", probability=0.005, **_ANY),
    Fault(kind=FaultKind.EXPIRE_TOKEN, method="*", probability=0.002, **_ANY),
)


@dataclass
class Run:
    """What happened on the way."""

    seed: int
    minutes: float
    strokes: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    approved: dict[str, set[int]] = field(default_factory=dict)
    taken_over_s: list[float] = field(default_factory=list)
    """From the kill of a link's holder until another had it."""
    quiet_s: float = 0.0


async def storm(folder: Path, run: Run) -> Table:
    """Everything; raises where a promise is broken."""
    chance, clock = Random(run.seed), asyncio.get_running_loop().time
    async with cluster(folder, links=LINKS) as home, offices(home) as people:
        await home.begin(WORKERS)
        count = int(_INVOICES_A_MINUTE * run.minutes)
        waiting = {link: await person.prepare(count, chance) for link, person in people.items()}
        for one in home.customers:
            for control in (one.field, one.books_control):
                await control.order(*FAULTS)
        ends = clock() + 60 * run.minutes
        async with asyncio.TaskGroup() as group:
            for link, person in people.items():
                run.approved[link] = set(waiting[link])
                group.create_task(_approve(person, waiting[link], 60 * run.minutes))
            group.create_task(_strike(home, run, chance, ends))
        for one in home.customers:
            for control in (one.field, one.books_control):
                for ordered in await control.faults():
                    run.fired[ordered.fault.kind.value] += ordered.fired
                await control.clear_faults()
        for worker in home.workers:
            if not worker.running:
                await worker.start()
        began = clock()
        least, each = _QUIET_AFTER
        await home.settled(dict(run.approved), max(least, each * run.minutes))
        run.quiet_s = clock() - began
        counted = [await home.counted(one, run.approved[one.link]) for one in home.customers]
        shown = _table(home, run, counted)
        Console().print(shown)
        for found in counted:
            found.hold()
        await home.quiet()
        assert home.intents()["held"] == 0, home.stand()
    return shown


async def _approve(person: Office, waiting: list[int], seconds: float) -> None:
    for invoice in waiting:
        await person.approve(invoice)
        await asyncio.sleep(seconds / len(waiting))


async def _strike(home: Cluster, run: Run, chance: Random, ends: float) -> None:
    clock = asyncio.get_running_loop().time
    strokes = {"kill": _kill, "pause": _pause, "database": _restart, "worker replaced": _replace}
    while clock() < ends:
        await asyncio.sleep(chance.uniform(*_EVERY_S))
        name = chance.choices(list(strokes), weights=[5, 3, 1, 1])[0]
        await strokes[name](home, run, chance)
        run.strokes[name] += 1


async def _kill(home: Cluster, run: Run, chance: Random) -> None:
    """SIGKILL, of who holds a link where there is one; another takes its place after a while."""
    one = chance.choice(home.customers)
    victim = home.holding(one.link)
    if victim is None or not victim.running:
        victim = chance.choice([worker for worker in home.workers if worker.running])
        await victim.kill()
    else:
        epoch, began = home.epoch(one.link), asyncio.get_running_loop().time()
        await victim.kill()

        async def elsewhere() -> bool:
            return home.epoch(one.link) > epoch

        await eventually(elsewhere, "another worker has the link", 25.0, every_s=0.1)
        run.taken_over_s.append(asyncio.get_running_loop().time() - began)
    await victim.start()


async def _pause(home: Cluster, run: Run, chance: Random) -> None:
    """SIGSTOP, often for longer than a lease."""
    sleeper = chance.choice(home.workers)
    pause(sleeper)
    await asyncio.sleep(chance.choice([3.0, 18.0]))
    wake(sleeper)


async def _restart(home: Cluster, run: Run, chance: Random) -> None:
    """As by an operator, or by a power cut."""
    await asyncio.to_thread(home.postgres.stop, chance.choice(["fast", "immediate"]))
    await asyncio.sleep(chance.uniform(0.5, 3.0))
    await asyncio.to_thread(home.postgres.start)


async def _replace(home: Cluster, run: Run, chance: Random) -> None:
    """SIGTERM, and a new one."""
    worker = chance.choice(home.workers)
    await worker.stop()
    await worker.start()


def _table(home: Cluster, run: Run, counted: list[Counted]) -> Table:
    journal, mishaps, taken = home.journal(), home.mishaps(), sorted(run.taken_over_s)
    table = Table(title=f"{run.minutes:g} minutes, seed {run.seed}", title_justify="left", show_header=False)
    over = f"p50 {taken[len(taken) // 2]:.1f} s, most {taken[-1]:.1f} s" if taken else "none was struck"
    rows = {
        "workers, links": f"{WORKERS}, {LINKS}",
        "kill -9 of a worker": run.strokes["kill"],
        "a worker paused for 3 or 18 s": run.strokes["pause"],
        "PostgreSQL restarted": run.strokes["database"],
        "workers replaced": run.strokes["worker replaced"],
        **{f"fault {kind}": count for kind, count in sorted(run.fired.items())},
        "from kill to another worker": over,
        "leases taken over": mishaps["lease_taken_over"],
        "found again by the sweep": mishaps["sweep_repaired"],
        "writes in doubt, looked up": journal["uncertain"],
        "of them proven absent, sent again": journal["proven_absent"],
        "approved": sum(one.approved for one in counted),
        "posted": sum(one.posted for one in counted),
        "doubled": sum(len(one.doubled) + one.doubled_customers for one in counted),
        "missing": sum(len(one.missing) for one in counted),
        "for another amount": sum(len(one.unequal) for one in counted),
        "held": home.intents()["held"],
        "seconds until quiet": f"{run.quiet_s:.0f}",
    }
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=time_ns() % 1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncd-chaos-") as folder:
        asyncio.run(storm(Path(folder), Run(asked.seed, asked.minutes)))


if __name__ == "__main__":
    main()
