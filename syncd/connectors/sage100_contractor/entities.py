"""The lenses of Sage 100 Contractor, built for one site.

A wire row holds columns under Sage's own names, its lines under ``lines``, and spellings of ours:
``location`` (client and location number of a service invoice), ``invoice`` (the record number a receipt
belongs to) and the hours of a payroll line under their class (``payroll``). A column is writable if the
site's request carries it, so that what cannot be said to Sage is never wanted of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from syncd.connectors.sage100_contractor import payroll
from syncd.connectors.sage100_contractor.profile import (
    LinesShape,
    Requests,
    RequestShape,
    Sage100ContractorProfile,
)
from syncd.connectors.sage100_contractor.tables import CHANGED, Layout, Source
from syncd.mapping.atoms import Atom, Code, Day, Identifier, Lines, LocalTime, Money, Number, Text
from syncd.mapping.entity_map import EntityMap, FieldMap

_REFERENCE: Final = Identifier(as_integer=True, none=0)
_MONEY: Final = Money(as_text=True)
_EXACT: Final = Number(as_text=True)

HEADER_TEXT: Final = frozenset({"dscrpt", "pchord"})
"""What Sage lets be edited on a posted document; everything else needs a void. Documented."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """The requests that write one table at this site; None where it has none."""

    add: RequestShape | None = None
    """Creates with a number of our choice."""
    add_next: RequestShape | None = None
    """Creates with the next free number."""
    update: RequestShape | None = None

    @classmethod
    def of(cls, table: str, requests: Requests) -> Shapes:
        by_table = {
            "reccln": cls(requests.client_add, requests.client_add_next, requests.client_update),
            "actrec": cls(requests.job_add, requests.job_add_next),
            "acrinv": cls(None, requests.job_billing_add, requests.job_billing_update),
            "srvinv": cls(None, requests.service_billing_add, requests.service_billing_update),
            "dlypyr": cls(None, requests.daily_payroll_add),
        }
        return by_table.get(table, cls())

    @property
    def creates(self) -> tuple[RequestShape, ...]:
        return tuple(shape for shape in (self.add_next, self.add) if shape is not None)

    def creates_with(self, column: str) -> bool:
        """Whether every request that creates carries ``column``."""
        return bool(self.creates) and all(column in shape.elements for shape in self.creates)

    @property
    def lines(self) -> LinesShape | None:
        """How the lines of a document are written."""
        return next((shape.lines for shape in self.creates if shape.lines), None)

    def updates_with(self, column: str) -> bool:
        return self.update is not None and column in self.update.elements


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A canonical field and its column, before the site is asked what it has and may write."""

    name: str
    column: str
    atom: Atom
    carried_by: str = ""
    """The column whose element carries it, where that is another one."""


def build(
    source: Source,
    profile: Sage100ContractorProfile,
    layout: Layout,
    custom: Mapping[str, str],
) -> EntityMap:
    """The map of ``source``. ``custom``: a customer's own field -> its column."""
    shapes = Shapes.of(source.table, profile.requests)
    wanted = list(_fields(source, profile, layout, shapes))
    wanted += [
        _Wanted(f"custom.{name}", column, Text(profile.width(source.table, column)))
        for name, column in sorted(custom.items())
    ]
    return EntityMap(
        entity=source.entity,
        fields=tuple(_placed(field, source, shapes) for field in wanted if _present(field, source, layout)),
        key=_key(source),
        modified=CHANGED,
        modified_atom=LocalTime(profile.server_time_zone),
    )


def _present(field: _Wanted, source: Source, layout: Layout) -> bool:
    return field.column in ("lines", "invoice") or layout.has(source.table, field.carried_by or field.column)


def _placed(field: _Wanted, source: Source, shapes: Shapes) -> FieldMap:
    column = field.carried_by or field.column
    if field.column == "lines":
        created, updated = shapes.lines is not None, False
    elif field.column == "recnum" and source.table == "actrec":
        # Sage's job number is the contractor's own: chosen where the site's request lets us
        created, updated = shapes.add is not None and shapes.add.key is not None, False
    else:
        created, updated = shapes.creates_with(column), shapes.updates_with(column)
        if source.entity == "invoice":
            updated = updated and (column in HEADER_TEXT or field.name.startswith("custom."))
    return FieldMap(field.name, field.column, field.atom, writable=created, create_only=not updated)


def _key(source: Source) -> str:
    return source.key[0] if len(source.key) == 1 else "key"


def _fields(
    source: Source, profile: Sage100ContractorProfile, layout: Layout, shapes: Shapes
) -> tuple[_Wanted, ...]:
    widths = _Widths(profile, source.table)
    match source.table:
        case "reccln":
            return _customer(profile, widths)
        case "srvloc":
            return _location(widths)
        case "actrec":
            return _job(profile, widths)
        case "acrpmt":
            return _payment()
        case "employ":
            return _employee(profile, widths)
        case "dlypyr":
            return _time_entry(widths)
        case "acrinv":
            lines = _job_lines(_Widths(profile, "arivln"))
            return (*_job_billing(profile, widths), _lines("arivln", lines, layout, shapes))
        case _:
            lines = _service_lines(_Widths(profile, "srvlin"))
            return (*_service_billing(profile, widths), _lines("srvlin", lines, layout, shapes))


@dataclass(frozen=True, slots=True)
class _Widths:
    """Text columns of one table, cut where Sage cuts them."""

    profile: Sage100ContractorProfile
    table: str

    def text(self, column: str) -> Text:
        return Text(self.profile.width(self.table, column))


def _customer(profile: Sage100ContractorProfile, widths: _Widths) -> tuple[_Wanted, ...]:
    return (
        _Wanted("number", "recnum", _REFERENCE),
        _Wanted("name", "clnnme", widths.text("clnnme")),
        _Wanted("phone", "phnnum", widths.text("phnnum")),
        _Wanted("email", "e_mail", widths.text("e_mail")),
        _Wanted("street", "addrs1", widths.text("addrs1")),
        _Wanted("city", "ctynme", widths.text("ctynme")),
        _Wanted("state", "state_", widths.text("state_")),
        _Wanted("postal_code", "zipcde", widths.text("zipcde")),
        _Wanted("status", "status", Code(profile.client_statuses)),
    )


def _location(widths: _Widths) -> tuple[_Wanted, ...]:
    return (
        _Wanted("number", "locnum", _REFERENCE),
        _Wanted("name", "locnme", widths.text("locnme")),
        _Wanted("customer", "recnum", _REFERENCE),
        _Wanted("phone", "phnnum", widths.text("phnnum")),
        _Wanted("street", "addrs1", widths.text("addrs1")),
        _Wanted("city", "ctynme", widths.text("ctynme")),
        _Wanted("state", "state_", widths.text("state_")),
        _Wanted("postal_code", "zipcde", widths.text("zipcde")),
    )


def _job(profile: Sage100ContractorProfile, widths: _Widths) -> tuple[_Wanted, ...]:
    return (
        _Wanted("number", "recnum", _REFERENCE),
        _Wanted("name", "jobnme", widths.text("jobnme")),
        _Wanted("customer", "clnnum", _REFERENCE),
        _Wanted("type", "jobtyp", _REFERENCE),
        _Wanted("status", "status", Code(profile.job_statuses)),
    )


def _job_billing(profile: Sage100ContractorProfile, widths: _Widths) -> tuple[_Wanted, ...]:
    return (
        # never cut: two documents could then share a number
        _Wanted("number", "invnum", Text()),
        _Wanted("date", "invdte", Day()),
        _Wanted("due_date", "duedte", Day()),
        _Wanted("job", "jobnum", _REFERENCE),
        _Wanted("description", "dscrpt", widths.text("dscrpt")),
        _Wanted("customer_po", "pchord", widths.text("pchord")),
        _Wanted("tax_district", "taxdst", _REFERENCE),
        _Wanted("tax", "slstax", _MONEY),
        _Wanted("retainage", "retain", _MONEY),
        _Wanted("total", "invttl", _MONEY),
        _Wanted("balance", "invbal", _MONEY),
        _Wanted("type", "invtyp", Code(profile.invoice_types)),
        _Wanted("status", "status", Code(profile.invoice_statuses)),
    )


def _service_billing(profile: Sage100ContractorProfile, widths: _Widths) -> tuple[_Wanted, ...]:
    return (
        _Wanted("number", "invnum", Text()),
        _Wanted("date", "invdte", Day()),
        _Wanted("due_date", "duedte", Day()),
        _Wanted("customer", "clnnum", _REFERENCE),
        _Wanted("location", "location", Identifier(), carried_by="locnum"),
        _Wanted("job", "jobnum", _REFERENCE),
        _Wanted("description", "dscrpt", widths.text("dscrpt")),
        _Wanted("customer_po", "pchord", widths.text("pchord")),
        _Wanted("tax_district", "taxdst", _REFERENCE),
        _Wanted("tax", "slstax", _MONEY),
        _Wanted("total", "invttl", _MONEY),
        _Wanted("balance", "invbal", _MONEY),
        _Wanted("type", "invtyp", _REFERENCE),
        _Wanted("status", "status", Code(profile.service_statuses)),
    )


def _payment() -> tuple[_Wanted, ...]:
    return (
        _Wanted("number", "chknum", Text()),
        _Wanted("invoice", "invoice", _REFERENCE),
        _Wanted("date", "chkdte", Day()),
        _Wanted("amount", "amount", _MONEY),
        _Wanted("discount", "dsctkn", _MONEY),
    )


def _employee(profile: Sage100ContractorProfile, widths: _Widths) -> tuple[_Wanted, ...]:
    status = (_Wanted("status", "status", Code(profile.employee_statuses)),)
    return (
        _Wanted("number", "recnum", _REFERENCE),
        _Wanted("first_name", "fstnme", widths.text("fstnme")),
        _Wanted("last_name", "lstnme", widths.text("lstnme")),
        *(status if profile.employee_statuses else ()),
    )


def _time_entry(widths: _Widths) -> tuple[_Wanted, ...]:
    hours = [
        _Wanted(f"{name}_hours", column, _EXACT, carried_by="payhrs")
        for name, column in payroll.COLUMNS.items()
    ]
    return (
        _Wanted("employee", "empnum", _REFERENCE),
        _Wanted("date", "paydte", Day()),
        _Wanted("job", "jobnum", _REFERENCE),
        _Wanted("phase", "phsnum", _REFERENCE),
        _Wanted("cost_code", "cstcde", Identifier(none="0")),
        *hours,
        _Wanted("description", "dscrpt", widths.text("dscrpt")),
    )


_LineFields = tuple[tuple[str, str, Atom], ...]


def _job_lines(widths: _Widths) -> _LineFields:
    return (
        ("description", "dscrpt", widths.text("dscrpt")),
        ("quantity", "linqty", _EXACT),
        ("unit_price", "linprc", _EXACT),
        ("amount", "extprc", _MONEY),
        ("item", "prtnum", _REFERENCE),
        ("account", "lgract", _REFERENCE),
        ("cost_code", "cstcde", Identifier(none="0")),
    )


def _service_lines(widths: _Widths) -> _LineFields:
    return (
        ("description", "dscrpt", widths.text("dscrpt")),
        ("quantity", "prtqty", _EXACT),
        ("unit_price", "prtprc", _EXACT),
        ("amount", "extprc", _MONEY),
        ("item", "prtnum", _REFERENCE),
        ("account", "actnum", _REFERENCE),
    )


def _lines(table: str, fields: _LineFields, layout: Layout, shapes: Shapes) -> _Wanted:
    """The lines, with those fields that this site has and its request carries.

    A field that could be read but not written would make every line we post differ from its source.
    """
    carried = shapes.lines.elements if shapes.lines else None
    kept = tuple(
        field for field in fields if layout.has(table, field[1]) and (carried is None or field[1] in carried)
    )
    return _Wanted("lines", "lines", Lines(kept, order="linnum" if layout.has(table, "linnum") else ""))
