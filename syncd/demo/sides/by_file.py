"""A ledger that takes files: its connection, and its bookkeeper, who exports reports, imports files and says
what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from textwrap import indent
from typing import Any, Final

from syncd.demo.pair import Document
from syncd.sandbox.control import SandboxControl

HANDOVER: Final = "handover"
"""Where files are handed over, in the site's folder."""

KINDS: Final[Mapping[str, str]] = {
    "invoice": "AR invoices",
    "time_entry": "labour hours",
    "job_cost": "direct project costs",
    "purchase_order": "purchase orders",
}
"""What such a ledger takes, as its people call it."""


def settings() -> str:
    """What such a connection has to say, as it stands in a site's file."""
    layouts = ", ".join(f"{kind}: layouts/{kind}.yaml" for kind in KINDS)
    return f"""\
folder: {HANDOVER}
layouts: {{{layouts}}}
masters:
  customer: {{file: customers.csv, key: Customer, columns: {{name: Name, postal_code: Zip}}}}
  job: {{file: jobs.csv, key: Job, columns: {{name: Description}}}}
  employee: {{file: employees.csv, key: Employee, columns: {{first_name: First, last_name: Last}}}}
"""


def connection(platform: str) -> str:
    """The connection ``books`` as it stands in a site's file."""
    return f"books:\n  platform: {platform}\n  settings:\n{indent(settings(), ' ' * 4)}"


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

    async def preview(self, file: Path, kind: str = "invoice") -> tuple[int, Decimal]:
        """What the import window of a kind shows of a file: documents and their total."""
        shown = await self._control.act("preview", file=str(file), entity=kind)
        return int(shown["documents"]), Decimal(shown["total"])

    async def take_in(self, file: Path, kind: str = "invoice") -> Mapping[str, Any]:
        """Import a file: how many were ``booked``, the ``rejected`` rows, and ``errors`` by number."""
        answer: Mapping[str, Any] = await self._control.act("import", file=str(file), entity=kind)
        return answer

    async def take_back(self, file: Path, kind: str = "invoice") -> None:
        """Import a reversal file."""
        await self._control.act("import", file=str(file), entity=kind, reversal=True)

    async def documents(self, kind: str = "invoice") -> Sequence[Document]:
        """Everything of a kind that stands in the ledger; its total is what its layout adds up."""
        return [
            Document(d["number"], d["number"], Decimal(d["total"]), d["reference"])
            for d in await self._control.view("documents", entity=kind)
        ]


def standing_once(documents: Sequence[Document], numbers: set[str]) -> int:
    """How many of these numbers stand in the ledger, each once."""
    counted = Counter(document.number for document in documents)
    return sum(counted[number] == 1 for number in numbers)
