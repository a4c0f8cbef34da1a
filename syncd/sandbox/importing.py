"""A ledger that takes files, played: it exports its masters as reports, and imports one file at a time.

There is no surface to ask. What stands here is what such a product does with a file in a layout that it
knows: book its documents, or put them aside with a reason. Its layouts are the sandbox's site profile: a
folder with one reviewed layout a kind of record.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import web

from syncd.core.errors import FixInput
from syncd.files.layout import Layout, RecordType, load_layout
from syncd.sandbox.company import Company
from syncd.sandbox.crew import Crew
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.options import SandboxOptions
from syncd.sandbox.sandbox import Action, Order, View


class ImportOptions(SandboxOptions):
    """Nothing can be asked of the product besides."""


@dataclass
class Document:
    """One document of a file: its rows as they stood there, and what the product reads of them."""

    entity: str
    values: dict[str, str] = field(default_factory=dict)
    """Canonical field -> what the file says."""
    rows: list[str] = field(default_factory=list)

    @property
    def number(self) -> str:
        return self.values.get("number", "")


class ImportSandbox:
    """One installation. ``whole``: one bad document cancels its file; else the bad ones are put aside."""

    def __init__(self, order: Order, layouts: Path, *, whole: bool) -> None:
        """``layouts``: its own; a profile of the order's stands in their place."""
        ImportOptions.read(order.options)
        self._company = Company.of_size(order.seed, order.size)
        self._layouts = order.profile or layouts
        self._whole = whole
        self._folder: TemporaryDirectory[str] | None = None
        self._faults = FaultPlan()
        self._app = web.Application()
        self.reset()

    @property
    def faults(self) -> FaultPlan:
        return self._faults

    @property
    def app(self) -> web.Application:
        return self._app

    @property
    def views(self) -> Mapping[str, View]:
        return {"documents": self._view}

    @property
    def actions(self) -> Mapping[str, Action]:
        return {
            "report": self._report,
            "enter": self._enter,
            "close": lambda body: self._closed.add(str(body["job"])),
            "reopen": lambda body: self._closed.discard(str(body["job"])),
            "preview": self._preview,
            "import": self._import,
        }

    def state(self) -> Mapping[str, int]:
        return {
            "customers": len(self._customers),
            "jobs": len(self._jobs),
            "employees": len(self._employees),
            "documents": len(self._documents),
            "imports": self._imports,
        }

    def reset(self) -> None:
        self._documents: list[Document] = []
        self._closed: set[str] = set()
        self._imports = 0
        self._customers = {str(c.ledger_number): c for c in self._company.ledger_customers}
        self._jobs = {str(job.number): job for job in self._company.jobs if job.in_ledger}
        self._employees = {str(person.number): person for person in Crew.of(self._company).employees}

    async def start(self, url: str) -> Mapping[str, str]:  # noqa: ARG002 - nobody talks to it
        self._folder = TemporaryDirectory(prefix="syncd-import-sandbox-")
        self._report({"folder": self._folder.name})
        return {"folder": self._folder.name}

    async def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    # -- what its people do -----------------------------------------------------------------------

    def _report(self, body: Mapping[str, Any]) -> None:
        """``folder``: where the reports of masters are exported to."""
        folder = Path(str(body["folder"]))
        customers = [
            (code, c.ledger_name, c.address.postal_code) for code, c in sorted(self._customers.items())
        ]
        jobs = [(code, job.name) for code, job in sorted(self._jobs.items())]
        _write(folder / "customers.csv", ("Customer", "Name", "Zip"), customers)
        people = [(code, one.first_name, one.last_name) for code, one in sorted(self._employees.items())]
        _write(folder / "jobs.csv", ("Job", "Description"), jobs)
        _write(folder / "employees.csv", ("Employee", "First", "Last"), people)

    def _enter(self, _body: Mapping[str, Any]) -> Mapping[str, int]:
        """The customers and jobs that only the field service knows are entered here, too."""
        before = len(self._customers), len(self._jobs)
        self._customers = {str(c.ledger_number): c for c in self._company.customers}
        self._jobs = {str(job.number): job for job in self._company.jobs}
        return {"customers": len(self._customers) - before[0], "jobs": len(self._jobs) - before[1]}

    def _preview(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the import window shows before anybody saves: how many documents, and their total."""
        layout, read = self._read(body)
        total = sum((Decimal(one.values[layout.amount]) for one in read), Decimal(0))
        return {"documents": len(read), "total": str(total)}

    def _import(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """``reversal``: whether the file takes documents back; ``refuse``: number -> reason, beyond what the
        product refuses by itself.

        Answers how many documents were booked, the rows put aside, each with its reason as one more column,
        and what a person reads on the screen: number -> reason."""
        layout, read = self._read(body)
        reversal = bool(body.get("reversal"))
        self._imports += 1
        said = {str(number): str(why) for number, why in dict(body.get("refuse") or {}).items()}
        standing = {(d.entity, d.number) for d in self._documents}
        errors = {}
        for one in read:
            why = said.get(one.number) or self._objection(one, standing, reversal=reversal)
            if why:
                errors[one.number] = why
            standing.add((one.entity, one.number))
        good = [one for one in read if one.number not in errors]
        booked = [] if errors and self._whole else good
        if reversal:
            gone = {(one.entity, one.number) for one in booked}
            self._documents = [d for d in self._documents if (d.entity, d.number) not in gone]
        else:
            self._documents += booked
        bad = [(row, errors[one.number]) for one in read if one.number in errors for row in one.rows]
        aside = [f"{row}{layout.delimiter}{why}" for row, why in bad]
        return {"booked": len(booked), "rejected": aside, "errors": errors}

    def _read(self, body: Mapping[str, Any]) -> tuple[Layout, Sequence[Document]]:
        """``file``: its path; ``entity``: what it is imported as (``invoice`` unless said)."""
        path = Path(str(body["file"]))
        layout = self._layout(body.get("entity") or "invoice")
        try:
            text = path.read_bytes().decode(layout.encoding)
        except OSError as error:
            raise FixInput(f"{path.name} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise FixInput(f"{path.name} is not written in {layout.encoding}") from None
        return layout, _documents(text, layout)

    def _layout(self, entity: str) -> Layout:
        return load_layout(self._layouts / f"{entity}.yaml")

    def _objection(self, one: Document, standing: Iterable[tuple[str, str]], *, reversal: bool) -> str:
        job, customer = one.values.get("job"), one.values.get("customer")
        employee = one.values.get("employee")
        if employee and employee not in self._employees:
            return f"Employee {employee} is not on file"
        if customer and customer not in self._customers:
            return f"Customer {customer} is not on file"
        if job and job not in self._jobs:
            return f"Job {job} is not on file"
        if job in self._closed:
            return f"Job {job} is closed"
        if ((one.entity, one.number) in standing) is not reversal:
            return f"{one.number} is not on file" if reversal else f"{one.number} is on file already"
        return ""

    def _view(self, query: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
        """Every document in the ledger: its kind, what was read of it, and as ``total`` what its layout adds
        up."""
        wanted = query.get("entity")
        return [
            {**d.values, "entity": d.entity, "total": d.values[self._layout(d.entity).amount]}
            for d in self._documents
            if wanted in (None, d.entity)
        ]


# -- reading a file as its layout says ----------------------------------------------------------------


def _documents(text: str, layout: Layout) -> Sequence[Document]:
    """Raises ``FixInput`` for a row that is none of the layout's."""
    found: list[Document] = []
    lines = text.splitlines()
    for row, cells in zip(lines, _cells(lines, layout), strict=True):
        kind = next((k for k in layout.records if _is_of(k, cells)), None)
        if kind is None:
            if layout.heading and tuple(cells) == layout.heading:
                continue
            raise FixInput(f"a row is none of the layout's: {len(cells)} columns")
        if kind.each == "document":
            found.append(Document(layout.entity))
        values = {c.field: cell for c, cell in zip(kind.columns, cells, strict=True) if c.field}
        if kind.each == "document":
            found[-1].values |= values
        found[-1].rows.append(row)
    return found


def _cells(lines: Sequence[str], layout: Layout) -> Iterable[Sequence[str]]:
    if layout.form == "delimited":
        return csv.reader(lines, delimiter=layout.delimiter)
    widths = [[column.width or 0 for column in kind.columns] for kind in layout.records]
    return [next(_sliced(line, w) for w in widths if sum(w) == len(line)) for line in lines]


def _sliced(line: str, widths: Sequence[int]) -> Sequence[str]:
    starts = [sum(widths[:at]) for at in range(len(widths))]
    return [line[start : start + width].strip() for start, width in zip(starts, widths, strict=True)]


def _is_of(kind: RecordType, cells: Sequence[str]) -> bool:
    return len(cells) == len(kind.columns) and all(
        column.constant is None or cell in (column.constant, column.reversal.removeprefix("="))
        for column, cell in zip(kind.columns, cells, strict=True)
    )


def _write(path: Path, heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows([heading, *rows])
    arriving = path.with_name(f".{path.name}.part")
    arriving.write_text(out.getvalue(), encoding="utf-8")
    arriving.replace(path)
