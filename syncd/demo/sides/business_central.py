"""Business Central as its bookkeepers see it: the sandbox's own books."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

from syncd.demo.pair import Booking, BooksSide, Document, Shown
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.serve import Ready


@asynccontextmanager
async def books(ready: Ready, control: SandboxControl) -> AsyncIterator[BooksSide]:  # noqa: ARG001
    yield _Books(control)


def bills(control: SandboxControl) -> Booking:
    return _Documents(control, "purchaseInvoices", "vendorInvoiceNumber", "vendors")


class _Documents:
    """Documents of one kind, their number that is ours, and those they are owed by or to."""

    def __init__(self, control: SandboxControl, kind: str, number: str, parties: str) -> None:
        self._control = control
        self._kind = kind
        self._number = number
        self._parties = parties

    async def documents(self) -> Sequence[Document]:
        """Posted ones; a draft owes nobody anything."""
        return [
            Document(i["id"], i[self._number], Decimal(str(i["totalAmountIncludingTax"])))
            for i in await self._control.view(self._kind)
            if i["status"] != "Draft"
        ]

    async def doubled(self) -> int:
        """Parties that were made twice, and drafts that nobody posted."""
        made = [c for c in await self._control.view(self._parties) if c["writes"]]
        names = Counter(c["displayName"] for c in made)
        drafts = await self._control.view(self._kind, status="Draft")
        return sum(count - 1 for count in names.values()) + len(drafts)


class _Books(_Documents):
    def __init__(self, control: SandboxControl) -> None:
        super().__init__(control, "salesInvoices", "externalDocumentNumber", "customers")
        self._edits = 0

    async def summary(self) -> str:
        state = await self._control.state()
        invoices = f"{state['salesInvoices']} invoices, {state['purchaseInvoices']} purchase invoices"
        return f"{state['customers']} customers, {state['items']} items, {invoices}"

    async def set_street(self, key: str, street: str) -> None:
        self._edits += 1
        await self._control.act("edit", kind="customers", id=key, fields={"addressLine1": street})

    async def customer(self, key: str) -> Shown:
        (shown,) = await self._control.view("customers", id=key)
        return Shown(shown["phoneNumber"], shown["addressLine1"])

    async def writes(self) -> int:
        return int((await self._control.state())["writes"]) - self._edits
