"""Sage 100 Contractor as its bookkeepers see it: the sandbox's own books; and how a site reaches them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, Final

from syncd.demo.pair import BooksSide, Document, Line, PayrollSide, Shown, Worked
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.serve import Ready

_CLASSES: Final = {1: "regular", 2: "overtime", 3: "double"}
"""Pay type -> the class of hours it pays, in the sandbox's profile."""


def connection(books: Ready, **settings: str) -> str:
    """The connection ``books`` to this sandbox, as it stands in a site's file. ``settings``: further ones."""
    more = "".join(f"    {name}: {value}\n" for name, value in settings.items())
    return f"""\
books:
  platform: sage100-contractor
  profile: profiles/sage100-contractor.yaml
  bridge_token: file:keys/bridge
  settings:
    company: {json.dumps(books.details["company"])}
    user: {json.dumps(books.details["user"])}
{more}    dialect: sqlite
  settle: {{seconds: 5, provenance: measured}}
"""


def beside(books: Ready) -> str:
    """What the bridge's file says of this sandbox."""
    return f"""\
sql_url: {json.dumps(books.details["database_url"])}
object: sandbox
sandbox_url: {books.url}
data_source: {json.dumps(books.details["data_source"])}
company: {json.dumps(books.details["company"])}
user: {json.dumps(books.details["user"])}
password: file:keys/sage
"""


@asynccontextmanager
async def books(ready: Ready, control: SandboxControl) -> AsyncIterator[BooksSide]:  # noqa: ARG001
    yield _Books(control)


@asynccontextmanager
async def payroll(ready: Ready, control: SandboxControl) -> AsyncIterator[PayrollSide]:  # noqa: ARG001
    yield _Payroll(control)


class _Payroll:
    def __init__(self, control: SandboxControl) -> None:
        self._control = control

    async def summary(self) -> str:
        state = await self._control.state()
        return (
            f"{state['employ']} employees, {state['actrec']} jobs, {state['dlypyr']} lines of daily payroll"
        )

    async def lines(self) -> Sequence[Line]:
        return [
            Line(line["_idnum"], line["usrdf1"], Worked(_CLASSES[line["paytyp"]], Decimal(line["payhrs"])))
            for line in await self._control.view("hours")
        ]

    async def close_job(self, job: str) -> None:
        await self._control.act("edit_job", recnum=int(job), columns={"status": "6"})

    async def reopen_job(self, job: str) -> None:
        await self._control.act("edit_job", recnum=int(job), columns={"status": "4"})

    async def writes(self) -> int:
        return int((await self._control.state())["submissions"])


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
