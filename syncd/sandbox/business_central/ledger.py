"""What the ledger does with a record: what it refuses, what it reckons, how it is shown, how it is posted."""

from __future__ import annotations

import uuid
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from syncd.sandbox.business_central.kinds import KINDS, LINE, NAMED, Kind
from syncd.sandbox.surface import Refusal
from syncd.sandbox.tables import Books, Record

_CENT: Final = Decimal("0.01")


def moment(at: int) -> str:
    """Milliseconds, UTC."""
    text = datetime.fromtimestamp(at // 1_000 / 1_000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def refusal(status: int, code: str, message: str) -> Refusal:
    """In the platform's words."""
    told = f"{message}  CorrelationId:  {uuid.uuid4()}."
    return Refusal(status, {"error": {"code": code, "message": told}})


def etag(row: Record) -> str:
    return f'W/"{b64encode(f"{row.id[:8]};{row.version}".encode()).decode()}"'


def shown(name: str, row: Record, *, expanded: bool) -> dict[str, Any]:
    """A record as it is answered; lines only where they are expanded."""
    kind = KINDS[name]
    record = {
        "@odata.etag": etag(row),
        "id": row.id,
        **row.fields,
        "lastModifiedDateTime": moment(row.updated),
    }
    if kind.lines and not expanded:
        del record[kind.lines]
    return record


def new(name: str, body: Mapping[str, Any], serial: int) -> dict[str, Any]:
    """The fields of a new record, lines within it."""
    kind = KINDS[name]
    sent = {field: value for field, value in body.items() if field not in ("id", kind.lines)}
    fields = {**kind.defaults, **sent}
    if not fields.get("number"):
        fields["number"] = f"{kind.prefix}{serial:06d}"
    if kind.lines:
        fields[kind.lines] = [
            _line(kind, at, line, _key(name, fields, at))
            for at, line in enumerate(body.get(kind.lines) or (), 1)
        ]
        fields |= totals(kind, fields[kind.lines])
    return fields


def _key(name: str, fields: Mapping[str, Any], at: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {fields['number']} {at}"))


def _line(kind: Kind, at: int, line: Mapping[str, Any], ident: str) -> dict[str, Any]:
    quantity, price = (Decimal(str(line.get(name) or 0)) for name in ("quantity", kind.price))
    amount = float((quantity * price).quantize(_CENT, ROUND_HALF_UP))
    return {
        "id": ident,
        "sequence": at * 10_000,
        "lineType": line.get("lineType") or "Comment",
        "lineObjectNumber": line.get("lineObjectNumber") or "",
        "description": line.get("description") or "",
        "unitOfMeasureCode": line.get("unitOfMeasureCode") or "",
        "quantity": float(quantity),
        kind.price: float(price),
        "discountAmount": 0.0,
        "amountExcludingTax": amount,
        "taxCode": line.get("taxCode") or "",
        "totalTaxAmount": 0.0,
        "amountIncludingTax": amount,
    }


def totals(kind: Kind, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the document reckons from its lines. No tax area is set up in this company."""
    total = float(sum((Decimal(str(line["amountExcludingTax"])) for line in lines), Decimal(0)))
    found = {"totalAmountExcludingTax": total, "totalTaxAmount": 0.0, "totalAmountIncludingTax": total}
    return {**found, "remainingAmount": total} if "remainingAmount" in kind.defaults else found


def check(name: str, books: Books, body: Mapping[str, Any], *, creating: bool) -> None:
    """Raises ``Refusal`` for what the ledger does not take."""
    kind = KINDS[name]
    known = {*kind.defaults, "id", kind.lines} - {""} if creating else set(kind.defaults)
    for field in body:
        if field in kind.server:
            raise refusal(400, "Application_FieldValidationException", f"{field} is read-only")
        if field not in known:
            raise refusal(400, "BadRequest", f"The property '{field}' does not exist on type {kind.type}")
    for field in kind.required:
        given = body.get(field, None if creating else "kept")
        if not given:
            raise refusal(400, "Application_FieldValidationException", f"{field} must be filled in")
    for field, other in kind.references.items():
        if field in body and books.get(other, str(body[field])) is None:
            raise refusal(400, "Application_DialogException", f"The {field} does not exist")
    for line in body.get(kind.lines, ()) if kind.lines else ():
        _check_line(kind, books, line)


def _check_line(kind: Kind, books: Books, line: Mapping[str, Any]) -> None:
    unknown = line.keys() - LINE - {kind.price}
    if unknown:
        words = f"The property '{min(unknown)}' does not exist on type {kind.type}Line"
        raise refusal(400, "BadRequest", words)
    table = NAMED.get(str(line.get("lineType")))
    if table is None:
        return
    numbers = {row.fields["number"] for row in books.table(table)}
    if line.get("lineObjectNumber") not in numbers:
        raise refusal(400, "Application_DialogException", "The field No. of the line names nothing")


def post(name: str, row: Record, serial: int) -> dict[str, Any]:
    """What posting makes of a draft: the id stays, the number changes."""
    if row.fields["status"] != "Draft":
        raise refusal(400, "Application_DialogException", "The document is posted already")
    if not row.fields[KINDS[name].lines]:
        raise refusal(400, "Application_DialogException", "There is nothing to post")
    return {"status": "Open", "number": f"{KINDS[name].posts}{serial:06d}"}
