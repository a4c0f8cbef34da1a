"""A link as the engine runs it: its two open connections and its flows, parents first. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b

from syncd.core.crossing import Table
from syncd.core.model import Side
from syncd.core.plan import parents_first
from syncd.core.policy import FieldPolicy, FlowPolicy, Kind
from syncd.entities import ENTITIES, Entity
from syncd.mapping.atoms import Lines
from syncd.ports import UNWATCHED, Connector, EntitySpec, Guard, Tap


@dataclass(frozen=True, slots=True)
class End:
    """One side of a link."""

    connection: str
    connector: Connector
    tap: Tap = UNWATCHED
    """Told of every record that is new to us."""
    guard: Guard = UNWATCHED
    """Asked before anything is decided about a record."""


@dataclass(frozen=True)
class FlowSetup:
    """One entity kept in step between the two ends."""

    link: str
    entity: str
    policy: FlowPolicy
    tables: Mapping[str, Table]
    ends: Mapping[Side, End]
    specs: Mapping[Side, EntitySpec]
    """Only the sides whose platform has the entity; a flow with one side only observes."""

    @property
    def kind(self) -> type[Entity]:
        return ENTITIES[self.entity]

    def widths(self) -> dict[Side, dict[str, int]]:
        """How much text each side can hold, by field."""
        return self._widths

    def fingerprint(self) -> str:
        """Of everything a decision depends on, apart from the records."""
        return self._fingerprint

    # a setup never changes, and both are asked for in every cycle

    @cached_property
    def _widths(self) -> dict[Side, dict[str, int]]:
        return {side: spec.map.widths() for side, spec in self.specs.items()}

    @cached_property
    def _fingerprint(self) -> str:
        parts = [self.policy.fingerprint(), repr(sorted(self.tables.items()))]
        parts += [f"{side}={spec.map.fingerprint()}" for side, spec in sorted(self.specs.items())]
        return blake2b("|".join(parts).encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class LinkSetup:
    """A customer's set of flows between two connections: what one worker owns at a time."""

    name: str
    ends: Mapping[Side, End]
    flows: tuple[FlowSetup, ...]

    def flow(self, entity: str) -> FlowSetup | None:
        return next((f for f in self.flows if f.entity == entity), None)


def link_setup(
    name: str, ends: Mapping[Side, End], policies: Mapping[str, FlowPolicy], tables: Mapping[str, Table]
) -> LinkSetup:
    """Lay the policies over what the two platforms really carry."""
    order = parents_first({entity: ENTITIES[entity].references() for entity in policies})
    # a kind of record that one side does not have is never paired: waiting for it would have no end
    offered = [end.connector.capabilities.entities.keys() for end in ends.values()]
    pairable = frozenset(policies).intersection(*offered)
    flows = []
    for entity in order:
        specs = {
            side: end.connector.capabilities.entities[entity]
            for side, end in ends.items()
            if entity in end.connector.capabilities.entities
        }
        policy = restrict(policies[entity], specs, tables, pairable)
        flows.append(FlowSetup(name, entity, policy, tables, ends, specs))
    return LinkSetup(name, ends, tuple(flows))


def restrict(
    policy: FlowPolicy,
    specs: Mapping[Side, EntitySpec],
    tables: Mapping[str, Table],
    entities: frozenset[str],
) -> FlowPolicy:
    """Only the fields that can cross: carried by both platforms, or given by a crosswalk's default."""
    if len(specs) < len(Side):
        return policy
    names = {side: {f.name for f in spec.map.fields} for side, spec in specs.items()}
    shared = names[Side.LEFT] & names[Side.RIGHT]
    either = names[Side.LEFT] | names[Side.RIGHT]
    lines = {side: _line_names(spec) for side, spec in specs.items()}
    fields = []
    for rule in policy.fields:
        coded = rule.kind is Kind.CROSSWALK and rule.target in tables and rule.name in either
        unknown = rule.kind is Kind.REFERENCE and rule.target not in entities
        if (rule.name in shared or coded) and not unknown:
            fields.append(_restrict_lines(rule, lines, tables, entities))
    return replace(policy, fields=tuple(fields))


def _line_names(spec: EntitySpec) -> frozenset[str]:
    return frozenset(
        name for field in spec.map.fields if isinstance(field.atom, Lines) for name, _, _ in field.atom.fields
    )


def _restrict_lines(
    rule: FieldPolicy,
    lines: Mapping[Side, frozenset[str]],
    tables: Mapping[str, Table],
    entities: frozenset[str],
) -> FieldPolicy:
    if rule.kind is not Kind.LINES:
        return rule
    either = lines[Side.LEFT] | lines[Side.RIGHT]
    shared = lines[Side.LEFT] & lines[Side.RIGHT]
    kept = tuple(
        line
        for line in rule.lines
        if (line.name in shared and (line.kind is not Kind.REFERENCE or line.target in entities))
        or (line.kind is Kind.CROSSWALK and line.target in tables and line.name in either)
    )
    # lines have an identity only where both platforms keep what they are known by
    key = rule.key if any(line.name == rule.key for line in kept) else ""
    return replace(rule, lines=kept, key=key)
