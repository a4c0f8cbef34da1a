"""A new version beside an old one, for the time of a rollout. The old one is today's; the new one is today's
with a revision more, and it uses what that adds."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from syncd.sandbox.faults import Fault, FaultKind
from tests.soak import tomorrow
from tests.soak.cluster import Cluster, cluster, offices
from tests.soak.house import Program, eventually
from tests.soak.load import Office
from tests.soak.tomorrow import AFTER, NEXT

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

_SLOW = Fault(kind=FaultKind.DELAY, method="POST", path="*/invoice", seconds=0.2, times=None)
"""So that a load lasts."""
_BURST = 15
"""Invoices of a link that are approved at a time."""


async def test_a_new_version_beside_an_old_one(tmp_path: Path) -> None:
    new = tomorrow.that_adds(tmp_path / "new")
    async with cluster(tmp_path, links=2) as home:
        config = ("--config", str(tmp_path / "syncd.yaml"))
        await home.begin(0)
        for _ in range(2):
            await home.add_worker(slots=1)  # one link each, then: whoever is there has work
        await home.synced()
        for one in home.customers:
            await one.books_control.order(_SLOW)
        async with offices(home) as people:
            waiting = {link: await person.prepare(4 * _BURST, Random(3)) for link, person in people.items()}
            approved = {link: set(invoices) for link, invoices in waiting.items()}
            # under load: the tables first, then the processes one after the other
            burst = asyncio.create_task(_burst(people, waiting))
            await _written(home, "true", 2)
            code, said = await new.syncd("db", "upgrade", *config)
            assert (code, f"-> {NEXT}" in said) == (0, True), said
            gone, old = home.workers
            await _begun(await home.add_worker(new.environment, slots=1))
            assert await gone.stop() == 0
            await burst
            await _both_write(home, people, waiting)
            assert await old.stop() == 0
            old = await home.add_worker(slots=1)  # an old one may also begin on the new tables
            await _begun(old)
            assert (await tomorrow.today().syncd("db", "upgrade", *config))[0] == 0, "and leaves them be"
            await _both_write(home, people, waiting)
            burst = asyncio.create_task(_burst(people, waiting))
            await _replaced(home, new, [old])
            await burst
        assert not any(waiting.values())
        for one in home.customers:
            await one.books_control.clear_faults()
        await home.settled(dict(approved), 240.0)
        for one in home.customers:
            (await home.counted(one, approved[one.link])).hold()
        await home.quiet()
        assert home.mishaps()["lease_taken_over"] == 0
        assert home.crashes() == []
        await _contract(home, tomorrow.that_takes_away(tmp_path / "after", new), config)


async def _burst(people: Mapping[str, Office], waiting: Mapping[str, list[int]]) -> None:
    """A few invoices of each link are handed over."""
    for _ in range(_BURST):
        for link, person in people.items():
            await person.approve(waiting[link].pop())


async def _begun(worker: Program) -> None:
    async def done() -> bool:
        return "worker started" in worker.log.read_text()

    await eventually(done, "it has begun", 60.0)


async def _both_write(home: Cluster, people: Mapping[str, Office], waiting: Mapping[str, list[int]]) -> None:
    """Both versions settle writes of one burst."""
    kinds = ("made_by is null", f"made_by = '{NEXT}'")
    async with asyncio.TaskGroup() as group:
        for which in kinds:
            group.create_task(_written(home, which, 2))
        group.create_task(_burst(people, waiting))


async def _written(home: Cluster, which: str, more: int) -> None:
    """Until so many more writes of a kind have been settled."""
    counted = f"select count(*) from intent where state = 'posted' and {which}"
    before = home.ask(counted)[0][0]

    async def done() -> bool:
        return bool(home.ask(counted)[0][0] >= before + more)

    await eventually(done, f"{more} more writes: {which}", 120.0)


async def _replaced(home: Cluster, by: tomorrow.Version, old: list[Program]) -> None:
    """Daemon and workers, by a newer version of each."""
    assert await home.daemon.stop() == 0
    home.daemon = home.daemon.again(beside=by.environment)
    await home.daemon.start()
    for worker in old:
        await home.add_worker(by.environment)
        assert await worker.stop() == 0, worker.tail()


async def _contract(home: Cluster, after: tomorrow.Version, config: tuple[str, ...]) -> None:
    """What takes something away waits for the last process that would miss it; then older code is refused."""
    code, said = await after.syncd("db", "upgrade", *config)
    assert (code, "an older version still works on the state" in said) == (1, True), said
    for program in (home.daemon, *home.workers):
        if program.running:
            await program.stop()
    code, said = await after.syncd("db", "upgrade", *config)
    assert (code, f"-> {AFTER}" in said) == (0, True), said
    for command in (("run",), ("worker",), ("workers",), ("db", "upgrade")):
        code, said = await tomorrow.today().syncd(*command, *config)
        assert (code, "install a newer syncd" in said) == (2, True), said
