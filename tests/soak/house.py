"""A whole site in processes of their own: both sandboxes, the bridge, the daemon. All can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

from syncd.demo.pair import DEFAULT, pair
from syncd.demo.site import DemoSite, write_site
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import Ready, SandboxProcess
from tests.soak.counting import Ledgers

SETTLE_S = 3.0
"""The sandbox profile's settle time here: longer than the longest delay that any test orders."""
INTERVAL_S = 2.0
"""Between two scheduled cycles."""
OPEN = ("planned", "sent", "accepted", "uncertain")
"""States in which an intent still has something before it."""


class Program:
    """One ``syncd`` command as a process that can be killed and started again. Its words go to a file."""

    def __init__(self, log: Path, *arguments: str, beside: Mapping[str, str] | None = None) -> None:
        """``beside``: what its environment has besides ours."""
        self.log = log
        self._environment = None if beside is None else os.environ | beside
        self._command = [sys.executable, "-m", "syncd", *arguments]
        self._process: asyncio.subprocess.Process | None = None
        self.starts = 0

    def again(self, *, beside: Mapping[str, str]) -> Program:
        """The same command with another environment; its words go to the same file."""
        return Program(self.log, *self._command[3:], beside=beside)

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "not started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdout=log, stderr=log, env=self._environment
            )
        self.starts += 1

    async def kill(self) -> None:
        """SIGKILL. Fails if it had ended by itself: nothing may make it do so."""
        assert self.running, f"it ended by itself ({self.process.returncode}):\n{self.tail()}"
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await self.process.wait()

    async def end(self) -> None:
        """Whatever state it is in: gone afterwards."""
        if self.running:
            self.process.kill()
            await self.process.wait()

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass
class House:
    """Everything a soak test works with."""

    site: DemoSite
    company: Company
    field_ready: Ready
    field_service: SandboxControl
    ledger: SandboxControl
    bridge: Program
    daemon: Program
    restarts: list[float] = field(default_factory=list)
    """Seconds from a start of the daemon to its first request for records."""

    async def writes(self) -> int:
        """Changes that either platform has carried out so far."""
        return (await self.field_service.state())["writes"] + (await self.ledger.state())["submissions"]

    async def reads(self) -> int:
        """Lists that the field service was asked for: nobody but the daemon asks for them."""
        requests: Mapping[str, int] = await self.field_service.view("requests")
        return sum(requests.get(f"GET /api/{kind}", 0) for kind in ("company", "location", "job", "invoice"))

    async def start_daemon(self, *, wait: bool = True) -> None:
        """Start it; with ``wait`` until it asks for records the first time, which is timed."""
        before, clock = await self.reads(), asyncio.get_running_loop().time
        began = clock()
        await self.daemon.start()

        async def works() -> bool:
            assert self.daemon.running, f"it ended by itself:\n{self.daemon.tail()}"
            return await self.reads() > before

        if wait:
            await eventually(works, "the daemon asks for records", 60.0, every_s=0.05)
            self.restarts.append(clock() - began)

    # -- the state, read past the daemon ----------------------------------------------------------

    def _ask(self, query: str) -> list[tuple[str, int]]:
        file = self.site.folder / "state.db"
        if not file.exists():
            return []
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30.0)) as state:
            try:
                return list(state.execute(query))
            except sqlite3.OperationalError as error:
                if "no such table" in str(error):
                    return []  # killed before its state was set up
                raise

    def first_sync_done(self) -> bool:
        return ("invoice", 1) in self._ask("SELECT entity, first_sync_done FROM flow")

    def intents(self) -> Counter[str]:
        return Counter(dict(self._ask("SELECT state, count(*) FROM intent GROUP BY state")))

    async def settled(self, approved: Collection[int], within_s: float) -> None:
        """Wait until every approved invoice is acknowledged and no write is open."""

        async def done() -> bool:
            shown = await self.field_service.view("invoices")
            waiting = [i for i in shown if i["id"] in approved and i["status"] != "processed"]
            return not waiting and self.under_way() == 0

        what = "every approved invoice is acknowledged, and no write is open"
        try:
            await eventually(done, what, within_s)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.stand()}\n{self.daemon.tail()}") from None

    async def quiet(self) -> None:
        """Nobody does anything, so nothing is written, however often it looks."""
        writes, reads = await self.writes(), await self.reads()

        async def looked_again() -> bool:
            return await self.reads() > reads + 12

        await eventually(looked_again, "more cycles", 60.0)
        assert await self.writes() == writes, "it wrote though nobody had done anything"

    def stand(self) -> str:
        """What is where, for a person who must find out why."""
        pairs = {entity: dict(self.pairs(entity)) for entity in ("customer", "job", "invoice")}
        drifts = self._ask("SELECT path, kind FROM drift")
        return f"intents {dict(self.intents())}, pairs {pairs}, drifts {drifts}"

    async def ledgers(self) -> Ledgers:
        return Ledgers(
            companies=await self.field_service.view("companies"),
            invoices=await self.field_service.view("invoices"),
            field_jobs=await self.field_service.view("jobs"),
            clients=await self.ledger.view("clients"),
            jobs=await self.ledger.view("jobs"),
            documents=[d for d in await self.ledger.view("invoices") if d["table"] == "acrinv"],
        )

    def under_way(self) -> int:
        found = self.intents()
        return sum(found[state] for state in OPEN)

    def journal(self) -> Counter[str]:
        """How often anything of a kind happened."""
        return Counter(dict(self._ask("SELECT kind, count(*) FROM journal GROUP BY kind")))

    def pairs(self, entity: str) -> Counter[str]:
        """Pairs of a flow by state."""
        return Counter(
            dict(
                self._ask(
                    "SELECT pair.state, count(*) FROM pair JOIN flow ON flow.id = pair.flow_id "
                    f"WHERE flow.entity = '{entity}' GROUP BY pair.state"
                )
            )
        )

    def crashes(self) -> list[str]:
        """Lines of the programs' logs that no fault from outside excuses."""
        logs = (self.daemon.log, self.bridge.log)
        lines = [line for log in logs for line in log.read_text(errors="replace").splitlines()]
        return [line for line in lines if "Traceback" in line or "crashed" in line]


@asynccontextmanager
async def house(folder: Path, *, seed: int, size: int, timeout_s: float = 30.0) -> AsyncIterator[House]:
    """Both sandboxes and the bridge run; the daemon is there to be started. ``timeout_s``: how long it
    waits for an answer of either side."""
    order = Order(seed=seed, size=size)
    async with (
        SandboxProcess.start("servicetrade", order) as field_service,
        SandboxProcess.start("sage100-contractor", order) as ledger,
        SandboxControl(field_service.control_url) as field_control,
        SandboxControl(ledger.control_url) as ledger_control,
    ):
        company = Company.of_size(seed, size)
        site = write_site(folder, pair(DEFAULT), field_service.ready, ledger.ready, company, 0)
        _hurry(site.config, timeout_s)
        bridge = Program(folder / "bridge.log", "bridge", str(site.bridge))
        daemon = Program(folder / "daemon.log", "run", "--config", str(site.config))
        try:
            await bridge.start()
            yield House(site, company, field_service.ready, field_control, ledger_control, bridge, daemon)
        finally:
            await daemon.end()
            await bridge.end()


def _hurry(config: Path, timeout_s: float) -> None:
    """The demo's configuration with shorter times, so that hours of operation fit into minutes."""
    text = config.read_text()
    for usual, soak in {
        "schedule: {every: 5s}": f"schedule: {{every: {INTERVAL_S:g}s}}",
        "settle: {seconds: 5,": f"settle: {{seconds: {SETTLE_S:g},",
        "    settings:\n      base_url:": f"    settings:\n      timeout_s: {timeout_s:g}\n      base_url:",
        "bridge:\n": f"bridge:\n  answer_within: {timeout_s:g}\n",
        "      billing: job\n": "      billing: job\n      retry_after_s: 1\n",
    }.items():
        assert usual in text, f"the demo's configuration has no {usual!r} any more"
        text = text.replace(usual, soak)
    config.write_text(text)


async def eventually(
    check: Callable[[], Awaitable[bool]], what: str, within_s: float, *, every_s: float = 0.25
) -> None:
    """Wait until it is so."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not await check():
        assert asyncio.get_running_loop().time() < deadline, f"not within {within_s:g} s: {what}"
        await asyncio.sleep(every_s)
