"""Many workers on one PostgreSQL, all of them real: each promise, with the fault that tries it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from random import Random

import psycopg
import pytest

from syncd.sandbox.faults import Fault, FaultKind
from tests.postgres import small_disk
from tests.soak.cluster import Cluster, Customer, cluster, offices, pause, wake
from tests.soak.house import Program, eventually

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]

TAKEN_OVER_WITHIN_S = 20.0
_SLOW = Fault(kind=FaultKind.DELAY, method="POST", path="*/invoice", seconds=0.7, times=None)
"""The ledger takes its time with an invoice: who is struck is struck in the middle of a write."""


async def _approved(home: Cluster, count: int) -> dict[str, set[int]]:
    """So many invoices a link are handed over to accounting."""
    approved: dict[str, set[int]] = {}
    async with offices(home) as people:
        for link, person in people.items():
            approved[link] = set(await person.prepare(count, Random(3)))
        for link, person in people.items():
            for invoice in approved[link]:
                await person.approve(invoice)
    return approved


@asynccontextmanager
async def under_load(
    folder: Path, *settings: str, workers: int = 2, invoices: int = 12, disk: Path | None = None
) -> AsyncIterator[tuple[Cluster, Customer, dict[str, set[int]]]]:
    """One link at work: so many invoices are approved, and its ledger takes its time with each."""
    async with cluster(folder, *settings, disk=disk) as home:
        await home.begin(workers)
        (one,) = home.customers
        await one.books_control.order(_SLOW)
        yield home, one, await _approved(home, invoices)


async def _mid_write(home: Cluster, one: Customer) -> Program:
    """The worker that holds the link while a write of it is on the wire."""
    found: list[Program] = []

    async def caught() -> bool:
        holding = home.holding(one.link)
        if holding is not None and home.intents()["sent"]:
            found.append(holding)
        return bool(found)

    await eventually(caught, "a write is on the wire", 60.0, every_s=0.02)
    return found[0]


async def _once(home: Cluster, approved: dict[str, set[int]], within_s: float = 90.0) -> None:
    await home.settled(dict(approved), within_s)
    for one in home.customers:
        (await home.counted(one, approved[one.link])).hold()
    await home.quiet()


async def test_killed_in_the_middle_of_a_write_it_goes_on_elsewhere(tmp_path: Path) -> None:
    async with under_load(tmp_path) as (home, one, approved):
        victim = await _mid_write(home, one)
        epoch, clock = home.epoch(one.link), asyncio.get_running_loop().time
        await victim.kill()
        killed = clock()

        async def elsewhere() -> bool:
            return home.epoch(one.link) > epoch and home.holder(one.link) is not None

        await eventually(elsewhere, "another worker has the link", TAKEN_OVER_WITHIN_S, every_s=0.1)
        print(f"\ntaken over {clock() - killed:.1f} s after the kill")
        await one.books_control.clear_faults()
        await _once(home, approved)
        assert home.mishaps()["lease_taken_over"] >= 1
        assert home.crashes() == []


async def test_paused_past_its_lease_it_cannot_settle(tmp_path: Path) -> None:
    async with under_load(tmp_path) as (home, one, approved):
        home.watch_leases()
        sleeper = await _mid_write(home, one)
        epoch = home.epoch(one.link)
        pause(sleeper)

        async def elsewhere() -> bool:
            return home.epoch(one.link) > epoch and home.holding(one.link) not in (None, sleeper)

        await eventually(elsewhere, "another worker has the link", TAKEN_OVER_WITHIN_S, every_s=0.1)
        wake(sleeper)
        await one.books_control.clear_faults()
        await _once(home, approved)
        assert "the run lost its lease" in sleeper.log.read_text(), "it found out by itself"
        assert home.trespasses() == []
        assert home.crashes() == []


async def test_paused_past_its_lease_it_cannot_settle_though_nobody_took_over(tmp_path: Path) -> None:
    async with under_load(tmp_path, workers=1) as (home, one, approved):
        home.watch_leases()
        sleeper = await _mid_write(home, one)
        epoch = home.epoch(one.link)
        pause(sleeper)

        async def ended() -> bool:
            return home.holder(one.link) is None

        await eventually(ended, "the lease ends", TAKEN_OVER_WITHIN_S, every_s=0.1)
        wake(sleeper)  # the ledger's answer has been waiting for it
        await one.books_control.clear_faults()
        await _once(home, approved)
        assert "the run lost its lease" in sleeper.log.read_text()
        assert home.trespasses() == [], "nothing was written without a lease, and none was brought back"
        assert home.epoch(one.link) > epoch
        assert home.mishaps()["lease_taken_over"] == 0
        assert home.crashes() == []


async def test_the_database_restarted_under_load(tmp_path: Path) -> None:
    async with under_load(tmp_path) as (home, one, approved):
        for mode in ("fast", "immediate"):
            await _mid_write(home, one)
            await asyncio.to_thread(home.postgres.stop, mode)
            await asyncio.sleep(2.0)
            await asyncio.to_thread(home.postgres.start)
        await one.books_control.clear_faults()
        await _once(home, approved)
        assert all(worker.running for worker in home.workers), "nobody ended for it"
        assert home.daemon.running


_END_OURS = "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'syncd%'"


async def test_the_database_has_no_connection_left_under_load(tmp_path: Path) -> None:
    few = ("max_connections=40", "superuser_reserved_connections=0")
    async with under_load(tmp_path, *few) as (home, one, approved):
        await _mid_write(home, one)
        with ExitStack() as others:
            mine = others.enter_context(psycopg.connect(home.url, autocommit=True))

            async def crowded_out() -> bool:
                mine.execute(_END_OURS)
                with suppress(psycopg.OperationalError):
                    while True:  # whoever comes back finds its place taken
                        others.enter_context(psycopg.connect(home.url))
                return home.said("it takes no more connections")

            await eventually(crowded_out, "a worker finds no place", 60.0, every_s=1.0)
        await one.books_control.clear_faults()
        await _once(home, approved)
        assert all(worker.running for worker in (*home.workers, home.daemon)), "nobody ended for it"
        assert home.crashes() == []


async def test_the_disk_of_the_database_is_full_under_load(tmp_path: Path) -> None:
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk(256))
        except PermissionError as refused:
            pytest.skip(str(refused))
        small = under_load(tmp_path, "max_wal_size=64MB", invoices=40, disk=disk)
        async with small as (home, one, approved):
            await _mid_write(home, one)
            with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
                while filler.write(bytes(4096)):
                    pass

            async def full() -> bool:
                return home.said("its disk is full") or home.said("does not answer")

            await eventually(full, "a worker notices", 90.0)
            (disk / "filler").unlink()
            await asyncio.to_thread(home.postgres.stop, "immediate")  # it may have stopped by itself
            await asyncio.to_thread(home.postgres.start)
            await one.books_control.clear_faults()
            await _once(home, approved)
            assert all(worker.running for worker in (*home.workers, home.daemon)), "nobody ended for it"
            assert home.crashes() == []


async def test_all_workers_replaced_one_after_the_other(tmp_path: Path) -> None:
    async with cluster(tmp_path, links=2) as home:
        await home.begin(2)
        approved = await _approved(home, 20)
        for old in list(home.workers):
            await home.add_worker()
            assert await old.stop() == 0, old.tail()
        await _once(home, approved)
        assert home.mishaps()["lease_taken_over"] == 0, "each gave back what it held"
        assert home.mishaps()["worker_lost"] == 0
        assert home.crashes() == []


async def test_two_links_on_one_ledger_make_a_customer_once(tmp_path: Path) -> None:
    """Both offices enter the same ten new customers; the links run in different workers, each when it can."""
    async with cluster(tmp_path, links=2, one_ledger=True) as home:
        await home.begin(2)
        ledger = home.customers[0]
        async with offices(home) as people:
            await asyncio.gather(*(person.prepare(10, Random(5)) for person in people.values()))

        async def there() -> bool:
            shown = await ledger.books_control.view("Customer")
            found = [one["DisplayName"] for one in shown if one["DisplayName"].startswith("Soak Testing")]
            assert len(found) == len(set(found)), "one of them twice"
            pairs = home.ask(
                "select f.link, count(*) from pair p join flow f on f.id = p.flow_id "
                "where f.entity = 'customer' and p.left_id is not null and p.right_id is not null "
                "group by 1 having count(*) >= 10"
            )
            return len(found) == 10 and len(pairs) == 2

        await eventually(there, "each customer stands once, and both links know it", 90.0)
        await home.quiet()
        assert await ledger.books.doubled() == 0


_A_SECOND = 5
"""Requests that the ledger below allows, one at a time."""
_SLEEPY = Fault(kind=FaultKind.DELAY, path="*/company/*", seconds=0.1, times=None)
_FORGETFUL = Fault(kind=FaultKind.EXPIRE_TOKEN, path="*/company/*", probability=0.05, times=None)


async def test_what_a_ledger_allows_it_allows_all_workers_together(tmp_path: Path) -> None:
    """As the ledger itself counts: requests at once, requests a second; and each refresh token works once, so
    two that renew the login show."""
    strict = {"quickbooks-online": {"rotates_after_s": "0"}}
    async with cluster(tmp_path, links=2, one_ledger=True, options=strict) as home:
        config = tmp_path / "syncd.yaml"
        limits = f"requests_per_s: {_A_SECOND}\n    concurrency: 1"
        config.write_text(config.read_text().replace("requests_per_s: 200", limits))
        ledger, clock = home.customers[0].books_control, asyncio.get_running_loop().time
        await ledger.order(_SLEEPY, _FORGETFUL)
        await home.begin(0)
        for _ in range(2):
            await home.add_worker(slots=1)
        await home.synced()

        async def logged_in() -> bool:
            return bool((await ledger.state())["logins"] > 5)

        await eventually(logged_in, "the login ends again and again", 90.0)
        await ledger.clear_faults()
        await ledger.order(_SLEEPY)
        began, before = clock(), await ledger.state()
        async with offices(home) as people:
            await asyncio.gather(*(person.prepare(10, Random(5)) for person in people.values()))

        async def both() -> bool:
            first, second = (home.holding(one.link) for one in home.customers)
            return first is not None and second is not None and first is not second

        async def there() -> bool:
            names = [str(one["DisplayName"]) for one in await ledger.view("Customer")]
            return sum(name.startswith("Soak Testing") for name in names) == 10

        await eventually(both, "each worker runs a link", 60.0, every_s=0.02)
        await eventually(there, "the ledger has the new customers", 90.0)
        after, seconds = await ledger.state(), clock() - began
        asked = after["requests"] - before["requests"]
        print(f"\n{asked} requests in {seconds:.1f} s, {after['logins']} logins")
        assert asked <= _A_SECOND * (seconds + 1)
        assert (after["most_at_once"], after["logins_refused"]) == (1, 0)
        assert home.crashes() == []


_SKEWED = """
import datetime, os, time_machine
ahead = datetime.timedelta(seconds=float(os.environ["AHEAD_S"]))
time_machine.travel(datetime.datetime.now(datetime.UTC) + ahead).start()
"""


async def test_machines_whose_clocks_disagree(tmp_path: Path) -> None:
    """Ten minutes behind, ten minutes ahead; every stamp in the state is the database's time all the same, so
    what one wrote down for later is not due too soon for the other."""
    async with cluster(tmp_path) as home:
        (tmp_path / "sitecustomize.py").write_text(_SKEWED)
        began = home.now()
        await home.begin(0)
        path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        for ahead_s in (-600, 600):
            await home.add_worker({"AHEAD_S": str(ahead_s), "PYTHONPATH": path})
        await home.synced()
        (one,) = home.customers
        await one.books_control.order(_SLOW)
        approved = await _approved(home, 12)
        victim = await _mid_write(home, one)
        await victim.kill()
        await one.books_control.clear_faults()
        await _once(home, approved)
        for worker in home.workers:
            assert "this machine's clock is not the database's" in worker.log.read_text()
        stamps = home.ask(
            "select created_at from intent union select sent_at from intent union "
            "select settled_at from intent union select at from journal union select last_ok_at from stream"
        )
        ended = home.now()
        assert [at for (at,) in stamps if at is not None and not began <= at <= ended] == []


async def test_what_the_queue_forgets_is_found(tmp_path: Path) -> None:
    async with cluster(tmp_path) as home:
        await home.begin(1)
        approved = await _approved(home, 10)
        for _ in range(20):
            home.say("truncate syncd_queue_3.procrastinate_jobs cascade")
            await asyncio.sleep(0.2)
        home.say("drop schema syncd_queue_3 cascade")
        (worker,) = home.workers
        assert await worker.stop() == 0
        await home.add_worker()  # whoever comes next sets it up again
        await _once(home, approved)
