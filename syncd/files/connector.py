"""One open connection to a ledger that is written by file and seen through its reports.

A create is *accepted* when it stands in the memory of the next batch; it is *posted* when somebody says so,
or a file that came back. So intents, holds and the audit work as they do for every other platform.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from syncd.connectors.registry import Opening
from syncd.core.errors import FixInput, RefuseRecord, SyncdError, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected
from syncd.files.desk import ExportDesk
from syncd.files.documents import KEY, document_map, master_map
from syncd.files.rows import Entry, RecordState
from syncd.files.settings import FileSettings, MasterFile
from syncd.ports import (
    NOT_POSTED,
    Capabilities,
    EntitySpec,
    Finding,
    OperationSpec,
    Page,
    Proof,
    Seen,
    WriteRequest,
)

_PAGE: Final = 500
_FOR_EVER_S: Final = 100 * 365 * 86_400.0
"""How long the batches' memory knows a reference again: as long as there is one."""
_SETTLE_S: Final = 1.0
"""Nothing executes late: a transaction on this machine is over when it answers."""


class FileConnector:
    """Implements ``ports.Connector``. ``desk`` is what people do with its batches."""

    def __init__(
        self, desk: ExportDesk, settings: FileSettings, opening: Opening, *, page: int = _PAGE
    ) -> None:
        self.desk = desk
        self._masters: Mapping[str, MasterFile] = {str(n): m for n, m in settings.masters.items()}
        self._clock = opening.clock
        self._page = page
        self._capabilities = _capabilities(desk.platform, settings, opening)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def pages(
        self,
        entity: str,
        *,
        since: str | None,  # noqa: ARG002 - a report tells no changes: every walk is a whole one
        resume: str | None = None,
    ) -> AsyncIterator[Page]:
        if entity in self._masters:
            rows = await asyncio.to_thread(self._report, entity)
            keys = sorted(rows)
            keys = keys if resume is None else [key for key in keys if key > resume]
            shown = [_seen(key, rows[key]) for key in keys]
            for at in range(0, max(len(shown), 1), self._page):
                part = shown[at : at + self._page]
                last = at + self._page >= len(shown)
                yield Page(part, resume=None if last else part[-1].key)
            return
        after = int(resume) if resume else 0
        while True:
            # one more than a page: whether another one follows
            found = await asyncio.to_thread(self.desk.ledger.posted_after, entity, after, self._page + 1)
            entries, more = found[: self._page], len(found) > self._page
            after = entries[-1].id if entries else after
            yield Page([_shown(entry) for entry in entries], resume=str(after) if more else None)
            if not more:
                return

    async def fetch(self, entity: str, key: str) -> Seen | None:
        if entity in self._masters:
            rows = await asyncio.to_thread(self._report, entity)
            return _seen(key, rows[key]) if key in rows else None
        entry = await asyncio.to_thread(self.desk.ledger.posted, entity, key)
        return None if entry is None else _shown(entry)

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        if entity not in self._masters:
            found = await self.fetch(entity, number)
            return [] if found is None else [found]
        rows = await asyncio.to_thread(self._report, entity)
        wanted = number.strip().casefold()
        return [
            _seen(key, row)
            for key, row in rows.items()
            if wanted in (key.casefold(), str(row.get("name") or "").casefold())
        ]

    async def submit(self, request: WriteRequest) -> Outcome:
        """Into the next batch. Refused where it does not fit the customer's layout, or where a record of
        its number is on its way, or there, already."""
        if request.operation is not Operation.CREATE:
            return Rejected(
                ErrorClass.VALIDATION, "what was handed over by file is not edited, only reversed"
            )
        return await asyncio.to_thread(self._take, request)

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        """What is posted. Raises ``RefuseRecord`` with ``NOT_POSTED`` where the ledger refused it."""
        entry = await asyncio.to_thread(self.desk.ledger.by_reference, request.reference)
        if entry is None or entry.state in (RecordState.WAITING, RecordState.BATCHED):
            return []
        if entry.state is RecordState.POSTED:
            return [_shown(entry)]
        raise RefuseRecord(entry.reason, code=NOT_POSTED)

    async def probe(self) -> Sequence[Finding]:
        return await asyncio.to_thread(self._look)

    async def close(self) -> None:
        """Nothing stays open between two calls."""

    # -- carried out beside the event loop ------------------------------------------------------------

    def _take(self, request: WriteRequest) -> Outcome:
        document = {**request.body}
        key = str(document.get("number") or request.reference)
        try:
            layout = self.desk.layout(request.entity)
            for reversal in (False, True):
                layout.rows(document, request.reference, reversal=reversal)
        except RefuseRecord as wrong:
            return Rejected(ErrorClass.VALIDATION, wrong.message, wrong.field)
        except FixInput as wrong:
            return Rejected(ErrorClass.MAPPING, wrong.message)
        text = json.dumps(document, ensure_ascii=False, sort_keys=True)
        entry = self.desk.ledger.take(
            request.entity, key, request.reference, request.source_key, text, self._clock.now()
        )
        if entry is None:
            words = f"{request.entity} {key} was handed over already"
            return Rejected(ErrorClass.DUPLICATE, words, "number" if "number" in document else None)
        if entry.state in (RecordState.REJECTED, RecordState.REVERSED):
            return Rejected(ErrorClass.VALIDATION, entry.reason)
        return Confirmed(entry.key, _shown(entry).raw, posted=entry.state is RecordState.POSTED)

    def _report(self, entity: str) -> dict[str, dict[str, Any]]:
        """Key -> canonical fields. Raises ``UnreadableAnswer`` for a report that is not what was declared."""
        master = self._masters[entity]
        path = self.desk.folder / master.file
        try:
            with path.open(encoding=master.encoding, newline="") as text:
                reader = csv.DictReader(text, delimiter=master.delimiter, strict=True)
                wanted = {KEY: master.key, **master.columns}
                missing = sorted(set(wanted.values()) - set(reader.fieldnames or ()))
                if missing:
                    raise UnreadableAnswer(
                        f"{path.name} has no column {', '.join(missing)}",
                        remedy="export it as it was declared",
                    )
                return _rows(reader, wanted, path)
        except OSError as error:
            raise UnreadableAnswer(
                f"the report of {entity}s, {master.file}, cannot be read: {error.strerror}",
                remedy="have the ledger export it there",
            ) from None
        except (UnicodeDecodeError, csv.Error, LookupError):
            raise UnreadableAnswer(f"{path.name} is not delimited text in {master.encoding}") from None

    def _look(self) -> Sequence[Finding]:
        found = []
        until = self.desk.ledger.restored()
        if until is not None:
            words = f"of a backup that knows what happened until {until}: no batch is made"
            found.append(Finding("error", "batches", words, "`syncd export resume --help`"))
        for entity in self.desk.entities:
            try:
                layout = self.desk.layout(entity)
            except SyncdError as error:
                found.append(Finding("error", f"layout of {entity}", error.message, error.remedy))
            else:
                said = f"reviewed by {layout.reviewed.by} on {layout.reviewed.on} against "
                found.append(Finding("ok", f"layout of {entity}", said + layout.reviewed.against))
        for entity in self._masters:
            try:
                found.append(Finding("ok", f"report of {entity}", f"{len(self._report(entity))} records"))
            except SyncdError as error:
                found.append(Finding("error", f"report of {entity}", error.message, error.remedy))
        return found


def open_file_connection(desk: ExportDesk, opening: Opening, *, page: int = _PAGE) -> FileConnector:
    """A connection over those batches. Does no I/O."""
    settings = opening.settings
    if not isinstance(settings, FileSettings):
        raise TypeError(f"FileSettings expected, {type(settings).__name__} given")
    return FileConnector(desk, settings, opening, page=page)


# -- pure ---------------------------------------------------------------------------------------------


def _rows(reader: csv.DictReader[str], wanted: Mapping[str, str], path: Path) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for at, row in enumerate(reader, 2):
        if None in row or None in row.values():
            raise UnreadableAnswer(f"{path.name}: row {at} breaks off, or has too many columns")
        record = {name: row[column].strip() for name, column in wanted.items()}
        key = record[KEY]
        if not key or key in rows:
            raise UnreadableAnswer(f"{path.name}: row {at} has no code, or one that stands there twice")
        rows[key] = record
    return rows


def _seen(key: str, row: Mapping[str, Any]) -> Seen:
    return Seen(key, json.dumps(row, ensure_ascii=False, sort_keys=True).encode())


def _shown(entry: Entry) -> Seen:
    return _seen(entry.key, {**json.loads(entry.document), KEY: entry.key})


def _capabilities(platform: str, settings: FileSettings, opening: Opening) -> Capabilities:
    create = OperationSpec(Proof.NATIVE_KEY, _FOR_EVER_S)
    masters = {
        str(entity): EntitySpec(
            str(entity),
            master_map(entity, master).with_custom(opening.custom.get(entity, {})),
            incremental=False,
            # a report may have been cut short: that somebody is not in it proves nothing
            full_listing=False,
        )
        for entity, master in settings.masters.items()
    }
    documents = {
        str(entity): EntitySpec(
            str(entity),
            document_map(entity, masters).with_custom(opening.custom.get(entity, {})),
            {"create": create},
            incremental=False,
            read_back=False,
        )
        for entity in settings.layouts
    }
    return Capabilities(
        platform=platform,
        entities=masters | documents,
        settle_s=_SETTLE_S if opening.settle_s is None else opening.settle_s,
        settle_provenance="measured" if opening.settle_s is None else opening.settle_provenance,
    )
