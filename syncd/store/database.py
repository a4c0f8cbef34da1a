"""Who runs the transactions: one writer that commits many at once, readers beside it.

Every transaction is a plain function over a ``sqlalchemy.Connection``; this module decides where
it runs. SQLite has one writer anyway, so one thread owns the writing connection and takes whatever
has queued up while the last commit was on its way to the disk: one fsync, many intents. PostgreSQL's
side of it is ``store.postgres``.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import StaticPool

from syncd.core.errors import FixInput, StateUnavailable, SyncdError
from syncd.store.prepared import driver

T = TypeVar("T")
Item = TypeVar("Item")
Script = Callable[[Connection], T]
"""A transaction: reads and writes through the connection, no I/O of its own, safe to run again."""


class Database(Protocol):
    """Runs scripts. ``write`` commits before it returns; ``read`` and ``scan`` see everything committed."""

    async def write(self, script: Script[T]) -> T: ...
    async def note(self, script: Script[T], *, brief: bool = False) -> T:
        """``write`` for what can be found out again: committed before it returns, on the disk only with the
        next ``write``. If the power fails before that it is lost, and never without all that came after.
        ``brief``: it touches a handful of rows."""
        ...

    async def read(self, script: Script[T]) -> T:
        """For look-ups by index, of a page or a batch at most."""
        ...

    async def scan(self, script: Script[T]) -> T:
        """For what takes longer the more there is; nothing else waits for it."""
        ...

    async def copy(self) -> Database:
        """All of it as it is now, in memory or a temporary file: gone when closed."""
        ...

    async def close(self) -> None: ...


_PATIENCE_S: Final = 30
"""How long a transaction waits for another program's."""
_STATEMENTS: Final = 512
"""Kept compiled by each connection; a cycle has about a hundred of its own."""
_BEGIN: Final = "BEGIN IMMEDIATE"
"""A deferred transaction would fail half-way when it turns out to write."""
_LOG_PAGES: Final = 2_000
"""The write-ahead log's size, and where SQLite brings it into the file by itself, before it says that a
commit is done. We do so earlier, with nobody waiting."""
_PAGE_BYTES: Final = 4_096
_GROUPS_LOGGED: Final = 64
_ROWS_LOGGED: Final = 2_000
"""So many commits or changed rows are in the log by then: some fifteen hundred pages."""
_OUTSIDE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
    }
)
"""What befalls a file from outside, in SQLite's numbers."""


def sqlite_engine(url: str) -> Engine:
    """An engine on a SQLite file in WAL with full sync (survives power loss, not only a crash).

    Raises ``FixInput`` for any other kind of database.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise FixInput(f"state.url: {parsed.get_backend_name()} is not supported here; use sqlite:///PATH")
    in_memory = parsed.database in (None, "", ":memory:")
    pool: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    connect = {"check_same_thread": False, "timeout": _PATIENCE_S, "cached_statements": _STATEMENTS}
    engine = create_engine(parsed, connect_args=connect, **pool)

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN IMMEDIATE ourselves, below
        try:
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                "cache_size=-32768",
                "temp_store=MEMORY",
            ):
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
                raise
            raise FixInput(
                f"{parsed.database} is no database of syncd",
                remedy="let state.url name another file, or put a backup in its place: syncd restore",
            ) from None

    @event.listens_for(engine, "handle_error")
    def cannot_be_opened(context: ExceptionContext) -> None:
        if getattr(context.original_exception, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_CANTOPEN:
            file = Path(parsed.database or "")
            if file.is_dir() or not file.parent.is_dir():
                raise FixInput(
                    f"{file} is a folder, or its own folder is not there",
                    remedy="let state.url name a file, in a folder that is there",
                )
            raise StateUnavailable(f"{file} cannot be opened", remedy="may this account read and write it?")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not driver(connection).in_transaction:  # else it was said already, see ``_transaction``
            reads_only = connection.get_execution_options().get("reads_only")
            driver(connection).execute("BEGIN" if reads_only else _BEGIN)

    return engine


def _copied(engine: Engine) -> Engine:
    """A temporary SQLite database with everything ``engine``'s holds (the online backup API)."""
    folder = TemporaryDirectory(prefix="syncd-scratch-")
    scratch = sqlite_engine(f"sqlite:///{folder.name}/state.db")
    event.listen(scratch, "engine_disposed", lambda _engine: folder.cleanup())
    with engine.connect() as source, scratch.connect() as target:
        raw_source: Any = source.connection.driver_connection
        raw_target: Any = target.connection.driver_connection
        raw_source.backup(raw_target)
    return scratch


def _transaction(connection: Connection, script: Script[T], begin: str = _BEGIN) -> T:
    """All of it or nothing. Raises ``StateUnavailable`` where the file cannot be used just now; it says
    nothing of any remote write, so nobody may take it for a proof that one was not carried out."""
    # said to the driver: through SQLAlchemy it costs as much as a small transaction itself
    file = driver(connection)
    try:
        file.execute(begin)
        try:
            result = script(connection)
            file.execute("COMMIT")
        except BaseException:
            file.rollback()
            raise
        return result
    except (OperationalError, sqlite3.OperationalError) as error:
        cause = error.orig if isinstance(error, OperationalError) else error
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF not in _OUTSIDE:  # the rest says where exactly
            raise
        raise StateUnavailable(
            f"the state cannot be used: {cause}",
            remedy="is its disk full, or does another program hold it? Nothing is lost; it is tried again",
        ) from error


@contextlib.contextmanager
def _if_free() -> Iterator[None]:
    """For upkeep, which is tried again with the next or left out if another program has the file just now."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _OUTSIDE:
            raise


class InlineDatabase:
    """Runs every script at once, on the caller's thread: for simulations, whose seeds must replay."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def write(self, script: Script[T]) -> T:
        with self._engine.begin() as connection:
            return script(connection)

    async def note(self, script: Script[T], *, brief: bool = False) -> T:  # noqa: ARG002 - all is alike
        return await self.write(script)

    async def read(self, script: Script[T]) -> T:
        return await self.write(script)

    async def scan(self, script: Script[T]) -> T:
        return await self.write(script)

    async def copy(self) -> Database:
        return InlineDatabase(_copied(self._engine))

    async def close(self) -> None:
        self._engine.dispose()


@dataclass(slots=True)
class Queued:
    """A script, and who waits for what it returns."""

    script: Script[Any]
    result: asyncio.Future[Any]
    durable: bool
    """Whether it must be on the disk before whoever waits is told."""


Outcomes = list[tuple[Any, BaseException | None]]
"""What each script of a group returned, or raised."""


class GroupCommit:
    """One thread that takes whatever queued up while the last commit was on its way to the disk."""

    def __init__(self, run: Callable[[list[Queued]], Outcomes], group_max: int) -> None:
        """``run`` carries a group out in one transaction, in the thread."""
        self._run = run
        self._group_max = group_max
        self._waiting: deque[Queued] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-write")
        self._upkeep: Future[None] | None = None
        self.idle = True
        """Whether nothing waits to be committed."""

    async def write(self, script: Script[T], *, durable: bool) -> T:
        """Returns when it is committed."""
        loop = asyncio.get_running_loop()
        queued = Queued(script, loop.create_future(), durable)
        self._waiting.append(queued)
        if self.idle:
            self.idle = False
            loop.call_soon(self._hand_over, loop)  # whoever asks before the loop comes to it goes along
        result: T = await queued.result
        return result

    def afterwards(self, work: Callable[[], None]) -> None:
        """Asked for by a group under way: done in the thread once whoever waits for the group is told."""
        self._upkeep = self._thread.submit(work)

    async def close(self) -> None:
        """What was asked for before is committed first."""
        if not self.idle:
            with contextlib.suppress(StateUnavailable):  # who asked for something has been told
                await self.write(lambda _connection: None, durable=True)
        self._thread.shutdown()
        if self._upkeep is not None:
            self._upkeep.result()  # whatever was wrong with it is not passed over

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._group_max))]

        def done(work: Future[Outcomes]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._answer, loop, group, work)

        self._thread.submit(self._run, group).add_done_callback(done)

    def _answer(self, loop: asyncio.AbstractEventLoop, group: list[Queued], work: Future[Outcomes]) -> None:
        ended = work.exception()
        if ended is not None:  # the writer ends (out of memory): whoever waits does not wait for ever
            for queued in (*group, *self._waiting):
                fail(queued.result, ended)
            self._waiting.clear()
        else:
            _tell(group, work.result())
        if self._waiting:
            self._hand_over(loop)
        else:
            self.idle = True


def _tell(group: Sequence[Queued], outcomes: Outcomes) -> None:
    for queued, (result, error) in zip(group, outcomes, strict=True):
        if queued.result.cancelled():
            continue  # whoever asked is gone; what it asked for is committed all the same
        if error is not None:
            queued.result.set_exception(error)
        else:
            queued.result.set_result(result)


class ThreadedDatabase:
    """SQLite behind one writing thread with group commit. Look-ups run where they are asked: in WAL no
    writer makes them wait, and handing one to a thread costs more than it does. So do brief notes while the
    writer is idle: they wait for no disk. Where another program has the file just now, a thread waits for it.
    Scans have a thread."""

    def __init__(self, engine: Engine, group_max: int = 256) -> None:
        self._engine = engine
        self._group_max = group_max
        self._commits = GroupCommit(self._run_group, group_max)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="store-read")
        self._write_connection: Connection | None = None
        self._read_connection: Connection | None = None
        self._scan_connection: Connection | None = None
        self._durable = True  # as the engine opens it
        self._groups = 0
        self._checked_at = 0, 0
        """How many groups and changed rows there were when the log was last brought into the file."""

    async def write(self, script: Script[T]) -> T:
        return await self._commits.write(script, durable=True)

    async def note(self, script: Script[T], *, brief: bool = False) -> T:
        if brief and self._commits.idle:
            with contextlib.suppress(StateUnavailable):
                return self._run_here(script, _BEGIN)
        return await self._commits.write(script, durable=False)

    async def read(self, script: Script[T]) -> T:
        with contextlib.suppress(StateUnavailable):
            return self._run_here(script, "BEGIN")
        return await self.scan(script)

    async def scan(self, script: Script[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._run_scan, script)

    async def copy(self) -> Database:
        engine = await asyncio.get_running_loop().run_in_executor(self._reader, _copied, self._engine)
        return ThreadedDatabase(engine, self._group_max)

    async def close(self) -> None:
        await self._commits.close()
        for connection in (self._write_connection, self._read_connection, self._scan_connection):
            if connection is not None:
                connection.close()
        self._reader.shutdown()
        self._engine.dispose()

    def _run_here(self, script: Script[T], begin: str) -> T:
        """On the caller's thread, which must not wait. Raises ``StateUnavailable`` instead."""
        if self._read_connection is None:
            self._read_connection = self._engine.connect()
            # the disk is the writer's business
            for pragma in ("busy_timeout=0", "synchronous=NORMAL", "wal_autocheckpoint=0"):
                driver(self._read_connection).execute(f"PRAGMA {pragma}")
        return _transaction(self._read_connection, script, begin)

    def _run_group(self, group: list[Queued]) -> Outcomes:
        connection = self._writing()
        self._sync(connection, any(queued.durable for queued in group))
        try:
            outcomes: Outcomes = _transaction(
                connection, lambda c: [(queued.script(c), None) for queued in group]
            )
        except Exception as error:
            if len(group) == 1:
                return [(None, error)]  # raised again where it is awaited
            # one of them failed and undid all; by itself, each gets its own answer
            return [outcome for queued in group for outcome in self._run_group([queued])]
        self._look_after_log()
        return outcomes

    def _writing(self) -> Connection:
        if self._write_connection is None:
            self._write_connection = self._engine.connect()
            driver(self._write_connection).execute(f"PRAGMA wal_autocheckpoint={_LOG_PAGES}")
        return self._write_connection

    def _look_after_log(self) -> None:
        """What takes long is done while nobody waits for it."""
        self._groups += 1
        opened = (self._write_connection, self._read_connection)
        rows = sum(driver(one).total_changes for one in opened if one is not None)
        groups_before, rows_before = self._checked_at
        if self._groups - groups_before >= _GROUPS_LOGGED or rows - rows_before >= _ROWS_LOGGED:
            self._checked_at = self._groups, rows
            self._commits.afterwards(self._fill_log if groups_before == 0 else self._check_log_in)

    def _check_log_in(self) -> None:
        """Bring what the log says into the file, so that the log is written from its beginning again."""
        with _if_free():
            driver(self._writing()).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def _fill_log(self) -> None:
        """Give the log the size it will have: while it grows, a commit waits for the disk several times as
        long as one that writes over what is there. A transaction larger than the cache goes to the log before
        its end, and is then undone. SQLite deletes the log when the last program closes the file, so each
        that stays for a while does it anew."""
        file = driver(self._writing())
        (cached,) = file.execute("PRAGMA cache_size").fetchone()
        with _if_free():
            try:
                file.execute("PRAGMA cache_size=10")
                file.execute(_BEGIN)
                file.execute("CREATE TABLE log_filler (zeros BLOB)")
                file.execute("INSERT INTO log_filler VALUES (zeroblob(?))", (_LOG_PAGES * _PAGE_BYTES,))
            finally:
                file.rollback()
                file.execute(f"PRAGMA cache_size={cached}")
        self._check_log_in()

    def _sync(self, connection: Connection, durable: bool) -> None:
        """Whether the next commit waits for the disk. One that does takes all before it there as well."""
        if durable is not self._durable:
            driver(connection).execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._durable = durable

    def _run_scan(self, script: Script[T]) -> T:
        connection = self._scan_connection = self._scan_connection or self._engine.connect()
        return _transaction(connection, script, "BEGIN")


def fail(future: asyncio.Future[Any], ended: BaseException) -> None:
    """Tell who awaits ``future`` that no answer comes. It says nothing of whether the transaction was
    committed, so that nobody takes it for a proof."""
    if future.done():
        return
    if isinstance(ended, asyncio.CancelledError):
        future.cancel()
        return
    error = SyncdError(
        f"the state's writer ended ({type(ended).__name__})", remedy="start again; nothing is lost"
    )
    error.__cause__ = ended
    future.set_exception(error)


class Coalesced(Generic[Item, T]):
    """Many concurrent calls of one transaction as few: whatever was asked while the last group was being
    committed goes into the next, as one list to one script."""

    def __init__(
        self,
        run: Callable[[Script[Sequence[T]], int], Awaitable[Sequence[T]]],
        script: Callable[[Connection, Sequence[Item]], Sequence[T]],
    ) -> None:
        """``run`` carries out a transaction over so many items. ``script`` gives one answer an item, in
        order, and is safe to run again."""
        self._carry_out = run
        self._script = script
        self._waiting: list[tuple[Item, asyncio.Future[T]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def __call__(self, item: Item) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush(), name="store-coalesce")
        return await future

    async def _flush(self) -> None:
        while self._waiting:
            # who was cancelled meanwhile will not act on the answer: what it asked for must not happen
            group = [(item, future) for item, future in self._waiting if not future.cancelled()]
            self._waiting = []
            try:
                await self._run(group)
            except BaseException as ended:
                for _, future in [*group, *self._waiting]:
                    fail(future, ended)
                self._waiting = []
                raise

    async def _run(self, group: list[tuple[Item, asyncio.Future[T]]]) -> None:
        items = [item for item, _ in group]
        try:
            answers = await self._carry_out(lambda c: self._script(c, items), len(items))
        except Exception as error:
            if len(group) > 1:  # one of them failed and undid all; by itself, each gets its own answer
                for one in group:
                    await self._run([one])
            elif not group[0][1].cancelled():
                group[0][1].set_exception(error)
            return
        for (_, future), answer in zip(group, answers, strict=True):
            if not future.cancelled():
                future.set_result(answer)
