"""QuickBooks' records as lenses read them, and back: flat lines, taxes, applications, faults. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from syncd.connectors.quickbooks_online.entities import APPLIED, TAX
from syncd.core.canonical import money
from syncd.core.outcome import ErrorClass

_SALE: Final = "SalesItemLineDetail"
_ITEM: Final = "ItemBasedExpenseLineDetail"
_ACCOUNT: Final = "AccountBasedExpenseLineDetail"
_DISCOUNT: Final = "DiscountLineDetail"
_TEXT_ONLY: Final = "DescriptionOnly"
_SHOWN: Final = frozenset({_SALE, _ITEM, _ACCOUNT, _DISCOUNT, _TEXT_ONLY})
"""Lines of other kinds sum up or explain these (``SubTotalLineDetail`` is added on reading)."""
_TAXED: Final = frozenset({"invoice", "bill"})
_DOCUMENTS: Final = frozenset({"invoice", "bill", "purchase_order"})
_SEVERE: Final = 10_000
_CLASSES: Final = {
    "5010": ErrorClass.CONFLICT,
    "6240": ErrorClass.DUPLICATE,
    "6210": ErrorClass.DUPLICATE,
    "6140": ErrorClass.DUPLICATE,
    "610": ErrorClass.NOT_FOUND,
    "120": ErrorClass.PERMISSION,
    "3200": ErrorClass.AUTH,
}


def shown(entity: str, wire: Mapping[str, Any], tax_item: str | None) -> dict[str, Any]:
    """A record as lenses read it."""
    record = dict(wire)
    if entity in _DOCUMENTS and isinstance(record.get("Line"), list):
        lines = [_flat(line) for line in record["Line"] if _is_shown(line)]
        if entity in _TAXED:
            own = (record.get("TxnTaxDetail") or {}).get("TotalTax") or 0
            carried = [line for line in lines if tax_item is not None and line.get("Item") == tax_item]
            lines = [line for line in lines if line not in carried]
            record[TAX] = str(money(own) + sum((money(line["Amount"]) for line in carried), Decimal(0)))
        record["Line"] = lines
    if entity == "payment":
        record[APPLIED] = _applied(record.get("Line"))
    return record


def _is_shown(line: Any) -> bool:
    return isinstance(line, Mapping) and line.get("DetailType") in _SHOWN


def _flat(line: Mapping[str, Any]) -> dict[str, Any]:
    kind = line["DetailType"]
    detail: Mapping[str, Any] = line.get(kind) or {}
    amount = line.get("Amount") or 0
    flat = {
        "Description": line.get("Description"),
        # a discount is written as what it takes away
        "Amount": -amount if kind == _DISCOUNT else amount,
        "Qty": detail.get("Qty"),
        "UnitPrice": detail.get("UnitPrice"),
        "Item": _value(detail.get("ItemRef")),
        "Account": _value(detail.get("AccountRef")),
    }
    return {name: value for name, value in flat.items() if value is not None}


def _value(reference: Any) -> Any:
    return reference.get("value") if isinstance(reference, Mapping) else None


def _applied(lines: Any) -> str | None:
    linked = [one for line in lines or () if isinstance(line, Mapping) for one in line.get("LinkedTxn") or ()]
    if len(linked) != 1 or linked[0].get("TxnType") != "Invoice":
        return None
    return str(linked[0].get("TxnId"))


# -- writing --------------------------------------------------------------------------------------


def created(
    entity: str, body: Mapping[str, Any], tax_item: str | None, exempt_code: str
) -> Mapping[str, Any]:
    """A new record as the API takes it. With a tax item no line is taxed by QuickBooks."""
    record = {name: value for name, value in body.items() if name not in (TAX, "Line")}
    if entity not in _DOCUMENTS:
        return record
    lines: list[Mapping[str, Any]] = list(body.get("Line") or ())
    if body.get(TAX) and tax_item is not None:
        lines.append({"Item": tax_item, "Amount": body[TAX], "Qty": 1, "UnitPrice": body[TAX]})
    if entity == "invoice":
        code = exempt_code if tax_item is not None else ""
        return {**record, "Line": [_sale(line, code) for line in lines]}
    return {**record, "Line": [_cost(line) for line in lines]}


def _sale(line: Mapping[str, Any], tax_code: str) -> dict[str, Any]:
    detail = {**_numbers(line), **_reference("ItemRef", line.get("Item"))}
    return _line(line, _SALE, {**detail, **_reference("TaxCodeRef", tax_code)})


def _cost(line: Mapping[str, Any]) -> dict[str, Any]:
    if line.get("Item"):
        return _line(line, _ITEM, {**_numbers(line), **_reference("ItemRef", line["Item"])})
    return _line(line, _ACCOUNT, _reference("AccountRef", line.get("Account")))


def _line(line: Mapping[str, Any], kind: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    words = {"Description": line["Description"]} if line.get("Description") else {}
    return {**words, "Amount": line.get("Amount"), "DetailType": kind, kind: detail}


def _numbers(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("Qty", "UnitPrice") if line.get(name) is not None}


def _reference(name: str, value: Any) -> dict[str, Any]:
    return {name: {"value": value}} if value else {}


def changed(before: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """A sparse change: what is nested goes whole, as only top-level fields are known to be kept when they are
    not sent. A reference goes without the name of what it referred to."""
    whole: dict[str, Any] = {}
    for name, value in patch.items():
        below = before.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping) and not name.endswith("Ref"):
            whole[name] = {**below, **value}
        else:
            whole[name] = value
    return whole


# -- refusals -------------------------------------------------------------------------------------


class Fault(NamedTuple):
    """What QuickBooks says is wrong; a status of 200 does not mean that nothing is."""

    error_class: ErrorClass
    words: str
    field: str | None
    severe: bool
    """QuickBooks itself broke: nothing is known of the request."""


def fault(body: Any) -> Fault | None:
    """The fault in an answer, in either spelling; None where there is none."""
    found = _either(body, "Fault")
    if not isinstance(found, Mapping):
        return None
    errors = [error for error in _entries(_either(found, "Error")) if isinstance(error, Mapping)]
    codes = [str(_either(error, "code") or "") for error in errors]
    # Intuit's own schema misspells one: only the beginning is sure
    kind = str(_either(found, "type") or "").lower()
    field = next((str(e["element"]) for e in errors if e.get("element")), None)
    return Fault(_class(codes, kind), _words(errors), field, kind.startswith("system") or _is_severe(codes))


def _class(codes: Sequence[str], kind: str) -> ErrorClass:
    known = next((_CLASSES[code] for code in codes if code in _CLASSES), None)
    if known is not None:
        return known
    if kind.startswith("authentication"):
        return ErrorClass.AUTH
    return ErrorClass.PERMISSION if kind.startswith("authoriz") else ErrorClass.VALIDATION


def _is_severe(codes: Sequence[str]) -> bool:
    return any(code.isdecimal() and int(code) >= _SEVERE for code in codes)


def _words(errors: Sequence[Mapping[str, Any]]) -> str:
    told = []
    for error in errors:
        parts = [str(part) for part in (_either(error, "Message"), _either(error, "Detail")) if part]
        told.append(f"{': '.join(dict.fromkeys(parts))} (code {_either(error, 'code')})")
    return "; ".join(dict.fromkeys(told)) or "a fault without a word"


def _either(record: Any, name: str) -> Any:
    """Gateways write small first letters."""
    if not isinstance(record, Mapping):
        return None
    return record.get(name, record.get(name[0].lower() + name[1:]))


def _entries(found: Any) -> Iterable[Any]:
    return found if isinstance(found, list) else [found]
