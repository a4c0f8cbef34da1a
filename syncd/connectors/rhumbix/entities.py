"""Rhumbix' records as lenses read them, and where each kind is found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from syncd.connectors.rhumbix.settings import Settings
from syncd.mapping.atoms import Atom, Code, Day, Hours, Identifier, LocalTime, Text
from syncd.mapping.entity_map import EntityMap, FieldMap
from syncd.rest import ISO_MICROS, PageNumber, Resource, Since

CHANGED: Final = "last_updated"
DELETED_FEED: Final = "history_start_date"
"""The parameter of the feed of deletions, and so the name of that part of a walk."""
PART: Final = "syncdKey"
"""Added at the edge: the key of one class of an entry's hours."""
CLASSES: Final[Mapping[str, str]] = {
    "standard": "standard_time_minutes",
    "overtime": "over_time_minutes",
    "double": "double_time_minutes",
}
"""Classes of pay -> where an entry keeps its minutes. An entry is as many records as it has classes: payrolls
take one of them a row."""

_TEXT: Final = Text()
_CODE: Final = Identifier()
_HOURS: Final = Hours(60)

ENTRY_STATUSES: Final[Mapping[Any, str]] = {
    "PENDING": "pending",
    "SUPERVISOR_APPROVED": "supervisor_approved",
    "APPROVED": "approved",
    "EXPORTED": "exported",
    "SYNCED": "synced",
}
"""From a foreman's card to what a payroll has taken. `approved` is what the product calls *Payroll Verified*.
The flag `is_approved` was seen false on exported entries: it is not read."""


def resources(settings: Settings) -> Mapping[str, Resource]:
    pages = PageNumber("page", "page_size")

    def master(path: str, key: str, name: str) -> Resource:
        return Resource(
            path,
            rows="results",
            key=key,
            paging=pages,
            limit=settings.page_size,
            single=None,
            numbers=(key, name),
            finds={key: Since(key)},
            unique=(key,),
        )

    feed = (Since(DELETED_FEED),) if settings.deleted_feed else ()
    return {
        "employee": master("/employees/", "company_supplied_id", "last_name"),
        "job": master("/projects/", "job_number", "name"),
        "time_entry": Resource(
            "/timekeeping_entries/",
            rows="results",
            paging=pages,
            limit=settings.page_size,
            query={"start_date": settings.first_day.isoformat()} if settings.first_day else {},
            modified=CHANGED,
            stamp=ISO_MICROS,
            since=(Since(CHANGED), *feed),
            overlap_s=settings.overlap_s,
            deleted="deleted_on",
        ),
    }


# -- lenses ---------------------------------------------------------------------------------------


def _read(name: str, path: str, atom: Atom) -> FieldMap:
    return FieldMap(name, path, atom, writable=False)


_EMPLOYEE: Final = (
    FieldMap("number", "company_supplied_id", _CODE, create_only=True),
    FieldMap("first_name", "first_name", _TEXT),
    FieldMap("last_name", "last_name", _TEXT),
    FieldMap("email", "email", _TEXT),
    FieldMap("phone", "phone", _TEXT),
    FieldMap("trade", "trade", _TEXT),
    FieldMap("classification", "classification", _TEXT),
    FieldMap("status", "is_active", Code({True: "active", False: "inactive"})),
)
_JOB: Final = (
    FieldMap("number", "job_number", _CODE, create_only=True),
    FieldMap("name", "name", _TEXT),
    FieldMap("status", "status", Code({"ACTIVE": "active", "INACTIVE": "inactive"})),
)
_TIME_ENTRY: Final = (
    _read("number", PART, _CODE),
    _read("employee", "employee", _CODE),
    _read("date", "shift_date", Day()),
    _read("job", "job_number", _CODE),
    _read("cost_code", "cost_code", _CODE),
    _read("regular_hours", CLASSES["standard"], _HOURS),
    _read("overtime_hours", CLASSES["overtime"], _HOURS),
    _read("double_hours", CLASSES["double"], _HOURS),
    _read("description", "comment", _TEXT),
    _read("status", "status", Code(ENTRY_STATUSES)),
)


def maps() -> Mapping[str, EntityMap]:
    """entity -> its lens."""
    return {
        "employee": EntityMap("employee", _EMPLOYEE, key="company_supplied_id"),
        "job": EntityMap("job", _JOB, key="job_number"),
        "time_entry": EntityMap(
            "time_entry", _TIME_ENTRY, key=PART, modified=CHANGED, modified_atom=LocalTime()
        ),
    }
