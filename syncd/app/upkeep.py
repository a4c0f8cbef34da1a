"""The state beside its work: backed up, put back, and its audit verified. None of it needs a connection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import Timeout
from sqlalchemy import Connection, Engine, Row, func, select

from syncd.api.upkeep import AuditLine, AuditReport, BackupMade, BatchesRestored, ChainBreak, StateRestored
from syncd.app.beacon import state_lock
from syncd.app.exporting import desks
from syncd.app.installation import digest_key, master_key
from syncd.app.state import shared, state_opened, state_path
from syncd.clock import SystemClock
from syncd.config.load import Site
from syncd.core.errors import FixInput, NothingMatched, StateLocked
from syncd.files import restoring
from syncd.secrets.sealed import Sealer
from syncd.store import chain, migrate, upkeep
from syncd.store.database import sqlite_engine
from syncd.store.sealing import Keeper
from syncd.store.tables import generation

_BATCHES = "batches"
"""The field under which a backup seals them."""
_BESIDE = ("", "-wal", "-shm")


def backup(site: Site, target: Path) -> BackupMade:
    """Copy the state, and the batches of ledgers that take files, while whoever uses them goes on. Raises
    ``FixInput`` if ``target`` exists."""
    seal = site_keeper(site).seal

    def batches() -> Mapping[str, bytes]:
        found = {name: restoring.snapshot(desk) for name, desk in desks(site).items()}
        return {name: seal.seal(name, _BATCHES, content) for name, content in found.items() if content}

    with _open(site) as engine:
        return _view(upkeep.copy(engine, target, batches))


def restore(site: Site, source: Path, actor: str) -> StateRestored:
    """Put a backup in the state's place; the one that stood there is kept beside it.

    From then on the state is of a new generation: what it would create is looked up first. Raises
    ``StateLocked`` while anybody uses the state, ``FixInput`` for a file that is no whole state, is of a
    newer version, or was sealed with another master key.

    Batches of ledgers that take files are put back where those that stand there know less.
    """
    if shared(site):
        raise FixInput(
            "state.url: a backup is put back into a file, not into a server's database",
            remedy="let state.url name a file, restore, then move it: syncd db copy --from FILE --to SERVER",
        )
    found, path = upkeep.inspect(source), state_path(site)
    keeper = site_keeper(site)
    lock = state_lock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise StateLocked(
            f"the state {path.name} is in use", remedy="stop the daemon first: systemctl stop syncd"
        ) from None
    try:
        arriving = path.with_name(f"{path.name}.arriving")
        arriving.unlink(missing_ok=True)
        engine = sqlite_engine(f"sqlite:///{arriving}")
        try:
            _fill(engine, source)
            migrate.upgrade(engine)
            with engine.begin() as connection:
                _must_open(connection, keeper)
                enclosed = {
                    name: keeper.seal.open(name, _BATCHES, content)
                    for name, content in upkeep.taken_out(connection).items()
                }
                upkeep.begin_generation(connection, keeper, found, actor)
                count = connection.execute(select(func.count()).select_from(generation)).scalar_one()
        finally:
            engine.dispose()  # the last one to close it leaves one file, with everything in it
        aside = _put_aside(path)
        arriving.replace(path)
        batches = [
            restoring.put_back(desk, enclosed[name], keeper.now)
            for name, desk in desks(site).items()
            if name in enclosed
        ]
    finally:
        lock.release()
    return StateRestored(
        path=str(path),
        backup=_view(found),
        aside=str(aside) if aside else None,
        generation=count,
        batches=[BatchesRestored(connection=b.connection, kept=b.kept, aside=b.aside) for b in batches],
    )


def _fill(engine: Engine, source: Path) -> None:
    """Make the engine's own, empty database a copy of ``source``."""
    import sqlite3  # noqa: PLC0415 - the file is read past any engine, which would change it

    given = sqlite3.connect(f"file:{source}?mode=ro", uri=True)
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            given.backup(raw)
    finally:
        given.close()
    path = engine.url.database
    assert path is not None
    Path(path).chmod(0o600)


def _must_open(c: Connection, k: Keeper) -> None:
    """The audit's chains are keyed: with another master key none of them holds."""
    found = chain.verify(c, k)
    if found.breaks and len(found.breaks) == found.chains:
        raise FixInput(
            "this backup was made with another master key",
            remedy="put the key of that time where `master_key` points",
        )


def _put_aside(path: Path) -> Path | None:
    """Rename what stands there, with the files beside it."""
    if not path.exists():
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.before-{stamp}")
    for end in _BESIDE:
        there = path.with_name(path.name + end)
        if there.exists():
            there.replace(aside.with_name(aside.name + end))
    return aside


def verify(site: Site, links: Sequence[str], kept: str | None) -> AuditReport:
    """``kept``: an end of the site's chain from an earlier verification or the log, LINE:HASH. Raises
    ``NothingMatched`` for a link that nobody ever heard of: a typing error is no sign of tampering."""
    expected = _kept(kept)
    with _open(site) as engine, engine.connect().execution_options(reads_only=True) as connection:
        keeper = site_keeper(site)
        begun = _of(links, site, chain.known(connection, keeper))
        found = chain.verify(connection, keeper, begun if links else None, expected)
    return AuditReport(
        lines=found.lines,
        chains=found.chains,
        anchors=found.anchors,
        breaks=[ChainBreak(link=one.link, line=one.seq, what=one.what) for one in found.breaks],
        end=f"{found.end[0]}:{found.end[1].hex()}",
    )


def _kept(text: str | None) -> tuple[int, bytes] | None:
    if text is None:
        return None
    line, _, said = text.partition(":")
    try:
        return int(line), bytes.fromhex(said)
    except ValueError:
        remedy = "LINE:HASH, as `syncd audit verify` shows it"
        raise FixInput(f"{text!r} is no end of a chain", remedy=remedy) from None


def export(site: Site, links: Sequence[str], take: Callable[[AuditLine], None]) -> int:
    """Every line of the audit (or of these links), in order, opened. Returns how many. Raises
    ``NothingMatched`` as ``verify`` does."""
    keeper, count = site_keeper(site), 0
    with _open(site) as engine, engine.connect().execution_options(reads_only=True) as connection:
        wanted = _of(links, site, chain.known(connection, keeper)) if links else chain.links(connection)
        for link in wanted:
            for table, row in chain.lines(connection, link):
                take(_line(keeper, table, row))
                count += 1
    return count


def _of(links: Sequence[str], site: Site, begun: Collection[str]) -> Sequence[str]:
    """Those of ``links`` that have lines; one of the site may have none yet."""
    for link in links:
        if link not in begun and link not in site.links:
            known = ", ".join(sorted({*begun, *site.links} - {chain.SITE}))
            raise NothingMatched(f"the audit has no line of a link {link!r}", remedy=f"known: {known}")
    return [link for link in links if link in begun]


def _line(k: Keeper, table: str, row: Row[Any]) -> AuditLine:
    journal = table == "journal"
    return AuditLine(
        link=row.link,
        line=row.seq,
        hash=row.hash.hex(),
        at=row.at,
        table=table,
        kind=row.kind if journal else row.name,
        actor=row.actor,
        intent=row.intent_id if journal else None,
        outcome="" if journal else row.outcome,
        text=k.open_text(table, "text", row.text),
    )


# -- shared ---------------------------------------------------------------------------------------


@contextmanager
def _open(site: Site) -> Iterator[Engine]:
    """The state's engine, beside whoever uses it. Raises ``FixInput`` if there is none."""
    if not shared(site) and not state_path(site).exists():
        raise FixInput(f"there is no state at {state_path(site)}", remedy="the first `syncd sync` makes it")
    with state_opened(site) as engine:
        migrate.require_head(engine)
        yield engine


def site_keeper(site: Site) -> Keeper:
    """What the transactions on a site's state need, as of now."""
    key = master_key(site)
    return Keeper(Sealer(key), digest_key(key), SystemClock().now())


def _view(made: upkeep.Copied) -> BackupMade:
    return BackupMade(path=str(made.path), bytes=made.bytes, newest=made.newest)
