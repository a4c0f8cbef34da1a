"""Documents and what becomes of them: written, sent on, edited, posted, voided, paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.sim.truth import LEFT, RIGHT

if TYPE_CHECKING:
    from tests.sim.run import World

_PENDING = "pending_accounting"
_POSTED = 3
_VOID: dict[str, dict[str, Any]] = {LEFT: {"status": "void"}, RIGHT: {"state_code": 6}}

_ABOUT_TO_BE_WRITTEN = """
    select r.key from intent i join flow f on f.id = i.flow_id
    join pair p on p.id = i.pair_id join remote r on r.id = p.right_id
    where i.state = 'planned' and i.side = 'right' and f.entity = 'invoice'"""


class Paperwork:
    """What people do with documents, event by event."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = world.random
        self._count = 0

    def write(self, tag: str, status: str, *, first: bool = False) -> None:
        """A document on the left, for a customer who stands there."""
        found = self._world.staff.some("customer", LEFT)
        if found is None:
            return
        self._world.staff.invoice(tag, found[1], status)
        if status == _PENDING:
            self._sent_on(tag)
            if first:
                self._world.checker.left_alone.add(tag)

    def _sent_on(self, tag: str) -> None:
        self._world.checker.approved.add(tag)
        self._world.checker.sent_on[tag] = self._world.loop.time()

    async def new_invoice(self) -> None:
        self._count += 1
        self.write(f"I{self._count}", self._random.choice(("draft", _PENDING)))

    async def approve(self) -> None:
        platform = self._world.platforms[LEFT]
        drafts = sorted(k for k, w in platform.records("invoice").items() if w["status"] == "draft")
        if drafts:
            key = self._random.choice(drafts)
            self._sent_on(str(platform.records("invoice")[key]["invoiceNumber"]))
            self._world.staff.change(LEFT, "invoice", key, {"status": _PENDING})

    async def edit_invoice(self) -> None:
        """At its source; in the ledger as well, where its people lay hands on documents."""
        staff = self._world.staff
        found = staff.some("invoice", *((LEFT, RIGHT) if self._world.settings.papers_change else (LEFT,)))
        if found is None:
            return
        side, key = found
        text = {LEFT: "name", RIGHT: "descr"}[side]
        patch: dict[str, Any] = {text: f"{staff.values('name')['name']} again"}
        if self._random.random() < 0.5:
            patch |= staff.amounts() if side == LEFT else staff.ledger_amounts()
        staff.change(side, "invoice", key, patch)

    async def post(self) -> None:
        """The ledger's people post a draft: from now on it is theirs."""
        found = self._world.staff.some("invoice", RIGHT)
        if found is not None:
            self._post(found[1])

    def _post(self, key: str) -> None:
        wire = self._world.platforms[RIGHT].records("invoice")[key]
        thing = self._world.staff.thing_of(RIGHT, "invoice", wire)
        if thing.posted_at is None and wire.get("state_code") is None:
            self._world.fired["posted"] += 1
            thing.posted_at = self._world.loop.time()
            self._world.staff.change(RIGHT, "invoice", key, {"state_code": _POSTED})

    async def void(self) -> None:
        """People void a document, mostly where it was written."""
        side = LEFT if self._random.random() < 0.8 else RIGHT
        found = self._world.staff.some("invoice", side)
        if found is not None:
            self._void(*found)

    def _void(self, side: str, key: str) -> None:
        wire = self._world.platforms[side].records("invoice")[key]
        self._world.fired["voided"] += 1
        thing = self._world.staff.thing_of(side, "invoice", wire)
        thing.was_voided(side, self._world.loop.time())
        self._world.staff.change(side, "invoice", key, _VOID[side])

    def in_haste(self, when: str) -> None:
        """At the worst moment: a document is posted when its next write is decided (``written down``), or
        voided at its source when it has just been made in the ledger (``carried out``)."""
        world = self._world
        side = {"written down": RIGHT, "carried out": LEFT}[when]
        blind = side == RIGHT and not world.platforms[RIGHT].behaviour.conditional_write
        often = 0.7 if blind else 0.3
        asked_for = world.settings.drafted or (world.settings.voided and side == LEFT)
        if not asked_for or world.mischief.stopped or world.haste.random() > often:
            return
        keys = sorted(world.platforms[side].records("invoice"))
        if blind:
            # no version tells our write that its document was posted meanwhile: that is the one to post
            about = {key for (key,) in world.checker.driver.execute(_ABOUT_TO_BE_WRITTEN)}
            keys = [key for key in keys if key in about]
        if keys:
            act = self._post if side == RIGHT else self._void_here
            world.loop.call_soon(act, world.haste.choice(keys))

    def was_shown(self, side: str, key: str) -> None:
        """We have just looked at a document, perhaps to tell its people what became of it: where versions
        are checked, somebody voids it before we are heard."""
        world = self._world
        checked = side == LEFT and world.platforms[LEFT].behaviour.conditional_write
        if not checked or not world.settings.papers_change or world.mischief.stopped:
            return
        if world.haste.random() < 0.1:
            world.loop.call_later(0.01, self._void_here, key)

    def _void_here(self, key: str) -> None:
        self._void(LEFT, key)

    async def new_payment(self) -> None:
        found = self._world.staff.some("invoice", RIGHT)
        if found is not None:
            self._count += 1
            self._world.staff.payment(f"P{self._count}", found[1])
