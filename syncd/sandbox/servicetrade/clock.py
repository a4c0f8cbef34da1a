"""Who clocked in and out, where: the list of events, a job's pairs, and the phones that send them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from syncd.core.errors import FixInput
from syncd.sandbox.servicetrade.invoices import put
from syncd.sandbox.servicetrade.listing import Listing
from syncd.sandbox.servicetrade.shapes import Refusal
from syncd.sandbox.servicetrade.world import Kind, Row, World

LISTING: Final = Listing("events", limit=100, limit_max=500)
ACTIVITIES: Final = ("onsite", "enroute", "offsite", "onbreak")
"""The last one was seen in sums of a job, and is none that a list filters by."""
_FILTERED: Final = frozenset(ACTIVITIES[:3])
_SOURCES: Final = frozenset({"mobile", "ivr"})

Event = dict[str, Any]


def events(world: World, query: Mapping[str, str], job_at: str) -> list[Event]:
    """Every event that the query asks for, by time. ``job_at``: where it names its job. Raises ``Refusal``.

    It tells neither a pair nor a time of change."""
    _check(query)
    rows = [row for row in world.tables[Kind.CLOCK] if _asked(row, query)]
    found = [_event(world, row, at, job_at) for row in rows for at in _ends(row, query)]
    return sorted(found, key=lambda event: (event["eventTime"], event["id"]))


def of_job(world: World, job: Row, event_at: str) -> dict[str, Any]:
    """The pairs of a job, and the seconds of each activity. ``event_at``: where a pair names its first
    event."""
    rows = [row for row in world.tables[Kind.CLOCK] if row.fields["job"] == job.id]
    sums = dict.fromkeys(ACTIVITIES, 0)
    for row in rows:
        sums[row.fields["activity"]] = sums.get(row.fields["activity"], 0) + _elapsed(row)
    return {"activityTime": sums, "pairedEvents": [_pair(world, row, event_at) for row in rows]}


def work(world: World, body: Mapping[str, Any]) -> dict[str, int]:
    """A phone hands in that somebody worked: ``job``, ``user``, ``activity``, ``start`` (unix seconds) and
    ``seconds`` (null: not clocked out yet). Raises ``FixInput`` for what it could not send."""
    job, user = world.get(Kind.JOB, int(body["job"])), world.get(Kind.USER, int(body["user"]))
    activity, seconds = body.get("activity", "onsite"), body.get("seconds")
    if job is None or user is None or activity not in ACTIVITIES:
        raise FixInput("job and user of this account, and an activity it knows, are needed")
    start = int(body["start"])
    end = None if seconds is None else start + int(seconds)
    return {"event": record(world, job.id, user.id, activity, start, end).id}


def record(world: World, job: int, user: int, activity: str, start: int, end: int | None) -> Row:
    """Keep a pair."""
    fields = {"job": job, "user": user, "activity": activity, "start": start, "end": end}
    return world.seed(Kind.CLOCK, {**fields, "closed_by": world.new_id()}, start, start)


def _check(query: Mapping[str, str]) -> None:
    if query.get("openClockEvents") and not (query.get("userId") or query.get("userIds")):
        raise Refusal(400, "openClockEvents requires userId or userIds", field="openClockEvents")
    if query.get("appointmentId") and not query.get("jobId"):
        raise Refusal(400, "appointmentId requires jobId", field="appointmentId")
    if query.get("activity") and query["activity"] not in _FILTERED:
        raise Refusal(400, "activity is not valid", field="activity")
    if query.get("source") and query["source"] not in _SOURCES:
        raise Refusal(400, "source is not valid", field="source")
    for name in ("startTime", "endTime"):
        if query.get(name) and not query[name].lstrip("-").isdecimal():
            raise Refusal(400, f"{name} must be an integer", field=name)


def _asked(row: Row, query: Mapping[str, str]) -> bool:
    users = [*query.get("userIds", "").split(","), query.get("userId", "")]
    wanted = {user for user in users if user}
    fields = row.fields
    return (
        (not wanted or str(fields["user"]) in wanted)
        and query.get("jobId", str(fields["job"])) == str(fields["job"])
        and query.get("activity", fields["activity"]) == fields["activity"]
        and (query.get("openClockEvents") in (None, "0") or fields["end"] is None)
    )


def _ends(row: Row, query: Mapping[str, str]) -> list[str]:
    """Which of a pair's events lie in the time that is asked for."""
    first, last = query.get("startTime"), query.get("endTime")
    return [
        name
        for name in ("start", "end")
        if row.fields[name] is not None
        and (not first or row.fields[name] >= int(first))
        and (not last or row.fields[name] <= int(last))
    ]


def _event(world: World, row: Row, name: str, job_at: str) -> Event:
    event = _moment(world, row, name, row.id if name == "start" else row.fields["closed_by"])
    put(event, job_at, row.fields["job"])
    return event


def _pair(world: World, row: Row, event_at: str) -> dict[str, Any]:
    pair: dict[str, Any] = {
        "start": _moment(world, row, "start", row.id),
        "end": None if row.fields["end"] is None else _moment(world, row, "end", row.fields["closed_by"]),
        "elapsedTime": _elapsed(row),
    }
    put(pair, event_at, row.id)
    return pair


def _moment(world: World, row: Row, name: str, ident: int) -> Event:
    user = world.get(Kind.USER, row.fields["user"])
    assert user is not None
    return {
        "id": ident,
        "eventTime": row.fields[name],
        "activity": row.fields["activity"],
        "user": {"id": user.id, "name": user.fields["name"]},
        "source": "mobile",
    }


def _elapsed(row: Row) -> int:
    end = row.fields["end"]
    return 0 if end is None else int(end - row.fields["start"])
