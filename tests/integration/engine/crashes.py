"""A process that dies at its k-th call: every port call of a link is counted, before and after it is done."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from syncd.core.model import Side
from syncd.engine.cycle import LinkEngine
from syncd.engine.gate import Gate
from syncd.engine.setup import End, link_setup
from tests.integration.engine.world import World


class Crash(BaseException):
    """The process is gone. No ``Exception``: nothing may catch it and carry on."""


@dataclass
class Fuse:
    """Blows at the ``at``-th moment; from then on nothing gets through any more."""

    at: int | None = None
    moments: int = 0
    names: list[str] = field(default_factory=list)
    blown: bool = False

    def moment(self, name: str) -> None:
        if not self.blown:
            self.moments += 1
            self.names.append(name)
            self.blown = self.moments == self.at
        if self.blown:
            raise Crash(name)


class Fused:
    """Any port, with two moments a call: before it happens, and after, with its answer never heard."""

    def __init__(self, port: Any, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name == "pages":
            return self._walked(found)
        if not inspect.iscoroutinefunction(found):
            return found

        async def call(*given: Any, **named: Any) -> Any:
            self._fuse.moment(f"before {name}")
            answer = await found(*given, **named)
            self._fuse.moment(f"after {name}")
            return answer

        return call

    def _walked(self, pages: Any) -> Any:
        async def walk(*given: Any, **named: Any) -> AsyncIterator[Any]:
            async for page in pages(*given, **named):
                self._fuse.moment("page")
                yield page

        return walk


def start(world: World, fuse: Fuse) -> None:
    """A process begins in ``world``, and will die when the fuse blows."""
    world.start()
    ends = {side: End(end.connection, Fused(end.connector, fuse)) for side, end in world.setup.ends.items()}
    world.setup = link_setup("acme", ends, world.policies, world.tables)
    gates = {end.connection: Gate(4) for end in ends.values()}
    world.engine = LinkEngine(world.setup, Fused(world.store, fuse), world.clock, gates)


async def survives(world: World) -> bool:
    """One cycle. False: the process died in it (whatever it had begun to commit is committed)."""
    try:
        await world.cycle()
    except BaseException as end:
        if not _is_crash(end):
            raise
        for _ in range(20):
            await asyncio.sleep(0)
        return False
    return True


def _is_crash(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return any(_is_crash(one) for one in error.exceptions)
    return isinstance(error, Crash)


def books(world: World) -> dict[str, Any]:
    """What stands on both sides, without what counts requests (versions, times, our references)."""
    return {
        f"{side.value} {entity}": sorted(
            repr(sorted(_lasting(wire).items())) for wire in platform.records(entity).values()
        )
        for side, platform in ((Side.LEFT, world.left), (Side.RIGHT, world.right))
        for entity in world.policies
    }


def _lasting(wire: Any) -> dict[str, Any]:
    passing = {"version", "updated", "changed", "extRef", "activity"}
    kept = {name: value for name, value in wire.items() if name not in passing}
    kept["told"] = [(done["action"], done["argument"]) for done in wire.get("activity", ())]
    return kept
