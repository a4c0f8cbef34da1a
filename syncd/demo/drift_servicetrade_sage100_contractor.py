"""The drift demo, told in order: a platform changes four times while invoices keep coming."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console

from syncd.api.drift import DriftView
from syncd.app.daemon import running
from syncd.demo.drift_result import ALERTED, DriftDemoResult, DriftOutcome, table
from syncd.demo.pair import Waiting, pair
from syncd.demo.stage import command, conclude, eventually, on_stage, until
from syncd.demo.story import Stage, begin, open_stage

FIRST = 3
"""Invoices approved before anything changes: they show that all is well."""
EACH_MOST = 8
"""Invoices approved while one change is not held yet; far fewer are needed."""
_BETWEEN_S = 0.8
_TOKEN_LIFE_S = 900


_PAIR = "servicetrade-sage100-contractor"
_CONTRACT = """\
# What this site knows of ServiceTrade's invoices beyond what is learned from its answers.
$schema: https://json-schema.org/draft/2020-12/schema
$id: servicetrade/invoice
x-platform: servicetrade
x-operation: invoice
x-entity: invoice
x-provenance: {source: specification, of: the types that the API's documents name}
type: object
properties:
  type:
    type: string
    enum: [invoice, vendorbill, external, unknown]
"""


def _file_contract(folder: Path) -> None:
    place = folder / "contracts" / "servicetrade"
    place.mkdir(parents=True, exist_ok=True)
    (place / "invoice.yaml").write_text(_CONTRACT)


@dataclass
class Tale:
    """The stage, and what has happened on it so far."""

    stage: Stage
    ready: list[Waiting]
    """Invoices that can still be approved."""
    approved: dict[str, str] = field(default_factory=dict)
    """Number -> key."""
    outcomes: list[DriftOutcome] = field(default_factory=list)

    async def approve(self) -> str:
        invoice = self.ready.pop(0)
        self.approved[invoice.number] = invoice.key
        await self.stage.field.approve(invoice)
        return invoice.number

    async def open(self) -> list[DriftView]:
        return list(await self.stage.opened.drifts().drifts())

    async def every(self) -> list[DriftView]:
        return list(await self.stage.opened.drifts().drifts(everything=True))


async def tell(*, as_json: bool, seed: int, port: int) -> int:
    """Run the whole story. Returns the exit code."""

    async def tale(folder: Path, console: Console) -> int:
        async with open_stage(pair(_PAIR), folder, seed, port, console, _file_contract) as set_up:
            result = await _run(set_up)
        return conclude(result, [table(result)], console, as_json=as_json)

    return await on_stage(tale)


async def _run(set_up: Stage) -> DriftDemoResult:
    await begin(set_up)
    tale = Tale(set_up, list(await set_up.field.waiting()))
    async with running(set_up.opened, asyncio.Event()):
        await until(set_up.field.announces, "the webhooks are subscribed")
        set_up.say(f"approving {FIRST} invoices: all is well")
        for _ in range(FIRST):
            await tale.approve()
        await until(lambda: _all_posted(tale), "the first invoices are posted")
        await _changed(
            tale, "renamed field", "renames totalPrice to grandTotal", rename={"totalPrice": "grandTotal"}
        )
        await _changed(tale, "cents for dollars", "returns every amount in cents", cents=True)
        await _changed(tale, "new value", "calls its invoices service_invoice", type="service_invoice")
        await _token(tale)
        await tale.approve()
        await until(lambda: _all_posted(tale), "an invoice is posted with the shorter token")
        return await _count(tale)


async def _changed(tale: Tale, kind: str, words: str, **change: Any) -> None:
    """One change of the platform, from its first bad answer to the last record that waited."""
    shown, known = tale.stage, {view.id for view in await tale.every()}
    shown.say(f"[bold]ServiceTrade {words}[/bold] while invoices keep coming")
    at = datetime.now(UTC)
    await shown.control.act("ways/turn", **change)
    mine: list[str] = []
    while len(mine) < EACH_MOST and not await _holding(tale, known):
        mine.append(await tale.approve())
        await asyncio.sleep(_BETWEEN_S)
    held = await eventually(lambda: _holding(tale, known))
    events = [view for view in await tale.every() if view.id not in known]
    if not held or not events:
        tale.outcomes.append(_unnoticed(kind))
        return
    view = max((e for e in events if e.held_at is not None and e.state == "open"), key=lambda e: e.id)
    await eventually(lambda: _waiting(tale, mine))
    bad = await _bad(tale)
    waited = [number for number in mine if number not in await _posted(tale)]
    first = min(e.first_seen for e in events)
    assert view.held_at is not None
    seconds = (view.held_at - first).total_seconds()
    what = f"{view.kind} at {view.path}"
    shown.say(f"  drift {view.id} ({what}): held after {seconds:.1f} s, {len(waited)} wait")
    shown.say(f"  running what it says: {view.command}")
    await command(shown.site, *shlex.split(view.command)[1:])
    drained = await eventually(lambda: _all_posted(tale))
    posted = await _posted(tale)
    shown.say("  drained" if drained else "  [red]not drained[/red]")
    tale.outcomes.append(
        DriftOutcome(
            kind=kind,
            drift=view.id,
            command=view.command,
            seconds_to_notice=(first - at).total_seconds(),
            seconds_to_hold=seconds,
            bad_records_posted=max(bad, await _bad(tale)),
            held=len(waited),
            drained=sum(number in posted for number in waited),
        )
    )


async def _token(tale: Tale) -> None:
    """The login's tokens live shorter: somebody should know, and nothing need stop."""
    shown = tale.stage
    shown.say("[bold]ServiceTrade shortens its tokens' life[/bold] from an hour to a quarter of one")
    at = datetime.now(UTC)
    await shown.control.act("tokens/life", seconds=_TOKEN_LIFE_S)

    async def noticed() -> bool:
        return any(view.kind == "token_lifetime" for view in await tale.open())

    if not await eventually(noticed):
        tale.outcomes.append(_unnoticed(ALERTED))
        return
    view = next(view for view in await tale.open() if view.kind == "token_lifetime")
    shown.say(f"  drift {view.id}: {view.repair}")
    tale.outcomes.append(
        DriftOutcome(
            kind=ALERTED,
            drift=view.id,
            command=view.command,
            seconds_to_notice=(view.first_seen - at).total_seconds(),
            seconds_to_hold=None if view.held_at is None else 0.0,
            bad_records_posted=await _bad(tale),
            held=0,
            drained=0,
        )
    )


def _unnoticed(kind: str) -> DriftOutcome:
    return DriftOutcome(
        kind=kind,
        drift=0,
        command="",
        seconds_to_notice=0.0,
        seconds_to_hold=None,
        bad_records_posted=0,
        held=0,
        drained=0,
    )


async def _holding(tale: Tale, known: set[int]) -> bool:
    return any(view.id not in known and view.holds for view in await tale.open())


async def _waiting(tale: Tale, numbers: list[str]) -> bool:
    """Every one of them has been read and stopped."""
    behind = sum(view.waiting for view in await tale.open())
    return behind >= len(numbers) or not set(numbers) - set(await _posted(tale))


# -- counting, from the sandboxes' own ledgers ------------------------------------------------------


async def _posted(tale: Tale) -> Mapping[str, Decimal]:
    """Invoice number -> total in the ledger, of those that we posted."""
    return {d.number: d.total for d in await tale.stage.books.documents() if d.mark.startswith("sy-")}


async def _owed(tale: Tale) -> Mapping[str, Decimal]:
    """Invoice number -> total as the field service keeps it, however it spells it on the wire."""
    totals = await tale.stage.field.totals()
    return {number: totals[key] for number, key in tale.approved.items()}


async def _bad(tale: Tale) -> int:
    posted, owed = await _posted(tale), await _owed(tale)
    return sum(total != owed.get(number) for number, total in posted.items())


async def _all_posted(tale: Tale) -> bool:
    return tale.approved.keys() <= (await _posted(tale)).keys()


async def _count(tale: Tale) -> DriftDemoResult:
    posted, owed = await _posted(tale), await _owed(tale)
    mine = [number for number in tale.approved if number in posted]
    return DriftDemoResult(
        drifts=tale.outcomes,
        approved=len(tale.approved),
        posted=len(mine),
        left_total=sum((owed[number] for number in tale.approved), Decimal(0)),
        right_total=sum((posted[number] for number in mine), Decimal(0)),
    )
