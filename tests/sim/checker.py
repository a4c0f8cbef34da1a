"""The judge: what must hold of two ledgers, whatever went wrong. Shares no code with the engine.

It sees what reaches the platforms while it happens, reads the state as plain SQL, and compares the two
ledgers at the end with its own idea of what people entered (``truth``).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.sim.truth import (
    CANARY,
    LEFT,
    MONEY,
    REFERENCES,
    RIGHT,
    SIDES,
    UNITS,
    Edit,
    Thing,
    Truth,
    Unit,
    Wire,
    dig,
    other,
    tag_of,
)

if TYPE_CHECKING:
    from tests.sim.platform import AdversarialPlatform

_EPOCH_US = int(datetime(2026, 11, 2, 9, 0, tzinfo=UTC).timestamp()) * 1_000_000
_INTENT = """
    select i.id, i.state, i.connection, f.link,
        (select max(at) from journal where intent_id = i.id and kind = 'sent')
    from intent i join flow f on f.id = i.flow_id
    where i.reference = ?"""
_BLIND_S = 30.0
"""Between the re-reading that precedes a write without a version, and its arrival: two trips and a commit."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What was agreed for one entity, in the judge's own words."""

    mode: str
    """both | left-to-right | right-to-left"""
    rules: Mapping[str, str] = field(default_factory=dict)
    """unit -> left | right | newest, where it is not a person's decision."""
    deletes: str = "hold"
    posted: bool = False
    """A document: sent on when it is approved, never edited on the other side afterwards."""

    def writes(self, side: str) -> bool:
        return self.mode == "both" or self.mode.endswith(side)


@dataclass(slots=True)
class Hold:
    """An operator's hold: in force from ``since`` (the command had returned) to ``until`` (it was asked)."""

    scope: str
    since: float
    until: float = float("inf")


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
        self.platforms: dict[str, AdversarialPlatform] = {}
        self.holds: list[Hold] = []
        self.violations: list[str] = []
        self.approved: set[str] = set()
        """Tags of documents that were sent on by their people."""
        self.left_alone: set[str] = set()
        """Tags of documents that were sent on before the first sync."""
        self.sent_on: dict[str, float] = {}
        """When they were sent on."""
        self.first_synced = float("inf")
        """When the first sync of the documents had ended: what was sent on before is left alone, too."""
        self.blamed: set[str] = set()
        """References of requests whose outcome a person was told to decide about."""
        self._driver = driver
        self._expected = expected
        self._fired = fired
        self._now = now
        self._shown: dict[tuple[str, str, str], float] = {}
        self._arrived: dict[str, tuple[float, float]] = {}
        """By reference: when a request arrived, and when its record had last been shown by then."""
        self._updated: set[str] = set()
        self._done: Counter[tuple[str, str, str]] = Counter()

    def violated(self, invariant: str, what: str) -> None:
        self.violations.append(f"[{invariant}] at {self._now():.1f}s: {what}")

    def notice_first_sync(self) -> None:
        if self._driver.execute("select 1 from flow where entity = 'invoice' and first_sync_done").fetchone():
            self.first_synced = self._now()

    # -- while it happens ------------------------------------------------------------------------

    def shown(self, platform: AdversarialPlatform, entity: str, key: str) -> None:
        self._shown[platform.side, entity, key] = self._now()

    def arrives(self, platform: AdversarialPlatform, command: Any) -> None:
        """No write without an intent on disk before it, and none that a hold covers."""
        looked = self._shown.get((platform.side, command.entity, command.key or ""), float("-inf"))
        self._arrived[command.reference] = (self._now(), looked)
        row = self._driver.execute(_INTENT, (command.reference,)).fetchone()
        what = f"{command.operation} {command.action} of {command.entity} {command.key} ({command.reference})"
        if row is None:
            self.violated("evidence", f"{what} was sent without an intent on disk")
            return
        _, state, connection, link, sent_at = row
        if state not in ("sent", "uncertain"):
            self.violated("evidence", f"{what} was sent while its intent is {state}")
        if not self._driver.execute(
            "select 1 from journal where intent_id = ? and kind = 'sent'", row[:1]
        ).fetchone():
            self.violated("evidence", f"{what} left no line in the journal")
        scopes = {"everything", f"connection:{connection}", f"link:{link}", f"flow:{link}/{command.entity}"}
        sent = seconds(sent_at)
        for hold in self.holds:
            if hold.scope in scopes and hold.since < sent < hold.until:
                self.violated("hold", f"{what} was sent through the hold of {hold.scope}")
        self._check_brakes(scopes, sent, what)

    def _check_brakes(self, scopes: set[str], sent: float, what: str) -> None:
        placed = self._driver.execute(
            "select scope, since from hold where by like 'brake:%' and released_at is null"
        ).fetchall()
        for scope, since in placed:
            # a brake's hold is on disk an instant after the time it bears
            if scope in scopes and seconds(since) + 0.01 < sent:
                self.violated("hold", f"{what} was sent through the brake on {scope}")

    def carried_out(
        self, platform: AdversarialPlatform, command: Any, key: str, before: Wire | None, after: Wire | None
    ) -> None:
        """Once, with what people entered, over nothing that nobody knew of."""
        side, entity = platform.side, command.entity
        if command.operation == "delete":
            self._check_delete(side, entity, key, before)
            return
        assert after is not None
        if command.operation == "action":
            self._check_action(side, key, command)
            return
        tag = tag_of(entity, side, after)
        thing = self.truth.things.get((entity, tag))
        if thing is None:
            self.violated("once", f"{entity} {tag!r} on the {side} is no record of anybody's")
            return
        if command.operation == "create":
            self._check_create(platform, thing, key)
        thing.replayed |= command.operation == "update" and command.reference in self._updated
        self._updated.add(command.reference)
        for unit in UNITS[entity]:
            self._check_unit(thing, unit, side, key, command, before, after)

    def _check_create(self, platform: AdversarialPlatform, thing: Thing, key: str) -> None:
        side = platform.side
        thing.created[side] += 1
        living = [
            k for k, w in platform.records(thing.entity).items() if tag_of(thing.entity, side, w) == thing.tag
        ]
        if len(living) > 1 and not self._muddled(thing):
            self.violated(
                "once", f"{thing.entity} {thing.tag} stands {len(living)} times on the {side}: {living}"
            )
        expected = self._expected[thing.entity]
        if not expected.writes(side):
            self.violated(
                "evidence", f"{thing.entity} {thing.tag} was created on the {side} against the flow's mode"
            )
        if expected.posted and (thing.tag not in self.approved or thing.tag in self.left_alone):
            self.violated(
                "evidence", f"{thing.entity} {thing.tag} was posted though nobody had sent it on since"
            )

    def _muddled(self, thing: Thing) -> bool:
        """Whether people had their hands in it so that two records may stand for a while: they brought one
        back that had been made anew meanwhile, deleted one of ours before we knew of it, or edited
        what alone told that two are the same."""
        if thing.alike and thing.rewritten:
            return True
        return bool(thing.restored) or any(thing.created[s] and thing.removed[s] for s in SIDES)

    def _check_delete(self, side: str, entity: str, key: str, before: Wire | None) -> None:
        thing = self.truth.things.get((entity, tag_of(entity, side, before or {})))
        if thing is None or not thing.removed[other(side)]:
            self.violated(
                "evidence", f"{entity} {key} on the {side} was deleted, and nobody had deleted the other"
            )
        elif self._expected[entity].deletes != "propagate":
            self.violated(
                "evidence", f"{entity} {key} on the {side} was deleted, though the flow holds removals"
            )

    def _check_action(self, side: str, key: str, command: Any) -> None:
        self._done[side, key, command.reference] += 1
        if self._done[side, key, command.reference] > 1:
            self.violated("once", f"{command.action} of {command.entity} {key} was carried out twice")

    def _check_unit(
        self, thing: Thing, unit: Unit, side: str, key: str, command: Any, before: Wire | None, after: Wire
    ) -> None:
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
            or self._may_lose(thing, unit, side, key, command, written, lost)
        ):
            self.violated("nothing lost", f"{where}: {lost.value!r} was overwritten by {now!r} unseen")

    def _may_lose(
        self, thing: Thing, unit: Unit, side: str, key: str, command: Any, written: Edit, lost: Edit
    ) -> bool:
        expected = self._expected[thing.entity]
        rule = expected.rules.get(unit.name, "manual")
        if thing.restored or thing.replayed or expected.mode != "both" or rule in ("newest", other(side)):
            return True
        if self.platforms[side].behaviour.conditional_write:
            return False
        # no version guards it: what was entered after the last look, right before the write, is overwritten
        arrived, looked = self._arrived[command.reference]
        blind = lost.at >= looked and arrived - looked < _BLIND_S
        if blind:
            self._fired["blind_overwrite"] += 1
        return blind

    # -- at the end ------------------------------------------------------------------------------

    def judge(self) -> None:
        """Everything must be in step, or stand in the state with a reason."""
        pairs = Pairs(self._driver)
        for thing in self.truth.things.values():
            self._judge_thing(thing, pairs)
        self._judge_journal()

    def _judge_thing(self, thing: Thing, pairs: Pairs) -> None:
        living = {side: self._living(thing, side) for side in SIDES}
        expected = self._expected[thing.entity]
        if self._muddled(thing) and max(len(found) for found in living.values()) > 1:
            return
        for side, found in living.items():
            if len(found) > 1 and thing.entered[side] <= 1:
                self.violated("once", f"{thing.entity} {thing.tag} stands {len(found)} times on the {side}")
        if not any(living.values()):
            return
        here = [(side, key) for side, found in living.items() for key in found]
        rows = {id(row): row for side, key in here if (row := pairs.of(thing.entity, side, key)) is not None}
        if all(living.values()):
            self._judge_both(thing, living, list(rows.values()))
        elif not self._may_stand_alone(thing, expected, here, list(rows.values())):
            states = [f"{row.state} {row.reason}" for row in rows.values()]
            self.violated(
                "nothing lost", f"{thing.entity} {thing.tag} stands on the {here[0][0]} only: {states}"
            )

    def _may_stand_alone(
        self, thing: Thing, expected: Expected, here: list[tuple[str, str]], rows: list[Row]
    ) -> bool:
        side = here[0][0]
        if not expected.writes(other(side)):
            return True
        if expected.posted and self.sent_on.get(thing.tag, self.first_synced) <= self.first_synced:
            return True
        return any(
            row.state in ("held", "quarantined", "waiting", "conflict") and row.explained for row in rows
        )

    def _judge_both(self, thing: Thing, living: Mapping[str, Mapping[str, Wire]], rows: list[Row]) -> None:
        name = f"{thing.entity} {thing.tag}"
        expected = self._expected[thing.entity]
        if expected.posted and thing.tag in self.left_alone:
            return
        if len(rows) != 1:
            if not any(row.state in ("held", "quarantined") for row in rows):
                self.violated("nothing lost", f"{name} stands on both sides but is {len(rows)} pairs")
            return
        row = rows[0]
        if row.state not in ("in_step", "conflict"):
            if row.state in ("held", "quarantined", "waiting") and row.explained:
                return
            self.violated("nothing lost", f"{name} ends {row.state} without a reason")
            return
        if any(len(found) > 1 for found in living.values()):
            self.violated("once", f"{name} stands more than once on a side, in one pair")
            return
        (left,), (right,) = (tuple(found.values()) for found in living.values())
        for unit in UNITS[thing.entity]:
            self._judge_unit(thing, unit, expected, row, left, right)
        if "total" not in row.contested and "amount" not in row.contested:
            self._judge_money(name, thing.entity, left, right)
        self._judge_references(name, thing.entity, row, left, right)

    def _judge_unit(
        self, thing: Thing, unit: Unit, expected: Expected, row: Row, left: Wire, right: Wire
    ) -> None:
        mine, its = unit.read(LEFT, left), unit.read(RIGHT, right)
        name = f"{unit.name} of {thing.entity} {thing.tag}"
        members = {"address": "street"}
        if members.get(unit.name, unit.name) in row.contested:
            if mine == its:
                self.violated("converges", f"{name} is in conflict though both sides say the same")
            elif expected.mode == "both" and not row.doubted and self._plainly_newer(thing, unit, mine, its):
                self.violated(
                    "converges", f"{name} is in conflict though one side's value rests on the other's"
                )
            return
        if mine == its:
            return
        authors = {
            edit.side for value in (mine, its) if (edit := thing.edit_of(unit.name, value)) is not None
        }
        if expected.posted and RIGHT in authors:
            return  # the ledger's own wording of a posted document stands
        owner = expected.rules.get(unit.name, "manual")
        if owner in SIDES and not expected.writes(other(owner)):
            return  # the owner's value stands where it is, and the flow does not carry it over
        targets = [side for side in SIDES if not expected.writes(other(side))]
        if any(side in authors for side in targets):
            return  # the flow does not carry this side's values over
        self.violated("nothing lost", f"{name} is {mine!r} on the left and {its!r} on the right, {row.state}")

    def _plainly_newer(self, thing: Thing, unit: Unit, mine: str, its: str) -> bool:
        a, b = thing.edit_of(unit.name, mine), thing.edit_of(unit.name, its)
        if a is None or b is None or thing.restored or all(thing.entered.values()):
            return False  # of what both sides kept by hand, nobody knows which was before the other
        return a.rests_on(b) or b.rests_on(a)

    def _judge_money(self, name: str, entity: str, left: Wire, right: Wire) -> None:
        for on_left, on_right in MONEY[entity]:
            mine, its = cents(left.get(on_left)), cents(right.get(on_right))
            if mine != its:
                self.violated("money", f"{name}: {on_left} is {mine} cents on the left, {its} on the right")
        if entity == "invoice":
            mine = sum(cents(line["total"]) for line in left.get("items", ()))
            its = sum(cents(line["ext"]) for line in right.get("detail", ()))
            if mine != its or len(left.get("items", ())) != len(right.get("detail", ())):
                self.violated(
                    "money", f"{name}: its lines add up to {mine} cents on the left, {its} on the right"
                )

    def _judge_references(self, name: str, entity: str, row: Row, left: Wire, right: Wire) -> None:
        for target, on_left, on_right in REFERENCES[entity]:
            keys = str(dig(left, on_left) or ""), str(dig(right, on_right) or "")
            tags = [
                tag_of(target, side, self.platforms[side].records(target).get(key, {}))
                for side, key in zip(SIDES, keys, strict=True)
            ]
            if tags[0] != tags[1] and all(tags) and target not in row.contested:
                self.violated("nothing lost", f"{name} refers to {target} {tags[0]} here and {tags[1]} there")

    def _living(self, thing: Thing, side: str) -> dict[str, Wire]:
        records = self.platforms[side].records(thing.entity)
        return {key: wire for key, wire in records.items() if tag_of(thing.entity, side, wire) == thing.tag}

    def _judge_journal(self) -> None:
        """Every write that a platform carried out has its intent, and the intent its lines."""
        known = dict(self._driver.execute("select reference, id from intent").fetchall())
        told = {
            row[0]
            for row in self._driver.execute("select distinct intent_id from journal where kind = 'sent'")
        }
        for side, platform in self.platforms.items():
            for entry in platform.log:
                if entry.reference and known.get(entry.reference) not in told:
                    self.violated(
                        "evidence",
                        f"{entry.operation} of {entry.entity} {entry.key} on the {side}: no audit row",
                    )
        stuck = self._driver.execute(
            "select id, state from intent where state in ('planned', 'sent', 'uncertain')"
        )
        for ident, state in stuck.fetchall():
            self.violated("converges", f"intent {ident} is still {state} in the end")

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


@dataclass(frozen=True, slots=True)
class Row:
    """One pair as the state shows it."""

    state: str
    code: str
    explained: bool
    reason: str
    contested: frozenset[str]
    doubted: bool
    """Some write of it once had an unknown outcome: then a conflict may be one of caution."""


class Pairs:
    """The pairs of a state, by the records that stand in them. Plain SQL."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        contested: dict[int, set[str]] = {}
        for pair, fields in driver.execute("select pair_id, fields from conflict"):
            contested.setdefault(pair, set()).update(_words(fields))
        keys = {
            ident: (entity, key)
            for ident, entity, key in driver.execute(
                "select r.id, s.entity, r.key from remote r join stream s on s.id = r.stream_id"
            )
        }
        open_intents = {
            row[0] for row in driver.execute("select pair_id from intent where state in ('held', 'accepted')")
        }
        doubted = {row[0] for row in driver.execute("select pair_id from journal where kind = 'uncertain'")}
        self._rows: dict[tuple[str, str, str], Row] = {}
        for ident, left, right, state, code, reason in driver.execute(
            "select id, left_id, right_id, state, code, reason from pair"
        ):
            explained = bool(
                reason or code or contested.get(ident) or ident in open_intents or state == "waiting"
            )
            row = Row(
                state, code, explained, str(reason), frozenset(contested.get(ident, ())), ident in doubted
            )
            for side, remote in ((LEFT, left), (RIGHT, right)):
                if remote is not None:
                    entity, key = keys[remote]
                    self._rows[entity, side, key] = row

    def of(self, entity: str, side: str, key: str) -> Row | None:
        return self._rows.get((entity, side, key))


def _words(text: str) -> set[str]:
    return {word for word in "".join(c if c.isalnum() or c == "_" else " " for c in text).split() if word}


def cents(amount: Any) -> int:
    return int((Decimal(str(amount or 0)) * 100).to_integral_exact())


def seconds(instant: int | None) -> float:
    """An instant of the state (microseconds since 1970) as seconds since the run began."""
    return float("-inf") if instant is None else (instant - _EPOCH_US) / 1e6
