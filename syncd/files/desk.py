"""What people (and the schedule) do with batches: look at the next one, make it, say what became of it.

Nothing here claims that a record is posted: a person's word does, or a status file that came back.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, Final

from filelock import FileLock, Timeout

from syncd.core.errors import FixInput, NothingMatched, RefuseRecord, RetryLater
from syncd.files.layout import Layout, load_layout
from syncd.files.ledger import Ledger
from syncd.files.placing import place, prepare
from syncd.files.rows import Answer, Batch, BatchState, Entry, File, FileKind, RecordState
from syncd.files.settings import FileSettings

STATUS_HEADING: Final = ("reference", "number", "amount", "state", "reason")
RETURNED: Final = "returned"
TAKEN: Final = "returned/taken"
_NO_REASON: Final = "the ledger's import rejected it"
_STAMP: Final = "%Y%m%d-%H%M%S"
_PATIENCE_S: Final = 60.0
"""How long somebody who makes batches is waited for."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a batch, or of the next one."""

    number: str
    reference: str
    amount: Decimal
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """What the next batch of a kind would hold."""

    entity: str
    lines: Sequence[Line]
    total: Decimal
    refused: Sequence[Line] = ()
    """Records that no longer fit the layout: left out, and their sources are told."""


@dataclass(frozen=True, slots=True)
class Made:
    """One batch that was made now."""

    batch: int
    entity: str
    count: int
    total: Decimal
    files: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What files that came back said, and which of them could not be understood (with why)."""

    batches: Sequence[int] = ()
    problems: Sequence[str] = field(default=())


class ExportDesk:
    """The batches of one connection. Its methods do I/O and block; none leaves half of anything behind."""

    def __init__(
        self, connection: str, platform: str, settings: FileSettings, site: Path, *, whole: bool = False
    ) -> None:
        """``whole``: an import with one bad record takes nothing of its file; what was good in it goes again
        in the next batch."""
        self.connection = connection
        self.folder = site / settings.folder
        self.ledger = Ledger(self.folder / "batches.db")
        self.platform = platform
        self._whole = whole
        self._settings = settings
        self._site = site

    def layout(self, entity: str) -> Layout:
        """Read anew each time: a layout that was reviewed again takes effect with the next batch. Raises
        ``FixInput``."""
        paths: Mapping[str, Path] = {str(name): path for name, path in self._settings.layouts.items()}
        if entity not in paths:
            raise FixInput(f"{self.connection} exports no {entity}", remedy=f"it exports: {', '.join(paths)}")
        layout = load_layout(self._site / paths[entity])
        if layout.entity != entity:
            raise FixInput(f"{paths[entity]} is a layout of {layout.entity}, not of {entity}")
        return layout

    @property
    def entities(self) -> tuple[str, ...]:
        """What is exported here."""
        return tuple(self._settings.layouts)

    # -- making ---------------------------------------------------------------------------------

    def preview(self, only: str | None = None) -> Sequence[Preview]:
        """What ``run`` would make now. Writes nothing. Raises ``FixInput`` for a layout."""
        return [
            _preview(entity, self.ledger.waiting(entity), self.layout(entity))
            for entity in self._chosen(only)
        ]

    def run(self, actor: str, now: datetime, only: str | None = None) -> Sequence[Made]:
        """Finish what was broken off, then make one batch of each kind that has records waiting. Raises
        ``FixInput`` for batches of a backup, until somebody has said what was handed over since."""
        with self.alone():
            self._must_know()
            self._finish()
            made = [self._run(entity, actor, now) for entity in self._chosen(only)]
        return [one for one in made if one is not None]

    def due(self, now: datetime) -> bool:
        """Whether the schedule asks for batches that were not made yet."""
        schedule = self._settings.schedule
        if schedule is None or self.ledger.restored() is not None:
            return False
        at = schedule.last_before(now)
        made = {entity: self.ledger.last_made(entity) for entity in self.entities}
        return any(
            self.ledger.waiting(entity) and ((last := made[entity]) is None or last < at)
            for entity in self.entities
        )

    def _finish(self) -> None:
        """Bring the files of batches that were broken off to their places."""
        for batch in self.ledger.unfinished():
            self._place(batch.id, batch.state)

    def _must_know(self) -> None:
        until = self.ledger.restored()
        if until is not None:
            raise FixInput(
                f"{self.connection}: these batches are of a backup and know what happened until {until}",
                remedy="look up in the ledger what was imported since, then `syncd export resume`",
            )

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else lays files down meanwhile: a second one could lay down again what was picked up. The
        lock ends with its process. Raises ``RetryLater``."""
        (self.folder / RETURNED).mkdir(mode=0o770, parents=True, exist_ok=True)
        try:
            with FileLock(self.folder / "batches.lock", timeout=_PATIENCE_S, mode=0o600):
                yield
        except Timeout:
            raise RetryLater(f"{self.connection}: another process is making batches") from None

    def _chosen(self, only: str | None) -> Sequence[str]:
        if only is None:
            return self.entities
        self.layout(only)
        return [only]

    def _run(self, entity: str, actor: str, now: datetime) -> Made | None:
        layout = self.layout(entity)
        waiting = self.ledger.waiting(entity)
        preview = _preview(entity, waiting, layout)
        refused = {line.reference: line.reason for line in preview.refused}
        chosen = [entry for entry in waiting if entry.reference not in refused]
        stamp = self._stamp(entity, now)
        files = _files(self.platform, stamp, layout, chosen)
        batch = Batch(0, entity, stamp, BatchState.MADE, now, actor, str(preview.total), len(chosen))
        gone = {entry.id: refused[entry.reference] for entry in waiting if entry.reference in refused}
        made = self.ledger.make(batch, [entry.id for entry in chosen], files, gone)
        if made is None:
            return None
        self._place(made, BatchState.MADE)
        return Made(made, entity, len(chosen), preview.total, [file.path for file in files])

    def _stamp(self, entity: str, now: datetime) -> str:
        """``yyyymmdd-HHmmss``; a second batch of the same second gets a number."""
        stamp, taken = now.strftime(_STAMP), {b.stamp for b in self.ledger.batches() if b.entity == entity}
        numbered = (f"{stamp}-{n}" for n in range(2, len(taken) + 3))
        return stamp if stamp not in taken else next(s for s in numbered if s not in taken)

    def _place(self, batch: int, state: BatchState) -> None:
        # the import file comes last: who sees it finds its reversal beside it
        files = sorted(self.ledger.files(batch), key=lambda file: file.kind is FileKind.IMPORT)
        if state is BatchState.MADE:
            prepare(self.folder, files)
            self.ledger.moved(batch, BatchState.MADE, BatchState.PLACING)
        place(self.folder, files)
        self.ledger.moved(batch, BatchState.PLACING, BatchState.WRITTEN)

    # -- what became of it -------------------------------------------------------------------------

    def batches(self) -> Sequence[Batch]:
        """The newest first."""
        return self.ledger.batches()

    def lines(self, batch: int) -> Sequence[Line]:
        """The records of a batch. Raises ``NothingMatched``."""
        layout = self.layout(self._batch(batch).entity)
        return [_line(entry, layout) for entry in self.ledger.of_batch(batch)]

    def confirm(
        self,
        batch: int,
        actor: str,
        now: datetime,
        *,
        rejects: Path | None = None,
        but: Mapping[str, str] | None = None,
    ) -> int:
        """A person says that the ledger posted it, but for the rows of ``rejects``: the file of rejected
        records that its import wrote; and for ``but``: number -> reason, as they read it on the screen.
        Returns how many records were answered.

        Raises ``FixInput`` if a rejected row or number is none of this batch; then nothing is put down.
        """
        written = self._written(batch)
        entries = self.ledger.of_batch(batch)
        refused = {} if rejects is None else self._rejected(written, entries, _read(rejects))
        refused |= _named(batch, entries, but or {})
        answers = [
            Answer(e.id, posted=e.id not in refused, reason=refused.get(e.id, ""))
            for e in entries
            if e.state is RecordState.BATCHED
        ]
        return self._answered(batch, answers, actor, now)

    def reject(self, batch: int, reason: str, actor: str, now: datetime) -> int:
        """A person says that the ledger took nothing of it. Returns how many records were answered."""
        self._written(batch)
        answers = [Answer(entry.id, posted=False, reason=reason) for entry in self.ledger.of_batch(batch)]
        return self.ledger.answered(batch, answers, actor, now)

    def reverse(self, batch: int, reason: str, actor: str, now: datetime) -> int:
        """A person has imported its reversal file. Returns how many records are reversed."""
        if self._batch(batch).state in (BatchState.MADE, BatchState.PLACING, BatchState.REVERSED):
            raise FixInput(f"batch {batch} is {self._batch(batch).state}: there is nothing to reverse")
        return self.ledger.reverse(batch, actor, reason, now)

    def read_back(self, now: datetime) -> ReadBack:
        """Take up the status files in ``returned/``: what they call posted or rejected is. One that cannot
        be understood is left where it is."""
        answered, problems = [], []
        for path in sorted((self.folder / RETURNED).glob("*")):
            if not path.is_file() or path.name.startswith("."):
                continue
            try:
                answered.append(self._take_up(path, now))
            except FixInput as wrong:
                problems.append(f"{path.name}: {wrong.message}")
        return ReadBack(answered, problems)

    def _take_up(self, path: Path, now: datetime) -> int:
        batch = self.ledger.written_named(path.stem)
        if batch is None:
            raise FixInput("no batch has a file of that name", remedy="keep the name of the status file")
        if batch.state not in (BatchState.MADE, BatchState.PLACING):
            answers = _statuses(_read(path), {e.reference: e for e in self.ledger.of_batch(batch.id)})
            self._answered(batch.id, answers, f"file:{path.name}", now)
            taken = self.folder / TAKEN
            taken.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.rename(taken / path.name)
        return batch.id

    def _answered(self, batch: int, answers: Sequence[Answer], actor: str, now: datetime) -> int:
        refused = [answer for answer in answers if not answer.posted]
        if not (self._whole and refused):
            return self.ledger.answered(batch, answers, actor, now)
        # one error cancelled the whole import: the others did not get in, whatever was said of them
        wrong = {answer.entry for answer in refused}
        again = [e.id for e in self.ledger.of_batch(batch) if e.id not in wrong]
        return self.ledger.answered(batch, refused, actor, now, again)

    def _rejected(self, batch: Batch, entries: Sequence[Entry], text: bytes) -> dict[int, str]:
        """Entry -> reason, from rows that repeat those of the import file (a reason may follow them)."""
        layout = self.layout(batch.entity)
        known = {
            row.strip(): entry.id
            for entry in entries
            for row in layout.rows(json.loads(entry.document), entry.reference)
        }
        refused: dict[int, str] = {}
        for at, row in enumerate(text.decode(layout.encoding, "replace").splitlines(), 1):
            bare = row.strip()
            if not bare or (layout.heading and bare == layout.delimiter.join(layout.heading)):
                continue
            found = next(
                (one for one in known if bare == one or bare.startswith(one + layout.delimiter)), None
            )
            if found is None:
                raise FixInput(
                    f"row {at} of the rejected records is none of batch {batch.id}",
                    remedy="is it this batch's file, and was its layout changed since?",
                )
            words = bare[len(found) :].strip(layout.delimiter).strip()
            refused[known[found]] = words or refused.get(known[found], "") or _NO_REASON
        return refused

    def _written(self, batch: int) -> Batch:
        found = self._batch(batch)
        if found.state is not BatchState.WRITTEN:
            raise FixInput(
                f"batch {batch} is {found.state}: nothing about it waits for an answer",
                remedy="`syncd export list` shows which ones do",
            )
        return found

    def _batch(self, batch: int) -> Batch:
        found = self.ledger.batch(batch)
        if found is None:
            raise NothingMatched(f"{self.connection} has no batch {batch}", remedy="see `syncd export list`")
        return found


# -- pure ---------------------------------------------------------------------------------------------


def _preview(entity: str, waiting: Sequence[Entry], layout: Layout) -> Preview:
    fit, refused = [], []
    for entry in waiting:
        document = json.loads(entry.document)
        try:
            layout.rows(document, entry.reference)
            layout.rows(document, entry.reference, reversal=True)
        except RefuseRecord as wrong:
            refused.append(
                Line(entry.key, entry.reference, layout.total(document), "rejected", wrong.message)
            )
        else:
            fit.append(_line(entry, layout))
    return Preview(entity, fit, sum((line.amount for line in fit), Decimal(0)), refused)


def _named(batch: int, entries: Sequence[Entry], but: Mapping[str, str]) -> dict[int, str]:
    """Entry -> reason. Raises ``FixInput`` for a number that the batch does not have."""
    known = {entry.key: entry.id for entry in entries}
    strange = sorted(but.keys() - known.keys())
    if strange:
        raise FixInput(
            f"batch {batch} has no {', '.join(strange)}",
            remedy=f"`syncd export list {batch}` shows what it has",
        )
    return {known[number]: reason or _NO_REASON for number, reason in but.items()}


def _line(entry: Entry, layout: Layout) -> Line:
    amount = layout.total(json.loads(entry.document))
    return Line(entry.key, entry.reference, amount, entry.state.value, entry.reason)


def _files(prefix: str, stamp: str, layout: Layout, entries: Sequence[Entry]) -> Sequence[File]:
    documents: list[tuple[Mapping[str, Any], str]] = [(json.loads(e.document), e.reference) for e in entries]
    stem = f"{prefix}-{layout.entity.replace('_', '-')}-{stamp}"

    def path(kind: FileKind, suffix: str) -> str:
        return str(PurePosixPath(kind) / f"{stem}{suffix}")

    return [
        File(FileKind.IMPORT, path(FileKind.IMPORT, layout.suffix), layout.file(documents)),
        File(
            FileKind.REVERSAL, path(FileKind.REVERSAL, layout.suffix), layout.file(documents, reversal=True)
        ),
        File(
            FileKind.STATUS, path(FileKind.STATUS, ".csv"), _status_file([_line(e, layout) for e in entries])
        ),
    ]


def _status_file(lines: Sequence[Line]) -> bytes:
    """What is in the batch, for whoever says what became of it: they set ``state`` and give it back."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(STATUS_HEADING)
    for line in lines:
        number = f"'{line.number}" if line.number[:1] in ("=", "+", "-", "@") else line.number
        writer.writerow((line.reference, number, line.amount, "accepted", ""))
    return out.getvalue().encode()


def _statuses(text: bytes, entries: Mapping[str, Entry]) -> list[Answer]:
    """Raises ``FixInput``; a row that still says ``accepted`` says nothing yet."""
    try:
        rows = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error):
        raise FixInput("it is no delimited text in UTF-8") from None
    if {row.get("reference") for row in rows} != set(entries):
        # perhaps it is still being copied
        raise FixInput("it does not name every record of its batch, and no other")
    answers = []
    for at, row in enumerate(rows, 2):
        entry, state = entries[row["reference"]], (row.get("state") or "").strip().lower()
        if state not in ("accepted", "posted", "rejected"):
            raise FixInput(f"row {at}: `accepted`, `posted` or `rejected` expected as its state")
        if state != "accepted":
            words = (row.get("reason") or "").strip() or _NO_REASON
            answers.append(Answer(entry.id, state == "posted", "" if state == "posted" else words))
    return answers


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FixInput(f"{path.name} cannot be read: {error.strerror}") from None
