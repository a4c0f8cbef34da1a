"""BuildOps' records as lenses, and where each kind is found. Names are those that public code shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from syncd.connectors.buildops.profile import BuildopsProfile
from syncd.connectors.buildops.settings import Settings
from syncd.mapping.atoms import Atom, Flag, Identifier, Lines, Money, Number, Text, UnixDay, UnixTime
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.rest import (
    ISO_MILLIS,
    UNIX_MILLIS,
    Method,
    PageNumber,
    Reference,
    Resource,
    Since,
    Version,
    VersionIn,
)

ADDRESS: Final = "syncdAddress"
"""Added at the edge: the one address that a record is billed or served at, in one shape."""
STREET, CITY, STATE, POSTAL_CODE = "street", "city", "state", "postalCode"
SHAPES: Final[Mapping[str, Mapping[str, str]]] = {
    "long": {STREET: "addressLine1", CITY: "city", STATE: "state", POSTAL_CODE: "zipcode"},
    "short": {STREET: "line1", CITY: "city", STATE: "state", POSTAL_CODE: "zip"},
}
"""Shape -> our word for a part of an address -> the tenant's key."""

_MODIFIED: Final = "audit.lastUpdatedDateTime"
_TEXT: Final = Text(empty=None)
_CODE: Final = Identifier()


def resources(settings: Settings, profile: BuildopsProfile) -> Mapping[str, Resource]:
    pages, changes = profile.pages, profile.changes

    def resource(path: str, since: str | None, *numbers: str, **also: Any) -> Resource:
        return Resource(
            path,
            rows=pages.rows,
            paging=PageNumber("page", pages.size, pages.first),
            limit=settings.page_size,
            modified=_MODIFIED,
            stamp=UNIX_MILLIS,
            since=(Since(since, stamp=ISO_MILLIS),) if since else (),
            overlap_s=settings.overlap_s,
            total_at=pages.total or "",
            numbers=numbers,
            **also,
        )

    reference = Reference(profile.reference) if profile.reference else None
    return {
        "customer": resource(
            "/customers",
            changes.customer,
            "customerNumber",
            "name",
            query=profile.inactive,
            create=Method("POST", "{path}"),
            update=Method("PUT", whole=True),
            version=Version(VersionIn.BODY, "version") if profile.locked_by_version else None,
            reference=reference,
        ),
        "location": resource("/properties", changes.location, "name"),
        "job": resource("/jobs", changes.job, "jobNumber"),
        "invoice": resource("/invoices", changes.invoice, "invoiceNumber"),
        "vendor": resource("/vendors", None, "name"),
        "employee": resource("/employees", None, "email"),
    }


# -- lenses ---------------------------------------------------------------------------------------


def maps(profile: BuildopsProfile, timezone: str) -> Mapping[str, EntityMap]:
    """entity -> its lens."""
    fields = {
        "customer": _CUSTOMER,
        "location": _LOCATION,
        "job": _JOB,
        "invoice": _invoice(profile, timezone),
        "vendor": _VENDOR,
        "employee": _EMPLOYEE,
    }
    return {
        entity: EntityMap(entity, found, modified=_MODIFIED, modified_atom=UnixTime(1_000))
        for entity, found in fields.items()
    }


def _read(name: str, path: str, atom: Atom) -> FieldMap:
    return FieldMap(name, path, atom, writable=False)


_PLACE: Final = {
    "street": f"{ADDRESS}.{STREET}",
    "city": f"{ADDRESS}.{CITY}",
    "state": f"{ADDRESS}.{STATE}",
    "postal_code": f"{ADDRESS}.{POSTAL_CODE}",
}
_CUSTOMER: Final = (
    FieldMap("number", "customerNumber", _TEXT),
    FieldMap("name", "name", Text()),
    FieldMap("phone", "phonePrimary", _TEXT),
    FieldMap("email", "email", _TEXT),
    *(FieldMap(name, path, _TEXT) for name, path in _PLACE.items()),
    _read("status", "status", _TEXT),
)
_LOCATION: Final = (
    _read("name", "name", _TEXT),
    _read("customer", "customerId", _CODE),
    _read("phone", "phonePrimary", _TEXT),
    *(_read(name, path, _TEXT) for name, path in _PLACE.items()),
)
_JOB: Final = (
    _read("number", "jobNumber", _CODE),
    _read("name", "issueDescription", _TEXT),
    _read("customer", "customerId", _CODE),
    _read("location", "customerPropertyId", _CODE),
    _read("type", "jobTypeName", _TEXT),
    _read("status", "status", _TEXT),
)
_VENDOR: Final = (
    _read("name", "name", _TEXT),
    _read("email", "email", _TEXT),
    _read("status", "status", _TEXT),
)
_EMPLOYEE: Final = (
    _read("first_name", "firstName", _TEXT),
    _read("last_name", "lastName", _TEXT),
    _read("email", "email", _TEXT),
)


def _invoice(profile: BuildopsProfile, timezone: str) -> tuple[FieldMap, ...]:
    day = UnixDay(timezone, as_text=True)
    lines = Lines(
        (
            ("description", "name", _TEXT),
            ("quantity", "quantity", Number()),
            ("unit_price", "unitPrice", Number()),
            ("amount", "amount", Money()),
            ("taxable", "taxable", Flag()),
            ("item", "lineItemType", _CODE),
        )
    )
    return (
        _read("number", "invoiceNumber", _CODE),
        _read("date", "issuedDate", day),
        _read("due_date", "dueDate", day),
        _read("customer", profile.invoice_customer, _CODE),
        _read("location", "customerPropertyId", _CODE),
        _read("job", "jobId", _CODE),
        _read("description", "summary", _TEXT),
        _read("customer_po", "customerProvidedPONumber", _TEXT),
        _read("tax", "taxAmount", Money()),
        _read("total", "totalAmount", Money()),
        _read("lines", "invoiceItems", lines),
        _read("status", "status", _TEXT),
    )
