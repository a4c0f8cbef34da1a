"""Everything that platforms and networks do to us, through the whole stack.

Each ends in a clear error or a quarantine with its reason; and once it is over, everything stands once.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import web

from syncd.api.models import SyncReport
from syncd.core.errors import RetryLater
from syncd.demo.site import LINK
from syncd.sandbox.faults import Fault, FaultKind
from syncd.service.listen import serve
from tests.integration.whole.stage import Stage, rewriting, staged, until

SUBMIT = "/object/submitXML"
SMALL_PAGES = rewriting(("      auth:\n", "      page_size: 5\n      auth:\n"))


def told(report: SyncReport) -> str:
    """Every error of a run."""
    return "; ".join(flow.error for flow in report.flows if flow.error)


async def ends_well(stage: Stage, numbers: list[str]) -> None:
    """The fault has hit, it is over, time passes: everything stands once and it is quiet."""
    assert stage.fired()
    stage.mend()
    await stage.later()
    stage.must_stand_once(*numbers)
    await stage.must_be_quiet()


# -- logins ---------------------------------------------------------------------------------------


async def test_wrong_credentials_stop_the_connection_and_say_so(tmp_path: Path) -> None:
    async with staged(tmp_path, synced=False) as stage:
        secret = stage.site.folder / "keys" / "servicetrade"
        right = secret.read_text()
        secret.write_text("wrong-secret-9127")
        await stage.restart()
        report = await stage.sync()
        assert "the platform refuses the client id and secret" in told(report)
        assert "wrong-secret-9127" not in told(report)
        assert stage.writes() == 0
        secret.write_text(right)
        await stage.restart()
        assert not (await stage.sync()).failed
        numbers = await stage.approve_some(2)
        await stage.later()
        stage.must_stand_once(*numbers)


async def test_a_wrong_password_at_the_bridge_posts_nothing_until_it_is_right(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        password = stage.site.folder / "keys" / "sage"
        right = password.read_text()
        password.write_text("wrong-password-9127")
        await stage.bridge.stop()
        await stage.bridge.start()
        numbers = await stage.approve_some(2)
        report = await stage.sync()
        assert [stage.documents(number) for number in numbers] == [[], []]
        (invoices,) = [flow for flow in report.flows if flow.flow == "invoice"]
        assert not invoices.quarantined, "it is no fault of the records"
        password.write_text(right)
        await stage.bridge.stop()
        await stage.bridge.start()
        await stage.later()
        stage.must_stand_once(*numbers)
        await stage.must_be_quiet()


async def test_a_token_that_expires_in_the_middle_of_a_listing_is_renewed_and_nothing_missed(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path, SMALL_PAGES, synced=False) as stage:
        stage.in_field(Fault(kind=FaultKind.EXPIRE_TOKEN, path="/api/*", after=5, times=3))
        report = await stage.sync()
        assert not report.failed, told(report)
        read = {flow.flow: flow.read for flow in report.flows}
        assert read["invoice"] >= stage.field.sandbox.state()["invoice"]
        await ends_well(stage, await stage.approve_some(3))


# -- answers that are none ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        pytest.param(FaultKind.HTML, "a web page", id="html"),
        pytest.param(FaultKind.TRUNCATED, "", id="truncated"),
        pytest.param(FaultKind.HUGE, "bytes", id="50-mb"),
        pytest.param(FaultKind.GZIP_BOMB, "bytes", id="gzip-bomb"),
        pytest.param(FaultKind.REDIRECT, "not followed", id="redirect"),
        pytest.param(FaultKind.STATUS, "503", id="unavailable"),
        pytest.param(FaultKind.LOST_ANSWER, "", id="lost-answer"),
    ],
)
async def test_a_listing_that_cannot_be_read_is_an_error_and_moves_nothing(
    tmp_path: Path, kind: FaultKind, words: str
) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(2)
        stage.in_field(Fault(kind=kind, method="GET", path="/api/invoice", times=None))
        report = await stage.sync()
        (invoices,) = [flow for flow in report.flows if flow.flow == "invoice"]
        assert invoices.error
        assert words in invoices.error
        assert "Traceback" not in invoices.error
        assert not any(flow.error for flow in report.flows if flow.flow != "invoice"), "others go on"
        status = await stage.operator.status(LINK)
        assert status.links[0].health == "error"
        await ends_well(stage, numbers)
        assert (await stage.operator.status(LINK)).links[0].health == "on_time"


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.TRUNCATED, FaultKind.REDIRECT])
@pytest.mark.parametrize("field_service", [True, False], ids=["acknowledging", "posting"])
async def test_a_write_whose_answer_cannot_be_read_is_looked_up(
    tmp_path: Path, kind: FaultKind, field_service: bool
) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(3)
        if field_service:
            stage.in_field(Fault(kind=kind, method="PUT", path="/api/invoice/*", times=4))
        else:
            stage.in_books(Fault(kind=kind, path=SUBMIT, times=2))
        report = await stage.sync()
        assert sum(flow.uncertain for flow in report.flows), "nobody can know yet"
        await ends_well(stage, numbers)


# -- told to wait ---------------------------------------------------------------------------------


def throttled(method: str, asked: int | None, times: int) -> Fault:
    """429, with or without ``Retry-After``."""
    return Fault(
        kind=FaultKind.STATUS, status=429, method=method, path="/api/*", times=times, retry_after_s=asked
    )


@pytest.mark.parametrize("asked", [None, 3, 120], ids=["without-retry-after", "3-s", "120-s"])
async def test_throttled_reads_wait_as_asked_and_lose_nothing(tmp_path: Path, asked: int | None) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(2)
        stage.in_field(throttled("GET", asked, times=2))
        await stage.sync()
        if asked == 3:
            assert max(stage.clock.slept) >= asked
        await ends_well(stage, numbers)


@pytest.mark.parametrize("asked", [None, 120], ids=["without-retry-after", "120-s"])
async def test_throttled_writes_wait_as_asked_and_lose_nothing(tmp_path: Path, asked: int | None) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(2)
        stage.in_field(throttled("PUT", asked, times=3))
        report = await stage.sync()
        (invoices,) = [flow for flow in report.flows if flow.flow == "invoice"]
        assert invoices.created == 2, "the ledger has them; only the acknowledgement waits"
        await ends_well(stage, numbers)


# -- 5xx and lost answers on writes ---------------------------------------------------------------


@pytest.mark.parametrize("committed", [True, False], ids=["carried-out", "not-carried-out"])
@pytest.mark.parametrize("field_service", [True, False], ids=["acknowledging", "posting"])
async def test_a_5xx_on_a_write_is_looked_up_and_never_doubled(
    tmp_path: Path, committed: bool, field_service: bool
) -> None:
    kind = FaultKind.COMMIT_THEN_STATUS if committed else FaultKind.STATUS
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(3)
        if field_service:
            stage.in_field(Fault(kind=kind, status=502, method="PUT", path="/api/invoice/*", times=3))
        else:
            stage.in_books(Fault(kind=kind, status=500, path=SUBMIT, times=2))
        report = await stage.sync()
        assert sum(flow.uncertain for flow in report.flows)
        await ends_well(stage, numbers)


async def test_an_answer_lost_after_sage_committed_is_looked_up_and_never_posted_again(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(3)
        stage.in_books(Fault(kind=FaultKind.LOST_ANSWER, path=SUBMIT, times=None))
        for _ in range(3):
            await stage.later(1)
        assert all(len(stage.documents(number)) == 1 for number in numbers)
        await ends_well(stage, numbers)


async def test_a_customer_created_in_the_field_service_with_a_lost_answer_is_not_created_twice(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        stage.in_field(Fault(kind=FaultKind.LOST_ANSWER, method="POST", path="/api/company", times=2))
        stage.books.sandbox.actions["add_client"](
            {"columns": {"clnnme": "Ledger Only Bakery", "phnnum": "317-555-0101"}}
        )
        await stage.sync()
        await ends_well(stage, [])
        made = stage.field.sandbox.views["companies"]({"name": "Ledger Only Bakery"})
        assert len(made) == 1


# -- a redirect -----------------------------------------------------------------------------------


@asynccontextmanager
async def elsewhere() -> AsyncIterator[tuple[str, list[str]]]:
    """Another host, and what it was asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(f"{request.method} {request.path} {request.headers.get('Authorization')}")
        return web.json_response({})

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", answer)
    async with serve(app) as url:
        yield url.replace("127.0.0.1", "localhost"), asked


async def test_a_redirect_to_another_host_is_never_followed(tmp_path: Path) -> None:
    async with elsewhere() as (url, asked), staged(tmp_path) as stage:
        numbers = await stage.approve_some(2)
        stage.in_field(Fault(kind=FaultKind.REDIRECT, path="/api/*", times=None, location=f"{url}/take"))
        report = await stage.sync()
        assert "not followed" in told(report)
        stage.mend()
        stage.in_field(Fault(kind=FaultKind.REDIRECT, method="PUT", times=2, location=f"{url}/take"))
        await stage.later(1)
        await ends_well(stage, numbers)
        assert asked == []


# -- pages, periods, locks, licences --------------------------------------------------------------


@pytest.mark.parametrize("shift", [2, -2], ids=["skips", "repeats"])
async def test_pages_that_shift_while_they_are_read_hide_nothing(tmp_path: Path, shift: int) -> None:
    async with staged(tmp_path, SMALL_PAGES, synced=False) as stage:
        stage.in_field(
            Fault(kind=FaultKind.SHIFT_PAGES, path="/api/company", after=1, times=1, shift=shift),
            Fault(kind=FaultKind.SHIFT_PAGES, path="/api/invoice", after=3, times=1, shift=shift),
        )
        await stage.sync()
        assert stage.fired() == 2
        stage.mend()
        assert not (await stage.sync()).failed
        numbers = await stage.approve_some(3)
        await stage.later()
        stage.must_stand_once(*numbers)
        for one in stage.field.sandbox.views["companies"]({}):
            if one["customer"]:
                assert await stage.operator.explain("customer", str(one["id"]), LINK), "every one is seen"
        await stage.must_be_quiet()


async def test_a_closed_period_quarantines_with_sages_words_and_the_rest_goes_on(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        first, *rest = await stage.approve_some(4)
        stage.in_books(Fault(kind=FaultKind.CLOSED_PERIOD, operation="ARInvoiceAddRq"))
        await stage.sync()
        (item,) = await stage.operator.quarantine(LINK)
        assert item.reason == "The posting period is closed."
        assert item.code == "validation"
        refused, others = item.label, [n for n in (first, *rest) if n != item.label]
        stage.must_stand_once(*others)
        shown = stage.shown(refused)
        assert shown["status"] == "failed"
        assert "The posting period is closed." in shown["comments"][0]
        before = stage.writes()
        await stage.later(2)
        assert stage.writes() == before, "it is not tried again by itself"
        stage.mend()
        done = await stage.operator.quarantine_retry([item.id], "test")
        assert done.count == 1
        await stage.later()
        assert not await stage.operator.quarantine(LINK)
        stage.must_stand_once(first, *rest)
        await stage.must_be_quiet()


async def test_a_period_closed_by_the_bookkeeper_is_named(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        (invoice, *_) = stage.ready()
        (number,) = await stage.approve(invoice)
        for month in range(1, 13):
            for year in (2023, 2024, 2025, 2026):
                stage.books.sandbox.actions["close_period"]({"year": year, "month": month})
        await stage.sync()
        item = await stage.quarantine(number)
        assert item.reason.startswith("Posting period ")
        assert item.reason.endswith(" is closed.")
        assert stage.documents(number) == []


async def test_a_locked_record_is_tried_again_until_it_is_free(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(2)
        stage.in_books(Fault(kind=FaultKind.LOCKED, operation="ARInvoiceAddRq", times=3))
        await stage.sync()
        assert not await stage.operator.quarantine(LINK)
        await ends_well(stage, numbers)


async def test_without_a_free_licence_everything_waits_and_then_goes_on(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.books.sandbox.actions["open_product"]({"people": 5})
        numbers = await stage.approve_some(2)
        await stage.sync()
        assert stage.documents(numbers[0]) == []
        life = await stage.life(numbers[0])
        assert any("refused IntializeAPI" in event.text for event in life.events), "in the product's terms"
        stage.books.sandbox.actions["open_product"]({"people": 1})
        await stage.later()
        stage.must_stand_once(*numbers)
        await stage.must_be_quiet()


async def test_while_another_has_exclusive_access_everything_waits_and_then_goes_on(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.books.sandbox.actions["take_exclusive_access"]({})
        numbers = await stage.approve_some(2)
        await stage.sync()
        assert not await stage.operator.quarantine(LINK)
        assert stage.documents(numbers[0]) == []
        stage.books.sandbox.actions["release_exclusive_access"]({})
        await stage.later()
        stage.must_stand_once(*numbers)
        await stage.must_be_quiet()


async def test_a_site_that_demands_exclusive_access_waits_while_people_work(tmp_path: Path) -> None:
    exclusive = rewriting(("object: sandbox\n", "object: sandbox\nexclusive: true\n"), file="bridge.yaml")
    async with staged(tmp_path, exclusive, books={"exclusive_access": "true"}) as stage:
        stage.books.sandbox.actions["open_product"]({"people": 1})
        numbers = await stage.approve_some(2)
        await stage.sync()
        assert stage.documents(numbers[0]) == []
        stage.books.sandbox.actions["open_product"]({"people": 0})
        await stage.later()
        stage.must_stand_once(*numbers)
        assert stage.books.sandbox.state()["licences_used"] == 0


# -- a field of the wrong type --------------------------------------------------------------------


async def test_a_field_of_the_wrong_type_quarantines_the_record_and_names_the_field(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(2)
        # listed and fetched: what changed a moment ago is read once more by its key
        retyped = Fault(kind=FaultKind.WRONG_TYPE, method="GET", path="/api/invoice*", field="totalPrice")
        stage.in_field(retyped.model_copy(update={"times": None}))
        await stage.sync()
        refused = await stage.operator.quarantine(LINK)
        assert len(refused) >= len(numbers)
        # the guard says which place broke: the lines have a field of that name, too
        assert {item.field for item in refused} == {"invoice.lines.amount"}
        assert all("totalPrice" in item.reason for item in refused)
        assert all(stage.documents(number) == [] for number in numbers)
        stage.mend()
        # three records that broke a mapped field hold its flow: somebody looked, and lets it go
        (link,) = (await stage.operator.status(LINK)).links
        await stage.operator.release([hold.id for hold in link.holds], "test")
        refused = await stage.operator.quarantine(LINK)
        await stage.operator.quarantine_retry([item.id for item in refused], "test")
        await stage.later()
        assert not await stage.operator.quarantine(LINK)
        stage.must_stand_once(*numbers)
        await stage.must_be_quiet()


async def test_a_record_that_came_with_a_wrong_type_once_heals_when_it_is_tried_again(tmp_path: Path) -> None:
    """The record itself never changes afterwards, so no later listing shows it."""
    async with staged(tmp_path, synced=False) as stage:
        stage.in_field(
            Fault(kind=FaultKind.WRONG_TYPE, method="GET", path="/api/company", field="phoneNumber", times=1)
        )
        await stage.sync()
        refused = await stage.operator.quarantine(LINK)
        assert refused
        stage.mend()
        await stage.operator.quarantine_retry([item.id for item in refused], "test")
        await stage.later(2)
        assert not await stage.operator.quarantine(LINK)


# -- the bridge -----------------------------------------------------------------------------------


async def test_without_a_bridge_a_command_says_what_to_start_and_the_schedule_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["syncd.app.installation"], "_BRIDGE_WAIT_S", 0.2)
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(2)
        await stage.bridge.stop()
        with pytest.raises(RetryLater, match="the bridge of books has not dialled in") as failed:
            await stage.sync()
        assert "syncd bridge" in failed.value.remedy
        outcome = await stage.opened.links[LINK].cycle()
        assert "no bridge is connected" in outcome.flows["invoice"].error
        assert all(stage.documents(number) == [] for number in numbers)
        await stage.bridge.start()
        await stage.later()
        stage.must_stand_once(*numbers)
        await stage.must_be_quiet()


async def test_a_bridge_that_ends_in_the_middle_of_a_submit_finishes_it_and_nothing_is_doubled(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(3)
        stage.in_books(Fault(kind=FaultKind.DELAY, path=SUBMIT, seconds=0.3, times=1))
        running = asyncio.create_task(stage.sync())
        await until(stage.fired)
        await stage.bridge.stop()
        await stage.bridge.start()
        await running
        await ends_well(stage, numbers)


async def test_a_bridge_killed_in_the_middle_of_a_submit_leaves_a_doubt_that_is_looked_up(
    tmp_path: Path,
) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(2)
        await stage.bridge.stop()
        stage.in_books(Fault(kind=FaultKind.DELAY, path=SUBMIT, seconds=1.0, times=1))
        with (tmp_path / "bridge.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "syncd", "bridge", str(stage.site.bridge), stdout=log, stderr=log
            )
        running = asyncio.create_task(stage.sync())
        await until(stage.fired)
        process.kill()
        await process.wait()
        await stage.bridge.start()
        report = await running
        assert sum(flow.uncertain for flow in report.flows) == 1, "begun, and nobody can say how it ended"
        await ends_well(stage, numbers)


async def test_totals_are_equal_to_the_cent_after_the_worst_of_days(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        numbers = await stage.approve_some(12)
        for kind in (FaultKind.LOST_ANSWER, FaultKind.COMMIT_THEN_STATUS, FaultKind.STATUS, FaultKind.HTML):
            stage.in_books(Fault(kind=kind, path=SUBMIT, probability=0.2, times=None))
            stage.in_field(Fault(kind=kind, path="/api/*", probability=0.05, times=None))
        stage.in_books(Fault(kind=FaultKind.LOCKED, operation="*", probability=0.1, times=None))
        await stage.later(6)
        await ends_well(stage, numbers)
        left = sum(Decimal(stage.shown(number)["totalPrice"]) for number in numbers)
        right = sum(Decimal(stage.documents(number)[0]["invttl"]) for number in numbers)
        assert left == right
