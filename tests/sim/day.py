"""What happens while the link runs: people at work on both sides, operators, accidents of the machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.sim.crowds import Crowds
from tests.sim.machine import CONNECTIONS
from tests.sim.operators import Operators
from tests.sim.paperwork import Paperwork
from tests.sim.truth import LEFT, RIGHT, SIDES

if TYPE_CHECKING:
    from tests.sim.run import World

_UNITS = ("name", "phone", "email", "address")
_LONG_AGO_S = 3600.0
_STORM_RATE = 0.9


class Day:
    """The events of one seed, one after the other."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._removed: list[tuple[str, str, str, dict[str, Any]]] = []
        self._damaged: list[tuple[str, str, str, dict[str, Any]]] = []
        self._crashes = world.settings.crashes
        self._revoked: list[str] = []
        self._last_touch: dict[tuple[str, str], tuple[str, float]] = {}
        self._count = 0
        self.paperwork = Paperwork(world)
        self._operators = Operators(world)
        self._crowds = Crowds(world)
        self._haste_left = 10
        self._armed: Callable[[], None] | None = None
        self._over_page = 0

    def request_on_the_wire(self) -> None:
        """A write arrives at a platform: a crash that waited for one strikes within a few steps."""
        if not self._over_page:
            self._strike(8)

    def page_stored(self) -> None:
        """How far a listing has come is on disk: a crash that waited for that page strikes."""
        if self._over_page:
            self._over_page -= 1
            if not self._over_page:
                self._strike(3)

    def _strike(self, within: int) -> None:
        if self._armed is not None:
            loop = self._world.loop
            loop.at_step[loop.steps + self._random.randint(1, within)] = self._armed
            self._armed = None

    @property
    def _now(self) -> float:
        return self._world.loop.time()

    # -- the course of the day

    async def pass_by(self) -> None:
        """Everything that happens, from the records that stand there first to the last thing mended."""
        self._stand_there_first()
        # longer ago than any listing lags
        await asyncio.sleep(_LONG_AGO_S if self._world.settings.long_standing else 60.0)
        machine = self._world.machine
        machine.start()
        if self._world.settings.long_standing:
            await self._die("crash", over_page=self._random.randint(1, 4))
        await asyncio.sleep(self._random.choice((0.0, 3.0, 50.0)))
        for _ in range(self._world.settings.events):
            event = self._random.choices(*self._events())[0]
            self._world.note(event.__name__)
            await event()
            await asyncio.sleep(self._random.choice((0.0, 0.2, 3.0, 20.0, 60.0)))
        await self._mend_everything()

    def _events(self) -> tuple[list[Callable[[], Any]], list[int]]:
        settings, papers, operators = self._world.settings, self.paperwork, self._operators
        entities = settings.entities
        billed = "invoice" in entities
        weighed: list[tuple[Callable[[], Any], int]] = [
            (self._retouch, 10),
            (self._retouch_both, 5),
            (self._new_customer, 4),
            (self._remove, 2),
            (self._restore, 2 if self._removed else 0),
            (self._damage, 1),
            (operators.hold, 3),
            (self._crash, 6 if self._crashes else 0),
            (self._expire, 1),
            (self._revoke, 1),
            (self._forbid, 1),
            (self._jump, 1),
            (papers.new_invoice, 6 if billed else 0),
            (papers.approve, 8 if billed else 0),
            (papers.edit_invoice, 3 if billed else 0),
            (papers.new_payment, 4 if "payment" in entities else 0),
            (self._new_location, 5 if "location" in entities else 0),
            (operators.retry, 1),
            (self._look_alike, 4 if settings.lookalikes else 0),
            (operators.answer, 3 if settings.lookalikes else 0),
            (papers.edit_invoice, 5 if settings.papers_change else 0),
            (papers.post, 4 if settings.drafted else 0),
            (papers.void, 3 if settings.papers_change else 0),
            (self._crowds.merge, 5 if settings.merges else 0),
            (self._crowds.remove_many, 4 if settings.tight else 0),
            (self._crowds.rewrite_many, 6 if settings.tight else 0),
            (operators.let_go, 6 if settings.tight or settings.budget else 0),
            (operators.amend, 6 if settings.amended else 0),
            (self._storm, 8 if settings.stormy else 0),
        ]
        return [event for event, _ in weighed], [weight for _, weight in weighed]

    def _stand_there_first(self) -> None:
        staff, random = self._world.staff, self._random
        for n in range(random.randint(1, 3) + (3 if self._world.settings.long_standing else 0)):
            staff.customer(random.choice(SIDES), f"C{n}", "phone", "email")
        if self._world.settings.matched and random.random() < 0.7:
            # kept by hand on both sides for years; what both hold may differ
            staff.customer(LEFT, "T1", *random.sample(("phone", "email"), random.randint(0, 2)))
            staff.customer(RIGHT, "T1", *random.sample(("phone", "email"), random.randint(0, 2)))
        if self._world.settings.lookalikes:
            # the same customer, kept by hand on both sides under nearly one name
            key = staff.customer(LEFT, "T2", "phone")
            staff.lookalike(RIGHT, "T2", LEFT, self._world.platforms[LEFT].records("customer")[key])
            self._world.truth.thing("customer", "T2").alike = True
        if "invoice" in self._world.settings.entities:
            self.paperwork.write("I0", random.choice(("draft", "pending_accounting")), first=True)
        self._crowds.stand_there_first()

    async def _mend_everything(self) -> None:
        """Faults stop, and people put right what they broke."""
        world = self._world
        world.mischief.stopped = True
        world.machine.disk_rate = 0.0
        for side in self._revoked:
            world.platforms[side].password = "open-sesame"
        for platform in world.platforms.values():
            platform.forbidden.clear()
        for side, entity, key, patch in self._damaged:
            if world.platforms[side].living(entity, key) is not None:
                world.staff.change(side, entity, key, patch)
        # whatever still runs late has arrived by then
        await asyncio.sleep(world.settings.late_s + 1.0)
        if world.machine.process is None:
            world.machine.start()
        for hold in world.checker.holds:
            hold.until = min(hold.until, self._now)
        await self._work_off()

    async def _work_off(self) -> None:
        """Operators release, retry and answer until nothing waits for them; only what falls due by itself
        wakes the link from here on."""
        world = self._world
        world.machine.interval_s = 1000.0
        if world.settings.budget:
            await self._operators.raise_budget()
        await self._operators.release()
        world.machine.wake()
        await asyncio.sleep(400.0)
        await self._clear_away()
        if world.settings.merges:
            self._crowds.merge_there_as_well()
            world.machine.wake()
            await asyncio.sleep(320.0)
        await self._look_for_what_is_gone()
        if world.settings.lookalikes:
            # an answer may raise the next question, and one is asked anew once a removal is known
            for _ in range(3):
                world.machine.wake()
                await asyncio.sleep(320.0)
                await self._operators.answer()
            world.machine.wake()
            await asyncio.sleep(320.0)
        if world.settings.tight:
            # what is let go on may uncover the next that is too much at once
            for _ in range(3):
                await self._clear_away()
            # and of what was confirmed only then nobody has noticed yet that it was removed long before
            await self._look_for_what_is_gone()
            await self._clear_away()

    async def _look_for_what_is_gone(self) -> None:
        """What no feed tells is seen by two complete sweeps, some minutes apart."""
        if self._world.fired["deleted"]:
            for _ in range(2):
                await asyncio.sleep(400.0)
                await self._operators.sweep()
            await asyncio.sleep(320.0)

    async def _clear_away(self) -> None:
        """Operators retry, answer and release whatever still waits for them."""
        await self._operators.retry()
        await self._operators.answer()
        await self._operators.release()
        await asyncio.sleep(320.0)

    # -- people in the two products

    def announce(self, side: str, entity: str, key: str) -> None:
        """The product's webhook about a record: perhaps late, twice, or never."""
        world, random = self._world, self._random
        if not world.settings.hints or world.machine.process is None:
            return
        if random.random() < 0.3:
            world.fired["hint_lost"] += 1
            return
        self._count += 1
        delays = [random.choice((0.0, 0.1, 5.0, 30.0))]
        if random.random() < 0.2:
            world.fired["hint_twice"] += 1
            delays.append(delays[0] + random.choice((0.0, 10.0)))
        if delays[0] >= 5.0:
            world.fired["hint_late"] += 1
        for delay in delays:
            world.loop.call_later(delay, self._deliver, side, entity, key, f"hook-{self._count}")

    def announce_ours(self, side: str, entity: str, key: str) -> None:
        """The product announces what we wrote ourselves, sometimes before its answer reaches us."""
        if self._world.settings.hints and self._random.random() < 0.3:
            self._world.fired["hint_of_ours"] += 1
            self._count += 1
            self._world.loop.call_later(0.0, self._deliver, side, entity, key, f"hook-{self._count}")

    def _deliver(self, side: str, entity: str, key: str, ident: str) -> None:
        process = self._world.machine.process
        if process is None:
            return
        if self._world.platforms[side].living(entity, key) is None:
            self._world.fired["hint_of_deleted"] += 1

        async def take_in() -> None:
            if await process.store.add_hints(CONNECTIONS[side], [(entity, key)], ident):
                process.wake()

        process.do(take_in())

    def _touched(self, entity: str, side: str, key: str) -> None:
        world = self._world
        tag = world.staff.thing_of(side, entity, world.platforms[side].records(entity)[key]).tag
        was_side, at = self._last_touch.get((entity, tag), (side, -1e9))
        if was_side != side and self._now - at < 45.0:
            world.fired["concurrent_edit"] += 1
        if was_side == side and int(at) == int(self._now):
            world.fired["same_second"] += 1
        self._last_touch[entity, tag] = (side, self._now)

    async def _retouch(self) -> None:
        entity = self._random.choice(
            [e for e in self._world.settings.entities if e in ("customer", "location")]
        )
        found = self._world.staff.some(entity)
        if found is None:
            return
        earlier = 0.0
        if self._random.random() < 0.1:
            earlier = 60.0
            self._world.fired["stamped_earlier"] += 1
        self._world.staff.retouch(found[0], entity, found[1], self._random.choice(_UNITS), earlier)
        self._touched(entity, *found)
        if self._random.random() < 0.2:
            self._world.staff.retouch(found[0], entity, found[1], self._random.choice(_UNITS))
            self._touched(entity, *found)

    def was_shown(self, side: str, entity: str, key: str) -> None:
        """We looked at one record; somebody may save it in the next instant."""
        world = self._world
        hasty = world.settings.hasty and self._haste_left and entity in ("customer", "location")
        if hasty and world.haste.random() < 0.5:
            self._haste_left -= 1
            world.loop.call_later(0.01, self._save_in_haste, side, entity, key)

    def _save_in_haste(self, side: str, entity: str, key: str) -> None:
        world = self._world
        if not world.mischief.stopped and world.platforms[side].living(entity, key) is not None:
            for unit in world.haste.sample(_UNITS, 2):
                world.staff.retouch(side, entity, key, unit)
            self._touched(entity, side, key)

    async def _retouch_both(self) -> None:
        """One customer, edited on both sides before the two have talked."""
        found = self._world.staff.some("customer", LEFT)
        if found is None:
            return
        world = self._world
        tag = world.staff.thing_of(LEFT, "customer", world.platforms[LEFT].records("customer")[found[1]]).tag
        twins = [k for k, w in world.platforms[RIGHT].records("customer").items() if w.get("acct_no") == tag]
        world.staff.retouch(LEFT, "customer", found[1], self._random.choice(_UNITS))
        self._touched("customer", *found)
        if twins:
            await asyncio.sleep(self._random.choice((0.0, 0.5, 2.0)))
            if world.platforms[RIGHT].living("customer", twins[0]) is not None:
                world.staff.retouch(RIGHT, "customer", twins[0], self._random.choice(_UNITS))
                self._touched("customer", RIGHT, twins[0])

    async def _new_customer(self) -> None:
        self._count += 1
        self._world.staff.customer(self._random.choice(SIDES), f"N{self._count}", "email", "address")

    async def _look_alike(self) -> None:
        """Another customer, who is called nearly as one of the other side and has its phone."""
        found = self._world.staff.some("customer")
        if found is not None:
            side, key = found
            self._count += 1
            self._world.fired["lookalike"] += 1
            wire = self._world.platforms[side].records("customer")[key]
            self._world.staff.lookalike(LEFT if side == RIGHT else RIGHT, f"A{self._count}", side, dict(wire))

    async def _new_location(self) -> None:
        found = self._world.staff.some("customer")
        if found is not None:
            self._count += 1
            self._world.staff.location(found[0], f"L{self._count}", found[1])

    async def _remove(self) -> None:
        found = self._world.staff.some("customer")
        if found is None:
            return
        side, key = found
        self._world.fired["deleted"] += 1
        self._removed.append((side, "customer", key, self._world.staff.remove(side, "customer", key)))

    async def _restore(self) -> None:
        side, entity, key, wire = self._removed.pop()
        self._world.fired["undeleted"] += 1
        self._world.staff.restore(side, entity, key, wire)

    async def _damage(self) -> None:
        found = self._world.staff.some("customer")
        if found is None:
            return
        side, key = found
        field, bad, good = ("status", "archived?", "active") if side == LEFT else ("state_code", 99, 1)
        self._world.fired["damaged"] += 1
        self._world.staff.change(side, "customer", key, {field: bad})
        self._damaged.append((side, "customer", key, {field: good}))

    # -- the machine

    async def _crash(self) -> None:
        """The process dies some steps from now and is started again; perhaps it dies in its recovery, too."""
        self._crashes -= 1
        await self._die("crash", within=250)
        if self._random.random() < 0.4:
            await self._die("crash_in_recovery", within=120)

    async def _die(self, name: str, *, within: int = 1, over_page: int = 0) -> None:
        """Some steps from now, or (``over_page``) when that page of its listings is stored."""
        world, steps = self._world, self._random.randint(1, within)
        died = asyncio.Event()

        def now() -> None:
            world.note(name)
            world.machine.kill()
            world.loop.call_soon(died.set)

        if world.machine.process is not None:
            world.machine.wake()
        self._over_page = over_page
        if self._random.random() < 0.5 or over_page:
            # with a request on the wire, or just carried out: where most is at stake
            self._armed = now
        else:
            world.loop.at_step[world.loop.steps + steps] = now
        try:
            await asyncio.wait_for(died.wait(), 120.0)
        except TimeoutError:
            world.loop.at_step.clear()
            world.machine.kill()
        self._armed, self._over_page = None, 0
        world.fired[name] += 1
        await asyncio.sleep(self._random.choice((0.1, 2.0, 40.0)))
        world.machine.start()

    async def _expire(self) -> None:
        self._world.fired["session_expired"] += 1
        for platform in self._world.platforms.values():
            platform.expire_sessions()

    async def _revoke(self) -> None:
        side = self._random.choice(SIDES)
        self._world.fired["consent_revoked"] += 1
        platform = self._world.platforms[side]
        platform.password = "changed"
        platform.expire_sessions()
        self._revoked.append(side)
        if self._random.random() < 0.7:
            self._world.loop.call_later(
                self._random.choice((10.0, 90.0)), setattr, platform, "password", "open-sesame"
            )

    async def _forbid(self) -> None:
        found = self._world.staff.some("customer")
        if found is not None:
            platform = self._world.platforms[found[0]]
            platform.forbidden.add(("customer", found[1]))
            if self._world.settings.hints:  # the product announces that something changed about it
                self._world.loop.call_later(
                    0.1, self._deliver, found[0], "customer", found[1], f"{self._now}"
                )
            self._world.fired["forbidden"] += 1
            self._world.loop.call_later(self._random.choice((20.0, 100.0)), platform.forbidden.clear)

    async def _storm(self) -> None:
        """For some minutes nearly every write fails, carried out or not. People write all the same."""
        mischief, rate = self._world.mischief, self._world.settings.write_rate
        self._world.fired["storm"] += 1
        mischief.write_rate = _STORM_RATE
        self._world.loop.call_later(self._random.choice((60.0, 300.0)), setattr, mischief, "write_rate", rate)
        for _ in range(2):
            await self._new_customer()
            if "invoice" in self._world.settings.entities:
                await self.paperwork.new_invoice()
                await self.paperwork.approve()

    async def _jump(self) -> None:
        self._world.fired["clock_jump"] += 1
        await asyncio.sleep(3600.0 if self._random.random() < 0.2 else 400.0)
