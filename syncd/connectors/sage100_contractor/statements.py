"""The SQL we read with: SELECT only, explicit columns, one text per dialect (SQLAlchemy writes it).

Paging is by keyset: changes over (change stamp, ``_idnum``), everything over ``_idnum`` alone.
Stamps are compared as text of one fixed width, whatever type and precision the site's column has,
so that a page ends and the next begins at exactly the same row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    SelectBase,
    and_,
    case,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects import mssql, sqlite

from syncd.connectors.sage100_contractor.tables import CHANGED, ID, INSERTED, PARENT, Kind, Layout, Source

_DESCRIBED: Final = ("TABLE_NAME", "COLUMN_NAME", "DATA_TYPE", "IS_NULLABLE", "CHARACTER_MAXIMUM_LENGTH")
"""Of the standard's COLUMNS view."""
LOOKUP_LIMIT: Final = 20
"""Rows that a look-up returns at most; more than one is for a person anyway."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a bridge runs: ``text`` with named parameters."""

    text: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a walk. Without ``row``: the first row stamped ``stamp`` or later."""

    stamp: str
    row: str | None = None


class Statements:
    """Every SQL text of one connection."""

    def __init__(self, dialect: Literal["mssql", "sqlite"], layout: Layout, *, line_stamps: bool) -> None:
        self._dialect: Final = dialect
        self._layout: Final = layout
        self._line_stamps: Final = line_stamps

    # -- the stream ------------------------------------------------------------------------

    def everything(self, source: Source, after_row: str | None, limit: int) -> Statement:
        """The next ``limit`` records by surrogate key, which never changes and is indexed."""
        rows = self._rows(source)
        query = self._single(source, rows).order_by(rows.base.c[ID]).limit(limit)
        if after_row is not None:
            query = query.where(rows.base.c[ID] > after_row)
        return self._compiled(query)

    def newest(self, source: Source) -> Statement:
        """The latest change stamps, as ``changed``: one row for the records, one for their lines."""
        base = self._table(source.table)
        query = select(func.max(self._changed(base)).label("changed"))
        if not (source.lines and self._line_stamps):
            return self._compiled(query)
        lines = self._table(source.lines, "line")
        return self._compiled(query.union_all(select(func.max(self._changed(lines)))))

    def changes(self, source: Source, after: Position, limit: int) -> Statement:
        """The next ``limit`` records in the order of their change."""
        rows = self._rows(source)
        origin, changed = rows.origin, rows.changed
        if source.lines and self._line_stamps:
            latest = self._newest_lines(source.lines, after)
            origin = origin.join(latest, latest.c.document == rows.base.c[ID], isouter=True)
            changed = _later(latest.c.changed, changed)
        seen = select(*rows.shown, changed.label(CHANGED)).select_from(origin).subquery("seen")
        beyond = _beyond(seen.c[CHANGED], seen.c[ID], after)
        query = select(*seen.c).where(beyond).order_by(seen.c[CHANGED], seen.c[ID]).limit(limit)
        return self._compiled(query)

    def lines(self, source: Source, parents: Sequence[str]) -> Statement:
        """The lines of those documents, by the surrogate key of their document."""
        name = source.lines
        lines = self._table(name)
        kinds = {n: k for n, k in self._layout.columns(name).items() if k is not Kind.STAMP}
        order = [lines.c[n] for n in (PARENT, "linnum", ID) if n in lines.c]
        query = select(*(lines.c[n] for n in kinds)).where(lines.c[PARENT].in_(parents)).order_by(*order)
        return self._compiled(query)

    # -- single records --------------------------------------------------------------------

    def where(self, source: Source, values: Mapping[str, Any]) -> Statement:
        """Records whose columns all equal ``values``; None and "" stand for an empty column."""
        rows = self._rows(source)
        query = self._single(source, rows)
        for name, value in values.items():
            at = rows.base.c[name]
            query = query.where(or_(at.is_(None), at == "") if value in (None, "") else at == value)
        return self._compiled(query.order_by(rows.base.c[ID]).limit(LOOKUP_LIMIT))

    def called(self, source: Source, number: str) -> Statement:
        """Records that a person calls ``number``."""
        rows = self._rows(source)
        names = [n for n in source.numbers if self._layout.has(source.table, n)]
        hits = [rows.base.c[n] == number for n in names]
        if source.key == ("recnum",) and is_record_number(number):
            hits.append(rows.base.c.recnum == int(number))
        query = self._single(source, rows).where(or_(*hits))
        return self._compiled(query.order_by(rows.base.c[ID]).limit(LOOKUP_LIMIT))

    def highest(self, name: str) -> Statement:
        """The highest record number of a table, as ``highest``; no number where it is empty."""
        numbers = self._table(name).c.recnum
        return self._compiled(select(func.max(numbers).label("highest")))

    # -- what the site has -------------------------------------------------------------------

    def inventory(self, names: Sequence[str]) -> Statement:
        """Columns of those tables as the database describes them: ``table_name``, ``column_name``,
        ``data_type``, ``is_nullable`` (YES or NO), ``character_maximum_length``."""
        if self._dialect == "sqlite":
            master = table("sqlite_master", column("name"))
            info = func.pragma_table_info(master.c.name).table_valued("name", "type", "notnull")
            return self._compiled(
                select(
                    master.c.name.label("table_name"),
                    info.c.name.label("column_name"),
                    info.c.type.label("data_type"),
                    case((info.c.notnull == 1, "NO"), else_="YES").label("is_nullable"),
                    literal_column("NULL").label("character_maximum_length"),
                ).where(master.c.name.in_(names))
            )
        columns = table(
            "COLUMNS", column("TABLE_SCHEMA"), *map(column, _DESCRIBED), schema="INFORMATION_SCHEMA"
        )
        return self._compiled(
            select(*(columns.c[name].label(name.lower()) for name in _DESCRIBED)).where(
                columns.c.TABLE_SCHEMA == "dbo", columns.c.TABLE_NAME.in_(names)
            )
        )

    def catalogue(self, name: str, columns: Sequence[str]) -> Statement:
        """Every row of a catalogue."""
        rows = table(name, *(column(n) for n in columns), schema=self._schema)
        return self._compiled(select(*(rows.c[n] for n in columns)).order_by(rows.c[columns[0]]))

    # -- parts -----------------------------------------------------------------------------

    @cached_property
    def _schema(self) -> str | None:
        return "dbo" if self._dialect == "mssql" else None

    def _table(self, name: str, alias: str | None = None) -> FromClause:
        found = table(name, *(column(n) for n in self._layout.columns(name)), schema=self._schema)
        return found.alias(alias or name)

    def _rows(self, source: Source) -> _Rows:
        base = self._table(source.table)
        kinds = self._layout.columns(source.table)
        shown: list[ColumnElement[Any]] = [
            base.c[n] for n, k in kinds.items() if k is not Kind.STAMP and not (source.of and n == PARENT)
        ]
        if not source.of:
            return _Rows(base, base, shown, self._changed(base))
        parent = self._table(source.of, "parent")
        joined = base.join(parent, parent.c[ID] == base.c[PARENT], isouter=True)
        return _Rows(base, joined, [*shown, parent.c.recnum.label("invoice")], self._changed(base))

    def _single(self, source: Source, rows: _Rows) -> Select[Any]:
        """The same row as in a page, for a few records."""
        changed = rows.changed
        if source.lines and self._line_stamps:
            lines = self._table(source.lines, "line")
            of_this = select(func.max(self._changed(lines))).where(lines.c[PARENT] == rows.base.c[ID])
            changed = _later(of_this.scalar_subquery(), changed)
        return select(*rows.shown, changed.label(CHANGED)).select_from(rows.origin)

    def _newest_lines(self, name: str, after: Position) -> FromClause:
        """When the lines of a document changed last: whether Sage then stamps the document is not known."""
        lines = self._table(name, "line")
        changed = self._changed(lines)
        newest = select(lines.c[PARENT].label("document"), func.max(changed).label("changed"))
        # older lines cannot bring their document into this page
        return newest.where(changed >= after.stamp).group_by(lines.c[PARENT]).subquery("latest")

    def _changed(self, of: FromClause) -> ColumnElement[str]:
        """The change stamp as ``yyyy-mm-ddThh:mm:ss.mmm``; empty where nothing was ever stamped."""
        stamps = [self._stamp(of.c[n]) for n in (CHANGED, INSERTED) if n in of.c]
        return func.coalesce(*stamps, literal_column("''"))

    def _stamp(self, at: ColumnElement[Any]) -> ColumnElement[str]:
        if self._dialect == "sqlite":
            return func.strftime(literal_column("'%Y-%m-%dT%H:%M:%f'"), at)
        exact = cast(at, mssql.DATETIME2(3))  # type: ignore[no-untyped-call]
        return func.convert(literal_column("varchar(23)"), exact, literal_column("126"))

    def _compiled(self, query: SelectBase) -> Statement:
        named = mssql.dialect if self._dialect == "mssql" else sqlite.dialect
        compiled = query.compile(
            dialect=named(paramstyle="named"), compile_kwargs={"render_postcompile": True}
        )
        return Statement(str(compiled), dict(compiled.params))


@dataclass(frozen=True, slots=True)
class _Rows:
    base: FromClause
    origin: FromClause
    """``base``, with what it is joined to."""
    shown: list[ColumnElement[Any]]
    changed: ColumnElement[str]


def _later(line: ColumnElement[str], document: ColumnElement[str]) -> ColumnElement[str]:
    return case((line > document, line), else_=document)


def _beyond(changed: ColumnElement[str], row: ColumnElement[Any], after: Position) -> ColumnElement[bool]:
    if after.row is None:
        return changed >= after.stamp
    return or_(changed > after.stamp, and_(changed == after.stamp, row > after.row))


def is_record_number(text: str) -> bool:
    """Whether ``text`` can be a ``recnum``: a whole number that a bigint holds, in its one spelling."""
    return text.isascii() and text.isdecimal() and len(text) <= 18 and str(int(text)) == text
