"""``job``: bulk work and decisions that the running daemon carries out, whoever asked and left."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from syncd.api import endpoints, requests
from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.output import Column, Row, emit, say
from syncd.cli.views import with_times

_COLUMNS = [
    Column("id", "ID", right=True),
    Column("kind", "WHAT"),
    Column(
        "state",
        "STATE",
        palette={
            "planned": "cyan",
            "running": "cyan",
            "done": "green",
            "failed": "bold red",
            "cancelled": "dim",
        },
    ),
    Column("done", "DONE", right=True),
    Column("total", "OF", right=True),
    Column("planned_at", "ASKED"),
    Column("applies_at", "BEGINS", wide=True),
    Column("ended_at", "ENDED"),
    Column("by", "BY"),
    Column("message", "WHAT CAME OF IT"),
]


def list_(
    *,
    before: Annotated[int | None, Parameter(validator=Number(gte=1))] = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1, lte=1000))] = 100,
    fail_if_empty: bool = False,
) -> int:
    """List jobs, the newest first. The dashboard plans them; they live in the running daemon.

    For example:
      syncd job list
      syncd job list --limit 1000 -o jsonl

    Parameters
    ----------
    before
        Go on behind this number.
    limit
        At most so many (1000 is the most).
    fail_if_empty
        Exit with 4 if there are none.
    """
    found = session.call(endpoints.JOBS, requests.Jobs(before=before, limit=limit))
    data = [one.model_dump(mode="json") for one in found]
    emit(data, [_row(job) for job in data], _COLUMNS, empty="Nothing was ever asked for in bulk.")
    if len(found) == limit:
        say(f"older ones: --before {found[-1].id}")
    return Exit.NOTHING if fail_if_empty and not found else Exit.OK


def cancel(ident: Annotated[int, Parameter(validator=Number(gte=1))], /) -> int:
    """Take a job back before it begins, or stop it on its way: what it did so far stays done.

    For example:
      syncd job cancel 17

    Parameters
    ----------
    ident
        Its number in `syncd job list`.
    """
    confirm(f"stop job {ident}; what it did so far stays done")
    job = session.call(endpoints.JOB_CANCEL, requests.JobCancel(id=ident, actor=session.actor()))
    data = job.model_dump(mode="json")
    emit(data, [_row(data)], _COLUMNS)
    return Exit.OK


def _row(job: dict[str, Any]) -> Row:
    return with_times(job, "planned_at", "applies_at", "ended_at")
