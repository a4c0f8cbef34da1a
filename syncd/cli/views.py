"""How plans, reports, states and lives are laid out for people, and as flat rows for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from syncd.api.models import (
    BudgetView,
    FieldChange,
    FlowStatus,
    Life,
    LifeEvent,
    LinkStatus,
    PlanItem,
    PlanView,
    Status,
)
from syncd.cli.output import Column, Row, say, table, text

if TYPE_CHECKING:
    from rich.console import RenderableType

_VERBS: Final = {
    "create": "green", "update": "cyan", "delete": "bold red", "conflict": "bold yellow",
    "quarantine": "red", "held": "yellow", "wait": "yellow",
}  # fmt: skip
_HEALTH: Final = {
    "on_time": "green", "syncing": "cyan", "pending": "cyan", "paused": "yellow", "late": "bold yellow",
    "action_required": "bold yellow", "error": "bold red",
}  # fmt: skip
_STATES: Final = {"posted": "green", "accepted": "green", "unchanged": "green", "rejected": "bold red"}

PLAN: Final = [
    Column("flow", "FLOW"),
    Column("verb", "VERB", palette=_VERBS),
    Column("direction", "DIRECTION"),
    Column("label", "RECORD"),
    Column("key", "KEY", wide=True),
    Column("fields", "FIELDS"),
    Column("reason", "REASON"),
]
_COUNTS: Final = (
    "read", "changed", "adopted", "created", "updated", "actions", "rejected", "uncertain", "waiting",
    "unmatched", "conflicts", "quarantined", "held", "skipped", "historical",
)  # fmt: skip
REPORT: Final = [
    Column("link", "LINK"),
    Column("flow", "FLOW"),
    *(Column(name, name.upper(), right=True, spare=name != "read") for name in _COUNTS),
    Column("error", "ERROR", spare=True),
]
SENT: Final = [
    Column("link", "LINK", wide=True),
    Column("entity", "ENTITY"),
    Column("number", "NUMBER"),
    Column("state", "STATE", palette=_STATES),
    Column("left_key", "LEFT ID"),
    Column("right_key", "RIGHT ID"),
    Column("message", "MESSAGE"),
]
STATUS: Final = [
    Column("link", "LINK"),
    Column("health", "HEALTH", palette=_HEALTH),
    Column("flow", "FLOW"),
    Column("mode", "MODE"),
    Column("in_step", "IN STEP", right=True),
    Column("due", "DUE", right=True, spare=True),
    Column("in_flight", "IN FLIGHT", right=True, spare=True),
    Column("waiting", "WAITING", right=True, spare=True),
    Column("unmatched", "UNMATCHED", right=True, spare=True),
    Column("conflicts", "CONFLICTS", right=True, spare=True),
    Column("quarantined", "QUARANTINED", right=True, spare=True),
    Column("held", "HELD", right=True, spare=True),
    Column("uncertain", "UNCERTAIN", right=True, spare=True),
    Column("held_writes", "HELD WRITES", right=True, spare=True),
    Column("out_of_scope", "OUT OF SCOPE", wide=True, right=True),
    Column("last_success_at", "LAST SUCCESS"),
    Column("oldest_due_at", "OLDEST DUE", wide=True),
    Column("last_cycle_at", "LAST RUN", wide=True),
    Column("unexplained", "UNEXPLAINED", right=True, spare=True),
    Column("compared_at", "COMPARED", wide=True),
    Column("last_error", "LAST ERROR", spare=True),
]
EVENTS: Final = [
    Column("link", "LINK", wide=True),
    Column("flow", "FLOW", wide=True),
    Column("at", "WHEN"),
    Column("kind", "WHAT"),
    Column("text", "DETAILS"),
    Column("actor", "WHO"),
    Column("intent", "INTENT", right=True),
]
_FIELDS: Final = [
    Column("name", "FIELD"),
    Column("base", "LAST AGREED"),
    Column("left", "LEFT"),
    Column("right", "RIGHT"),
    Column("differs", "DIFFERS", palette={"yes": "bold yellow"}),
]
_CONNECTIONS: Final = [
    Column("connection", "CONNECTION"),
    Column("platform", "PLATFORM"),
    Column("up", "UP", palette={"yes": "green", "no": "bold red"}),
    Column("bridge", "BRIDGE", palette={"yes": "green", "no": "bold red"}),
    Column("detail", "DETAIL"),
]


def when(at: datetime | None) -> str:
    """A time for people: UTC, to the second."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def with_times(row: Row, *keys: str) -> dict[str, Any]:
    """A row as JSON has it, with its times (ISO 8601) as people read them."""
    return {**row, **{key: _short(row.get(key)) for key in keys}}


# -- plan -------------------------------------------------------------------------------------


def plan_row(link: str, item: PlanItem, links: Mapping[str, LinkStatus]) -> Row:
    """One line of a plan; ``links`` give the sides their names."""
    return {
        "link": link,
        **item.model_dump(mode="json"),
        "direction": _direction(item.side, links.get(link)),
        "fields": "; ".join(_change(change) for change in item.fields),
    }


def _direction(side: str, link: LinkStatus | None) -> str:
    left, right = (link.left, link.right) if link else ("left", "right")
    return {"right": f"{left} → {right}", "left": f"{left} ← {right}"}.get(side, "")


def _change(change: FieldChange) -> str:
    after = "(empty)" if change.after is None else change.after
    if change.before is None:
        return f"{change.name}: {after}"
    return f"{change.name}: {change.before} → {after}"


def plan_table(plans: Sequence[PlanView], links: Mapping[str, LinkStatus]) -> RenderableType:
    """Fields one below the other, under a heading for each link."""
    from rich.console import Group  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    parts: list[RenderableType] = []
    for plan in plans:
        rows = []
        for item in plan.items:
            fields = Text("\n").join(text(_change(change)) for change in item.fields)
            rows.append({**plan_row(plan.link, item, links), "fields": fields})
        parts += [text(plan.link, "bold"), table(rows, PLAN), text("")]
    return Group(*parts)


def say_counts(plan: PlanView) -> None:
    """The last word on a plan: how many of what."""
    told = ", ".join(f"{count} {name}" for name, count in sorted(plan.counts.items()) if count)
    say(f"{plan.link}: {told or 'nothing to do'}")
    if plan.truncated:
        say(f"  {plan.truncated} more are not listed; --limit shows more")


# -- status -----------------------------------------------------------------------------------


_TIMES: Final = ("last_success_at", "last_cycle_at", "oldest_due_at", "compared_at")


def _short(written: str | None) -> str:
    return when(datetime.fromisoformat(written)) if written else ""


def status_rows(status: Status) -> list[Row]:
    """One row a flow; a link without flows has one row of its own."""
    rows: list[Row] = []
    for link in status.links:
        head = {"link": link.link, "health": link.health.value}
        rows += [{**head, **_flow_row(flow)} for flow in link.flows] or [head]
    return rows


def _flow_row(flow: FlowStatus) -> dict[str, Any]:
    last = flow.reconciled
    return flow.model_dump(mode="json", exclude={"reconciled"}) | {
        "unexplained": last.unexplained if last else 0,
        "compared_at": last.at.isoformat() if last else None,
    }


def status_table(status: Status) -> RenderableType:
    """Flows, then connections, then what is held and how to release it."""
    from rich.console import Group  # noqa: PLC0415

    rows = [{**row, **{name: _short(row.get(name)) for name in _TIMES}} for row in status_rows(status)]
    source = "the running daemon" if status.daemon else "the state (no daemon runs)"
    parts = [table(rows, STATUS)]
    if status.connections:
        parts += [text(""), table([c.model_dump(mode="json") for c in status.connections], _CONNECTIONS)]
    for link in status.links:
        if link.budget is not None:
            parts += [text(""), text(f"{link.link} within the last hour: {_spent(link.budget)}")]
        for hold in link.holds:
            said = f"HELD {hold.scope} since {when(hold.since)} by {hold.by}: {hold.reason}"
            parts += [text(""), text(said, "bold yellow"), text(f"  to release it: {hold.release}")]
    return Group(*parts, text(""), text(f"{when(status.at)}, from {source}", "dim"))


def _spent(budget: BudgetView) -> str:
    most = "" if budget.writes_most is None else f" of {budget.writes_most}"
    amount = "" if budget.amount_most is None else f", {budget.amount} of {budget.amount_most}"
    return f"{budget.writes}{most} writes{amount}"


# -- explain ----------------------------------------------------------------------------------


def event_row(life: Life, event: LifeEvent) -> Row:
    """One event of a record's life."""
    return {"link": life.link, "flow": life.flow, **event.model_dump(mode="json")}


def lives_table(lives: Sequence[Life]) -> RenderableType:
    """Each life: where the record stands, its fields on both sides, and what happened, in order."""
    from rich.console import Group  # noqa: PLC0415

    parts: list[RenderableType] = []
    for life in lives:
        reason = f": {life.reason}" if life.reason else ""
        parts.append(text(f"{life.flow} {life.label} in {life.link} is {life.state}{reason}", "bold"))
        if life.remedy:
            parts.append(text(f"  what to do: {life.remedy}", "cyan"))
        parts.append(text(f"left id {life.left_key or 'none'}, right id {life.right_key or 'none'}"))
        if life.fields:
            parts += [text(""), table([field.model_dump(mode="json") for field in life.fields], _FIELDS)]
        events: list[dict[str, Any]] = [{**event.model_dump(), "at": when(event.at)} for event in life.events]
        parts += [text(""), table(events, EVENTS), text("")]
    return Group(*parts)
