"""Static proof of a lens against a contract: every place it reads is there, fits, and is covered.

Proved per field: the path exists, every type the contract allows can be read, every value of a
closed set has a meaning, the unit is the one the lens takes it for, what may be null or missing is
not required, and what the platform demands of a new record is written. Stored samples are read
through the lens as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from monitor import paths, units
from monitor.contract import Contract, Field
from syncd.core.errors import RefuseRecord
from syncd.entities import ENTITIES
from syncd.entities.entity import CUSTOM
from syncd.mapping.atoms import Atom, Code, Lines
from syncd.mapping.entity_map import EntityMap
from syncd.ports import Finding

ERROR: Final = "error"
WARNING: Final = "warning"
OK: Final = "ok"

_EXAMPLES: Final[Mapping[str, Any]] = {
    "integer": 7,
    "number": 7.25,
    "boolean": True,
    "object": {},
    "array": [],
    "string": "seven",
}
_SPELLED: Final[Mapping[str, str]] = {
    "date-time": "2026-03-02T09:30:00Z",
    "date-time-local": "2026-03-02T09:30:00",
    "date": "2026-03-02",
    "time": "09:30:00",
    "hours-minutes": "09:30",
    "uuid": "0a1b2c3d-0000-4000-a000-000000000000",
    "decimal": "7.25",
    "digits": "7",
    "email": "a@example.test",
    "uri": "https://example.test/7",
    "date-slashed": "03/02/2026",
    "date-epoch-wrapped": "/Date(1772443800000)/",
}
"""A value in each spelling that a contract may name."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing a lens does at one place."""

    field: str
    path: str
    atom: Atom
    writable: bool
    required: bool


def readings(map_: EntityMap) -> tuple[Reading, ...]:
    """Everything the lens reads, lines included."""
    found: list[Reading] = []
    kind = ENTITIES.get(map_.entity)
    policies = {policy.name: policy for policy in kind.policies()} if kind is not None else {}
    for field in map_.fields:
        policy = policies.get(field.name)
        needed = policy is not None and policy.required
        name = f"{map_.entity}.{field.name}"
        found.append(Reading(name, field.path, field.atom, field.writable, needed))
        if isinstance(field.atom, Lines):
            below = {line.name: line for line in policy.lines} if policy is not None else {}
            for inner, key, atom in field.atom.fields:
                place = paths.below(paths.items(field.path), key)
                needed = inner in below and below[inner].required
                found.append(Reading(f"{name}.{inner}", place, atom, field.writable, needed))
    return tuple(found)


def prove(contract: Contract, map_: EntityMap) -> list[Finding]:
    """What is wrong between the two; one ``ok`` line where nothing is."""
    subject = f"{contract.platform}/{contract.operation}"
    found = [
        Finding(level, subject, message, remedy)
        for reading in readings(map_)
        for level, message, remedy in _proved(contract, reading)
    ]
    found += [Finding(ERROR, subject, message, remedy) for message, remedy in _demanded(contract, map_)]
    if not any(finding.level == ERROR for finding in found):
        places = len(readings(map_))
        found.append(Finding(OK, subject, f"{places} mapped places stand in the contract and fit"))
    return found


def unchecked(connection: str, platform: str, operation: str) -> Finding:
    """Nothing is known of what the operation answers: *unchecked* is not *ok*."""
    remedy = f"syncd contract learn {connection} {operation}"
    return Finding(WARNING, f"{platform}/{operation}", "unchecked: there is no contract", remedy)


def unread(contract: Contract) -> Finding:
    """A file of the site's own that says nothing to anybody: misspelt, perhaps."""
    subject = f"{contract.platform}/{contract.operation}"
    remedy = "its folder is a platform's name, its own a kind of record that a connection has"
    return Finding(WARNING, subject, "no connection of this site reads it", remedy)


def replay(contract: Contract, map_: EntityMap, samples: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Read every stored sample through the lens."""
    subject = f"{contract.platform}/{contract.operation}"
    found: list[Finding] = []
    count = 0
    for count, sample in enumerate(samples, 1):
        try:
            map_.get(sample)
        except RefuseRecord as wrong:
            found.append(Finding(ERROR, subject, f"sample {count}: {wrong.message}", wrong.remedy))
    if count and not found:
        found.append(Finding(OK, subject, f"{count} stored samples read through the lens"))
    return found


def _proved(contract: Contract, reading: Reading) -> Iterator[tuple[str, str, str]]:
    at, name = repr(reading.path), reading.field
    field = contract.fields.get(reading.path)
    if field is None:
        if _may_hold(contract, reading.path):
            return
        if f".{CUSTOM}" in name:
            remedy = "it is checked once the connection's own records were seen"
            yield WARNING, f"{name} reads {at}, a customer's own field: unchecked", remedy
            return
        remedy = "map the field elsewhere, or accept the contract that shows the place"
        yield ERROR, f"{name} reads {at}, which the contract does not know", remedy
        return
    for wrong in _unreadable(field, reading.atom):
        yield ERROR, f"{name} cannot read {at}: {wrong}", "change the lens to what the contract says"
    if not units.fits(field.unit, reading.atom):
        wrong = f"{name} takes {at} for {units.of(reading.atom)}, and the contract says {field.unit}"
        yield ERROR, wrong, "convert it in the lens, or mend the contract's x-unit"
    if reading.required and field.nullable and field.types:
        yield WARNING, f"{name} is required, and {at} may be null", "records with a null there are refused"
    if reading.writable and contract.read_only(reading.path):
        yield ERROR, f"{name} writes {at}, which the platform does not take", "make the field read only"
    yield from _covered(field, reading)


def _covered(field: Field, reading: Reading) -> Iterator[tuple[str, str, str]]:
    if not isinstance(reading.atom, Code):
        return
    values = field.enum if field.enum is not None else field.known_values
    missing = [value for value in values if value is not None and value not in reading.atom.words]
    if missing:
        told = ", ".join(map(repr, missing))
        remedy = "give each a word in the lens (or in the site profile)"
        yield ERROR, f"{reading.field}: {field.path!r} may be {told}, which have no meaning here", remedy
    if not values:
        remedy = f"list its values in the contract: {field.path}: enum: [...]"
        yield WARNING, f"{reading.field} reads codes, and the contract lists none for {field.path!r}", remedy


def _unreadable(field: Field, atom: Atom) -> Iterator[str]:
    for kind in sorted(field.types):
        if kind == "null":
            continue
        example = _example(field, kind, atom)
        try:
            atom.get(example)
        except ValueError as wrong:
            yield f"{kind} there ({wrong})"


def _example(field: Field, kind: str, atom: Atom) -> Any:
    values = field.enum or field.known_values
    if values:
        fitting = [value for value in values if value is not None]
        if fitting:
            # an uncovered value is told of by itself
            return next((v for v in fitting if isinstance(atom, Code) and v in atom.words), fitting[0])
    if isinstance(atom, Code):
        return next(iter(atom.words), None)
    if kind == "string":
        return _SPELLED.get(field.format, _EXAMPLES["string"])
    return _EXAMPLES[kind]


def _may_hold(contract: Contract, path: str) -> bool:
    """Whether the place lies in a dynamic map or in something the contract leaves open."""
    above = paths.parent(path)
    while above:
        field = contract.fields.get(above)
        if field is not None:
            return above in contract.maps or not field.types
        above = paths.parent(above)
    return False


def _demanded(contract: Contract, map_: EntityMap) -> Iterator[tuple[str, str]]:
    """What a new record must carry, and no field of the lens writes."""
    demanded = contract.schema.get("x-required-to-create", ())
    written = [field.path for field in map_.fields if field.writable]
    if not written:
        return
    for path in demanded:
        if not any(paths.inside(own, path) or paths.inside(path, own) for own in written):
            message = f"the platform demands {path!r} of a new {map_.entity}, and the lens does not write it"
            yield message, "map a field to it, or let the connector give it as a fixed value"
