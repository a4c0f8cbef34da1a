"""A baseline from a connection: read some of what it has, learn its contract, keep scrubbed samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from xxhash import xxh3_64_hexdigest

from monitor import learning, paths, units
from monitor.contract import Contract, Provenance
from monitor.scrubbing import Scrubber
from monitor.shape import Shape
from syncd.core.policy import Kind
from syncd.entities import ENTITIES
from syncd.entities.job import Job
from syncd.mapping.atoms import Code, Day, LocalTime, Money, UnixDay, UnixTime
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Connector

SAMPLES: Final = 8
"""Samples kept of each operation at most: those that are built most differently ..."""
SAMPLES_MIN: Final = 3
"""... and at least, however alike they are built."""
VALUES_MAX: Final = 64
"""Values a place may have that a person calls enumerable."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of learning one operation."""

    contract: Contract
    shape: Shape
    samples: Sequence[Mapping[str, Any]]
    """Scrubbed."""

    @property
    def ready(self) -> bool:
        """Whether there were enough records for a baseline (one walk is one poll, however long)."""
        return self.shape.records >= learning.READY_RECORDS


@dataclass(frozen=True, slots=True)
class Gathered:
    """Records of one operation, as they came. They never leave the process."""

    platform: str
    lens: EntityMap
    seen: Mapping[str, Mapping[str, Any]]
    """By key and content: one record seen twice is one, and two tables may number alike."""
    secret: bytes

    def and_(self, other: Gathered) -> Gathered:
        """With what another connection shows of the same operation (another edition, say)."""
        return replace(self, seen={**self.seen, **other.seen})

    @property
    def records(self) -> Sequence[Mapping[str, Any]]:
        return list(self.seen.values())

    def shape(self) -> Shape:
        """What the records look like together."""
        shape = Shape(self.secret)
        for key, record in self.seen.items():
            shape.observe(record, key)
        return shape


async def gather(connector: Connector, entity: str, *, records: int, secret: bytes) -> Gathered:
    """Walk ``entity`` for up to ``records`` records. Writes nothing to the platform.

    ``secret``: random; keys the digests. Raises what the connector raises.
    """
    seen: dict[str, Mapping[str, Any]] = {}
    async for page in connector.pages(entity, since=None):
        for record in page.records:
            if not record.deleted and len(seen) < records:
                seen[f"{record.key} {xxh3_64_hexdigest(record.raw)}"] = msgspec.json.decode(record.raw)
        if len(seen) >= records:
            break
    able = connector.capabilities
    return Gathered(able.platform, able.entities[entity].map, seen, secret)


def conclude(
    found: Gathered, enumerable: Sequence[str], provenance: Provenance, known: Contract | None = None
) -> Learned:
    """The contract that the records support, told what the lens knows of it, and scrubbed samples.

    ``enumerable``: paths whose values may stand in the contract, on top of the codes that the lens knows
    and the sets that people wrote into the ``known`` contract.
    """
    declared = {f.path: f.enum for f in known.fields.values() if f.enum} if known is not None else {}
    closed = codes(found.lens) | declared | {path: _values(found.records, path) for path in enumerable}
    shape = found.shape()
    contract = learning.learned(
        shape,
        found.platform,
        found.lens.entity,
        entity=found.lens.entity,
        provenance=replace(provenance, records=shape.records),
        closed={path: values for path, values in closed.items() if values},
    )
    contract = with_roles(contract, found.lens)
    scrubber = Scrubber(contract, found.secret)
    samples = [scrubber.scrub(record) for record in _most_different(found.records)]
    return Learned(contract, shape, samples)


def codes(lens: EntityMap) -> dict[str, tuple[Any, ...]]:
    """The closed sets that the lens itself declares."""
    return {field.path: tuple(field.atom.words) for field in lens.fields if isinstance(field.atom, Code)}


def with_roles(contract: Contract, lens: EntityMap) -> Contract:
    """The contract with what the lens knows of its places: keys, cursors, references, amounts, units."""
    kind = ENTITIES.get(lens.entity)
    references = {p.name for p in kind.policies() if p.kind is Kind.REFERENCE} if kind is not None else set()
    words: dict[str, dict[str, str]] = {}
    for field in lens.fields:
        found = words.setdefault(field.path, {})
        if isinstance(field.atom, Money):
            found["x-role"] = "amount"
        elif isinstance(field.atom, Day | UnixDay | UnixTime | LocalTime):
            found["x-role"] = "date"
        if unit := units.of(field.atom):
            found["x-unit"] = unit
        if field.name in references:
            found["x-role"] = "reference"
        elif field.name == "status" and _moves_on(lens.entity):
            found["x-role"] = "status"
    if lens.modified:
        unit = units.of(lens.modified_atom) if lens.modified_atom is not None else ""
        words[lens.modified] = {"x-role": "cursor"} | ({"x-unit": unit} if unit else {})
    words[lens.key] = {"x-role": "key"}
    schema = msgspec.convert(contract.schema, dict[str, Any])
    for path, found in words.items():
        if path in contract.fields:
            schema = _with(schema, paths.steps(path), found)
    return replace(contract, schema=schema)


def _moves_on(entity: str) -> bool:
    """Whether such records pass through statuses, as documents and jobs do; a customer only has one."""
    kind = ENTITIES.get(entity)
    return kind is not None and (kind.posts or entity == Job.entity)


def _with(schema: Mapping[str, Any], steps: Sequence[str], words: Mapping[str, str]) -> dict[str, Any]:
    if not steps:
        return {**schema, **words}
    first, rest = steps[0], steps[1:]
    if first == paths.ITEMS:
        return {**schema, "items": _with(schema["items"], rest, words)}
    below = schema["properties"]
    return {**schema, "properties": {**below, first: _with(below[first], rest, words)}}


def _values(seen: Sequence[Mapping[str, Any]], path: str) -> tuple[Any, ...]:
    steps = paths.steps(path)
    found = {
        value for record in seen for value in paths.values(record, steps) if isinstance(value, str | int)
    }
    return tuple(sorted(found, key=str)) if len(found) <= VALUES_MAX else ()


def _most_different(seen: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Records that together show as many places as possible, the richest first; a few in any case."""
    shown: set[str] = set()
    chosen: list[Mapping[str, Any]] = []
    places = [(record, frozenset(_places(record, ""))) for record in seen[:500]]
    while places and len(chosen) < SAMPLES:
        best = max(places, key=lambda each: len(each[1] - shown))
        if not best[1] - shown and len(chosen) >= SAMPLES_MIN:
            break
        shown |= best[1]
        chosen.append(best[0])
        places.remove(best)
    return chosen


def _places(value: Any, path: str) -> list[str]:
    """Paths with the types they show: a null and a text in one place are two builds."""
    if isinstance(value, Mapping):
        inside = [p for name, inner in value.items() for p in _places(inner, paths.below(path, name))]
        return [path, *inside]
    if isinstance(value, list):
        many = [f"{path} {'none' if not value else 'some'}"]
        return many + [p for item in value for p in _places(item, paths.items(path))]
    return [f"{path} {type(value).__name__}"]
