"""The judge: what must hold of two ledgers, whatever went wrong. Shares no code with the engine.

It sees what reaches the platforms while it happens, reads the state as plain SQL, and compares the two
ledgers at the end with its own idea of what people entered (``truth``).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.sim.closing import Closing
from tests.sim.expected import Agreement, Expected, Hold
from tests.sim.limits import Limits
from tests.sim.state import seconds
from tests.sim.truth import CANARY, RIGHT, SIDES, UNITS, Edit, Thing, Truth, Unit, Wire, other, tag_of

if TYPE_CHECKING:
    from tests.sim.platform import AdversarialPlatform

_INTENT = """
    select i.id, i.state, i.connection, f.link, i.created_at,
        (select max(at) from journal where intent_id = i.id and kind = 'sent')
    from intent i join flow f on f.id = i.flow_id
    where i.reference = ?"""
_BLIND_S = 30.0
"""Between the re-reading that precedes a write without a version, and its arrival: two trips and a commit."""
_INSTANT_S = 0.01
"""How far the time that a row bears may lie from the instant in which it is on disk."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request as it reached a platform."""

    at: float
    looked: float
    """When its record had last been shown by then."""
    decided: float
    """When it was written down."""


class Checker:
    """Implements ``platform.Witness``; ``violations`` are sentences."""

    def __init__(
        self,
        truth: Truth,
        driver: sqlite3.Connection,
        expected: Mapping[str, Expected],
        fired: Counter[str],
        now: Callable[[], float],
    ) -> None:
        self.truth = truth
        self.agreed = Agreement(expected)
        self.platforms: dict[str, AdversarialPlatform] = {}
        self.holds: list[Hold] = []
        self.limits = Limits()
        self.violations: list[str] = []
        self.approved: set[str] = set()
        """Tags of documents that were sent on by their people."""
        self.left_alone: set[str] = set()
        """Tags of documents that were sent on before the first sync."""
        self.sent_on: dict[str, float] = {}
        """When they were sent on."""
        self.first_synced = float("inf")
        """When the first sync of the documents had ended: what was sent on before is left alone, too."""
        self.driver = driver
        self._fired = fired
        self._now = now
        self._shown: dict[tuple[str, str, str], float] = {}
        self._arrived: dict[str, Arrival] = {}
        """The latest request of each reference."""
        self._updated: set[str] = set()
        self._done: Counter[tuple[str, str, str]] = Counter()

    def violated(self, invariant: str, what: str) -> None:
        self.violations.append(f"[{invariant}] at {self._now():.1f}s: {what}")

    def notice_first_sync(self) -> None:
        if self.driver.execute("select 1 from flow where entity = 'invoice' and first_sync_done").fetchone():
            self.first_synced = self._now()

    def amend(self, to: Mapping[str, Expected]) -> None:
        """The flows' policies are other ones from now on."""
        self.agreed.amend(self._now(), to)

    # -- while it happens ------------------------------------------------------------------------

    def shown(self, platform: AdversarialPlatform, entity: str, key: str) -> None:
        self._shown[platform.side, entity, key] = self._now()

    def arrives(self, platform: AdversarialPlatform, command: Any) -> None:
        """No write without an intent on disk before it, and none that a hold, a brake or a budget stops."""
        looked = self._shown.get((platform.side, command.entity, command.key or ""), float("-inf"))
        row = self.driver.execute(_INTENT, (command.reference,)).fetchone()
        what = f"{command.operation} {command.action} of {command.entity} {command.key} ({command.reference})"
        if row is None:
            self._arrived[command.reference] = Arrival(self._now(), looked, self._now())
            self.violated("evidence", f"{what} was sent without an intent on disk")
            return
        _, state, connection, link, decided, sent_at = row
        self._arrived[command.reference] = Arrival(self._now(), looked, seconds(decided))
        if state not in ("sent", "uncertain"):
            self.violated("evidence", f"{what} was sent while its intent is {state}")
        if not self.driver.execute(
            "select 1 from journal where intent_id = ? and kind = 'sent'", row[:1]
        ).fetchone():
            self.violated("evidence", f"{what} left no line in the journal")
        scopes = {"everything", f"connection:{connection}", f"link:{link}", f"flow:{link}/{command.entity}"}
        sent = seconds(sent_at)
        for hold in self.holds:
            if hold.scope in scopes and hold.since < sent < hold.until:
                self.violated("hold", f"{what} was sent through the hold of {hold.scope}")
        self._check_brakes(scopes, sent, what)
        if spent := self.limits.over_budget(command.reference, sent):
            self.violated("hold", f"{what} was sent: {spent}")

    def _check_brakes(self, scopes: set[str], sent: float, what: str) -> None:
        placed = self.driver.execute(
            "select scope, since from hold where by like 'brake:%' and released_at is null"
        ).fetchall()
        for scope, since in placed:
            if scope in scopes and seconds(since) + _INSTANT_S < sent:
                self.violated("hold", f"{what} was sent through the brake on {scope}")

    def carried_out(
        self, platform: AdversarialPlatform, command: Any, key: str, before: Wire | None, after: Wire | None
    ) -> None:
        """Once, with what people entered, over nothing that nobody knew of."""
        side, entity = platform.side, command.entity
        tag = tag_of(entity, side, after or before or {})
        # one that is made anew, as its people had removed it, rewrites nothing
        carries_on = command.operation in ("update", "delete")
        if carries_on and (stopped := self.limits.braked(other(side), entity, tag)):
            self.violated("hold", f"{command.operation} of {entity} {tag} on the {side}: {stopped}")
        if command.operation == "delete":
            self._check_delete(side, command, key, before)
            return
        assert after is not None
        if command.operation == "action":
            self._check_action(side, key, command, before or {})
            return
        thing = self.truth.things.get((entity, tag))
        if thing is None:
            self.violated("once", f"{entity} {tag!r} on the {side} is no record of anybody's")
            return
        if command.operation == "create":
            self._check_create(platform, thing, key, command)
        repeated = command.operation == "update" and command.reference in self._updated
        thing.replayed |= repeated
        self._updated.add(command.reference)
        if command.operation == "update" and side == RIGHT and not repeated:
            self._check_posted(thing, command)
        for unit in UNITS[entity]:
            self._check_unit(thing, unit, side, command, before, after)

    def _decided(self, command: Any) -> Expected:
        """What was agreed when this request was decided."""
        return self.agreed.at(self._arrived[command.reference].decided, command.entity)

    def _check_create(self, platform: AdversarialPlatform, thing: Thing, key: str, command: Any) -> None:
        side = platform.side
        thing.created[side] += 1
        records = platform.records(thing.entity)
        living = [k for k, w in records.items() if tag_of(thing.entity, side, w) in thing.tags]
        if len(living) > thing.records_most(side) and not self.muddled(thing):
            self.violated(
                "once", f"{thing.entity} {thing.tag} stands {len(living)} times on the {side}: {living}"
            )
        expected = self._decided(command)
        if not expected.writes(side):
            self.violated(
                "evidence", f"{thing.entity} {thing.tag} was created on the {side} against the flow's mode"
            )
        if expected.selected and (thing.tag not in self.approved or thing.tag in self.left_alone):
            self.violated(
                "evidence", f"{thing.entity} {thing.tag} was posted though nobody had sent it on since"
            )

    def muddled(self, thing: Thing) -> bool:
        """Whether people had their hands in it so that two records may stand for a while: they brought one
        back that had been made anew meanwhile, deleted one of ours before we knew of it, or edited
        or merged what alone told that two are the same."""
        if thing.alike and (thing.rewritten or any(thing.merged.values())):
            return True
        return bool(thing.restored) or any(thing.created[s] and thing.removed[s] for s in SIDES)

    def _check_delete(self, side: str, command: Any, key: str, before: Wire | None) -> None:
        entity = command.entity
        thing = self.truth.things.get((entity, tag_of(entity, side, before or {})))
        if thing is None or not thing.removed[other(side)]:
            self.violated(
                "evidence", f"{entity} {key} on the {side} was deleted, and nobody had deleted the other"
            )
        elif self._decided(command).deletes != "propagate":
            self.violated(
                "evidence", f"{entity} {key} on the {side} was deleted, though the flow holds removals"
            )
        else:
            self._check_edits_win(thing, side, command, before or {})

    def _check_edits_win(self, thing: Thing, side: str, command: Any, before: Wire) -> None:
        """What people entered, and the record that they deleted on the other side never said, is no part of
        what they deleted."""
        if thing.restored or len(thing.tags) > 1 or self.muddled(thing):
            return  # it cannot be told any more which record knew what
        for unit in UNITS[thing.entity]:
            value = unit.read(side, before)
            edit = thing.edit_of(unit.name, value)
            said = thing.last_said.get((other(side), unit.name), "")
            last = thing.edit_of(unit.name, said)
            if edit is None or edit.side != side or value == said:
                continue
            if last is not None and last.rests_on(edit):
                continue
            modes = {self._decided(command).mode, self.agreed.at(edit.at, thing.entity).mode}
            if modes == {"both"} and not self._unseen(command, side, edit.at):
                self.violated(
                    "nothing lost", f"{unit.name} of {thing.entity} {thing.tag}: {value!r} was deleted unseen"
                )

    # -- documents

    def _check_action(self, side: str, key: str, command: Any, before: Wire) -> None:
        self._done[side, key, command.reference] += 1
        if self._done[side, key, command.reference] > 1:
            self.violated("once", f"{command.action} of {command.entity} {key} was carried out twice")
        thing = self.truth.things.get((command.entity, tag_of(command.entity, side, before)))
        if command.action != "set_status" or thing is None:
            return
        name = f"{thing.entity} {thing.tag}"
        if command.argument == "void":
            self._done[side, key, "void"] += 1
            if self._done[side, key, "void"] > 1:
                self.violated("once", f"{name} was voided twice on the {side}")
            if other(side) not in thing.voided:
                self.violated("evidence", f"{name} was voided on the {side}, and nobody had voided the other")
        elif side in thing.void_on():
            if self._unseen(command, side, thing.voided[side]):
                thing.overwritten.add(side)
            else:
                self.violated(
                    "nothing lost", f"{name} was voided on the {side} and became {command.argument} unseen"
                )

    def _check_posted(self, thing: Thing, command: Any) -> None:
        """What stands posted in the ledger is not edited by anybody but its own people."""
        at_once = self._decided(command).posted
        later = thing.posted_at is not None and not self._unseen(command, RIGHT, thing.posted_at)
        if at_once or later:
            self.violated(
                "evidence", f"{thing.entity} {thing.tag} was edited in the ledger, where it was posted"
            )

    # -- nothing lost

    def _check_unit(
        self, thing: Thing, unit: Unit, side: str, command: Any, before: Wire | None, after: Wire
    ) -> None:
        if before is not None and unit.cut_short(side, before, after):
            self.violated("nothing lost", f"{unit.name} of {thing.entity} {thing.tag} was cut on the {side}")
        was = "" if before is None else unit.read(side, before)
        now = unit.read(side, after)
        if now == was or not now.strip("|"):
            return
        written, lost = thing.edit_of(unit.name, now), thing.edit_of(unit.name, was)
        where = f"{unit.name} of {thing.entity} {thing.tag} on the {side}"
        if written is None:
            self.violated("nothing lost", f"{where} became {now!r}, which nobody ever entered")
        elif not (
            lost is None
            or written.rests_on(lost)
            or self._may_lose(thing, unit, side, command, written, lost)
        ):
            self.violated("nothing lost", f"{where}: {lost.value!r} was overwritten by {now!r} unseen")

    def _may_lose(self, thing: Thing, unit: Unit, side: str, command: Any, written: Edit, lost: Edit) -> bool:
        expected = self._decided(command)
        rule = expected.rules.get(unit.name, "manual")
        # what was entered while the flow did not carry it over stands until the other side says something
        modes = {expected.mode, self.agreed.at(lost.at, thing.entity).mode}
        if thing.restored or thing.replayed or modes != {"both"} or rule in ("newest", other(side)):
            return True
        return self._unseen(command, side, lost.at)

    def _unseen(self, command: Any, side: str, happened: float) -> bool:
        """Whether nobody could know of it any more when the request was sent: no version guards the write,
        and it happened after the look that this request was sent upon, right before it arrived."""
        if self.platforms[side].behaviour.conditional_write:
            return False
        arrival = self._arrived[command.reference]
        if arrival.looked + _INSTANT_S < arrival.decided:
            return False  # nobody looked after it was decided
        blind = happened >= arrival.looked and arrival.at - arrival.looked < _BLIND_S
        if blind:
            self._fired["blind_overwrite"] += 1
        return blind

    # -- at the end ------------------------------------------------------------------------------

    def judge(self) -> None:
        """Everything must be in step, or stand in the state with a reason."""
        Closing(self).judge()

    def writes(self) -> int:
        return sum(1 for platform in self.platforms.values() for entry in platform.log if entry.reference)

    def judge_silence(self, image: bytes, spoken: str) -> None:
        """Nothing that people entered lies open on the disk, or was said in a log or an error."""
        for mark in (CANARY, CANARY.lower()):
            if mark.encode() in image:
                at = image.find(mark.encode())
                self.violated(
                    "silence", f"a customer's value lies open in the state: {image[at - 40 : at + 20]!r}"
                )
            if mark in spoken:
                self.violated("silence", "a customer's value was logged")
