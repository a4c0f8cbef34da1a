"""One link near by: flows, what is on the wire, its accounts, its last runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rich.console import Group
from rich.text import Text

from syncd.api.fleet import Circuit, ConnectionLine, CycleLine, InFlight, LinkDetail
from syncd.api.models import FlowReport, FlowStatus, HoldView
from tui.text import cell, harmless
from tui.views.table import Column, Row, laid_out, part
from tui.words import HEALTH, age, clock, number, span, sparkline, until

_FLOWS: Final = (
    Column("flow", "Flow"),
    Column("mode", "Mode", beyond=100),
    Column("in_step", "In step"),
    Column("due", "Todo"),
    Column("in_flight", "On wire"),
    Column("waiting", "Waits"),
    Column("unmatched", "Match"),
    Column("conflicts", "Confl"),
    Column("quarantined", "Refused"),
    Column("held", "Held"),
    Column("held_writes", "In doubt", beyond=90),
    Column("last", "Last ok"),
    Column("error", "What is wrong"),
)
_WIRE: Final = (
    Column("what", "Write"),
    Column("to", "To"),
    Column("state", "State"),
    Column("sent", "Sent"),
    Column("tries", "Tries"),
    Column("again", "Looked at again"),
)
_ACCOUNTS: Final = (
    Column("name", "Connection"),
    Column("platform", "Platform"),
    Column("up", "Answers"),
    Column("rate", "At once"),
    Column("detail", "Detail"),
)
_RUNS: Final = (
    Column("at", "When"),
    Column("trigger", "By"),
    Column("took", "Took"),
    Column("did", "What it did"),
)


def headline(detail: LinkDetail, now: datetime) -> Text:
    """Its state in one line."""
    line = detail.line
    sign = HEALTH[line.health]
    said = Text(f"{sign.glyph} {sign.word} for {age(line.since, now)}", style=sign.style)
    said.append(f"   {harmless(line.link, 40)}", style="bold")
    said.append(f"   {harmless(line.left, 30)} ⇄ {harmless(line.right, 30)}")
    return said.append(f"   last ok {age(line.last_success_at, now) or 'never'}", style="dim")


def screen(detail: LinkDetail, now: datetime, width: int, *, absolute: bool) -> Group:
    """All its parts; a part with nothing in it says so, or is left out where nothing is good."""
    parts = []
    if detail.status.holds:
        parts.append(part("Holds", Group(*(hold(one, now) for one in detail.status.holds))))
    parts.append(part("Flows", laid_out(_FLOWS, [_flow(one, now) for one in detail.status.flows], width)))
    wire = [_write(one, now) for one in detail.in_flight]
    parts.append(part("On the wire", laid_out(_WIRE, wire, width) if wire else "nothing"))
    accounts = [account(one, now) for one in detail.connections]
    parts.append(part("Accounts", laid_out(_ACCOUNTS, accounts, width)))
    parts.append(part("Rates and budget", rates(detail)))
    if detail.cycles:
        parts.append(part("Timeline", timeline(detail.cycles, now, width)))
    runs = [_run(one, now, absolute=absolute) for one in detail.cycles]
    parts.append(part("Runs that did something", laid_out(_RUNS, runs, width) if runs else "none yet"))
    return Group(*parts)


def rates(detail: LinkDetail) -> Text:
    """Writes of the last day hour by hour, and what may still be written within this hour."""
    hours = detail.line.written
    said = Text(f"{sparkline(hours, 24)} ", style="cyan")
    said.append(f"{hours[-1] if hours else 0:,} this hour, {max(hours, default=0):,} in the busiest of a day")
    budget = detail.status.budget
    if budget is None:
        return said.append("   no budget", style="dim")
    most = "" if budget.writes_most is None else f" of {budget.writes_most:,}"
    said.append(f"\nbudget of an hour: {budget.writes:,}{most} writes")
    return said if budget.amount_most is None else said.append(f", {budget.amount} of {budget.amount_most}")


def timeline(cycles: Sequence[CycleLine], now: datetime, width: int) -> Text:
    """The last runs that did something, the oldest first: how much each wrote, ``✖`` where it failed."""
    shown = list(reversed(cycles[: max(width - 30, 10)]))
    wrote = [sum(flow.created + flow.updated + flow.actions for flow in one.flows) for one in shown]
    said = Text(f"{age(shown[0].started_at, now)} ago ", style="dim")
    for one, bar in zip(shown, sparkline([max(n, 1) for n in wrote], len(wrote)), strict=True):
        said.append(*(("✖", "bold red") if one.error else (bar, "cyan")))
    failed = sum(bool(one.error) for one in shown)
    return said.append(f" now   {len(shown)} runs" + (f", {failed} failed" if failed else ""))


def hold(one: HoldView, now: datetime) -> Text:
    """Where no write passes, why, since when, and how it ends."""
    said = Text(f"‖ {harmless(one.scope, 60)}", style="magenta")
    said.append(f"  {harmless(one.reason, 120)}  by {harmless(one.by, 40)}, {age(one.since, now)}")
    return said.append(f"  → {one.release}", style="dim")


def _flow(one: FlowStatus, now: datetime) -> Row:
    counts = (
        one.due,
        one.in_flight,
        one.waiting,
        one.unmatched,
        one.conflicts,
        one.quarantined,
        one.held,
        one.uncertain + one.held_writes,
    )
    return Row(
        one.flow,
        (
            Text(one.flow, style="bold"),
            Text(one.mode),
            Text(f"{one.in_step:,}"),
            *(Text(number(count), justify="right") for count in counts),
            Text(age(one.last_success_at, now) or "never"),
            cell(one.last_error, "yellow", 60),
        ),
    )


def _write(one: InFlight, now: datetime) -> Row:
    return Row(
        str(one.intent),
        (
            cell(f"{one.operation} {one.flow}"),
            cell(f"{one.connection} {one.remote_key or ''}".strip(), width=40),
            Text(one.state, style="yellow" if one.state in ("uncertain", "held") else ""),
            Text(age(one.sent_at, now)),
            Text(number(one.attempts)),
            Text(until(one.due_at, now)),
        ),
    )


def account(one: ConnectionLine, now: datetime) -> Row:
    """One account on one platform, as a link or the list of credentials shows it."""
    up = {
        True: Text("● yes", style="green"),
        False: Text("✖ no", style="bold red"),
        None: Text("○ not tried"),
    }
    circuit = one.breaker.circuit
    state = up[one.up]
    if circuit is Circuit.OPEN:
        state = Text(f"✖ left alone, {until(one.breaker.next_try_at, now) or 'for now'}", style="bold red")
    elif circuit is Circuit.TRYING:
        state = Text("◐ trying", style="yellow")
    pause = f", asked to wait {span(one.allowance.pause_s)}" if one.allowance.pause_s else ""
    left = f", {one.allowance.remaining:,} calls left" if one.allowance.remaining is not None else ""
    rate = f"{one.allowance.under_way} of {one.allowance.limit}{left}{pause}"
    detail = (
        one.breaker.error or one.detail or ("" if one.bridge is not False else "its bridge is not dialled in")
    )
    return Row(
        one.connection,
        (cell(one.connection, "bold", 30), cell(one.platform), state, Text(rate), cell(detail, width=60)),
    )


def _run(one: CycleLine, now: datetime, *, absolute: bool) -> Row:
    did = cell(one.error, "bold red", 90) if one.error else Text(said(one.flows), no_wrap=True)
    return Row(
        str(one.id),
        (
            Text(clock(one.started_at, now, absolute=absolute)),
            Text(one.trigger),
            Text(f"{one.seconds:.1f}s"),
            did,
        ),
    )


def said(flows: Sequence[FlowReport]) -> str:
    """``invoice: 3 created, 1 refused · customer: 2 updated``"""
    return " · ".join(f"{flow.flow}: {did}" for flow in flows if (did := _did(flow)))


def _did(flow: FlowReport) -> str:
    if flow.error:
        return harmless(flow.error, 80)
    counts = {
        "adopted": flow.adopted,
        "created": flow.created,
        "updated": flow.updated,
        "actions": flow.actions,
        "refused": flow.rejected,
        "in doubt": flow.uncertain,
        "in conflict": flow.conflicts,
        "quarantined": flow.quarantined,
        "held": flow.held,
        "waiting": flow.waiting,
        "to be matched": flow.unmatched,
        "skipped": flow.skipped,
        "left alone as history": flow.historical,
    }
    did = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count)
    return did or (f"{flow.changed:,} changed, nothing to write" if flow.changed else "")
