"""What the ledger does with a record: what it refuses, what it reckons, how it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from syncd.sandbox.quickbooks_online.kinds import KINDS, LINE_NEEDS, SERVER_SET
from syncd.sandbox.surface import Refusal
from syncd.sandbox.tables import Books, Record

_ZONE: Final = timezone(timedelta(hours=-8))


def moment(at: int) -> str:
    """Whole seconds, with the offset of the company's zone."""
    return datetime.fromtimestamp(at // 1_000_000, UTC).astimezone(_ZONE).isoformat()


def fault(
    code: str, message: str, *, element: str = "", kind: str = "ValidationFault", status: int = 400
) -> Refusal:
    """A refusal in Intuit's words."""
    error = {"Message": message, "Detail": f"{message} ({code})", "code": code, "element": element}
    now = datetime.now(_ZONE).isoformat(timespec="milliseconds")
    return Refusal(status, {"Fault": {"Error": [error], "type": kind}, "time": now})


def shown(name: str, row: Record) -> dict[str, Any]:
    """A record as it is answered."""
    record = {
        **row.fields,
        "Id": row.id,
        "SyncToken": str(row.version - 1),
        "domain": "QBO",
        "sparse": False,
        "MetaData": {"CreateTime": moment(row.created), "LastUpdatedTime": moment(row.updated)},
    }
    if name in ("Invoice", "Bill") and isinstance(record.get("Line"), list):
        record["Line"] = [{"Id": str(at), "LineNum": at, **line} for at, line in enumerate(record["Line"], 1)]
    if name == "Invoice":
        sub = {"Amount": record["TotalAmt"], "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
        record["Line"] = [*record["Line"], sub]
    return record


def settled(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What the ledger reckons and keeps beside what it is sent. No sales tax is set up in this company."""
    kind = KINDS[name]
    known = dict(fields)
    if kind.listed:
        known.setdefault("Active", True)
    if kind.named:
        known.setdefault("FullyQualifiedName", known.get("DisplayName"))
    if "Line" in known and name != "Payment":
        known["Line"] = [dict(line) for line in known["Line"] if line["DetailType"] in LINE_NEEDS]
        total = sum((Decimal(str(line["Amount"])) for line in known["Line"]), Decimal(0))
        known["TotalAmt"] = float(total)
        if kind.owed:
            known["Balance"] = float(total)
    if name == "Invoice":
        known["TxnTaxDetail"] = {"TotalTax": 0.0}
    if name == "PurchaseOrder":
        known.setdefault("POStatus", "Open")
    return known


def change(row: Record, body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields after a change. Sparse: what is sent replaces, whole, lines and nested records too; a full
    change clears what is not sent."""
    sent = {name: value for name, value in body.items() if name not in SERVER_SET}
    if body.get("sparse") is True:
        return {**row.fields, **sent}
    kept = {name: value for name, value in row.fields.items() if name in SERVER_SET}
    return {**kept, **sent}


def check(
    books: Books, name: str, record: Mapping[str, Any], row: Record | None, *, numbers_unique: bool
) -> None:
    """Raises ``Refusal`` for what the ledger does not take."""
    kind = KINDS[name]
    for field in kind.required:
        if not record.get(field):
            raise fault("6000", f"Required parameter {field} is missing", element=field)
    for field, other in kind.references.items():
        if field in record:
            _refers(books, field, other, record[field])
    for line in record.get("Line") or () if name != "Payment" else ():
        _check_line(books, line)
    if kind.named:
        _check_name(books, record["DisplayName"], row)
    if kind.numbered and numbers_unique and record.get("DocNumber"):
        taken = [other for other in books.table(name) if other.fields.get("DocNumber") == record["DocNumber"]]
        if any(row is None or other.id != row.id for other in taken):
            raise fault("6140", "Duplicate Document Number Error", element="DocNumber")


def _check_line(books: Books, line: Any) -> None:
    kind = str(line.get("DetailType")) if isinstance(line, Mapping) else ""
    if kind == "SubTotalLineDetail":
        return
    detail = line.get(kind) if kind in LINE_NEEDS else None
    if detail is None or line.get("Amount") is None:
        raise fault("6000", "A line needs its Amount and its detail", element="Line")
    needs = LINE_NEEDS[kind]
    if not detail.get(needs):
        raise fault("6000", f"Required parameter {needs} is missing", element=f"Line.{needs}")
    _refers(books, needs, needs.removesuffix("Ref"), detail[needs])


def _check_name(books: Books, wanted: str, row: Record | None) -> None:
    folded = wanted.strip().casefold()
    for name in (name for name, kind in KINDS.items() if kind.named):
        for other in books.table(name):
            if other.fields["DisplayName"].strip().casefold() == folded and other is not row:
                raise fault("6240", "Duplicate Name Exists Error", element="DisplayName")


def _refers(books: Books, field: str, other: str, reference: Any) -> None:
    value = reference.get("value") if isinstance(reference, Mapping) else None
    if books.get(other, str(value)) is None:
        raise fault("2500", "Invalid Reference Id", element=field)
