"""One seed's world as plain data: which flows and rules, what the two products are like, how bad it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random

from syncd.connectors.memory import Behaviour, Manner
from syncd.core.crossing import Table
from syncd.core.model import Side
from syncd.core.policy import Acknowledge, Deletes, FlowPolicy, Mode, Rule
from syncd.entities import ENTITIES
from tests.sim.checker import Expected
from tests.sim.truth import SIDES

PENDING = "pending_accounting"
TOLD = Acknowledge(
    posted=(("set_external_id", "{key}"), ("set_status", "processed")),
    rejected=(("set_status", "failed"), ("comment", "{reason}")),
)
_UNITS = {"name": ("name",), "phone": ("phone",), "email": ("email",)}
_ADDRESS = ("street", "city", "state", "postal_code")
TABLES: Mapping[str, Table] = {"gl_account": Table.of((), None, "4000")}


@dataclass(frozen=True, slots=True)
class Settings:
    """What one seed is about."""

    entities: tuple[str, ...]
    policies: Mapping[str, FlowPolicy]
    expected: Mapping[str, Expected]
    behaviours: Mapping[str, Behaviour]
    manners: Mapping[str, Manner]
    write_rate: float
    read_rate: float
    disk_rate: float
    late_s: float
    latency_s: float
    reads_wait: bool
    hints: bool
    crashes: int
    events: int
    matched: bool
    """Whether records are also recognised by their numbers; else the intents alone prevent doubles."""
    rules: Mapping[str, str] = field(default_factory=dict)
    lookalikes: bool = False
    """Whether customers are called nearly the same: some are the same one, some are not."""
    hasty: bool = False
    """Whether people like to save a record right after we looked at it."""


def draw(random: Random) -> Settings:
    """The settings of one seed."""
    entities = random.choices(
        (
            ("customer",),
            ("customer", "invoice"),
            ("customer", "location"),
            ("customer", "invoice", "payment"),
        ),
        (5, 5, 2, 1),
    )[0]
    matched = random.random() < 0.4
    rules = _rules(random)
    deletes = random.choice((Deletes.HOLD, Deletes.PROPAGATE))
    mode = random.choices((Mode.BOTH, Mode.LEFT_TO_RIGHT, Mode.RIGHT_TO_LEFT), (8, 1, 1))[0]
    if "invoice" in entities and mode is Mode.RIGHT_TO_LEFT:
        mode = Mode.BOTH
    policies, expected = {}, {}
    for entity in entities:
        policies[entity], expected[entity] = _policy(entity, mode, matched, rules, deletes)
    late_s = random.choice((0.0, 5.0, 40.0))
    lag_s = random.choice((0.0, 0.0, 0.0, 4.0, 20.0))
    latency_s = random.choice((0.0, 0.5, 2.0))
    trusted = "newest" in rules.values()
    behaviours = {side: _behaviour(random, lag_s, trusted) for side in SIDES}
    settle_s = late_s + lag_s + 10 * latency_s + 5.0
    manners = {
        side: Manner(
            concurrency=random.choice((1, 2, 4)),
            overlap_s=120.0,
            settle_s=settle_s,
            settle_provenance="measured",
        )
        for side in SIDES
    }
    calm = random.random() < 0.15
    return Settings(
        entities=entities,
        policies=policies,
        expected=expected,
        behaviours=behaviours,
        manners=manners,
        write_rate=0.0 if calm else random.choice((0.1, 0.25, 0.5)),
        read_rate=0.0 if calm else random.choice((0.0, 0.05, 0.15)),
        disk_rate=random.choice((0.0, 0.0, 0.0, 0.01)),
        late_s=late_s,
        latency_s=latency_s,
        reads_wait=random.random() < 0.3,
        hints=random.random() < 0.4,
        crashes=random.choice((0, 0, 1, 2)),
        events=random.randint(3, 10),
        matched=matched,
        rules=rules,
        lookalikes=random.random() < 0.3,
        hasty=random.random() < 0.15,
    )


def _rules(random: Random) -> dict[str, str]:
    """unit -> left | right | newest; what is not named is for a person."""
    names = ("name", "phone", "email", "address")
    drawn = {name: random.choices(("manual", "left", "right", "newest"), (6, 1, 1, 1))[0] for name in names}
    return {name: rule for name, rule in drawn.items() if rule != "manual"}


def _behaviour(random: Random, lag_s: float, trusted: bool) -> Behaviour:
    return Behaviour(
        page_size=random.choice((1, 2, 3, 100)),
        lag_s=lag_s,
        native_key_life_s=random.choice((0.0, 0.0, 15.0, 3600.0)),
        conditional_write=random.random() < 0.5,
        delete_feed=random.random() < 0.7,
        returns_record=random.random() < 0.5,
        skew_s=0.0 if trusted else random.choice((0.0, 0.0, 600.0, -600.0)),
    )


def _policy(
    entity: str, mode: Mode, matched: bool, rules: Mapping[str, str], deletes: Deletes
) -> tuple[FlowPolicy, Expected]:
    kind = ENTITIES[entity]
    match = (("number",),) if matched else ()
    if entity == "invoice":
        policy = FlowPolicy(
            entity,
            Mode.LEFT_TO_RIGHT,
            kind.policies(),
            create=frozenset({Side.RIGHT}),
            match=match,
            select={"status": frozenset({PENDING})},
            create_only=True,
            acknowledge=TOLD,
        )
        return policy, Expected("left-to-right", posted=True)
    if entity == "payment":
        policy = FlowPolicy(entity, Mode.RIGHT_TO_LEFT, kind.policies(), create=frozenset({Side.LEFT}))
        return policy, Expected("right-to-left")
    ruled = {name: Rule(rule) for unit, rule in rules.items() for name in _UNITS.get(unit, _ADDRESS)}
    fields = tuple(
        replace(rule, rule=ruled[rule.name]) if rule.name in ruled else rule for rule in kind.policies()
    )
    create = frozenset(side for side in Side if mode.writes(side))
    policy = FlowPolicy(entity, mode, fields, create=create, match=match, deletes=deletes)
    return policy, Expected(mode.value, rules=rules, deletes=deletes.value)
