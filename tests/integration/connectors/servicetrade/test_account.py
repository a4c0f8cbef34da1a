"""The connector over the sandbox's whole API: what the conformance suite cannot know of this platform."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from syncd.clock import SystemClock
from syncd.connectors.registry import Opening
from syncd.connectors.servicetrade import PLATFORM, ServiceTradeConnector, Settings
from syncd.connectors.servicetrade.connector import open_connection
from syncd.connectors.servicetrade.profile import ServiceTradeProfile, load_profile
from syncd.core.errors import FixInput
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Rejected
from syncd.ports import Vault, WriteRequest
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from syncd.sandbox.servicetrade.server import OWN_PROFILE
from tests.conformance.wire import MemoryVault


class _Vault:
    async def load(self, connection: str, name: str) -> bytes | None:
        return None

    async def save(self, connection: str, name: str, value: bytes) -> None:
        return None


class _Account:
    def __init__(self, connector: ServiceTradeConnector, control: SandboxControl) -> None:
        self.connector = connector
        self.control = control


@asynccontextmanager
async def account(
    folder: Path,
    profile: Callable[[ServiceTradeProfile], ServiceTradeProfile] = lambda p: p,
    labour: Mapping[str, Any] | None = None,
    vault: Vault | None = None,
    **options: str,
) -> AsyncIterator[_Account]:
    """A connection to a small sandbox; ``profile`` changes what the *connection* believes."""
    secret = folder / "secret"
    secret.write_text("demo-secret")
    secret.chmod(0o600)
    async with AsyncExitStack() as stack:
        live = await stack.enter_async_context(running("servicetrade", Order(size=8, options=options)))
        control = await stack.enter_async_context(SandboxControl(live.control_url))
        login = {"scheme": "oauth2", "client_id": "demo-client", "client_secret": f"file:{secret}"}
        settings = Settings.model_validate(
            {
                "base_url": f"{live.url}/api",
                "auth": login,
                "labour": labour,
            }
        )
        believed = profile(load_profile(OWN_PROFILE))
        connector = open_connection(
            Opening("field", settings, SystemClock(), vault or _Vault(), folder=folder, profile=believed)
        )
        stack.push_async_callback(connector.close)
        yield _Account(connector, control)


async def test_a_refresh_token_is_given_back_and_forgotten(tmp_path: Path) -> None:
    vault = MemoryVault()
    async with account(tmp_path, vault=vault) as there:
        assert not await there.connector.revoke(), "nothing was given yet"
        await _walk(there.connector, "customer")
        kept = await vault.load("field", "oauth2.refresh_token")
        assert kept
        assert await there.connector.revoke()
        assert not await vault.load("field", "oauth2.refresh_token")
        assert not await there.connector.revoke()
        stolen = {"grant_type": "refresh_token", "refresh_token": kept.decode(), "client_id": "demo-client"}
        address = f"{there.connector._settings.base_url}/oauth2/token"
        async with aiohttp.ClientSession() as http, http.post(address, data=stolen) as answer:
            assert answer.status == 400


async def _walk(connector: ServiceTradeConnector, entity: str) -> list[dict[str, Any]]:
    pages = [page async for page in connector.pages(entity, since=None)]
    return [orjson.loads(seen.raw) for page in pages for seen in page.records]


def test_without_a_profile_it_refuses_and_says_what_to_supply() -> None:
    login = {"scheme": "oauth2", "client_id": "demo-client", "client_secret": "env:UNUSED"}
    settings = Settings.model_validate({"auth": login})
    with pytest.raises(FixInput, match="invoice line fields") as refused:
        PLATFORM.open(Opening("field", settings, SystemClock(), _Vault()))
    assert "profile" in refused.value.remedy


async def test_every_job_is_walked_whatever_its_status(tmp_path: Path) -> None:
    async with account(tmp_path) as live:
        jobs = await live.control.view("jobs")
        assert {job["status"] for job in jobs} > {"scheduled"}
        assert len(await _walk(live.connector, "job")) == len(jobs)


async def test_a_compound_account_reads_like_a_flat_one(tmp_path: Path) -> None:
    async with account(tmp_path, layout="compound") as live:
        lens = live.connector.capabilities.entities["job"].map
        for wire in (await _walk(live.connector, "job"))[:3]:
            seen = await live.connector.fetch("job", str(wire["id"]))
            assert seen is not None
            assert lens.get(json.loads(seen.raw)) == lens.get(wire)


async def test_one_part_of_an_address_is_changed_and_the_others_stay(tmp_path: Path) -> None:
    async with account(tmp_path) as live:
        before = (await live.control.view("companies"))[1]
        seen = await live.connector.fetch("customer", str(before["id"]))
        assert seen is not None
        lens = live.connector.capabilities.entities["customer"].map
        body = lens.put({"street": "2 Mill Lane"}, orjson.loads(seen.raw))
        for expected in (seen.raw, None):
            request = WriteRequest(
                "customer", Operation.UPDATE, "r-1", key=seen.key, body=body, expected=expected
            )
            assert isinstance(await live.connector.submit(request), Confirmed)
        after = (await live.control.view("companies"))[1]
        assert after["address"] == {**before["address"], "street": "2 Mill Lane"}
        assert after["name"] == before["name"]


async def test_a_customer_we_create_carries_its_key_on_the_other_side(tmp_path: Path) -> None:
    async with account(tmp_path) as live:
        body = live.connector.capabilities.entities["customer"].map.put({"name": "New Mills"}, None)
        request = WriteRequest("customer", Operation.CREATE, "r-1", body=body, source_key="4711")
        made = await live.connector.submit(request)
        assert isinstance(made, Confirmed)
        assert [seen.key for seen in await live.connector.evidence(request)] == [made.key]
        shown = [c for c in await live.control.view("companies") if str(c["id"]) == made.key]
        assert shown[0]["externalIds"] == {"sage100": "4711"}


async def test_a_step_that_the_platform_forbids_comes_back_in_its_words(tmp_path: Path) -> None:
    async with account(tmp_path) as live:
        paid = (await live.control.view("invoices", status="paid"))[0]
        request = WriteRequest(
            "invoice", Operation.ACTION, "r-1", key=str(paid["id"]), action="set_status", argument="ok"
        )
        refused = await live.connector.submit(request)
        assert refused == Rejected(ErrorClass.VALIDATION, "Invalid status transition")


async def test_subscribing_twice_leaves_one_subscription_and_drops_the_stale(tmp_path: Path) -> None:
    async with account(tmp_path) as live:
        for url in ("https://sync.test/hooks/field/old", *["https://sync.test/hooks/field/new"] * 2):
            await live.connector.subscribe(url)
        hooks = (await live.control.view("webhooks"))["hooks"]
        assert [hook["hookUrl"] for hook in hooks] == ["https://sync.test/hooks/field/new"]
        assert {event["entityType"] for event in hooks[0]["entityEvents"]} == {3, 5, 11, 23, 9001}


async def test_without_the_admin_role_check_warns_and_subscribing_says_why(tmp_path: Path) -> None:
    async with account(tmp_path, account_admin="false") as live:
        found = {finding.subject: finding for finding in await live.connector.probe()}
        assert found["webhooks"].level == "warning"
        with pytest.raises(FixInput, match="may not register webhooks"):
            await live.connector.subscribe("https://sync.test/hooks/field/new")


async def test_check_compares_the_profile_with_the_accounts_own_invoices(tmp_path: Path) -> None:
    def mistaken(profile: ServiceTradeProfile) -> ServiceTradeProfile:
        return profile.model_copy(update={"lines": profile.lines.model_copy(update={"amount": "lineTotal"})})

    async with account(tmp_path, mistaken) as live:
        found = [finding for finding in await live.connector.probe() if finding.level == "error"]
        assert [finding.subject for finding in found] == ["profile"]
        assert "lines.amount: 'lineTotal'" in found[0].message


async def test_a_vendor_bill_is_no_invoice(tmp_path: Path) -> None:
    """It is announced like one, and must not reach accounts receivable; nor an invoice accounts payable."""
    async with account(tmp_path) as live:
        for kind, other in (("invoice", "bill"), ("bill", "invoice")):
            shown = {str(one["id"]) for one in await live.control.view(f"{kind}s")}
            assert {str(one["id"]) for one in await _walk(live.connector, kind)} == shown
            key = min(shown)
            assert await live.connector.fetch(kind, key) is not None
            assert await live.connector.fetch(other, key) is None


async def test_who_is_bought_from_is_no_customer(tmp_path: Path) -> None:
    """Both are companies, and are announced alike."""
    async with account(tmp_path) as live:
        listed = {
            kind: {str(one["id"]) for one in await _walk(live.connector, kind)}
            for kind in ("customer", "vendor")
        }
        assert all(listed.values())
        assert not listed["customer"] & listed["vendor"]
        for kind, other in (("customer", "vendor"), ("vendor", "customer")):
            key = min(listed[kind])
            assert await live.connector.fetch(kind, key) is not None
            assert await live.connector.fetch(other, key) is None


async def test_without_the_place_of_their_numbers_bills_are_not_read(tmp_path: Path) -> None:
    async with account(tmp_path, lambda profile: profile.model_copy(update={"bills": None})) as live:
        assert "bill" not in live.connector.capabilities.entities
        assert "vendor" in live.connector.capabilities.entities
