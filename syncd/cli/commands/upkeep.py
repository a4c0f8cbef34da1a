"""``backup``, ``restore`` and ``audit``: the state beside its work."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from syncd.api.upkeep import AuditLine
from syncd.cli import session
from syncd.cli.confirm import confirm
from syncd.cli.exits import Exit
from syncd.cli.options import options
from syncd.cli.output import Column, emit, neutral, say
from syncd.cli.views import when, with_times


def backup(to: Path, /) -> int:
    """Copy the state, and the batches of ledgers that take files, into one file, while the daemon goes on.

    The copy is as sealed as the state: without the master key nobody reads it. Keep the key elsewhere.

    For example:
      syncd backup /var/backups/syncd/state-$(date +%F).db

    Parameters
    ----------
    to
        The file to write. No file is ever overwritten.
    """
    made = session.composition().backup(options().config, to)
    row = made.model_dump(mode="json")
    columns = [Column("path", "BACKUP"), Column("bytes", "BYTES", right=True), Column("newest", "UNTIL")]
    emit(row, [with_times(row, "newest")], columns)
    return Exit.OK


def restore(backup: Path, /) -> int:
    """Put a backup in the place of the state. Stop the daemon first.

    What was written to the platforms since the backup is not known to it: from then on, whatever it would
    create is looked up before it is sent, so nothing is posted twice. The state that stood there is kept
    beside it. Logins that renew themselves may have to be given anew.

    For example:
      syncd restore /var/backups/syncd/state-2026-11-20.db

    Parameters
    ----------
    backup
        A file that `syncd backup` wrote.
    """
    confirm(f"put {backup} in the place of the state")
    done = session.composition().restore(options().config, backup, session.actor())
    row = done.model_dump(mode="json")
    columns = [Column("path", "STATE"), Column("generation", "GENERATION"), Column("aside", "KEPT")]
    emit(row, [row], columns)
    for one in done.batches:
        if one.kept:
            say(f"{one.connection}: its batches know as much as the backup's, and stay.")
        else:
            say(
                f"{one.connection}: its batches are of the backup. Nothing is handed over until somebody says"
            )
            say("what was handed over since: syncd export resume --help", "bold")
    say(f"It knows of what was written until {when(done.backup.newest) or 'never'}; the rest is looked up.")
    say("Next: syncd check --live, then start the daemon.")
    return Exit.OK


_LINKS = Annotated[list[str] | None, Parameter(name="--link", consume_multiple=True)]


def verify(*, link: _LINKS = None, kept: str | None = None) -> int:
    """Look whether the audit is what was written. Exit code 1 if a line was changed, moved or taken out.

    For example:
      syncd audit verify
      syncd audit verify --kept 4711:9f2c...

    Parameters
    ----------
    link
        Only these links' chains (and the site's own).
    kept
        The end of the site's chain as an earlier verification or the daemon's log showed it, LINE:HASH.
    """
    report = session.composition().audit_verify(options().config, link or [], kept)
    rows = [one.model_dump(mode="json") for one in report.breaks]
    columns = [Column("link", "LINK"), Column("line", "LINE", right=True), Column("what", "WHAT")]
    emit(report.model_dump(mode="json"), rows, columns)
    say(f"{report.lines} lines in {report.chains} chains, {report.anchors} anchors; end {report.end}")
    if not report.breaks:
        say("Every line is what was written.", "green")
        return Exit.OK
    say("Somebody changed the database. Make a copy of it as it is before anything else.", "bold red")
    return Exit.FAILED


def export(*, link: _LINKS = None) -> int:
    """Write the audit to stdout, one JSON object a line, in order.

    For example:
      syncd audit export --link acme > acme.jsonl

    Parameters
    ----------
    link
        Only these links' chains.
    """

    def write(line: AuditLine) -> None:
        sys.stdout.write(neutral(line.model_dump_json()) + "\n")

    count = session.composition().audit_export(options().config, link or [], write)
    say(f"{count} lines")
    return Exit.OK
