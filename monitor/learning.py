"""From counts to a contract: what a shape supports, with enough records, as a reviewable schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from monitor import lexical, paths
from monitor.contract import Contract, Provenance
from monitor.shape import Node, Shape, is_data

READY_RECORDS: Final = 50
READY_POLLS: Final = 3
THIN: Final = 100
"""Records at a place before *always there* and *never null* are more than luck."""
NAMED_IN: Final = 3
"""Distinct records before a name is written down: a name seen once may be a customer's own data."""
PURE: Final = 0.98
"""Share of texts in one spelling before the contract names it."""


def ready(shape: Shape) -> bool:
    """Whether there is enough evidence for a baseline; until then the state is ``learning``."""
    return shape.records >= READY_RECORDS and shape.polls >= READY_POLLS


def learned(
    shape: Shape,
    platform: str,
    operation: str,
    *,
    entity: str = "",
    provenance: Provenance | None = None,
    closed: Mapping[str, tuple[Any, ...]] | None = None,
    maps: frozenset[str] | None = None,
    asked_version: str = "",
    served_version: str = "",
) -> Contract:
    """The contract that ``shape`` supports. ``closed``: path -> values of domains that a lens or a
    person declared enumerable (a shape itself holds no value). ``maps``: the dynamic maps, where they
    are known already."""
    folded = shape.copy()
    folded.fold_maps(folded.maps() if maps is None else maps)
    schema = _schema(folded.root, "", closed or {})
    return Contract(
        platform=platform,
        operation=operation,
        schema=schema,
        entity=entity,
        provenance=provenance or Provenance(records=shape.records),
        asked_version=asked_version,
        served_version=served_version,
    )


def _schema(node: Node, path: str, closed: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    kinds = sorted(node.types)
    if "number" in kinds and "integer" in kinds:
        kinds.remove("integer")
    schema: dict[str, Any] = {"type": kinds[0] if len(kinds) == 1 else kinds} if kinds else {}
    schema |= _spelling(node)
    if node.seen < THIN and path:
        schema["x-seen"] = node.seen
    if path in closed:
        schema["enum"] = list(closed[path])
    if node.objects:
        schema |= _record(node, path, closed)
    if node.items is not None:
        schema["items"] = _schema(node.items, paths.items(path), closed)
    return schema


def _record(node: Node, path: str, closed: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    if node.any is not None:
        inside = f"{path}.{paths.ANY}" if path else paths.ANY
        return {"additionalProperties": _schema(node.any, inside, closed)}
    named = {
        name: child
        for name, child in sorted(node.children.items())
        if child.seen >= min(NAMED_IN, node.objects) and not is_data(name)
    }
    if not named:
        return {}
    required = [name for name, child in named.items() if child.complete == node.objects]
    properties = {}
    for name, child in named.items():
        properties[name] = _schema(child, paths.below(path, name), closed)
        if name not in required:
            properties[name]["x-presence"] = _presence(child.complete / node.objects)
    return ({"required": required} if required else {}) | {"properties": properties}


def _presence(share: float) -> str:
    return "usually" if share >= 0.9 else "sometimes" if share >= 0.1 else "rarely"


def _spelling(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    spelled = main_class(node)
    if spelled in lexical.STANDARD_FORMATS:
        found["format"] = spelled
    elif spelled not in ("", "text"):
        found["x-format"] = spelled
    return found


def main_class(node: Node) -> str:
    """The one spelling of the texts at a place (empty texts aside), or nothing if there is none."""
    classes = {name: n for name, n in node.features.get("class", {}).items() if name != "empty"}
    total = sum(classes.values())
    if not total:
        return ""
    if "decimal" in classes and classes.keys() <= {"decimal", "digits"}:
        return "decimal"
    name, count = max(classes.items(), key=lambda item: item[1])
    return name if count >= PURE * total else ""


ASSUMED_RECORDS: Final = 1000
_SHARES: Final[Mapping[str, float]] = {"always": 1.0, "usually": 0.95, "sometimes": 0.5, "rarely": 0.05}


def assumed(contract: Contract, secret: bytes = b"") -> Shape:
    """Counts as if many records had been seen that keep ``contract`` to the letter: what its own word
    is worth where no counts lie beside it."""
    shape = Shape(secret)
    shape.records = ASSUMED_RECORDS
    shape.root = _assumed(contract, "", ASSUMED_RECORDS, shape)
    shape.root.complete = ASSUMED_RECORDS
    return shape


def _assumed(contract: Contract, path: str, records: int, shape: Shape) -> Node:
    field = contract.fields[path]
    kinds = field.types or frozenset({"string"})
    node = Node(seen=records, types=dict.fromkeys(kinds, records))
    if field.format:
        node.features["class"] = {field.format: records}
    values = field.enum or ()
    for value in values:
        if value is not None and not isinstance(value, bool):
            node.values[shape.digest(value)] = max(1, records // len(values))
    node.open = not values
    inside = _inside(contract).get(path, ())
    for child in inside:
        step = paths.leaf(child)
        share = _SHARES.get(contract.fields[child].presence, 0.5)
        below = _assumed(contract, child, max(1, round(records * share)), shape)
        if step == paths.ITEMS:
            node.items = below
        elif step == paths.ANY:
            node.any = below
        else:
            below.complete = below.seen
            node.children[step] = below
    return node


def _inside(contract: Contract) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in contract.fields:
        if path:
            found.setdefault(paths.parent(path), []).append(path)
    return found
