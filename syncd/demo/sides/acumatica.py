"""Acumatica as its bookkeepers see it: the sandbox's own books."""

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
        return f"{state['Customer']} customers, {state['Project']} projects, {state['Invoice']} invoices"

    async def documents(self) -> Sequence[Document]:
        return [
            Document(f"{i['Type']}/{i['ReferenceNbr']}", i["CustomerOrder"], Decimal(str(i["Amount"])))
            for i in await self._control.view("Invoice")
        ]

    async def doubled(self) -> int:
        marks = Counter(c["AccountRef"] for c in await self._control.view("Customer") if c["AccountRef"])
        return sum(count - 1 for count in marks.values())

    async def set_street(self, key: str, street: str) -> None:
        self._edits += 1
        fields = {"MainContact": {"Address": {"AddressLine1": street}}}
        await self._control.act("edit", kind="Customer", key=key, fields=fields)

    async def customer(self, key: str) -> Shown:
        (shown,) = await self._control.view("Customer", CustomerID=key)
        contact = shown["MainContact"]
        return Shown(contact["Phone1"], contact["Address"]["AddressLine1"])

    async def writes(self) -> int:
        return int((await self._control.state())["writes"]) - self._edits
