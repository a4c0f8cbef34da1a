"""The sandbox's ``$metadata``: what it plays, in CSDL."""

from __future__ import annotations

from typing import Any, Final

from lxml import etree

from syncd.sandbox.business_central.kinds import KINDS, LINE

_EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"
_TYPES: Final = {bool: "Edm.Boolean", float: "Edm.Decimal", int: "Edm.Int32"}


def document() -> bytes:
    root = etree.Element(f"{{{_EDMX}}}Edmx", Version="4.0")
    services = etree.SubElement(root, f"{{{_EDMX}}}DataServices")
    schema = etree.SubElement(services, f"{{{_EDM}}}Schema", Namespace="Microsoft.NAV")
    for kind in KINDS.values():
        one = _add(schema, "EntityType", Name=kind.type)
        _add(one, "Property", Name="id", Type="Edm.Guid", Nullable="false")
        for name, default in kind.defaults.items():
            _add(one, "Property", Name=name, Type=_type(name, default))
        _add(one, "Property", Name="lastModifiedDateTime", Type="Edm.DateTimeOffset")
        if kind.lines:
            many = f"Collection(Microsoft.NAV.{kind.type}Line)"
            _add(one, "NavigationProperty", Name=kind.lines, Type=many)
            line = _add(schema, "EntityType", Name=f"{kind.type}Line")
            for name in sorted(LINE | {kind.price}):
                _add(line, "Property", Name=name, Type="Edm.String")
        if kind.posts:
            action = _add(schema, "Action", Name="post", IsBound="true")
            _add(action, "Parameter", Name="bindingParameter", Type=f"Microsoft.NAV.{kind.type}")
    container = _add(schema, "EntityContainer", Name="NAV")
    for name, kind in KINDS.items():
        _add(container, "EntitySet", Name=name, EntityType=f"Microsoft.NAV.{kind.type}")
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _type(name: str, default: Any) -> str:
    if name.endswith("Id"):
        return "Edm.Guid"
    return "Edm.Date" if name.endswith("Date") else _TYPES.get(type(default), "Edm.String")


def _add(above: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(above, f"{{{_EDM}}}{tag}", attributes)
