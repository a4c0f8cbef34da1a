"""Statements of the hot path, compiled once and run on the driver's own cursor.

On the embedded default the processor is the bound, and SQLAlchemy spends more on a row's parameters than
SQLite does on the row. Everywhere else the way to the server is, and SQLAlchemy runs them as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Connection,
    Delete,
    Dialect,
    Insert,
    LargeBinary,
    Table,
    TypeDecorator,
    Update,
    bindparam,
    insert,
    update,
)

_Change = Insert | Update | Delete


@dataclass(frozen=True, slots=True)
class Values:
    """A statement's parameters, in the order of its places."""

    pick: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    constants: Mapping[str, Any]
    """Those that the statement itself brings, by name; already the driver's."""
    convert: tuple[tuple[int, Callable[[Any], Any]], ...]
    """Places whose values the driver does not take as they are."""

    def of(self, row: Mapping[str, Any]) -> Sequence[Any]:
        picked = self.pick({**self.constants, **row} if self.constants else row)
        if not self.convert:
            return picked
        values = list(picked)
        for at, convert in self.convert:
            values[at] = convert(values[at])
        return values


class Prepared:
    """A change with named parameters, for many rows at once; all rows of a call give the same ones."""

    def __init__(self, change: _Change) -> None:
        self._change = change
        self._compiled: dict[tuple[str, ...], tuple[str, Values]] = {}

    def many(self, c: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Carry it out for each row; nothing for none. Returns how many rows of the table it touched."""
        if not rows:
            return 0
        if c.dialect.name != "sqlite":
            one = len(rows) == 1  # of several the driver may not say how many they touched
            return int(c.execute(self._change, dict(rows[0]) if one else list(rows)).rowcount)
        sql, values = self._for(c.dialect, rows[0])
        cursor = driver(c).executemany(sql, [values.of(row) for row in rows])
        return int(cursor.rowcount)

    def _for(self, dialect: Dialect, row: Mapping[str, Any]) -> tuple[str, Values]:
        given = tuple(row)
        compiled = self._compiled.get(given)
        if compiled is None:
            compiled = self._compiled[given] = _compile(self._change, dialect, row)
        return compiled


class Numbered:
    """An insert of rows that the database numbers (``id``)."""

    def __init__(self, table: Table) -> None:
        self._insert = Prepared(insert(table))
        self._returning = insert(table).returning(table.c.id, sort_by_parameter_order=True)

    def many(self, c: Connection, rows: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        """Insert them; all rows of a call give the same columns. Returns their numbers, in order."""
        if not rows:
            return ()
        if c.dialect.name != "sqlite":
            return list(c.execute(self._returning, list(rows)).scalars())
        self._insert.many(c, rows)
        # one transaction writes at a time, and gives each row the number after the highest there is
        (last,) = driver(c).execute("SELECT last_insert_rowid()").fetchone()
        return range(last - len(rows) + 1, last + 1)


def put(c: Connection, table: Table, ident: int, values: Mapping[str, Any]) -> None:
    """Set these columns of the one row with that ``id``."""
    to = {f"to_{name}": value for name, value in values.items()}
    _put(table, tuple(values)).many(c, [{"row": ident, **to}])


@cache
def _put(table: Table, names: tuple[str, ...]) -> Prepared:
    """Few: which columns change together is written in the code."""
    named: dict[str, Any] = {name: bindparam(f"to_{name}") for name in names}
    return Prepared(update(table).where(table.c.id == bindparam("row")).values(named))


def _compile(change: _Change, dialect: Dialect, row: Mapping[str, Any]) -> tuple[str, Values]:
    columns = list(row) if isinstance(change, Insert) and change.select is None else None
    compiled: Any = change.compile(dialect=dialect, column_keys=columns)
    return str(compiled), values_of(compiled, dialect, row.keys())


def values_of(compiled: Any, dialect: Dialect, given: Collection[str]) -> Values:
    """How a compiled statement takes its parameters, where these are ``given`` with each call."""
    places: list[str] = compiled.positiontup
    converts = {name: conversion(compiled.binds[name].type, dialect) for name in places}
    constants = {}
    for name in places:
        if name not in given:
            value, convert = compiled.binds[name].effective_value, converts[name]
            constants[name] = value if convert is None else convert(value)
    return Values(
        itemgetter(*places) if len(places) > 1 else lambda values: tuple(values[name] for name in places),
        constants,
        tuple(
            (at, convert)
            for at, name in enumerate(places)
            if name in given and (convert := converts[name]) is not None
        ),
    )


def conversion(kind: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, LargeBinary):
        return None  # bytes are what SQLite takes
    if isinstance(kind, TypeDecorator):
        return partial(kind.process_bind_param, dialect=dialect)
    convert: Callable[[Any], Any] | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return convert


def driver(c: Connection) -> Any:
    return c.connection.dbapi_connection
