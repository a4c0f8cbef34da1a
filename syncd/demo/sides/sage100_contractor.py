"""Sage 100 Contractor as its bookkeepers see it: the sandbox's own books."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from syncd.demo.pair import BooksSide, Document, Shown
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.serve import Ready


@asynccontextmanager
async def books(ready: Ready, control: SandboxControl) -> AsyncIterator[BooksSide]:  # noqa: ARG001
    yield _Books(control)


class _Books:
    def __init__(self, control: SandboxControl) -> None:
        self._control = control

    async def summary(self) -> str:
        state = await self._control.state()
        invoices = state["acrinv"] + state["srvinv"]
        return f"{state['reccln']} clients, {state['actrec']} jobs, {invoices} invoices"

    async def documents(self) -> Sequence[Document]:
        living = [d for d in await self._control.view("invoices") if not d.get("void")]
        return [Document(_key(d), d["invnum"], Decimal(d["invttl"]), d["usrdf1"] or "") for d in living]

    async def doubled(self) -> int:
        marks = Counter(c["usrdf1"] for c in await self._control.view("clients") if c["usrdf1"])
        return sum(count - 1 for count in marks.values())

    async def set_street(self, key: str, street: str) -> None:
        await self._control.act("edit_client", recnum=int(key), columns={"addrs1": street})

    async def customer(self, key: str) -> Shown:
        (client,) = await self._control.view("clients", recnum=key)
        return Shown(client["phnnum"], client["addrs1"])

    async def writes(self) -> int:
        return int((await self._control.state())["submissions"])


def _key(document: Mapping[str, Any]) -> str:
    """Job invoices by their number; service invoices count their own."""
    number = str(document["recnum"])
    return number if document["table"] == "acrinv" else f"{document['table']}/{number}"
