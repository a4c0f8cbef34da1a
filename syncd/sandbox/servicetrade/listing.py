"""Lists: filters, the default-filter trap, sorting and paging. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from syncd.sandbox.servicetrade.shapes import Refusal
from syncd.sandbox.servicetrade.world import Kind, Row, World

Filter = Callable[[Row, str], bool]
_Shown = TypeVar("_Shown")


def _equals(name: str) -> Filter:
    """One of a comma-separated list of values."""
    return lambda row, wanted: str(row.fields.get(name)) in wanted.split(",")


def _flag(name: str) -> Filter:
    """Booleans are asked for as 1 and 0."""
    return lambda row, wanted: bool(row.fields.get(name)) == (wanted == "1")


def _includes(name: str) -> Filter:
    """Whatever the case."""
    return lambda row, wanted: wanted.casefold() in str(row.fields.get(name) or "").casefold()


def _member(name: str) -> Filter:
    return lambda row, wanted: any(str(entry["id"]) in wanted.split(",") for entry in row.fields[name])


def _from(name: str) -> Filter:
    return lambda row, wanted: row.fields[name] >= _integer(name, wanted)


def _until(name: str) -> Filter:
    return lambda row, wanted: row.fields[name] <= _integer(name, wanted)


@dataclass(frozen=True, slots=True)
class Listing:
    """How one kind is listed. Limits of invoice, job and location were seen; the others are assumed."""

    key: str
    limit: int = 100
    limit_max: int = 1000
    sort: tuple[str, ...] = ()
    """Fields a list is sorted by, before the id; the first is the default."""
    filters: Mapping[str, Filter] = field(default_factory=dict)


LISTINGS: Final[Mapping[Kind, Listing]] = {
    Kind.COMPANY: Listing(
        "companies",
        filters={
            "name": _includes("name"),
            "refNumber": _equals("refNumber"),
            "isVendor": lambda row, wanted: row.vendor == (wanted == "1"),
            # whoever is not bought from here is worked for
            "isContractee": lambda row, wanted: row.vendor != (wanted == "1"),
        },
    ),
    Kind.LOCATION: Listing("locations", limit=10, limit_max=5000),
    Kind.CONTACT: Listing("contacts", filters={"companyId": _member("companies")}),
    Kind.JOB: Listing(
        "jobs",
        limit=2000,
        limit_max=2000,
        filters={
            "jobIds": lambda row, wanted: str(row.id) in wanted.split(","),
            "number": _equals("number"),
            "customerId": _equals("customer"),
            "locationId": _equals("location"),
            "vendorId": _equals("vendor"),
        },
    ),
    Kind.JOB_ITEM: Listing("jobItems", filters={"jobId": _equals("job")}),
    Kind.USER: Listing(
        "users",
        filters={"name": _includes("name"), "email": _includes("email"), "status": _equals("status")},
    ),
    Kind.INVOICE: Listing(
        "invoices",
        limit=2000,
        limit_max=2000,
        sort=("name", "transactionDate"),
        filters={
            "status": _equals("status"),
            "type": _equals("type"),
            "customerId": _equals("customer"),
            "jobId": _equals("job"),
            "contractId": _equals("contract"),
            "assignedUserId": _equals("assignedUser"),
            "partial": _flag("partial"),
            "transactionDateAfter": _from("transactionDate"),
            "transactionDateBefore": _until("transactionDate"),
        },
    ),
}


def listed(world: World, kind: Kind, listing: Listing, query: Mapping[str, str]) -> list[Row]:
    """Every row the query asks for, in the list's order. Raises ``Refusal`` (400).

    Parameters the list does not know are ignored, ``perPage`` among them.
    """
    rows = _by_stamp(world, kind, query)
    wanted = [(test, query[name]) for name, test in listing.filters.items() if query.get(name)]
    found = [row for row in rows if row.listed and all(test(row, value) for test, value in wanted)]
    if kind is Kind.JOB:
        found = _jobs_shown(world, found, query)
    if kind is Kind.USER and not query.get("status"):
        found = [row for row in found if row.fields["status"] == "active"]
    if not listing.sort:
        return sorted(found, key=lambda row: row.id)
    wished = query.get("sort", "")
    sort = wished if wished in listing.sort else listing.sort[0]
    return sorted(found, key=lambda row: (row.fields[sort], row.id))


def page_of(rows: list[_Shown], listing: Listing, query: Mapping[str, str]) -> tuple[int, int, list[_Shown]]:
    """(page, pages in all, the page's rows). A limit above the maximum is cut to it."""
    page = max(1, _integer("page", query.get("page", "1")))
    limit = min(_integer("limit", query.get("limit", str(listing.limit))), listing.limit_max)
    if limit < 1:
        raise Refusal(400, "limit must be at least 1", field="limit")
    total = max(1, -(-len(rows) // limit))
    return page, total, rows[(page - 1) * limit : page * limit]


def _by_stamp(world: World, kind: Kind, query: Mapping[str, str]) -> Iterable[Row]:
    updated = _bound(query, "updatedAfter"), _bound(query, "updatedBefore")
    created = _bound(query, "createdAfter"), _bound(query, "createdBefore")
    if created == (None, None):
        return world.tables[kind].between("updated", *updated)
    rows = world.tables[kind].between("created", *created)
    return [r for r in rows if _within(r.updated, *updated)]


def _within(stamp: int, after: int | None, before: int | None) -> bool:
    return (after is None or stamp >= after) and (before is None or stamp <= before)


def _jobs_shown(world: World, jobs: list[Row], query: Mapping[str, str]) -> list[Row]:
    """The trap: without ``status`` and ``number`` only scheduled jobs; ``all`` leaves out canceled."""
    status = query.get("status")
    if status == "all":
        jobs = [job for job in jobs if job.fields["status"] != "canceled"]
    elif status:
        jobs = [job for job in jobs if job.fields["status"] in status.split(",")]
    elif not query.get("number"):
        jobs = [job for job in jobs if job.fields["status"] == "scheduled"]
    if invoiced := query.get("isInvoiced"):
        with_invoice = {invoice.fields.get("job") for invoice in world.tables[Kind.INVOICE]}
        jobs = [job for job in jobs if (job.id in with_invoice) == (invoiced == "1")]
    return jobs


def _bound(query: Mapping[str, str], name: str) -> int | None:
    return _integer(name, query[name]) if query.get(name) else None


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refusal(400, f"{name} must be an integer", field=name) from None
