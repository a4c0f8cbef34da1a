"""Business Central as its bookkeepers see it: the sandbox's own books."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

from syncd.demo.pair import BooksSide, Document, Shown
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.serve import Ready


@asynccontextmanager
async def books(ready: Ready, control: SandboxControl) -> AsyncIterator[BooksSide]:  # noqa: ARG001
    yield _Books(control)


class _Books:
    def __init__(self, control: SandboxControl) -> None:
        self._control = control
        self._edits = 0

    async def summary(self) -> str:
        state = await self._control.state()
        return f"{state['customers']} customers, {state['items']} items, {state['salesInvoices']} invoices"

    async def documents(self) -> Sequence[Document]:
        """Posted ones; a draft owes nobody anything."""
        return [
            Document(i["id"], i["externalDocumentNumber"], Decimal(str(i["totalAmountIncludingTax"])))
            for i in await self._control.view("salesInvoices")
            if i["status"] != "Draft"
        ]

    async def doubled(self) -> int:
        """Customers that were made twice, and drafts that nobody posted."""
        made = [c for c in await self._control.view("customers") if c["writes"]]
        names = Counter(c["displayName"] for c in made)
        drafts = await self._control.view("salesInvoices", status="Draft")
        return sum(count - 1 for count in names.values()) + len(drafts)

    async def set_street(self, key: str, street: str) -> None:
        self._edits += 1
        await self._control.act("edit", kind="customers", id=key, fields={"addressLine1": street})

    async def customer(self, key: str) -> Shown:
        (shown,) = await self._control.view("customers", id=key)
        return Shown(shown["phoneNumber"], shown["addressLine1"])

    async def writes(self) -> int:
        return int((await self._control.state())["writes"]) - self._edits
