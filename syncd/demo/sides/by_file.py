"""A ledger that takes files: its connection, what flows to it, and its bookkeeper, who exports reports,
imports files and says what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from syncd.demo.pair import Document, Table
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl

HANDOVER: Final = "handover"
"""Where files are handed over, in the site's folder."""

FLOWS: Final = """\
customer: {mode: observe}
job: {mode: observe}
invoice:
  mode: left-to-right
  create: [right]
  create_only: true
  select: {status: [pending_accounting]}
  acknowledge:
    posted: [[set_external_id, "{key}"], [set_status, processed]]
    rejected: [[set_status, failed], [comment, "{reason}"]]
"""


def connection(platform: str) -> str:
    """The connection ``books`` as it stands in a site's file."""
    return f"""\
books:
  platform: {platform}
  settings:
    folder: {HANDOVER}
    layouts: {{invoice: layouts/invoice.yaml}}
    masters:
      customer: {{file: customers.csv, key: Customer, columns: {{name: Name, postal_code: Zip}}}}
      job: {{file: jobs.csv, key: Job, columns: {{name: Description}}}}
"""


def no_crosswalks(_company: Company) -> Mapping[str, Table]:
    """The layout's code tables say it all."""
    return {}


class Bookkeeper:
    """A person at the ledger."""

    def __init__(self, control: SandboxControl, folder: Path) -> None:
        """``folder``: the hand-over folder, where they put reports and find files."""
        self._control = control
        self.folder = folder
        folder.mkdir(exist_ok=True)

    async def summary(self) -> str:
        state = await self._control.state()
        return f"{state['customers']} customers, {state['jobs']} jobs in its reports"

    async def export_reports(self) -> None:
        await self._control.act("report", folder=str(self.folder))

    async def enter_missing(self) -> str:
        """Enter the customers and jobs that only the field service knows. Returns how many, in words."""
        entered = await self._control.act("enter")
        await self.export_reports()
        return f"{entered['customers']} customers and {entered['jobs']} jobs"

    async def close_job(self, job: str) -> None:
        await self._control.act("close", job=job)

    async def reopen_job(self, job: str) -> None:
        await self._control.act("reopen", job=job)

    async def preview(self, file: Path) -> tuple[int, Decimal]:
        """What the import window shows of a file: documents and their total."""
        shown = await self._control.act("preview", file=str(file))
        return int(shown["documents"]), Decimal(shown["total"])

    async def take_in(self, file: Path) -> Mapping[str, Any]:
        """Import a file: how many were ``booked``, the ``rejected`` rows, and ``errors`` by number."""
        answer: Mapping[str, Any] = await self._control.act("import", file=str(file))
        return answer

    async def take_back(self, file: Path) -> None:
        """Import a reversal file."""
        await self._control.act("import", file=str(file), reversal=True)

    async def documents(self) -> Sequence[Document]:
        """Every invoice that stands in the ledger."""
        return [
            Document(d["number"], d["number"], Decimal(d["total"]), d["reference"])
            for d in await self._control.view("documents", entity="invoice")
        ]


def standing_once(documents: Sequence[Document], numbers: set[str]) -> int:
    """How many of these numbers stand in the ledger, each once."""
    counted = Counter(document.number for document in documents)
    return sum(counted[number] == 1 for number in numbers)
