"""Hours and costs of ServiceTrade: which are read, and when a correction is seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from syncd.connectors.servicetrade.profile import ServiceTradeProfile
from syncd.core.errors import FixInput, UnreadableAnswer
from syncd.core.model import Record
from tests.conformance.steps import walk
from tests.integration.connectors.servicetrade.test_account import _Account, account

_HOUR = 3600
_SINCE = {"first_day": "2026-01-01", "look_back_h": 2}
_EARLY = int(datetime(2026, 3, 2, 14, tzinfo=UTC).timestamp())
"""Long before any reading looks back to."""


async def worked(at: _Account, start: int, seconds: int | None, job: int = 0, **more: Any) -> str:
    """Somebody worked on the job at that place of the list. The key of the pair."""
    jobs, users = await at.control.view("jobs"), await at.control.view("users", status="active")
    ident, user = jobs[job]["id"], users[0]["id"]
    answer = await at.control.act("work", job=ident, user=user, start=start, seconds=seconds, **more)
    return f"{ident}-{answer['event']}"


async def read(
    at: _Account, entity: str, since: str | None = None
) -> tuple[Mapping[str, Record], str | None]:
    """Living records by key, and the watermark."""
    lens = at.connector.capabilities.entities[entity].map
    pages = await walk(at.connector, entity, since=since)
    rows = {seen.key: lens.get(json.loads(seen.raw)) for p in pages for seen in p.records if not seen.deleted}
    return rows, pages[-1].watermark


async def test_a_pair_is_hours_of_one_person_on_one_day_and_job(tmp_path: Path) -> None:
    async with account(tmp_path, labour=_SINCE) as at:
        key = await worked(at, _EARLY, 6 * _HOUR + 20 * 60, activity="enroute")
        found, _ = await read(at, "time_entry")
        job, _, event = key.partition("-")
        user = (await at.control.view("users", status="active"))[0]["id"]
        assert found[key] == {
            "employee": str(user),
            "number": event,
            "date": date(2026, 3, 2),
            "job": job,
            "earning": "enroute",
            "regular_hours": Decimal("6.33"),
        }


async def test_who_has_not_clocked_out_has_no_hours_yet(tmp_path: Path) -> None:
    async with account(tmp_path, labour=_SINCE) as at:
        key = await worked(at, _EARLY, None)
        assert await read(at, "time_entry") == ({}, str(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())))
        assert await at.connector.fetch("time_entry", key) is None


async def test_hours_of_before_the_first_day_are_never_looked_at(tmp_path: Path) -> None:
    async with account(tmp_path, labour={**_SINCE, "first_day": "2026-03-03"}) as at:
        await worked(at, _EARLY, _HOUR)
        key = await worked(at, _EARLY + 86_400, _HOUR)
        found, _ = await read(at, "time_entry")
        assert set(found) == {key}, "also where a job has hours of both"


async def test_a_job_that_was_worked_on_lately_is_read_again_whole(tmp_path: Path) -> None:
    """So that a correction of its older hours is seen; jobs that rest are left alone."""
    async with account(tmp_path, labour=_SINCE) as at:
        resting = await worked(at, _EARLY, _HOUR, job=1)
        older = await worked(at, _EARLY, _HOUR)
        _, watermark = await read(at, "time_entry")
        now = int((datetime.now(UTC) - timedelta(hours=1)).timestamp())
        newer = await worked(at, now, 1800)
        found, watermark = await read(at, "time_entry", watermark)
        assert set(found) == {older, newer, resting}, "the watermark stood at the end of the older ones"
        found, _ = await read(at, "time_entry", watermark)
        assert set(found) == {older, newer}


async def test_hours_are_found_by_the_number_of_their_first_event(tmp_path: Path) -> None:
    async with account(tmp_path, labour=_SINCE) as at:
        key = await worked(at, _EARLY, _HOUR)
        assert [s.key for s in await at.connector.search("time_entry", key.partition("-")[2])] == [key]


async def test_hours_without_a_word_of_whose_they_are_open_no_connection(tmp_path: Path) -> None:
    with pytest.raises(FixInput, match="labour"):
        async with account(tmp_path, lambda p: p.model_copy(update={"people": None}), labour=_SINCE):
            pass


async def test_a_profile_that_errs_about_events_says_where(tmp_path: Path) -> None:
    def elsewhere(profile: ServiceTradeProfile) -> ServiceTradeProfile:
        assert profile.clock is not None
        return profile.model_copy(update={"clock": profile.clock.model_copy(update={"job": "work.id"})})

    async with account(tmp_path, elsewhere, labour=_SINCE) as at:
        await worked(at, _EARLY, _HOUR)
        with pytest.raises(UnreadableAnswer, match=r"work\.id"):
            await read(at, "time_entry")


async def test_a_job_item_is_a_cost_once_it_was_used_and_cost_something(tmp_path: Path) -> None:
    async with account(tmp_path) as at:
        job = (await at.control.view("jobs"))[0]["id"]
        items: Mapping[str, Mapping[str, float]] = {
            "Filter": {"quantity": 3, "cost": 11.375, "usedOn": _EARLY},
            "Planned": {"quantity": 1, "cost": 9.5},
            "Unpriced": {"quantity": 1, "usedOn": _EARLY},
        }
        made = {}
        for name, fields in items.items():
            answer = await at.connector._http.write(
                "POST", "/jobitem", json={"name": name, "jobId": job, **fields}
            )
            made[name] = str(answer.json()["data"]["id"])  # type: ignore[union-attr]
        found, _ = await read(at, "job_cost")
        filters = found[made["Filter"]]
        assert (filters["quantity"], filters["unit_cost"], filters["amount"]) == (
            Decimal(3),
            Decimal("11.375"),
            Decimal("34.13"),
        )
        assert not {made["Planned"], made["Unpriced"]} & set(found)
        assert await at.connector.fetch("job_cost", made["Planned"]) is None
