"""The object: order of calls, login, licences, exclusive access."""

from __future__ import annotations

import asyncio

import pytest

from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sage100_contractor.object_client import SandboxObject
from syncd.sandbox.sage100_contractor.refusals import Code, Result
from tests.integration.sandbox_sage100_contractor.site import Site, job_invoice, opened, said, site_of

QUERY = '<ClientQryRq requestID="1"><ObjectRef><ObjectID>1</ObjectID></ObjectRef></ClientQryRq>'
CLIENT = '<ClientAddNextRq requestID="1"><Name>Acme</Name></ClientAddNextRq>'


async def test_the_calls_in_their_order_all_return_zero(site: Site) -> None:
    d = site.ready.details

    def run() -> list[int]:
        with SandboxObject(site.ready.url) as held:
            return [
                held.SetDataSource(d["data_source"]),
                held.IntializeAPI(),
                held.EnableRequests(),
                held.IsApplicationAllowed(d["user"], d["password"]),
                held.IsValidUser(d["company"], d["user"], d["password"]),
                held.GetExclusiveAccess(d["company"], d["user"], d["password"]),
                held.ReleaseExclusiveAccess(),
                held.DisableRequests(),
                held.DeIntializeAPI(),
            ]

    assert await asyncio.to_thread(run) == [0] * 9


async def test_a_call_before_what_must_come_first_is_not_zero(site: Site) -> None:
    def run() -> tuple[int, int, str]:
        with SandboxObject(site.ready.url) as held:
            return held.IntializeAPI(), held.EnableRequests(), held.submitXML(site.document(QUERY), "x")

    initialized, enabled, answer = await asyncio.to_thread(run)
    assert (initialized, enabled) == (Result.ORDER, Result.ORDER)
    assert said(answer)[0].code == Code.NOT_ENABLED


async def test_an_unknown_data_source_is_refused(site: Site) -> None:
    def run() -> int:
        with SandboxObject(site.ready.url) as held:
            held.SetDataSource("OTHER\\INSTANCE")
            return held.IntializeAPI()

    assert await asyncio.to_thread(run) == Result.DATA_SOURCE


async def test_a_wrong_password_is_refused_in_numbers_and_in_the_answer(site: Site) -> None:
    d = site.ready.details
    valid = await site.session(lambda held: held.IsValidUser(d["company"], d["user"], "wrong"))
    answer = await site.session(lambda held: held.submitXML(site.document(CLIENT), "wrong"))
    assert valid == Result.LOGIN
    assert said(answer)[0].code == Code.LOGIN
    assert (await site.control.view("writes")) == {}


async def test_a_user_outside_the_group_api_is_refused() -> None:
    async with site_of(api_group="false") as site:
        d = site.ready.details
        allowed = await site.session(lambda held: held.IsApplicationAllowed(d["user"], d["password"]))
        assert allowed == Result.NO_API_GROUP
        assert (await site.submit(QUERY))[0].code == Code.NO_API_GROUP


async def test_without_the_save_right_nothing_is_written() -> None:
    async with site_of(save_right="false") as site:
        (answer,) = await site.submit(CLIENT)
        assert (answer.name, answer.code) == ("ClientAddNextRs", Code.RIGHT)


async def test_every_session_uses_a_licence_and_gives_it_back() -> None:
    async with site_of(licences="1") as site:

        def run() -> tuple[int, int]:
            with SandboxObject(site.ready.url) as first, SandboxObject(site.ready.url) as second:
                opened(first, site.ready)
                second.SetDataSource(site.ready.details["data_source"])
                refused = second.IntializeAPI()
                first.DeIntializeAPI()
                return refused, second.IntializeAPI()

        assert await asyncio.to_thread(run) == (Result.LICENCE, Result.GOOD)


async def test_a_process_that_dies_gives_its_licence_back() -> None:
    async with site_of(licences="1") as site:

        def die() -> None:
            held = SandboxObject(site.ready.url)
            opened(held, site.ready)
            held.close()

        for _ in range(3):
            await asyncio.to_thread(die)
        assert (await site.submit(CLIENT))[0].code == Code.GOOD


async def test_an_object_that_nobody_holds_gives_its_licence_back() -> None:
    async with site_of(licences="1") as site:
        await asyncio.to_thread(lambda: opened(SandboxObject(site.ready.url), site.ready))
        assert (await site.submit(CLIENT))[0].code == Code.GOOD


async def test_people_at_work_use_licences_too(site: Site) -> None:
    await site.control.act("open_product", people=5)

    def run() -> int:
        with SandboxObject(site.ready.url) as held:
            held.SetDataSource(site.ready.details["data_source"])
            return held.IntializeAPI()

    assert await asyncio.to_thread(run) == Result.LICENCE


async def test_a_licence_can_be_refused_on_order(site: Site) -> None:
    await site.control.order(Fault(kind=FaultKind.LOCKED, operation="IntializeAPI"))

    def run() -> tuple[int, int]:
        with SandboxObject(site.ready.url) as held:
            held.SetDataSource(site.ready.details["data_source"])
            return held.IntializeAPI(), held.IntializeAPI()

    assert await asyncio.to_thread(run) == (Result.LICENCE, Result.GOOD)


async def test_exclusive_access_is_refused_while_another_has_it(site: Site) -> None:
    d = site.ready.details

    def ask(held: SandboxObject) -> int:
        return held.GetExclusiveAccess(d["company"], d["user"], d["password"])

    await site.control.act("take_exclusive_access")
    assert await site.session(ask) == Result.EXCLUSIVE
    assert (await site.submit(CLIENT))[0].code == Code.EXCLUSIVE
    assert (await site.submit(QUERY))[0].code == Code.NOT_FOUND, "reading goes on"
    await site.control.act("release_exclusive_access")
    assert await site.session(ask) == Result.GOOD
    await site.control.act("open_product", people=1)
    assert await site.session(ask) == Result.EXCLUSIVE, "somebody has the product open"


async def test_exclusive_access_can_be_refused_on_order(site: Site) -> None:
    d = site.ready.details
    await site.control.order(Fault(kind=FaultKind.LOCKED, operation="GetExclusiveAccess"))
    refused = await site.session(lambda h: h.GetExclusiveAccess(d["company"], d["user"], d["password"]))
    assert refused == Result.EXCLUSIVE


async def test_we_block_others_while_we_have_exclusive_access(site: Site) -> None:
    d = site.ready.details

    def run() -> str:
        with SandboxObject(site.ready.url) as first, SandboxObject(site.ready.url) as second:
            opened(first, site.ready)
            assert first.GetExclusiveAccess(d["company"], d["user"], d["password"]) == 0
            opened(second, site.ready)
            return second.submitXML(site.document(CLIENT), d["password"])

    assert said(await asyncio.to_thread(run))[0].code == Code.EXCLUSIVE


async def test_a_site_can_demand_exclusive_access_for_writes() -> None:
    async with site_of(exclusive_access="true") as site:
        d = site.ready.details
        assert (await site.submit(CLIENT))[0].code == Code.EXCLUSIVE

        def write(held: SandboxObject) -> str:
            held.GetExclusiveAccess(d["company"], d["user"], d["password"])
            return held.submitXML(site.document(CLIENT), d["password"])

        assert said(await site.session(write))[0].code == Code.GOOD


async def test_an_object_that_is_gone_is_not_quietly_replaced(site: Site) -> None:
    def run(held: SandboxObject) -> None:
        held.close()
        with pytest.raises(ConnectionError, match="gone"):
            held.submitXML(site.document(CLIENT), site.password)

    await site.session(run)


async def test_a_lost_answer_is_a_connection_error_and_the_record_stands(site: Site) -> None:
    await site.control.order(Fault(kind=FaultKind.LOST_ANSWER, path="/object/submitXML"))
    request = job_invoice(site.a_job(), "FS-LOST")
    with pytest.raises(ConnectionError, match="submitXML"):
        await site.submit(request)
    assert site.invoice("FS-LOST")["status"] == 1


async def test_a_request_lost_on_the_way_leaves_nothing(site: Site) -> None:
    await site.control.order(Fault(kind=FaultKind.LOST_BEFORE, path="/object/submitXML"))
    with pytest.raises(ConnectionError):
        await site.submit(job_invoice(site.a_job(), "FS-NEVER"))
    assert site.rows("select 1 from acrinv where invnum = 'FS-NEVER'") == []


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.TRUNCATED, FaultKind.STATUS])
async def test_what_is_no_answer_of_the_object_is_a_connection_error(site: Site, kind: FaultKind) -> None:
    await site.control.order(Fault(kind=kind, path="/object/submitXML", full_length=False))
    with pytest.raises(ConnectionError):
        await site.submit(QUERY)


async def test_a_number_where_a_document_belongs_is_a_connection_error(site: Site) -> None:
    await site.control.order(Fault(kind=FaultKind.WRONG_TYPE, field="result", times=None))

    def run() -> None:
        with SandboxObject(site.ready.url) as held:
            held.SetDataSource("x")

    with pytest.raises(ConnectionError):
        await asyncio.to_thread(run)


async def test_an_answer_that_never_comes_is_a_timeout(site: Site) -> None:
    await site.control.order(Fault(kind=FaultKind.HANG, path="/object/SetDataSource", seconds=30))

    def run() -> None:
        with SandboxObject(site.ready.url, timeout_s=0.05) as held:
            held.SetDataSource("x")

    with pytest.raises(TimeoutError):
        await asyncio.to_thread(run)
