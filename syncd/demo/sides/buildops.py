"""BuildOps as its office sees it. Nothing public shows how an invoice's status is set, so the sandbox's
people do it in the product itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from syncd.demo.pair import FieldSide, Shown, Told, Waiting
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.serve import Ready


@asynccontextmanager
async def office(ready: Ready, control: SandboxControl) -> AsyncIterator[FieldSide]:  # noqa: ARG001
    yield _Office(control)


class _Office:
    def __init__(self, control: SandboxControl) -> None:
        self._control = control
        self._edits = 0

    async def summary(self) -> str:
        state = await self._control.state()
        return (
            f"{state['customers']} customers, {state['properties']} properties, "
            f"{state['jobs']} jobs, {state['invoices']} invoices"
        )

    async def waiting(self) -> Sequence[Waiting]:
        drafts = await self._control.view("invoices", status="Draft")
        return [Waiting(i["id"], i["invoiceNumber"]) for i in drafts if i["jobId"] is not None]

    async def approve(self, invoice: Waiting) -> None:
        await self._edit("invoices", invoice.key, {"status": "Posted"})

    async def told(self) -> Mapping[str, Told]:
        return {}

    async def set_phone(self, key: str, phone: str) -> None:
        await self._edit("customers", key, {"phonePrimary": phone})

    async def customer(self, key: str) -> Shown:
        (shown,) = await self._control.view("customers", id=key)
        (billing,) = shown["addresses"]
        return Shown(shown["phonePrimary"], billing["addressLine1"])

    async def totals(self) -> Mapping[str, Decimal]:
        return {i["id"]: Decimal(str(i["totalAmount"])) for i in await self._control.view("invoices")}

    async def announces(self) -> bool:
        return False

    async def fall_silent(self) -> None:
        return None

    async def writes(self) -> int:
        return int((await self._control.state())["writes"]) - self._edits

    async def _edit(self, kind: str, key: str, fields: Mapping[str, Any]) -> None:
        self._edits += 1
        await self._control.act("edit", kind=kind, id=key, fields=dict(fields))
