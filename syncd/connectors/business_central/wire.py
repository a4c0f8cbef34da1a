"""Business Central's records as lenses read them, and back: what a line names, taxes, blank words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from syncd.connectors.business_central.entities import TAX, Kind
from syncd.connectors.business_central.settings import Chart, Line
from syncd.core.canonical import money

_BLANK: Final = "_x0020_"
"""How a blank word may come."""
_NAMED: Final = {"Item": "item", "Account": "account"}
"""Type of a line -> where lenses read its number."""
_TAXED: Final = frozenset({"invoice", "bill"})
_CENT: Final = Decimal("0.01")
_FIRST: Final = ("id", "customerId", "vendorId")
"""Fields are checked in the order they are sent, and a customer brings others with it."""


def shown(entity: str, kind: Kind, wire: Mapping[str, Any], tax: Line | None) -> dict[str, Any]:
    """A record as lenses read it."""
    record = {name: " " if value == _BLANK else value for name, value in wire.items()}
    if not kind.lines or not isinstance(record.get(kind.lines), list):
        return record
    lines = sorted(record[kind.lines], key=lambda line: line["sequence"])
    if entity in _TAXED:
        carried = [line for line in lines if _carries(line, tax)]
        lines = [line for line in lines if line not in carried]
        own = money(record.get("totalTaxAmount") or 0)
        record[TAX] = str(own + sum((money(line["amountExcludingTax"]) for line in carried), Decimal(0)))
    record[kind.lines] = [_flat(line, kind.price) for line in lines]
    return record


def _carries(line: Mapping[str, Any], tax: Line | None) -> bool:
    return tax is not None and (line["lineType"], line["lineObjectNumber"]) == (tax.type, tax.number)


def _flat(line: Mapping[str, Any], price: str) -> dict[str, Any]:
    flat = {name: line.get(name) for name in ("description", "quantity", "amountExcludingTax")}
    flat["price"] = line.get(price)
    named = _NAMED.get(line["lineType"])
    if named is not None:
        flat[named] = line.get("lineObjectNumber")
    return flat


def created(entity: str, kind: Kind, body: Mapping[str, Any], chart: Chart) -> dict[str, Any]:
    """A new record as the API takes it, lines within it."""
    record = {name: body[name] for name in _FIRST if name in body}
    record |= {name: value for name, value in body.items() if name not in (TAX, kind.lines)}
    if not kind.lines:
        return record
    if kind.posts and body.get("invoiceDate"):
        # else it would be posted on the day of whoever works there
        record["postingDate"] = body["invoiceDate"]
    code = {"taxCode": chart.exempt_code} if chart.exempt_code and chart.tax is not None else {}
    lines = [{**_line(line, kind.price), **code} for line in body.get(kind.lines) or ()]
    if entity in _TAXED and body.get(TAX) and chart.tax is not None:
        one = {"quantity": 1, kind.price: body[TAX], "description": "Sales tax"}
        lines.append({"lineType": chart.tax.type, "lineObjectNumber": chart.tax.number, **one, **code})
    return {**record, kind.lines: lines}


def _line(line: Mapping[str, Any], price: str) -> dict[str, Any]:
    """Amounts are reckoned there: where quantity and price would not give ours to the cent, one of the whole
    amount does. A comment has no amount: a line with one that names nothing is left for the API to refuse."""
    kind, number = ("Item", line["item"]) if line.get("item") else ("Account", line.get("account"))
    words = {"description": line["description"]} if line.get("description") else {}
    amount = _number(line.get("amountExcludingTax"))
    if not number and not amount:
        return {"lineType": "Comment", **words}
    named = {"lineType": kind, "lineObjectNumber": number or ""}
    quantity, each = _number(line.get("quantity")), _number(line.get("price"))
    if quantity is None or each is None or (amount is not None and _cents(quantity * each) != amount):
        quantity, each = Decimal(1), amount or Decimal(0)
    return {**named, **words, "quantity": float(quantity), price: float(each)}


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
