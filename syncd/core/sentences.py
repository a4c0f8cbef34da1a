"""A policy told in sentences, so that a person can say whether it is what was meant. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from syncd.core.merge import rule_of, unit_name, units
from syncd.core.model import Side
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

Names = Mapping[Side, str]
"""What people call the two sides: their connections."""


def sentences(policy: FlowPolicy, names: Names) -> list[str]:
    """What one flow does, most important first. ``names``: of the two connections."""
    told = [_direction(policy, names)]
    if policy.mode is not Mode.OBSERVE:
        told += [_creates(policy, names), *_documents(policy, names), *_rules(policy, names)]
        told += [_removals(policy, names), *_acknowledgements(policy)]
    return [*told, _brakes(policy)]


def _direction(policy: FlowPolicy, names: Names) -> str:
    left, right = names[Side.LEFT], names[Side.RIGHT]
    ways = {
        Mode.OBSERVE: f"reads both {left} and {right} and writes to neither",
        Mode.LEFT_TO_RIGHT: f"carries changes from {left} to {right}, never back",
        Mode.RIGHT_TO_LEFT: f"carries changes from {right} to {left}, never back",
        Mode.BOTH: f"carries changes between {left} and {right}, both ways",
    }
    return f"The {policy.entity} flow {ways[policy.mode]}."


def _creates(policy: FlowPolicy, names: Names) -> str:
    if not policy.create:
        return "It creates nothing: records are only kept equal where both sides have them."
    where = " and ".join(names[side] for side in Side if side in policy.create)
    said = f"A record that only the other side has is created in {where}"
    if not policy.select:
        return f"{said}."
    old = "" if policy.post_existing else "; those that were so before the first sync are left alone"
    return f"{said} once {_shows(policy.select)}{old}."


def _shows(wanted: Mapping[str, frozenset[str]]) -> str:
    return " and ".join(f"its {name} is {_either(sorted(values))}" for name, values in sorted(wanted.items()))


def _either(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"


def _documents(policy: FlowPolicy, names: Names) -> list[str]:
    if policy.posting is not None:
        return _posting(policy.posting, names)
    if policy.create_only:
        return [
            "It is a posted document: created once and never edited on the other side; if it changes at its "
            "source afterwards, a person decides."
        ]
    return []


def _posting(posting: Posting, names: Names) -> list[str]:
    ledger, source = names[posting.ledger], names[posting.ledger.other]
    since = f"It is posted as soon as it stands in {ledger}. From then on"
    if posting.posted:
        since = f"Until it is posted both sides may edit it; once {_shows(posting.posted)} in {ledger},"
    told = [
        f"{since} {ledger} owns it: its changes go back to {source} where the flow writes there, and a "
        f"change in {source} is for a person."
    ]
    if posting.void:
        how = f"{posting.action} {posting.argument}".strip()
        done = f"voided in {ledger} by the action {how!r}, once" if posting.action else "held for a person"
        told.append(f"When {_shows(posting.void)} in {source}, it is {done}.")
    return told


_RULES: Mapping[Rule, str] = {
    Rule.NEWEST: "the newer change stands, where both sides' times can be trusted; else a person decides",
    Rule.UNION: "each side takes what the other added or dropped",
    Rule.MAX: "the larger value stands",
    Rule.MIN: "the smaller value stands",
    Rule.IMMUTABLE: "it may be set once; any later change is for a person",
    Rule.MANUAL: "a person decides",
}


def _rules(policy: FlowPolicy, names: Names) -> list[str]:
    """One sentence per rule, with the units it holds for."""
    by_rule: dict[Rule, list[str]] = defaultdict(list)
    for unit in units(policy):
        by_rule[rule_of(unit)].append(_unit(unit))
    told = []
    for rule in Rule:
        if rule not in by_rule:
            continue
        of = ", ".join(by_rule[rule])
        if rule in (Rule.LEFT, Rule.RIGHT):
            told.append(f"{names[Side(rule.value)]} owns {of}: its value stands, whoever changed it.")
        else:
            told.append(f"If both sides change one of {of} differently: {_RULES[rule]}.")
    told += [_lines(f, alone=not f.group) for f in policy.fields if f.kind is Kind.LINES]
    return told


def _unit(unit: tuple[FieldPolicy, ...]) -> str:
    name = unit_name(unit)
    return name if len(unit) == 1 else f"{name} ({', '.join(f.name for f in unit)} together)"


def _lines(f: FieldPolicy, *, alone: bool) -> str:
    if f.key and alone:
        return f"The {f.name} are merged one by one, known by their {f.key}."
    return f"The {f.name} are one value: they change, win and conflict as a whole."


def _removals(policy: FlowPolicy, names: Names) -> str:
    if policy.deletes is Deletes.HOLD or policy.create_only or policy.posting is not None:
        return "A record that is removed on one side is held on the other, until a person decides."
    does = "put away" if policy.deletes is Deletes.ARCHIVE else "removed"
    where = " and ".join(names[side] for side in Side if policy.mode.writes(side))
    edits = {
        EditedMeanwhile.EDIT_WINS: "if it was edited meanwhile, the edit wins and it is made anew",
        EditedMeanwhile.REMOVAL_WINS: "also if it was edited meanwhile",
        EditedMeanwhile.HOLD: "if it was edited meanwhile, a person decides",
    }
    return f"A record that is removed on one side is {does} in {where}; {edits[policy.edited]}."


def _acknowledgements(policy: FlowPolicy) -> list[str]:
    told = []
    for when, steps in (
        ("Once it is posted", policy.acknowledge.posted),
        ("If it is refused", policy.acknowledge.rejected),
    ):
        if steps:
            does = ", then ".join(f"{action} {argument!r}" for action, argument in steps)
            told.append(f"{when}, its source is told: {does}.")
    return told


def _brakes(policy: FlowPolicy) -> str:
    at = policy.limits
    return (
        f"It stops itself when more than {at.deletes_count} records and {at.deletes_share:.0%} of all "
        f"disappear, when more than {at.changed_floor} and {at.changed_share:.0%} of all would be rewritten "
        f"({at.policy_changed_share:.0%} after a change of map, policy or crosswalk), or when one record is "
        f"written {at.writes_per_record_hour} times within an hour."
    )
