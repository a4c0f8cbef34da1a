"""OData ``$metadata`` (CSDL, versions 2 to 4): entity types by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from monitor.importing.documents import xml

_TYPES: Final[Mapping[str, dict[str, Any]]] = {
    "Edm.String": {"type": "string"},
    "Edm.Boolean": {"type": "boolean"},
    "Edm.Byte": {"type": "integer"},
    "Edm.SByte": {"type": "integer"},
    "Edm.Int16": {"type": "integer"},
    "Edm.Int32": {"type": "integer"},
    "Edm.Int64": {"type": "integer"},
    "Edm.Decimal": {"type": "number"},
    "Edm.Double": {"type": "number"},
    "Edm.Single": {"type": "number"},
    "Edm.Guid": {"type": "string", "format": "uuid"},
    "Edm.Date": {"type": "string", "format": "date"},
    "Edm.DateTime": {"type": "string", "x-format": "date-time-local"},
    "Edm.DateTimeOffset": {"type": "string", "format": "date-time"},
    "Edm.TimeOfDay": {"type": "string", "format": "time"},
    "Edm.Duration": {"type": "string", "format": "duration"},
    "Edm.Binary": {"type": "string"},
    "Edm.Stream": {"type": "string"},
}


def schemas(published: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Entity types under their names; navigation properties are optional, as ``$expand`` decides."""
    document = xml(published)
    kinds = {
        f"{schema.get('Namespace')}.{kind.get('Name')}": kind
        for schema in document.iter("{*}Schema")
        for tag in ("EntityType", "ComplexType", "EnumType")
        for kind in schema.iterfind(f"{{*}}{tag}")
    }
    return {
        name.rpartition(".")[2]: _record(kind, kinds, 0)
        for name, kind in kinds.items()
        if etree.QName(kind).localname == "EntityType"
    }


def _record(kind: etree._Element, kinds: Mapping[str, etree._Element], depth: int) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    base = kinds.get(kind.get("BaseType", ""))
    if base is not None and depth < 4:
        above = _record(base, kinds, depth + 1)
        properties |= above.get("properties", {})
        required += above.get("required", ())
    keys = {ref.get("Name") for ref in kind.iterfind("{*}Key/{*}PropertyRef")}
    for each in kind.iterfind("{*}Property"):
        name = str(each.get("Name"))
        properties[name] = _property(each, kinds, depth)
        required.append(name)
        if name in keys:
            properties[name]["x-role"] = "key"
    for each in kind.iterfind("{*}NavigationProperty"):
        if depth < 1:
            properties[str(each.get("Name"))] = _typed(str(each.get("Type", "")), kinds, depth + 1)
    return {"type": "object", "required": required, "properties": properties}


def _property(each: etree._Element, kinds: Mapping[str, etree._Element], depth: int) -> dict[str, Any]:
    schema = _typed(str(each.get("Type", "")), kinds, depth)
    if each.get("Nullable", "true") != "false" and isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    width = each.get("MaxLength", "")
    if width.isdigit():
        schema["maxLength"] = int(width)
    return schema


def _typed(name: str, kinds: Mapping[str, etree._Element], depth: int) -> dict[str, Any]:
    if name.startswith("Collection(") and name.endswith(")"):
        return {"type": "array", "items": _typed(name[len("Collection(") : -1], kinds, depth)}
    if name in _TYPES:
        return dict(_TYPES[name])
    kind = kinds.get(name)
    if kind is None or depth > 3:
        return {}
    if etree.QName(kind).localname == "EnumType":
        return {"type": "string", "enum": [str(member.get("Name")) for member in kind.iterfind("{*}Member")]}
    return _record(kind, kinds, depth + 1)
