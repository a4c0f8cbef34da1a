"""QuickBooks Online as its bookkeepers see it: the sandbox's own books."""

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
        return f"{state['Customer']} customers, {state['Item']} items, {state['Invoice']} invoices"

    async def documents(self) -> Sequence[Document]:
        return [
            Document(i["Id"], i["DocNumber"], Decimal(str(i["TotalAmt"])), i.get("PrivateNote", ""))
            for i in await self._control.view("Invoice")
        ]

    async def doubled(self) -> int:
        names = Counter(c["DisplayName"].casefold() for c in await self._control.view("Customer"))
        return sum(count - 1 for count in names.values())

    async def set_street(self, key: str, street: str) -> None:
        self._edits += 1
        (shown,) = await self._control.view("Customer", Id=key)
        address = {**shown["BillAddr"], "Line1": street}
        await self._control.act("edit", kind="Customer", id=key, fields={"BillAddr": address})

    async def customer(self, key: str) -> Shown:
        (shown,) = await self._control.view("Customer", Id=key)
        return Shown((shown.get("PrimaryPhone") or {}).get("FreeFormNumber"), shown["BillAddr"]["Line1"])

    async def writes(self) -> int:
        return int((await self._control.state())["writes"]) - self._edits
