"""What people do to records wholesale: merge two of them, delete or rewrite many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.sim.limits import Mass
from tests.sim.settings import REMOVED_MOST, REWRITTEN_MOST
from tests.sim.state import Pairs
from tests.sim.truth import SIDES, other, tag_of

if TYPE_CHECKING:
    from tests.sim.run import World

_UNITS = ("name", "phone", "email", "address")


class Crowds:
    """Of customers only: everything else hangs on them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._count = 0

    def stand_there_first(self) -> None:
        """Enough customers for a brake to have its word about."""
        if self._world.settings.tight:
            side = self._random.choice(SIDES)
            for n in range(6):
                self._world.staff.customer(side, f"M{n}", "phone", "email")

    # -- merges

    async def merge(self) -> None:
        """Two customers of one side become one: mostly two that stood there, at times the heir is new."""
        side = self._random.choice(SIDES)
        staff, records = self._world.staff, self._world.platforms[side].records("customer")
        if not records:
            return
        key = self._random.choice(sorted(records))
        if self._random.random() < 0.3:
            self._count += 1
            into = staff.customer(side, f"H{self._count}", "phone", "email")
        else:
            others = sorted(other_key for other_key in records if other_key != key)
            if not others:
                return
            into = self._random.choice(others)
        self._merge(side, key, into)

    def _merge(self, side: str, key: str, into: str) -> None:
        world = self._world
        world.fired["merged"] += 1
        wire = world.platforms[side].records("customer")[key]
        row = Pairs(world.checker.driver).of("customer", side, key)
        known = row is not None and row.bound
        world.staff.merge(side, key, into)
        behaviour = world.platforms[side].behaviour
        if not behaviour.merge_feed or not known:
            # as far as anybody can tell from outside, it was deleted
            thing = world.staff.thing_of(side, "customer", wire)
            thing.removed[side] += 1
            world.fired["deleted"] += 1

    def merge_there_as_well(self) -> None:
        """In the end people do on the other side what they are told to: mostly."""
        world = self._world
        for thing in world.truth.all_things():
            for side in SIDES:
                here = world.platforms[other(side)].records("customer")
                keys = {tag_of("customer", other(side), wire): key for key, wire in here.items()}
                heirs = [keys[tag] for tag in sorted(thing.tags - thing.merged[side]) if tag in keys]
                lost = [keys[tag] for tag in sorted(thing.merged[side]) if tag in keys]
                if thing.entity == "customer" and len(heirs) == 1 and lost and self._random.random() < 0.8:
                    for key in lost:
                        self._merge(other(side), key, heirs[0])

    # -- many at once

    async def remove_many(self) -> None:
        """Somebody cleans up, or selects one line too many."""
        side, keys = self._many(2 * REMOVED_MOST + 1)
        if not keys:
            return
        self._world.fired["many_removed"] += 1
        self._world.fired["deleted"] += len(keys)
        tags = self._in_step(side, keys)
        for key in keys:
            self._world.staff.remove(side, "customer", key)
        self._show_the_judge(side, tags, REMOVED_MOST)

    async def rewrite_many(self) -> None:
        """An import overwrites what stands there."""
        side, keys = self._many(2 * REWRITTEN_MOST + 1)
        if not keys:
            return
        self._world.fired["many_rewritten"] += 1
        tags = self._in_step(side, keys)
        unit = self._random.choice(_UNITS)
        for key in keys:
            self._world.staff.retouch(side, "customer", key, unit)
        self._show_the_judge(side, tags, REWRITTEN_MOST)

    def _many(self, least: int) -> tuple[str, list[str]]:
        side = self._random.choice(SIDES)
        keys = sorted(self._world.platforms[side].records("customer"))
        if len(keys) < least:
            return side, []
        return side, self._random.sample(keys, self._random.randint(least, len(keys)))

    def _in_step(self, side: str, keys: list[str]) -> set[str]:
        """The tags of those under which nothing is open."""
        pairs = Pairs(self._world.checker.driver)
        records = self._world.platforms[side].records("customer")
        return {
            tag_of("customer", side, records[key])
            for key in keys
            if (row := pairs.of("customer", side, key)) is not None and row.bound and row.quiet
        }

    def _show_the_judge(self, side: str, tags: set[str], most: int) -> None:
        """Where one listing shows all of them at once."""
        world = self._world
        settings = world.settings
        calm = not (settings.hints or settings.read_rate or settings.disk_rate or settings.hasty)
        if calm and not settings.behaviours[side].lag_s and world.machine.process is not None:
            world.checker.limits.masses.append(Mass(side, "customer", tags, world.loop.time(), most))
