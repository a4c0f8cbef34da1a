"""A site's state backed up beside its owner, put back, and its audit looked at."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from shutil import copyfile

import pytest
from sqlalchemy import update

from syncd.api.upkeep import AuditLine
from syncd.app import upkeep
from syncd.app.beacon import state_lock
from syncd.app.installation import digest_key, master_key
from syncd.app.state import state_engine, state_path
from syncd.cli import program
from syncd.clock import SystemClock
from syncd.config.load import Site, load
from syncd.core.errors import FixInput, NothingMatched, StateLocked
from syncd.sandbox.sage100_contractor.product import OWN_PROFILE
from syncd.secrets.sealed import Sealer, generate_master_key_file
from syncd.store import journal, migrate
from syncd.store.database import ThreadedDatabase
from syncd.store.sql import SqlStore
from syncd.store.tables import journal as journal_table


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """What ``syncd init`` writes, with a state that was just set up."""
    monkeypatch.chdir(tmp_path)
    assert program.run(["init", "acme", "--quiet"]) == 0
    for path in (tmp_path / "acme").rglob("*.yaml"):
        text = re.sub(r"SET  # the sandbox has (.*?)(; .*)?$", r"\1", path.read_text(), flags=re.MULTILINE)
        path.write_text(re.sub(r": SET(  #.*)?$", ": Acme", text, flags=re.MULTILINE))
    copyfile(OWN_PROFILE.with_name("mbxml.xsd"), tmp_path / "acme" / "profiles" / "mbxml.xsd")
    made = load(tmp_path / "acme" / "syncd.yaml")
    engine = state_engine(made)
    migrate.upgrade(engine)
    engine.dispose()
    return made


@asynccontextmanager
async def store(site: Site) -> AsyncIterator[SqlStore]:
    key = master_key(site)
    opened = SqlStore(ThreadedDatabase(state_engine(site)), SystemClock(), Sealer(key), digest_key(key))
    yield opened
    await opened.close()


async def held(site: Site, *scopes: str) -> None:
    """Lines in the audit: somebody places holds."""
    async with store(site) as opened:
        for scope in scopes:
            await opened.hold(scope, "month end", "ann")


async def scopes(site: Site) -> list[str]:
    async with store(site) as opened:
        return [hold.scope for hold in await opened.holds()]


async def test_a_backup_is_of_one_moment_while_others_write(site: Site, tmp_path: Path) -> None:
    async with store(site) as opened:
        writing = asyncio.create_task(_keep_writing(opened))
        made = [await asyncio.to_thread(upkeep.backup, site, tmp_path / f"{i}.db") for i in range(5)]
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
    for one in made:
        copied = sqlite3.connect(one.path)
        holds, lines = (
            copied.execute(f"select count(*) from {t}").fetchone()[0] for t in ("hold", "journal")
        )
        copied.close()
        assert holds == lines, "a hold and its line are one transaction"


async def _keep_writing(opened: SqlStore) -> None:
    number = 0
    while True:
        number += 1
        await opened.hold(f"link:{number}", "busy", "ann")


async def test_put_back_it_is_another_generation_and_the_old_state_is_kept(
    site: Site, tmp_path: Path
) -> None:
    await held(site, "link:acme")
    upkeep.backup(site, tmp_path / "yesterday.db")
    await held(site, "connection:books")
    done = upkeep.restore(site, tmp_path / "yesterday.db", "ann")
    assert await scopes(site) == ["link:acme"]
    assert done.generation == 1
    async with store(site) as opened:
        assert await opened.restored()
    assert upkeep.verify(site, [], None).breaks == []
    assert state_path(site).stat().st_mode & 0o777 == 0o600
    assert done.aside is not None
    kept = sqlite3.connect(done.aside)
    assert kept.execute("select count(*) from hold").fetchone() == (2,)
    kept.close()
    assert upkeep.restore(site, tmp_path / "yesterday.db", "ann").generation == 1, "the backup knows of none"
    upkeep.backup(site, tmp_path / "today.db")
    assert upkeep.restore(site, tmp_path / "today.db", "ann").generation == 2


async def test_a_state_in_use_is_not_replaced(site: Site, tmp_path: Path) -> None:
    upkeep.backup(site, tmp_path / "copy.db")
    with state_lock(state_path(site)), pytest.raises(StateLocked, match="in use"):
        upkeep.restore(site, tmp_path / "copy.db", "ann")


async def test_a_backup_of_another_master_key_is_refused_and_nothing_changes(
    site: Site, tmp_path: Path
) -> None:
    await held(site, "link:acme")
    upkeep.backup(site, tmp_path / "copy.db")
    key = site.folder / "keys" / "master.key"
    key.unlink()
    generate_master_key_file(key)
    before = state_path(site).read_bytes()
    with pytest.raises(FixInput, match="another master key"):
        upkeep.restore(site, tmp_path / "copy.db", "ann")
    assert state_path(site).read_bytes() == before


async def test_a_backup_stays_sealed(site: Site, tmp_path: Path) -> None:
    await held(site, "link:acme")
    upkeep.backup(site, tmp_path / "copy.db")
    key = (site.folder / "keys" / "master.key").read_text().strip().encode()
    data = (tmp_path / "copy.db").read_bytes()
    assert key not in data
    assert b"link:acme: month end" not in data, "the audit's words are sealed"


async def test_the_audit_is_verified_and_exported_opened(site: Site) -> None:
    await held(site, "link:acme", "everything")
    async with store(site) as opened:
        k = opened.keeper()
        await opened.database.write(lambda c: journal.anchor(c, k))
    report = upkeep.verify(site, [], None)
    assert (report.breaks, report.lines, report.chains, report.anchors) == ([], 3, 2, 1)
    assert upkeep.verify(site, [], report.end).breaks == []
    lines: list[AuditLine] = []
    assert upkeep.export(site, ["acme"], lines.append) == 1
    assert (lines[0].kind, lines[0].text, lines[0].actor) == ("hold", "link:acme: month end", "ann")
    engine = state_engine(site)
    with engine.begin() as c:
        c.execute(update(journal_table).where(journal_table.c.link == "acme").values(actor="bob"))
    engine.dispose()
    (found,) = upkeep.verify(site, [], None).breaks
    assert (found.link, found.line) == ("acme", 1)


async def test_a_typing_error_is_no_sign_of_tampering(site: Site) -> None:
    lines: list[AuditLine] = []
    for asked in (partial(upkeep.verify, kept=None), partial(upkeep.export, take=lines.append)):
        with pytest.raises(NothingMatched, match="acne") as refused:
            asked(site, ["acne"])
        assert "acme" in refused.value.remedy
    assert not lines
    assert upkeep.verify(site, ["acme"], None).breaks == []  # nothing was done to it yet


@pytest.mark.parametrize("what", ["a folder", "in no folder", "something else"])
def test_a_state_that_is_no_database_is_told_in_plain_words(
    site: Site, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = site.folder / ("there/state.db" if what == "in no folder" else "other.db")
    if what == "a folder":
        path.mkdir()
    elif what == "something else":
        path.write_text("not a database, and longer than a header of one would be\n" * 20)
    text = site.path.read_text().replace("sqlite:///state.db", f"sqlite:///{path}")
    site.path.write_text(text)
    for command in (["db", "current"], ["check"], ["audit", "verify"]):
        assert program.run([*command, "--config", str(site.path)]) == 2
        assert str(path) in capsys.readouterr().err


def test_every_secret_that_is_missing_is_told_at_once(
    site: Site, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ("SYNCD_OPERATOR_TOKEN", "SERVICETRADE_CLIENT_SECRET", "SYNCD_BRIDGE_TOKEN")
    for name in wanted:
        monkeypatch.delenv(name, raising=False)
    assert program.run(["check", "--config", str(site.path)]) == 1
    said = capsys.readouterr().out
    assert all(f"env:{name}" in said for name in wanted)
    assert program.run(["sync", "--config", str(site.path)]) == 2
    said = capsys.readouterr().err
    assert all(f"env:{name}" in said for name in wanted)


async def test_what_is_no_end_of_a_chain_is_refused(site: Site) -> None:
    with pytest.raises(FixInput, match="no end of a chain"):
        upkeep.verify(site, [], "yesterday")
