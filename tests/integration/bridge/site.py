"""A customer's site for tests: a database file, a product that counts, a wire that can be cut."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from syncd.bridge.channel import Limits
from syncd.bridge.database import Database
from syncd.bridge.desk import Desk, Reads
from syncd.bridge.dial import Dial, Dialling
from syncd.bridge.hub import BridgeHub
from syncd.bridge.mbxml_object import LedgerSession, Login
from syncd.bridge.outbox import Outbox
from syncd.bridge.program import serve as serve_bridge
from syncd.secrets.bearer import digest
from syncd.service.application import build_bridge
from syncd.service.listen import serve

TOKEN = "syncd-bridge-for-tests"
PASSWORD = "canary-pw-5521"
BRISK = Limits(query_s=8.0, queue_s=8.0, submit_s=8.0, heartbeat_s=5.0)
LOGIN = Login("SERVER\\SAGE", "Orchard Mechanical", "api", PASSWORD)


async def eventually(holds: Callable[[], bool]) -> None:
    """Returns as soon as ``holds``; fails after a time that no healthy run needs."""
    async with asyncio.timeout(8):
        while not holds():  # noqa: ASYNC110 - what is watched has no event of its own
            await asyncio.sleep(0.002)


@asynccontextmanager
async def redialling(hub: BridgeHub) -> AsyncIterator[None]:
    """Break the wire in the block; leaves when the bridge has dialled in anew."""
    before = hub._sockets["sage"]
    yield
    await eventually(lambda: hub._sockets.get("sage") not in (None, before))


class Product:
    """The licensed object, in memory. ``gate`` closed: it keeps a document until it opens."""

    def __init__(self) -> None:
        self.executed: list[str] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.licences = 0
        self.most_licences = 0
        self.results: dict[str, int] = {}
        self.breaks = False

    def SetDataSource(self, source: str) -> int:  # noqa: N802
        return self.results.get("SetDataSource", 0)

    def IntializeAPI(self) -> int:  # noqa: N802
        if result := self.results.get("IntializeAPI", 0):
            return result
        self.licences += 1
        self.most_licences = max(self.most_licences, self.licences)
        return 0

    def EnableRequests(self) -> int:  # noqa: N802
        return 0

    def IsApplicationAllowed(self, user: str, password: str) -> int:  # noqa: N802
        return 0

    def IsValidUser(self, company: str, user: str, password: str) -> int:  # noqa: N802
        return self.results.get("IsValidUser", 0) or (0 if password == PASSWORD else 3)

    def GetExclusiveAccess(self, company: str, user: str, password: str) -> int:  # noqa: N802
        return self.results.get("GetExclusiveAccess", 0)

    def submitXML(self, xml: str, password: str) -> str:  # noqa: N802
        self.executed.append(xml)
        self.entered.set()
        assert self.gate.wait(10)
        if self.breaks:
            raise OSError(f"the object broke with {xml}")
        return f"<done>{xml}</done>"

    def ReleaseExclusiveAccess(self) -> int:  # noqa: N802
        return 0

    def DisableRequests(self) -> int:  # noqa: N802
        return 0

    def DeIntializeAPI(self) -> int:  # noqa: N802
        self.licences -= 1
        return 0


def ledger(path: Path, customers: int = 3) -> str:
    """A small company database; returns its URL."""
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE reccln (recnum INTEGER, clnnme TEXT, begbal NUMERIC, upddte TEXT)")
        file.executemany(
            "INSERT INTO reccln VALUES (?, ?, ?, ?)",
            [(n, f"Kunde Ä{n}", n * 1.25, "2026-11-01") for n in range(1, customers + 1)],
        )
    file.close()
    return f"sqlite:///{path}"


class SlowReads:
    """A database whose reads wait at a gate."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.entered = threading.Event()
        self.gate = threading.Event()

    def read(self, statement: str, parameters: object, max_rows: int, max_bytes: int, /) -> bytes:
        self.statements.append(statement)
        self.entered.set()
        assert self.gate.wait(10)
        return b'{"columns":["n"],"rows":[[1]]}'


class Wire:
    """A TCP relay between bridge and hub: ``cut`` resets what is open, ``mute`` swallows every byte."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self._open: set[asyncio.StreamWriter] = set()
        self._muted: set[asyncio.StreamWriter] = set()
        self.refusing = False
        self.url = ""

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[Wire]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await server.wait_closed()

    def cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    def mute(self) -> None:
        """Half-open: both ends think that the socket is fine. Sockets opened later are."""
        self._muted |= self._open

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(self._to.hostname, self._to.port)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        await asyncio.gather(self._relay(reader, far_writer), self._relay(far_reader, writer))
        self._open -= {writer, far_writer}

    async def _relay(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if sink not in self._muted:
                    sink.write(data)
                    await sink.drain()
        sink.transport.abort()


@asynccontextmanager
async def hub_at(port: int = 0, limits: Limits = BRISK) -> AsyncIterator[tuple[BridgeHub, str]]:
    hub = BridgeHub({"sage": digest(TOKEN)}, limits)
    async with serve(build_bridge(hub), port=port, shutdown_s=0.2) as url:
        yield hub, url.replace("http://", "ws://")


@asynccontextmanager
async def bridge_to(
    url: str,
    outbox: Path,
    *,
    reads: Reads | str | None = None,
    product: Product | None = None,
    token: str = TOKEN,
    login: Login = LOGIN,
    heartbeat_s: float = 5.0,
) -> AsyncIterator[Desk]:
    """A whole bridge but for its settings; stopped as by SIGTERM when the block ends."""
    database = Database(reads) if isinstance(reads, str) else reads
    session = LedgerSession(lambda: product, login) if product else None
    box = Outbox(outbox)
    desk = Desk(database, session, box)
    await desk.open()
    dialling = Dialling(
        f"{url}/bridge/v1", token, first_wait_s=0.01, longest_wait_s=0.05, heartbeat_s=heartbeat_s
    )
    stop = asyncio.Event()
    running = asyncio.create_task(serve_bridge(Dial(dialling, desk), desk, stop))
    try:
        yield desk
    finally:
        stop.set()
        await running
        if session:
            await session.stop()
        if isinstance(database, Database):
            database.close()
        await box.close()
