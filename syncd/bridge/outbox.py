"""What the bridge must remember of submits across its own restarts: a small SQLite file.

*begun* is on disk before the product's object sees the document, and the answer is on disk before
it leaves. So a submit that was begun and has no answer after a restart is *unknown*, never run again.
The answer's body is deleted once the hub has it; the id stays, so that it is never executed again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from syncd.bridge.protocol import Outcome
from syncd.core.errors import FixInput, StateLocked

T = TypeVar("T")

REMEMBERED_DAYS: Final = 30
"""Ids older than this are dropped when the bridge starts; a hub repeats one for minutes at most."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS journal (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS submit (
    id TEXT PRIMARY KEY,
    begun_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    outcome TEXT,
    message TEXT NOT NULL DEFAULT '',
    body BLOB,
    released INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that the hub has not acknowledged yet."""

    outcome: Outcome
    message: str = ""
    body: bytes = b""
    remedy: str = ""
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the file held when it was opened."""

    journal: str
    unreleased: dict[str, Kept]
    """Finished submits, and begun ones whose outcome is unknown."""
    released: frozenset[str]


class Outbox:
    """One file, one process, one thread. Methods are durable when they return."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")

    async def open(self) -> Memory:
        """Raises ``StateLocked`` (another bridge has it) and ``FixInput`` (cannot be opened)."""
        return await self._run(self._open)

    async def begin(self, ident: str) -> None:
        await self._run(lambda: self._write("INSERT INTO submit (id) VALUES (?)", ident))

    async def finish(self, ident: str, kept: Kept) -> None:
        change = "UPDATE submit SET outcome = ?, message = ?, body = ? WHERE id = ?"
        await self._run(lambda: self._write(change, kept.outcome.value, kept.message, kept.body, ident))

    async def release(self, ident: str) -> None:
        """The hub has the answer, or does not want it: the body goes, the id stays."""
        change = "UPDATE submit SET released = 1, message = '', body = NULL WHERE id = ?"
        await self._run(lambda: self._write(change, ident))

    async def close(self) -> None:
        await self._run(self._file.close)
        self._thread.shutdown(wait=False)

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _open(self) -> Memory:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(self._path, isolation_level=None, timeout=0)
            # exclusive from the first write on: a second bridge on this file would execute twice
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._file.execute("PRAGMA synchronous = EXTRA")
            self._file.execute("PRAGMA secure_delete = ON")
            self._file.executescript(f"BEGIN EXCLUSIVE; {_SCHEMA} COMMIT;")
        except sqlite3.OperationalError as trouble:
            if "locked" in str(trouble):
                raise StateLocked(
                    f"{self._path} is in use by another bridge", remedy="stop the other bridge first"
                ) from None
            raise FixInput(f"{self._path} cannot be opened ({trouble})") from None
        except (OSError, sqlite3.DatabaseError) as trouble:
            raise FixInput(
                f"{self._path} cannot be used as the bridge's outbox ({trouble})",
                remedy="name a file in a folder that the bridge may write to",
            ) from None
        self._path.chmod(0o600)
        self._write("DELETE FROM submit WHERE begun_at < datetime('now', ?)", f"-{REMEMBERED_DAYS} days")
        return self._memory()

    def _memory(self) -> Memory:
        row = self._file.execute("SELECT id FROM journal").fetchone()
        if row is None:
            row = (uuid4().hex,)
            self._write("INSERT INTO journal (id) VALUES (?)", *row)
        unreleased: dict[str, Kept] = {}
        released: set[str] = set()
        for ident, outcome, message, body, done in self._file.execute(
            "SELECT id, outcome, message, body, released FROM submit"
        ):
            if done:
                released.add(ident)
            elif outcome is None:
                unreleased[ident] = UNKNOWN
            else:
                unreleased[ident] = Kept(Outcome(outcome), message, body or b"")
        return Memory(row[0], unreleased, frozenset(released))

    def _write(self, change: str, *values: str | bytes) -> None:
        self._file.execute(change, values)


UNKNOWN: Final = Kept(
    Outcome.UNKNOWN,
    "the bridge stopped while the product's object had the document; look it up before sending again",
)
REPEATED: Final = Kept(
    Outcome.UNKNOWN, "this document was begun before and its answer is no longer kept; look it up"
)
