"""``hold`` and ``release``: no write passes a hold, not even one already planned."""

from __future__ import annotations

from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say
from syncd.cli.views import with_times
from syncd.core.errors import FixInput

_COLUMNS = [
    Column("id", "ID", right=True),
    Column("scope", "SCOPE"),
    Column("reason", "REASON"),
    Column("by", "BY"),
    Column("since", "SINCE"),
]


def hold(scope: str, /, *, reason: str) -> int:
    """Let no write pass until it is released. Reading goes on, and what arrives waits; a write that was
    sent already may still finish.

    For example:
      syncd hold link:acme --reason "year end, ask Dana"
      syncd hold flow:acme/invoice --reason "tax codes change on the 1st"
      syncd hold everything --reason "looking into a wrong posting"

    Parameters
    ----------
    scope
        everything, connection:NAME, link:NAME, flow:LINK/ENTITY, field:LINK/ENTITY/FIELD or
        record:LINK/ENTITY/KEY.
    reason
        For whoever finds it.
    """
    if not reason.strip():
        raise FixInput("--reason: say why, for whoever finds it")
    held = session.ask(lambda operator: operator.hold(scope, reason, session.actor()))
    row = held.model_dump(mode="json")
    emit(row, [with_times(row, "since")], _COLUMNS)
    if held.under_way:
        say(f"{held.under_way} writes were sent before this and may still finish; no other leaves.", "yellow")
    else:
        say("No write is under way, and none leaves from now on.")
    say(f"To release it: {held.release}")
    return Exit.OK


def stop_writes(*, reason: str = "stopped by hand") -> int:
    """Stop every write, everywhere, now: the kill switch. Reading goes on, and what arrives waits.

    The same as `syncd hold everything`. It says how many writes were sent already: those may still finish.

    For example:
      syncd stop-writes --reason "wrong totals in AR, looking into it"

    Parameters
    ----------
    reason
        For whoever finds it.
    """
    return hold("everything", reason=reason)


def release(*ids: int) -> int:
    """Release holds. What waited behind them is planned anew from the latest state, parents first.
    Releasing a brake lets through what it stopped, and not one more.

    For example:
      syncd release 4

    Parameters
    ----------
    ids
        Their numbers, as `syncd status` shows them.
    """
    if not ids:
        raise FixInput("name the holds by number", remedy="`syncd status` shows the open ones")
    holds = "hold" if len(ids) == 1 else "holds"
    confirm(f"release {len(ids)} {holds}; what waits behind them may be written")
    done = session.ask(lambda operator: operator.release(ids, session.actor()))
    emit(done.model_dump(mode="json"), [done.model_dump(mode="json")], [Column("message", "DONE")])
    return Exit.OK
