"""``db``: the revisions of the state's tables."""

from __future__ import annotations

import asyncio

from syncd.cli import session
from syncd.cli.exits import Exit
from syncd.cli.options import options
from syncd.cli.output import Column, emit, say


def upgrade() -> int:
    """Bring the state's tables to the revision of this version. Does nothing if they are there.

    Take a copy of the database first; stop the daemon meanwhile.

    For example:
      syncd db upgrade
    """
    root = session.composition()
    before, newest = asyncio.run(root.revision(options().config))
    if before == newest:
        say(f"Already at {newest}.")
        return Exit.OK
    asyncio.run(root.upgrade(options().config))
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
    if at != newest:
        say("`syncd db upgrade` brings it there", "yellow")
    return Exit.OK if at == newest else Exit.FAILED
