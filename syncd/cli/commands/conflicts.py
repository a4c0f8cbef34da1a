"""``conflicts`` and ``reconcile``: what needs a person's word, and whether both sides are equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from syncd.api.conflicts import Choice, ConflictPage, ConflictView, Resolved, Sided, Taken
from syncd.api.models import Progress
from syncd.api.operator import Decisions
from syncd.api.reconcile import FlowComparison, ReconcileReport
from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.options import Output, options
from syncd.cli.output import Column, Row, complain, emit, say, table
from syncd.cli.progress import following
from syncd.cli.views import when
from syncd.core.errors import FixInput

_LIST = [
    Column("id", "ID", right=True),
    Column("link", "LINK"),
    Column("flow", "FLOW"),
    Column("label", "RECORD"),
    Column("unit", "FIELD"),
    Column("base", "LAST AGREED"),
    Column("left", "LEFT"),
    Column("right", "RIGHT"),
    Column("why", "WHY"),
    Column("since", "SINCE"),
    Column("resolved", "DECIDED", spare=True),
]
_FIELDS = [
    Column("name", "FIELD"),
    Column("base_left", "LAST AGREED"),
    Column("left", "LEFT"),
    Column("right", "RIGHT"),
]
_REFUSED = [Column("id", "ID", right=True), Column("reason", "NOT DECIDED")]
_DIFFERENCES = [
    Column("link", "LINK"),
    Column("flow", "FLOW"),
    Column("label", "RECORD"),
    Column("left_key", "LEFT ID", wide=True),
    Column("right_key", "RIGHT ID", wide=True),
    Column("field", "FIELD"),
    Column("left", "LEFT"),
    Column("right", "RIGHT"),
    Column("explained", "EXPLAINED BY"),
]


def list_(
    link: str | None = None,
    /,
    *,
    flow: str | None = None,
    field: str | None = None,
    limit: int = 100,
    after: int = 0,
    fail_if_empty: bool = False,
) -> int:
    """List open conflicts, oldest first: both versions, and what both last agreed on.

    For example:
      syncd conflicts list acme --field phone
      syncd conflicts list --limit 1000 -o jsonl

    Parameters
    ----------
    link
        Only this link's.
    flow
        Only this entity.
    field
        Only this field, or group of fields.
    limit
        At most so many (1000 is the most).
    after
        Go on behind this number.
    fail_if_empty
        Exit with 4 if there are none.
    """
    page = session.ask_decisions(lambda d: d.conflicts(link, flow, field, None, limit, after))
    rows = [_row(one) for one in page.items]
    emit([one.model_dump(mode="json") for one in page.items], rows, _LIST, empty="No conflict is open.")
    _say_page(page)
    return Exit.NOTHING if fail_if_empty and not page.items else Exit.OK


def _say_page(page: ConflictPage) -> None:
    if page.next is not None:
        say(f"{len(page.items)} of {page.total}; the next: --after {page.next}")
    elif page.total:
        say(f"{page.total} open")


def _row(one: ConflictView) -> dict[str, Any]:
    def told(side: str) -> str:
        return "; ".join(str(getattr(field, side) or "(empty)") for field in one.fields)

    return {
        **one.model_dump(mode="json", exclude={"fields"}),
        "base": told("base_left"),
        "left": told("left"),
        "right": told("right"),
    }


def show(ident: int, /) -> int:
    """Show one conflict: every version, who changed what and when, and what may be said about it.

    For example:
      syncd conflicts show 17

    Parameters
    ----------
    ident
        Its number in `syncd conflicts list`.
    """
    one = session.ask_decisions(lambda d: d.conflict(ident))
    fields = [field.model_dump(mode="json") for field in one.fields]
    say(f"{one.flow} {one.label} in {one.link}, {one.unit}: {one.why}, since {when(one.since)}", "bold")
    emit(one.model_dump(mode="json"), fields, _FIELDS)
    for side, at, by in (("left", one.left_at, one.left_by), ("right", one.right_at, one.right_by)):
        say(f"{side}: changed {when(at) or 'at an unknown time'}{f' by {by}' if by else ''}")
    if one.resolved:
        say(f"decided: take {one.resolved}; carried out in the next cycle", "green")
    if one.takes:
        say(f"to decide: syncd conflicts resolve {one.id} --take {'|'.join(one.takes)}")
    return Exit.OK


def resolve(
    *ids: int,
    take: Taken,
    value: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    all_matching: bool = False,
    link: str | None = None,
    flow: str | None = None,
    field: str | None = None,
    dry_run: bool = False,
) -> int:
    """Decide conflicts. The next cycle carries it out, with its brakes, intent and audit; a decision about
    values that have changed since they were read is refused and shown again.

    Exit code 3 if some were not decided.

    For example:
      syncd conflicts resolve 17 --take left
      syncd conflicts resolve 18 --take value --value phone="515 555 0100"
      syncd conflicts resolve --all-matching --link acme --field phone --take right --dry-run

    Parameters
    ----------
    ids
        Their numbers in `syncd conflicts list`.
    take
        left, right, base (what both last agreed on), or value (typed with --value).
    value
        FIELD=VALUE for each field of the conflict, in the left side's words.
    all_matching
        Every open conflict that the filters show, instead of numbers.
    link
        With --all-matching: only this link's.
    flow
        With --all-matching: only this entity.
    field
        With --all-matching: only this field, or group of fields.
    dry_run
        With --all-matching: say how many would be decided, decide none.
    """
    if bool(ids) == all_matching:
        raise FixInput("name the conflicts by number, or give --all-matching (not both)")
    if all_matching:
        return _resolve_all((link, flow, field), take, dry_run=dry_run)
    values = dict(_typed(one) for one in value)

    async def decide(d: Decisions) -> Resolved:
        seen = [await d.conflict(ident) for ident in ids]
        choices = [Choice(id=one.id, version=one.version, take=take, values=values) for one in seen]
        return await d.conflicts_resolve(choices, session.actor())

    return _told(session.ask_decisions(decide))


def _typed(one: str) -> tuple[str, str]:
    name, separator, typed = one.partition("=")
    if not separator:
        raise FixInput(f"--value {one!r}: FIELD=VALUE expected", remedy="--value phone='515 555 0100'")
    return name, typed


def _resolve_all(which: tuple[str | None, str | None, str | None], take: Taken, *, dry_run: bool) -> int:
    if take == "value":
        raise FixInput("a typed value is for one conflict", remedy="--take left, right or base")
    sided: Sided = take
    link, flow, field = which

    def ask(expect: int | None, *, dry: bool) -> Resolved:
        return session.ask_decisions(
            lambda d: d.conflicts_resolve_all(link, flow, field, None, sided, expect, dry, session.actor())
        )

    if dry_run:
        return _told(ask(None, dry=True))
    count = session.ask_decisions(lambda d: d.conflicts(link, flow, field, None, 1, 0)).total
    confirm(f"take {take} for {count} conflicts")
    return _told(ask(count, dry=False))


def _told(done: Resolved) -> int:
    rows = [{"id": one.id, "reason": one.reason} for one in done.refused]
    emit(done.model_dump(mode="json"), rows, _REFUSED)
    say(done.message, "yellow" if done.refused else "green")
    return Exit.PARTLY if done.refused else Exit.OK


def reconcile(link: str | None = None, /, *, flow: str | None = None) -> int:
    """Read both sides in full and list every mapped difference and every cent, with what explains it: an
    open conflict, a hold, a refusal, work under way. Writes nothing to any platform. What is explained is
    counted; -o wide shows each.

    Exit code 0 if both sides are equal, 3 if every difference is explained, 1 if one is not (or if a side
    did not show everything).

    For example:
      syncd reconcile acme
      syncd reconcile acme --flow invoice -o json

    Parameters
    ----------
    link
        Only this link.
    flow
        Only this entity.
    """
    reports = session.ask_decisions(lambda d: _follow(d, link, flow))
    rows = [
        {"link": report.link, "flow": found.flow, **one.model_dump(mode="json")}
        for report in reports
        for found in report.flows
        for one in found.items
    ]
    shown = rows if options().output is Output.WIDE else _at_a_glance(rows)
    emit(
        [report.model_dump(mode="json") for report in reports],
        rows,
        _DIFFERENCES,
        people=lambda: table(shown, _DIFFERENCES),
    )
    for report in reports:
        for found in report.flows:
            _say_flow(report.link, found)
    if all(report.equal for report in reports):
        return Exit.OK
    return Exit.PARTLY if all(report.clean for report in reports) else Exit.FAILED


def _at_a_glance(rows: Sequence[Row]) -> list[Row]:
    """What nothing explains, one by one; the rest counted by what explains it. Pure."""
    told: list[Row] = [row for row in rows if not row["explained"]]
    explained = Counter(
        (row["link"], row["flow"], row["field"], row["explained"]) for row in rows if row["explained"]
    )
    for (link, flow, field, why), count in explained.items():
        records = "1 record" if count == 1 else f"{count} records"
        told.append({"link": link, "flow": flow, "label": records, "field": field, "explained": why})
    return told


async def _follow(decisions: Decisions, link: str | None, flow: str | None) -> list[ReconcileReport]:
    reports = []
    with following() as show:
        async for step in decisions.reconcile(link, flow, session.actor()):
            if isinstance(step, Progress):
                show(step)
            else:
                reports.append(step)
    return reports


def _say_flow(link: str, found: FlowComparison) -> None:
    said = f"{link} {found.flow}: {found.pairs} pairs, {found.differences} differences"
    say(f"{said}, {found.unexplained} unexplained", "green" if found.clean else "bold red")
    for amount in found.amounts:
        say(f"  {amount.field}: left {amount.left}, right {amount.right}, unexplained {amount.unexplained}")
    for lone in found.unpaired:
        sums = ", ".join(f"{name} {total}" for name, total in lone.amounts.items())
        say(f"  {lone.count} only on the {lone.side} ({lone.why}){': ' + sums if sums else ''}")
    if found.truncated:
        say(f"  {found.truncated} more differences are not listed")
    if found.error:
        complain(f"  {found.error}", "bold red")
