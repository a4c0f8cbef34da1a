"""Workers as people see them: in the control API's answer and in the dashboard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from syncd.api.workers import WorkersView, WorkerView
from syncd.service.workers import Alone
from tui.views import workers

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def one(name: str, *, lost: bool = False, links: list[str] | None = None) -> WorkerView:
    return WorkerView(
        name=name,
        host="web1",
        pid=7,
        version="0.1.0",
        slots=16,
        since=NOW - timedelta(hours=3),
        seen_at=NOW - timedelta(seconds=2),
        silent_s=2.0,
        lost=lost,
        links=links or [],
    )


def test_a_row_says_who_lives_and_what_it_runs() -> None:
    cells = [str(cell) for cell in workers.row(one("web1-3f9a", links=["acme", "bolt"]), NOW).cells]
    assert cells[0] == "web1-3f9a"
    assert cells[1] == "● alive"
    assert cells[-2:] == ["2 of 16", "acme, bolt"]
    assert str(workers.row(one("web2-11ab", lost=True), NOW).cells[1]) == "✖ lost"


def test_the_headline_says_what_needs_a_look() -> None:
    view = WorkersView(
        shared=True,
        workers=[one("a"), one("b", lost=True)],
        wanted=3,
        oldest_wanted_s=45.0,
        taken_over=2,
        repaired=1,
    )
    said = str(workers.headline(view))
    assert said.startswith("1 processes   3 links wait for a run")
    assert "the first for 45 s" in said
    assert "1 lost" in said


async def test_where_one_process_does_everything_it_says_so() -> None:
    view = await Alone().workers()
    assert str(workers.headline(view)).startswith("One process does all the work")
