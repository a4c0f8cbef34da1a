"""A site on a real PostgreSQL in processes of their own: sandboxes, daemon, any number of workers. All of
them can be killed, paused and restarted, the database too."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import psycopg

from syncd.demo.pair import BooksSide, pair
from syncd.demo.site import LINK, write_site
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import Ready, SandboxProcess
from tests.postgres import Postgres
from tests.soak.house import OPEN, Program, eventually
from tests.soak.load import Office

PAIR: Final = pair("servicetrade-quickbooks-online")
INTERVAL_S: Final = 2.0
SETTLE_S: Final = 3.0
"""The sandboxes' settle time here: longer than the longest delay that any test orders."""


@dataclass(frozen=True)
class Customer:
    """One link, and both its platforms."""

    link: str
    field_ready: Ready
    field: SandboxControl
    books_control: SandboxControl
    books: BooksSide

    async def invoices(self) -> Sequence[dict[str, Any]]:
        shown: Sequence[dict[str, Any]] = await self.field.view("invoices")
        return shown

    async def writes(self) -> int:
        """Changes that either platform has been asked to make so far."""
        return int((await self.field.state())["writes"]) + await self.books.writes()


@dataclass(frozen=True)
class Counted:
    """What became of the invoices approved for one link."""

    approved: int
    posted: int
    missing: list[str]
    doubled: list[str]
    uncalled: list[str]
    unequal: list[str]
    unacknowledged: list[str]
    doubled_customers: int

    def hold(self) -> None:
        """Once, and nothing lost."""
        wrong = (self.missing, self.doubled, self.uncalled, self.unequal, self.unacknowledged)
        assert wrong == ([], [], [], [], []), self
        assert self.doubled_customers == 0, self
        assert self.approved == self.posted


@dataclass
class Cluster:
    """Everything a test works with."""

    folder: Path
    postgres: Postgres
    url: str
    customers: Sequence[Customer]
    daemon: Program
    workers: list[Program] = field(default_factory=list)
    before: dict[str, set[str]] = field(default_factory=dict)
    """Document numbers that each ledger had at first."""

    async def begin(self, workers: int) -> None:
        """Start the daemon and so many workers; returns when every link has had its first sync. None: others
        are added before that is waited for."""
        for one in self.customers:
            self.before[one.link] = {document.number for document in await one.books.documents()}
        await self.daemon.start()
        for _ in range(workers):
            await self.add_worker()
        if workers:
            await self.synced()

    async def synced(self) -> None:
        """Every link has had its first sync."""

        async def done() -> bool:
            found = self.ask("select count(*) from flow where first_sync_done and entity = 'invoice'")
            return found == [(len(self.customers),)]

        try:
            await eventually(done, "every link has had its first sync", 90.0)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.stand()}\n{self.tails()}") from None

    async def add_worker(self, beside: Mapping[str, str] | None = None, *, slots: int = 16) -> Program:
        """``beside``: what its environment has besides ours; ``slots``: links that it runs at once."""
        name = f"w{len(self.workers)}"
        config = str(self.folder / "syncd.yaml")
        command = ("worker", "--name", name, "--slots", str(slots), "--config", config)
        worker = Program(self.folder / f"{name}.log", *command, beside=beside)
        await worker.start()
        self.workers.append(worker)
        return worker

    # -- the state, read past everybody --------------------------------------------------------------

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()

    def say(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def now(self) -> int:
        """The database's time, as the state's stamps have it."""
        return int(self.ask("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")[0][0])

    def intents(self) -> Counter[str]:
        return Counter(dict(self.ask("select state, count(*) from intent group by state")))

    def journal(self) -> Counter[str]:
        return Counter(dict(self.ask("select kind, count(*) from journal group by kind")))

    def mishaps(self) -> Counter[str]:
        return Counter(dict(self.ask("select what, times from mishap")))

    def holder(self, link: str) -> str | None:
        """Of its lease, where that still runs."""
        now = "extract(epoch from clock_timestamp()) * 1000000"
        held = self.ask(f"select owner from lease where link = '{link}' and until > {now}")
        return held[0][0] if held else None

    def epoch(self, link: str) -> int:
        return int(self.ask(f"select epoch from lease where link = '{link}'")[0][0])

    def holding(self, link: str) -> Program | None:
        """The worker that runs it now."""
        owner = self.holder(link)
        return None if owner is None else next((w for w in self.workers if owner.startswith(_name(w))), None)

    def watch_leases(self) -> None:
        """From now on the database itself notes every write of a run while no lease lives, and every
        lease that is brought back after its end. For a site of one link."""
        self.say(_WITNESS)

    def trespasses(self) -> list[tuple[Any, ...]]:
        """What it has noted: (what, epoch)."""
        return self.ask("select what, epoch from trespass")

    def stand(self) -> str:
        pairs = "select f.link, f.entity, p.state, count(*) from pair p join flow f on f.id = p.flow_id"
        turns = self.ask("select link, woken, served, failures from turn")
        return f"intents {dict(self.intents())}, pairs {self.ask(pairs + ' group by 1, 2, 3')}, turns {turns}"

    def tails(self) -> str:
        return "\n".join(f"--- {one.log.name}\n{one.tail(12)}" for one in (self.daemon, *self.workers))

    def said(self, words: str) -> bool:
        """Whether a worker has said it."""
        return any(words in worker.log.read_text(errors="replace") for worker in self.workers)

    def crashes(self) -> list[str]:
        """Lines of the programs' logs that no fault from outside excuses."""
        logs = [one.log.read_text(errors="replace").splitlines() for one in (self.daemon, *self.workers)]
        return [line for log in logs for line in log if "Traceback" in line or "crashed" in line]

    # -- what must come true -------------------------------------------------------------------------

    async def settled(self, approved: dict[str, Collection[int]], within_s: float) -> None:
        """Wait until every approved invoice is acknowledged, and no write is open."""

        async def done() -> bool:
            for one in self.customers:
                mine = approved.get(one.link, ())
                shown = await one.invoices()
                if any(i["id"] in mine and i["status"] != "processed" for i in shown):
                    return False
            found = self.intents()
            return not any(found[state] for state in OPEN)

        try:
            await eventually(done, "every approved invoice is acknowledged, and no write is open", within_s)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.stand()}\n{self.tails()}") from None

    async def counted(self, one: Customer, approved: Collection[int]) -> Counted:
        """By both ledgers themselves."""
        sent = {str(i["invoiceNumber"]): i for i in await one.invoices() if i["id"] in approved}
        documents = await one.books.documents()
        numbers = Counter(document.number for document in documents)
        totals = {document.number: document.total for document in documents}
        return Counted(
            approved=len(sent),
            posted=len(sent.keys() & numbers.keys()),
            missing=sorted(sent.keys() - numbers.keys()),
            doubled=sorted(number for number, count in numbers.items() if count > 1),
            uncalled=sorted(numbers.keys() - sent.keys() - self.before[one.link]),
            unequal=sorted(n for n in sent.keys() & totals.keys() if _total(sent[n]) != totals[n]),
            unacknowledged=sorted(
                n for n, i in sent.items() if i["status"] != "processed" or not i["externalIds"]
            ),
            doubled_customers=await one.books.doubled(),
        )

    async def quiet(self) -> None:
        """Nobody does anything, so nothing is written, however often anybody looks."""
        before = [await one.writes() for one in self.customers]
        await asyncio.sleep(4 * INTERVAL_S)
        assert [await one.writes() for one in self.customers] == before


_WITNESS: Final = """
create table trespass (what text, epoch bigint);
create function micros() returns bigint language sql volatile as
    'select (extract(epoch from clock_timestamp()) * 1000000)::bigint';
create function wrote() returns trigger language plpgsql as $$ begin
    insert into trespass select TG_TABLE_NAME, epoch from lease
        where link not like '%:%' and (until is null or until <= micros());
    return null;
end $$;
create function renewed() returns trigger language plpgsql as $$ begin
    if NEW.epoch = OLD.epoch and NEW.until is not null and OLD.until <= micros() then
        insert into trespass values ('brought back', OLD.epoch);
    end if;
    return null;
end $$;
create trigger witness after update on lease for each row execute function renewed();
create trigger witness after insert or update on intent for each row execute function wrote();
create trigger witness after insert or update on pair for each row execute function wrote();
create trigger witness after insert or update on remote for each row execute function wrote();
create trigger witness after insert or update on stream for each row execute function wrote();
create trigger witness after insert or update on flow for each row execute function wrote();
"""


def _name(worker: Program) -> str:
    return f"{worker.log.stem}-"


def _total(invoice: dict[str, Any]) -> Decimal:
    return Decimal(str(invoice["totalPrice"]))


def pause(worker: Program) -> None:
    """SIGSTOP."""
    worker.process.send_signal(signal.SIGSTOP)


def wake(worker: Program) -> None:
    """SIGCONT."""
    worker.process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def cluster(
    folder: Path,
    *settings: str,
    links: int = 1,
    size: int = 10,
    one_ledger: bool = False,
    options: Mapping[str, Mapping[str, str]] = PAIR.options,
    disk: Path | None = None,
) -> AsyncIterator[Cluster]:
    """The database and both sandboxes of every link run; daemon and workers are there to be started.
    ``one_ledger``: every link writes to the first one's ledger. ``options``: the sandboxes'. ``settings``,
    ``disk``: the database's."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        postgres = stack.enter_context(Postgres.begin(*settings, durable=True, disk=disk))
        customers, readies = [], []
        for number in range(links):
            made = [
                await enter(
                    SandboxProcess.start(p, Order(seed=7 + number, size=size, options=options.get(p, {})))
                )
                for p in (PAIR.left, PAIR.right)
            ]
            controls = [await enter(SandboxControl(one.control_url)) for one in made]
            books = await enter(PAIR.books(made[1].ready, controls[1]))
            customers.append(Customer(_link(number), made[0].ready, controls[0], controls[1], books))
            readies.append((made[0].ready, made[1].ready, Company.of_size(7 + number, size)))
            if one_ledger:
                customers[-1] = replace(
                    customers[-1], books=customers[0].books, books_control=customers[0].books_control
                )
        url = postgres.set_up()
        _write(folder, url, readies, one_ledger)
        config = str(folder / "syncd.yaml")
        daemon = Program(folder / "daemon.log", "run", "--no-work", "--config", config)
        home = Cluster(folder, postgres, url, customers, daemon)
        try:
            yield home
        finally:
            for one in (*home.workers, daemon):
                if one.running:
                    wake(one)
                await one.end()


def _link(number: int) -> str:
    return LINK if number == 0 else f"{LINK}{number}"


def _write(folder: Path, url: str, sides: Sequence[tuple[Ready, Ready, Company]], one_ledger: bool) -> None:
    """One site with all links: each as the demo writes it, in a folder of its own that it is copied from."""
    connections, links = [], []
    for number, (field_ready, books_ready, company) in enumerate(sides):
        own = folder if number == 0 else folder / f"of{number}"
        write_site(own, PAIR, field_ready, books_ready, company, 0)
        text = (own / "syncd.yaml").read_text()
        _, _, rest = text.partition("connections:\n")
        mine, _, link = rest.partition("links:\n")
        if number:
            place = f"{own.name}/"
            if one_ledger:
                mine, _, _ = mine.partition("  books:\n")
            for name in ("field",) if one_ledger else ("field", "books"):
                mine = mine.replace(f"  {name}:\n", f"  {name}{number}:\n")
                link = link.replace(f": {name}\n", f": {name}{number}\n")
            for kind in ("file:keys/", "profiles/", "crosswalks/"):
                here, _, name = kind.rpartition(":")
                new = f"{here}:{place}{name}" if here else f"{place}{name}"
                mine, link = mine.replace(kind, new), link.replace(kind, new)
            link = link.replace(f"  {LINK}:\n", f"  {_link(number)}:\n")
        connections.append(mine)
        links.append(link)
    head, _, _ = (folder / "syncd.yaml").read_text().partition("connections:\n")
    text = head + "connections:\n" + "".join(connections) + "links:\n" + "\n".join(links)
    for usual, here in {
        "url: sqlite:///state.db": f'url: "{url}"',
        "schedule: {every: 5s}": f"schedule: {{every: {INTERVAL_S:g}s}}",
        "settle: {seconds: 5,": f"settle: {{seconds: {SETTLE_S:g},",
    }.items():
        assert usual in text, f"the demo's configuration has no {usual!r} any more"
        text = text.replace(usual, here)
    (folder / "syncd.yaml").write_text(text)


@asynccontextmanager
async def offices(home: Cluster) -> AsyncIterator[dict[str, Office]]:
    """Somebody at work in each customer's field service."""
    async with AsyncExitStack() as stack:
        yield {
            one.link: await stack.enter_async_context(Office(one.field_ready, one.field))
            for one in home.customers
        }
