"""A sandbox of the product under test: documents made, submitted over a real socket, and read back
from its real file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any, TypeVar

from lxml import etree

from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sage100_contractor.object_client import SandboxObject
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import Ready, running

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: of a request, or (with an empty name) of the whole set."""

    name: str
    code: str
    message: str
    element: etree._Element


@dataclass(frozen=True, slots=True)
class Site:
    """A running sandbox and the ways into it."""

    ready: Ready
    control: SandboxControl

    @property
    def password(self) -> str:
        return self.ready.details["password"]

    def document(
        self, *requests: str, set_id: str = "set-1", on_error: str = "stopOnError", user: str = "SYNCAPI"
    ) -> str:
        return (
            '<api:MBXML xmlns:api="http://sage100contractor.com/api">'
            f"<MBXMLSessionRq><Company>Demo Mechanical</Company><User>{user}</User></MBXMLSessionRq>"
            f'<MBXMLMsgsRq messageSetID="{set_id}" onError="{on_error}">{"".join(requests)}</MBXMLMsgsRq>'
            "</api:MBXML>"
        )

    async def submit(
        self, *requests: str, set_id: str = "set-1", on_error: str = "stopOnError"
    ) -> list[Said]:
        """One session that submits one set; what every request was answered."""
        return await self.submit_text(self.document(*requests, set_id=set_id, on_error=on_error))

    async def submit_text(self, text: str) -> list[Said]:
        return said(await self.session(lambda held: held.submitXML(text, self.password)))

    async def session(self, use: Callable[[SandboxObject], _Result]) -> _Result:
        """``use`` an object that is ready for requests, in a thread as a bridge does."""

        def run() -> _Result:
            with SandboxObject(self.ready.url, timeout_s=10) as held:
                opened(held, self.ready)
                return use(held)

        return await asyncio.to_thread(run)

    def rows(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        """What a reader of the database sees."""
        path = self.ready.details["database_url"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            cursor = connection.execute(statement, parameters)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, statement: str, *parameters: object) -> dict[str, Any]:
        (only,) = self.rows(statement, *parameters)
        return only

    def invoice(self, number: str) -> dict[str, Any]:
        return self.row("select * from acrinv where invnum = ?", number)

    def a_job(self) -> int:
        job: int = self.rows("select recnum from actrec order by recnum")[0]["recnum"]
        return job

    def a_client(self) -> int:
        client: int = self.rows("select recnum from reccln order by recnum")[0]["recnum"]
        return client


def opened(held: SandboxObject, ready: Ready) -> None:
    """The calls that come before a submit."""
    assert held.SetDataSource(ready.details["data_source"]) == 0
    assert held.IntializeAPI() == 0
    assert held.EnableRequests() == 0


def said(document: str) -> list[Said]:
    messages = etree.fromstring(document.encode()).find("MBXMLMsgsRs")
    assert messages is not None
    if "statusCode" in messages.attrib:
        assert len(messages) == 0
        return [Said("", messages.get("statusCode", ""), messages.get("statusMessage", ""), messages)]
    return [Said(str(a.tag), a.get("statusCode", ""), a.get("statusMessage", ""), a) for a in messages]


def line(quantity: str = "1", price: str = "100.00", *, account: int = 4010, more: str = "") -> str:
    return (
        f"<Line><Desc>Labor</Desc><Quantity>{quantity}</Quantity><Price>{price}</Price>{more}"
        f"<LedgerAccountRef><ObjectID>{account}</ObjectID></LedgerAccountRef></Line>"
    )


def job_invoice(
    job: int,
    number: str = "FS-1",
    *,
    request_id: str = "1",
    on: str = "2026-10-01",
    before: str = "",
    money: str = "",
    after: str = "<UserDef1>ref-1</UserDef1>",
    lines: str | None = None,
) -> str:
    """``before``, ``money`` and ``after`` are elements that stand after the date, at the amounts and
    before the lines: the schema prescribes the order."""
    return (
        f'<ARInvoiceAddRq requestID="{request_id}"><InvoiceNumber>{number}</InvoiceNumber>'
        f"<JobRef><ObjectID>{job}</ObjectID></JobRef><InvoiceDate>{on}</InvoiceDate>{before}{money}{after}"
        f"<Lines>{line() if lines is None else lines}</Lines></ARInvoiceAddRq>"
    )


def job_invoice_update(recnum: int, fields: str) -> str:
    return (
        f'<ARInvoiceUpdRq requestID="1"><ObjectRef><ObjectID>{recnum}</ObjectID></ObjectRef>'
        f"{fields}</ARInvoiceUpdRq>"
    )


@asynccontextmanager
async def site_of(size: int = 12, **options: str) -> AsyncIterator[Site]:
    async with (
        running("sage100-contractor", Order(seed=3, size=size, options=options)) as live,
        SandboxControl(live.control_url) as control,
    ):
        yield Site(live.ready, control)
