"""QuickBooks Online as its bookkeepers see it: the sandbox's own books."""

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
    return _Documents(control, "Bill", "Vendor")


class _Documents:
    """Documents of one kind, and those they are owed by or to."""

    def __init__(self, control: SandboxControl, kind: str, party: str) -> None:
        self._control = control
        self._kind = kind
        self._party = party

    async def documents(self) -> Sequence[Document]:
        return [
            Document(i["Id"], i["DocNumber"], Decimal(str(i["TotalAmt"])), i.get("PrivateNote", ""))
            for i in await self._control.view(self._kind)
        ]

    async def doubled(self) -> int:
        names = Counter(c["DisplayName"].casefold() for c in await self._control.view(self._party))
        return sum(count - 1 for count in names.values())


class _Books(_Documents):
    def __init__(self, control: SandboxControl) -> None:
        super().__init__(control, "Invoice", "Customer")
        self._edits = 0

    async def summary(self) -> str:
        state = await self._control.state()
        kinds = ("Customer", "Item", "Invoice", "Bill")
        return ", ".join(f"{state[kind]} {kind.lower()}s" for kind in kinds)

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
