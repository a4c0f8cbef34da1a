"""XML Schema: top-level elements and complex types by name, as the records a connector makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml import etree

from monitor.importing.documents import xml

_TYPES: Final[Mapping[str, dict[str, Any]]] = {
    "boolean": {"type": "boolean"},
    "decimal": {"type": "string", "x-format": "decimal"},
    "float": {"type": "number"},
    "double": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "dateTime": {"type": "string", "x-format": "date-time-local"},
    "time": {"type": "string", "format": "time"},
    "duration": {"type": "string", "format": "duration"},
    "anyURI": {"type": "string", "format": "uri"},
} | {
    name: {"type": "integer"}
    for name in (
        "integer", "int", "long", "short", "byte", "positiveInteger", "nonNegativeInteger",
        "unsignedInt", "unsignedLong", "unsignedShort",
    )
}  # fmt: skip
_PARTS: Final = ("sequence", "all", "choice", "complexContent", "extension", "simpleContent")
_DEPTH_MAX: Final = 10


def schemas(published: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Named elements and complex types of the schema."""
    root = xml(published)
    named = {
        str(kind.get("name")): kind
        for tag in ("complexType", "simpleType", "element")
        for kind in root.iterfind(f"{{*}}{tag}")
    }
    return {
        name: _typed(kind, named, 0)
        for name, kind in named.items()
        if etree.QName(kind).localname != "simpleType"
    }


def _typed(node: etree._Element, named: Mapping[str, etree._Element], depth: int) -> dict[str, Any]:
    """The schema of an element or a type."""
    reference = node.get("type") or node.get("base") or node.get("ref")
    if reference is not None:
        local = reference.rpartition(":")[2]
        if local in named and depth < _DEPTH_MAX and named[local] is not node:
            return _typed(named[local], named, depth + 1)
        return dict(_TYPES.get(local, {"type": "string"}))
    restriction = node.find("{*}simpleType/{*}restriction")
    if restriction is None:
        restriction = node.find("{*}restriction")
    if restriction is not None:
        return _restricted(restriction, named, depth)
    body = node.find("{*}complexType")
    return _record(node if body is None else body, named, depth)


def _restricted(node: etree._Element, named: Mapping[str, etree._Element], depth: int) -> dict[str, Any]:
    schema = _typed(node, named, depth + 1)
    values = [str(each.get("value")) for each in node.iterfind("{*}enumeration")]
    if values:
        schema["enum"] = values
    width = node.find("{*}maxLength")
    if width is not None:
        schema["maxLength"] = int(str(width.get("value")))
    return schema


def _record(node: etree._Element, named: Mapping[str, etree._Element], depth: int) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    if depth < _DEPTH_MAX:
        for element, optional in _elements(node, optional=False):
            name = str(element.get("name") or str(element.get("ref", "")).rpartition(":")[2])
            schema = _typed(element, named, depth + 1)
            if element.get("maxOccurs", "1") != "1":
                schema = {"type": "array", "items": schema}
            properties[name] = schema
            if not optional and element.get("minOccurs", "1") != "0":
                required.append(name)
        for attribute in node.iterfind("{*}attribute"):
            properties[str(attribute.get("name"))] = _typed(attribute, named, depth + 1)
            if attribute.get("use") == "required":
                required.append(str(attribute.get("name")))
    return {"type": "object", **({"required": required} if required else {}), "properties": properties}


def _elements(node: etree._Element, *, optional: bool) -> Iterator[tuple[etree._Element, bool]]:
    for part in node:
        if isinstance(part, etree._Comment):
            continue
        local = etree.QName(part).localname
        if local == "element":
            yield part, optional
        elif local in _PARTS:
            yield from _elements(part, optional=optional or local == "choice" or part.get("minOccurs") == "0")
