"""What ``syncd check`` says about a ServiceTrade connection. Reads, and writes nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from syncd.connectors.servicetrade.dialect import ServiceTradeDialect
from syncd.connectors.servicetrade.edge import words
from syncd.core.errors import RenewCredentials, SyncdError
from syncd.http import HttpClient
from syncd.ports import Finding


class Checks:
    def __init__(self, http: HttpClient, dialect: ServiceTradeDialect) -> None:
        self._http = http
        self._dialect = dialect
        self._resources = dialect.resources
        self._profile = dialect.profile

    async def run(self, identity_path: str) -> list[Finding]:
        """Login first; without it nothing else can be said."""
        login = await self._login(identity_path)
        if login.level == "error":
            return [login]
        found = [login]
        for entity in self._resources:
            found += await self._entity(entity)
        return [*found, await self._webhooks(), self._payments()]

    async def _login(self, path: str) -> Finding:
        try:
            answer = await self._http.read(path)
        except SyncdError as error:
            return Finding("error", "login", error.message, error.remedy)
        if answer.ok:
            return Finding("ok", "login", "ServiceTrade lets us in")
        return Finding(
            "error", "login", f"ServiceTrade does not know us: {words(answer)}", "check base_url and auth"
        )

    async def _entity(self, entity: str) -> list[Finding]:
        resource = self._resources[entity]
        try:
            # a few, since the newest may have no lines
            answer = await self._http.read(resource.path, {**resource.query, "limit": "25", "page": "1"})
            if not answer.ok:
                raise RenewCredentials(words(answer), remedy="check the rights of this login")
            rows = self._dialect.listed(entity, answer).rows
        except SyncdError as error:
            return [Finding("error", entity, error.message, error.remedy)]
        found = [Finding("ok", entity, f"{resource.path} can be read")]
        if entity == "invoice":
            found += self._invoice([msgspec.json.decode(row.raw, type=dict[str, Any]) for row in rows])
        return found

    def _invoice(self, wires: list[dict[str, Any]]) -> list[Finding]:
        """Whether the account's own invoices have the fields that the profile names."""
        lines = [line for wire in wires for line in wire.get("items") or () if isinstance(line, dict)]
        if not lines:
            return [
                Finding(
                    "warning",
                    "profile",
                    "none of the first invoices has lines: the profile's line fields were not compared",
                    "compare profile.lines with an invoice of this account",
                )
            ]
        missing = [
            f"lines.{name}: {key!r}"
            for name, key in self._profile.lines.model_dump().items()
            if name != "item_code" and not any(key in line for line in lines)
        ]
        top = self._profile.totals.tax.partition(".")[0]
        if not any(top in wire for wire in wires):
            missing.append(f"totals.tax: {self._profile.totals.tax!r}")
        if missing:
            message = f"the account's invoices have no such fields: {', '.join(missing)}"
            return [Finding("error", "profile", message, "set them to what an invoice of this account shows")]
        return [Finding("ok", "profile", "the account's invoices have the fields that the profile names")]

    async def _webhooks(self) -> Finding:
        try:
            answer = await self._http.read("/webhook")
        except SyncdError:
            answer = None
        if answer is not None and answer.ok:
            return Finding("ok", "webhooks", "this login may register them")
        return Finding(
            "warning",
            "webhooks",
            "this login may not register webhooks; changes are seen by polling",
            "give its user the Account Admin role if seconds matter",
        )

    def _payments(self) -> Finding:
        state = "off: the profile has no `payments`" if self._profile.payments is None else "on"
        return Finding("ok", "payments", f"write-back is {state}")
