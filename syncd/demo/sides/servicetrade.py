"""ServiceTrade as its office sees it: through its own API, like anybody else, and its sandbox's own truth."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

from syncd.core.errors import SyncdError
from syncd.demo.pair import Approving, FilePair, Shown, SiteSide, Table, Told, Visit, Waiting
from syncd.demo.sides import by_file
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.serve import Ready

_TRIES_LOST: Final = 1_000
INVOICES: Final = """\
invoice:
  mode: left-to-right
  create: [right]
  create_only: true
  select: {status: [pending_accounting]}
  acknowledge:
    posted: [[set_external_id, "{key}"], [set_status, processed]]
    rejected: [[set_status, failed], [comment, "{reason}"]]
"""
"""Approved ones go to the ledger, and ServiceTrade is told what became of them."""
BILLS: Final = """\
vendor:
  mode: both
  create: [right]
  fields:
    name: {rule: left}
    number: {rule: right}
""" + INVOICES.replace("invoice:", "bill:", 1)
"""Vendors, and their bills: approved ones go the way that invoices go."""
_BY_FILE: Final = (
    """\
customer: {mode: observe}
job: {mode: observe}
employee: {mode: observe}
"""
    + INVOICES
    + """\
time_entry:
  mode: left-to-right
  create: [right]
  create_only: true
  select: {earning: [onsite, enroute]}
job_cost:
  mode: left-to-right
  create: [right]
  create_only: true
  select: {cost_type: [part, equipment, subcontract, other]}
"""
)
"""To a ledger that takes files."""
_HUNDREDTH: Final = Decimal("0.01")


def connection(field: Ready, also: str = "") -> str:
    """The connection ``field`` to this sandbox, as it stands in a site's file. ``also``: a setting more, as
    YAML."""
    more = f"    {also}\n" if also else ""
    return f"""\
field:
  platform: servicetrade
  profile: profiles/servicetrade.yaml
  settings:
    base_url: {field.details["base_url"]}
    auth:
      scheme: oauth2
      client_id: {field.details["client_id"]}
      client_secret: file:keys/servicetrade
{more}  settle: {{seconds: 5, provenance: measured}}
"""


def handed_over(
    platform: str, title: str, layouts: Path, codes: Mapping[str, Mapping[str, str]], *, whole: bool
) -> FilePair:
    """ServiceTrade and a ledger that takes files. ``layouts``: the folder of the sandbox's own; ``codes``:
    table -> ServiceTrade's code -> the ledger's; ``whole``: whether one bad record cancels an import."""

    def connections(field: Ready, _books: Ready) -> str:
        # hours until now were paid from other papers; a day back, for the tale may be told at midnight
        first_day = (datetime.now(UTC) - timedelta(days=1)).date()
        return connection(field, f"labour: {{first_day: {first_day}}}") + by_file.connection(platform)

    return FilePair(
        name=f"servicetrade-{platform}",
        title=f"ServiceTrade → {title}, by file",
        left="servicetrade",
        right=platform,
        left_title="ServiceTrade",
        right_title=title,
        secrets={"servicetrade": ("left", "client_secret")},
        connections=connections,
        flows=_BY_FILE,
        crosswalks=lambda _company: {name: Table(list(table.items())) for name, table in codes.items()},
        field=office,
        webhooks=True,
        needs={"left": "labour: {first_day: SET}", "right": by_file.settings()},
        layouts=layouts,
        whole=whole,
    )


class Office:
    """A person logged in to the account (session login), through its own API. An async context manager."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self._base = base_url.rstrip("/")
        self._login = {"username": username, "password": password}
        self._session: aiohttp.ClientSession | None = None
        self._cookie = ""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        await self._log_in()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def approve(self, invoice: int) -> None:
        """Hand an invoice, or a vendor's bill, over to accounting."""
        await self._ask("PUT", f"/invoice/{invoice}", {"status": "pending_accounting"})

    async def use(self, job: int, item: Mapping[str, Any], at: int) -> int:
        """Put down a part that was used on a job, like an ``item`` of another job. The new one's id."""
        fields = {name: item[name] for name in ("name", "quantity", "cost", "libItem")}
        made = await self._ask("POST", "/jobitem", {**fields, "jobId": job, "usedOn": at})
        return int(made["id"])

    async def rename_phone(self, company: int, phone: str) -> None:
        """Correct a customer's phone number."""
        await self._ask("PUT", f"/company/{company}", {"phoneNumber": phone})

    async def company(self, ident: int) -> dict[str, Any]:
        """A customer as the API shows it."""
        return await self._ask("GET", f"/company/{ident}", None)

    async def _log_in(self) -> None:
        self._cookie = ""
        answer = await self._ask("POST", "/auth", self._login)
        self._cookie = f"PHPSESSID={answer['authToken']}"

    async def _ask(self, method: str, path: str, body: Any) -> dict[str, Any]:
        assert self._session is not None
        headers = {"Cookie": self._cookie} if self._cookie else {}
        async with self._session.request(method, self._base + path, json=body, headers=headers) as answer:
            if answer.status == 401 and self._cookie:
                # the session has ended, as sessions do
                await self._log_in()
                return await self._ask(method, path, body)
            if answer.status >= 400:
                raise SyncdError(f"ServiceTrade's sandbox refused {method} {path}: {answer.status}")
            content: dict[str, Any] = await answer.json()
        data: dict[str, Any] = content.get("data") or {}
        return data


@asynccontextmanager
async def office(ready: Ready, control: SandboxControl) -> AsyncIterator[SiteSide]:
    details = ready.details
    async with Office(details["base_url"], details["username"], details["password"]) as person:
        yield _Side(person, control)


@asynccontextmanager
async def bills(ready: Ready, control: SandboxControl) -> AsyncIterator[Approving]:
    details = ready.details
    async with Office(details["base_url"], details["username"], details["password"]) as person:
        yield _Documents(person, control, "bills")


class _Documents:
    """Invoices, or vendors' bills: ``view`` shows them."""

    def __init__(self, office: Office, control: SandboxControl, view: str) -> None:
        self._office = office
        self._control = control
        self._view = view

    async def waiting(self) -> Sequence[Waiting]:
        ready = await self._control.view(self._view, status="ok")
        return [Waiting(str(i["id"]), i["invoiceNumber"]) for i in ready if i["job"] is not None]

    async def approve(self, document: Waiting) -> None:
        await self._office.approve(int(document.key))

    async def told(self) -> Mapping[str, Told]:
        return {i["invoiceNumber"]: _told(i) for i in await self._control.view(self._view)}

    async def totals(self) -> Mapping[str, Decimal]:
        return {str(i["id"]): Decimal(i["totalPrice"]) for i in await self._control.view(self._view)}


class _Side(_Documents):
    def __init__(self, office: Office, control: SandboxControl) -> None:
        super().__init__(office, control, "invoices")
        self._begun = int(datetime.now(UTC).timestamp())

    async def summary(self) -> str:
        state = await self._control.state()
        # the account's own company is one of them
        return (
            f"{state['company'] - 1} customers, {state['location']} locations, "
            f"{state['job']} jobs, {state['invoice']} invoices, {state['vendorbill']} vendor bills"
        )

    async def set_phone(self, key: str, phone: str) -> None:
        await self._office.rename_phone(int(key), phone)

    async def customer(self, key: str) -> Shown:
        shown = await self._office.company(int(key))
        return Shown(shown["phoneNumber"], (shown.get("address") or {}).get("street"))

    async def announces(self) -> bool:
        return bool((await self._control.view("webhooks"))["hooks"])

    async def fall_silent(self) -> None:
        await self._control.act("webhooks/fail", times=_TRIES_LOST)

    async def writes(self) -> int:
        return int((await self._control.state())["writes"])

    async def visit(self, invoice: Waiting, hours: Decimal) -> Visit:
        (billed,) = await self._control.view("invoices", number=invoice.number)
        technician, *_ = await self._control.view("users", status="active")
        part = next(
            item
            for item in await self._control.view("job_items")
            if item["cost"] and item["libItem"]["type"] == "part"
        )
        seconds, now = int(hours * 3600), int(datetime.now(UTC).timestamp())
        worked = await self._control.act(
            "work", job=billed["job"], user=technician["id"], start=now - seconds, seconds=seconds
        )
        used = await self._office.use(billed["job"], {**part, "cost": float(part["cost"])}, now)
        return Visit(str(worked["event"]), str(used))

    async def worked(self) -> Mapping[str, Decimal]:
        pairs = [p for p in await self._control.view("clock") if (p["end"] or 0) >= self._begun]
        return {str(p["id"]): _rounded(Decimal(p["end"] - p["start"]) / 3600) for p in pairs}

    async def used(self) -> Mapping[str, Decimal]:
        items = [i for i in await self._control.view("job_items") if i["created"] >= self._begun]
        return {str(i["id"]): _rounded(Decimal(str(i["quantity"])) * Decimal(str(i["cost"]))) for i in items}


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_HUNDREDTH, ROUND_HALF_UP)


def _told(invoice: Mapping[str, Any]) -> Told:
    if invoice["status"] == "failed":
        return Told.REFUSED
    return Told.POSTED if invoice["status"] == "processed" and invoice["externalIds"] else Told.NOTHING
