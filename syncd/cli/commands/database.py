"""``db``: the revisions of the state's tables."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import Parameter

from syncd.api.models import Progress
from syncd.cli import session
from syncd.cli.exits import Exit
from syncd.cli.options import options
from syncd.cli.output import Column, emit, say
from syncd.cli.progress import following
from syncd.core.errors import FixInput
from syncd.secrets.reference import SecretRef


def upgrade() -> int:
    """Bring the state's tables to the revision of this version. Does nothing if they are there.

    Take a copy of the database first. Stop the daemon meanwhile; on PostgreSQL it and its workers go on, also
    those of the version before: where that cannot be, this refuses and names them. Exit code 2 if the state
    is of a newer version that this one cannot work on.

    For example:
      syncd db upgrade
    """
    root = session.composition()
    before, newest = asyncio.run(root.revision(options().config))
    if before == newest:
        say(f"Already at {newest}.")
        return Exit.OK
    asyncio.run(root.upgrade(options().config))
    if before is not None and before > newest:
        say(f"At {before}, of a newer version; this one works on it as well.")
    else:
        say(f"{before or 'empty'} -> {newest}")
    return Exit.OK


def current() -> int:
    """Show the revision the state's tables are at, and the newest one. Exit code 1 if they differ.

    For example:
      syncd db current --json
    """
    at, newest = asyncio.run(session.composition().revision(options().config))
    row = {"current": at, "newest": newest, "up_to_date": at == newest}
    columns = [Column("current", "CURRENT"), Column("newest", "NEWEST"), Column("up_to_date", "UP TO DATE")]
    emit(row, [row], columns)
    if at is None or at < newest:
        say("`syncd db upgrade` brings it there", "yellow")
    elif at > newest:
        say("it is of a newer version of syncd", "yellow")
    return Exit.OK if at == newest else Exit.FAILED


def copy(
    *,
    from_: Annotated[str, Parameter(name="--from")],
    to: Annotated[str, Parameter(name="--to")],
    password: str | None = None,
) -> int:
    """Move the whole state into another, empty database: from a file to PostgreSQL, or back.

    Stop the daemon and its workers first. The state that is left behind writes nothing any more: a hold on
    everything says where it went. What arrived is compared, row by row; it arrives whole or not at all. The
    master key stays the same. Exit code 2 if something must be mended first: nothing has arrived then.

    For example:
      syncd db copy --from sqlite:///state.db --to postgresql://syncd@db.example.com/syncd --password env:PG

    Parameters
    ----------
    from_
        The state to move, as in `state.url`.
    to
        Where to; an empty database.
    password
        The PostgreSQL side's, by reference: env:NAME, file:PATH or keyring:SERVICE/NAME.
    """
    try:
        secret = None if password is None else SecretRef(password)
    except ValueError as wrong:
        raise FixInput(f"--password: {wrong}") from None
    with following() as show:

        def told(table: str, rows: int, total: int) -> None:
            show(Progress(link="state", flow=table, phase="copying", done=rows, total=total))

        done = session.composition().move_state(options().config, from_, to, secret, session.actor(), told)
    columns = [Column("table", "TABLE"), Column("rows", "ROWS", right=True), Column("digest", "DIGEST")]
    row = done.model_dump(mode="json")
    emit(row, row["tables"], columns)
    say(f"Every row is at {done.target}; {done.source} writes nothing any more.")
    say(f"Next: state: {{url: {to!r}}}, syncd check --live, then start the daemon.")
    return Exit.OK
