"""``workers``: who works on the state."""

from __future__ import annotations

from syncd.cli import session
from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say
from syncd.cli.views import with_times

_COLUMNS = [
    Column("name", "NAME"),
    Column("state", "STATE"),
    Column("host", "HOST"),
    Column("version", "VERSION"),
    Column("since", "SINCE"),
    Column("silent_s", "SEEN (S AGO)"),
    Column("slots", "SLOTS"),
    Column("running", "RUNS"),
]


def workers() -> int:
    """List the processes that work on the state: since when, when each was last heard of, which links it
    runs. A lost one is shown for an hour. Needs a state on PostgreSQL, and no daemon.

    For example:
      syncd workers
      syncd workers --json
    """
    view = session.workers()
    data = view.model_dump(mode="json")
    shown = [
        with_times(one, "since")
        | {"state": "lost" if one["lost"] else "alive", "running": ", ".join(one["links"]) or "-"}
        for one in data["workers"]
    ]
    emit(data, shown, _COLUMNS)
    say(
        f"Links that wait for a run: {view.wanted}. Since this state was made: workers lost {view.lost}, "
        f"links taken over {view.taken_over}, found again {view.repaired}"
    )
    return Exit.OK
