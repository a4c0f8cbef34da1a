"""The load: what an office does in ServiceTrade through its own API, whose answers get lost for it too."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any, Self

import aiohttp

from syncd.sandbox.control import SandboxControl
from syncd.sandbox.serve import Ready

_NEW_JOBS = 10
"""Customers, each with a site and a job, that the ledger has never heard of."""


class Office:
    """A person at work in the field-service account. An async context manager."""

    def __init__(self, ready: Ready, control: SandboxControl) -> None:
        self._base = ready.details["base_url"]
        self._login = {name: ready.details[name] for name in ("username", "password")}
        self._control = control
        self._cookie = ""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def prepare(self, count: int, chance: Random) -> list[int]:
        """``count`` invoices that wait for approval: those there are, and new ones on jobs old and new.
        Returns their ids in random order. Call it before any fault is ordered."""
        old: list[dict[str, Any]] = await self._control.view("invoices")
        ready = [i["id"] for i in old if i["status"] == "ok" and i["job"] is not None][:count]
        patterns = [i["items"] for i in old if i["job"] is not None and i["items"]]
        jobs = [job["id"] for job in await self._control.view("jobs")]
        strange = [await self._new_job(at) for at in range(_NEW_JOBS)]
        while len(ready) < count:
            # every new job gets one at least
            job = strange[len(ready) % _NEW_JOBS] if len(ready) % 10 == 0 else chance.choice(jobs)
            ready.append(await self._invoice(job, chance.choice(patterns)))
        for job in strange:
            ready.append(await self._invoice(job, chance.choice(patterns)))
        del ready[: max(0, len(ready) - count)]
        chance.shuffle(ready)
        return ready

    async def _new_job(self, at: int) -> int:
        address = {"street": f"{at + 1} Foundry Row", "city": "Akron", "state": "OH", "postalCode": "44301"}
        company = await self._made("company", {"name": f"Soak Testing {at + 1}, Inc.", "address": address})
        site = {"companyId": company, "name": f"Works {at + 1}", "address": address}
        location = await self._made("location", site)
        (other, *_) = await self._control.view("jobs")
        job = {"locationId": location, "vendorId": other["vendor"], "type": "repair"}
        return await self._made("job", job)

    async def _invoice(self, job: int, lines: Sequence[dict[str, Any]]) -> int:
        items = [{name: value for name, value in line.items() if name != "id"} for line in lines]
        for item in items:
            for name in ("quantity", "price", "totalPrice"):
                item[name] = float(item[name])
        return await self._made("invoice", {"jobId": job, "items": items})

    async def _made(self, kind: str, body: dict[str, Any]) -> int:
        status, answer = await self._ask("POST", f"/{kind}", body)
        assert status == 200, answer
        return int(answer["data"]["id"])

    async def approve(self, invoice: int) -> None:
        """Hand one over to accounting, however often that takes."""
        while True:
            try:
                status, answer = await self._ask(
                    "PUT", f"/invoice/{invoice}", {"status": "pending_accounting"}
                )
                if status == 200:
                    return
                seen, answer = await self._ask("GET", f"/invoice/{invoice}", None)
                if seen == 200 and answer["data"]["status"] in ("pending_accounting", "processed"):
                    return  # the answer before this one was lost, not the approval
            except (aiohttp.ClientError, ValueError, TypeError, KeyError):
                pass  # played by the sandbox (an answer may be cut short, or empty); asked again
            await asyncio.sleep(0.05)

    async def _ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        assert self._session is not None
        if not self._cookie:
            async with self._session.post(f"{self._base}/auth", json=self._login) as answer:
                answer.raise_for_status()  # the sandbox's faults strike the office's login, too
                self._cookie = f"PHPSESSID={(await answer.json())['data']['authToken']}"
        headers = {"Cookie": self._cookie}
        async with self._session.request(method, self._base + path, json=body, headers=headers) as answer:
            if answer.status == 401:
                self._cookie = ""
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else {}
