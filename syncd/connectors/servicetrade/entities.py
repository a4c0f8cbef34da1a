"""ServiceTrade's records as lenses, and where each kind is found.

What the public documents show is written here; what they do not comes from the site profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from syncd.connectors.servicetrade.profile import Bills, Clock, Payments, People, ServiceTradeProfile
from syncd.connectors.servicetrade.settings import Settings
from syncd.core.model import Value
from syncd.mapping.atoms import (
    KEEP,
    Atom,
    Flag,
    Hours,
    Identifier,
    Lines,
    Money,
    Number,
    Text,
    UnixDay,
    UnixTime,
)
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.rest import UNIX_SECONDS, PageNumber, Resource, Since

JOB_STATUSES: Final = (
    "new",
    "scheduled",
    "bidding",
    "completed",
    "pending_invoice",
    "sending_invoice",
    "invoiced",
    "closed",
    "canceled",
)
"""Every one is asked for by name: without them a job list shows scheduled ones only, and ``all`` leaves
out the canceled."""

TOTAL_WITH_TAX: Final = "totalWithTax"
"""Added at the edge where the account's ``totalPrice`` leaves the tax out."""

TOTAL_COST: Final = "totalCost"
"""Added at the edge: what all of a job item cost."""

ENTRY_KEY: Final = "entryKey"
"""Added at the edge: a pair of clock events is found by its job and the event that begins it."""

REFERENCES: Final[Mapping[str, Mapping[str, str]]] = {
    "location": {"company": "companies"},
    "job": {"customer": "companies", "vendor": "companies", "location": "locations"},
    "invoice": {"customer": "companies", "vendor": "companies", "location": "locations", "job": "jobs"},
    "bill": {"vendor": "companies", "job": "jobs"},
    "job_cost": {"job": "jobs"},
}
"""Entity -> field that embeds another record -> the sibling list that holds it in the compound layout."""

BILL: Final = "vendorbill"
"""The type of an invoice that is a vendor's bill."""

ROLES: Final[Mapping[str, str]] = {"customer": "isContractee", "vendor": "isVendor"}
"""Entity -> the filter of companies that lists them: nothing in a company itself says what it is.
Those who are worked for are customers and prime contractors (contractees)."""

_CHANGED: Final = (Since("updatedAfter"), Since("createdAfter"))
"""Both: public code does not trust the first to show records that were never changed."""


def resources(profile: ServiceTradeProfile, settings: Settings) -> dict[str, Resource]:
    """entity -> where it is found. What the profile or the settings leave out is not there.

    The most one page may hold is documented in public code for job, invoice and location; for the others
    it is a size that any of them has been seen to serve.
    """

    def resource(path: str, list_key: str, limit: int, numbers: tuple[str, ...], **also: Any) -> Resource:
        return Resource(
            path,
            rows=f"data.{list_key}",
            record="data",
            paging=PageNumber(),
            limit=min(settings.page_size, limit),
            modified="updated",
            stamp=UNIX_SECONDS,
            overlap_s=settings.overlap_s,
            pages_at="data.totalPages",
            numbers=numbers,
            **{"since": _CHANGED, **also},
        )

    jobs, invoices = {"status": ",".join(JOB_STATUSES)}, {"type": ",".join(settings.invoice_types)}
    found = {
        entity: resource("/company", "companies", 500, ("refNumber", "name"), query={role: "1"})
        for entity, role in ROLES.items()
    }
    found |= {
        "location": resource("/location", "locations", 5000, ("storeNumber", "refNumber", "name")),
        "job": resource("/job", "jobs", 2000, ("number",), query=jobs),
        "invoice": resource("/invoice", "invoices", 2000, ("invoiceNumber",), query=invoices),
    }
    found["job_cost"] = resource("/jobitem", "jobItems", 500, ())
    if profile.bills is not None:
        found["bill"] = resource("/invoice", "invoices", 2000, (profile.bills.number,), query={"type": BILL})
    if profile.people is not None:
        found["employee"] = resource("/user", "users", 500, ("name",))
    if profile.clock is not None and settings.labour is not None:
        # events tell no time of change: a window of them is asked for, see `labour`
        found["time_entry"] = resource("/clock", "events", 500, (), since=(), single=None)
    names = profile.payments
    if names is not None and settings.payment_method:
        fixed = {names.method: settings.payment_method}
        found["payment"] = resource(
            names.path, names.list_key, 500, (names.reference,), fixed=fixed, since=(), single=None
        )
    return found


def entity_maps(profile: ServiceTradeProfile, timezone: str) -> dict[str, EntityMap]:
    """entity -> its lens on this account, of everything whose fields the profile names."""
    maps = {
        "customer": _map("customer", *_COMPANY),
        "vendor": _map("vendor", *_COMPANY),
        "location": _map("location", *_LOCATION),
        "job": _map("job", *_JOB),
        "invoice": _map("invoice", *_invoice(profile, timezone)),
        "job_cost": _map("job_cost", *_job_cost(profile, timezone)),
    }
    if profile.bills is not None:
        maps["bill"] = _map("bill", *_bill(profile, profile.bills, timezone))
    if profile.people is not None:
        maps["employee"] = _map("employee", *_employee(profile.people))
    if profile.clock is not None:
        maps["time_entry"] = EntityMap("time_entry", _time_entry(profile.clock, timezone), key=ENTRY_KEY)
    if profile.payments is not None:
        maps["payment"] = _map("payment", *_payment(profile.payments, timezone))
    return maps


@dataclass(frozen=True, slots=True)
class Embedded:
    """Text inside an embedded record, such as the code of a library item. Read only."""

    key: str

    def get(self, wire: Any) -> Value:
        if wire is None:
            return None
        if not isinstance(wire, dict):
            raise ValueError(f"a record expected, {type(wire).__name__} found")
        code = wire.get(self.key)
        # codes are text or integers; never a float, which has lost digits already
        return _IDENTIFIER.get(code) if isinstance(code, int) else Text().get(code)

    def put(self, value: Value, current: Any) -> Any:
        if self.get(current) == value:
            return KEEP
        raise ValueError("an embedded record is not written through the record that shows it")


_IDENTIFIER: Final = Identifier(as_integer=True)
_OPTIONAL: Final = Text(empty=None)


def _map(entity: str, *fields: FieldMap) -> EntityMap:
    return EntityMap(entity, fields, key="id", modified="updated", modified_atom=UnixTime())


def _read(name: str, path: str, atom: Atom) -> FieldMap:
    return FieldMap(name, path, atom, writable=False)


_ADDRESS: Final = (
    FieldMap("street", "address.street", Text()),
    FieldMap("city", "address.city", Text()),
    FieldMap("state", "address.state", Text()),
    FieldMap("postal_code", "address.postalCode", Text()),
)
_COMPANY: Final = (
    FieldMap("number", "refNumber", _OPTIONAL),
    FieldMap("name", "name", Text()),
    FieldMap("phone", "phoneNumber", _OPTIONAL),
    *_ADDRESS,
    _read("status", "status", Text()),
)
_LOCATION: Final = (
    FieldMap("number", "storeNumber", _OPTIONAL),
    FieldMap("name", "name", Text()),
    FieldMap("customer", "company.id", _IDENTIFIER, create_only=True),
    FieldMap("phone", "phoneNumber", _OPTIONAL),
    FieldMap("email", "email", _OPTIONAL),
    *_ADDRESS,
    FieldMap("taxable", "taxable", Flag()),
    _read("status", "status", Text()),
)
_JOB: Final = (
    _read("number", "number", Identifier(as_integer=True)),
    _read("name", "name", Text()),
    _read("customer", "customer.id", _IDENTIFIER),
    _read("location", "location.id", _IDENTIFIER),
    _read("customer_po", "customerPo", _OPTIONAL),
    _read("type", "type", Text()),
    _read("status", "status", Text()),
)


def _document(
    profile: ServiceTradeProfile, timezone: str, price: str, *also: tuple[str, str, Atom]
) -> tuple[FieldMap, ...]:
    """What invoices and vendor bills share, which are one resource. ``price``: what one of a line costs;
    ``also``: what else a line shows."""
    totals, names = profile.totals, profile.lines
    lines = Lines(
        (
            ("description", names.description, _OPTIONAL),
            ("quantity", names.quantity, Number()),
            (price, names.unit_price, Number()),
            ("amount", names.amount, Money()),
            *also,
            ("item", names.item, Embedded(names.item_code)),
        )
    )
    withheld = (_read("retainage", totals.retainage, Money()),) if totals.retainage is not None else ()
    return (
        _read("date", "transactionDate", UnixDay(timezone)),
        _read("job", "job.id", _IDENTIFIER),
        _read("description", "name", Text()),
        _read("tax", totals.tax, Money()),
        *withheld,
        _read("total", "totalPrice" if totals.total_includes_tax else TOTAL_WITH_TAX, Money()),
        _read("lines", "items", lines),
        _read("status", "status", Text()),
    )


def _invoice(profile: ServiceTradeProfile, timezone: str) -> tuple[FieldMap, ...]:
    code = profile.totals.tax_code
    return (
        _read("number", "invoiceNumber", Text()),
        _read("customer", "customer.id", _IDENTIFIER),
        _read("location", "location.id", _IDENTIFIER),
        *((_read("tax_district", code, _OPTIONAL),) if code is not None else ()),
        *_document(profile, timezone, "unit_price", ("taxable", profile.lines.taxable, Flag())),
        _read("type", "type", Text()),
    )


def _bill(profile: ServiceTradeProfile, names: Bills, timezone: str) -> tuple[FieldMap, ...]:
    return (
        _read("number", names.number, Text()),
        _read("vendor", "vendor.id", _IDENTIFIER),
        *_document(profile, timezone, "unit_cost"),
    )


def _job_cost(profile: ServiceTradeProfile, timezone: str) -> tuple[FieldMap, ...]:
    item = "libItem"
    return (
        _read("number", "id", _IDENTIFIER),
        _read("job", "job.id", _IDENTIFIER),
        _read("date", "usedOn", UnixDay(timezone)),
        _read("description", "name", Text()),
        _read("quantity", "quantity", Number()),
        _read("unit_cost", "cost", Number()),
        _read("amount", TOTAL_COST, Money()),
        _read("cost_code", f"{item}.{profile.lines.item_code}", Identifier()),
        _read("cost_type", f"{item}.{profile.item_type}", Identifier()),
    )


def _employee(names: People) -> tuple[FieldMap, ...]:
    optional = (("number", names.number, Identifier()), ("email", names.email, _OPTIONAL))
    return (
        _read("first_name", names.first_name, Text()),
        _read("last_name", names.last_name, Text()),
        *(_read(name, path, atom) for name, path, atom in optional if path is not None),
    )


def _time_entry(clock: Clock, timezone: str) -> tuple[FieldMap, ...]:
    return (
        _read("number", clock.event, _IDENTIFIER),
        _read("employee", "start.user.id", _IDENTIFIER),
        _read("date", "start.eventTime", UnixDay(timezone)),
        _read("job", "job.id", _IDENTIFIER),
        _read("earning", "start.activity", Text()),
        _read("regular_hours", "elapsedTime", Hours(3600)),
    )


def _payment(names: Payments, timezone: str) -> tuple[FieldMap, ...]:
    return (
        FieldMap("number", names.reference, Text(), create_only=True),
        FieldMap("invoice", names.invoice_id, _IDENTIFIER, create_only=True),
        FieldMap("date", names.date, UnixDay(timezone), create_only=True),
        FieldMap("amount", names.amount, Money(), create_only=True),
    )
