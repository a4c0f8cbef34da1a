"""What must hold of every decision, whatever the records, bases, rules and modes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from syncd.core.crossing import Crossing, Table
from syncd.core.model import Operation, Record, Side, SideState, Tombstone
from syncd.core.policy import (
    Deletes,
    EditedMeanwhile,
    FieldPolicy,
    FlowPolicy,
    Kind,
    Mode,
    Posting,
    Rule,
)
from syncd.core.reconcile import (
    Decision,
    PairView,
    Resolution,
    Take,
    Verb,
    Why,
    Write,
    confirmed_bases,
    reconcile,
    units,
)

LEFT, RIGHT = Side.LEFT, Side.RIGHT
EXAMPLES = 60

PAIRS = {"F1": "1", "F2": "2"}
CROSSING = Crossing(
    tables={"terms": Table.of((("N30", "30"), ("NET30", "30"), ("COD", "0")), None, None)},
    pairs={(LEFT, "customer", f): r for f, r in PAIRS.items()}
    | {(RIGHT, "customer", r): f for f, r in PAIRS.items()},
    widths={RIGHT: {"note": 6}},
)
LINE = (
    FieldPolicy("text"),
    FieldPolicy("amount"),
)
KEYED = (FieldPolicy("key"), FieldPolicy("amount"))


def keyed_lines(**amounts: int) -> tuple[Record, ...]:
    return tuple({"key": key, "amount": Decimal(amount)} for key, amount in amounts.items())


VALUES: dict[str, dict[Side, list[Any]]] = {
    "name": {side: [None, "", "Acme", "ACME Inc.", "Bolt"] for side in Side},
    "note": {side: [None, "short", "a longer note", "a long"] for side in Side},
    "street": {side: [None, "Main St 1", "Side St 2"] for side in Side},
    "city": {side: [None, "Ames", "Boone"] for side in Side},
    "terms": {LEFT: [None, "N30", "NET30", "COD", "odd"], RIGHT: [None, "30", "0", "99"]},
    "customer": {LEFT: [None, "F1", "F2", "F9"], RIGHT: [None, "1", "2", "9"]},
    "total": {side: [None, Decimal("0"), Decimal("10.00"), Decimal("-3.50")] for side in Side},
    "lines": {
        side: [
            None,
            (),
            ({"text": "Visit", "amount": Decimal("10.00")},),
            ({"text": None, "amount": Decimal("1")},),
        ]
        for side in Side
    },
}
VALUES["tags"] = {side: [None, frozenset("a"), frozenset("ab"), frozenset("bc")] for side in Side}
VALUES["parts"] = {
    side: [None, (), keyed_lines(a=1), keyed_lines(a=2), keyed_lines(a=1, b=2), keyed_lines(b=3, c=4)]
    for side in Side
}
GROUPS = {"street": "address", "city": "address"}
KINDS = {
    "terms": (Kind.CROSSWALK, "terms"),
    "customer": (Kind.REFERENCE, "customer"),
    "lines": (Kind.LINES, ""),
    "parts": (Kind.LINES, ""),
}
PARTS = {"lines": LINE, "parts": KEYED}
POSTING = Posting(
    RIGHT,
    {"status": frozenset({"ready"})},
    {"status": frozenset({"void"})},
    {"status": frozenset({"void"})},
    "void",
)


def field_policies(rules: Mapping[str, Rule], required: frozenset[str]) -> tuple[FieldPolicy, ...]:
    return tuple(
        FieldPolicy(
            name,
            *KINDS.get(name, (Kind.PLAIN, "")),
            rule=rules[name],
            normaliser="company" if name == "name" else "exact",
            group=GROUPS.get(name, ""),
            required=name in required,
            lines=PARTS.get(name, ()),
            key="key" if name == "parts" else "",
        )
        for name in VALUES
    )


@st.composite
def policies(draw: st.DrawFn) -> FlowPolicy:
    rules = {name: draw(st.sampled_from(Rule)) for name in VALUES}
    return FlowPolicy(
        "thing",
        draw(st.sampled_from(Mode)),
        field_policies(rules, draw(st.frozensets(st.sampled_from(["name", "total"])))),
        create=draw(st.frozensets(st.sampled_from(Side))),
        select=draw(st.sampled_from([{}, {"status": frozenset({"ready"})}])),
        create_only=draw(st.booleans()),
        post_existing=draw(st.booleans()),
        deletes=draw(st.sampled_from(Deletes)),
        edited=draw(st.sampled_from(EditedMeanwhile)),
        posting=draw(st.sampled_from([None, None, POSTING])),
    )


def records(side: Side) -> st.SearchStrategy[dict[str, Any]]:
    shown = {name: st.sampled_from(values[side]) for name, values in VALUES.items()}
    return st.fixed_dictionaries({}, optional=shown | {"status": st.sampled_from(["ready", "draft", "void"])})


def states(side: Side) -> st.SearchStrategy[SideState]:
    removed: st.SearchStrategy[SideState] = st.sampled_from([None, Tombstone("its feed says so")])
    return st.one_of(records(side), records(side), records(side), removed)


TIMES = st.one_of(
    st.none(), st.integers(-900, 900).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))
)


@st.composite
def said(draw: st.DrawFn, pair: PairView) -> tuple[Resolution, ...]:
    """What a person said of one field, mostly for what it shows."""
    name = draw(st.sampled_from(["name", "total", "tags"]))
    shown = {side: side_shows(pair, side, name) for side in Side}
    seen = {side: {name: draw(st.sampled_from([shown[side]] * 4 + VALUES[name][side]))} for side in Side}
    typed = {name: draw(st.sampled_from(VALUES[name][LEFT]))}
    take = draw(st.sampled_from(Take))
    word = Resolution(name, take, seen, typed if take is Take.VALUE else {}, "dana")
    return draw(st.sampled_from([(), (), (word,)]))


def side_shows(pair: PairView, side: Side, name: str) -> Any:
    state = pair.state(side)
    shown = state if isinstance(state, Mapping) else {}
    return shown[name] if name in shown else (pair.base(side) or {}).get(name)


@st.composite
def pairs(draw: st.DrawFn, *, both: bool = False) -> PairView:
    pair = draw(plain_pairs(both=both))
    return replace(pair, resolutions=draw(said(pair)))


@st.composite
def plain_pairs(draw: st.DrawFn, *, both: bool = False) -> PairView:
    return PairView(
        left=draw(records(LEFT) if both else states(LEFT)),
        right=draw(records(RIGHT) if both else states(RIGHT)),
        base_left=draw(st.one_of(st.none(), records(LEFT))),
        base_right=draw(st.one_of(st.none(), records(RIGHT))),
        left_modified=draw(TIMES),
        right_modified=draw(TIMES),
        historical=draw(st.booleans()),
        forced=draw(st.booleans()),
    )


# -- mirrored: everything said of the left, said of the right -----------------------------------

_OWNERS = {Rule.LEFT: Rule.RIGHT, Rule.RIGHT: Rule.LEFT}
_MODES = {Mode.LEFT_TO_RIGHT: Mode.RIGHT_TO_LEFT, Mode.RIGHT_TO_LEFT: Mode.LEFT_TO_RIGHT}
_WHYS = {Why.CHANGED_LEFT: Why.CHANGED_RIGHT, Why.CHANGED_RIGHT: Why.CHANGED_LEFT}


def mirrored_policy(policy: FlowPolicy) -> FlowPolicy:
    return replace(
        policy,
        mode=_MODES.get(policy.mode, policy.mode),
        fields=tuple(replace(f, rule=_OWNERS.get(f.rule, f.rule)) for f in policy.fields),
        create=frozenset(side.other for side in policy.create),
        posting=replace(policy.posting, ledger=policy.posting.ledger.other) if policy.posting else None,
    )


_TAKES = {Take.LEFT: Take.RIGHT, Take.RIGHT: Take.LEFT}


def mirrored_word(word: Resolution) -> Resolution:
    """A typed value of these fields is said alike on both sides."""
    seen = {side: word.seen[side.other] for side in Side}
    return replace(word, take=_TAKES.get(word.take, word.take), seen=seen)


def mirrored_pair(pair: PairView) -> PairView:
    return replace(
        pair,
        left=pair.right,
        right=pair.left,
        base_left=pair.base_right,
        base_right=pair.base_left,
        left_modified=pair.right_modified,
        right_modified=pair.left_modified,
        resolutions=tuple(mirrored_word(word) for word in pair.resolutions),
    )


def mirrored_crossing(crossing: Crossing) -> Crossing:
    return Crossing(
        tables={
            name: Table(
                {side: t.to[side.other] for side in Side}, {side: t.default.get(side.other) for side in Side}
            )
            for name, t in crossing.tables.items()
        },
        pairs={(side.other, entity, key): to for (side, entity, key), to in crossing.pairs.items()},
        widths={side.other: widths for side, widths in crossing.widths.items()},
    )


def mirrored_write(write: Write | None) -> Write | None:
    if write is None:
        return None
    because = {name: _WHYS.get(why, why) for name, why in write.because.items()}
    return replace(write, side=write.side.other, because=because)


@settings(max_examples=EXAMPLES)
@given(pairs(), policies())
def test_left_and_right_are_treated_alike(pair: PairView, policy: FlowPolicy) -> None:
    decision = reconcile(pair, policy, CROSSING)
    mirrored = reconcile(mirrored_pair(pair), mirrored_policy(policy), mirrored_crossing(CROSSING))
    event(decision.verb.value)
    assert mirrored.verb is decision.verb
    # where several fields refuse or both sides need a write, somebody must come first
    if decision.verb is Verb.QUARANTINE or decision.again:
        return
    assert mirrored_write(mirrored.write) == decision.write
    assert mirrored.conflicts == decision.conflicts
    assert {side.other: base for side, base in mirrored.bases.items()} == dict(decision.bases)


# -- what a decision may do -------------------------------------------------------------------


@settings(max_examples=EXAMPLES)
@given(pairs(), policies())
def test_nothing_is_written_to_a_side_the_mode_does_not_write(pair: PairView, policy: FlowPolicy) -> None:
    write = reconcile(pair, policy, CROSSING).write
    if write is not None:
        assert policy.mode.writes(write.side)
        assert write.operation is not Operation.CREATE or write.side in policy.create
        assert write.operation is not Operation.DELETE or policy.deletes is Deletes.PROPAGATE


@settings(max_examples=EXAMPLES)
@given(pairs(), policies())
def test_no_value_is_invented(pair: PairView, policy: FlowPolicy) -> None:
    """Every written value is what the other side shows, said in the target's words; of sets and lines every
    part is one that a side shows; a person's is what that person typed, or what both once agreed on."""
    write = reconcile(pair, policy, CROSSING).write
    if write is None or write.operation in (Operation.DELETE, Operation.ACTION):
        return
    source = pair.state(write.side.other)
    assert isinstance(source, Mapping)
    known = {**(pair.base(write.side.other) or {}), **source}
    for name, value in write.fields.items():
        (field,) = (one for one in policy.fields if one.name == name)
        if write.because[name] in (Why.UNION, Why.BY_LINE):
            shown = [side_shows(pair, side, name) or () for side in Side]
            assert parts_of(value) <= parts_of(shown[0]) | parts_of(shown[1])
            continue
        if write.because[name] is Why.RESOLVED and pair.resolutions[0].take in (Take.BASE, Take.VALUE):
            base = (pair.base(write.side) or {}).get(name)
            assert value in (base, pair.resolutions[0].values.get(name))
            continue
        assert CROSSING.cross(field, known.get(name), write.side) == value


def parts_of(value: Any) -> set[Any]:
    """Words of a set; (key, field, content) of lines."""
    if isinstance(value, frozenset):
        return set(value)
    return {(line["key"], name, content) for line in value for name, content in line.items()}


@settings(max_examples=EXAMPLES)
@given(pairs(both=True), policies())
def test_a_group_is_written_from_one_side_and_conflicts_as_a_whole(
    pair: PairView, policy: FlowPolicy
) -> None:
    decision = reconcile(pair, policy, CROSSING)
    whole = {tuple(f.name for f in unit) for unit in units(policy)}
    assert {conflict.fields for conflict in decision.conflicts} <= whole
    in_conflict = {name for conflict in decision.conflicts for name in conflict.fields}
    assert decision.write is None or not in_conflict & decision.write.fields.keys()


@settings(max_examples=EXAMPLES)
@given(pairs(both=True), policies())
def test_a_posted_document_is_never_edited(pair: PairView, policy: FlowPolicy) -> None:
    assume(policy.create_only)
    write = reconcile(pair, policy, CROSSING).write
    assert write is None or write.operation is Operation.ACTION


@settings(max_examples=EXAMPLES)
@given(pairs(), policies())
def test_a_record_is_deleted_only_on_evidence_and_an_edited_one_only_if_the_rules_say_so(
    pair: PairView, policy: FlowPolicy
) -> None:
    write = reconcile(pair, policy, CROSSING).write
    if write is None or write.operation is not Operation.DELETE:
        return
    assert isinstance(pair.state(write.side.other), Tombstone)
    living, base = pair.state(write.side), pair.base(write.side)
    assert isinstance(living, Mapping)
    assert base is not None, "what was never agreed on is nobody's to delete"
    if policy.edited is not EditedMeanwhile.REMOVAL_WINS:
        assert all(living[f.name] == base.get(f.name) for f in policy.fields if f.name in living)


# -- doing what was decided, and deciding again --------------------------------------------------


def carried_out(pair: PairView, decision: Decision) -> PairView:
    """The pair once the decision is settled: the target confirms exactly what it was sent."""
    sides: dict[Side, SideState] = {LEFT: pair.left, RIGHT: pair.right}
    bases: dict[Side, Record | None] = {side: decision.bases.get(side, pair.base(side)) for side in Side}
    write = decision.write
    if write is not None:
        if write.operation is Operation.DELETE:
            sides[write.side] = Tombstone("deleted by us")
        elif write.operation is not Operation.ACTION:
            shown = sides[write.side]
            before: Record = shown if isinstance(shown, Mapping) else {}
            now = {**before, **write.fields}
            sides[write.side] = now
            bases |= confirmed_bases(decision.bases, write.side, write.operation, write.settles, now)
    return replace(
        pair,
        left=sides[LEFT],
        right=sides[RIGHT],
        base_left=bases[LEFT],
        base_right=bases[RIGHT],
        historical=False,
        forced=False,
    )


@settings(max_examples=EXAMPLES)
@given(pairs(), policies())
def test_what_was_done_is_not_done_again(pair: PairView, policy: FlowPolicy) -> None:
    """After at most one write a side, only what needs a person is left, and it stays as it is."""
    seen = reconcile(pair, policy, CROSSING)
    for _ in range(2):
        if seen.write is None:
            break
        pair = carried_out(pair, seen)
        seen = reconcile(pair, policy, CROSSING)
    assert seen.write is None
    # what a person said is forgotten once it is carried out, or was refused
    settled = replace(carried_out(pair, seen) if seen.bases else pair, resolutions=())
    again = reconcile(settled, policy, CROSSING)
    assert again.write is None
    assert again.conflicts == seen.conflicts
    assert again.verb is (Verb.NOOP if seen.verb is Verb.ADOPT else seen.verb)
