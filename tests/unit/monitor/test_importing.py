"""Contracts out of what platforms publish."""

from __future__ import annotations

import json

import pytest

from monitor import importing
from monitor.contract import Contract
from syncd.core.errors import FixInput


def _read(form: str, published: bytes, record: str) -> Contract:
    return importing.read(form, published, record, platform="acme", operation="invoice", entity="invoice")


def _shown(contract: Contract) -> dict[str, tuple[str, bool]]:
    return {
        path: (" ".join(sorted(field.types)) + (f" {field.format}" if field.format else ""), field.required)
        for path, field in contract.fields.items()
        if path
    }


OPENAPI = {
    "openapi": "3.0.3",
    "paths": {
        "/invoices": {
            "get": {
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Invoice"}}
                            }
                        }
                    }
                }
            }
        }
    },
    "components": {
        "schemas": {
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
            "Invoice": {
                "allOf": [{"$ref": "#/components/schemas/Base"}],
                "type": "object",
                "required": ["total"],
                "properties": {
                    "total": {"type": "number"},
                    "status": {"type": "string", "enum": ["ok", "paid"], "nullable": True},
                    "at": {"type": "string", "format": "date-time", "readOnly": True},
                    "parent": {"$ref": "#/components/schemas/Invoice"},
                    "party": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                    "extra": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
        }
    },
}


@pytest.mark.parametrize("record", ["Invoice", "GET /invoices"])
def test_openapi(record: str) -> None:
    contract = _read("openapi", json.dumps(OPENAPI).encode(), record)
    shown = _shown(contract)
    assert shown["id"] == ("integer", True)
    assert shown["total"] == ("number", True)
    assert shown["status"] == ("null string", False)
    assert shown["party"] == ("integer string", False)
    assert shown["extra.*"] == ("string", False)
    assert contract.fields["status"].enum == ("ok", "paid")
    assert contract.read_only("at")
    assert contract.provenance.source == "specification"


def test_swagger_in_yaml() -> None:
    published = b"""
swagger: '2.0'
definitions:
  Line: {type: object, properties: {price: {type: number}}}
  Invoice:
    type: object
    required: [lines]
    properties:
      lines: {type: array, items: {$ref: '#/definitions/Line'}}
"""
    assert _shown(_read("swagger", published, "Invoice")) == {
        "lines": ("array", True),
        "lines[]": ("object", False),
        "lines[].price": ("number", False),
    }


def test_odata_metadata() -> None:
    published = b"""<?xml version="1.0"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
 <edmx:DataServices><Schema Namespace="NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EnumType Name="state"><Member Name="Open"/><Member Name="Paid"/></EnumType>
  <EntityType Name="line"><Property Name="amount" Type="Edm.Decimal" Nullable="false"/></EntityType>
  <EntityType Name="invoice">
   <Key><PropertyRef Name="id"/></Key>
   <Property Name="id" Type="Edm.Guid" Nullable="false"/>
   <Property Name="number" Type="Edm.String" MaxLength="20"/>
   <Property Name="status" Type="NAV.state" Nullable="false"/>
   <NavigationProperty Name="lines" Type="Collection(NAV.line)"/>
  </EntityType>
 </Schema></edmx:DataServices></edmx:Edmx>"""
    contract = _read("odata", published, "invoice")
    assert _shown(contract) == {
        "id": ("string uuid", True),
        "number": ("null string", True),
        "status": ("string", True),
        "lines": ("array", False),
        "lines[]": ("object", False),
        "lines[].amount": ("number", True),
    }
    assert contract.fields["id"].role == "key"
    assert contract.fields["number"].max_length == 20
    assert contract.fields["status"].enum == ("Open", "Paid")


def test_xml_schema() -> None:
    published = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
 <xs:simpleType name="kind"><xs:restriction base="xs:string">
  <xs:enumeration value="1"/><xs:enumeration value="2"/></xs:restriction></xs:simpleType>
 <xs:complexType name="Line"><xs:sequence>
  <xs:element name="amount" type="xs:decimal"/></xs:sequence></xs:complexType>
 <xs:element name="ARInvoice"><xs:complexType><xs:sequence>
  <!-- the number -->
  <xs:element name="invnum"><xs:simpleType><xs:restriction base="xs:string">
   <xs:maxLength value="20"/></xs:restriction></xs:simpleType></xs:element>
  <xs:element name="invdte" type="xs:date" minOccurs="0"/>
  <xs:element name="type" type="kind"/>
  <xs:element name="line" type="Line" maxOccurs="unbounded"/>
 </xs:sequence><xs:attribute name="ref" type="xs:integer" use="required"/></xs:complexType></xs:element>
</xs:schema>"""
    contract = _read("xsd", published, "ARInvoice")
    assert _shown(contract) == {
        "invnum": ("string", True),
        "invdte": ("string date", False),
        "type": ("string", True),
        "line": ("array", True),
        "line[]": ("object", False),
        "line[].amount": ("string decimal", True),
        "ref": ("integer", True),
    }
    assert contract.fields["invnum"].max_length == 20
    assert contract.fields["type"].enum == ("1", "2")


def test_a_schema_that_points_outside_is_read_without_following() -> None:
    published = b"""<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a" type="xs:int"/>&e;</xs:schema>"""
    assert _shown(_read("xsd", published, "a")) == {}


def test_json_schema() -> None:
    published = json.dumps(
        {"$defs": {"Id": {"type": "integer"}}, "type": "object", "properties": {"id": {"$ref": "#/$defs/Id"}}}
    ).encode()
    assert _shown(_read("json-schema", published, "root")) == {"id": ("integer", False)}


@pytest.mark.parametrize("as_json", [True, False])
def test_information_schema(as_json: bool) -> None:
    rows = [
        {"TABLE_NAME": "acrinv", "COLUMN_NAME": "recnum", "DATA_TYPE": "int", "IS_NULLABLE": "NO"},
        {"TABLE_NAME": "acrinv", "COLUMN_NAME": "invttl", "DATA_TYPE": "decimal", "IS_NULLABLE": "YES"},
        {"TABLE_NAME": "reccln", "COLUMN_NAME": "clnnme", "DATA_TYPE": "varchar", "IS_NULLABLE": "NO"},
    ]
    text = "\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)])
    published = json.dumps(rows).encode() if as_json else text.encode()
    assert _shown(_read("information-schema", published, "acrinv")) == {
        "recnum": ("integer", True),
        "invttl": ("null string decimal", True),
    }


@pytest.mark.parametrize(
    ("form", "published", "record", "told"),
    [
        ("wsdl", b"", "x", "unknown form 'wsdl'"),
        ("openapi", b"[1]", "x", "holds no object"),
        ("openapi", b"{]: [", "x", "neither JSON nor YAML"),
        ("openapi", json.dumps(OPENAPI).encode(), "Invoce", "describes no 'Invoce'"),
        ("odata", b"<a", "x", "no XML document: line 1"),
        ("information-schema", b"a,b\n1,2\n", "x", "not the columns of a database"),
        ("information-schema", b"[{", "x", "neither a JSON list of rows nor CSV"),
    ],
)
def test_what_cannot_be_read_is_said(form: str, published: bytes, record: str, told: str) -> None:
    with pytest.raises(FixInput, match=told):
        _read(form, published, record)
