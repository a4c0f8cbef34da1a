"""Batches in and out of a backup.

A ledger that takes files cannot be asked what it has: the batches' memory is all there is. So it is in the
backup; one that knows more than the backup's is never replaced; and one that was put back makes nothing until
what was handed over since is known, from the status files of those batches or from a person.
"""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from syncd.core.errors import FixInput
from syncd.files.desk import RETURNED, STATUS_HEADING, TAKEN, ExportDesk
from syncd.files.ledger import LEARNED
from syncd.files.rows import Batch, BatchState, Entry, File, FileKind, RecordState

_NAME: Final = re.compile(r"(?P<entity>[a-z]+(-[a-z]+)*)-(?P<stamp>(?P<at>\d{8}-\d{6})(-\d+)?)")
"""The name of a batch's files, after the platform's."""
_ACTOR: Final = "status file"


@dataclass(frozen=True, slots=True)
class PutBack:
    """What became of one connection's batches when a backup was put back."""

    connection: str
    kept: bool
    """Those that stood there know all that the backup's know: they stay."""
    aside: str | None = None
    """Where others that stood there lie now."""


def snapshot(desk: ExportDesk) -> bytes | None:
    """What a backup holds of a connection's batches; None before there are any."""
    return desk.ledger.snapshot() if desk.ledger.path.exists() else None


def put_back(desk: ExportDesk, content: bytes, now: datetime) -> PutBack:
    """Put a snapshot of a connection's batches in their place, unless what stands there knows as much."""
    with desk.alone():
        path = desk.ledger.path
        if path.exists() and _references(content) <= (there := desk.ledger.references()) and there:
            return PutBack(desk.connection, kept=True)
        aside = None
        if path.exists():
            aside = path.with_name(f"{path.name}.before-{now.strftime('%Y%m%dT%H%M%SZ')}")
            aside.touch(mode=0o600)
            aside.write_bytes(desk.ledger.snapshot())
        desk.ledger.put_back(content, now)
        return PutBack(desk.connection, kept=False, aside=str(aside) if aside else None)


def resume(desk: ExportDesk, given: Sequence[Path]) -> tuple[Sequence[str], int]:
    """Learn from the status files of batches that were made since the backup: those that lie in the hand-over
    folder, and ``given`` ones; then let new batches be made. Returns their names, and how many records of
    theirs were not known to be handed over. Raises ``FixInput`` for a file that is no status file."""
    with desk.alone():
        if desk.ledger.restored() is None:
            raise FixInput(
                f"{desk.connection}: its batches are not of a backup", remedy="nothing needs resuming"
            )
        found = [
            path
            for kind in (FileKind.STATUS, TAKEN, RETURNED)
            for path in sorted((desk.folder / kind).glob("*.csv"))
        ]
        named = {path.stem: path for path in [*found, *given]}
        unknown = {stem: path for stem, path in named.items() if desk.ledger.written_named(stem) is None}
        learned = [_learned(desk, stem, path) for stem, path in sorted(unknown.items())]
        return sorted(unknown), desk.ledger.resume(learned)


# -- reading ------------------------------------------------------------------------------------------


def _references(content: bytes) -> set[str]:
    """Raises ``FixInput`` for what is no batches' memory."""
    copy = sqlite3.connect(":memory:")
    try:
        copy.deserialize(content)
        return {reference for (reference,) in copy.execute("select reference from record")}
    except sqlite3.Error:
        raise FixInput("the backup's batches are damaged", remedy="use another backup") from None
    finally:
        copy.close()


def _learned(desk: ExportDesk, stem: str, path: Path) -> tuple[Batch, Sequence[File], Sequence[Entry]]:
    name = _NAME.fullmatch(stem.removeprefix(f"{desk.platform}-"))
    entity = name["entity"].replace("-", "_") if name else ""
    if name is None or entity not in desk.entities:
        raise FixInput(
            f"{path.name} is not named as a status file of {desk.connection}",
            remedy="keep the name it was made with",
        )
    layout = desk.layout(entity)
    at = datetime.strptime(name["at"], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    try:
        content = path.read_bytes()
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
        if not rows or not set(STATUS_HEADING) <= set(rows[0]):
            raise ValueError
        total = sum((Decimal(row["amount"]) for row in rows), Decimal(0))
    except OSError as error:
        raise FixInput(f"{path.name} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, csv.Error, InvalidOperation):
        raise FixInput(f"{path.name} is not a status file", remedy="give the file as it was made") from None
    entries = [_entry(entity, row, layout.amount) for row in rows]
    files = [
        File(FileKind.IMPORT, f"{FileKind.IMPORT}/{stem}{layout.suffix}", b""),
        File(FileKind.STATUS, f"{FileKind.STATUS}/{stem}.csv", content),
    ]
    batch = Batch(0, entity, name["stamp"], BatchState.WRITTEN, at, _ACTOR, str(total), len(rows))
    return batch, files, entries


def _entry(entity: str, row: Mapping[str, str], amount: str) -> Entry:
    number = row["number"].removeprefix("'")
    document = json.dumps({"number": number, amount: row["amount"]}, sort_keys=True)
    return Entry(0, entity, number, row["reference"], LEARNED, document, RecordState.BATCHED, None, "")
