"""One seed's world as plain data: which flows and rules, what the two products are like, how bad it gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from syncd.connectors.memory import Behaviour, Manner
from syncd.core.crossing import Table
from syncd.core.model import Side
from syncd.core.policy import Acknowledge, Deletes, FlowPolicy, Limits, Mode, Posting, Rule
from syncd.engine.flow_run import BATCH
from syncd.entities import ENTITIES
from tests.sim.expected import Expected
from tests.sim.truth import SIDES

PENDING = "pending_accounting"
REMOVED_MOST = 1
"""In a world with tight brakes: how many records may disappear in one plan ..."""
REWRITTEN_MOST = 2
"""... and how many may be rewritten."""
_TIGHT = Limits(
    deletes_count=REMOVED_MOST,
    deletes_share=0.0,
    changed_share=0.0,
    changed_floor=REWRITTEN_MOST,
    policy_changed_share=0.0,
)
_VOID = {"status": frozenset({"void"})}
_POSTED_AT_ONCE = Posting(Side.RIGHT, void=_VOID, voided=_VOID)
"""As the main job has it: what was voided is for the ledger's people to void as well."""
_POSTING = replace(
    _POSTED_AT_ONCE,
    posted={"status": frozenset({"processed"})},
    action="set_status",
    argument="void",
)
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
    drafted: bool = False
    """Whether documents are edited on both sides until the ledger posts them."""
    voided: bool = False
    """Whether documents, posted as soon as they stand in the ledger, may be voided afterwards."""
    merges: bool = False
    """Whether people merge customers."""
    budget: int | None = None
    """Writes an hour; None: as many as there are."""
    tight: bool = False
    """Whether a brake stops already a few records at once."""
    wordy: bool = False
    """Whether people enter names that are longer than the ledger can hold."""
    long_standing: bool = False
    """Whether what stands there first is older than any walk reads back, and is listed in small pages."""
    stormy: bool = False
    """Whether the platforms have minutes in which nearly every write fails."""
    batch: int = BATCH
    """How many pairs are decided in one go: where there are few, a plan has several batches all the same."""
    amended: Settings | None = None
    """The same with other policies, to which operators change in the course of the day."""

    @property
    def papers_change(self) -> bool:
        """Whether people still lay hands on documents once they stand on both sides."""
        return self.drafted or self.voided


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
    settings = Settings(
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
    return _with_more(random, settings)


def _with_more(random: Random, settings: Settings) -> Settings:
    """What only some worlds have. Drawn last, so that the others stay as they were."""
    entities = settings.entities
    settings = replace(
        settings,
        drafted="invoice" in entities and random.random() < 0.4,
        merges=random.random() < 0.2,
        budget=random.choice((3, 6, 10)) if random.random() < 0.12 else None,
        tight=random.random() < 0.12,
    )
    if settings.drafted or settings.merges or settings.tight or settings.budget:
        settings = replace(settings, events=settings.events + 5)
    if settings.drafted:
        settings = _with(settings, *_drafted(settings.policies["invoice"], told=random.random() < 0.5))
    if settings.tight:
        tight = replace(settings.policies["customer"], limits=_TIGHT)
        settings = _with(settings, tight, settings.expected["customer"])
    if random.random() < 0.15:
        settings = replace(settings, amended=_amended(random, settings))
    settings = replace(settings, wordy=random.random() < 0.2)
    if random.random() < 0.15:
        settings = _with_behaviour(settings, page_size=random.choice((1, 2)))
        settings = replace(settings, long_standing=True)
    if random.random() < 0.1:
        # keys that live for one repeat, not for two
        settle_s = settings.manners[SIDES[0]].settle_s
        settings = _with_behaviour(settings, native_key_life_s=2.5 * (settle_s or 0.0))
        settings = replace(settings, stormy=True, events=settings.events + 3)
    if random.random() < (0.5 if settings.tight else 0.05):
        settings = replace(settings, batch=random.choice((1, 2)))
    if "invoice" in entities and not settings.drafted and random.random() < 0.5:
        settings = _voided(replace(settings, events=settings.events + 3))
        if settings.amended:
            settings = replace(settings, amended=_voided(settings.amended))
    return settings


def _with_behaviour(settings: Settings, **changes: Any) -> Settings:
    behaviours = {side: replace(one, **changes) for side, one in settings.behaviours.items()}
    return replace(settings, behaviours=behaviours)


def _with(settings: Settings, policy: FlowPolicy, expected: Expected) -> Settings:
    return replace(
        settings,
        policies={**settings.policies, policy.entity: policy},
        expected={**settings.expected, policy.entity: expected},
    )


def _drafted(policy: FlowPolicy, *, told: bool) -> tuple[FlowPolicy, Expected]:
    both = replace(
        policy,
        mode=Mode.BOTH,
        create_only=False,
        posting=_POSTING,
        acknowledge=TOLD if told else Acknowledge(),
    )
    return both, Expected("both", drafted=True)


def _voided(settings: Settings) -> Settings:
    policy = replace(settings.policies["invoice"], create_only=False, posting=_POSTED_AT_ONCE)
    return replace(_with(settings, policy, settings.expected["invoice"]), voided=True)


def _amended(random: Random, settings: Settings) -> Settings:
    """Other rules, another way, other deletes for what is no document."""
    rules = _rules(random)
    deletes = random.choice((Deletes.HOLD, Deletes.PROPAGATE))
    mode = random.choice((Mode.BOTH, Mode.BOTH, Mode.LEFT_TO_RIGHT))
    for entity in settings.entities:
        if entity in ("customer", "location"):
            policy, expected = _policy(entity, mode, settings.matched, rules, deletes)
            policy = replace(policy, limits=settings.policies[entity].limits)
            settings = _with(settings, policy, expected)
    return replace(settings, rules=rules)


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
