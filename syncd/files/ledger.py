"""What was handed over by file, and what became of it: the memory of one connection's batches.

A database of its own beside the files, because it stands for the ledger that cannot be asked: it outlives a
restored state, and the command line and the daemon use it at once. Every change is one transaction that is
on disk when it returns; SQLite lets one writer in at a time, also across processes.

A record is *waiting*, *batched*, *posted*, *rejected* or *reversed*. While it is one of the first three, no
second record of its key can exist: an index holds that, not the code above it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from syncd.files.rows import Answer, Batch, BatchState, Entry, File, FileKind, RecordState

_SCHEMA: Final = """
create table if not exists batch (
    id integer primary key,
    entity text not null,
    stamp text not null,
    state text not null,
    made_at text not null,
    actor text not null,
    total text not null,
    count integer not null,
    unique (entity, stamp)
);
create table if not exists file (
    batch integer not null references batch (id),
    kind text not null,
    path text not null unique,
    content blob not null,
    primary key (batch, kind)
);
create table if not exists record (
    id integer primary key,
    entity text not null,
    key text not null,
    reference text not null unique,
    source_key text not null,
    document text not null,
    state text not null,
    batch integer references batch (id),
    reason text not null default '',
    taken_at text not null
);
create unique index if not exists record_once on record (entity, key)
    where state in ('waiting', 'batched', 'posted');
create index if not exists record_waiting on record (entity, state);
create index if not exists record_batch on record (batch);
create table if not exists alias (
    reference text primary key,
    record integer not null references record (id)
);
create table if not exists restored (
    at text not null,
    known_until text
);
create table if not exists journal (
    at text not null,
    actor text not null,
    batch integer not null,
    what text not null
);
"""

LEARNED: Final = ""
"""Source of a record that is known from a status file alone."""
_JOURNAL_MODE: Final = slice(18, 20)
"""Where SQLite's file header says so."""
_PATIENCE_S: Final = 30.0


def _busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


# a new file's journal is changed by whoever opens it first, and SQLite itself lets nobody wait for that
_wait_for_others = Retrying(
    retry=retry_if_exception(_busy),
    stop=stop_after_delay(_PATIENCE_S),
    wait=wait_random(0, 0.05),
    reraise=True,
)


class Ledger:
    """The database at ``path``; a connection is opened for each call, so any thread may call."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # -- records ------------------------------------------------------------------------------

    def take(
        self, entity: str, key: str, reference: str, source_key: str, document: str, now: datetime
    ) -> Entry | None:
        """Take a record in; the same ``reference`` again is answered with what it became, and changes
        nothing. None where another source's living record has the key.

        The same source's under another reference: whoever asks has forgotten the first (its state is of a
        backup). It is that record, and from now on known by both."""
        values = (entity, key, reference, source_key, document, RecordState.WAITING, now.isoformat())
        with self._writing() as c:
            known = self._referred(c, reference)
            if known is not None:
                return known
            living = self._one(
                c, "entity = ? and key = ? and state in ('waiting', 'batched', 'posted')", entity, key
            )
            if living is not None and source_key and living.source_key in (source_key, LEARNED):
                c.execute("insert into alias (reference, record) values (?, ?)", (reference, living.id))
                if living.source_key == LEARNED:
                    c.execute(
                        "update record set source_key = ?, document = ? where id = ?",
                        (source_key, document, living.id),
                    )
                return self._referred(c, reference)
            try:
                c.execute(
                    "insert into record (entity, key, reference, source_key, document, state, taken_at) "
                    "values (?, ?, ?, ?, ?, ?, ?)",
                    values,
                )
            except sqlite3.IntegrityError:
                return None
            return self._one(c, "reference = ?", reference)

    def by_reference(self, reference: str) -> Entry | None:
        """The record that a write of ours made."""
        with self._reading() as c:
            return self._referred(c, reference)

    def posted(self, entity: str, key: str) -> Entry | None:
        """The posted record of that key."""
        with self._reading() as c:
            return self._one(c, "entity = ? and key = ? and state = 'posted'", entity, key)

    def posted_after(self, entity: str, after: int, limit: int) -> Sequence[Entry]:
        """Posted records by number, from ``after`` on."""
        with self._reading() as c:
            where = "entity = ? and state = 'posted' and id > ? order by id limit ?"
            return self._entries(c, where, entity, after, limit)

    def waiting(self, entity: str) -> Sequence[Entry]:
        """What the next batch of a kind would hold."""
        with self._reading() as c:
            return self._entries(c, "entity = ? and state = 'waiting' order by id", entity)

    def of_batch(self, batch: int) -> Sequence[Entry]:
        """The records of a batch, in the order of its file."""
        with self._reading() as c:
            return self._entries(c, "batch = ? order by id", batch)

    # -- batches ------------------------------------------------------------------------------

    def make(
        self, batch: Batch, entries: Sequence[int], files: Sequence[File], refused: Mapping[int, str]
    ) -> int | None:
        """Put a batch and its files down, all of it or nothing; the records are its own from here on.
        None where one of them has gone into another batch meanwhile. ``refused``: records (and why) that
        no longer fit the layout."""
        with self._writing() as c:
            for entry, reason in refused.items():
                c.execute(
                    "update record set state = 'rejected', reason = ? where id = ? and state = 'waiting'",
                    (reason, entry),
                )
            if not entries:
                return None
            made = _inserted(c, batch, BatchState.MADE)
            for entry in entries:
                moved = c.execute(
                    "update record set state = 'batched', batch = ? where id = ? and state = 'waiting'",
                    (made, entry),
                ).rowcount
                if moved != 1:
                    c.rollback()
                    return None
            c.executemany(
                "insert into file (batch, kind, path, content) values (?, ?, ?, ?)",
                [(made, f.kind, f.path, f.content) for f in files],
            )
            self._note(c, batch.made_at, batch.actor, made, f"made of {len(entries)} records")
            return made

    def moved(self, batch: int, old: BatchState, new: BatchState) -> bool:
        """Move a batch on; False where it was not at ``old``."""
        with self._writing() as c:
            return _move(c, batch, old, new)

    def unfinished(self) -> Sequence[Batch]:
        """Batches whose files are not all in their places."""
        with self._reading() as c:
            return self._batches(c, "state in ('made', 'placing') order by id")

    def files(self, batch: int) -> Sequence[File]:
        """What a batch's files hold, also after somebody has taken them away."""
        with self._reading() as c:
            rows = c.execute("select kind, path, content from file where batch = ? order by kind", (batch,))
            return [File(FileKind(kind), path, content) for kind, path, content in rows]

    def batch(self, batch: int) -> Batch | None:
        with self._reading() as c:
            found = self._batches(c, "id = ?", batch)
            return found[0] if found else None

    def batches(self, limit: int = 200) -> Sequence[Batch]:
        """The newest first."""
        with self._reading() as c:
            return self._batches(c, "1 order by id desc limit ?", limit)

    def written_named(self, stem: str) -> Batch | None:
        """The batch whose import file has that name, its suffix apart."""
        with self._reading() as c:
            rows = c.execute("select batch, path from file where kind = 'import' order by batch desc")
            found = next((batch for batch, path in rows if Path(path).stem == stem), None)
        return None if found is None else self.batch(found)

    def last_made(self, entity: str) -> datetime | None:
        """When the last batch of a kind was made."""
        with self._reading() as c:
            found = c.execute("select max(made_at) from batch where entity = ?", (entity,)).fetchone()[0]
        return None if found is None else datetime.fromisoformat(found)

    def answered(
        self, batch: int, answers: Sequence[Answer], actor: str, now: datetime, again: Sequence[int] = ()
    ) -> int:
        """Put down what the ledger made of records of a written batch; ``again``: records it was not shown,
        which wait for another one. The batch is closed once nothing of it is open. Returns how many were
        news."""
        with self._writing() as c:
            news = 0
            for answer in answers:
                state = RecordState.POSTED if answer.posted else RecordState.REJECTED
                news += c.execute(
                    "update record set state = ?, reason = ? "
                    "where id = ? and batch = ? and state = 'batched'",
                    (state, answer.reason, answer.entry, batch),
                ).rowcount
            for entry in again:
                news += c.execute(
                    "update record set state = 'waiting', batch = null "
                    "where id = ? and batch = ? and state = 'batched'",
                    (entry, batch),
                ).rowcount
            counted: dict[str, int] = dict(
                c.execute("select state, count(*) from record where batch = ? group by state", (batch,))
            )
            if not counted.get(RecordState.BATCHED):
                closed = BatchState.POSTED if counted.get(RecordState.POSTED) else BatchState.REJECTED
                _move(c, batch, BatchState.WRITTEN, closed)
            posted = sum(a.posted for a in answers)
            if news:
                words = f"{posted} posted, {len(answers) - posted} rejected, {len(again)} to go again"
                self._note(c, now, actor, batch, words)
            return news

    def reverse(self, batch: int, actor: str, reason: str, now: datetime) -> int:
        """Its reversal was imported: what of it was posted or may have been is reversed. Returns how many."""
        with self._writing() as c:
            count = c.execute(
                "update record set state = 'reversed', reason = ? "
                "where batch = ? and state in ('batched', 'posted')",
                (reason, batch),
            ).rowcount
            c.execute("update batch set state = 'reversed' where id = ?", (batch,))
            self._note(c, now, actor, batch, f"reversed: {reason}")
            return int(count)

    def journal(self, batch: int) -> Sequence[tuple[str, str, str]]:
        """(when, who, what) of one batch, in order."""
        with self._reading() as c:
            return list(
                c.execute("select at, actor, what from journal where batch = ? order by rowid", (batch,))
            )

    # -- of a backup ----------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """All of it as it is at one moment, while others go on."""
        with self._reading() as c, closing(sqlite3.connect(":memory:")) as copy:
            c.backup(copy)
            image = bytearray(copy.serialize())
        image[_JOURNAL_MODE] = b"\x01\x01"  # not in WAL: one that lies in memory cannot be
        return bytes(image)

    def references(self) -> set[str]:
        """Of every record it ever took in."""
        with self._reading() as c:
            return {reference for (reference,) in c.execute("select reference from record")}

    def put_back(self, content: bytes, now: datetime) -> None:
        """Become a snapshot, of which nobody knows yet what was handed over since it was taken."""
        with self._reading() as c, closing(sqlite3.connect(":memory:")) as copy:
            copy.deserialize(content)
            copy.backup(c)
        with self._writing() as c:
            (known_until,) = c.execute("select max(at) from journal").fetchone()
            c.execute("insert into restored (at, known_until) values (?, ?)", (now.isoformat(), known_until))

    def restored(self) -> str | None:
        """While it is of a backup and nobody has said what was handed over since: until when it knows."""
        with self._reading() as c:
            found = c.execute("select coalesce(known_until, 'never') from restored").fetchone()
            return None if found is None else str(found[0])

    def resume(self, learned: Sequence[tuple[Batch, Sequence[File], Sequence[Entry]]]) -> int:
        """Batches that were made since the backup are put down, with their records; from now on there may be
        new ones. Returns how many records were not known to be handed over."""
        with self._writing() as c:
            count = 0
            for batch, files, entries in learned:
                made = _inserted(c, batch, BatchState.WRITTEN)
                c.executemany(
                    "insert into file (batch, kind, path, content) values (?, ?, ?, ?)",
                    [(made, f.kind, f.path, f.content) for f in files],
                )
                count += sum(self._learn(c, made, entry, batch.made_at) for entry in entries)
                self._note(
                    c, batch.made_at, batch.actor, made, f"learned from its status file: {batch.count}"
                )
            c.execute("delete from restored")
            return count

    def _learn(self, c: sqlite3.Connection, batch: int, e: Entry, at: datetime) -> bool:
        living = self._one(
            c, "entity = ? and key = ? and state in ('waiting', 'batched', 'posted')", e.entity, e.key
        )
        if living is None:
            values = (e.entity, e.key, e.reference, LEARNED, e.document, batch, at.isoformat())
            c.execute(
                "insert into record (entity, key, reference, source_key, document, state, batch, taken_at) "
                "values (?, ?, ?, ?, ?, 'batched', ?, ?)",
                values,
            )
            return True
        if living.state is not RecordState.WAITING:
            return False
        c.execute("update record set state = 'batched', batch = ? where id = ?", (batch, living.id))
        if living.reference != e.reference:
            c.execute(
                "insert or ignore into alias (reference, record) values (?, ?)", (e.reference, living.id)
            )
        return True

    # -- SQL ------------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        connection = self._open()
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as c:
            c.execute("begin immediate")
            try:
                yield c
            except BaseException:
                c.rollback()
                raise
            c.commit()

    def _open(self) -> sqlite3.Connection:
        new = not self.path.exists()
        if new:
            # customers' records: for the account that runs us alone
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        c = sqlite3.connect(self.path, timeout=_PATIENCE_S, isolation_level=None)
        _wait_for_others(c.execute, "pragma journal_mode = wal")
        c.execute("pragma synchronous = full")
        c.execute("pragma foreign_keys = on")
        c.executescript(_SCHEMA)
        return c

    def _one(self, c: sqlite3.Connection, where: str, *values: Any) -> Entry | None:
        found = self._entries(c, where, *values)
        return found[0] if found else None

    def _referred(self, c: sqlite3.Connection, reference: str) -> Entry | None:
        by_alias = "id = (select record from alias where reference = ?)"
        return self._one(c, "reference = ?", reference) or self._one(c, by_alias, reference)

    def _entries(self, c: sqlite3.Connection, where: str, *values: Any) -> list[Entry]:
        names = "id, entity, key, reference, source_key, document, state, batch, reason"
        rows = c.execute(f"select {names} from record where {where}", values)  # noqa: S608 - our own words
        return [
            Entry(ident, entity, key, reference, source, document, RecordState(state), batch, reason)
            for ident, entity, key, reference, source, document, state, batch, reason in rows
        ]

    def _batches(self, c: sqlite3.Connection, where: str, *values: Any) -> list[Batch]:
        names = "id, entity, stamp, state, made_at, actor, total, count"
        rows = c.execute(f"select {names} from batch where {where}", values)  # noqa: S608 - our own words
        return [
            Batch(ident, entity, stamp, BatchState(state), datetime.fromisoformat(at), actor, total, count)
            for ident, entity, stamp, state, at, actor, total, count in rows
        ]

    def _note(self, c: sqlite3.Connection, now: datetime, actor: str, batch: int, what: str) -> None:
        values = (now.isoformat(), actor, batch, what)
        c.execute("insert into journal (at, actor, batch, what) values (?, ?, ?, ?)", values)


def _move(c: sqlite3.Connection, batch: int, old: BatchState, new: BatchState) -> bool:
    moved = c.execute("update batch set state = ? where id = ? and state = ?", (new, batch, old))
    return moved.rowcount == 1


def _inserted(c: sqlite3.Connection, batch: Batch, state: BatchState) -> int:
    values = (
        batch.entity,
        batch.stamp,
        state,
        batch.made_at.isoformat(),
        batch.actor,
        batch.total,
        batch.count,
    )
    made = c.execute(
        "insert into batch (entity, stamp, state, made_at, actor, total, count) values (?, ?, ?, ?, ?, ?, ?)",
        values,
    ).lastrowid
    assert made is not None
    return made
