"""From the engine's and the store's rows to what a person sees. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from syncd.api.models import (
    BudgetView,
    ConnectionStatus,
    FieldChange,
    FlowReport,
    FlowStatus,
    Health,
    HoldView,
    Life,
    LifeEvent,
    LifeField,
    LinkStatus,
    PlanItem,
    PlanView,
    QuarantineItem,
    Reconciled,
    SendResult,
    SyncReport,
    TripView,
)
from syncd.core.brakes import Budget, Spent
from syncd.core.crossing import PairKey
from syncd.core.model import IntentState, PairState, Record, Side, Value
from syncd.core.outcome import ErrorClass
from syncd.core.plan import Plan
from syncd.core.policy import Mode
from syncd.core.reconcile import Verb
from syncd.engine import decide as deciding
from syncd.engine.cycle import CycleOutcome, Preview
from syncd.engine.decide import Decided
from syncd.engine.flow_run import FlowOutcome, as_plan
from syncd.engine.setup import FlowSetup, LinkSetup
from syncd.ports import FlowLine, HoldRow, PairLife, ReconciliationRow, RefusedPair

_LATE_INTERVALS = 2.5
"""A link is late after so many of its own intervals without a success."""


def text(value: Value) -> str | None:
    """One value for a person; lines as their count and sum."""
    if value is None:
        return None
    if isinstance(value, tuple):
        amounts = [line.get("amount") for line in value]
        total = sum((a for a in amounts if isinstance(a, Decimal)), Decimal(0))
        return f"{len(value)} lines, {total}"
    if isinstance(value, frozenset):
        return ", ".join(sorted(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


def source_sides(flow: FlowSetup) -> tuple[Side, ...]:
    """Where a record on command is looked for: the side it would be sent from, first."""
    mode = flow.policy.mode
    order = (Side.RIGHT, Side.LEFT) if mode is Mode.RIGHT_TO_LEFT else (Side.LEFT, Side.RIGHT)
    return tuple(s for s in order if s in flow.specs and mode.writes(s.other))


# -- status -----------------------------------------------------------------------------------


def _reconciled(found: ReconciliationRow | None) -> Reconciled | None:
    if found is None:
        return None
    result = found.result
    return Reconciled(
        at=found.at,
        complete=result.complete,
        pairs=result.pairs,
        differences=result.differences,
        unexplained=result.unexplained,
        amounts=dict(result.amounts),
    )


def flow_status(setup: FlowSetup | None, line: FlowLine) -> FlowStatus:
    states, intents = line.counts.states, line.counts.intents
    return FlowStatus(
        flow=line.flow.entity,
        mode=setup.policy.mode.value if setup else "no longer configured",
        in_step=states.get(PairState.IN_STEP, 0),
        due=line.counts.due,
        in_flight=states.get(PairState.IN_FLIGHT, 0),
        waiting=states.get(PairState.WAITING, 0),
        unmatched=states.get(PairState.UNMATCHED, 0),
        conflicts=states.get(PairState.CONFLICT, 0),
        quarantined=states.get(PairState.QUARANTINED, 0),
        held=states.get(PairState.HELD, 0),
        out_of_scope=states.get(PairState.OUT_OF_SCOPE, 0),
        uncertain=intents.get(IntentState.UNCERTAIN, 0),
        held_writes=line.counts.held_writes,
        last_cycle_at=line.last_cycle_at,
        last_success_at=line.last_success_at,
        last_error=line.last_error,
        oldest_due_at=line.counts.oldest_due_at,
        reconciled=_reconciled(line.compared),
    )


def hold_view(hold: HoldRow) -> HoldView:
    return HoldView(
        id=hold.id,
        scope=hold.scope,
        reason=hold.reason,
        by=hold.by,
        since=hold.since,
        release=f"syncd release {hold.id}",
        under_way=hold.under_way,
    )


def link_status(
    setup: LinkSetup,
    lines: Sequence[FlowLine],
    holds: Sequence[HoldRow],
    errors: Mapping[tuple[str, str], str],
    now: datetime,
    interval_s: float | None,
    spending: tuple[Spent, Budget] | None = None,
) -> LinkStatus:
    flows = [flow_status(setup.flow(line.flow.entity), line) for line in lines]
    return LinkStatus(
        link=setup.name,
        left=setup.ends[Side.LEFT].connection,
        right=setup.ends[Side.RIGHT].connection,
        health=_health(flows, holds, errors, now, interval_s),
        flows=flows,
        holds=[hold_view(hold) for hold in holds],
        budget=None if spending is None else _budget(*spending),
    )


def _budget(spent: Spent, budget: Budget) -> BudgetView:
    return BudgetView(
        writes=spent.writes,
        writes_most=budget.writes,
        amount=f"{max(spent.amount, Decimal(0)):.2f}",
        amount_most=None if budget.amount is None else f"{budget.amount:.2f}",
    )


def _health(
    flows: Sequence[FlowStatus],
    holds: Sequence[HoldRow],
    errors: Mapping[tuple[str, str], str],
    now: datetime,
    interval_s: float | None,
) -> Health:
    """Worst first: what needs a person, then what will heal by itself."""
    if errors or any(f.last_error for f in flows):
        return Health.ERROR
    if holds or any(f.unmatched or f.conflicts or f.quarantined or f.held for f in flows):
        return Health.ACTION_REQUIRED
    if any(f.reconciled and (f.reconciled.unexplained or f.reconciled.amounts) for f in flows):
        return Health.ACTION_REQUIRED
    successes = [f.last_success_at for f in flows]
    if not flows or any(at is None for at in successes):
        return Health.PENDING
    oldest = min((f.oldest_due_at for f in flows if f.oldest_due_at), default=now)
    if interval_s is not None and (now - oldest).total_seconds() > _LATE_INTERVALS * interval_s:
        return Health.LATE
    return Health.SYNCING if any(f.in_flight for f in flows) else Health.ON_TIME


def connection_status(
    name: str, platform: str, bridge: bool | None, errors: Mapping[tuple[str, str], str]
) -> ConnectionStatus:
    mine = {entity: error for (connection, entity), error in errors.items() if connection == name}
    wrong = [f"{entity}: {error}" for entity, error in mine.items() if error]
    return ConnectionStatus(
        connection=name,
        platform=platform,
        up=None if not mine else not wrong,
        bridge=bridge,
        detail="; ".join(wrong),
    )


# -- plans and reports ------------------------------------------------------------------------


def plan_view(setup: LinkSetup, previews: Sequence[Preview], limit: int) -> PlanView:
    counts: dict[str, int] = {}
    items: list[PlanItem] = []
    trips: list[TripView] = []
    for preview in previews:
        plan: Plan = as_plan(preview.setup.entity, preview.decided)
        for name, count in plan.counts().items():
            counts[f"{preview.setup.entity}.{name}"] = count
        if preview.error:
            trips.append(TripView(brake="unreadable", message=preview.error))
        trips += [TripView(brake=t.brake.value, message=t.message) for t in preview.trips]
        items += [item for one in preview.decided if (item := plan_item(preview.setup, one)) is not None]
    items.sort(key=lambda item: item.verb in _NOTHING_WRITTEN)
    return PlanView(
        link=setup.name,
        counts=counts,
        items=items[:limit],
        trips=trips,
        truncated=max(len(items) - limit, 0),
    )


_SILENT = (Verb.NOOP, Verb.GONE)
_NOTHING_WRITTEN = (Verb.ADOPT.value, "skip")
"""Listed last: where there are more lines than are shown, the first say what would be written."""


def plan_item(setup: FlowSetup, one: Decided) -> PlanItem | None:
    """One line of a plan; None for what changes nothing and tells nothing."""
    decision = one.decision
    if decision.verb in _SILENT and not decision.conflicts:
        return None
    write = decision.write
    key = next(iter(one.row.keys.values()), "")
    if write is None:
        verb = "skip" if decision.verb is Verb.OUT_OF_SCOPE else decision.verb.value
        reason = decision.reason or "; ".join(f"{c.unit}: {c.why.value}" for c in decision.conflicts)
        return PlanItem(flow=setup.entity, verb=verb, label=one.label, key=key, reason=reason)
    before = _shown(setup, one, write.side)
    return PlanItem(
        flow=setup.entity,
        verb=write.operation.value,
        side=write.side.value,
        label=one.label,
        key=key,
        fields=[
            FieldChange(
                name=name,
                before=text(before.get(name)),
                after=text(value),
                why=write.because[name].value if name in write.because else "",
            )
            for name, value in write.fields.items()
        ],
        reason=decision.reason,
    )


def _shown(setup: FlowSetup, one: Decided, side: Side) -> Record:
    return deciding.parse(setup, one.row).records.get(side, {})


def sync_report(outcome: CycleOutcome, seconds: float) -> SyncReport:
    return SyncReport(
        link=outcome.link,
        seconds=round(seconds, 3),
        flows=[flow_report(flow) for flow in outcome.flows.values()],
        trips=[
            TripView(brake=trip.brake.value, message=trip.message, release=f"syncd release {hold.id}")
            for flow in outcome.flows.values()
            for trip, hold in zip(flow.trips, flow.holds, strict=True)
        ],
    )


def flow_report(flow: FlowOutcome) -> FlowReport:
    tally = flow.tally
    return FlowReport(
        flow=flow.entity,
        read=flow.read,
        changed=flow.changed,
        adopted=flow.count(Verb.ADOPT),
        created=tally.created,
        updated=tally.updated,
        actions=tally.actions,
        rejected=tally.rejected,
        uncertain=tally.uncertain,
        waiting=flow.count(Verb.WAIT),
        unmatched=flow.count(Verb.MATCH),
        conflicts=flow.count(Verb.CONFLICT),
        quarantined=flow.count(Verb.QUARANTINE),
        held=tally.held + flow.count(Verb.HOLD),
        skipped=flow.count(Verb.OUT_OF_SCOPE),
        historical=flow.left_alone,
        error=flow.error or flow.incomplete or "; ".join(dict.fromkeys(tally.errors)),
    )


_SEND_STATES: Mapping[PairState, str] = {
    PairState.IN_STEP: "posted",
    PairState.IN_FLIGHT: "uncertain",
    PairState.WAITING: "waiting",
    PairState.UNMATCHED: "waiting",
    PairState.CONFLICT: "conflict",
    PairState.QUARANTINED: "quarantined",
    PairState.HELD: "held",
    PairState.OUT_OF_SCOPE: "unchanged",
    PairState.DUE: "held",
    PairState.GONE: "unchanged",
}


def send_result(flow: FlowSetup, life: PairLife, number: str) -> SendResult:
    posted = any(e.kind == "posted" for e in life.events)
    state = _SEND_STATES[life.row.state]
    return SendResult(
        link=life.link,
        entity=flow.entity,
        number=number,
        state="unchanged" if state == "posted" and not posted else state,
        left_key=life.row.keys.get(Side.LEFT),
        right_key=life.row.keys.get(Side.RIGHT),
        message=life.reason,
    )


# -- one record -------------------------------------------------------------------------------


def quarantine_item(flow: FlowSetup, refused: RefusedPair) -> QuarantineItem:
    side, key = next(iter(refused.row.keys.items()), (Side.LEFT, ""))
    return QuarantineItem(
        id=refused.id,
        link=refused.link,
        flow=refused.entity,
        side=side.value,
        key=key,
        label=deciding.label(flow, deciding.parse(flow, refused.row)),
        code=refused.code,
        reason=refused.reason,
        field=refused.field,
        since=refused.since,
        attempts=refused.attempts,
    )


def life(flow: FlowSetup, one: PairLife, pairs: Mapping[PairKey, str]) -> Life:
    """``pairs``: the other side's keys of what the record refers to."""
    sides = deciding.parse(flow, one.row)
    seen = [
        LifeEvent(at=at, kind="seen", text=f"{side.value} {one.row.keys[side]}")
        for side, at in one.seen_at.items()
    ]
    events = [
        LifeEvent(at=e.at, kind=e.kind, text=e.text, actor=e.actor, intent=e.intent) for e in one.events
    ]
    return Life(
        link=one.link,
        flow=one.entity,
        state=one.row.state.value,
        reason=one.reason,
        remedy=_remedy(flow, one),
        left_key=one.row.keys.get(Side.LEFT),
        right_key=one.row.keys.get(Side.RIGHT),
        label=deciding.label(flow, sides),
        fields=_fields(flow, sides, pairs),
        events=sorted([*seen, *events], key=lambda event: event.at),
    )


def _remedy(flow: FlowSetup, one: PairLife) -> str:
    """The command that helps it on, where a person must say something."""
    row = one.row
    if row.state is PairState.UNMATCHED:
        return f"syncd match show {row.id}"
    if row.state is PairState.HELD and row.code == ErrorClass.CONFLICT.value:
        held = [e.intent for e in one.events if e.kind == "held" and e.intent is not None]
        return f"syncd held show {held[-1]}" if held else ""
    if row.state is PairState.OUT_OF_SCOPE and row.historical and flow.policy.select:
        key = next(iter(row.keys.values()), "")
        return (
            f"it stood approved before the first sync was complete, so it counts as history; to post it: "
            f"syncd send {one.link} {flow.entity} {key}"
        )
    return ""


def _fields(flow: FlowSetup, sides: deciding.Sides, pairs: Mapping[PairKey, str]) -> list[LifeField]:
    left, right = (sides.records.get(side, {}) for side in Side)
    base = sides.row.bases.get(Side.LEFT, {})
    names = list(dict.fromkeys([*(f.name for f in flow.policy.fields), *left, *right]))
    crossing = deciding.crossing_of(flow, pairs)
    shared = {f.name: f for f in flow.policy.fields}
    return [
        LifeField(
            name=name,
            base=text(base.get(name)),
            left=text(left.get(name)),
            right=text(right.get(name)),
            differs=bool(left and right)
            and name in shared
            and not crossing.same(shared[name], left.get(name), right.get(name)),
        )
        for name in names
        if name in left or name in right
    ]
