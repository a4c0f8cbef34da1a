"""``export``: batches for ledgers that are written by file. They work beside a running daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from syncd.cli import session
from syncd.cli.confirm import confirm as agree
from syncd.cli.exits import Exit
from syncd.cli.output import Column, emit, say
from syncd.core.errors import FixInput, NothingMatched
from syncd.files import restoring
from syncd.files.desk import ExportDesk, Line, Preview

_BATCHES = [
    Column("connection", "CONNECTION"),
    Column("batch", "BATCH"),
    Column("entity", "KIND"),
    Column("count", "RECORDS"),
    Column("total", "TOTAL"),
    Column("state", "STATE"),
    Column("made_at", "MADE"),
    Column("actor", "BY"),
]
_LINES = [
    Column("number", "NUMBER"),
    Column("amount", "AMOUNT"),
    Column("state", "STATE"),
    Column("reason", "REASON"),
    Column("reference", "REFERENCE"),
]
_MADE = [
    Column("connection", "CONNECTION"),
    Column("batch", "BATCH"),
    Column("entity", "KIND"),
    Column("count", "RECORDS"),
    Column("total", "TOTAL"),
    Column("file", "IMPORT FILE"),
]
But = Annotated[list[str] | None, Parameter(name="--but")]
Which = Annotated[str | None, Parameter(name=("--connection", "-c"))]


def run(kind: str | None = None, /, *, connection: Which = None, dry_run: bool = False) -> int:
    """Make a batch of what waits: an import file, its reversal, and a status file.

    A batch that was broken off is finished first. Each record is in exactly one batch; only one that the
    ledger rejected can be in another.

    For example:
      syncd export run --dry-run
      syncd export run invoice

    Parameters
    ----------
    kind
        invoice, time_entry, purchase_order or job_cost; without it, each of them.
    connection
        Whose batches; needed where several connections are written by file.
    dry_run
        Show the records and totals, and write nothing.
    """
    name, desk = _desk(connection)
    if dry_run:
        return _preview(name, desk.preview(kind))
    made = desk.run(session.actor(), datetime.now(UTC), kind)
    rows = [
        {
            "connection": name,
            "batch": one.batch,
            "entity": one.entity,
            "count": one.count,
            "total": f"{one.total}",
            "file": str(desk.folder / one.files[0]),
            "files": [str(desk.folder / file) for file in one.files],
        }
        for one in made
    ]
    emit(rows, rows, _MADE, empty="Nothing waits.")
    if made:
        say("Nothing is posted yet: import it, then say so with `syncd export confirm BATCH`.")
    return Exit.OK


def list_(batch: int | None = None, /, *, connection: Which = None) -> int:
    """List batches, the newest first; or the records of one, and what became of each.

    For example:
      syncd export list
      syncd export list 17

    Parameters
    ----------
    batch
        Its number.
    connection
        Whose batches.
    """
    if batch is not None:
        _, desk = _desk(connection)
        lines = _rows(desk.lines(batch))
        emit(lines, lines, _LINES)
        return Exit.OK
    chosen = session.exports() if connection is None else dict([_desk(connection)])
    rows = [
        {
            "connection": name,
            "batch": one.id,
            "entity": one.entity,
            "count": one.count,
            "total": one.total,
            "state": one.state.value,
            "made_at": one.made_at.isoformat(timespec="seconds"),
            "actor": one.actor,
        }
        for name, desk in chosen.items()
        for one in desk.batches()
    ]
    emit(rows, rows, _BATCHES, empty="No batch was made yet.")
    return Exit.OK


def confirm(
    batch: int,
    /,
    *,
    rejects: Path | None = None,
    but: But = None,
    rejected: str | None = None,
    connection: Which = None,
) -> int:
    """Say what the ledger made of a batch. Only then are its records posted, and their source is told.

    What it rejected is quarantined with the reason; once mended at its source it is in a later batch.

    For example:
      syncd export confirm 17
      syncd export confirm 17 --rejects rejected.txt
      syncd export confirm 17 --but "S-10442=job 41017 is closed"
      syncd export confirm 17 --rejected "period 9 is closed"

    Parameters
    ----------
    batch
        Its number.
    rejects
        The file of rejected records that the import wrote: these are rejected, the others posted.
    but
        NUMBER=REASON: this record is rejected, as the screen said; may be repeated.
    rejected
        The ledger took nothing of it, for this reason.
    connection
        Whose batch.
    """
    _, desk = _desk(connection)
    if rejected is not None and (rejects is not None or but):
        raise FixInput(
            "--rejected with --rejects or --but", remedy="say what was rejected, or the reason for all of it"
        )
    refused = dict(_reason(one) for one in but or [])
    shown = desk.lines(batch)
    total = sum(line.amount for line in shown)
    agree(
        f"call batch {batch} {'rejected' if rejected else 'posted'}: {len(shown)} records, {total} in total"
    )
    now = datetime.now(UTC)
    if rejected is not None:
        desk.reject(batch, rejected, session.actor(), now)
    else:
        desk.confirm(batch, session.actor(), now, rejects=rejects, but=refused)
    lines = _rows(desk.lines(batch))
    emit(lines, lines, _LINES)
    if len(lines) < len(shown):
        say(f"The import was cancelled: {len(shown) - len(lines)} others wait for the next batch.")
    return Exit.OK


def reverse(batch: int, /, *, reason: str, connection: Which = None) -> int:
    """Say that a batch's reversal file was imported: none of its records stands in the ledger any more.

    For example:
      syncd export reverse 17 --reason "posted into the wrong company"

    Parameters
    ----------
    batch
        Its number.
    reason
        Why; it stands in the batch's journal.
    connection
        Whose batch.
    """
    _, desk = _desk(connection)
    shown = desk.lines(batch)
    agree(f"call batch {batch} reversed: {len(shown)} records")
    desk.reverse(batch, reason, session.actor(), datetime.now(UTC))
    lines = _rows(desk.lines(batch))
    emit(lines, lines, _LINES)
    return Exit.OK


def resume(*status_file: Path, connection: Which = None) -> int:
    """Let batches be made again after a backup was put back, once it is known what was handed over since.

    Batches that were made after the backup are learned from their status files: those that lie in the
    hand-over folder, and those given here. Look into the ledger first: what was imported and is named by no
    status file would be handed over once more.

    For example:
      syncd export resume
      syncd export resume ~/batches/sage300-cre-invoice-20261120-180000.csv

    Parameters
    ----------
    status_file
        Further status files, wherever they were kept.
    connection
        Whose batches.
    """
    _, desk = _desk(connection)
    agree("let batches be made again; every batch that was imported since the backup is among these files")
    learned, count = restoring.resume(desk, status_file)
    rows = [{"batch": name} for name in learned]
    emit(
        {"batches": list(learned), "records": count}, rows, [Column("batch", "LEARNED")], empty="Nothing new."
    )
    say(f"{count} records are known to be handed over that the backup did not know.")
    return Exit.OK


def _reason(text: str) -> tuple[str, str]:
    number, equals, why = text.partition("=")
    if not equals or not why.strip():
        raise FixInput(f"--but {text}: NUMBER=REASON expected")
    return number.strip(), why.strip()


def _desk(connection: str | None) -> tuple[str, ExportDesk]:
    found = session.exports()
    if not found:
        raise NothingMatched("no connection here is written by file")
    if connection is not None and connection not in found:
        raise NothingMatched(f"{connection} is not written by file", remedy=f"these are: {', '.join(found)}")
    if connection is None and len(found) > 1:
        raise FixInput("several connections are written by file", remedy=f"--connection {' | '.join(found)}")
    name = connection or next(iter(found))
    return name, found[name]


def _preview(name: str, previews: Sequence[Preview]) -> int:
    data = [
        {
            "connection": name,
            "entity": one.entity,
            "total": str(one.total),
            "records": _rows(one.lines),
            "refused": _rows(one.refused),
        }
        for one in previews
    ]
    rows = [{**row, "entity": one.entity} for one in previews for row in _rows([*one.lines, *one.refused])]
    emit(data, rows, [Column("entity", "KIND"), *_LINES], empty="Nothing waits.")
    for one in previews:
        if one.lines or one.refused:
            say(
                f"{one.entity}: {len(one.lines)} records, {one.total} in total; {len(one.refused)} do not fit"
            )
    return Exit.OK


def _rows(lines: Sequence[Line]) -> list[Mapping[str, Any]]:
    return [
        {
            "number": line.number,
            "amount": str(line.amount),
            "state": line.state,
            "reason": line.reason,
            "reference": line.reference,
        }
        for line in lines
    ]
