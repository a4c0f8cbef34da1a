"""The demo, told in order: two systems, a first sync, 25 approvals, two edits, a count of everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from dataclasses import field as made
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from syncd.api.models import SyncReport
from syncd.app.daemon import running
from syncd.app.installation import Installation
from syncd.demo.pair import Approving, Booking, BooksSide, Document, FieldSide, Pair, Told, Waiting
from syncd.demo.result import Carried, DemoResult, Times, doubled, table
from syncd.demo.site import INTERVAL_S, LINK, DemoSite
from syncd.demo.stage import (
    conclude,
    cycles,
    eventually,
    first_sync,
    keep_running,
    on_stage,
    outcomes,
    platforms,
    say,
    until,
)
from syncd.sandbox.control import SandboxControl

APPROVED = 25
BILLS = 8
BY_POLL = 5
"""Of the approved: those whose webhooks get lost, so that the schedule must find them."""


@dataclass
class Handed:
    """Documents of one kind on both sides, and those that were approved."""

    entity: str
    field: Approving
    books: Booking
    before: int = 0
    """How many stood in the ledger at the beginning."""
    approved: dict[str, datetime] = made(default_factory=dict)
    """Number -> when it was approved."""

    async def approve(self, document: Waiting) -> None:
        self.approved[document.number] = datetime.now(UTC)
        await self.field.approve(document)

    async def answered(self) -> bool:
        """Every approved one was told of; where its source cannot be told, it stands in the ledger."""
        told = await self.field.told()
        if told:
            return all(told.get(number, Told.NOTHING) is not Told.NOTHING for number in self.approved)
        posted = {document.number for document in await self.books.documents()}
        return self.approved.keys() <= posted


@dataclass
class Stage:
    """Everything the story happens between."""

    pair: Pair
    site: DemoSite
    opened: Installation
    field: FieldSide
    books: BooksSide
    control: SandboxControl
    """Of the field-service sandbox."""
    console: Console
    invoices: Handed
    bills: Handed | None
    by_poll: set[str] = made(default_factory=set)

    def say(self, text: str) -> None:
        say(self.console, text)


async def tell(told: Pair, *, keep: bool, as_json: bool, seed: int, port: int) -> int:
    """Run the whole story of a pair. Returns the exit code."""

    async def tale(folder: Path, console: Console) -> int:
        async with open_stage(told, folder, seed, port, console) as stage:
            result = await _run(stage)
            code = conclude(result, [table(result, told)], console, as_json=as_json)
            if keep:
                await keep_running(stage.opened, stage.site, console, _tries(stage))
            return code

    return await on_stage(tale)


def _tries(stage: Stage) -> Mapping[str, str]:
    return {
        "syncd tui": "the on-call dashboard (finds this demo by itself)",
        "syncd status": "how the link stands",
        f"syncd explain invoice {next(iter(stage.invoices.approved), 'S-10001')}": "the life of one record",
        f"syncd plan {LINK}": "what would be written now",
        f"syncd send {LINK} invoice NUMBER": "one record on command",
        "syncd quarantine list": "what is refused, and why",
    }


@asynccontextmanager
async def open_stage(
    told: Pair,
    folder: Path,
    seed: int,
    port: int,
    console: Console,
    prepare: Callable[[Path], None] = lambda _folder: None,
) -> AsyncIterator[Stage]:
    """Both platforms, the bridge and the site, while the block runs; ``prepare``: what else the site's
    folder needs."""
    async with (
        platforms(told, folder, seed, port, console, prepare) as set_up,
        told.field(set_up.left, set_up.left_control) as field,
        told.books(set_up.right, set_up.right_control) as books,
        AsyncExitStack() as also,
    ):
        bills: Handed | None = None
        if told.bills is not None:
            office = await also.enter_async_context(told.bills.field(set_up.left, set_up.left_control))
            bills = Handed("bill", office, told.bills.books(set_up.right_control))
        invoices = Handed("invoice", field, books)
        control = set_up.left_control
        yield Stage(told, set_up.site, set_up.opened, field, books, control, console, invoices, bills)


async def begin(stage: Stage) -> SyncReport:
    """What both sides hold, and the first sync of them."""
    stage.say(f"{stage.pair.left_title}: {await stage.field.summary()}")
    stage.say(f"{stage.pair.right_title}: {await stage.books.summary()}")
    stage.say("first sync: match and adopt, create what is missing, post nothing historical")
    return await first_sync(stage.opened, stage.console)


async def _run(stage: Stage) -> DemoResult:
    kinds = [stage.invoices, *([stage.bills] if stage.bills else [])]
    for kind in kinds:
        kind.before = len(await kind.books.documents())
    first = await begin(stage)
    stop = asyncio.Event()
    async with running(stage.opened, stop):
        if stage.pair.webhooks:
            await until(stage.field.announces, "the webhooks are subscribed")
        await _approve(stage)
        edited = await _edit(stage)
        await until(stage.invoices.answered, "every approved invoice is answered")
        edits = await eventually(lambda: _edits_arrived(stage, edited))
        quiet = await _quiet_writes(stage)
        return await _count(stage, first, edits=edits, quiet=quiet)


# -- what happens then --------------------------------------------------------------------------


async def _approve(stage: Stage) -> None:
    chosen = list(await stage.field.waiting())[:APPROVED]
    announced = chosen[:-BY_POLL] if stage.pair.webhooks else []
    stage.say(f"approving {len(chosen)} invoices in {stage.pair.left_title}")
    for invoice in announced:
        await stage.invoices.approve(invoice)
        await asyncio.sleep(0.2)
    if stage.bills is not None:
        await _approve_bills(stage, stage.bills)
    if announced:
        await until(stage.invoices.answered, "what was announced is answered")
        stage.say(f"the last {BY_POLL} with every webhook lost: the schedule must find them")
        await stage.field.fall_silent()
    for invoice in chosen[len(announced) :]:
        stage.by_poll.add(invoice.number)
        await stage.invoices.approve(invoice)


async def _approve_bills(stage: Stage, bills: Handed) -> None:
    chosen = list(await bills.field.waiting())[:BILLS]
    stage.say(f"approving {len(chosen)} vendors' bills in {stage.pair.left_title}")
    for bill in chosen:
        await bills.approve(bill)
    await until(bills.answered, "every approved bill is answered")


@dataclass(frozen=True, slots=True)
class Edited:
    """One customer, edited on both sides in different fields."""

    left: str
    right: str
    phone: str
    street: str


async def _edit(stage: Stage) -> Edited:
    (left, right), *_ = await stage.opened.store.bindings(LINK, "customer")
    edited = Edited(left, right, phone="(317) 555-0177", street="77 Harbor Way")
    left_title, right_title = stage.pair.left_title, stage.pair.right_title
    stage.say(f"editing one customer: the phone in {left_title}, the street in {right_title}")
    await stage.field.set_phone(left, edited.phone)
    await stage.books.set_street(right, edited.street)
    return edited


async def _edits_arrived(stage: Stage, edited: Edited) -> bool:
    shown = await stage.field.customer(edited.left), await stage.books.customer(edited.right)
    return shown[0].street == edited.street and shown[1].phone == edited.phone


async def _quiet_writes(stage: Stage) -> int:
    """Two cycles in which nobody did anything."""
    stage.say("one more cycle with nothing to do")
    before = await _writes(stage)
    await cycles(stage.opened)
    return await _writes(stage) - before


async def _writes(stage: Stage) -> int:
    return await stage.field.writes() + await stage.books.writes()


# -- counting, from the sandboxes' own ledgers ----------------------------------------------------


async def _count(stage: Stage, first: SyncReport, *, edits: bool, quiet: int) -> DemoResult:
    seconds = await _seconds(stage, stage.invoices)
    return DemoResult(
        **dict(await _carried(stage, stage.invoices, seconds)),
        quiet_writes=quiet,
        approval_to_confirmed_by_poll_seconds=Times.of([s for n, s in seconds.items() if n in stage.by_poll]),
        poll_interval_seconds=INTERVAL_S,
        paired_invoices=len(await stage.opened.store.bindings(LINK, "invoice")),
        bills=await _carried(stage, stage.bills, await _seconds(stage, stage.bills)) if stage.bills else None,
        edits_arrived=edits,
        outcomes=await outcomes(stage.opened),
        first_sync_seconds=first.seconds,
    )


async def _carried(stage: Stage, kind: Handed, seconds: Mapping[str, float]) -> Carried:
    documents = await kind.books.documents()
    posted = {document.number for document in documents} & kind.approved.keys()
    told = await kind.field.told()
    left, right = await _totals(stage, kind, documents)
    return Carried(
        approved=len(kind.approved),
        posted=len(posted),
        duplicates=doubled(documents) + await kind.books.doubled(),
        missing=len(kind.approved.keys() - posted),
        left_total=left,
        right_total=right,
        approval_to_confirmed_seconds=Times.of([s for n, s in seconds.items() if n not in stage.by_poll]),
        historical_posted=len(documents) - kind.before - len(posted),
        acknowledged=sum(told.get(n) is Told.POSTED for n in kind.approved) if told else None,
    )


async def _seconds(stage: Stage, kind: Handed) -> dict[str, float]:
    """Number -> from its approval to its confirmed posting."""
    operator = stage.opened.operator(daemon=True)
    found = {}
    for number, approved in kind.approved.items():
        (life,) = await operator.explain(kind.entity, number, LINK)
        posted = [e.at for e in life.events if e.kind == "posted"]
        if posted:
            found[number] = (min(posted) - approved).total_seconds()
    return found


async def _totals(stage: Stage, kind: Handed, documents: Sequence[Document]) -> tuple[Decimal, Decimal]:
    """Over every pair of a kind, each side by its own ledger."""
    pairs = await stage.opened.store.bindings(LINK, kind.entity)
    left = await kind.field.totals()
    right = {document.key: document.total for document in documents}
    return sum((left[a] for a, _ in pairs), Decimal(0)), sum((right[b] for _, b in pairs), Decimal(0))
