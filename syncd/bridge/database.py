"""Reads the ERP's database: one SELECT at a time, read-only, with limits. Blocking; runs in threads.

Production is SQL Server through ODBC (that path is written from its documentation and has not been
run on Windows); the sandbox is an SQLite file.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import orjson
from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import CursorResult
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from syncd.bridge import select_only
from syncd.core.errors import FixInput, RenewCredentials, RetryLater, SyncdError, UnreadableAnswer

APPLICATION: Final = "syncd bridge"
"""Stable, because an administrator approves programs by this name (Sage: approved applications)."""

_FETCH: Final = 500
_OUR_WORDS: Final = re.compile(
    r"""no\ such\ (?:table|column):\ [\w.]+ | near\ "\w+":\ syntax\ error
      | Invalid\ (?:object|column)\ name\ '[\w.]+' | Incorrect\ syntax\ near\ (?:the\ keyword\ )?'\w+'""",
    re.VERBOSE,
)
"""What may be shown of a driver's message: names that stand in our own statement."""
_LOGIN: Final = ("28000", "(18456)", "(17892)")
"""SQLSTATE of a refused login; SQL Server's own numbers for it and for a program that is not approved."""
_AWAY: Final = ("08001", "08S01", "HYT00", "HYT01", "(1222)", "database is locked", "unable to open database")
"""Cannot connect, link lost, timeouts, lock wait; SQLite's words for the same."""


class Database:
    """``url``: ``mssql+pyodbc://...`` or ``sqlite:///PATH``. ``readers`` statements run at once."""

    def __init__(self, url: str, *, readers: int = 4, timeout_s: int = 60) -> None:
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise FixInput(
                "sql_url is not a database URL", remedy="mssql+pyodbc://... or sqlite:///PATH"
            ) from None
        pool: dict[str, Any] = {"poolclass": QueuePool, "pool_size": readers, "max_overflow": 0}
        match parsed.get_backend_name():
            case "sqlite":
                path = Path(parsed.database or "")
                self._engine = create_engine(
                    "sqlite://", creator=lambda: _read_only_file(path, timeout_s), **pool
                )
            case "mssql":
                self._engine = create_engine(named(parsed), pool_pre_ping=True, **pool)
                _be_brief(self._engine, timeout_s)
            case other:
                raise FixInput(
                    f"sql_url: {other} is not a database this bridge can open read-only",
                    remedy="mssql+pyodbc://... or sqlite:///PATH",
                )

    def read(self, statement: str, parameters: Mapping[str, Any], max_rows: int, max_bytes: int) -> bytes:
        """The body of an answered query (``protocol.Rows`` as JSON).

        Raises ``FixInput`` (not a single SELECT), ``RetryLater`` (not executed), ``RenewCredentials``,
        ``UnreadableAnswer`` (the statement does not fit the database; a result over its limits, which
        is refused whole: a cut listing would look like a complete one).
        """
        select_only.check(statement)
        try:
            with self._engine.connect() as connection:
                found = connection.execution_options(stream_results=True).execute(text(statement), parameters)
                return _body(found, max_rows, max_bytes)
        except SQLAlchemyError as refusal:
            raise _explain(refusal) from None

    def close(self) -> None:
        self._engine.dispose()


def named(url: URL) -> URL:
    """The URL with our application name and read-only intent, unless it sets them itself."""
    given = {name.lower() for name in url.query}
    ours = {"APP": APPLICATION, "ApplicationIntent": "ReadOnly"}
    return url.update_query_dict({name: value for name, value in ours.items() if name.lower() not in given})


def _read_only_file(path: Path, timeout_s: int) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode=ro", uri=True, timeout=timeout_s, check_same_thread=False
    )
    connection.execute("PRAGMA query_only = ON")
    return connection


def _be_brief(engine: Engine, timeout_s: int) -> None:
    """Never hold up the people who work in the product: give up on a lock or a long statement."""

    @event.listens_for(engine, "connect")
    def _limit(connection: Any, _record: Any) -> None:
        connection.timeout = timeout_s
        cursor = connection.cursor()
        cursor.execute("SET LOCK_TIMEOUT 5000")
        cursor.close()


def _body(found: CursorResult[Any], max_rows: int, max_bytes: int) -> bytes:
    out = bytearray(b'{"columns":' + orjson.dumps(list(found.keys())) + b',"rows":[')
    count = 0
    while batch := found.fetchmany(_FETCH):
        for row in batch:
            out += (b"," if count else b"") + orjson.dumps([_plain(value) for value in row])
            count += 1
        if count > max_rows or len(out) > max_bytes:
            raise UnreadableAnswer(
                f"the result is larger than {max_rows:,} rows or {max_bytes:,} bytes; none of it was sent",
                remedy="read in smaller pages",
            )
    return bytes(out + b"]}")


def _plain(value: Any) -> str | int | float | bool | None:
    """A column's value, JSON-safe. Exact numbers and times as text, whatever cannot be said exactly too."""
    match value:
        case None | str() | int() | float():
            return value
        case Decimal() | UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case _:
            raise UnreadableAnswer(f"a column of type {type(value).__name__} cannot be sent as text")


def _explain(refusal: SQLAlchemyError) -> SyncdError:
    """Which of our errors it is. Only codes and names go on: a driver's words may hold values."""
    words = str(refusal.orig) if isinstance(refusal, DBAPIError) else ""
    if any(code in words for code in _LOGIN):
        return RenewCredentials(
            "the database refuses the bridge's login",
            remedy=f"check the login, and that the program {APPLICATION!r} is approved in the product",
        )
    if any(code in words for code in _AWAY) or not isinstance(refusal, DBAPIError):
        return RetryLater("the database cannot be reached or is locked", after_s=5.0)
    schema = _OUR_WORDS.search(words)
    detail = schema.group() if schema else type(refusal).__name__
    return UnreadableAnswer(
        f"the database refuses the statement: {detail}",
        remedy="compare the site's profile with the tables of this version of the product",
    )
