"""What operators do: hold and release, retry, answer, sweep, and change what was agreed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.sim.answers import answer_all
from tests.sim.expected import Hold
from tests.sim.machine import LINK

if TYPE_CHECKING:
    from tests.sim.machine import Process
    from tests.sim.run import World


class Operators:
    """Commands to whatever process runs just then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._count = 0

    @property
    def _now(self) -> float:
        return self._world.loop.time()

    @property
    def _process(self) -> Process:
        process = self._world.machine.process
        assert process is not None
        return process

    async def command(self, name: str, action: Callable[[], Any]) -> bool:
        """False: the process died over it, or its disk refused."""
        process = self._world.machine.process
        if process is None:
            return False
        task = process.do(action())
        for _ in range(50):
            if task.done():
                failed = task.exception()
                self._world.note(f"{name}: {failed!r}")
                return failed is None
            if self._world.machine.process is not process:
                return False
            await asyncio.sleep(0.1)
        return False

    # -- in the course of the day

    async def hold(self) -> None:
        scope = self._random.choice(
            ("everything", f"link:{LINK}", "connection:field", "connection:ledger", f"flow:{LINK}/customer")
        )
        placed: list[int] = []

        async def place() -> None:
            placed.append((await self._process.operator.hold(scope, f"drill {self._count}", "operator")).id)

        self._count += 1
        if not await self.command("hold", place) or not placed:
            return
        self._world.fired["hold"] += 1
        hold = Hold(scope, self._now)
        self._world.checker.holds.append(hold)
        await asyncio.sleep(self._random.choice((1.0, 30.0, 120.0)))
        if self._random.random() < 0.7:
            hold.until = self._now

            async def release() -> None:
                await self._process.operator.release(placed, "operator")

            await self.command("release", release)

    async def retry(self) -> None:
        await self.command("retry", self._retry_all)

    async def answer(self) -> None:
        await self.command("answer", self._answer_all)

    async def let_go(self) -> None:
        """Somebody looks at what stopped by itself, and lets it go on."""
        await self.command("let go", self._let_go_all)

    async def amend(self) -> None:
        """The daemon starts anew with other policies."""
        settings = self._world.settings.amended
        if settings is None or self._world.machine.settings is settings:
            return
        self._world.fired["amended"] += 1
        self._world.machine.kill()
        await asyncio.sleep(1.0)
        self._world.checker.amend(settings.expected)
        self._world.machine.settings = settings
        self._world.machine.start()

    # -- when everything is mended

    async def raise_budget(self) -> None:
        """As much as it takes from now on: the daemon starts anew with it."""
        self._world.machine.kill()
        self._world.checker.limits.let_go(self._now)
        self._world.checker.limits.budget = None
        self._world.machine.budget = None
        self._world.machine.start()

    async def release(self) -> None:
        await self.command("release", self._release_all)

    async def sweep(self) -> None:
        await self.command("sweep", self._sweep_all)

    async def _sweep_all(self) -> None:
        await self._process.engine.sweep()

    async def _release_all(self) -> None:
        holds = await self._process.store.holds()
        if holds:
            self._world.checker.limits.let_go(self._now)
            await self._process.operator.release([hold.id for hold in holds], "operator")

    async def _let_go_all(self) -> None:
        brakes = [hold for hold in await self._process.store.holds() if hold.by.startswith("brake:")]
        for brake in brakes:
            self._world.fired["budget_spent" if brake.by == "brake:budget" else "braked"] += 1
        if brakes:
            self._world.checker.limits.let_go(self._now)
            await self._process.operator.release([brake.id for brake in brakes], "operator")

    async def _retry_all(self) -> None:
        refused = await self._process.operator.quarantine()
        if refused:
            await self._process.operator.quarantine_retry([one.id for one in refused], "operator")

    async def _answer_all(self) -> None:
        await answer_all(self._process, self._world.platforms, self._world.truth, self._world.fired)
