"""Bulk work lives on the server: planned, taken back or carried out, also after a restart."""

from __future__ import annotations

import pytest

from syncd.api.fleet import JobState
from syncd.core.errors import NothingMatched, RetryLater
from syncd.service import jobs
from syncd.service.jobs import Jobs
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
    after_restart = Jobs(world.store.database, world.store.keeper, world.clock, office.feed, office.operator)
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
