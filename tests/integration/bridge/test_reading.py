"""Reading the ERP's database through the bridge: one SELECT, read-only, whole or not at all."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from syncd.bridge import select_only
from syncd.bridge.channel import Limits
from syncd.bridge.database import Database, _plain, named
from syncd.core.errors import FixInput, RetryLater, UnreadableAnswer
from syncd.ports import BridgeChannel
from tests.integration.bridge.site import bridge_to, eventually, hub_at, ledger


@pytest.fixture
async def sage(tmp_path: Path) -> AsyncIterator[BridgeChannel]:
    async with (
        hub_at() as (hub, url),
        bridge_to(url, tmp_path / "outbox", reads=ledger(tmp_path / "company.db")),
    ):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        yield channel


async def test_rows_come_by_name_with_named_parameters(sage: BridgeChannel) -> None:
    rows = await sage.query(
        "SELECT recnum, clnnme, NULL AS empty FROM reccln WHERE recnum >= :first ORDER BY recnum",
        {"first": 2},
    )
    assert rows == [
        {"recnum": 2, "clnnme": "Kunde Ä2", "empty": None},
        {"recnum": 3, "clnnme": "Kunde Ä3", "empty": None},
    ]


async def test_an_empty_result_is_an_answer(sage: BridgeChannel) -> None:
    assert await sage.query("SELECT recnum FROM reccln WHERE recnum = 0", {}) == []


async def test_two_hundred_queries_at_once_each_get_their_own_answer(sage: BridgeChannel) -> None:
    rows = await asyncio.gather(*(sage.query("SELECT :n AS n", {"n": n}) for n in range(200)))
    assert [row[0]["n"] for row in rows] == list(range(200))


async def test_an_answer_of_many_parts_comes_whole(sage: BridgeChannel) -> None:
    (row,) = await sage.query("SELECT hex(zeroblob(:n)) AS zeros", {"n": 1_000_000})
    assert row["zeros"] == "0" * 2_000_000


async def test_a_statement_that_does_not_fit_names_what_is_missing(sage: BridgeChannel) -> None:
    with pytest.raises(UnreadableAnswer, match="no such table: acrinv"):
        await sage.query("SELECT recnum FROM acrinv", {})
    with pytest.raises(UnreadableAnswer, match="no such column: invamt"):
        await sage.query("SELECT invamt FROM reccln", {})
    with pytest.raises(UnreadableAnswer, match="syntax error"):
        await sage.query("SELECT recnum FORM reccln WHERE", {})


async def test_a_missing_parameter_is_an_answer_too(sage: BridgeChannel) -> None:
    with pytest.raises((RetryLater, UnreadableAnswer)):
        await sage.query("SELECT :never_given", {})


async def test_too_many_rows_are_refused_whole(tmp_path: Path) -> None:
    limits = Limits(max_rows=10)
    url = ledger(tmp_path / "company.db", customers=11)
    async with hub_at(limits=limits) as (hub, hub_url), bridge_to(hub_url, tmp_path / "o", reads=url):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        with pytest.raises(UnreadableAnswer, match="larger than 10 rows"):
            await channel.query("SELECT recnum FROM reccln", {})
        assert len(await channel.query("SELECT recnum FROM reccln WHERE recnum < 11", {})) == 10


async def test_too_many_bytes_are_refused_whole(tmp_path: Path) -> None:
    limits = Limits(max_bytes=1_000)
    url = ledger(tmp_path / "company.db")
    async with hub_at(limits=limits) as (hub, hub_url), bridge_to(hub_url, tmp_path / "o", reads=url):
        channel = hub.channel("sage")
        await eventually(lambda: channel.connected)
        with pytest.raises(UnreadableAnswer, match="1,000 bytes"):
            await channel.query("SELECT hex(zeroblob(1000)) AS zeros", {})


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM reccln",
        "SELECT 1; DELETE FROM reccln",
        "SELECT 1; SELECT 2",
        "SELECT recnum INTO copy FROM reccln",
        "WITH gone AS (SELECT 1) DELETE FROM reccln",
        "SELECT 1 -- the rest",
        "SELECT 1 /* the rest */",
        "SELECT 'never ends",
        "SELECT [never ends",
        'SELECT "never ends',
        "EXEC xp_cmdshell 'dir'",
        "SELECT * FROM OPENROWSET('SQLNCLI', 'x', 'SELECT 1')",
        "PRAGMA journal_mode = DELETE",
        "ATTACH 'other.db' AS other",
        "SELECT load_extension('x')",
        "INSERT INTO reccln SELECT 1, 'x', 0, ''",
        "UPDATE reccln SET clnnme = 'SELECT'",
        "BEGIN",
        "",
        ";",
        "SELECT 1; ; ",
    ],
)
async def test_anything_but_one_select_is_refused(sage: BridgeChannel, statement: str) -> None:
    with pytest.raises(FixInput, match="single SELECT") as refusal:
        await sage.query(statement, {})
    assert "reccln" not in refusal.value.message


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "  select 1 ;  ",
        "SELECT 'it''s; -- DELETE /* fine */' AS words",
        'SELECT recnum AS "update" FROM reccln',
        "SELECT recnum AS [delete ]] me] FROM reccln",
        "WITH x AS (SELECT 1 AS n) SELECT n FROM x",
        "SELECT recnum - -1, upddte FROM reccln WHERE clnnme LIKE '[a-z]%'",
        "SELECT REPLACE(clnnme, 'a', 'b') FROM reccln",
    ],
)
def test_what_is_one_select_passes(statement: str) -> None:
    select_only.check(statement)


def test_the_connection_itself_cannot_write(tmp_path: Path) -> None:
    database = Database(ledger(tmp_path / "company.db"))
    with database._engine.connect() as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(text("DELETE FROM reccln"))
    database.close()


def test_a_database_that_is_away_is_asked_again(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'missing.db'}")
    with pytest.raises(RetryLater):
        database.read("SELECT 1", {}, 10, 1000)
    assert not (tmp_path / "missing.db").exists()


def test_a_locked_database_is_asked_again(tmp_path: Path) -> None:
    url = ledger(tmp_path / "company.db")
    other = sqlite3.connect(tmp_path / "company.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    database = Database(url, timeout_s=0)
    with pytest.raises(RetryLater):
        database.read("SELECT recnum FROM reccln", {}, 10, 1000)
    database.close()
    other.close()


def test_only_databases_that_open_read_only_are_taken() -> None:
    with pytest.raises(FixInput, match="postgresql"):
        Database("postgresql://localhost/ledger")
    with pytest.raises(FixInput, match="not a database URL"):
        Database("company.db")


def test_sql_server_hears_a_stable_application_name() -> None:
    url = named(make_url("mssql+pyodbc://reader@SERVER/Company?driver=ODBC+Driver+18+for+SQL+Server"))
    assert url.query["APP"] == "syncd bridge"
    assert url.query["ApplicationIntent"] == "ReadOnly"
    own = named(make_url("mssql+pyodbc://reader@SERVER/Company?APP=approved+name"))
    assert own.query["APP"] == "approved name"


def test_exact_numbers_stay_exact() -> None:
    assert _plain(Decimal("418.10")) == "418.10"
    assert _plain(b"\x01\xff") == "01ff"
