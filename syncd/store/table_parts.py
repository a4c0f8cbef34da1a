"""What tables are made of: the MetaData they share, ids, references, instants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TextClause,
    TypeDecorator,
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


@lru_cache(maxsize=64)  # a transaction gives all its rows the same
def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


class Instant(TypeDecorator[datetime]):
    """Aware UTC <-> microseconds since 1970: SQLite keeps no zones, and integers sort alike everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else _microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + value * _MICROSECOND


def identity() -> Column[int]:
    # INTEGER on SQLite makes it the rowid itself
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def reference(name: str, target: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, ForeignKey(f"{target}.id", ondelete="CASCADE"), nullable=nullable)


def only(rows: TextClause) -> dict[str, Any]:
    """Of an index over a part of the rows."""
    return {"sqlite_where": rows, "postgresql_where": rows}


def chained() -> tuple[Column[Any], ...]:
    """Which chain a line of the audit belongs to, its place there, and its hash; see ``store.chain``."""
    return (
        Column("link", Text, nullable=False, server_default=""),
        Column("seq", BigInteger),
        Column("hash", LargeBinary),
    )
