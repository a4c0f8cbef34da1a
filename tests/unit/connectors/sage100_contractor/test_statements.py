"""The SQL texts: one meaning in two dialects, and nothing but reading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from sqlalchemy import text

from syncd.bridge import select_only
from syncd.connectors.sage100_contractor.statements import (
    Position,
    Statement,
    Statements,
    is_record_number,
)
from syncd.connectors.sage100_contractor.tables import CATALOGUES, Layout, sources

PLACE = Position("2026-03-01T09:30:00.000", "3f0c")


def _layout() -> Layout:
    own = {"acrinv": frozenset({"usrdf2"})}
    return Layout(absent=frozenset({"reccln.e_mail"}), reference="usrdf1", own=own)


def _texts(dialect: Literal["mssql", "sqlite"]) -> Iterator[Statement]:
    statements = Statements(dialect, _layout(), line_stamps=True)
    for billing in ("job", "service"):
        for source in sources(billing=billing, locations=True).values():
            yield statements.newest(source)
            yield statements.everything(source, None, 200)
            yield statements.everything(source, PLACE.row, 200)
            yield statements.changes(source, Position(PLACE.stamp), 200)
            yield statements.changes(source, PLACE, 200)
            yield statements.called(source, "240017")
            yield statements.where(source, dict.fromkeys(source.key, 1))
            if source.lines:
                yield statements.lines(source, ["3f0c", "4a1d"])
    yield statements.highest("reccln")
    yield statements.inventory(["reccln", "acrinv"])
    for name, columns in CATALOGUES.items():
        yield statements.catalogue(name, columns)


@pytest.mark.parametrize("dialect", ["mssql", "sqlite"])
def test_every_statement_is_one_the_bridge_runs(dialect: Literal["mssql", "sqlite"]) -> None:
    """A single SELECT, no asterisk, and a value for every name in it."""
    for statement in _texts(dialect):
        select_only.check(statement.text)
        assert "*" not in statement.text
        assert set(text(statement.text).compile().params) == set(statement.parameters)


def test_sql_server_is_spoken_as_it_wants_it() -> None:
    statements = Statements("mssql", _layout(), line_stamps=True)
    page = statements.changes(sources(billing="job", locations=False)["customer"], PLACE, 200)
    assert page.text.startswith("SELECT TOP 200 ")
    assert "LIMIT" not in page.text
    assert "FROM dbo.reccln" in page.text
    assert "convert(varchar(23), CAST(reccln.upddte AS DATETIME2(3)), 126)" in page.text
    assert set(page.parameters.values()) == {PLACE.stamp, PLACE.row}
    assert "INFORMATION_SCHEMA" in statements.inventory(["reccln"]).text


def test_a_value_is_never_part_of_the_text() -> None:
    statements = Statements("mssql", _layout(), line_stamps=True)
    source = sources(billing="job", locations=False)["invoice"]
    for statement in (
        statements.called(source, "S-1' OR 1=1"),
        statements.where(source, {"invnum": "S-1' OR 1=1"}),
        statements.lines(source, ["' OR 1=1"]),
    ):
        assert "1=1" not in statement.text


def test_columns_of_the_site_are_read_and_absent_ones_are_not() -> None:
    statements = Statements("sqlite", _layout(), line_stamps=False)
    offered = sources(billing="job", locations=False)
    assert "acrinv.usrdf2" in statements.changes(offered["invoice"], PLACE, 10).text
    assert "e_mail" not in statements.everything(offered["customer"], None, 10).text
    assert "arivln" not in statements.changes(offered["invoice"], PLACE, 10).text


@pytest.mark.parametrize(
    ("number", "is_one"),
    [("1", True), ("240017", True), ("007", False), ("", False), ("-1", False), ("1.0", False), ("²", False),
     ("9" * 18, True), ("9" * 19, False)],
)  # fmt: skip
def test_a_record_number_has_one_spelling(number: str, is_one: bool) -> None:
    assert is_record_number(number) == is_one
