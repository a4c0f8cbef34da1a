"""What happens while the link runs: people at work on both sides, operators, accidents of the machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.sim.answers import answer_all
from tests.sim.checker import Hold
from tests.sim.machine import CONNECTIONS, LINK
from tests.sim.truth import LEFT, RIGHT, SIDES

if TYPE_CHECKING:
    from tests.sim.run import World

_PENDING = "pending_accounting"
_UNITS = ("name", "phone", "email", "address")


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
        self._haste_left = 10
        self._armed: Callable[[], None] | None = None

    def request_on_the_wire(self) -> None:
        """A write arrives at a platform: a crash that waited for one strikes within a few steps."""
        if self._armed is not None:
            loop = self._world.loop
            loop.at_step[loop.steps + self._random.randint(1, 8)] = self._armed
            self._armed = None

    @property
    def _now(self) -> float:
        return self._world.loop.time()

    # -- the course of the day

    async def pass_by(self) -> None:
        """Everything that happens, from the records that stand there first to the last thing mended."""
        self._stand_there_first()
        await asyncio.sleep(60.0)  # longer ago than any listing lags
        machine = self._world.machine
        machine.start()
        await asyncio.sleep(self._random.choice((0.0, 3.0, 50.0)))
        for _ in range(self._world.settings.events):
            event = self._random.choices(*self._events())[0]
            self._world.note(event.__name__)
            await event()
            await asyncio.sleep(self._random.choice((0.0, 0.2, 3.0, 20.0, 60.0)))
        await self._mend_everything()

    def _events(self) -> tuple[list[Callable[[], Any]], list[int]]:
        entities = self._world.settings.entities
        weighed: list[tuple[Callable[[], Any], int]] = [
            (self._retouch, 10),
            (self._retouch_both, 5),
            (self._new_customer, 4),
            (self._remove, 2),
            (self._restore, 2 if self._removed else 0),
            (self._damage, 1),
            (self._hold, 3),
            (self._crash, 6 if self._crashes else 0),
            (self._expire, 1),
            (self._revoke, 1),
            (self._forbid, 1),
            (self._jump, 1),
            (self._new_invoice, 6 if "invoice" in entities else 0),
            (self._approve, 8 if "invoice" in entities else 0),
            (self._edit_invoice, 3 if "invoice" in entities else 0),
            (self._new_payment, 4 if "payment" in entities else 0),
            (self._new_location, 5 if "location" in entities else 0),
            (self._retry, 1),
            (self._look_alike, 4 if self._world.settings.lookalikes else 0),
            (self._answer, 3 if self._world.settings.lookalikes else 0),
        ]
        return [event for event, _ in weighed], [weight for _, weight in weighed]

    def _stand_there_first(self) -> None:
        staff, random = self._world.staff, self._random
        for n in range(random.randint(1, 3)):
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
            self._invoice("I0", random.choice(("draft", _PENDING)), first=True)

    async def _mend_everything(self) -> None:
        """Faults stop, people put right what they broke, the operator releases and retries."""
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
        # from here on only what falls due by itself wakes the link
        world.machine.interval_s = 1000.0
        await self._operate("release", self._release_all)
        world.machine.wake()
        await asyncio.sleep(400.0)
        await self._operate("retry", self._retry_all)
        await self._operate("answer", self._answer_all)
        await self._operate("release", self._release_all)
        await asyncio.sleep(320.0)
        if world.fired["deleted"]:
            # what no feed tells is seen by two complete sweeps, some minutes apart
            for _ in range(2):
                await asyncio.sleep(400.0)
                await self._operate("sweep", self._sweep)
            await asyncio.sleep(320.0)
        if world.settings.lookalikes:
            # an answer may raise the next question, and one is asked anew once a removal is known
            for _ in range(3):
                world.machine.wake()
                await asyncio.sleep(320.0)
                await self._operate("answer", self._answer_all)
            world.machine.wake()
            await asyncio.sleep(320.0)

    async def _sweep(self) -> None:
        process = self._world.machine.process
        assert process is not None
        await process.engine.sweep()

    async def _release_all(self) -> None:
        process = self._world.machine.process
        assert process is not None
        holds = await process.store.holds()
        if holds:
            await process.operator.release([hold.id for hold in holds], "operator")

    async def _retry_all(self) -> None:
        process = self._world.machine.process
        assert process is not None
        refused = await process.operator.quarantine()
        if refused:
            await process.operator.quarantine_retry([one.id for one in refused], "operator")

    async def _operate(self, name: str, action: Callable[[], Any]) -> bool:
        """An operator's command. False: the process died over it, or its disk refused."""
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

    def _some(self, entity: str, *sides: str) -> tuple[str, str] | None:
        """(side, key) of a living record."""
        found = [
            (side, key)
            for side in sides or SIDES
            for key in sorted(self._world.platforms[side].records(entity))
        ]
        return self._random.choice(found) if found else None

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
        found = self._some(entity)
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
        found = self._some("customer", LEFT)
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
        found = self._some("customer")
        if found is not None:
            side, key = found
            self._count += 1
            self._world.fired["lookalike"] += 1
            wire = self._world.platforms[side].records("customer")[key]
            self._world.staff.lookalike(LEFT if side == RIGHT else RIGHT, f"A{self._count}", side, dict(wire))

    async def _answer_all(self) -> None:
        process = self._world.machine.process
        assert process is not None
        await answer_all(process, self._world.platforms, self._world.fired)

    async def _answer(self) -> None:
        await self._operate("answer", self._answer_all)

    async def _new_location(self) -> None:
        found = self._some("customer")
        if found is not None:
            self._count += 1
            self._world.staff.location(found[0], f"L{self._count}", found[1])

    async def _remove(self) -> None:
        found = self._some("customer")
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
        found = self._some("customer")
        if found is None:
            return
        side, key = found
        field, bad, good = ("status", "archived?", "active") if side == LEFT else ("state_code", 99, 1)
        self._world.fired["damaged"] += 1
        self._world.staff.change(side, "customer", key, {field: bad})
        self._damaged.append((side, "customer", key, {field: good}))

    def _invoice(self, tag: str, status: str, *, first: bool = False) -> None:
        found = self._some("customer", LEFT)
        if found is None:
            return
        self._world.staff.invoice(tag, found[1], status)
        if status == _PENDING:
            self._sent_on(tag)
            if first:
                self._world.checker.left_alone.add(tag)

    def _sent_on(self, tag: str) -> None:
        self._world.checker.approved.add(tag)
        self._world.checker.sent_on[tag] = self._now

    async def _new_invoice(self) -> None:
        self._count += 1
        self._invoice(f"I{self._count}", self._random.choice(("draft", _PENDING)))

    async def _approve(self) -> None:
        platform = self._world.platforms[LEFT]
        drafts = sorted(k for k, w in platform.records("invoice").items() if w["status"] == "draft")
        if drafts:
            key = self._random.choice(drafts)
            self._sent_on(str(platform.records("invoice")[key]["invoiceNumber"]))
            self._world.staff.change(LEFT, "invoice", key, {"status": _PENDING})

    async def _edit_invoice(self) -> None:
        found = self._some("invoice", LEFT)
        if found is not None:
            staff = self._world.staff
            patch = {"name": f"{staff.values('name')['name']} again"}
            if self._random.random() < 0.5:
                patch |= staff.amounts()
            staff.change(LEFT, "invoice", found[1], patch)

    async def _new_payment(self) -> None:
        found = self._some("invoice", RIGHT)
        if found is not None:
            self._count += 1
            self._world.staff.payment(f"P{self._count}", found[1])

    # -- operators and the machine

    async def _hold(self) -> None:
        scope = self._random.choice(
            ("everything", f"link:{LINK}", "connection:field", "connection:ledger", f"flow:{LINK}/customer")
        )
        placed: list[int] = []

        async def place() -> None:
            process = self._world.machine.process
            assert process is not None
            placed.append((await process.operator.hold(scope, f"drill {self._count}", "operator")).id)

        self._count += 1
        if not await self._operate("hold", place) or not placed:
            return
        self._world.fired["hold"] += 1
        hold = Hold(scope, self._now)
        self._world.checker.holds.append(hold)
        await asyncio.sleep(self._random.choice((1.0, 30.0, 120.0)))
        if self._random.random() < 0.7:
            hold.until = self._now

            async def release() -> None:
                process = self._world.machine.process
                assert process is not None
                await process.operator.release(placed, "operator")

            await self._operate("release", release)

    async def _retry(self) -> None:
        await self._operate("retry", self._retry_all)

    async def _crash(self) -> None:
        """The process dies some steps from now and is started again; perhaps it dies in its recovery, too."""
        self._crashes -= 1
        await self._die(self._random.randint(1, 250), "crash")
        if self._random.random() < 0.4:
            await self._die(self._random.randint(1, 120), "crash_in_recovery")

    async def _die(self, steps: int, name: str) -> None:
        world = self._world
        died = asyncio.Event()

        def now() -> None:
            world.note(name)
            world.machine.kill()
            world.loop.call_soon(died.set)

        if world.machine.process is not None:
            world.machine.wake()
        if self._random.random() < 0.5:
            # with a request on the wire, or just carried out: where most is at stake
            self._armed = now
        else:
            world.loop.at_step[world.loop.steps + steps] = now
        try:
            await asyncio.wait_for(died.wait(), 120.0)
        except TimeoutError:
            world.loop.at_step.clear()
            world.machine.kill()
        self._armed = None
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
        found = self._some("customer")
        if found is not None:
            platform = self._world.platforms[found[0]]
            platform.forbidden.add(("customer", found[1]))
            self._world.fired["forbidden"] += 1
            self._world.loop.call_later(self._random.choice((20.0, 100.0)), platform.forbidden.clear)

    async def _jump(self) -> None:
        self._world.fired["clock_jump"] += 1
        await asyncio.sleep(3600.0 if self._random.random() < 0.2 else 400.0)
