"""The platform's own description of its API (``$metadata``, CSDL), held against the lenses. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lxml import etree

from syncd.connectors.business_central.entities import KINDS, TAX
from syncd.core.errors import UnreadableAnswer
from syncd.mapping.entity_map import EntityMap

_EDM: Final = "{http://docs.oasis-open.org/odata/ns/edm}"


def missing_fields(document: bytes, lenses: Mapping[str, EntityMap]) -> list[str]:
    """Mapped fields, and whole kinds of record, that the description lacks. Raises ``UnreadableAnswer``."""
    types, sets = _described(document)
    missing = []
    for entity, lens in lenses.items():
        kind = KINDS[entity]
        known = types.get(sets.get(kind.set, ""))
        if known is None:
            missing.append(kind.set)
            continue
        roots = {root for root in lens.roots if root not in (TAX, "custom")}
        missing += [f"{kind.set}.{root}" for root in sorted(roots - known)]
    return missing


def record_types(document: bytes) -> Mapping[str, str]:
    """Set -> the name of its records' type. Raises ``UnreadableAnswer``."""
    return _described(document)[1]


def has_action(document: bytes, name: str) -> bool:
    """Whether an action of that full name is described: ``Microsoft.NAV.post``."""
    namespace, _, short = name.rpartition(".")
    schemas = (one for one in _root(document).iter(f"{_EDM}Schema") if one.get("Namespace") == namespace)
    return any(action.get("Name") == short for one in schemas for action in one.iter(f"{_EDM}Action"))


def _described(document: bytes) -> tuple[Mapping[str, frozenset[str]], Mapping[str, str]]:
    """(short name of a type -> its properties, set -> short name of its type)."""
    root = _root(document)
    types = {
        str(one.get("Name")): frozenset(
            str(below.get("Name"))
            for below in one
            if below.tag in (f"{_EDM}Property", f"{_EDM}NavigationProperty")
        )
        for one in root.iter(f"{_EDM}EntityType")
    }
    sets = {
        str(one.get("Name")): str(one.get("EntityType")).rpartition(".")[2]
        for one in root.iter(f"{_EDM}EntitySet")
    }
    return types, sets


def _root(document: bytes) -> etree._Element:
    # nothing outside the document is looked at, and nothing in it is expanded
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(document, parser)
    except etree.XMLSyntaxError:
        raise UnreadableAnswer("business-central: its $metadata cannot be read") from None
