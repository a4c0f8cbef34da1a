"""Writing, the pure half: a write request becomes one MBXML document, or the reason why it cannot;
an answer becomes an outcome; and what shows that a write was carried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import orjson

from syncd.connectors.sage100_contractor import payroll
from syncd.connectors.sage100_contractor.entities import Shapes
from syncd.connectors.sage100_contractor.mbxml import Answer, Contract, Session, build, encoded
from syncd.connectors.sage100_contractor.profile import RequestShape, Sage100ContractorProfile
from syncd.connectors.sage100_contractor.settings import Settings
from syncd.connectors.sage100_contractor.tables import Kind, Layout, Source
from syncd.core.canonical import money
from syncd.core.model import Operation
from syncd.core.outcome import ErrorClass, Rejected, Retry
from syncd.mapping.atoms import Text
from syncd.mapping.entity_map import EntityMap, apply
from syncd.ports import Seen, WriteRequest

Values = Mapping[str, Any]

VOID: Final = 5
"""Status of a document that no longer counts; its number may be used again. Documented."""

_SHORT_NAME: Final = 15
"""Characters of a short name where the profile does not measure it: the least ever seen."""

_LOCATION: Final = "location"

_NOT_ONE_CLASS: Final = (
    "not sent to Sage: a line of daily payroll pays hours of one class, one that the profile's pay_types have"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A document ready to be handed over, and the request in it."""

    shape: RequestShape
    message_set: str
    document: bytes


class Drafting:
    """Everything that decides how a write is said to this site's Sage."""

    def __init__(
        self,
        settings: Settings,
        profile: Sage100ContractorProfile,
        layout: Layout,
        contract: Contract,
    ) -> None:
        self._settings: Final = settings
        self._profile: Final = profile
        self._layout: Final = layout
        self._contract: Final = contract

    def needs_number(self, source: Source, request: WriteRequest) -> bool:
        """Whether the record's number must be chosen by us and is not in the request."""
        shape = self._shape(source, request)
        creates = request.operation is Operation.CREATE
        return creates and shape is not None and shape.key is not None and "recnum" not in request.body

    def draft(
        self, source: Source, lens: EntityMap, request: WriteRequest, next_number: int | None
    ) -> Draft | Rejected:
        """The document of a create or update. ``next_number`` where ``needs_number``.

        Raises ``FixInput`` where the site's xsd is missing or broken.
        """
        shape = self._shape(source, request)
        if shape is None:
            return Rejected(
                ErrorClass.PERMISSION,
                f"this site's profile has no request that can {request.operation.value} {source.table}",
            )
        columns = self._columns(source, request, shape)
        if source.table == "dlypyr":
            line = payroll.line(columns, self._profile.pay_types)
            if line is None:
                return Rejected(ErrorClass.VALIDATION, _NOT_ONE_CLASS, field="hours")
            columns = line
        key = str(columns.pop("recnum", next_number or "")) if shape.key else ""
        if request.operation is Operation.UPDATE:
            key = request.key or ""
        lines = self._lines(source, shape, columns.pop("lines", ()))
        values = {name: self._text(source.table, name, value) for name, value in columns.items()}
        too_long = self._too_long(source.table, values)
        if too_long is not None:
            return _refusal(lens, shape, too_long, "longer than Sage can hold")
        return self._document(lens, shape, request, key, values, lines)

    def outcome(self, answer: Answer) -> Rejected | Retry | None:
        """What a status means; None where Sage carried the request out."""
        words = answer.message or f"Sage answers status {answer.code} without words"
        match self._profile.answers.meaning(answer.code, answer.message):
            case "good":
                return None
            case "retry_later":
                return Retry(ErrorClass.CONFLICT, words, self._settings.retry_after_s)
            case "login_refused":
                return Retry(ErrorClass.AUTH, words, self._settings.retry_after_s)
            case _:
                return Rejected(ErrorClass.VALIDATION, words)

    def _shape(self, source: Source, request: WriteRequest) -> RequestShape | None:
        shapes = Shapes.of(source.table, self._profile.requests)
        if request.operation is Operation.UPDATE:
            return shapes.update
        if request.operation is not Operation.CREATE:
            return None
        return (shapes.add if "recnum" in request.body else None) or shapes.add_next or shapes.add

    def _columns(self, source: Source, request: WriteRequest, shape: RequestShape) -> dict[str, Any]:
        columns = dict(request.body)
        if _LOCATION in columns:
            columns["locnum"] = str(columns.pop(_LOCATION) or "0").rpartition("-")[2]
        if request.operation is Operation.CREATE:
            columns[self._layout.reference] = request.reference
            fills = self._fills(source.table, columns)
            columns |= {n: v for n, v in fills.items() if n in shape.elements and n not in columns}
        return columns

    def _fills(self, table: str, given: Values) -> Values:
        """What Sage wants of a new record and no other system knows; see QUIRKS.md."""
        settings = self._settings
        fills: dict[str, Any] = {}
        match table:
            case "reccln":
                fills = {"status": settings.client_status, "clntyp": settings.client_type}
                fills["shtnme"] = self._short(table, given.get("clnnme"))
            case "actrec":
                fills = {"status": settings.job_status, "jobtyp": settings.job_type}
                fills["shtnme"] = self._short(table, given.get("jobnme"))
            case "acrinv":
                fills = {"status": settings.invoice_status, "invtyp": settings.invoice_type}
            case "srvinv":
                fills = {
                    "status": settings.service_status,
                    "invtyp": self._profile.service_invoice_type or None,
                }
                fills |= {"ordnum": given.get("invnum"), "orddte": given.get("invdte")}
        return {name: value for name, value in fills.items() if value is not None}

    def _short(self, table: str, name: object) -> str | None:
        return Text(self._profile.width(table, "shtnme") or _SHORT_NAME).cut(
            None if name is None else str(name)
        )

    def _lines(
        self, source: Source, shape: RequestShape, lines: Sequence[Values]
    ) -> Sequence[Mapping[str, str]]:
        carried = shape.lines.elements if shape.lines else {}
        return [
            {
                # the number of a line is its place, where the request has no element for it
                name: self._text(source.lines, name, value)
                for name, value in multiplied(line).items()
                if name != "linnum" or name in carried
            }
            for line in lines
        ]

    def _text(self, table: str, column: str, value: Any) -> str:
        if value is not None:
            return str(value)
        kind = self._layout.columns(table).get(column, Kind.TEXT)
        return "0" if kind in (Kind.NUMBER, Kind.EXACT) else ""

    def _too_long(self, table: str, values: Mapping[str, str]) -> str | None:
        for name, value in values.items():
            width = self._profile.width(table, name)
            if width is not None and len(value) > width:
                return name
        return None

    def _document(
        self,
        lens: EntityMap,
        shape: RequestShape,
        request: WriteRequest,
        key: str,
        values: Mapping[str, str],
        lines: Sequence[Mapping[str, str]],
    ) -> Draft | Rejected:
        settings = self._settings
        session = Session(self._profile.namespace, settings.company, settings.user)
        try:
            root = build(session, shape, message_set=request.reference, key=key, values=values, lines=lines)
        except KeyError as missing:
            return _refusal(
                lens, shape, str(missing.args[0]), f"not carried by {shape.name} in the site's profile"
            )
        except ValueError:
            return Rejected(
                ErrorClass.VALIDATION, "a text holds control characters, which MBXML cannot carry"
            )
        objection = self._contract.objection(root)
        if objection is not None:
            column = next((n for n, path in shape.elements.items() if path == objection.place), "")
            at = f"{shape.name}/{objection.place}".rstrip("/")
            return _refusal(
                lens, shape, column, f"refused by the site's mbxml.xsd at {at}: {objection.reason}"
            )
        return Draft(shape, request.reference, encoded(root))


def _refusal(lens: EntityMap, shape: RequestShape, column: str, why: str) -> Rejected:
    field = next((field.name for field in lens.fields if field.path == column), None)
    subject = f"{column} " if column else f"{shape.name} "
    return Rejected(ErrorClass.VALIDATION, f"not sent to Sage: {subject}is {why}", field=field)


def multiplied(line: Values) -> Values:
    """The line as a ledger that multiplies can take it: where quantity times price is not the amount
    (a minimum charge, a price per hundred), it is one unit at the amount. The money is the truth."""
    for quantity, price in (("linqty", "linprc"), ("prtqty", "prtprc")):
        if line.get("extprc") is None or line.get(quantity) is None or line.get(price) is None:
            continue
        if money(Decimal(line[quantity]) * Decimal(line[price])) != money(line["extprc"]):
            return {**line, quantity: "1", price: line["extprc"]}
    return line


def wire(seen: Seen) -> dict[str, Any]:
    """The record as its columns."""
    columns: dict[str, Any] = orjson.loads(seen.raw)
    return columns


def changed_since(lens: EntityMap, expected: bytes, now: Seen) -> bool:
    """Whether what we read of the record is no longer what a write was decided on."""
    return lens.get(orjson.loads(expected)) != lens.get(wire(now))


def already_so(lens: EntityMap, body: Values, now: Seen) -> bool:
    """Whether the record says what ``body`` would make it say."""
    columns = wire(now)
    return lens.get(apply(columns, body)) == lens.get(columns)


def natural_key(source: Source, body: Values) -> Values:
    """Columns by which a new record is known where it does not carry our reference; may be empty."""
    wanted: tuple[str, ...]
    match source.table:
        case "reccln":
            wanted = ("clnnme", "zipcde")
        case "actrec":
            wanted = ("recnum",) if "recnum" in body else ("jobnme", "clnnum")
        case "acrinv":
            wanted = ("invnum", "jobnum")
        case _:
            wanted = ("invnum", "clnnum")
    return {name: body[name] for name in wanted} if all(body.get(name) for name in wanted) else {}


def same_total(body: Values, found: Seen) -> bool:
    """Whether a document stands for the amount that was sent; True for records without one."""
    sent = body.get("invttl")
    if sent is None and "lines" in body:
        sent = sum((money(line.get("extprc") or 0) for line in body["lines"]), money(body.get("slstax") or 0))
    shown = wire(found).get("invttl")
    if sent is None or shown is None:
        return True
    return money(sent) == money(shown)


def is_void(found: Seen) -> bool:
    """Whether the document no longer counts."""
    return wire(found).get("status") == VOID
