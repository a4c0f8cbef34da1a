"""Somebody in the contractor's office who enters and changes records, through ServiceTrade's own API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from syncd.demo.sides.servicetrade import Office
from syncd.sandbox.serve import Ready

Fields = Mapping[str, Any]

ADDRESS = {"street": "1 Canal St", "city": "Peru", "state": "IN", "postalCode": "46970"}


@dataclass(frozen=True, slots=True)
class Entered:
    """Ids of what was entered for one customer."""

    company: int
    job: int
    invoice: int
    number: str


class Clerk(Office):
    """An async context manager, logged in."""

    @classmethod
    def at(cls, field: Ready) -> Clerk:
        details = field.details
        return cls(details["base_url"], details["username"], details["password"])

    async def enter(self, path: str, body: Fields) -> dict[str, Any]:
        return await self._ask("POST", path, body)

    async def change(self, path: str, body: Fields) -> dict[str, Any]:
        return await self._ask("PUT", path, body)

    async def enter_work(
        self, name: str, lines: Sequence[Fields], vendor: int, phone: str | None = None
    ) -> Entered:
        """A customer with a site, a job there, and an invoice for it that is not approved."""
        company = await self.enter("/company", {"name": name, "address": ADDRESS, "phoneNumber": phone})
        site = {"name": f"{name} HQ", "companyId": company["id"], "address": ADDRESS}
        location = await self.enter("/location", site)
        work = {"locationId": location["id"], "vendorId": vendor, "type": "service_call"}
        job = await self.enter("/job", work)
        invoice = await self.enter("/invoice", {"jobId": job["id"], "items": list(lines)})
        return Entered(company["id"], job["id"], invoice["id"], invoice["invoiceNumber"])


def line(item: Any, quantity: float = 2, price: float = 10.5, description: str = "Filter") -> dict[str, Any]:
    """One line of an invoice; ``item`` as ``library_item`` gives it."""
    return {"quantity": quantity, "price": price, "description": description, "libItem": item}


def library_item(invoices: Sequence[Fields]) -> Any:
    """A library item, as the lines of invoices embed it."""
    return next(one["libItem"] for invoice in invoices for one in invoice["items"] if one["libItem"])
