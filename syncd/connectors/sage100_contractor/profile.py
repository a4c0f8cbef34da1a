"""The site profile: what Sage 100 Contractor's public documents do not give, for one site.

The product publishes neither a schema nor a list of request names: the ``mbxml.xsd`` that is
installed with it is the contract. This file names what of that contract is used. The sandbox and
a connection read the same model, so whatever is assumed is assumed in one place.

Each docstring ends with how the fact is known: *documented*, *seen in public code*, *assumed*
(must be set from the site's own ``mbxml.xsd`` and catalogues before anything is posted).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from syncd.connectors.profiles import read_profile

ElementPath = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.-]*(/[A-Za-z_][\w.-]*)*$")]
"""An element below the request, descending by ``/``: a reference is ``ClientRef/ObjectID``."""

Column = Annotated[str, Field(pattern=r"^[a-z0-9_]{2,10}$")]
"""A column as the product's tables name it (``clnnme``, ``state_``, ``usrdf1``)."""

Answer = Literal["good", "retry_later", "login_refused", "refused"]
"""What an answer means for the caller; ``refused`` is what no rule names."""


PayClass = Literal["regular", "overtime", "double"]
"""What an hour is paid as."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class LinesShape(_Section):
    """Where a document's lines stand inside its request."""

    container: ElementPath
    """The element that holds all lines. Assumed."""
    element: ElementPath
    """The element of one line inside ``container``. Assumed."""
    elements: dict[Column, ElementPath]
    """Column of the line table -> element below the line, in the order the xsd wants. Assumed."""


class RequestShape(_Section):
    """One MBXML request: its name and the element that carries each column.

    Elements are written in the order given here, the record number first and the lines last:
    an xsd may prescribe a sequence.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z]\w*Rq$")]
    """The request's element. Its answer's element ends in ``Rs`` instead. Seen in public code."""
    key: ElementPath | None = None
    """The element with the record number (``recnum``), where the request names a record or chooses
    its number. ``ObjectRef/ObjectID`` was seen in public code for queries."""
    elements: dict[Column, ElementPath] = {}
    """Column of the record's table -> element. Work order fields were seen in public code."""
    lines: LinesShape | None = None
    """For documents with lines. Assumed."""

    @property
    def answer(self) -> str:
        """Name of the element that answers this request."""
        return f"{self.name[:-2]}Rs"

    @model_validator(mode="after")
    def _one_element_per_column(self) -> RequestShape:
        paths = [*self.elements.values(), *([self.key] if self.key else [])]
        twice = sorted({path for path in paths if paths.count(path) > 1})
        if twice:
            raise ValueError(f"{self.name}: more than one column is carried by {', '.join(twice)}")
        return self


class Requests(_Section):
    """The requests this site's API offers. One that is absent cannot be made here: what would need
    it is matched or reported, never created."""

    client_add: RequestShape | None = None
    """A client with a number of our choice (``ClientAddRq``). Name seen in public code, elements assumed."""
    client_add_next: RequestShape | None = None
    """A client with the next free number (``ClientAddNextRq``). Name seen in public code,
    elements assumed."""
    client_update: RequestShape | None = None
    """Change columns of a client. Name and elements assumed."""
    client_query: RequestShape | None = None
    """One client by number (``ClientQryRq``). Name and key seen in public code, elements assumed."""
    job_add: RequestShape | None = None
    """A job with a number of our choice (``JobAddRq``). Name seen in public code, elements assumed."""
    job_add_next: RequestShape | None = None
    """A job with the next free number (``JobAddNextRq``). Name seen in public code, elements assumed."""
    job_billing_add: RequestShape | None = None
    """An AR invoice (``acrinv``, ``arivln``): hangs off a job. That the API has one is documented;
    name and elements assumed."""
    job_billing_update: RequestShape | None = None
    """Change the header text of an AR invoice. Name and elements assumed."""
    service_billing_add: RequestShape | None = None
    """A service invoice or work order (``srvinv``, ``srvlin``): hangs off a client, job optional.
    ``WorkOrderAddRq`` and its header elements were seen in public code; invoice date, tax and
    lines are assumed."""
    service_billing_update: RequestShape | None = None
    """Change the header text of a service invoice by its record number. That an update form
    exists was seen in public code; name and elements assumed."""
    daily_payroll_add: RequestShape | None = None
    """A line of daily payroll (``dlypyr``): one person's hours of one day, job and cost code under one pay
    type. That the API has payroll requests is known from the product's description; name and elements
    assumed."""
    sql_run: RequestShape | None = None
    """Run one SQL text, answered by an ADO-style rowset (``SQLRunRq``). Seen in public code; the
    element that holds the text is assumed (``elements`` names it under the pseudo-column ``sql``)."""

    @model_validator(mode="after")
    def _names_are_unique(self) -> Requests:
        names = [shape.name for shape in self.offered().values()]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"one request name stands for two things: {', '.join(twice)}")
        return self

    def offered(self) -> dict[str, RequestShape]:
        """The requests this site has, by the names above."""
        return {name: shape for name in type(self).model_fields if (shape := getattr(self, name)) is not None}


class AnswerRule(_Section):
    """Answers of one meaning. Both parts must fit; an empty part fits everything."""

    code: str = ""
    """``statusCode``, exactly."""
    message: str = ""
    """A part of ``statusMessage``, upper and lower case alike."""

    @model_validator(mode="after")
    def _says_something(self) -> AnswerRule:
        if not (self.code or self.message):
            raise ValueError("a rule needs a code or a part of the message")
        return self

    def fits(self, code: str, message: str) -> bool:
        """Whether an answer is of this meaning."""
        return self.code in ("", code) and self.message.casefold() in message.casefold()


class Answers(_Section):
    """What status codes and messages mean. The meaning of codes is not public."""

    good: str = "0"
    """The ``statusCode`` of success. Seen in public code."""
    retry_later: tuple[AnswerRule, ...] = ()
    """Proven not executed, and the same request may pass later: licence, exclusive access, a record
    that another user has open, an earlier request of the set that failed. Assumed."""
    login_refused: tuple[AnswerRule, ...] = ()
    """User, password, or membership of the group ``API``: a person must mend it. Assumed."""

    def meaning(self, code: str, message: str) -> Answer:
        """What the caller does next. What no rule names is a refusal for good."""
        if code == self.good:
            return "good"
        if any(rule.fits(code, message) for rule in self.login_refused):
            return "login_refused"
        if any(rule.fits(code, message) for rule in self.retry_later):
            return "retry_later"
        return "refused"


class Sage100ContractorProfile(_Section):
    """Facts of one site that runs Sage 100 Contractor."""

    provenance: str
    """Where this profile comes from, in a sentence: who read what, when, from which installation."""
    product_version: str = ""
    """The installed version (``27.1``, ``2026.1``): shown, and compared by the drift probe."""
    schema_file: Path
    """The site's ``mbxml.xsd``; a relative path starts at the profile's own folder.
    That it is installed with the product was seen in public code."""
    namespace: str = "http://sage100contractor.com/api"
    """XML namespace of the root element. Seen in public code (up to 18.x it was
    ``http://sagemasterbuilder.com/api``)."""
    server_time_zone: str
    """IANA zone of the database server: ``insdte`` and ``upddte`` are its wall clock. Inferred."""
    exclusive_access: bool = False
    """Whether this site demands exclusive access for writes. That a site can was seen in public code."""
    requests: Requests
    """Request and element names."""
    answers: Answers = Answers()
    """Meaning of status codes and messages."""
    reference_column: Literal["usrdf1", "usrdf2"] = "usrdf1"
    """User text of 50 characters that holds our reference on clients, jobs, invoices and hours. The column
    was seen in public code; that it is free at this site is assumed: ask the site."""
    invoice_statuses: dict[int, str] = {1: "open", 2: "review", 3: "dispute", 4: "paid", 5: "void"}
    """``acrinv.status``. Documented. Paid and void cannot be set by hand."""
    service_statuses: dict[int, str] = {
        1: "open", 2: "review", 3: "dispute", 4: "paid", 5: "void",
        6: "quote", 7: "work order", 8: "complete", 9: "route", 10: "contract",
    }  # fmt: skip
    """``srvinv.status``. Documented. 1 to 3 post to the ledger, 6 to 10 are not invoices yet."""
    invoice_types: dict[int, str] = {1: "contract", 2: "memo"}
    """``acrinv.invtyp``. Documented. (``srvinv.invtyp`` is a catalogue of the site.)"""
    service_invoice_type: int = 0
    """``srvinv.invtyp`` that our service invoices get; 0 leaves it empty. Assumed."""
    client_statuses: dict[int, Literal["active", "pending", "inactive"]]
    """``reccln.status`` -> our word. The catalogue ``clnsts`` is the site's own. Assumed."""
    employee_statuses: dict[int, str] = {}
    """``employ.status`` -> our word; empty: an employee's status is not read. Assumed."""
    pay_types: dict[int, PayClass] = {1: "regular", 2: "overtime", 3: "double"}
    """``dlypyr.paytyp`` -> the class of hours it pays. That 1 is Regular, 2 Overtime and 3 Premium is
    documented; that Premium is double time is inferred. Lines of other types (sick, vacation ...) are read
    without hours."""
    job_statuses: dict[int, str] = {
        1: "bid", 2: "refused", 3: "contract", 4: "current", 5: "complete", 6: "closed",
    }  # fmt: skip
    """``actrec.status``. Documented as six fixed values up to 20.5; later a catalogue (``jobsts``)."""
    duplicate_invoice_numbers: Literal["allowed", "warned", "refused"] = "warned"
    """What the product does with an invoice number it already has: the real behaviour is not known.
    ``warned``: it is saved, and the message of the good answer says so. Assumed."""
    widths: dict[str, dict[Column, Annotated[int, Field(gt=0)]]] = {}
    """Table -> column -> characters it holds; a column that is not listed is not measured. Widths of
    import layouts are documented by third parties; confirm them with INFORMATION_SCHEMA at the site."""
    truncated: tuple[str, ...] = ()
    """``table.column`` whose overlong text the product cuts; in any other it refuses the record. Assumed."""

    @field_validator("schema_file")
    @classmethod
    def _from_own_folder(cls, path: Path, info: ValidationInfo) -> Path:
        folder = (info.context or {}).get("folder")
        if folder is None:
            return path
        if not (Path(folder) / path).is_file():
            raise ValueError(
                f"the schema {path.name} is not there: copy mbxml.xsd from the product's program folder "
                "beside the profile"
            )
        return Path(folder) / path

    @field_validator("server_time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError("not a zone of the IANA database") from None
        return name

    def width(self, table: str, column: str) -> int | None:
        """Characters that ``table.column`` holds; None where it is not measured."""
        return self.widths.get(table, {}).get(column)


def load_profile(path: Path) -> Sage100ContractorProfile:
    """Read a profile; its ``schema_file`` comes back absolute. Raises ``FixInput``."""
    return read_profile(path, Sage100ContractorProfile)
