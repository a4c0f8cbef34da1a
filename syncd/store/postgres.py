"""PostgreSQL behind the same interface: what a transaction survives there that a file never meets.

Transactions are the same scripts at READ COMMITTED; what one reads in order to act on it, it locks. One that
loses a race (a deadlock, two who insert the same) is run again. So is one whose server went away before
the commit. If it went away during the commit, the server is asked afterwards what became of it: nothing
is repeated that was committed. Readers see one moment (REPEATABLE READ).

The driver is psycopg: scripts are plain functions, which the asynchronous drivers cannot run without a switch
of stacks per statement, and the queue of cluster mode needs psycopg anyway.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from tenacity import RetryCallState, Retrying, retry_if_exception, sleep_using_event, wait_random_exponential

from syncd.core.errors import FixInput, StateUnavailable
from syncd.store.database import Database, GroupCommit, Outcomes, Queued, Script

T = TypeVar("T")

_READERS: Final = 4
_SCANNERS: Final = 2
_GROUP_MAX: Final = 64
"""Scripts in one commit; fewer than on SQLite, for what they touch is locked until then."""
_PATIENCE_S: Final = 20.0
"""So long a transaction waits for a server that went away, as one that is restarted does."""
_PAUSES_S: Final = (0.02, 1.0)
"""Between two attempts: at first, and at most."""
_RACES_MAX: Final = 8
"""So often a transaction that loses races is run again."""

SESSION: Final = {
    # below a lease's time to live: a process that sleeps inside a transaction must not keep its links
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "10s",
    "timezone": "UTC",
}
_CONNECT: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "syncd",
}

_RACE: Final = frozenset({"40001", "40P01", "23505"})
"""Another transaction was there first: serialization, deadlock, a row that both insert."""
_GONE: Final = frozenset({"57P01", "57P02", "57P03", "25P03", "25P04", "53300"})
"""The server ends, begins, ended this session, or has no place for it; every class 08 besides, and no code
at all."""
_SAID: Final = {
    "53100": ("its disk is full", "make room on the server; nothing is lost, it is tried again"),
    "53200": ("it is out of memory", "give the server more; nothing is lost, it is tried again"),
    "53300": (
        "it takes no more connections",
        "raise max_connections there, or run fewer workers; nothing is lost, it is tried again",
    ),
    "25006": ("it takes no writes (a standby?)", "let state.url name the primary"),
    "55P03": ("another transaction kept a lock for too long", "nothing is lost; it is tried again"),
    "58030": ("it cannot read or write its files", "look into the server's log; nothing is lost"),
}
"""What the server says of itself, by SQLSTATE: (in words, what to do)."""
_FULL: Final = ("too many clients", "remaining connection slots", "too many connections")
"""How it says that it takes no more connections: who is refused one gets words, and no SQLSTATE."""


def postgres_engine(url: str | URL, password: str | None = None) -> Engine:
    """An engine on ``postgresql://USER@HOST/DATABASE``; connects to nothing yet.

    Raises ``FixInput`` where the driver is not installed.
    """
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    if password is not None:
        parsed = parsed.set(password=password)
    try:
        engine = create_engine(
            parsed,
            connect_args=_CONNECT,
            pool_size=1 + _READERS + _SCANNERS,
            max_overflow=0,
            pool_timeout=10,
        )
    except ModuleNotFoundError:
        raise FixInput(
            "state.url: PostgreSQL needs a driver that is not installed",
            remedy="pip install 'syncd[cluster]'",
        ) from None

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in SESSION.items()))
        connection.commit()

    return engine


def conninfo(engine: Engine) -> str:
    """Its address as libpq takes it, with the password."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def place(engine: Engine) -> str:
    """Where the database is, for people: without user and password."""
    url = engine.url
    host = url.host or url.query.get("host") or "localhost"
    return f"{host}{f':{url.port}' if url.port else ''}/{url.database}"


class _CommitLost(Exception):
    """The server went away while it committed transaction ``xid``; ``results`` stand if it did."""

    def __init__(self, xid: str, results: list[Any]) -> None:
        super().__init__(xid)
        self.xid = xid
        self.results = results


class PostgresDatabase:
    """One writing thread with group commit, a few for look-ups, a few for scans."""

    def __init__(self, engine: Engine, patience_s: float = _PATIENCE_S) -> None:
        """``patience_s``: how long a transaction waits for a server that went away."""
        self._engine = engine
        self._reading = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True, reads_only=True
        )
        self._commits = GroupCommit(self._run_group, _GROUP_MAX)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-read")
        self._scanners = ThreadPoolExecutor(_SCANNERS, thread_name_prefix="store-scan")
        self._closing = threading.Event()
        self._trying = Retrying(
            retry=retry_if_exception(lambda error: _raced(error) or _gone(error)),
            # by chance: not all who lost one race meet again
            wait=wait_random_exponential(multiplier=_PAUSES_S[0], max=_PAUSES_S[1]),
            stop=_enough(patience_s, self._closing),
            sleep=sleep_using_event(self._closing),
            reraise=True,
        )

    async def write(self, script: Script[T]) -> T:
        return await self._commits.write(script, durable=True)

    async def note(self, script: Script[T], *, brief: bool = False) -> T:  # noqa: ARG002 - all go together
        return await self._commits.write(script, durable=False)

    async def read(self, script: Script[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run_read, script)

    async def scan(self, script: Script[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._scanners, self._run_read, script)

    async def copy(self) -> Database:
        # a file beside it: what is tried on it costs the server nothing, and goes when it is closed
        from syncd.store.transfer import scratch_copy  # noqa: PLC0415

        return await asyncio.get_running_loop().run_in_executor(self._scanners, scratch_copy, self._reading)

    async def close(self) -> None:
        await self._commits.close()
        self._closing.set()
        self._readers.shutdown()
        self._scanners.shutdown()
        self._engine.dispose()

    # -- in the threads

    def _run_read(self, script: Script[T]) -> T:
        def once() -> T:
            with self._reading.connect() as connection, connection.begin():
                return script(connection)

        return self._persistently(once)

    def _run_group(self, group: list[Queued]) -> Outcomes:
        try:
            durable = any(queued.durable for queued in group)
            results = self._committed([queued.script for queued in group], durable)
        except Exception as error:
            if len(group) == 1 or isinstance(error, StateUnavailable):
                return [(None, error)] * len(group)
            # one of them failed and undid all; by itself, each gets its own answer
            return [outcome for queued in group for outcome in self._run_group([queued])]
        return [(result, None) for result in results]

    def _committed(self, scripts: Sequence[Script[Any]], durable: bool) -> list[Any]:
        while True:
            try:
                return self._persistently(partial(self._commit, scripts, durable))
            except _CommitLost as lost:
                if self._persistently(partial(self._became, lost.xid)):
                    return lost.results

    def _commit(self, scripts: Sequence[Script[Any]], durable: bool) -> list[Any]:
        with self._engine.connect() as connection, connection.begin() as transaction:
            if not durable:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            results = [script(connection) for script in scripts]
            xid = connection.exec_driver_sql("select pg_current_xact_id_if_assigned()::text").scalar_one()
            try:
                transaction.commit()
            except DBAPIError as error:
                if xid is None or not _gone(error):
                    raise
                raise _CommitLost(xid, results) from error
        return results

    def _became(self, xid: str) -> bool:
        """Whether a transaction was committed. Asks until it is decided."""
        while True:
            with self._engine.connect() as connection:
                asked = connection.exec_driver_sql("select pg_xact_status(%s::xid8)", (xid,))
                said: str | None = asked.scalar_one()
            if said != "in progress":
                return said == "committed"
            self._closing.wait(_PAUSES_S[0])

    def _persistently(self, run: Callable[[], T]) -> T:
        """Run it until it is done, as long as trying again can help. Raises ``StateUnavailable``."""
        with plainly(self._engine):
            return self._trying(run)


def _raced(error: BaseException) -> bool:
    return _state(error) in _RACE


def _enough(patience_s: float, closing: threading.Event) -> Callable[[RetryCallState], bool]:
    """When to give up: races end soon, a server may take a while to come back."""

    def stop(at: RetryCallState) -> bool:
        error = at.outcome.exception() if at.outcome else None
        lost = error is not None and _raced(error)
        over = at.attempt_number > _RACES_MAX if lost else (at.seconds_since_start or 0.0) > patience_s
        return over or closing.is_set()

    return stop


@contextmanager
def plainly(engine: Engine) -> Iterator[None]:
    """What a server says of itself meanwhile is raised as ``StateUnavailable``; a file says it by itself."""
    if engine.dialect.name != "postgresql":
        yield
        return
    from psycopg import Error  # noqa: PLC0415 - an extra

    try:
        yield
    except (DBAPIError, PoolTimeout, Error) as error:
        refusal = unavailable(error, engine)
        if refusal is None:
            raise
        raise refusal from error


def unavailable(error: Exception, engine: Engine) -> StateUnavailable | None:
    """What a driver's error says about the database itself, for people; None if it is about a statement."""
    if isinstance(error, PoolTimeout):
        return StateUnavailable(
            f"the state at {place(engine)} is busy: every connection of this process is in use",
            remedy="nothing is lost; it is tried again",
        )
    known = _SAID.get(_state(error) or "")
    if known is not None:
        what, remedy = known
        return StateUnavailable(f"the state at {place(engine)} cannot be used: {what}", remedy=remedy)
    if not _gone(error):
        return None
    return StateUnavailable(
        f"the state at {place(engine)} does not answer: {_first_line(error)}",
        remedy="does PostgreSQL run there, and may this machine reach it? Nothing is lost; it is tried again",
    )


def _cause(error: BaseException) -> BaseException | None:
    """The driver's own error."""
    return error.orig if isinstance(error, DBAPIError) else error


def _state(error: BaseException) -> str | None:
    cause = _cause(error)
    said: str | None = getattr(cause, "sqlstate", None)
    if said is None and any(words in str(cause) for words in _FULL):
        return "53300"
    return said


def _gone(error: BaseException) -> bool:
    state = _state(error)
    if state is not None:
        return state in _GONE or state.startswith("08")
    from psycopg import OperationalError  # noqa: PLC0415 - an extra

    return isinstance(_cause(error), OperationalError)


def _first_line(error: Exception) -> str:
    """The driver's words; it names addresses, never a password."""
    return next(iter(str(_cause(error)).strip().splitlines()), "no reason given")
