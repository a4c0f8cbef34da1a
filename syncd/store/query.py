"""Look-ups of the hot path, compiled once and run on the driver's own cursor (see ``store.prepared``)."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Dialect, LargeBinary, Select, TypeDecorator
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from syncd.store.prepared import Values, conversion, driver, values_of

_Asked = Select[*tuple[Any, ...]] | ReturningInsert[*tuple[Any, ...]] | ReturningUpdate[*tuple[Any, ...]]
_Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Place:
    """One parameter of the statement, where it stands."""

    name: str
    convert: _Convert | None
    many: str
    """What stands for it in the statement, if it is a list."""
    constant: Any
    """The statement's own value; None: whoever asks gives it."""


class Query:
    """A look-up with named parameters, lists too (``IN``). Its rows show their columns as attributes."""

    def __init__(self, query: _Asked) -> None:
        self._query = query
        columns = query.selected_columns if isinstance(query, Select) else query.exported_columns
        names: list[str] = [str(name) for name in columns.keys()]  # noqa: SIM118 - a collection of columns
        row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]
        self._make: Callable[[Sequence[Any]], Any] = partial(tuple.__new__, row)
        self._types = [column.type for column in columns]
        self._places: list[_Place] = []
        self._reads: list[tuple[int, _Convert]] = []
        self._text = ""
        self._texts: dict[tuple[int, ...], str] = {}
        self._values: Values | None = None
        """Of a statement without lists."""

    def all(self, c: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Every row."""
        found = self._plain(c, values)
        if found is None:
            return c.execute(self._query, dict(values)).all()
        return [self._make(row) for row in found]

    def first(self, c: Connection, values: Mapping[str, Any]) -> Any:
        """One row, or None."""
        rows = self.all(c, values)
        return rows[0] if rows else None

    def scalars(self, c: Connection, values: Mapping[str, Any]) -> list[Any]:
        """The first value of every row."""
        found = self._plain(c, values)
        if found is None:
            return list(c.execute(self._query, dict(values)).scalars())
        return [row[0] for row in found]

    def scalar(self, c: Connection, values: Mapping[str, Any]) -> Any:
        """The first value of the only row."""
        (value,) = self.scalars(c, values)
        return value

    def _plain(self, c: Connection, values: Mapping[str, Any]) -> Sequence[Sequence[Any]] | None:
        """Every row as SQLite gives it, converted; None where SQLAlchemy is to be asked: on other databases,
        and with an empty list, which it knows how to say."""
        if c.dialect.name != "sqlite":
            return None
        if not self._text:
            self._compile(c.dialect)
        if self._values is not None:
            found = driver(c).execute(self._text, self._values.of(values)).fetchall()
        elif any(value == [] for value in values.values()):
            return None
        else:
            found = driver(c).execute(*self._with_lists(values)).fetchall()
        return [self._read(row) for row in found] if self._reads else found

    def _with_lists(self, values: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
        """(statement, its values in order)."""
        given: list[Any] = []
        lengths: list[int] = []
        for place in self._places:
            value = values[place.name] if place.constant is None else place.constant
            if not place.many:
                given.append(value if place.convert is None else place.convert(value))
                continue
            listed = _padded(value) if place.constant is None else value
            lengths.append(len(listed))
            given += listed if place.convert is None else map(place.convert, listed)
        return self._worded(tuple(lengths)), given

    def _worded(self, lengths: tuple[int, ...]) -> str:
        text = self._texts.get(lengths)
        if text is None:
            text = self._text
            for place, length in zip((p for p in self._places if p.many), lengths, strict=True):
                text = text.replace(place.many, ",".join("?" * length), 1)
            self._texts[lengths] = text
        return text

    def _read(self, row: Sequence[Any]) -> Sequence[Any]:
        values = list(row)
        for at, convert in self._reads:
            values[at] = convert(values[at])
        return values

    def _compile(self, dialect: Dialect) -> None:
        compiled: Any = self._query.compile(dialect=dialect)
        for name in compiled.positiontup:
            bound = compiled.binds[name]
            many = f"__[POSTCOMPILE_{name}]" if bound.expanding else ""
            self._places.append(_Place(name, conversion(bound.type, dialect), many, bound.effective_value))
        for at, kind in enumerate(self._types):
            convert = _reading(kind, dialect)
            if convert is not None:
                self._reads.append((at, convert))
        self._text = str(compiled)
        if not any(place.many for place in self._places):
            given = [place.name for place in self._places if place.constant is None]
            self._values = values_of(compiled, dialect, given)


def _reading(kind: Any, dialect: Dialect) -> _Convert | None:
    if isinstance(kind, LargeBinary):
        return None  # SQLite gives bytes as they are
    shown = kind if isinstance(kind, TypeDecorator) else kind.dialect_impl(dialect)
    convert: _Convert | None = shown.result_processor(dialect, None)
    return convert


def _padded(values: Sequence[Any]) -> Sequence[Any]:
    """The same values, the last one as often as it takes to fill a power of two: few statements for lists of
    every length."""
    length = 1 << (len(values) - 1).bit_length()
    return values if length == len(values) else [*values, *[values[-1]] * (length - len(values))]
