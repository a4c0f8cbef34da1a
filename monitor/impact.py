"""What a drift hits: the mapped fields, flows and customers that depend on the place.

Roles come from the lenses: what a lens reads and writes, and how much a ledger depends on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from monitor import paths
from monitor.contract import Contract
from monitor.severity import Role
from syncd.core.policy import FieldPolicy, Kind
from syncd.entities import ENTITIES
from syncd.mapping.atoms import Code, Lines, Money
from syncd.mapping.entity_map import EntityMap

_LEDGER_ATOMS: Final = (Money, Code)
"""A date is critical where the record must have one: our own postings may well leave out a due date."""
_STATUS: Final = frozenset({"status", "type"})


@dataclass(frozen=True, slots=True)
class Use:
    """One mapped field that depends on a place of the contract."""

    field: str
    """``invoice.total``, or ``invoice.lines.amount``."""
    path: str
    roles: frozenset[Role]
    has_default: bool = True
    """Whether the mapping has an answer for null and for a value it does not know."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow that reads or writes the operation's records."""

    link: str
    entity: str
    customer: str = ""
    """Whose link it is, in the words of the site."""

    def __str__(self) -> str:
        return f"{self.link}/{self.entity}"


@dataclass(frozen=True, slots=True)
class Impact:
    """Who is hit by one drift."""

    fields: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    roles: frozenset[Role] = frozenset()
    has_default: bool = True


def uses(map_: EntityMap) -> tuple[Use, ...]:
    """Every place the lens depends on, in the contract's spelling (lines as ``items[].price``)."""
    policies = {policy.name: policy for policy in _policies(map_.entity)}
    found = [
        _use(map_, field.name, field.path, field.atom, field.writable, policies) for field in map_.fields
    ]
    for field in map_.fields:
        if isinstance(field.atom, Lines):
            found += _lines(map_, field.name, field.path, field.atom, field.writable, policies)
    key = Use(f"{map_.entity}.key", map_.key, frozenset({Role.CRITICAL}), has_default=False)
    found.append(key)
    if map_.modified:
        found.append(
            Use(f"{map_.entity}.modified", map_.modified, frozenset({Role.CRITICAL}), has_default=False)
        )
    return tuple(found)


def of(path: str, map_: EntityMap | None, flows: Iterable[Flow] = ()) -> Impact:
    """What a drift at ``path`` hits. Without a lens nothing is mapped: the role is unused."""
    if map_ is None:
        return Impact(roles=frozenset({Role.UNUSED}))
    hit = [use for use in uses(map_) if paths.inside(use.path, path) or paths.inside(path, use.path)]
    # a field inside a mapped list or record that no lens reads harms nothing by itself
    exact = [use for use in hit if paths.inside(use.path, path)] or [
        use for use in hit if use.path == path or not _enters(map_, use)
    ]
    if not exact:
        return Impact(roles=frozenset({Role.UNUSED}))
    touched = [flow for flow in flows if flow.entity == map_.entity]
    return Impact(
        fields=tuple(dict.fromkeys(use.field for use in exact)),
        flows=tuple(dict.fromkeys(str(flow) for flow in touched)),
        customers=tuple(dict.fromkeys(flow.customer for flow in touched if flow.customer)),
        roles=frozenset(role for use in exact for role in use.roles),
        has_default=all(use.has_default for use in exact),
    )


def roles(contract: Contract, map_: EntityMap) -> Mapping[str, frozenset[Role]]:
    """Path -> roles, for every place of the contract; an ``x-role`` of a person's counts as critical."""
    found = {path: of(path, map_).roles for path in contract.fields}
    return {
        path: (known - {Role.UNUSED}) | {Role.CRITICAL} if contract.fields[path].role else known
        for path, known in found.items()
    }


def _policies(entity: str) -> tuple[FieldPolicy, ...]:
    kind = ENTITIES.get(entity)
    return kind.policies() if kind is not None else ()


def _use(
    map_: EntityMap, name: str, path: str, atom: object, writable: bool, policies: Mapping[str, FieldPolicy]
) -> Use:
    policy = policies.get(name)
    required = policy is not None and policy.required
    reference = policy is not None and policy.kind in (Kind.REFERENCE, Kind.CROSSWALK)
    critical = isinstance(atom, _LEDGER_ATOMS) or required or reference or name in _STATUS
    known = {Role.CRITICAL if critical else Role.READ}
    if writable:
        known.add(Role.WRITTEN)
    return Use(f"{map_.entity}.{name}", path, frozenset(known), not (required or isinstance(atom, Code)))


def _lines(
    map_: EntityMap,
    name: str,
    path: str,
    lines: Lines,
    writable: bool,
    policies: Mapping[str, FieldPolicy],
) -> list[Use]:
    held = policies.get(name)
    below = {policy.name: policy for policy in held.lines} if held is not None else {}
    return [
        Use(
            f"{map_.entity}.{name}.{inner}",
            paths.below(paths.items(path), key),
            _use(map_, inner, key, atom, writable, below).roles,
            _use(map_, inner, key, atom, writable, below).has_default,
        )
        for inner, key, atom in lines.fields
    ]


def _enters(map_: EntityMap, use: Use) -> bool:
    """Whether the use is of a list whose items have uses of their own."""
    return any(other.path != use.path and paths.inside(other.path, use.path) for other in uses(map_))
