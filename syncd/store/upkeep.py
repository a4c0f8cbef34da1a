"""The state as a file: copied while it is in use, looked at, and put back."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy import inspect as inspect_tables
from sqlalchemy.dialects.sqlite import dialect

from syncd.core.errors import FixInput
from syncd.store import journal, transfer
from syncd.store.database import sqlite_engine
from syncd.store.query import Query
from syncd.store.sealing import Keeper
from syncd.store.table_parts import Instant
from syncd.store.tables import generation

_OWNER_ONLY: Final = 0o600
_RESTORED = Query(select(generation.c.id).limit(1))


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy of a state."""

    path: Path
    bytes: int
    newest: datetime | None
    """The last thing it knows of."""


def was_restored(c: Connection) -> bool:
    return _RESTORED.first(c, {}) is not None


def copy(source: Engine, target: Path, enclosed: Callable[[], Mapping[str, bytes]] = dict) -> Copied:
    """All of ``source`` as it is at one moment, in a SQLite file: whoever writes to it goes on. The copy is
    whole before it has its name, for its owner only, and as sealed as the state itself.

    ``enclosed``: what else a backup holds, sealed, by name. Asked for after the state was copied, so that it
    never knows less than the state does.

    Raises ``FixInput`` if ``target`` exists or cannot be written.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY))
        part.chmod(_OWNER_ONLY)
        _copy_into(source, part)
        _enclose(part, enclosed())
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.link(part, target)  # fails where something stands: a backup never replaces another
    except FileExistsError:
        raise FixInput(f"{target} exists", remedy="give another name: no backup is overwritten") from None
    except (OSError, sqlite3.Error) as trouble:
        why = trouble.strerror if isinstance(trouble, OSError) else trouble
        raise FixInput(
            f"{target} cannot be written: {why}", remedy="name a file in a folder that is there"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    return inspect(target)


def _copy_into(source: Engine, path: Path) -> None:
    if source.dialect.name != "sqlite":
        engine = sqlite_engine(f"sqlite:///{path}")
        transfer.whole(source, engine)
        engine.dispose()
    target = sqlite3.connect(path)
    try:
        if source.dialect.name == "sqlite":
            with source.connect() as connection:
                raw: Any = connection.connection.driver_connection
                raw.backup(target)  # in one step, of one moment: in WAL nobody who writes waits for it
        target.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    finally:
        target.close()


def _enclose(path: Path, files: Mapping[str, bytes]) -> None:
    target = sqlite3.connect(path)
    try:
        with target:
            target.execute("create table enclosed (name text primary key, content blob not null)")
            target.executemany("insert into enclosed (name, content) values (?, ?)", list(files.items()))
    finally:
        target.close()


def taken_out(c: Connection) -> Mapping[str, bytes]:
    """What a backup held besides the state, by name; the state itself has it no more."""
    if not inspect_tables(c).has_table("enclosed"):
        return {}  # a backup of an earlier version
    rows = c.exec_driver_sql("select name, content from enclosed").all()
    c.exec_driver_sql("drop table enclosed")
    return {row.name: row.content for row in rows}


def inspect(path: Path) -> Copied:
    """Look whether a file is a whole state. Raises ``FixInput``."""
    if not path.is_file():
        raise FixInput(f"{path} is not there")
    try:
        probe = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            (said,) = probe.execute("PRAGMA quick_check").fetchone()
            probe.execute("select count(*) from alembic_version").fetchone()
            (newest,) = probe.execute("select max(at) from journal").fetchone()
        finally:
            probe.close()
    except sqlite3.Error as trouble:
        raise FixInput(f"{path} is not a state of syncd ({trouble})") from None
    if said != "ok":
        raise FixInput(f"{path} is damaged: {said}", remedy="use another backup")
    # through an engine it would be opened as a state, and get files beside it
    return Copied(path, path.stat().st_size, Instant().process_result_value(newest, dialect()))


def begin_generation(c: Connection, k: Keeper, of: Copied, by: str) -> None:
    """From now on this state knows that it may have forgotten something."""
    c.execute(insert(generation).values(at=k.now, backup_at=of.newest))
    known = of.newest.isoformat(timespec="seconds") if of.newest else "nothing"
    text = f"put back from {of.path.name}, which knows of what was written until {known}"
    journal.write(c, k, [journal.Entry("restored", text=text, actor=by)])
