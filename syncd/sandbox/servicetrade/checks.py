"""What a body may say: types, enumerations and lengths of writable fields. Pure; refuses with 400."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from syncd.sandbox.servicetrade.shapes import Refusal

Check = Callable[[Any], bool]

JOB_TYPES: Final = frozenset(
    {
        "unknown",
        "repair",
        "construction",
        "upgrade",
        "service_call",
        "urgent_service_call",
        "priority_service_call",
        "emergency_service_call",
        "cleaning",
        "inspection",
        "priority_inspection",
        "reinspection",
        "survey",
        "preventative_maintenance",
        "quality_assurance",
        "inspection_repair",
        "delivery",
        "pickup",
        "exchange",
        "sales",
        "installation",
        "warranty",
        "training",
        "testing",
        "administrative",
        "replacement",
        "design",
        "hookup",
    }
)
JOB_STATUSES: Final = frozenset(
    {
        "new",
        "scheduled",
        "bidding",
        "completed",
        "pending_invoice",
        "sending_invoice",
        "invoiced",
        "closed",
        "canceled",
    }
)
BILL: Final = "vendorbill"
INVOICE_TYPES: Final = frozenset({"invoice", BILL, "external", "unknown"})
INVOICE_STATUSES: Final = frozenset(
    {"ok", "internal_review", "pending_accounting", "processed", "paid", "sent", "failed", "void"}
)
ADDRESS: Final = ("street", "city", "state", "postalCode")
FLAT_ADDRESS: Final = {f"address{part[0].upper()}{part[1:]}": part for part in ADDRESS}
"""The four flat fields that may stand for the address object."""


def text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def optional_text(length: int = 255) -> Check:
    return lambda value: value is None or (isinstance(value, str) and len(value) <= length)


def integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def optional_integer(value: Any) -> bool:
    return value is None or integer(value)


def amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def optional_amount(value: Any) -> bool:
    return value is None or amount(value)


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def one_of(words: frozenset[str]) -> Check:
    return lambda value: isinstance(value, str) and value in words


def address(value: Any) -> bool:
    """Whole: a part that is not sent would otherwise be lost or kept, and which is not known."""
    return isinstance(value, dict) and all(isinstance(value.get(part), str) for part in ADDRESS)


_STATUS: Final = one_of(frozenset({"active", "pending", "inactive"}))

COMPANY: Final[Mapping[str, Check]] = {
    "name": text,
    "phoneNumber": optional_text(),
    "status": _STATUS,
    "refNumber": optional_text(),
    "address": address,
}
LOCATION: Final[Mapping[str, Check]] = {
    "name": text,
    "storeNumber": optional_text(),
    "refNumber": optional_text(),
    "phoneNumber": optional_text(),
    "email": optional_text(),
    "status": _STATUS,
    "taxable": flag,
    "address": address,
}
JOB: Final[Mapping[str, Check]] = {
    "name": optional_text(),
    "customName": optional_text(),
    "type": one_of(JOB_TYPES),
    "status": one_of(JOB_STATUSES),
    "description": optional_text(10_000),
    "customerPo": optional_text(40),
    "dueBy": optional_integer,
}
JOB_ITEM: Final[Mapping[str, Check]] = {
    "name": text,
    "quantity": amount,
    "cost": optional_amount,
    "usedOn": optional_integer,
}
INVOICE: Final[Mapping[str, Check]] = {
    "name": text,
    "invoiceNumber": text,
    "notes": optional_text(10_000),
    "partial": flag,
    "transactionDate": integer,
    "status": one_of(INVOICE_STATUSES),
}


def checked(body: Mapping[str, Any], fields: Mapping[str, Check], also: frozenset[str]) -> dict[str, Any]:
    """The known fields of a body. Raises ``Refusal`` (400) for a wrong type or an unknown field.

    That unknown fields are refused rather than ignored is the sandbox's choice: a misspelt field
    that is silently dropped would pass every test. ``also`` are fields the caller handles.
    """
    for name in body:
        if name not in fields and name not in also:
            raise Refusal(400, f"{name} cannot be set here", field=name)
    found = {name: body[name] for name in fields if name in body}
    for name, value in found.items():
        if not fields[name](value):
            raise Refusal(400, f"{name} is not valid", field=name)
    return found


def required(body: Mapping[str, Any], *names: str) -> None:
    """Raises ``Refusal`` (400) for the first name that the body lacks."""
    for name in names:
        if body.get(name) in (None, ""):
            raise Refusal(400, f"{name} is required", field=name)


def flattened(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with the four flat address fields, if it has them, put together."""
    plain = {name: value for name, value in body.items() if name not in FLAT_ADDRESS}
    parts = {FLAT_ADDRESS[name]: body[name] for name in body if name in FLAT_ADDRESS}
    return {**plain, "address": parts} if parts else plain
