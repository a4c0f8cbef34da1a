"""A state moved from a file to a server and back: everything arrives once; the old one writes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from syncd.app import moving
from syncd.app.beacon import own
from syncd.app.state import state_engine, state_path
from syncd.app.upkeep import restore, site_keeper
from syncd.cli import program
from syncd.config.load import Site, load
from syncd.core.errors import FixInput, NothingMatched, StateLocked, SyncdError
from syncd.ports.store import EVERYTHING
from syncd.store import chain, holds, postgres, transfer, upkeep
from syncd.store.opening import open_engine
from syncd.store.schema import metadata
from syncd.store.tables import hint, remote, stream
from tests.integration.app.test_upkeep import held, site
from tests.postgres import Postgres

__all__ = ["site"]
FILE = "sqlite:///state.db"


def quiet(_table: str, _rows: int, _total: int) -> None:
    """Nobody looks."""


def move(site: Site, source: str, target: str) -> dict[str, tuple[int, str]]:
    moved = moving.move(site, source, target, None, "ann", quiet)
    return {one.table: (one.rows, one.digest) for one in moved.tables}


@pytest.fixture
async def lived(site: Site) -> Site:
    """With lines in its audit, records read, and an id that was given to somebody who is gone."""
    await held(site, "link:acme", "link:bolt")
    engine = state_engine(site)
    with engine.begin() as c:
        c.execute(insert(stream).values(connection="field", entity="customer"))
        row = {"stream_id": 1, "raw_hash": b"\x00\xff", "content_hash": b"", "seq": 1, "gone": False}
        at = site_keeper(site).now
        c.execute(insert(remote), [row | {"key": f"F{n}\t\\N'\"ü", "seen_at": at} for n in range(3)])
        for _ in range(2):
            c.execute(insert(hint).values(connection="field", entity="customer", key="1", received_at=at))
            c.execute(delete(hint))
    engine.dispose()
    return site


def look(site: Site, url: str) -> dict[str, list[tuple[object, ...]]]:
    """Everything there, by table."""
    engine = open_engine(url)
    with engine.connect() as c:
        found = {
            table.name: sorted((tuple(row) for row in c.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }
        assert chain.verify(c, site_keeper(site)).breaks == []
    engine.dispose()
    return found


def file_of(site: Site) -> str:
    return f"sqlite:///{state_path(site)}"


async def test_there_and_back_everything_is_the_same(lived: Site, postgres_url: str) -> None:
    before = look(lived, file_of(lived))
    there = move(lived, FILE, postgres_url)
    at_server = look(lived, postgres_url)
    assert {name: rows for name, (rows, _) in there.items() if rows}.keys() > {"journal", "remote", "stream"}
    back = move(lived, postgres_url, "sqlite:///back.db")
    after = look(lived, f"sqlite:///{lived.folder}/back.db")
    told = ("hold", "journal", "chain")  # what the moves themselves wrote down
    same = [name for name in there if name not in told]
    assert (
        [before[name] for name in same]
        == [at_server[name] for name in same]
        == [after[name] for name in same]
    )
    assert [there[name] for name in same] == [back[name] for name in same]
    assert len(after["journal"]) == len(before["journal"]) + 4


async def test_ids_go_on_after_the_highest_that_was_ever_given(lived: Site, postgres_url: str) -> None:
    def next_hint(c: Connection) -> int:
        row = {"connection": "field", "entity": "customer", "key": "2", "received_at": site_keeper(lived).now}
        return int(c.execute(insert(hint).values(row).returning(hint.c.id)).scalar_one())

    def once(url: str) -> int:
        engine = open_engine(url)
        with engine.begin() as c:
            ident = next_hint(c)
            c.execute(delete(hint))
        engine.dispose()
        return ident

    move(lived, FILE, postgres_url)
    assert once(postgres_url) == 3
    move(lived, postgres_url, "sqlite:///back.db")
    assert once(f"sqlite:///{lived.folder}/back.db") == 4


async def test_what_is_left_behind_writes_nothing_any_more(lived: Site, postgres_url: str) -> None:
    move(lived, FILE, postgres_url)
    assert look(lived, postgres_url)["generation"] == [], "nothing was forgotten on the way"
    left, there = open_engine(file_of(lived)), open_engine(postgres_url)
    with left.connect() as c:
        (kept,) = [one for one in holds.active(c, None) if one.scope == EVERYTHING]
        assert kept.reason.startswith("this state was moved to /")
    with there.connect() as c:
        assert [one.scope for one in holds.active(c, None)] == ["link:acme", "link:bolt"]
    left.dispose()
    there.dispose()


async def test_nothing_is_put_where_something_is(lived: Site, postgres_url: str) -> None:
    move(lived, FILE, postgres_url)
    before = look(lived, postgres_url)
    with pytest.raises(FixInput, match="holds a state already"):
        move(lived, FILE, postgres_url)
    assert look(lived, postgres_url) == before


async def test_one_that_breaks_off_leaves_nothing_and_can_be_repeated(
    lived: Site, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(table: str, _rows: int, _total: int) -> None:
        if table == "journal":
            raise NothingMatched("the wire was cut")

    with pytest.raises(NothingMatched):
        moving.move(lived, FILE, postgres_url, None, "ann", breaks)
    assert not any(look(lived, postgres_url).values())
    assert move(lived, FILE, postgres_url)["remote"][0] == 3


async def test_a_move_takes_as_long_as_it_takes(
    lived: Site, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgres.SESSION, "idle_in_transaction_session_timeout", "1s")

    def slow(table: str, _rows: int, _total: int) -> None:
        if table == "remote":
            sleep(1.2)

    for source, target in ((FILE, postgres_url), (postgres_url, "sqlite:///back.db")):
        moved = moving.move(lived, source, target, None, "ann", slow)
        assert {one.table: one.rows for one in moved.tables}["remote"] == 3


async def test_a_row_that_arrives_changed_is_found(
    lived: Site, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changing(c: Connection, given: object) -> None:
        c.execute(update(remote).where(remote.c.id == 2).values(seq=7))

    monkeypatch.setattr(transfer, "set_sequences", changing)
    with pytest.raises(SyncdError, match="remote did not arrive as it was"):
        move(lived, FILE, postgres_url)
    assert not any(look(lived, postgres_url).values())


async def test_a_text_that_the_server_cannot_hold_is_named(lived: Site, postgres_url: str) -> None:
    engine = state_engine(lived)
    with engine.begin() as c:
        c.execute(update(stream).values(last_error="a\x00b"))
    engine.dispose()
    with pytest.raises(SyncdError, match=r"stream: .*NUL"):
        move(lived, FILE, postgres_url)
    assert not any(look(lived, postgres_url).values())


async def test_nothing_moves_while_somebody_is_there(
    lived: Site, postgres: Postgres, postgres_url: str
) -> None:
    with own(state_path(lived)), pytest.raises(StateLocked):
        move(lived, FILE, postgres_url)
    somebody = open_engine(postgres_url)
    with somebody.connect(), pytest.raises(StateLocked, match="in use: 1 connections of syncd"):
        move(lived, FILE, postgres_url)
    somebody.dispose()


@pytest.mark.parametrize(
    ("source", "target", "says"),
    [
        (FILE, FILE, "same state|owns the state"),
        ("sqlite:///none.db", FILE, "there is no state at"),
        (FILE, "postgresql://ann:pw@db/syncd", "no password in an address"),
        (FILE, "mysql://db/syncd", "mysql is not supported"),
        (FILE, "nonsense", "is no address"),
    ],
)
async def test_addresses_that_cannot_be(site: Site, source: str, target: str, says: str) -> None:
    with pytest.raises((FixInput, StateLocked), match=says):
        move(site, source, target)


def test_as_a_command(
    site: Site, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = postgres.empty()
    monkeypatch.chdir(site.folder)
    assert program.run(["db", "copy", "--from", FILE, "--to", empty, "--json"]) == 0
    tables = {one["table"]: one["rows"] for one in json.loads(capsys.readouterr().out)["tables"]}
    assert tables["hold"] == 1
    assert program.run(["db", "copy", "--from", FILE, "--to", empty]) == 2
    file = Path("syncd.yaml")
    file.write_text(file.read_text().replace("url: sqlite:///state.db", f"url: '{empty}'"))
    assert program.run(["db", "current", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["up_to_date"] is True
    assert program.run(["audit", "verify", "--json"]) == 0


async def test_a_server_is_backed_up_into_a_file(lived: Site, postgres_url: str) -> None:
    move(lived, FILE, postgres_url)
    engine = open_engine(postgres_url)
    made = upkeep.copy(engine, lived.folder / "backup.db")
    engine.dispose()
    assert made.newest is not None
    assert look(lived, f"sqlite:///{made.path}") == look(lived, postgres_url)


async def test_a_backup_is_put_back_into_a_file_only(lived: Site, postgres_url: str) -> None:
    file = lived.folder / "syncd.yaml"
    file.write_text(file.read_text().replace("url: sqlite:///state.db", f"url: '{postgres_url}'"))
    with pytest.raises(FixInput, match="put back into a file"):
        restore(load(file), lived.folder / "backup.db", "ann")
