"""``plan``, ``sync``, ``send``, ``status``, ``explain``: what happens to records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from cyclopts import Parameter
from cyclopts.validators import Number

from syncd.api.models import Life, LinkStatus, PlanView, Progress, Status, SyncReport
from syncd.api.operator import Operator
from syncd.cli import session, views
from syncd.cli.exits import Exit
from syncd.cli.output import complain, emit, say
from syncd.cli.progress import following
from syncd.core.errors import NothingMatched

_SENT = {"posted": Exit.OK, "accepted": Exit.OK, "unchanged": Exit.OK}
_UNDER_WAY = {"waiting": Exit.PARTLY, "uncertain": Exit.PARTLY}
_Limit: TypeAlias = Annotated[int, Parameter(validator=Number(gte=1))]
_SICK = frozenset({"late", "action_required", "error"})


def plan(link: str | None = None, /, *, flow: str | None = None, limit: _Limit = 200) -> int:
    """Show what a sync would write, on which side and why. Reads both sides; writes nothing anywhere.

    Exit code 3 if a brake would stop it. With -o json: a list with one plan a link.

    For example:
      syncd plan acme
      syncd plan acme --flow invoice -o csv > invoices.csv

    Parameters
    ----------
    link
        Only this link.
    flow
        Only this entity.
    limit
        At most so many records are listed; the counts hold all of them.
    """
    plans, links = session.ask(lambda operator: _plans(operator, link, flow, limit))
    rows = [views.plan_row(found.link, item, links) for found in plans for item in found.items]
    emit(
        [found.model_dump(mode="json") for found in plans],
        rows,
        views.PLAN,
        people=lambda: views.plan_table(plans, links),
        empty="Nothing would be written: both sides agree.",
    )
    for found in plans:
        views.say_counts(found)
    _complain_trips(plans)
    return Exit.PARTLY if any(found.trips for found in plans) else Exit.OK


async def _plans(
    operator: Operator, link: str | None, flow: str | None, limit: int
) -> tuple[list[PlanView], dict[str, LinkStatus]]:
    links = {found.link: found for found in (await operator.status(link)).links}
    return [await operator.plan(name, flow, limit) for name in links], links


def sync(link: str | None = None, /, *, flow: str | None = None) -> int:
    """Run once: read what changed, decide, write, confirm. Progress is shown on stderr.

    Exit code 1 if a flow failed or a brake stopped it, 3 if some records were refused or are held.

    For example:
      syncd sync
      syncd sync acme --flow invoice

    Parameters
    ----------
    link
        Only this link.
    flow
        Only this entity.
    """
    reports = session.ask(lambda operator: _follow(operator, link, flow))
    rows = [
        {"link": report.link, **found.model_dump(mode="json")} for report in reports for found in report.flows
    ]
    emit([report.model_dump(mode="json") for report in reports], rows, views.REPORT)
    for report in reports:
        say(f"{report.link}: {report.seconds:.1f} s")
        _say_what_waits(report)
    _complain_trips(reports)
    if any(report.failed for report in reports):
        return Exit.FAILED
    if any(report.partly for report in reports):
        say("some records need a person: `syncd quarantine list`, `syncd status`", "yellow")
        return Exit.PARTLY
    return Exit.OK


def _say_what_waits(report: SyncReport) -> None:
    for flow in report.flows:
        if flow.historical:
            said = f"{flow.flow}: {flow.historical} stood approved before the first sync was complete"
            say(f"  {said}: history, not posted. To post one: syncd send {report.link} {flow.flow} NUMBER")
        if flow.unmatched:
            said = f"{flow.flow}: {flow.unmatched} may be on the other side already; none is created"
            say(f"  {said}: syncd match list {report.link} --flow {flow.flow}", "yellow")


async def _follow(operator: Operator, link: str | None, flow: str | None) -> list[SyncReport]:
    reports = []
    with following() as show:
        async for step in operator.sync(link, flow, session.actor()):
            if isinstance(step, Progress):
                show(step)
            else:
                reports.append(step)
    return reports


def send(link: str, entity: str, number: str, /) -> int:
    """Send one record now, whatever its status: what users know as "Send to QuickBooks".

    Exit code 0 if it stands on the other side, 3 if it waits or is not known yet, 1 if it was refused.

    For example:
      syncd send acme invoice S-10442

    Parameters
    ----------
    link
        The customer's link.
    entity
        Kind of record, as the flows are called: customer, job, invoice, time_entry ...
    number
        What people call it: an invoice number, a customer's name; or its id.
    """
    result = session.ask(lambda operator: operator.send(link, entity, number, session.actor()))
    row = result.model_dump(mode="json")
    emit(row, [row], views.SENT)
    return {**_SENT, **_UNDER_WAY}.get(result.state, Exit.FAILED)


def status(link: str | None = None, /) -> int:
    """Show how every link stands: in step, due, waiting, in conflict, refused, held.

    Exit code 3 if anything is late, in error, or needs a person.

    For example:
      syncd status
      syncd status acme -o json

    Parameters
    ----------
    link
        Only this link.
    """
    found = session.ask(lambda operator: operator.status(link))
    emit(
        found.model_dump(mode="json"),
        views.status_rows(found),
        views.STATUS,
        people=lambda: views.status_table(found),
        empty="No links are configured.",
    )
    return Exit.PARTLY if _sick(found) else Exit.OK


def _sick(found: Status) -> bool:
    return any(link.health in _SICK for link in found.links) or any(c.up is False for c in found.connections)


def explain(entity: str, ident: str, /, *, link: str | None = None) -> int:
    """Tell the life of one record: seen, mapped, intended, sent, confirmed; both ids, who and when.

    For example:
      syncd explain invoice S-10442
      syncd explain customer 2270000000000123 --link acme

    Parameters
    ----------
    entity
        Kind of record, as the flows are called: customer, job, invoice, time_entry ...
    ident
        Its id on either side, or what people call it.
    link
        Only in this link.
    """
    lives = session.ask(lambda operator: _lives(operator, entity, ident, link))
    emit(
        [life.model_dump(mode="json") for life in lives],
        [views.event_row(life, event) for life in lives for event in life.events],
        views.EVENTS,
        people=lambda: views.lives_table(lives),
        empty="It is known, and nothing has happened to it.",
    )
    return Exit.OK


async def _lives(operator: Operator, entity: str, ident: str, link: str | None) -> Sequence[Life]:
    lives = await operator.explain(entity, ident, link)
    if not lives:
        raise NothingMatched(
            f"no {entity} {ident} is known", remedy="it may not have been read yet: `syncd sync`"
        )
    return lives


def _complain_trips(stopped: Sequence[PlanView] | Sequence[SyncReport]) -> None:
    for found in stopped:
        for trip in found.trips:
            complain(f"STOPPED {found.link}, {trip.brake}: {trip.message}", "bold red")
            if trip.release:
                complain(f"  to let it pass: {trip.release}", "red")
