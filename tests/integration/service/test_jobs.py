"""Bulk work lives on the server: planned, taken back or carried out, also after a restart."""

from __future__ import annotations

import pytest
from pydantic import JsonValue
from sqlalchemy import select

from syncd.api import endpoints
from syncd.api.conflicts import ConflictView
from syncd.api.fleet import JobState
from syncd.api.requests import JobCancel, Later
from syncd.api.scopes import Scope
from syncd.core.errors import FixInput, NothingMatched, RetryLater
from syncd.service import jobs
from syncd.service.jobs import Jobs
from syncd.store.tables import job
from tests.integration.engine.test_conflicts import in_conflict
from tests.integration.service.daemon import READ, daemon
from tests.integration.service.office import Office


@pytest.fixture
async def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(jobs, "PIECE", 3)
    made = Office()
    await made.open()
    made.refuse(*(f"Orchard {n}" for n in range(7)))
    await made.run_link()
    return made


async def refused(office: Office) -> int:
    return sum(group.count for group in await office.overview.quarantine_reasons())


async def test_nothing_happens_while_it_can_be_taken_back(office: Office) -> None:
    planned = await office.jobs.bulk_retry(link="acme", undo_s=10, actor="ann")
    assert (planned.state, planned.total, planned.by) == (JobState.PLANNED, 7, "ann")
    office.world.wait(9)
    assert not await office.jobs.step()
    cancelled = await office.jobs.job_cancel(planned.id, "ben")
    assert (cancelled.state, cancelled.message) == (JobState.CANCELLED, "cancelled by ben")
    office.world.wait(60)
    assert not await office.jobs.step()
    assert await refused(office) == 7
    with pytest.raises(NothingMatched, match="not open"):
        await office.jobs.job_cancel(planned.id)


async def test_its_time_come_it_is_carried_out_in_pieces_and_what_came_later_is_left_alone(
    office: Office,
) -> None:
    planned = await office.jobs.bulk_retry(code="validation", undo_s=10, actor="ann")
    office.world.wait(5)
    office.refuse("Meadow")
    await office.run_link()
    office.world.wait(5)
    office.accept()
    while await office.jobs.step():
        pass
    (done,) = await office.jobs.jobs()
    assert (done.id, done.state, done.done, done.total) == (planned.id, JobState.DONE, 7, 7)
    await office.run_link()
    assert await refused(office) == 1
    assert len(office.world.right.records("customer")) == 7
    (life,) = await office.operator.explain("customer", "Orchard 0")
    assert "ann (job 1)" in {line.actor for line in life.events}


async def test_broken_off_it_goes_on_where_it_was(office: Office) -> None:
    await office.jobs.bulk_skip(undo_s=0, actor="ann", reason="written off")
    assert await office.jobs.step()
    assert await refused(office) == 4
    world = office.world
    state = (world.store.database, world.store.keeper, world.clock)
    after_restart = Jobs(*state, office.feed, office.operator, office.deciding)
    while await after_restart.step():
        pass
    assert await refused(office) == 0
    (done,) = await after_restart.jobs()
    assert (done.state, done.done) == (JobState.DONE, 7)


async def test_stopped_in_the_middle_what_was_done_stays_done(office: Office) -> None:
    planned = await office.jobs.bulk_skip(undo_s=0, actor="ann", reason="written off")
    await office.jobs.step()
    stopped = await office.jobs.job_cancel(planned.id, "ben")
    assert (stopped.state, stopped.done) == (JobState.CANCELLED, 3)
    assert not await office.jobs.step()
    assert await refused(office) == 4


async def test_a_job_that_cannot_go_on_says_why(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(ids: object, actor: str = "") -> None:
        raise RetryLater("the state is busy")

    monkeypatch.setattr(office.operator, "quarantine_retry", busy)
    await office.jobs.bulk_retry(undo_s=0, actor="ann")
    await office.jobs.step()
    (failed,) = await office.jobs.jobs()
    assert (failed.state, failed.message) == (JobState.FAILED, "the state is busy")


async def test_a_job_about_nothing_is_refused(office: Office) -> None:
    with pytest.raises(NothingMatched, match="no refused record fits"):
        await office.jobs.bulk_retry(link="meadow")
    with pytest.raises(NothingMatched):
        await office.jobs.bulk_retry(ids=[])


# -- single decisions -----------------------------------------------------------------------------


async def disputed() -> tuple[Office, ConflictView]:
    office = Office(await in_conflict())
    await office.open()
    (one,) = (await office.decisions.conflicts(limit=10)).items
    return office, one


def taking(one: ConflictView, typed: str) -> dict[str, JsonValue]:
    choice: JsonValue = {"id": one.id, "version": one.version, "take": "value", "values": {"name": typed}}
    return {"choices": [choice]}


async def test_a_decision_waits_until_it_can_no_longer_be_taken_back() -> None:
    office, one = await disputed()
    planned = await office.jobs.later("conflicts_resolve", taking(one, "Acme Mid"), 10, "ann")
    assert (planned.state, planned.total, planned.by) == (JobState.PLANNED, 1, "ann")
    office.world.wait(5)
    assert not await office.jobs.step()
    assert not (await office.decisions.conflict(one.id)).resolved
    office.world.wait(6)
    assert await office.jobs.step()
    assert (await office.decisions.conflict(one.id)).resolved == "value by ann (job 1)"
    (done,) = await office.jobs.jobs()
    assert (done.state, done.done) == (JobState.DONE, 1)
    assert done.message.startswith("1 decided")


async def test_taken_back_it_was_never_said() -> None:
    office, one = await disputed()
    planned = await office.jobs.later("conflicts_resolve", taking(one, "Acme Mid"), 10, "ann")
    await office.jobs.job_cancel(planned.id, "ann")
    office.world.wait(60)
    assert not await office.jobs.step()
    assert not (await office.decisions.conflict(one.id)).resolved


async def test_who_may_only_decide_may_take_a_decision_back_and_who_may_only_look_may_not() -> None:
    office, one = await disputed()
    made = await office.ring.token_create("ann", [Scope.RESOLVE])
    decide = Later.model_validate(
        {"call": "conflicts_resolve", "asked": taking(one, "Acme Mid"), "undo_s": 10}
    )
    async with (
        daemon(operator=office.answering, find=office.ring.find) as there,
        there.client(made.token) as ann,
        there.client(READ) as reader,
    ):
        planned = await ann.call(endpoints.LATER, decide)
        with pytest.raises(FixInput, match="scope 'operate' or 'resolve' or 'admin'"):
            await reader.call(endpoints.JOB_CANCEL, JobCancel(id=planned.id))
        taken_back = await ann.call(endpoints.JOB_CANCEL, JobCancel(id=planned.id))
    assert (taken_back.state, taken_back.message) == (JobState.CANCELLED, "cancelled by ann")


async def test_what_was_typed_is_sealed_while_it_waits_and_forgotten_then() -> None:
    office, one = await disputed()
    await office.jobs.later("conflicts_resolve", taking(one, "Acme Mid"), 0, "ann")
    kept = select(job.c.selection)
    database = office.world.store.database
    assert "Acme" not in await database.read(lambda c: c.execute(kept).scalar_one())
    await office.jobs.step()
    assert await database.read(lambda c: c.execute(kept).scalar_one()) == ""


async def test_a_decision_on_values_that_have_changed_meanwhile_is_told_as_not_carried_out() -> None:
    office, one = await disputed()
    await office.jobs.later("conflicts_resolve", taking(one, "Acme Mid"), 10, "ann")
    (key,) = office.world.left.records("customer")
    office.world.left.edit("customer", key, {"name": "Acme West"}, by="ann")
    office.world.wait(600)
    await office.run_link()
    await office.jobs.step()
    (done,) = await office.jobs.jobs()
    assert (done.state, done.done, done.total) == (JobState.DONE, 0, 1)
    assert "1 not: look at them again" in done.message


async def test_what_is_not_understood_is_refused_at_once_and_what_fails_says_why(
    office: Office,
) -> None:
    with pytest.raises(FixInput, match=r"conflicts_resolve is not asked like that: choices"):
        await office.jobs.later("conflicts_resolve", {"ids": [1]})
    with pytest.raises(FixInput, match="names how many"):
        await office.jobs.later("conflicts_resolve_all", {"take": "left"})
    await office.jobs.later("held_settle", {"ident": 99}, 0, "ann")
    await office.jobs.step()
    (failed,) = await office.jobs.jobs()
    assert failed.state is JobState.FAILED
    assert failed.message
