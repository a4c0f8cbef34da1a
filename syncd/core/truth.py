"""The decision table: one sentence a row, and what is decided. ``reconcile`` is held to it by test, and
``docs/how-it-decides.md`` is printed from it, so that neither can say anything else."""
# ruff: noqa: E501 -- a row of a table is one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from syncd.core.crossing import Crossing
from syncd.core.decision import Decision, PairView, Resolution, Take, Verb
from syncd.core.model import Record, Side, SideState, Tombstone, Value
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

LEFT, RIGHT = Side.LEFT, Side.RIGHT
TO_RIGHT, TO_LEFT, BOTH, OBSERVE = Mode.LEFT_TO_RIGHT, Mode.RIGHT_TO_LEFT, Mode.BOTH, Mode.OBSERVE
_NOON: Final = datetime(2026, 11, 2, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One case. ``comes_to`` is what ``tell`` says of the decision."""

    says: str
    pair: PairView
    policy: FlowPolicy
    comes_to: str

    @property
    def crossing(self) -> Crossing:
        return Crossing()


@dataclass(frozen=True, slots=True)
class Table:
    """Cases of one kind."""

    title: str
    about: str
    rows: tuple[Row, ...]


def tell(decision: Decision) -> str:
    """A decision in one line."""
    parts = []
    write = decision.write
    if write is not None:
        fields = ", ".join(f"{name} = {value(v)}" for name, v in write.fields.items())
        done = f"{write.action} {write.argument}".strip() if write.action else write.operation.value
        why = ", ".join(dict.fromkeys(reason.value for reason in write.because.values()))
        parts.append(f"{done} on the {write.side.value}" + (f": {fields}" if fields else ""))
        parts[-1] += f" ({why})" if why else ""
        if decision.again:
            parts.append("then it is decided again")
    parts += [f"conflict about {conflict.unit}: {conflict.why.value}" for conflict in decision.conflicts]
    parts += [f"the person's word on {unit} is refused" for unit in decision.refused]
    if not parts:
        plain = {Verb.NOOP: "nothing", Verb.ADOPT: "taken note of, nothing is written"}
        parts.append(plain.get(decision.verb, decision.verb.value.replace("_", " ")))
    said = "; ".join(parts)
    return (
        f"{said}: {decision.reason}" if write is None and not decision.conflicts and decision.reason else said
    )


def value(shown: Value) -> str:
    """One value in a cell."""
    if shown is None or shown == "":
        return "(empty)"
    if isinstance(shown, frozenset):
        return "{" + ", ".join(sorted(shown)) + "}"
    if isinstance(shown, tuple):
        return "[" + ", ".join(f"{line.get('key')}: {line.get('amount')}" for line in shown) + "]"
    return str(shown)


def field_policy(name: str, rule: Rule, **more: Any) -> FieldPolicy:
    return FieldPolicy(name, rule=rule, **more)


def flow(mode: Mode, *fields: FieldPolicy, **more: Any) -> FlowPolicy:
    """A flow of one field ``name``, unless others are given; it creates where its mode writes."""
    create = frozenset(side for side in Side if mode.writes(side))
    return FlowPolicy(**{"entity": "record", "mode": mode, "fields": fields, "create": create} | more)


def one(
    says: str,
    base: Value,
    left: Value,
    right: Value,
    mode: Mode,
    rule: Rule,
    comes_to: str,
    minutes: tuple[int, int] | None = None,
) -> Row:
    """One field ``name``. ``minutes``: after noon, at which each side says it was changed."""
    times = [_NOON + timedelta(minutes=m) for m in minutes] if minutes else [None, None]
    shown = {"name": base}
    pair = PairView({"name": left}, {"name": right}, shown, shown, *times)
    return Row(says, pair, flow(mode, field_policy("name", rule)), comes_to)


def first(says: str, left: Value, right: Value, mode: Mode, rule: Rule, comes_to: str) -> Row:
    """The same where both were matched and never agreed before."""
    return Row(
        says, PairView({"name": left}, {"name": right}), flow(mode, field_policy("name", rule)), comes_to
    )


def words(*of: str) -> frozenset[str]:
    return frozenset(of)


def lines(**amounts: str) -> tuple[Record, ...]:
    return tuple({"key": key, "amount": Decimal(amount)} for key, amount in amounts.items())


_ADDRESS: Final = tuple(field_policy(name, Rule.MANUAL, group="address") for name in ("street", "city"))
_LINES: Final = field_policy(
    "lines", Rule.MANUAL, kind=Kind.LINES, key="key", lines=(FieldPolicy("key"), FieldPolicy("amount"))
)
_TOTAL: Final = field_policy("total", Rule.MANUAL)
_GONE: Final = Tombstone("its platform says so")
_MERGED: Final = Tombstone("merged into 17", "17")
_POSTING: Final = Posting(
    RIGHT, {"status": words("posted")}, {"status": words("void")}, {"status": words("void")}, "void"
)


def several(
    says: str, fields: tuple[FieldPolicy, ...], sides: tuple[Record, ...], comes_to: str, **more: Any
) -> Row:
    """``sides``: base, left, right."""
    base, left, right = sides
    return Row(
        says, PairView(left, right, base, base), flow(more.pop("mode", BOTH), *fields, **more), comes_to
    )


def lone(says: str, record: Record, policy: FlowPolicy, comes_to: str, **more: Any) -> Row:
    """A record that only the left has."""
    return Row(says, PairView(record, None, **more), policy, comes_to)


def removed(says: str, tomb: Tombstone, living: SideState, policy: FlowPolicy, comes_to: str) -> Row:
    """The left is gone; both last agreed on ``a``."""
    return Row(says, PairView(tomb, living, {"name": "a"}, {"name": "a"}), policy, comes_to)


def decided(
    says: str, take: Take, comes_to: str, *, right: str = "c", typed: str | None = None, mode: Mode = BOTH
) -> Row:
    """A person looked at a, b, c and spoke."""
    seen: Mapping[Side, Record] = {LEFT: {"name": "b"}, RIGHT: {"name": "c"}}
    said = Resolution("name", take, seen, {"name": typed} if typed else {}, "dana")
    shown = {"name": "a"}
    pair = PairView({"name": "b"}, {"name": right}, shown, shown, resolutions=(said,))
    return Row(says, pair, flow(mode, field_policy("name", Rule.MANUAL)), comes_to)


def rows() -> Iterator[Row]:
    for table in TABLES:
        yield from table.rows


_READY: Final = {"status": words("ready")}
_REQUIRED: Final = field_policy("name", Rule.MANUAL, required=True)
_NAME: Final = field_policy("name", Rule.MANUAL)
A: Final = {"name": "a"}
B: Final = {"name": "b"}

TABLES: Final[tuple[Table, ...]] = (
    Table("A field that both sides have agreed on", "Each side is compared with its own last agreed value.", (
        one("nothing changed", "a", "a", "a", BOTH, Rule.MANUAL, "nothing"),
        one("the left changed", "a", "b", "a", BOTH, Rule.MANUAL, "update on the right: name = b (changed on the left only)"),
        one("the right changed", "a", "a", "b", BOTH, Rule.MANUAL, "update on the left: name = b (changed on the right only)"),
        one("a value was emptied", "a", None, "a", BOTH, Rule.MANUAL, "update on the right: name = (empty) (changed on the left only)"),
        one("both made the same change", "a", "b", "b", BOTH, Rule.MANUAL, "taken note of, nothing is written"),
        one("both changed, and no rule settles it", "a", "b", "c", BOTH, Rule.MANUAL, "conflict about name: both sides changed it differently"),
        one("both changed, and the left owns it", "a", "b", "c", BOTH, Rule.LEFT, "update on the right: name = b (its owner's value stands)"),
        one("both changed, and the right owns it", "a", "b", "c", BOTH, Rule.RIGHT, "update on the left: name = c (its owner's value stands)"),
        one("the side that does not own it changed: put back", "a", "a", "c", BOTH, Rule.LEFT, "update on the right: name = a (its owner's value stands)"),
        one("the owner changed", "a", "b", "a", BOTH, Rule.LEFT, "update on the right: name = b (its owner's value stands)"),
        one("it may be set once, and is set", None, "b", None, BOTH, Rule.IMMUTABLE, "update on the right: name = b (changed on the left only)"),
        one("it may be set once, and changes", "a", "b", "a", BOTH, Rule.IMMUTABLE, "conflict about name: it may not change once set"),
        one("the newer change stands: the left's", "a", "b", "c", BOTH, Rule.NEWEST, "update on the right: name = b (the newer change stands)", (60, 0)),
        one("the newer change stands: the right's", "a", "b", "c", BOTH, Rule.NEWEST, "update on the left: name = c (the newer change stands)", (0, 60)),
        one("times closer than the margin prove nothing", "a", "b", "c", BOTH, Rule.NEWEST, "conflict about name: both sides changed it differently, and its rule lacks what it needs to choose", (0, 5)),
        one("no time can be trusted", "a", "b", "c", BOTH, Rule.NEWEST, "conflict about name: both sides changed it differently, and its rule lacks what it needs to choose"),
        one("the larger stands", 1, 5, 7, BOTH, Rule.MAX, "update on the left: name = 7 (the larger value stands)"),
        one("the smaller stands", 1, 5, 7, BOTH, Rule.MIN, "update on the right: name = 5 (the smaller value stands)"),
        one("texts have no size", "a", "b", "c", BOTH, Rule.MAX, "conflict about name: both sides changed it differently, and its rule lacks what it needs to choose"),
        one("one way: the source changed", "a", "b", "a", TO_RIGHT, Rule.MANUAL, "update on the right: name = b (changed on the left only)"),
        one("one way: the target changed, and the difference stands", "a", "a", "b", TO_RIGHT, Rule.MANUAL, "taken note of, nothing is written"),
        one("one way: both changed", "a", "b", "c", TO_RIGHT, Rule.MANUAL, "conflict about name: both sides changed it differently"),
        one("its owner is on a side that is not written from", "a", "b", "c", TO_LEFT, Rule.LEFT, "taken note of, nothing is written"),
        one("observed: a change is taken note of", "a", "b", "a", OBSERVE, Rule.MANUAL, "taken note of, nothing is written"),
    )),
    Table("A field of records that were matched just now", "There is no last agreed value to say who changed.", (
        first("equal", "a", "a", BOTH, Rule.MANUAL, "taken note of, nothing is written"),
        first("different", "a", "b", BOTH, Rule.MANUAL, "conflict about name: the sides differed when they were first matched"),
        first("different, and nobody writes", "a", "b", OBSERVE, Rule.MANUAL, "taken note of, nothing is written"),
        first("the left owns it", "a", "b", BOTH, Rule.LEFT, "update on the right: name = a (its owner's value stands)"),
        first("its owner is on a side that is not written from", "a", "b", TO_RIGHT, Rule.RIGHT, "conflict about name: the sides differed when they were first matched"),
        first("empty on the left", None, "b", BOTH, Rule.MANUAL, "update on the left: name = b (one side had nothing)"),
        first("empty on the right", "a", "", BOTH, Rule.MANUAL, "update on the right: name = a (one side had nothing)"),
        first("empty where nobody writes", None, "b", TO_RIGHT, Rule.MANUAL, "conflict about name: the sides differed when they were first matched"),
        first("times say nothing of a first meeting", "a", "b", BOTH, Rule.NEWEST, "conflict about name: the sides differed when they were first matched"),
        first("the larger stands", 5, 7, BOTH, Rule.MAX, "update on the left: name = 7 (the larger value stands)"),
        first("sets are put together", words("x"), words("y"), BOTH, Rule.UNION, "update on the left: name = {x, y} (each side takes what the other added or dropped); then it is decided again"),
    )),
    Table("Sets and lines", "What both sides may change a part of is merged part by part.", (
        one("both added a word", words("x"), words("x", "l"), words("x", "r"), BOTH, Rule.UNION, "update on the left: name = {l, r, x} (each side takes what the other added or dropped); then it is decided again"),
        one("one added, the other dropped", words("x"), words("x", "l"), words(), BOTH, Rule.UNION, "update on the left: name = {l} (each side takes what the other added or dropped); then it is decided again"),
        one("one way: the target keeps its own", words("x"), words("x", "l"), words("x", "r"), TO_RIGHT, Rule.UNION, "update on the right: name = {l, r, x} (each side takes what the other added or dropped)"),
        one("without the rule, a set is one value", words("x"), words("l"), words("r"), BOTH, Rule.MANUAL, "conflict about name: both sides changed it differently"),
        one("a text is no set", "a", "b", "c", BOTH, Rule.UNION, "conflict about name: both sides changed it differently, and its rule lacks what it needs to choose"),
        several("each side changed another line", (_LINES,), ({"lines": lines(k1="1", k2="2")}, {"lines": lines(k1="9", k2="2")}, {"lines": lines(k1="1", k2="8")}), "update on the left: lines = [k1: 9, k2: 8] (each side takes the lines that the other changed); then it is decided again"),
        several("each side added a line", (_LINES,), ({"lines": lines(k1="1")}, {"lines": lines(k1="1", kl="2")}, {"lines": lines(k1="1", kr="3")}), "update on the left: lines = [k1: 1, kl: 2, kr: 3] (each side takes the lines that the other changed); then it is decided again"),
        several("both changed the same line", (_LINES,), ({"lines": lines(k1="1")}, {"lines": lines(k1="2")}, {"lines": lines(k1="3")}), "conflict about lines: both sides changed the same line differently"),
        several("one changed a line that the other dropped", (_LINES,), ({"lines": lines(k1="1")}, {"lines": lines(k1="2")}, {"lines": ()}), "conflict about lines: both sides changed the same line differently"),
    )),
    Table("Several fields", "Every unit is decided by itself; a group is one unit.", (
        several("different fields on both sides", (_NAME, _TOTAL), ({"name": "a", "total": 1}, {"name": "b", "total": 1}, {"name": "a", "total": 2}), "update on the left: total = 2 (changed on the right only); then it is decided again"),
        several("one field in conflict, another flows", (_NAME, _TOTAL), ({"name": "a", "total": 1}, {"name": "b", "total": 2}, {"name": "c", "total": 1}), "update on the right: total = 2 (changed on the left only); conflict about name: both sides changed it differently"),
        several("a group changes as one", _ADDRESS, ({"street": "s", "city": "c"}, {"street": "t", "city": "d"}, {"street": "s", "city": "c"}), "update on the right: street = t, city = d (changed on the left only)"),
        several("a group conflicts as one", _ADDRESS, ({"street": "s", "city": "c"}, {"street": "t", "city": "c"}, {"street": "s", "city": "d"}), "conflict about address: both sides changed it differently"),
    )),
    Table("A record of one side only", "It is created on the other side, or left alone.", (
        lone("a new record", A, flow(TO_RIGHT, _NAME), "create on the right: name = a (the record is new)"),
        lone("not against the mode", A, flow(TO_LEFT, _NAME), "out of scope: the flow creates nothing on the right"),
        lone("not where the flow creates nothing", A, flow(BOTH, _NAME, create=frozenset()), "out of scope: the flow creates nothing on the right"),
        lone("its status sends it on", {**A, "status": "ready"}, flow(TO_RIGHT, _NAME, select=_READY), "create on the right: name = a (the record is new)"),
        lone("its status does not yet", {**A, "status": "draft"}, flow(TO_RIGHT, _NAME, select=_READY), "out of scope: its status does not send it on yet"),
        lone("a person sends it all the same", A, flow(TO_RIGHT, _NAME, select=_READY), "create on the right: name = a (the record is new)", forced=True),
        lone("a person sends it, and it was voided", {**A, "status": "void"}, flow(TO_RIGHT, _NAME, select=_READY, posting=_POSTING), "out of scope: it is void", forced=True),
        lone("it was there before the first sync", {**A, "status": "ready"}, flow(TO_RIGHT, _NAME, select=_READY), "out of scope: it was there before the first sync", historical=True),
        lone("what the other side needs is empty", {"name": ""}, flow(TO_RIGHT, _REQUIRED), "quarantine: record.name is empty and the right side needs it"),
    )),
    Table("Removals", "Never without positive evidence. Here the left is gone; both last agreed on a.", (
        removed("the flow holds removals", _GONE, A, flow(BOTH, _NAME), "hold: removed on the left (its platform says so); the flow holds removals"),
        removed("it carries them over", _GONE, A, flow(BOTH, _NAME, deletes=Deletes.PROPAGATE), "delete on the right"),
        removed("it puts away", _GONE, A, flow(BOTH, _NAME, deletes=Deletes.ARCHIVE), "archive on the right; then it is decided again"),
        removed("not against the mode", _GONE, A, flow(TO_LEFT, _NAME, deletes=Deletes.PROPAGATE), "hold: removed on the left (its platform says so); the flow removes nothing on the right"),
        removed("never a posted document", _GONE, A, flow(BOTH, _NAME, deletes=Deletes.PROPAGATE, create_only=True), "hold: removed on the left (its platform says so); the flow removes nothing on the right"),
        removed("the right was edited: the edit wins", _GONE, B, flow(BOTH, _NAME, deletes=Deletes.PROPAGATE), "create on the left: name = b (the record is new)"),
        removed("the right was edited, the removal wins", _GONE, B, flow(BOTH, _NAME, deletes=Deletes.PROPAGATE, edited=EditedMeanwhile.REMOVAL_WINS), "delete on the right"),
        removed("the right was edited, a person decides", _GONE, B, flow(BOTH, _NAME, deletes=Deletes.PROPAGATE, edited=EditedMeanwhile.HOLD), "hold: removed on the left (its platform says so), edited on the other side"),
        Row("nothing was ever agreed on", PairView(_GONE, A, None, None), flow(BOTH, _NAME, deletes=Deletes.PROPAGATE), "hold: removed on the left (its platform says so) before both sides had agreed on anything"),
        removed("it was merged into one that has its own partner", _MERGED, A, flow(BOTH, _NAME, deletes=Deletes.PROPAGATE), "hold: removed on the left (merged into 17); 17 has, or may have, its own partner: merge them there as well"),
        removed("gone on both sides", _GONE, _GONE, flow(BOTH, _NAME), "gone: its platform says so"),
    )),
    Table("Posted documents", "Corrected by an action in the ledger (here the right), never by an edit.", (
        several("created once: its source changed", (_NAME,), (A, B, A), "conflict about name: a posted document changed at its source", mode=TO_RIGHT, create_only=True),
        several("created once: the ledger changed", (_NAME,), (A, A, B), "taken note of, nothing is written", mode=TO_RIGHT, create_only=True),
        several("not posted yet: the source may edit", (_NAME,), (A, B, {**A, "status": "draft"}), "update on the right: name = b (changed on the left only)", posting=_POSTING),
        several("posted: the ledger's change goes back", (_NAME,), (A, A, {**B, "status": "posted"}), "update on the left: name = b (its owner's value stands)", posting=_POSTING),
        several("posted: the source's change is for a person", (_NAME,), (A, B, {**A, "status": "posted"}), "conflict about name: a posted document changed at its source", posting=_POSTING),
        several("voided at its source", (_NAME,), (A, {**A, "status": "void"}, {**A, "status": "posted"}), "void on the right", posting=_POSTING),
        several("void on both sides", (_NAME,), (A, {**B, "status": "void"}, {**A, "status": "void"}), "taken note of, nothing is written: it is void", posting=_POSTING),
        several("voided in the ledger alone", (_NAME,), (A, A, {**A, "status": "void"}), "hold: it is void on the right and lives on the left", posting=_POSTING),
    )),
    Table("What a person said of a conflict", "Last agreed a, left b, right c. It holds for these values only.", (
        decided("take the left", Take.LEFT, "update on the right: name = b (a person decided)"),
        decided("take the right", Take.RIGHT, "update on the left: name = c (a person decided)"),
        decided("take the last agreed", Take.BASE, "update on the left: name = a (a person decided); then it is decided again"),
        decided("take a typed value", Take.VALUE, "update on the left: name = d (a person decided); then it is decided again", typed="d"),
        decided("the right has changed since", Take.LEFT, "conflict about name: both sides changed it differently; the person's word on name is refused", right="e"),
        decided("take the right where the flow does not write to the left", Take.RIGHT, "taken note of, nothing is written", mode=TO_RIGHT),
    )),
)  # fmt: skip
