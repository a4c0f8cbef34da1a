"""The decision table: one sentence a row, and what is decided."""
# ruff: noqa: E501 -- a row of a table is one line

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from syncd.core.crossing import Crossing, Table
from syncd.core.model import ABSENT, Operation, Record, Side, SideState, Tombstone
from syncd.core.policy import Deletes, FieldPolicy, FlowPolicy, Kind, Mode, Posting, Rule
from syncd.core.reconcile import (
    Conflict,
    Decision,
    PairView,
    Verb,
    Why,
    Write,
    confirmed_bases,
    other_amounts,
    reconcile,
    selected,
    units,
)

LEFT, RIGHT, BOTH = Side.LEFT, Side.RIGHT, Mode.BOTH
TO_RIGHT, TO_LEFT, OBSERVE = Mode.LEFT_TO_RIGHT, Mode.RIGHT_TO_LEFT, Mode.OBSERVE
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
GONE = Tombstone("its feed says so")


def rule(name: str = "name", by: Rule = Rule.MANUAL, **more: Any) -> FieldPolicy:
    return FieldPolicy(name, rule=by, **more)


def flow(mode: Mode, *fields: FieldPolicy, **more: Any) -> FlowPolicy:
    create = frozenset(side for side in Side if mode.writes(side))
    return FlowPolicy(
        **{"entity": "customer", "mode": mode, "fields": fields or (rule(),), "create": create} | more
    )


def shown(decision: Decision) -> tuple[Any, ...]:
    """A decision in short: (verb, side it writes, fields it writes, why) or (verb, its conflicts)."""
    if decision.write is not None:
        write = decision.write
        return decision.verb, write.side, dict(write.fields), *dict.fromkeys(write.because.values())
    if decision.conflicts:
        return decision.verb, *(c.why for c in decision.conflicts)
    return (decision.verb,)


@dataclass(frozen=True)
class Row:
    """One field ``name``: its base, what each side shows now, the rule and mode, and the outcome."""

    says: str
    base: str | None
    left: str | None
    right: str | None
    mode: Mode
    rule: Rule
    comes_to: tuple[Any, ...]
    times: tuple[int, int] | None = None
    """Minutes after noon at which each side was changed."""


def to(side: Side, value: str | None, why: Why) -> tuple[Any, ...]:
    return Verb.WRITE, side, {"name": value}, why


CHANGES = [
    Row("nothing changed", "a", "a", "a", BOTH, Rule.MANUAL, (Verb.NOOP,)),
    Row("the left changed", "a", "b", "a", BOTH, Rule.MANUAL, to(RIGHT, "b", Why.CHANGED_LEFT)),
    Row("the right changed", "a", "a", "b", BOTH, Rule.MANUAL, to(LEFT, "b", Why.CHANGED_RIGHT)),
    Row("a value was emptied", "a", None, "a", BOTH, Rule.MANUAL, to(RIGHT, None, Why.CHANGED_LEFT)),
    Row("both made the same change", "a", "b", "b", BOTH, Rule.MANUAL, (Verb.ADOPT,)),
    Row("both changed, no rule", "a", "b", "c", BOTH, Rule.MANUAL, (Verb.CONFLICT, Why.BOTH_CHANGED)),
    Row("both changed, texts have no union", "a", "b", "c", BOTH, Rule.UNION, (Verb.CONFLICT, Why.NO_INPUT)),
    Row("both changed, texts have no size", "a", "b", "c", BOTH, Rule.MAX, (Verb.CONFLICT, Why.NO_INPUT)),
    Row("both changed, the left owns it", "a", "b", "c", BOTH, Rule.LEFT, to(RIGHT, "b", Why.OWNER)),
    Row("both changed, the right owns it", "a", "b", "c", BOTH, Rule.RIGHT, to(LEFT, "c", Why.OWNER)),
    Row("the other side of the owner changed: put back", "a", "a", "c", BOTH, Rule.LEFT, to(RIGHT, "a", Why.OWNER)),
    Row("the owner changed", "a", "b", "a", BOTH, Rule.LEFT, to(RIGHT, "b", Why.OWNER)),
    Row("set once, changed on one side", "a", "b", "a", BOTH, Rule.IMMUTABLE, (Verb.CONFLICT, Why.IMMUTABLE)),
    Row("set once, changed on both", "a", "b", "c", BOTH, Rule.IMMUTABLE, (Verb.CONFLICT, Why.IMMUTABLE)),
    Row("newest: the left is later", "a", "b", "c", BOTH, Rule.NEWEST, to(RIGHT, "b", Why.NEWEST), (60, 0)),
    Row("newest: the right is later", "a", "b", "c", BOTH, Rule.NEWEST, to(LEFT, "c", Why.NEWEST), (0, 60)),
    Row("newest: closer than the margin", "a", "b", "c", BOTH, Rule.NEWEST, (Verb.CONFLICT, Why.NO_INPUT), (0, 5)),
    Row("newest: no trusted times", "a", "b", "c", BOTH, Rule.NEWEST, (Verb.CONFLICT, Why.NO_INPUT)),
    Row("newest: only one changed, times do not matter", "a", "b", "a", BOTH, Rule.NEWEST, to(RIGHT, "b", Why.CHANGED_LEFT), (0, 60)),
    Row("one way: the source changed", "a", "b", "a", TO_RIGHT, Rule.MANUAL, to(RIGHT, "b", Why.CHANGED_LEFT)),
    Row("one way: the target changed, the difference stands", "a", "a", "b", TO_RIGHT, Rule.MANUAL, (Verb.ADOPT,)),
    Row("one way: both changed", "a", "b", "c", TO_RIGHT, Rule.MANUAL, (Verb.CONFLICT, Why.BOTH_CHANGED)),
    Row("one way back: the source changed", "a", "a", "b", TO_LEFT, Rule.MANUAL, to(LEFT, "b", Why.CHANGED_RIGHT)),
    Row("one way back: the target changed", "a", "b", "a", TO_LEFT, Rule.MANUAL, (Verb.ADOPT,)),
    Row("the owner is on a side that is not written from", "a", "b", "c", TO_LEFT, Rule.LEFT, (Verb.ADOPT,)),
    Row("observed: a change is taken note of", "a", "b", "a", OBSERVE, Rule.MANUAL, (Verb.ADOPT,)),
]  # fmt: skip

FIRST = [
    Row("equal", None, "a", "a", BOTH, Rule.MANUAL, (Verb.ADOPT,)),
    Row("different", None, "a", "b", BOTH, Rule.MANUAL, (Verb.CONFLICT, Why.FIRST_DIFFERENCE)),
    Row("different, one way", None, "a", "b", TO_RIGHT, Rule.MANUAL, (Verb.CONFLICT, Why.FIRST_DIFFERENCE)),
    Row("different, nobody writes", None, "a", "b", OBSERVE, Rule.MANUAL, (Verb.ADOPT,)),
    Row("the left owns it", None, "a", "b", BOTH, Rule.LEFT, to(RIGHT, "a", Why.OWNER)),
    Row("the right owns it", None, "a", "b", BOTH, Rule.RIGHT, to(LEFT, "b", Why.OWNER)),
    Row("its owner cannot be written from", None, "a", "b", TO_RIGHT, Rule.RIGHT, (Verb.CONFLICT, Why.FIRST_DIFFERENCE)),
    Row("empty on the left", None, None, "b", BOTH, Rule.MANUAL, to(LEFT, "b", Why.FILL)),
    Row("empty on the right", None, "a", "", BOTH, Rule.MANUAL, to(RIGHT, "a", Why.FILL)),
    Row("empty on both", None, None, "", BOTH, Rule.MANUAL, (Verb.ADOPT,)),
    Row("empty where nobody writes", None, None, "b", TO_RIGHT, Rule.MANUAL, (Verb.CONFLICT, Why.FIRST_DIFFERENCE)),
    Row("newest knows nothing of a first meeting", None, "a", "b", BOTH, Rule.NEWEST, (Verb.CONFLICT, Why.FIRST_DIFFERENCE), (60, 0)),
]  # fmt: skip


def decided(row: Row, *, matched_first: bool) -> Decision:
    base: Record | None = None if matched_first else {"name": row.base}
    moments = [NOON + timedelta(minutes=m) for m in row.times] if row.times else [None, None]
    pair = PairView({"name": row.left}, {"name": row.right}, base, base, *moments)
    return reconcile(pair, flow(row.mode, rule(by=row.rule)), Crossing())


@pytest.mark.parametrize("row", CHANGES, ids=lambda row: row.says)
def test_after_both_agreed(row: Row) -> None:
    assert shown(decided(row, matched_first=False)) == row.comes_to


@pytest.mark.parametrize("row", FIRST, ids=lambda row: row.says)
def test_when_first_matched(row: Row) -> None:
    assert shown(decided(row, matched_first=True)) == row.comes_to


def test_a_number_may_be_settled_by_size() -> None:
    pair = PairView({"n": Decimal(5)}, {"n": Decimal(7)}, {"n": Decimal(1)}, {"n": Decimal(1)})
    assert shown(reconcile(pair, flow(BOTH, rule("n", Rule.MAX)), Crossing())) == (
        Verb.WRITE, LEFT, {"n": Decimal(7)}, Why.LARGEST,
    )  # fmt: skip
    assert shown(reconcile(pair, flow(BOTH, rule("n", Rule.MIN)), Crossing())) == (
        Verb.WRITE, RIGHT, {"n": Decimal(5)}, Why.SMALLEST,
    )  # fmt: skip


def test_a_date_may_be_settled_by_size() -> None:
    old = {"n": date(2026, 1, 1)}
    pair = PairView({"n": date(2026, 3, 1)}, {"n": date(2026, 2, 1)}, old, old)
    assert shown(reconcile(pair, flow(BOTH, rule("n", Rule.MAX)), Crossing()))[1:] == (
        RIGHT, {"n": date(2026, 3, 1)}, Why.LARGEST,
    )  # fmt: skip


# -- absent, and each side's own base ----------------------------------------------------------


def test_absent_is_no_news() -> None:
    """A side that says nothing about a field has not emptied it."""
    base = {"name": "a", "phone": "1"}
    policy = flow(BOTH, rule(), rule("phone"))
    decision = reconcile(PairView({"name": "a"}, {"name": "b", "phone": "1"}, base, base), policy, Crossing())
    assert shown(decision) == (Verb.WRITE, LEFT, {"name": "b"}, Why.CHANGED_RIGHT)
    assert decision.bases[LEFT] == {"name": "a", "phone": "1"}
    assert repr(ABSENT) == "ABSENT"


def test_null_is_an_answer() -> None:
    base = {"name": "a"}
    decision = reconcile(PairView({"name": None}, {"name": "a"}, base, base), flow(BOTH), Crossing())
    assert shown(decision) == to(RIGHT, None, Why.CHANGED_LEFT)


def test_what_was_never_said_on_one_side_is_filled_there() -> None:
    decision = reconcile(PairView({}, {"name": "a"}), flow(BOTH), Crossing())
    assert shown(decision) == to(LEFT, "a", Why.FILL)


def test_a_ledger_that_trims_a_name_has_not_changed_it() -> None:
    """Each side is compared with its own base."""
    pair = PairView(
        {"name": "Orchard Foods"}, {"name": "Orchard"}, {"name": "Orchard Foods"}, {"name": "Orchard"}
    )
    assert reconcile(pair, flow(BOTH), Crossing()).verb is Verb.NOOP


def test_a_name_cut_to_the_ledgers_width_is_the_same_name() -> None:
    pair = PairView({"name": "Orchard Foods"}, {"name": "Orchard"})
    crossing = Crossing(widths={RIGHT: {"name": 7}})
    assert reconcile(pair, flow(BOTH), crossing).verb is Verb.ADOPT


def test_another_spelling_is_the_same_and_is_left_alone() -> None:
    pair = PairView({"name": "Orchard Foods, Inc."}, {"name": "ORCHARD FOODS"})
    assert reconcile(pair, flow(BOTH, rule(normaliser="company")), Crossing()).verb is Verb.ADOPT


def test_a_new_field_of_the_policy_was_never_agreed_on() -> None:
    base = {"name": "a"}
    pair = PairView({"name": "a", "phone": "1"}, {"name": "a", "phone": "2"}, base, base)
    assert shown(reconcile(pair, flow(BOTH, rule(), rule("phone")), Crossing())) == (
        Verb.CONFLICT, Why.FIRST_DIFFERENCE,
    )  # fmt: skip


# -- several fields -----------------------------------------------------------------------------


def test_different_fields_on_both_sides_are_written_one_side_at_a_time() -> None:
    base = {"name": "a", "phone": "1"}
    pair = PairView({"name": "b", "phone": "1"}, {"name": "a", "phone": "2"}, base, base)
    decision = reconcile(pair, flow(BOTH, rule(), rule("phone")), Crossing())
    assert shown(decision) == (Verb.WRITE, LEFT, {"phone": "2"}, Why.CHANGED_RIGHT)
    assert decision.again
    assert decision.bases[LEFT]["name"] == "a", (
        "the right is still to be told: on the left it is still a change"
    )
    after = confirmed_bases(decision.bases, LEFT, Operation.UPDATE, ["phone"], {"name": "b", "phone": "2"})
    then = PairView({"name": "b", "phone": "2"}, {"name": "a", "phone": "2"}, after[LEFT], after[RIGHT])
    second = reconcile(then, flow(BOTH, rule(), rule("phone")), Crossing())
    assert shown(second) == (Verb.WRITE, RIGHT, {"name": "b"}, Why.CHANGED_LEFT)
    assert not second.again


def test_a_conflict_keeps_its_old_base_and_the_rest_goes_on() -> None:
    base = {"name": "a", "phone": "1"}
    pair = PairView({"name": "b", "phone": "2"}, {"name": "c", "phone": "1"}, base, base)
    decision = reconcile(pair, flow(BOTH, rule(), rule("phone")), Crossing())
    assert shown(decision) == (Verb.WRITE, RIGHT, {"phone": "2"}, Why.CHANGED_LEFT)
    assert decision.conflicts == (Conflict("name", ("name",), Why.BOTH_CHANGED),)
    assert {side: bases["name"] for side, bases in decision.bases.items()} == {LEFT: "a", RIGHT: "a"}


ADDRESS = (rule("street", group="address"), rule("city", group="address"))


def test_a_group_changes_as_one() -> None:
    base = {"street": "Main 1", "city": "Ames"}
    moved = {"street": "Side 2", "city": "Boone"}
    pair = PairView(moved, base, base, base)
    assert shown(reconcile(pair, flow(BOTH, *ADDRESS), Crossing())) == (
        Verb.WRITE, RIGHT, moved, Why.CHANGED_LEFT,
    )  # fmt: skip


def test_a_group_conflicts_as_one() -> None:
    """A street of one side with the city of the other is an address nobody has."""
    base = {"street": "Main 1", "city": "Ames"}
    pair = PairView({**base, "street": "Side 2"}, {**base, "city": "Boone"}, base, base)
    decision = reconcile(pair, flow(BOTH, *ADDRESS), Crossing())
    assert decision.conflicts == (Conflict("address", ("street", "city"), Why.BOTH_CHANGED),)
    assert decision.write is None


def test_a_group_is_filled_only_where_all_of_it_is_empty() -> None:
    full = {"street": "Main 1", "city": "Ames"}
    empty = reconcile(PairView({"street": "", "city": None}, full), flow(BOTH, *ADDRESS), Crossing())
    assert shown(empty) == (Verb.WRITE, LEFT, full, Why.FILL)
    half = reconcile(PairView({"street": "", "city": "Boone"}, full), flow(BOTH, *ADDRESS), Crossing())
    assert shown(half) == (Verb.CONFLICT, Why.FIRST_DIFFERENCE)


def test_a_group_whose_members_disagree_about_the_rule_is_for_a_person() -> None:
    base = {"street": "Main 1", "city": "Ames"}
    fields = (rule("street", Rule.LEFT, group="address"), rule("city", Rule.RIGHT, group="address"))
    pair = PairView({**base, "street": "Side 2"}, {**base, "city": "Boone"}, base, base)
    assert shown(reconcile(pair, flow(BOTH, *fields), Crossing())) == (Verb.CONFLICT, Why.BOTH_CHANGED)
    assert [tuple(f.name for f in unit) for unit in units(flow(BOTH, *fields, rule()))] == [
        ("street", "city"),
        ("name",),
    ]


# -- posted documents ---------------------------------------------------------------------------

DOCUMENT = (rule("note"), rule("total", group="amounts"), rule("tax", group="amounts"))


def document(note: str = "x", total: str | None = "10.00", tax: str | None = None) -> dict[str, Any]:
    return {
        "note": note,
        "total": None if total is None else Decimal(total),
        "tax": None if tax is None else Decimal(tax),
    }


@pytest.mark.parametrize(
    ("says", "left", "right", "comes_to"),
    [
        ("it stands as it stands", document("x"), document("y"), (Verb.ADOPT,)),
        ("its amounts agree", document(tax=None), document(tax="0"), (Verb.ADOPT,)),
        ("another amount", document(), document(total="11.00"), (Verb.CONFLICT, Why.FIRST_DIFFERENCE)),
        ("no amount on the right", document(), document(total=None), (Verb.CONFLICT, Why.FIRST_DIFFERENCE)),
        ("no amount on the left", document(total=None), document(), (Verb.CONFLICT, Why.FIRST_DIFFERENCE)),
    ],
)  # fmt: skip
def test_a_document_that_stands_in_the_ledger_is_adopted_if_money_agrees(
    says: str, left: Record, right: Record, comes_to: tuple[Any, ...]
) -> None:
    policy = flow(TO_RIGHT, *DOCUMENT, create_only=True)
    assert shown(reconcile(PairView(left, right), policy, Crossing())) == comes_to


@pytest.mark.parametrize("mode", [TO_RIGHT, TO_LEFT])
def test_a_posted_document_that_changes_at_its_source_is_for_a_person(mode: Mode) -> None:
    base, edited = document(), document(total="12.00")
    source, target = (LEFT, RIGHT) if mode is TO_RIGHT else (RIGHT, LEFT)
    policy = flow(mode, *DOCUMENT, create_only=True)

    def with_edit(side: Side) -> PairView:
        return PairView(edited if side is LEFT else base, edited if side is RIGHT else base, base, base)

    assert shown(reconcile(with_edit(source), policy, Crossing())) == (Verb.CONFLICT, Why.POSTED)
    assert shown(reconcile(with_edit(target), policy, Crossing())) == (Verb.ADOPT,)


# -- one side only: creating --------------------------------------------------------------------

READY = {"status": frozenset({"ready"})}
VOIDED = Posting(RIGHT, void={"status": frozenset({"void"})})


@dataclass(frozen=True)
class Lone:
    says: str
    policy: FlowPolicy
    record: dict[str, Any]
    verb: Verb
    pair: dict[str, Any] = field(default_factory=dict)
    side: Side = LEFT


LONE = [
    Lone("a new record is created on the other side", flow(TO_RIGHT), {"name": "a"}, Verb.WRITE),
    Lone("and the other way", flow(TO_LEFT), {"name": "a"}, Verb.WRITE, side=RIGHT),
    Lone("not against the mode", flow(TO_LEFT), {"name": "a"}, Verb.OUT_OF_SCOPE),
    Lone("not by a flow that observes", flow(OBSERVE), {"name": "a"}, Verb.OUT_OF_SCOPE),
    Lone("not where the flow creates nothing", flow(BOTH, create=frozenset({LEFT})), {"name": "a"}, Verb.OUT_OF_SCOPE),
    Lone("not even on a person's order", flow(OBSERVE), {"name": "a"}, Verb.OUT_OF_SCOPE, {"forced": True}),
    Lone("its status sends it on", flow(TO_RIGHT, select=READY), {"name": "a", "status": "ready"}, Verb.WRITE),
    Lone("its status does not yet", flow(TO_RIGHT, select=READY), {"name": "a", "status": "draft"}, Verb.OUT_OF_SCOPE),
    Lone("it has no status", flow(TO_RIGHT, select=READY), {"name": "a"}, Verb.OUT_OF_SCOPE),
    Lone("a person sends it all the same", flow(TO_RIGHT, select=READY), {"name": "a", "status": "draft"}, Verb.WRITE, {"forced": True}),
    Lone("not what was voided, though a person sends it", flow(TO_RIGHT, select=READY, posting=VOIDED), {"name": "a", "status": "void"}, Verb.OUT_OF_SCOPE, {"forced": True}),
    Lone("it was there before the first sync", flow(TO_RIGHT, select=READY), {"name": "a", "status": "ready"}, Verb.OUT_OF_SCOPE, {"historical": True}),
    Lone("historical, and a person sends it", flow(TO_RIGHT, select=READY), {"name": "a", "status": "ready"}, Verb.WRITE, {"historical": True, "forced": True}),
    Lone("historical ones are asked for", flow(TO_RIGHT, select=READY, post_existing=True), {"name": "a", "status": "ready"}, Verb.WRITE, {"historical": True}),
    Lone("without a trigger status nothing is historical", flow(TO_RIGHT), {"name": "a"}, Verb.WRITE, {"historical": True}),
    Lone("a required field is empty", flow(TO_RIGHT, rule(required=True)), {"name": ""}, Verb.QUARANTINE),
    Lone("a required field is missing", flow(TO_RIGHT, rule(required=True)), {}, Verb.QUARANTINE),
]  # fmt: skip


@pytest.mark.parametrize("row", LONE, ids=lambda row: row.says)
def test_a_record_of_one_side_only(row: Lone) -> None:
    states: dict[str, SideState] = {side.value: row.record if side is row.side else None for side in Side}
    decision = reconcile(PairView(states["left"], states["right"], **row.pair), row.policy, Crossing())
    assert decision.verb is row.verb
    if row.verb is Verb.WRITE:
        assert decision.write == Write(row.side.other, Operation.CREATE, {"name": "a"}, {"name": Why.NEW})
        assert decision.bases == {row.side: {"name": "a"}}
    if row.verb is Verb.QUARANTINE:
        assert (decision.code, decision.field) == ("validation", "name")
        assert "is empty" in decision.reason


def test_nothing_known_of_either_side_is_nothing_to_do() -> None:
    assert reconcile(PairView(None, None), flow(BOTH), Crossing()).verb is Verb.NOOP


REFERENCE = rule("customer", kind=Kind.REFERENCE, target="customer")


def test_a_record_waits_for_what_it_refers_to() -> None:
    decision = reconcile(PairView({"customer": "F1"}, None), flow(TO_RIGHT, REFERENCE), Crossing())
    assert decision.verb is Verb.WAIT
    assert decision.waits == (LEFT, "customer", "F1")


def test_a_paired_reference_is_written_in_the_targets_own_key() -> None:
    crossing = Crossing(pairs={(LEFT, "customer", "F1"): "17"})
    decision = reconcile(PairView({"customer": "F1"}, None), flow(TO_RIGHT, REFERENCE), crossing)
    assert shown(decision) == (Verb.WRITE, RIGHT, {"customer": "17"}, Why.NEW)


def test_matched_records_whose_references_are_not_paired_wait_instead_of_differing() -> None:
    pair = PairView({"customer": "F1"}, {"customer": "17"})
    assert reconcile(pair, flow(BOTH, REFERENCE), Crossing()).verb is Verb.WAIT
    known = Crossing(pairs={(LEFT, "customer", "F1"): "18"})
    assert shown(reconcile(pair, flow(BOTH, REFERENCE), known)) == (Verb.CONFLICT, Why.FIRST_DIFFERENCE)
    same = Crossing(pairs={(LEFT, "customer", "F1"): "17"})
    assert reconcile(pair, flow(BOTH, REFERENCE), same).verb is Verb.ADOPT


def test_a_code_that_the_crosswalk_does_not_cover_is_refused_with_its_remedy() -> None:
    coded = rule("terms", kind=Kind.CROSSWALK, target="terms")
    crossing = Crossing({"terms": Table.of((("N30", "30"),), None, None)})
    decision = reconcile(PairView({"terms": "odd"}, None), flow(TO_RIGHT, coded), crossing)
    assert (decision.verb, decision.code, decision.field) == (Verb.QUARANTINE, "mapping", "terms")
    assert "'terms'" in decision.reason


def test_selection_asks_for_every_field_it_names() -> None:
    policy = flow(TO_RIGHT, select={"status": frozenset({"ready"}), "type": frozenset({"job", "service"})})
    assert selected({"status": "ready", "type": "job"}, policy)
    assert not selected({"status": "ready", "type": "quote"}, policy)


# -- removals -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Removal:
    says: str
    policy: FlowPolicy
    living: dict[str, Any]
    base: dict[str, Any] | None
    verb: Verb
    writes: tuple[Side, Operation] | None = None


A, B = {"name": "a"}, {"name": "b"}
REMOVALS = [
    Removal("removals are held", flow(BOTH), A, A, Verb.HOLD),
    Removal("put away where it lives", flow(BOTH, deletes=Deletes.ARCHIVE), A, A, Verb.WRITE, (RIGHT, Operation.ACTION)),
    Removal("propagated", flow(BOTH, deletes=Deletes.PROPAGATE), A, A, Verb.WRITE, (RIGHT, Operation.DELETE)),
    Removal("not against the mode", flow(TO_LEFT, deletes=Deletes.PROPAGATE), A, A, Verb.HOLD),
    Removal("never a posted document", flow(BOTH, deletes=Deletes.PROPAGATE, create_only=True), A, A, Verb.HOLD),
    Removal("an edit wins: made anew", flow(BOTH, deletes=Deletes.PROPAGATE), B, A, Verb.WRITE, (LEFT, Operation.CREATE)),
    Removal("an edit wins while removals are held", flow(BOTH), B, A, Verb.WRITE, (LEFT, Operation.CREATE)),
    Removal("an edited one is not deleted where it cannot be made anew", flow(TO_RIGHT, deletes=Deletes.PROPAGATE), B, A, Verb.HOLD),
]  # fmt: skip


@pytest.mark.parametrize("row", REMOVALS, ids=lambda row: row.says)
def test_a_removal(row: Removal) -> None:
    decision = reconcile(PairView(GONE, row.living, A, row.base), row.policy, Crossing())
    assert decision.verb is row.verb
    assert row.writes == (None if decision.write is None else (decision.write.side, decision.write.operation))
    if row.verb is Verb.HOLD:
        assert GONE.evidence in decision.reason


@pytest.mark.parametrize("other", [GONE, None])
def test_removed_on_both_sides_is_gone(other: SideState) -> None:
    assert reconcile(PairView(GONE, other, A, A), flow(BOTH), Crossing()).verb is Verb.GONE
    assert reconcile(PairView(other, GONE, A, A), flow(BOTH), Crossing()).verb is Verb.GONE


# -- after the answer ---------------------------------------------------------------------------


def test_the_base_of_what_was_written_is_what_was_confirmed() -> None:
    bases: Mapping[Side, Record] = {
        LEFT: {"name": "Orchard Foods", "phone": "1"},
        RIGHT: {"name": "x", "phone": "1"},
    }
    after = confirmed_bases(bases, RIGHT, Operation.UPDATE, ["name"], {"name": "Orchard", "phone": "2"})
    assert after[RIGHT] == {"name": "Orchard", "phone": "1"}, "somebody's edit of the phone is still a change"
    assert after[LEFT] == bases[LEFT]


def test_the_base_of_a_new_record_is_all_that_it_shows() -> None:
    after = confirmed_bases(
        {LEFT: {"name": "a"}}, RIGHT, Operation.CREATE, ["name"], {"name": "A", "number": "7"}
    )
    assert after == {LEFT: {"name": "a"}, RIGHT: {"name": "A", "number": "7"}}


def test_another_amount_in_the_ledger_is_for_a_person() -> None:
    policy = flow(TO_RIGHT, *DOCUMENT)
    assert other_amounts(document(), document(), policy) is None
    assert other_amounts(document(tax="1"), document(tax="1.00"), policy) is None
    assert other_amounts(document(), document(total="10.01"), policy) == Conflict(
        "amounts", ("total",), Why.AMOUNT
    )


def test_every_reason_has_a_row_above() -> None:
    """Reasons given elsewhere: what a platform cannot change, decided where its map is known."""
    rows = {why for row in (*CHANGES, *FIRST) for why in row.comes_to if isinstance(why, Why)}
    elsewhere = {
        Why.NEW,
        Why.POSTED,
        Why.AMOUNT,
        Why.LARGEST,
        Why.SMALLEST,
        Why.UNWRITABLE,
        Why.BY_LINE,
        Why.SAME_LINE,
        Why.UNION,
        Why.RESOLVED,
    }
    assert rows | elsewhere == set(Why)


def test_every_verb_has_a_row_above() -> None:
    verbs = (
        {row.comes_to[0] for row in (*CHANGES, *FIRST)}
        | {row.verb for row in LONE}
        | {r.verb for r in REMOVALS}
    )
    # a match is a question about lone records, asked before anything is reconciled
    assert verbs | {Verb.WAIT, Verb.GONE, Verb.MATCH} == set(Verb)
