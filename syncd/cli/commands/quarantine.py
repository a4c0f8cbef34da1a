"""``quarantine``: records that one side refuses. Each waits here and holds up nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from syncd.api.models import Done, QuarantineItem
from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say
from syncd.core.errors import FixInput, NothingMatched

_COLUMNS = [
    Column("id", "ID", right=True),
    Column("link", "LINK"),
    Column("flow", "FLOW"),
    Column("side", "SIDE", wide=True),
    Column("key", "KEY", wide=True),
    Column("label", "RECORD"),
    Column("code", "KIND"),
    Column("field", "FIELD"),
    Column("reason", "REASON"),
    Column("since", "SINCE"),
    Column("attempts", "TRIES", right=True),
]


def list_(link: str | None = None, /, *, fail_if_empty: bool = False) -> int:
    """List the records that one side refuses, oldest first.

    For example:
      syncd quarantine list acme
      syncd quarantine list --fail-if-empty -o csv

    Parameters
    ----------
    link
        Only this link's.
    fail_if_empty
        Exit with 4 if there are none.
    """
    items = _items(link)
    rows = [item.model_dump(mode="json") for item in items]
    emit(rows, rows, _COLUMNS, empty="Nothing is in quarantine.")
    return Exit.NOTHING if fail_if_empty and not items else Exit.OK


def show(ident: int, /) -> int:
    """Show one record: why it was refused, in the platform's own words, and what may be done.

    For example:
      syncd quarantine show 17

    Parameters
    ----------
    ident
        Its number in `syncd quarantine list`.
    """
    item = next((i for i in _items(None) if i.id == ident), None)
    if item is None:
        raise NothingMatched(f"nothing with the number {ident} is in quarantine")
    data = item.model_dump(mode="json")
    rows = [{"name": name, "value": value} for name, value in data.items()]
    emit(data, rows, [Column("name", ""), Column("value", "")])
    say(f"\nMend it at its source, then:  syncd quarantine retry {ident}")
    say(f"The life of the record:       syncd explain {item.flow.rpartition('/')[2]} {item.key}")
    return Exit.OK


def retry(*ids: int, all_matching: bool = False, link: str | None = None) -> int:
    """Try records again, after what was wrong with them has been mended.

    For example:
      syncd quarantine retry 17 18
      syncd quarantine retry --all-matching --link acme

    Parameters
    ----------
    ids
        Their numbers in `syncd quarantine list`.
    all_matching
        Every record in quarantine, or every one of `--link`.
    link
        With --all-matching: only this link's.
    """
    chosen = _chosen(ids, all_matching, link)
    if all_matching:
        confirm(f"try {len(chosen)} records again")
    return _done(session.ask(lambda operator: operator.quarantine_retry(chosen, session.actor())))


def skip(*ids: int, reason: str, all_matching: bool = False, link: str | None = None) -> int:
    """Leave records alone until they change again. The reason stands in the audit.

    For example:
      syncd quarantine skip 17 --reason "entered by hand as 4411"

    Parameters
    ----------
    ids
        Their numbers in `syncd quarantine list`.
    reason
        Why: for those who look later.
    all_matching
        Every record in quarantine, or every one of `--link`.
    link
        With --all-matching: only this link's.
    """
    chosen = _chosen(ids, all_matching, link)
    confirm(f"leave {len(chosen)} records alone until they change")
    ended = session.ask(lambda operator: operator.quarantine_skip(chosen, reason, session.actor()))
    return _done(ended)


def _items(link: str | None) -> Sequence[QuarantineItem]:
    return sorted(session.ask(lambda operator: operator.quarantine(link)), key=lambda item: item.since)


def _chosen(ids: Sequence[int], all_matching: bool, link: str | None) -> list[int]:
    if bool(ids) == all_matching:
        raise FixInput("name the records by number, or give --all-matching (not both)")
    if not all_matching:
        return list(ids)
    chosen = [item.id for item in _items(link)]
    if not chosen:
        raise NothingMatched("nothing is in quarantine", remedy="`syncd quarantine list`")
    return chosen


def _done(done: Done) -> int:
    if not done.count:
        raise NothingMatched("none of these is in quarantine", remedy="`syncd quarantine list`")
    say(done.message)
    return Exit.OK
