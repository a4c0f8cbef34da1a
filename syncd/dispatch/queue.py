"""The queue of wake-ups: which link somebody should look at, and nothing else (procrastinate on PostgreSQL).

It holds no truth. A job that is lost, doubled or run by a process that should be dead can cost time only:
what is wanted stands in the links' turns, who may act in their leases. So the queue is never retried,
never scheduled into the future and never migrated: it stands in a schema of its own, named for the version
of its tables, and a newer syncd makes itself a new one beside it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from syncd.core.errors import FixInput, RetryLater, SyncdError
from syncd.dispatch.dispatcher import Priority

_SCHEMA: Final = "syncd_queue_3"
"""procrastinate's tables change with its major versions only in ways that both understand."""
_TASK: Final = "wake"
ANYWHERE: Final = "links"
APART: Final = "apart"
"""The two queues."""
_HEARTBEAT_S: Final = 3.0
_STALE_S: Final = 11.0
_POLL_S: Final = 5.0
"""Where a notification was lost."""
_LOCK: Final = 0x73796E6364
"""Of whoever sets the tables up, in PostgreSQL's space of advisory locks."""

# One statement for any number of links: procrastinate's own way to defer many fails as a whole where one of
# them is waiting already.
_PUT: Final = """
    INSERT INTO procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args)
    SELECT queue, %(task)s, %(priority)s, link, jsonb_build_object('link', link)
      FROM unnest(%(links)s::text[], %(queues)s::text[]) AS wanted(link, queue)
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
    RETURNING id
"""
# The planner finds those that wait, and those that were taken out, each by an index.
_LACKING: Final = """
    SELECT link FROM unnest(%(links)s::text[]) AS wanted(link)
    EXCEPT
    SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'todo' AND queueing_lock = ANY(%(links)s)
    EXCEPT
    SELECT queueing_lock FROM procrastinate_jobs WHERE status = 'doing'
"""
_CLEAR: Final = """
    WITH dead AS (
        DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => %(stale)s)
        RETURNING id
    ), ours AS (
        DELETE FROM procrastinate_jobs
         WHERE status = 'doing' AND (worker_id IS NULL OR worker_id IN (SELECT id FROM dead))
        RETURNING id
    )
    SELECT count(*) AS cleared FROM ours
"""
_DEPTH: Final = "SELECT count(*) AS waiting FROM procrastinate_jobs WHERE status = 'todo'"

Handler = Callable[[str], Awaitable[None]]


class WakeQueue:
    """One process's end of it. ``url``: a libpq address; ``apart``: links that only some processes can run,
    which stand in a queue of their own."""

    def __init__(self, url: str, apart: Collection[str] = ()) -> None:
        self._app = _app(url)
        self._apart = frozenset(apart)
        self._handler: Handler | None = None
        self._app.task(self._wake, name=_TASK)

    async def open(self) -> None:
        """Set the tables up where there are none. Raises ``RetryLater`` where the database is away."""
        connector = self._app.connector
        with _ours():
            await self._app.open_async()
            async with connector.pool.connection() as connection:
                await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
                found = await connection.execute("SELECT to_regclass('procrastinate_jobs')")
                (there,) = await found.fetchone()
                if there is None:
                    await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}")
                    await connection.execute(self._app.schema_manager.get_schema())

    async def close(self) -> None:
        await self._app.close_async()

    async def put(self, links: Collection[str], priority: Priority = Priority.SCHEDULE) -> int:
        """Ask that somebody look at these. Returns how many were not waiting already."""
        if not links:
            return 0
        names = sorted(links)
        queues = [APART if name in self._apart else ANYWHERE for name in names]
        with _ours():
            put = await self._app.connector.execute_query_all_async(
                _PUT, task=_TASK, priority=int(priority), links=names, queues=queues
            )
        return len(put)

    async def lacking(self, links: Collection[str]) -> frozenset[str]:
        """Those of these that neither wait here nor have been taken out to be run."""
        with _ours():
            rows = await self._app.connector.execute_query_all_async(_LACKING, links=sorted(links))
        return frozenset(row["link"] for row in rows)

    async def clear(self) -> int:
        """Forget the jobs of workers that died. Nobody waits for them. Returns how many."""
        with _ours():
            row = await self._app.connector.execute_query_one_async(_CLEAR, stale=_STALE_S)
        return int(row["cleared"])

    async def depth(self) -> int:
        """Links waiting for somebody to look at them."""
        with _ours():
            row = await self._app.connector.execute_query_one_async(_DEPTH)
        return int(row["waiting"])

    async def work(self, handler: Handler, slots: int, queues: Collection[str], stop: asyncio.Event) -> None:
        """Hand links of these queues to ``handler``, at most ``slots`` at once, until ``stop`` is set; then
        those under way are finished. Raises ``RetryLater`` when the database goes away."""
        self._handler = handler
        worker = _worker()(
            self._app,
            queues=sorted(queues),
            concurrency=slots,
            install_signal_handlers=False,
            delete_jobs="always",
            update_heartbeat_interval=_HEARTBEAT_S,
            stalled_worker_timeout=_STALE_S,
            fetch_job_polling_interval=_POLL_S,
        )
        running = asyncio.create_task(worker.run(), name="queue")
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            worker.stop()
            with _ours():
                await running
        finally:
            for task in (running, stopping):
                task.cancel()
            await asyncio.gather(running, stopping, return_exceptions=True)

    async def _wake(self, link: str) -> None:
        assert self._handler is not None
        await self._handler(link)


def _app(url: str) -> Any:
    try:
        from procrastinate import App, PsycopgConnector  # noqa: PLC0415 - an extra
    except ImportError:
        raise FixInput(
            "several workers need the packages of the extra `cluster`", remedy="pip install 'syncd[cluster]'"
        ) from None
    # its own log tells of every job; what matters is said here
    logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    options = {"options": f"-c search_path={_SCHEMA} -c application_name=syncd-queue"}
    return App(
        connector=PsycopgConnector(
            conninfo=url, min_size=1, max_size=4, kwargs=options, timeout=10.0, reconnect_timeout=10.0
        )
    )


def _worker() -> Any:
    from procrastinate.exceptions import ConnectorException  # noqa: PLC0415 - an extra
    from procrastinate.worker import Worker  # noqa: PLC0415

    class Forgiving(Worker):
        """Whether a job's end could be put down matters to nobody: its link's turn has an end of its own. The
        database may have been away, or another worker took this one for dead and cleared its jobs."""

        async def _persist_job_status(self, *of: Any, **job: Any) -> None:
            with suppress(ConnectorException):
                await super()._persist_job_status(*of, **job)

    return Forgiving


@contextmanager
def _ours() -> Iterator[None]:
    """What goes wrong with the queue is that the database is away; nothing of value is lost with it."""
    try:
        yield
    except SyncdError:
        raise
    except Exception as error:
        raise RetryLater(
            f"the queue cannot be used ({type(error).__name__})",
            remedy="is PostgreSQL there? Nothing is lost; it is tried again",
        ) from error
