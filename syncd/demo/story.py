"""The demo, told in order: two systems, a first sync, 25 approvals, two edits, a count of everything."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

from syncd.api.models import Progress as Step
from syncd.api.models import SyncReport
from syncd.app.daemon import running
from syncd.app.installation import Installation, installation
from syncd.app.listening import bridges
from syncd.config.load import load
from syncd.core.errors import SyncdError
from syncd.demo.field_service import Office
from syncd.demo.kept import left_running
from syncd.demo.result import DemoResult, Times, duplicates, table
from syncd.demo.site import INTERVAL_S, LINK, DemoSite, write_site
from syncd.logs import configure
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import SandboxProcess

CUSTOMERS = 200
APPROVED = 25
BY_POLL = 5
"""Of the approved: those whose webhooks get lost, so that the schedule must find them."""
_WAIT_S = 90.0
_TRIES_LOST = 1_000


@dataclass
class Stage:
    """Everything the story happens between."""

    site: DemoSite
    opened: Installation
    office: Office
    field_service: SandboxControl
    ledger: SandboxControl
    console: Console
    approved: dict[str, datetime] = field(default_factory=dict)
    """Invoice number -> when it was approved."""
    by_poll: set[str] = field(default_factory=set)

    def say(self, text: str) -> None:
        self.console.print(f"[bold]·[/bold] {text}")


async def tell(*, keep: bool, as_json: bool, seed: int, port: int) -> int:
    """Run the whole story. Returns the exit code."""
    console = Console(stderr=True)
    configure(logging.ERROR)  # the story is told on this terminal; a log would only interrupt it
    folder = Path(mkdtemp(prefix="syncd-demo-"))
    try:
        async with _stage(folder, seed, port, console) as stage:
            result = await _run(stage)
            broken = result.broken()
            if as_json:
                sys.stdout.write(result.model_dump_json(indent=2) + "\n")
            else:
                Console().print(table(result))
            for words in broken:
                console.print(f"[red]broken:[/red] {words}")
            if keep:
                await _keep(stage)
            return 1 if broken else 0
    except SyncdError as error:
        console.print(f"[red]the demo stopped:[/red] {error.message} {error.remedy}")
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _stage(folder: Path, seed: int, port: int, console: Console) -> AsyncIterator[Stage]:
    order = Order(seed=seed, size=CUSTOMERS)
    console.print("[bold]·[/bold] starting both platforms as sandboxes, each in a process of its own")
    async with (
        SandboxProcess.start("servicetrade", order) as field_service,
        SandboxProcess.start("sage100-contractor", order) as ledger,
        SandboxControl(field_service.control_url) as field_control,
        SandboxControl(ledger.control_url) as books_control,
    ):
        company = Company.of_size(seed, CUSTOMERS)
        site = write_site(folder, field_service.ready, ledger.ready, company, port)
        details = field_service.ready.details
        async with (
            _bridge(site),
            installation(load(site.config)) as opened,
            Office(details["base_url"], details["username"], details["password"]) as office,
        ):
            yield Stage(site, opened, office, field_control, books_control, console)


@asynccontextmanager
async def _bridge(site: DemoSite) -> AsyncIterator[None]:
    """The bridge beside the ERP, a process of its own as on a customer's server."""
    with (site.folder / "bridge.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "syncd", "bridge", str(site.bridge), stdout=log, stderr=log
        )
        try:
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _run(stage: Stage) -> DemoResult:
    before = await stage.ledger.view("invoices")
    first = await _first_sync(stage)
    stop = asyncio.Event()
    async with running(stage.opened, stop):
        await _until(lambda: _subscribed(stage), "the webhooks are subscribed")
        await _approve(stage)
        edited = await _edit(stage)
        await _until(lambda: _all_acknowledged(stage), "every approved invoice is acknowledged")
        edits = await _eventually(lambda: _edits_arrived(stage, edited))
        quiet = await _quiet_writes(stage)
        return await _count(stage, before, first, edits=edits, quiet=quiet)


# -- first sync ---------------------------------------------------------------------------------


async def _first_sync(stage: Stage) -> SyncReport:
    state, books = await stage.field_service.state(), await stage.ledger.state()
    invoices = books["acrinv"] + books["srvinv"]
    stage.say(
        f"ServiceTrade: {state['company'] - 1} customers, {state['location']} locations, "
        f"{state['job']} jobs, {state['invoice']} invoices; "
        f"Sage: {books['reccln']} clients, {books['actrec']} jobs, {invoices} invoices"
    )
    stage.say("first sync: match and adopt, create what is missing, post nothing historical")
    report: SyncReport | None = None
    columns = (SpinnerColumn(), TextColumn("{task.description:<28}"), BarColumn(), MofNCompleteColumn())
    async with bridges(stage.opened):
        with Progress(*columns, console=stage.console, transient=True) as bars:
            tasks: dict[str, TaskID] = {}
            async for event in stage.opened.operator(daemon=False).sync(LINK, actor="demo"):
                if isinstance(event, Step):
                    name = f"{event.flow}: {event.phase}"
                    task = tasks.setdefault(
                        name, bars.add_task(name, total=None) if name not in tasks else tasks[name]
                    )
                    bars.update(task, completed=event.done, total=event.total)
                else:
                    report = event
    assert report is not None
    for flow in report.flows:
        if flow.error:
            raise SyncdError(f"first sync, {flow.flow}: {flow.error}")
        stage.say(
            f"  {flow.flow:<9} read {flow.read:>5}, adopted {flow.adopted}, created {flow.created}, "
            f"updated {flow.updated}, in conflict {flow.conflicts}, quarantined {flow.quarantined}"
        )
    return report


async def _subscribed(stage: Stage) -> bool:
    return bool((await stage.field_service.view("webhooks"))["hooks"])


# -- what happens then --------------------------------------------------------------------------


async def _approve(stage: Stage) -> None:
    ready = [i for i in await stage.field_service.view("invoices", status="ok") if i["job"] is not None]
    chosen = ready[:APPROVED]
    stage.say(f"approving {len(chosen)} invoices through ServiceTrade's own API")
    for invoice in chosen[:-BY_POLL]:
        await _approve_one(stage, invoice)
        await asyncio.sleep(0.2)
    await _until(lambda: _webhooks_idle(stage), "the webhooks have been delivered")
    stage.say(f"the last {BY_POLL} with every webhook lost: the schedule must find them")
    await stage.field_service.act("webhooks/fail", times=_TRIES_LOST)
    for invoice in chosen[-BY_POLL:]:
        stage.by_poll.add(invoice["invoiceNumber"])
        await _approve_one(stage, invoice)


async def _approve_one(stage: Stage, invoice: dict[str, Any]) -> None:
    stage.approved[invoice["invoiceNumber"]] = datetime.now(UTC)
    await stage.office.approve(invoice["id"])


async def _webhooks_idle(stage: Stage) -> bool:
    """Every approval so far was announced, and what followed from it is settled."""
    shown = {i["invoiceNumber"]: i["status"] for i in await stage.field_service.view("invoices")}
    return all(shown[number] == "processed" for number in stage.approved)


@dataclass(frozen=True, slots=True)
class Edited:
    """One customer, edited on both sides in different fields."""

    left: str
    right: str
    phone: str
    email: str


async def _edit(stage: Stage) -> Edited:
    (left, right), *_ = await stage.opened.store.bindings(LINK, "customer")
    edited = Edited(left, right, phone="(317) 555-0177", email="")
    stage.say("editing one customer: the phone in ServiceTrade, the street in Sage")
    await stage.office.rename_phone(int(left), edited.phone)
    await stage.ledger.act("edit_client", recnum=int(right), columns={"addrs1": "77 Harbor Way"})
    return edited


async def _edits_arrived(stage: Stage, edited: Edited) -> bool:
    company = await stage.office.company(int(edited.left))
    (client,) = await stage.ledger.view("clients", recnum=edited.right)
    street = (company.get("address") or {}).get("street")
    return bool(client["phnnum"] == edited.phone and street == "77 Harbor Way")


async def _all_acknowledged(stage: Stage) -> bool:
    shown = {i["invoiceNumber"]: i for i in await stage.field_service.view("invoices")}
    return all(
        shown[number]["status"] in ("processed", "failed") and shown[number]["externalIds"]
        for number in stage.approved
    )


async def _quiet_writes(stage: Stage) -> int:
    """Two cycles in which nobody did anything."""
    stage.say("one more cycle with nothing to do")
    operator = stage.opened.operator(daemon=True)
    before = await _writes(stage)
    for _ in range(2):
        async for _event in operator.sync(LINK, actor="demo"):
            pass
    return await _writes(stage) - before


async def _writes(stage: Stage) -> int:
    field_service, books = await stage.field_service.state(), await stage.ledger.state()
    return field_service["writes"] + books["submissions"]


# -- counting, from the sandboxes' own ledgers ----------------------------------------------------


async def _count(
    stage: Stage, before: Sequence[dict[str, Any]], first: SyncReport, *, edits: bool, quiet: int
) -> DemoResult:
    books = await stage.ledger.view("invoices")
    field_service = {i["invoiceNumber"]: i for i in await stage.field_service.view("invoices")}
    mine = [d for d in books if str(d["usrdf1"]).startswith("sy-")]
    posted = {d["invnum"] for d in mine}
    seconds = await _seconds(stage)
    left, right, pairs = await _totals(stage, books)
    clients = await stage.ledger.view("clients")
    return DemoResult(
        approved=len(stage.approved),
        posted=len(posted & stage.approved.keys()),
        duplicates=duplicates(books, "usrdf1", "invnum") + duplicates(clients, "usrdf1", "recnum"),
        missing=len(stage.approved.keys() - {d["invnum"] for d in books}),
        left_total=left,
        right_total=right,
        quiet_writes=quiet,
        approval_to_confirmed_seconds=Times.of([s for n, s in seconds.items() if n not in stage.by_poll]),
        approval_to_confirmed_by_poll_seconds=Times.of([s for n, s in seconds.items() if n in stage.by_poll]),
        poll_interval_seconds=INTERVAL_S,
        paired_invoices=pairs,
        historical_posted=len(books) - len(before) - len(posted & stage.approved.keys()),
        acknowledged=sum(
            field_service[n]["status"] == "processed" and bool(field_service[n]["externalIds"])
            for n in stage.approved
        ),
        edits_arrived=edits,
        outcomes=await _outcomes(stage),
        first_sync_seconds=first.seconds,
    )


async def _seconds(stage: Stage) -> dict[str, float]:
    """Invoice number -> from its approval to its confirmed posting."""
    operator = stage.opened.operator(daemon=True)
    found = {}
    for number, approved in stage.approved.items():
        (life,) = await operator.explain("invoice", number, LINK)
        posted = [e.at for e in life.events if e.kind == "posted"]
        if posted:
            found[number] = (min(posted) - approved).total_seconds()
    return found


async def _totals(stage: Stage, books: Sequence[dict[str, Any]]) -> tuple[Decimal, Decimal, int]:
    """Over every pair of invoices, each side by its own ledger."""
    pairs = await stage.opened.store.bindings(LINK, "invoice")
    left = {str(i["id"]): Decimal(i["totalPrice"]) for i in await stage.field_service.view("invoices")}
    right = {str(d["recnum"]): Decimal(d["invttl"]) for d in books if d["table"] == "acrinv"}
    return (
        sum((left[a] for a, _ in pairs), Decimal(0)),
        sum((right[b] for _, b in pairs), Decimal(0)),
        len(pairs),
    )


async def _outcomes(stage: Stage) -> dict[str, int]:
    status = await stage.opened.operator(daemon=True).status(LINK)
    counted: Counter[str] = Counter()
    for flow in status.links[0].flows:
        for word in ("in_step", "waiting", "conflicts", "quarantined", "held", "out_of_scope"):
            count = getattr(flow, word)
            if count:
                counted[f"{flow.flow}: {word.replace('_', ' ')}"] = count
    return dict(counted)


# -- waiting --------------------------------------------------------------------------------------


async def _eventually(check: Any) -> bool:
    deadline = asyncio.get_running_loop().time() + _WAIT_S
    while not await check():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.2)
    return True


async def _until(check: Any, what: str) -> None:
    if not await _eventually(check):
        raise SyncdError(f"it did not come to pass within {_WAIT_S:g} s that {what}")


async def _keep(stage: Stage) -> None:
    """Leave it running until Ctrl-C, with things to try."""
    config, console = stage.site.config, stage.console
    stop = asyncio.Event()
    tries = {
        "syncd tui": "the on-call dashboard (finds this demo by itself)",
        "syncd status": "how the link stands",
        f"syncd explain invoice {next(iter(stage.approved), 'S-10001')}": "the life of one record",
        f"syncd plan {LINK}": "what would be written now",
        f"syncd send {LINK} invoice NUMBER": "one record on command",
        "syncd quarantine list": "what is refused, and why",
    }
    lines = "\n".join(f"  {command:<38} {what}" for command, what in tries.items())
    console.print(
        f"""
Still running. In another terminal:
  export SYNCD_CONFIG={config}
{lines}
Ctrl-C ends it and removes everything."""
    )
    async with running(stage.opened, stop):
        try:
            with left_running(config):
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            console.print("ending")
