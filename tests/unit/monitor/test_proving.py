"""A lens against its contract: what is proved, what is told, and what a drift hits."""

from __future__ import annotations

import pytest

from monitor import impact, proving
from monitor.contract import Contract
from monitor.differences import Difference, Evidence, Kind, Rename
from monitor.repair import suggest_repair
from monitor.severity import Role
from syncd.mapping.atoms import Atom, Code, Flag, Identifier, Lines, Money, Number, Text, UnixTime
from syncd.mapping.correcting import Scaled
from syncd.mapping.entity_map import EntityMap, FieldMap

TEXT = """
x-platform: acme
x-operation: invoice
x-required-to-create: [number, customer.id]
type: object
required: [id, total, customer]
properties:
  id: {type: integer}
  number: {type: string}
  total: {type: number, x-unit: currency}
  status: {type: string, enum: [ok, paid]}
  updated: {type: integer}
  customer: {type: object, required: [id], properties: {id: {type: integer}}}
  lines:
    type: array
    items: {type: object, required: [sum], properties: {sum: {type: number}, name: {type: string}}}
  made: {type: integer, readOnly: true}
  tax: {type: integer, x-unit: cents}
  extra: {type: object, additionalProperties: {type: string}}
"""
CONTRACT = Contract.parse(TEXT)
FIELDS: dict[str, tuple[str, Atom]] = {
    "number": ("number", Text()),
    "total": ("total", Money()),
    "status": ("status", Code({"ok": "draft", "paid": "paid"})),
    "customer": ("customer.id", Identifier(as_integer=True)),
    "lines": ("lines", Lines((("amount", "sum", Money()), ("description", "name", Text())))),
}


def _lens(**changes: tuple[str, Atom]) -> EntityMap:
    fields = tuple(FieldMap(name, *at) for name, at in {**FIELDS, **changes}.items())
    return EntityMap("invoice", fields, key="id", modified="updated", modified_atom=UnixTime())


def _wrong(lens: EntityMap, level: str = proving.ERROR) -> list[str]:
    return [finding.message for finding in proving.prove(CONTRACT, lens) if finding.level == level]


def test_a_lens_that_fits_is_proved() -> None:
    assert _wrong(_lens()) == []
    assert _wrong(_lens(), proving.OK) == ["7 mapped places stand in the contract and fit"]


@pytest.mark.parametrize(
    ("name", "path", "atom", "told"),
    [
        ("description", "remark", Text(), "reads 'remark', which the contract does not know"),
        ("total", "status", Money(), "cannot read 'status': string there"),
        ("description", "customer", Text(), "cannot read 'customer': object there"),
        ("balance", "lines", Money(), "cannot read 'lines': array there"),
        ("status", "status", Code({"ok": "draft"}), "'status' may be 'paid', which have no meaning here"),
        ("tax", "tax", Money(), "takes 'tax' for currency, and the contract says cents"),
        ("tax", "tax", UnixTime(per_s=1000), "takes 'tax' for milliseconds, and the contract says cents"),
        ("total", "total", Scaled(Money(), 100), "takes 'total' for cents, and the contract says currency"),
        ("date", "made", UnixTime(), "writes 'made', which the platform does not take"),
        ("lines", "lines", Lines((("amount", "price", Money()),)), "reads 'lines[].price'"),
        ("lines", "lines", Lines((("taxable", "name", Flag()),)), "cannot read 'lines[].name'"),
        ("number", "total", Text(), "demands 'number' of a new invoice"),
    ],
)
def test_what_does_not_fit_is_told(name: str, path: str, atom: Atom, told: str) -> None:
    assert any(told in message for message in _wrong(_lens(**{name: (path, atom)})))


@pytest.mark.parametrize("atom", [Scaled(Money(), 100), Number()])
def test_a_converted_unit_fits_and_a_bare_number_may_be_of_anything(atom: Atom) -> None:
    assert _wrong(_lens(tax=("tax", atom))) == []


def test_what_lies_in_a_dynamic_map_is_left_open() -> None:
    assert _wrong(_lens(description=("extra.anything", Text()))) == []


def test_a_customers_own_field_is_unchecked_not_wrong() -> None:
    lens = _lens().with_custom({"warranty": "usr2"})
    assert _wrong(lens) == []
    assert "unchecked" in _wrong(lens, proving.WARNING)[0]


def test_samples_are_read_through_the_lens() -> None:
    good = {"id": 1, "total": 1.5, "status": "ok", "customer": {"id": 2}}
    assert [f.level for f in proving.replay(CONTRACT, _lens(), [good])] == [proving.OK]
    [wrong] = proving.replay(CONTRACT, _lens(), [good, {**good, "status": "new"}])
    assert wrong.message.startswith("sample 2: invoice.status")


@pytest.mark.parametrize(
    ("path", "fields", "critical"),
    [
        ("total", ("invoice.total",), True),
        ("number", ("invoice.number",), True),
        ("customer", ("invoice.customer",), True),
        ("lines[].sum", ("invoice.lines.amount",), True),
        ("lines[].name", ("invoice.lines.description",), False),
        ("lines", ("invoice.lines", "invoice.lines.amount", "invoice.lines.description"), True),
        ("id", ("invoice.key",), True),
        ("updated", ("invoice.modified",), True),
    ],
)
def test_impact_names_the_mapped_fields(path: str, fields: tuple[str, ...], critical: bool) -> None:
    hit = impact.of(path, _lens(), [impact.Flow("north", "invoice", "North Mechanical")])
    assert (hit.fields, Role.CRITICAL in hit.roles) == (fields, critical)
    assert (hit.flows, hit.customers) == (("north/invoice",), ("North Mechanical",))


@pytest.mark.parametrize("path", ["made", "customer.name", "lines[].note"])
def test_what_no_lens_reads_hits_nobody(path: str) -> None:
    assert impact.of(path, _lens()).roles == {Role.UNUSED}


def test_a_repair_can_be_pasted() -> None:
    gone = Difference(
        Kind.FIELD_RENAMED,
        "total",
        evidence=Evidence(300, 20, 20, 0.0),
        renames=(Rename("totalAmount", 0.93),),
    )
    repair = suggest_repair(gone, "acme", "invoice", impact.of("total", _lens()), "17")
    assert repair.edits == ("invoice.total: total -> totalAmount",)
    assert "93% alike" in repair.summary
