"""The rules of invoices: what may be sent when, whose items become lines, which steps a status takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from syncd.connectors.servicetrade.profile import ServiceTradeProfile
from syncd.sandbox.servicetrade import checks
from syncd.sandbox.servicetrade.shapes import Refusal
from syncd.sandbox.servicetrade.world import Kind, Row, World

CREATE_ONLY: Final = frozenset({"type", "jobId", "locationId", "customerId", "vendorId", "items", "applyTax"})
_PARTIES: Final = ("locationId", "customerId", "vendorId")
_CENT: Final = Decimal("0.01")


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set ``a.b`` in nested records."""
    *above, last = path.split(".")
    for step in above:
        tree = tree.setdefault(step, {})
    tree[last] = value


def cents(value: Decimal) -> Decimal:
    return value.quantize(_CENT, rounding=ROUND_HALF_UP)


def step(row: Row, fields: Mapping[str, Any], profile: ServiceTradeProfile) -> None:
    """Raises ``Refusal`` (400) for a status that this invoice may not take now."""
    present, wanted = row.fields["status"], fields.get("status")
    if wanted not in (None, present) and wanted not in profile.status_steps.get(present, ()):
        raise Refusal(400, "Invalid status transition")


def created(world: World, profile: ServiceTradeProfile, body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a new invoice. Raises ``Refusal`` (400, or 409 for a contract that does not fit)."""
    parties = _parties(world, body)
    contract = fitting_contract(world, body, parties["customer"])
    lines = _lines(world, profile, body, parties["job"], contract)
    names = profile.lines
    taxable = sum((line[names.amount] for line in lines if line[names.taxable]), Decimal(0))
    net = sum((line[names.amount] for line in lines), Decimal(0))
    district = world.location_tax.get(parties["location"], "")
    rate = world.tax_rates.get(district, Decimal(0)) if body.get("applyTax") else Decimal(0)
    tax = cents(taxable * rate)
    number = f"S-{10001 + len(world.tables[Kind.INVOICE])}"
    fields: dict[str, Any] = {
        "name": f"Invoice {number}",
        "invoiceNumber": number,
        "notes": None,
        "type": body.get("type", "invoice"),
        "status": "ok",
        "partial": False,
        "transactionDate": world.now(),
        "totalPrice": net + tax if profile.totals.total_includes_tax else net,
        **parties,
        "contract": contract,
        "assignedUser": None,
        "items": lines,
        profile.external_ids.field: {},
    }
    amounts(fields, profile, tax=tax, retainage=Decimal("0.00"), district=district)
    return fields


def amounts(
    fields: dict[str, Any], profile: ServiceTradeProfile, *, tax: Decimal, retainage: Decimal, district: str
) -> None:
    """Put tax, retainage and district where the profile says they stand."""
    put(fields, profile.totals.tax, tax)
    if profile.totals.retainage is not None:
        put(fields, profile.totals.retainage, retainage)
    if profile.totals.tax_code is not None:
        put(fields, profile.totals.tax_code, district)


def _parties(world: World, body: Mapping[str, Any]) -> dict[str, Any]:
    if body.get("type", "invoice") not in checks.INVOICE_TYPES:
        raise Refusal(400, "type is not valid", field="type")
    if "jobId" not in body:
        checks.required(body, *_PARTIES)
        return {
            "customer": reference(world, Kind.COMPANY, body, "customerId"),
            "vendor": reference(world, Kind.COMPANY, body, "vendorId"),
            "location": reference(world, Kind.LOCATION, body, "locationId"),
            "job": None,
        }
    for name in _PARTIES:
        if name in body:
            raise Refusal(400, f"{name} cannot be given with jobId", field=name)
    job = world.get(Kind.JOB, reference(world, Kind.JOB, body, "jobId"))
    assert job is not None
    return {**{name: job.fields[name] for name in ("customer", "vendor", "location")}, "job": job.id}


def fitting_contract(world: World, body: Mapping[str, Any], customer: int) -> int | None:
    """The contract a body names. Raises ``Refusal`` (409) if it is another customer's."""
    if body.get("contractId") is None:
        return None
    ident = reference(world, Kind.CONTRACT, body, "contractId")
    contract = world.get(Kind.CONTRACT, ident)
    assert contract is not None
    if contract.fields["customer"] != customer:
        raise Refusal(409, "The contract does not apply to this job")
    return ident


def reference(world: World, kind: Kind, body: Mapping[str, Any], name: str) -> int:
    """The id a body names. Raises ``Refusal`` (400) if there is no such record."""
    ident = body[name]
    if not checks.integer(ident) or world.get(kind, ident) is None:
        raise Refusal(400, f"{name} names no {kind}", field=name)
    return int(ident)


def _lines(
    world: World,
    profile: ServiceTradeProfile,
    body: Mapping[str, Any],
    job: int | None,
    contract: int | None,
) -> Sequence[dict[str, Any]]:
    if "items" in body:
        if not isinstance(body["items"], list):
            raise Refusal(400, "items is not valid", field="items")
        return [_line(world, profile, item) for item in body["items"]]
    if contract is None or job is None:
        # items are generated from the job's only where a contract prices them
        return []
    names = profile.lines
    return [
        {
            "id": world.new_id(),
            names.quantity: Decimal(str(item.fields["quantity"])),
            names.unit_price: Decimal(str(item.fields["cost"] or 0)),
            names.amount: cents(
                Decimal(str(item.fields["quantity"])) * Decimal(str(item.fields["cost"] or 0))
            ),
            names.description: item.fields["name"],
            names.taxable: False,
            names.item: item.fields["libItem"],
        }
        for item in world.tables[Kind.JOB_ITEM]
        if item.fields["job"] == job
    ]


def _line(world: World, profile: ServiceTradeProfile, item: Any) -> dict[str, Any]:
    names = profile.lines
    if not isinstance(item, dict):
        raise Refusal(400, "an item must be an object", field="items")
    given = checks.checked(
        item,
        {
            names.quantity: checks.amount,
            names.unit_price: checks.amount,
            names.amount: checks.amount,
            names.description: checks.optional_text(10_000),
            names.taxable: checks.flag,
            names.item: lambda value: value is None or isinstance(value, dict),
        },
        frozenset(),
    )
    checks.required(given, names.quantity, names.unit_price)
    quantity, price = Decimal(str(given[names.quantity])), Decimal(str(given[names.unit_price]))
    total = Decimal(str(given[names.amount])) if names.amount in given else quantity * price
    return {
        "id": world.new_id(),
        names.quantity: quantity,
        names.unit_price: price,
        names.amount: cents(total),
        names.description: given.get(names.description),
        names.taxable: given.get(names.taxable, False),
        names.item: given.get(names.item),
    }
