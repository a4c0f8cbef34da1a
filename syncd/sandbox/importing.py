"""A ledger that takes files, played: its reports lie in a folder, and an import reads one file at a time.

There is no surface to ask. What stands here is what such a product does with a file: book its rows, or put
them aside with a reason.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiohttp import web

from syncd.core.errors import FixInput
from syncd.sandbox.company import Company
from syncd.sandbox.faults import FaultPlan
from syncd.sandbox.options import SandboxOptions
from syncd.sandbox.sandbox import Action, Order, View


class ImportOptions(SandboxOptions):
    """What is asked of the product besides."""

    number_column: int = 0
    """Which column of a row, from 0, holds the document's number."""


class ImportSandbox:
    """One installation. ``whole``: a file with one bad row is cancelled; else the bad rows are put aside."""

    def __init__(self, order: Order, *, whole: bool) -> None:
        self._options = ImportOptions.read(order.options)
        self._company = Company.of_size(order.seed, order.size)
        self._whole = whole
        self._folder: TemporaryDirectory[str] | None = None
        self._rows: list[list[str]] = []
        self._imports = 0
        self._faults = FaultPlan()
        self._app = web.Application()

    @property
    def faults(self) -> FaultPlan:
        return self._faults

    @property
    def app(self) -> web.Application:
        return self._app

    @property
    def views(self) -> Mapping[str, View]:
        return {"rows": lambda _query: self._rows}

    @property
    def actions(self) -> Mapping[str, Action]:
        return {"import": self._import}

    def state(self) -> Mapping[str, int]:
        return {"rows": len(self._rows), "imports": self._imports}

    def reset(self) -> None:
        self._rows.clear()
        self._imports = 0

    async def start(self, url: str) -> Mapping[str, str]:  # noqa: ARG002 - nobody talks to it
        self._folder = TemporaryDirectory(prefix="syncd-import-sandbox-")
        folder = Path(self._folder.name)
        customers = [(f"C{at:05d}", c.name) for at, c in enumerate(self._company.customers, 1)]
        (folder / "customers.csv").write_text(_report(("Customer", "Name"), customers), encoding="utf-8")
        return {"folder": str(folder)}

    async def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def _import(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """``file``: the path of a delimited file; ``refuse``: number -> reason. Answers the rows put aside,
        each with its reason as one more column, and the errors that a person reads."""
        path, refuse = Path(str(body["file"])), dict(body.get("refuse") or {})
        try:
            text = path.read_bytes().decode("cp1252")
        except OSError as error:
            raise FixInput(f"{path.name} cannot be read: {error.strerror}") from None
        self._imports += 1
        lines = text.splitlines()
        read = list(csv.reader(io.StringIO(text, newline="")))
        bad = {at: refuse[n] for at, row in enumerate(read) if (n := self._number(row)) in refuse}
        if not (bad and self._whole):
            self._rows += [row for at, row in enumerate(read) if at not in bad]
        return {
            "booked": 0 if bad and self._whole else len(read) - len(bad),
            "rejected": [f"{lines[at]},{reason}" for at, reason in bad.items()],
        }

    def _number(self, row: list[str]) -> str:
        return row[self._options.number_column] if len(row) > self._options.number_column else ""


def _report(heading: tuple[str, ...], rows: list[tuple[str, str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([heading, *rows])
    return out.getvalue()
