"""Creates, changes and deletes through the API, and what they are refused for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from syncd.connectors.servicetrade.profile import Payments, ServiceTradeProfile
from syncd.sandbox.servicetrade import checks, invoices
from syncd.sandbox.servicetrade.shapes import Refusal
from syncd.sandbox.servicetrade.world import Kind, Row, World

DELETABLE: Final = frozenset({Kind.LOCATION, Kind.JOB_ITEM})
"""Jobs and invoices have no DELETE: they end as ``canceled`` and ``void``."""

_CHECKS: Final[Mapping[Kind, Mapping[str, checks.Check]]] = {
    Kind.COMPANY: checks.COMPANY,
    Kind.LOCATION: checks.LOCATION,
    Kind.JOB: checks.JOB,
    Kind.JOB_ITEM: checks.JOB_ITEM,
    Kind.INVOICE: checks.INVOICE,
}
_CREATE_ONLY: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.COMPANY: frozenset(),
    Kind.LOCATION: frozenset({"companyId"}),
    Kind.JOB: frozenset({"locationId", "vendorId"}),
    Kind.JOB_ITEM: frozenset({"jobId", "libItem"}),
    Kind.INVOICE: invoices.CREATE_ONLY,
}
_WITH_EXTERNAL_IDS: Final = frozenset({Kind.COMPANY, Kind.LOCATION, Kind.JOB, Kind.INVOICE})


class Writer:
    """Writes to one account by the rules of its profile. Methods raise ``Refusal``."""

    def __init__(self, world: World, profile: ServiceTradeProfile) -> None:
        self._world = world
        self._profile = profile
        self._create: Mapping[Kind, Callable[[dict[str, Any]], dict[str, Any]]] = {
            Kind.COMPANY: self._company,
            Kind.LOCATION: self._location,
            Kind.JOB: self._job,
            Kind.JOB_ITEM: self._job_item,
            Kind.INVOICE: lambda body: invoices.created(self._world, self._profile, body),
        }

    def create(self, kind: Kind, body: Mapping[str, Any], user: int | None) -> Row:
        if kind not in self._create:
            raise Refusal(405, f"{kind} cannot be created here")
        flat = checks.flattened(body)
        given = self._given(kind, flat, _CREATE_ONLY[kind])
        return self._world.create(kind, {**self._create[kind](flat), **given}, user)

    def update(self, row: Row, body: Mapping[str, Any], user: int | None) -> None:
        if row.kind not in _CHECKS:
            raise Refusal(405, f"{row.kind} cannot be changed here")
        given = self._given(row.kind, checks.flattened(body), frozenset())
        if row.kind is Kind.INVOICE:
            invoices.step(row, given, self._profile)
            if "contractId" in body:
                given["contract"] = invoices.fitting_contract(self._world, body, row.fields["customer"])
        field = self._profile.external_ids.field
        if field in given:
            merged = {**row.fields[field], **given[field]}
            given[field] = {system: key for system, key in merged.items() if key is not None}
        self._world.update(row, given, user)

    def delete(self, row: Row, user: int | None) -> None:
        if row.kind not in DELETABLE:
            raise Refusal(405, f"{row.kind} cannot be deleted")
        self._world.delete(row, user)

    def _given(self, kind: Kind, body: Mapping[str, Any], also: frozenset[str]) -> dict[str, Any]:
        """The checked plain fields of a body."""
        fields = dict(_CHECKS[kind])
        if kind in _WITH_EXTERNAL_IDS:
            fields[self._profile.external_ids.field] = self._external_ids
        if kind is Kind.INVOICE:
            also = also | {"contractId", "assignedUserId"}
        given = checks.checked(body, fields, also)
        if "assignedUserId" in body:
            given["assignedUser"] = body["assignedUserId"]
        return given

    def _external_ids(self, value: Any) -> bool:
        """Keyed by systems that the administrator has defined; a key is text or null."""
        return isinstance(value, dict) and all(
            system == self._profile.external_ids.system and (key is None or checks.text(key))
            for system, key in value.items()
        )

    # -- the fields of new records -----------------------------------------------------------

    def _company(self, body: dict[str, Any]) -> dict[str, Any]:
        checks.required(body, "name")
        return {
            "phoneNumber": None,
            "status": "active",
            "refNumber": None,
            "address": dict.fromkeys(checks.ADDRESS, ""),
            self._profile.external_ids.field: {},
        }

    def _location(self, body: dict[str, Any]) -> dict[str, Any]:
        checks.required(body, "companyId", "name", "address")
        company = invoices.reference(self._world, Kind.COMPANY, body, "companyId")
        return location_fields(self._profile, company)

    def _job(self, body: dict[str, Any]) -> dict[str, Any]:
        checks.required(body, "locationId", "vendorId", "type")
        location = self._world.get(
            Kind.LOCATION, invoices.reference(self._world, Kind.LOCATION, body, "locationId")
        )
        assert location is not None
        vendor = invoices.reference(self._world, Kind.COMPANY, body, "vendorId")
        number = 1 + max((job.fields["number"] for job in self._world.tables[Kind.JOB]), default=0)
        return job_fields(self._profile, number, location.fields["company"], vendor, location.id)

    def _job_item(self, body: dict[str, Any]) -> dict[str, Any]:
        checks.required(body, "name", "jobId")
        job = invoices.reference(self._world, Kind.JOB, body, "jobId")
        return {"quantity": 1, "cost": None, "usedOn": None, "libItem": body.get("libItem"), "job": job}

    # -- comments and payments ---------------------------------------------------------------

    def comment(self, body: Mapping[str, Any], user: int | None) -> Row:
        names = self._profile.comments
        checks.required(body, names.text, names.entity_id)
        kind = self._kind_numbered(body)
        ident = body[names.entity_id]
        if not checks.integer(ident) or self._world.get(kind, ident) is None:
            raise Refusal(400, f"{names.entity_id} names no {kind}", field=names.entity_id)
        fields = {names.text: body[names.text], names.entity_id: ident}
        if names.entity_type is not None:
            fields[names.entity_type] = body[names.entity_type]
        return self._world.create(Kind.COMMENT, fields, user)

    def _kind_numbered(self, body: Mapping[str, Any]) -> Kind:
        name = self._profile.comments.entity_type
        if name is None:
            return Kind.INVOICE
        checks.required(body, name)
        found = {number: kind for kind, number in type_numbers(self._profile).items()}.get(body[name])
        if found is None:
            raise Refusal(400, f"{name} is not valid", field=name)
        return found

    def payment(self, names: Payments, body: Mapping[str, Any], user: int | None) -> Row:
        invoice, amount, date = names.invoice_id, names.amount, names.date
        checks.required(body, invoice, names.reference, date, names.method, amount)
        allowed = {
            invoice: checks.integer,
            amount: checks.amount,
            date: checks.integer,
            names.reference: checks.text,
            names.method: checks.text,
        }
        fields = checks.checked(body, allowed, frozenset())
        invoices.reference(self._world, Kind.INVOICE, body, invoice)
        return self._world.create(Kind.PAYMENT, fields, user)


def type_numbers(profile: ServiceTradeProfile) -> dict[Kind, int]:
    """The kinds that webhooks and comments can name, with their numbers."""
    types = profile.entity_types
    return {
        Kind.INVOICE: types.invoice,
        Kind.JOB: types.job,
        Kind.COMPANY: types.company,
        Kind.LOCATION: types.location,
        Kind.CONTACT: types.contact,
        Kind.JOB_ITEM: types.job_item,
    }


def location_fields(profile: ServiceTradeProfile, company: int) -> dict[str, Any]:
    """A location before its own fields are laid over."""
    return {
        "company": company,
        "storeNumber": None,
        "refNumber": None,
        "phoneNumber": None,
        "email": None,
        "lat": None,
        "lon": None,
        "status": "active",
        "taxable": False,
        "offices": [],
        "primaryContact": None,
        "contacts": [],
        "brand": None,
        "tags": [],
        profile.external_ids.field: {},
    }


def job_fields(
    profile: ServiceTradeProfile, number: int, customer: int, vendor: int, location: int
) -> dict[str, Any]:
    """A job before its own fields are laid over."""
    return {
        "number": number,
        "name": f"Job {number}",
        "customName": None,
        "status": "new",
        "description": None,
        "customerPo": None,
        "customer": customer,
        "vendor": vendor,
        "location": location,
        "owner": None,
        "sales": None,
        "offices": [],
        "contract": None,
        "terms": None,
        "project": None,
        "estimatedPrice": None,
        "windowStart": None,
        "windowEnd": None,
        "completedOn": None,
        "dueBy": None,
        "tags": [],
        "serviceRequests": [],
        profile.external_ids.field: {},
    }
