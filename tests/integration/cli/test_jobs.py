"""``syncd job``: what the running daemon was asked to do in bulk."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from syncd.api import endpoints
from syncd.api.endpoint import Endpoint
from syncd.api.fleet import JobState, JobView
from syncd.api.requests import Asked, JobCancel, Jobs
from syncd.core.errors import NothingMatched
from tests.integration.cli.composition import FakeComposition
from tests.integration.cli.conftest import Run

AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
WAITING = JobView(
    id=17, kind="retry", state=JobState.PLANNED, by="dana", planned_at=AT, applies_at=AT, total=40, done=0
)
FAILED = JobView(
    id=16, kind="skip", state=JobState.FAILED, by="ann", planned_at=AT, applies_at=AT, ended_at=AT,
    total=9, done=4, message="the state cannot be used",
)  # fmt: skip


class Daemon:
    """Knows two jobs, of which one can still be taken back."""

    async def call(self, endpoint: Endpoint[Asked, object], asked: Asked) -> object:
        if isinstance(asked, Jobs):
            assert endpoint is endpoints.JOBS
            known = [one for one in (WAITING, FAILED) if asked.before is None or one.id < asked.before]
            return known[: asked.limit]
        assert isinstance(asked, JobCancel)
        if asked.id != WAITING.id:
            raise NothingMatched(f"job {asked.id} is not open", remedy="what it did stays done")
        return WAITING.model_copy(
            update={"state": JobState.CANCELLED, "message": f"cancelled by {asked.actor}"}
        )


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def daemon(*_: object) -> AsyncIterator[Daemon]:
        yield Daemon()

    monkeypatch.setattr(FakeComposition, "daemon", daemon)


@pytest.mark.usefixtures("beside")
def test_jobs_are_listed_with_how_far_they_are(run: Run) -> None:
    told = run("job", "list").stdout
    assert "retry" in told
    assert "the state cannot be used" in told
    first = run("job", "list", "--limit", "1", "--json")
    assert [one["id"] for one in json.loads(first.stdout)] == [17]
    assert "--before 17" in first.stderr
    (older,) = json.loads(run("job", "list", "--before", "17", "--json").stdout)
    assert (older["state"], older["done"], older["total"]) == ("failed", 4, 9)


@pytest.mark.usefixtures("beside")
def test_taking_one_back_asks_first(run: Run) -> None:
    assert run("job", "cancel", "17").returncode == 5
    done = run("job", "cancel", "17", "--yes", "--json")
    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "cancelled")
    assert run("job", "cancel", "16", "--yes").returncode == 4


def test_without_a_daemon_it_says_so(run: Run) -> None:
    ran = run("job", "list")
    assert ran.returncode == 6
    assert "syncd run" in ran.stderr
