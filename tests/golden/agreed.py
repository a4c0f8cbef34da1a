"""What a story's first lines agree on: flows, their rules, what the two products are like."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from syncd.connectors.memory import Behaviour
from syncd.core.crossing import Table
from syncd.core.model import Side
from syncd.core.policy import (
    Acknowledge,
    Deletes,
    EditedMeanwhile,
    FlowPolicy,
    Limits,
    Mode,
    Posting,
    Rule,
)
from syncd.entities import ENTITIES
from tests.golden.parser import BadStory

_MODES = {
    "both": Mode.BOTH,
    "to ledger": Mode.LEFT_TO_RIGHT,
    "to field": Mode.RIGHT_TO_LEFT,
    "observe": Mode.OBSERVE,
}
_SIDES = {"field": Side.LEFT, "ledger": Side.RIGHT}
_DELETES = {"held": Deletes.HOLD, "carried": Deletes.PROPAGATE, "archived": Deletes.ARCHIVE}
_TOLD = Acknowledge(
    posted=(("set_external_id", "{key}"), ("set_status", "processed")),
    rejected=(("set_status", "failed"), ("comment", "{reason}")),
)

_VOIDED = Posting(
    Side.RIGHT,
    void={"status": frozenset({"void"})},
    voided={"status": frozenset({"void"})},
    action="set_status",
    argument="void",
)


def phrases(options: str) -> list[str]:
    return [phrase.strip() for phrase in options.split(";") if phrase.strip()]


def policy(kind: str, mode: str, options: list[str], place: str) -> FlowPolicy:
    """A flow with the kind's defaults and what the story says of it. Raises ``BadStory``."""
    of = ENTITIES[kind]
    chosen = _MODES[mode]
    create = frozenset(side for side in Side if chosen.writes(side))
    plain = FlowPolicy(kind, chosen, of.policies(), create=create, match=of.match)
    return changed(plain, options, place)


_PHRASES: dict[str, Callable[[FlowPolicy, re.Match[str]], FlowPolicy]] = {
    r"when (\w+) is (.+)": lambda flow, m: replace(flow, select={m[1]: frozenset(m[2].split(" or "))}),
    r"matched by nothing": lambda flow, _: replace(flow, match=()),
    r"created once": lambda flow, _: replace(flow, create_only=True),
    r"also what was there before": lambda flow, _: replace(flow, post_existing=True),
    r"the source is told": lambda flow, _: replace(flow, acknowledge=_TOLD),
    r"nothing is created in (field|ledger)": lambda flow, m: replace(
        flow, create=flow.create - {_SIDES[m[1]]}
    ),
    r"deletions are (held|carried|archived)": lambda flow, m: replace(flow, deletes=_DELETES[m[1]]),
    r"the removal wins": lambda flow, _: replace(flow, edited=EditedMeanwhile.REMOVAL_WINS),
    r"the ledger owns it once posted": lambda flow, _: replace(flow, posting=Posting(Side.RIGHT)),
    r"a void is carried over": lambda flow, _: replace(flow, posting=_VOIDED),
    r"a void is carried over, which the ledger never shows": lambda flow, _: replace(
        flow, posting=replace(_VOIDED, voided={})
    ),
    r"at most (\d+) changes at once": lambda flow, m: replace(
        flow, limits=Limits(changed_floor=int(m[1]), changed_share=0.1)
    ),
    r"at most (\d+) deletions at once": lambda flow, m: replace(
        flow, limits=Limits(deletes_count=int(m[1]), deletes_share=0.01)
    ),
}


def changed(plain: FlowPolicy, options: list[str], place: str) -> FlowPolicy:
    """The same flow with other rules. Raises ``BadStory``."""
    for phrase in options:
        plain = _with(plain, phrase, place)
    return plain


def _with(flow: FlowPolicy, phrase: str, place: str) -> FlowPolicy:
    for pattern, change in _PHRASES.items():
        if found := re.fullmatch(pattern, phrase):
            return change(flow, found)
    if found := re.fullmatch(r"(\w+) by ([\w-]+)", phrase):
        return _ruled(flow, found[1], found[2], place)
    raise BadStory(f"{place}: no such rule: {phrase!r}")


def _ruled(flow: FlowPolicy, field: str, rule: str, place: str) -> FlowPolicy:
    rules = {"field": Rule.LEFT, "ledger": Rule.RIGHT} | {rule.value: rule for rule in Rule}
    members = [f.name for f in flow.fields if field in (f.name, f.group)]
    if rule not in rules or not members:
        raise BadStory(f"{place}: no such rule or field: {field!r} by {rule!r}")
    ruled = tuple(replace(f, rule=rules[rule]) if f.name in members else f for f in flow.fields)
    return replace(flow, fields=ruled)


def behaviour(now: Behaviour, trait: str, place: str) -> Behaviour:
    """What a product is like. Raises ``BadStory``."""
    traits: dict[str, Behaviour] = {
        "announces deletions": replace(now, delete_feed=True),
        "checks versions": replace(now, conditional_write=True),
        "answers a repeated request only once": replace(now, native_key_life_s=3600.0),
        "forgets its idempotency keys after 10 seconds": replace(now, native_key_life_s=10.0),
        "shows listings 20 seconds late": replace(now, lag_s=20.0),
        "posts what it takes in 45 seconds later": replace(now, posts_after_s=45.0),
        "answers with a number only": replace(now, returns_record=False),
        "lists two records a page": replace(now, page_size=2),
        "names its lines": replace(now, line_keys=True),
        "has its clock ten minutes ahead": replace(now, skew_s=600.0),
    }
    if trait not in traits:
        raise BadStory(f"{place}: no such product: {trait!r}; known: {', '.join(traits)}")
    return traits[trait]


def crosswalk(rows: str, place: str) -> Table:
    """``HVAC = 100, PLUMB = 200; else 900`` (field = ledger)."""
    listed, _, fallback = rows.partition("; else ")
    pairs = []
    for row in listed.split(", "):
        left, equals, right = row.partition(" = ")
        if not equals:
            raise BadStory(f"{place}: not 'field code = ledger code': {row!r}")
        pairs.append((left.strip(), right.strip()))
    return Table.of(tuple(pairs), None, fallback or None)
