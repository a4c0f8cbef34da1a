"""The judge's last look: what both ledgers and the state must come to once everything is quiet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.sim.expected import Expected
from tests.sim.state import Pairs, Row
from tests.sim.truth import (
    LEFT,
    MONEY,
    REFERENCES,
    RIGHT,
    SIDES,
    UNITS,
    Thing,
    Unit,
    Wire,
    cents,
    dig,
    other,
    tag_of,
)

if TYPE_CHECKING:
    from tests.sim.checker import Checker

_ALIKE_IN_CONFLICT = {"address": "street", "amounts": "total"}
"""Units whose conflict is told by the fields in them -> one of these."""
_VOID = ("void", 6)
"""What a void document shows on the left and on the right."""
_OPEN = ("held", "quarantined", "waiting", "conflict")


class Closing:
    """One look at the end of a day. ``judge`` tells the checker what is wrong."""

    def __init__(self, checker: Checker) -> None:
        self._checker = checker
        self._driver = checker.driver
        self._expected = checker.agreed.now
        self._violated = checker.violated

    def judge(self) -> None:
        """Everything must be in step, or stand in the state with a reason."""
        pairs = Pairs(self._driver)
        for thing in self._checker.truth.all_things():
            self._judge_thing(thing, pairs)
        self._judge_journal()
        self._judge_released()

    def _judge_thing(self, thing: Thing, pairs: Pairs) -> None:
        living = {side: self._living(thing, side) for side in SIDES}
        expected = self._expected[thing.entity]
        if self._checker.muddled(thing) and max(len(found) for found in living.values()) > 1:
            return
        for side, found in living.items():
            most = max(thing.records_most(side), min(thing.entered[side], len(thing.tags)))
            if len(found) > most and thing.entered[side] <= len(thing.tags):
                self._violated("once", f"{thing.entity} {thing.tag} stands {len(found)} times on the {side}")
        if not any(living.values()):
            return
        if any(thing.merged.values()):
            self._judge_merged(thing, expected, living, pairs)
            return
        here = [(side, key) for side, found in living.items() for key in found]
        rows = {id(row): row for side, key in here if (row := pairs.of(thing.entity, side, key)) is not None}
        if all(living.values()):
            self._judge_both(thing, living, list(rows.values()))
        elif not self._may_stand_alone(thing, expected, here[0][0], list(rows.values())):
            self._stands_alone(thing, here[0][0], list(rows.values()))

    def _stands_alone(self, thing: Thing, side: str, rows: list[Row]) -> None:
        states = [f"{row.state} {row.reason}" for row in rows]
        self._violated("nothing lost", f"{thing.entity} {thing.tag} stands on the {side} only: {states}")

    def _judge_merged(
        self, thing: Thing, expected: Expected, living: Mapping[str, Mapping[str, Wire]], pairs: Pairs
    ) -> None:
        """Of several that people merged on one side, one pair goes on; the rest has its reason."""
        groups: dict[int, tuple[Row | None, dict[str, dict[str, Wire]]]] = {}
        for side, found in living.items():
            for key, wire in found.items():
                row = pairs.of(thing.entity, side, key)
                _, records = groups.setdefault(id(row), (row, {LEFT: {}, RIGHT: {}}))
                records[side][key] = wire
        for row, records in groups.values():
            rows = [] if row is None else [row]
            if all(records.values()):
                self._judge_both(thing, records, rows)
                continue
            side = next(s for s in SIDES if records[s])
            if not self._may_stand_alone(thing, expected, side, rows):
                self._stands_alone(thing, side, rows)

    def _may_stand_alone(self, thing: Thing, expected: Expected, side: str, rows: list[Row]) -> bool:
        if not expected.writes(other(side)):
            return True
        if expected.selected and self._never_sent_on(thing):
            return True
        return any(row.state in _OPEN and row.explained for row in rows)

    def _never_sent_on(self, thing: Thing) -> bool:
        if LEFT in thing.void_on():
            return True  # what was not made by then need not be made any more
        return self._checker.sent_on.get(thing.tag, self._checker.first_synced) <= self._checker.first_synced

    def _judge_both(self, thing: Thing, living: Mapping[str, Mapping[str, Wire]], rows: list[Row]) -> None:
        name = f"{thing.entity} {thing.tag}"
        expected = self._expected[thing.entity]
        if expected.selected and thing.tag in self._checker.left_alone:
            return
        if len(rows) != 1:
            if not any(row.state in ("held", "quarantined") for row in rows):
                self._violated("nothing lost", f"{name} stands on both sides but is {len(rows)} pairs")
            return
        row = rows[0]
        if row.state not in ("in_step", "conflict"):
            if row.state in ("held", "quarantined", "waiting") and row.explained:
                return
            self._violated("nothing lost", f"{name} ends {row.state} without a reason")
            return
        if any(len(found) > 1 for found in living.values()):
            self._violated("once", f"{name} stands more than once on a side, in one pair")
            return
        (left,), (right,) = (tuple(found.values()) for found in living.values())
        states = left.get("status"), right.get("state_code")
        # of a void that was overwritten before anybody could see it nothing is asked, unless it was seen
        if thing.void_on() or (thing.voided and _VOID[1] in states):
            if states != _VOID:
                self._violated("nothing lost", f"{name} was voided, and ends {states}")
            return
        for unit in UNITS[thing.entity]:
            self._judge_unit(thing, unit, expected, row, left, right)
        settled = "total" not in row.contested and "amount" not in row.contested
        if settled and not self._amounts_are_the_ledgers(thing, expected, right):
            self._judge_money(name, thing.entity, left, right)
        self._judge_references(name, thing.entity, row, left, right)

    def _judge_unit(
        self, thing: Thing, unit: Unit, expected: Expected, row: Row, left: Wire, right: Wire
    ) -> None:
        mine, its = unit.read(LEFT, left), unit.read(RIGHT, right)
        name = f"{unit.name} of {thing.entity} {thing.tag}"
        if _ALIKE_IN_CONFLICT.get(unit.name, unit.name) in row.contested:
            if mine == its:
                self._violated("converges", f"{name} is in conflict though both sides say the same")
            elif (
                expected.mode == "both"
                and thing.posted_at is None
                and not row.doubted
                and self._plainly_newer(thing, unit, mine, its)
            ):
                self._violated(
                    "converges", f"{name} is in conflict though one side's value rests on the other's"
                )
            return
        if mine == its:
            return
        if any(thing.merged.values()) and not (unit.shown(LEFT, left) and unit.shown(RIGHT, right)):
            return  # the heir's platform says nothing of it, which is no news
        edits = [edit for value in (mine, its) if (edit := thing.edit_of(unit.name, value)) is not None]
        authors = {side for edit in edits for side in edit.sides}
        if expected.posted and RIGHT in authors:
            return  # the ledger's own wording of a posted document stands
        owner = expected.rules.get(unit.name, "manual")
        if owner in SIDES and not expected.writes(other(owner)):
            return  # the owner's value stands where it is, and the flow does not carry it over
        for edit in edits:
            then = self._checker.agreed.at(edit.at, thing.entity)
            if any(agreed.leaves(unit.name, side) for agreed in (then, expected) for side in edit.sides):
                return  # the flow does not carry this side's values over, or did not when it was entered
        self._violated(
            "nothing lost", f"{name} is {mine!r} on the left and {its!r} on the right, {row.state}"
        )

    def _amounts_are_the_ledgers(self, thing: Thing, expected: Expected, right: Wire) -> bool:
        """Whether its people changed what was posted there: the sweep lists that, nothing carries it over."""
        units = {unit.name: unit for unit in UNITS[thing.entity]}
        if not expected.posted or "amounts" not in units:
            return False
        edit = thing.edit_of("amounts", units["amounts"].read(RIGHT, right))
        return edit is not None and edit.side == RIGHT

    def _plainly_newer(self, thing: Thing, unit: Unit, mine: str, its: str) -> bool:
        a, b = thing.edit_of(unit.name, mine), thing.edit_of(unit.name, its)
        if a is None or b is None or thing.restored or thing.replayed or all(thing.entered.values()):
            # of what both sides kept by hand nobody knows which was first, and what a platform carried out
            # once more by itself is news there
            return False
        # what was entered on the heir of a merge that had said nothing of it: nobody agreed on that before
        return a.rests_on(b, shown=True) or b.rests_on(a, shown=True)

    def _judge_money(self, name: str, entity: str, left: Wire, right: Wire) -> None:
        for on_left, on_right in MONEY[entity]:
            mine, its = cents(left.get(on_left)), cents(right.get(on_right))
            if mine != its:
                self._violated("money", f"{name}: {on_left} is {mine} cents on the left, {its} on the right")
        if entity == "invoice":
            mine = sum(cents(line["total"]) for line in left.get("items", ()))
            its = sum(cents(line["ext"]) for line in right.get("detail", ()))
            if mine != its or len(left.get("items", ())) != len(right.get("detail", ())):
                self._violated(
                    "money", f"{name}: its lines add up to {mine} cents on the left, {its} on the right"
                )

    def _judge_references(self, name: str, entity: str, row: Row, left: Wire, right: Wire) -> None:
        for target, on_left, on_right in REFERENCES[entity]:
            keys = str(dig(left, on_left) or ""), str(dig(right, on_right) or "")
            tags = [
                tag_of(target, side, self._checker.platforms[side].records(target).get(key, {}))
                for side, key in zip(SIDES, keys, strict=True)
            ]
            if not all(tags) or target in row.contested:
                continue
            here, there = (self._checker.truth.thing(target, tag) for tag in tags)
            if here is not there:
                self._violated(
                    "nothing lost", f"{name} refers to {target} {tags[0]} here and {tags[1]} there"
                )

    def _living(self, thing: Thing, side: str) -> dict[str, Wire]:
        records = self._checker.platforms[side].records(thing.entity)
        return {key: wire for key, wire in records.items() if tag_of(thing.entity, side, wire) in thing.tags}

    def _judge_journal(self) -> None:
        """Every write that a platform carried out has its intent, and the intent its lines."""
        known = dict(self._driver.execute("select reference, id from intent").fetchall())
        told = {
            row[0]
            for row in self._driver.execute("select distinct intent_id from journal where kind = 'sent'")
        }
        for side, platform in self._checker.platforms.items():
            for entry in platform.log:
                if entry.reference and known.get(entry.reference) not in told:
                    self._violated(
                        "evidence",
                        f"{entry.operation} of {entry.entity} {entry.key} on the {side}: no audit row",
                    )
        stuck = self._driver.execute(
            "select id, state from intent where state in ('planned', 'sent', 'uncertain')"
        )
        for ident, state in stuck.fetchall():
            self._violated("converges", f"intent {ident} is still {state} in the end")

    def _judge_released(self) -> None:
        """Nothing waits behind a hold once none is in force any more."""
        if self._driver.execute("select 1 from hold where released_at is null").fetchone():
            return
        waiting = "select id from pair where state = 'held' and code = 'guard'"
        for (ident,) in self._driver.execute(waiting).fetchall():
            self._violated("hold", f"pair {ident} still waits behind a hold, and all were released")
