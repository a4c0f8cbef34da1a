"""What differs from customer to customer: billing, logins, layouts, own fields, codes; and odd records."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.app.findings import findings
from syncd.config.load import load
from syncd.demo.site import LINK, DemoSite
from tests.integration.whole.stage import Stage, rewriting, staged

SERVICE_BILLING = rewriting(("billing: job", "billing: service"))


def session_login(site: DemoSite) -> None:
    """Log in as a user instead of an OAuth client."""
    path = site.config
    text = re.sub(
        r"scheme: oauth2\n.*\n.*\n",
        "scheme: session\n        username: demo-user\n        password: file:keys/user\n",
        path.read_text(),
    )
    path.write_text(text)
    key = site.folder / "keys" / "user"
    key.touch(mode=0o600)
    key.write_text("demo-password")


# -- billing, login, layout -----------------------------------------------------------------------


async def test_service_billing_posts_to_service_invoices_with_and_without_a_job(tmp_path: Path) -> None:
    async with staged(tmp_path, SERVICE_BILLING, books={"billing": "service"}) as stage:
        with_job, without = stage.ready()[0], stage.ready(job=False)[0]
        numbers = await stage.approve(with_job, without)
        report = await stage.sync()
        assert not await stage.operator.quarantine(LINK), report
        stage.must_stand_once(*numbers)
        for number in numbers:
            (document,) = stage.documents(number)
            assert document["table"] == "srvinv"
            assert document["clnnum"], "it hangs off its client"
        assert bool(stage.documents(numbers[0])[0]["jobnum"])
        assert not stage.documents(numbers[1])[0]["jobnum"]
        await stage.must_be_quiet()


async def test_job_billing_cannot_take_an_invoice_without_a_job_and_says_why(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        (number,) = await stage.approve(stage.ready(job=False)[0])
        await stage.sync()
        item = await stage.quarantine(number)
        assert "job" in item.reason.casefold()
        assert stage.documents(number) == []


async def test_a_session_that_others_push_out_is_logged_in_again(tmp_path: Path) -> None:
    async with staged(tmp_path, session_login, field={"oauth": "false", "sessions": "1"}) as stage:
        for _ in range(2):
            # the office logs in as the same user each time it approves: our session is the oldest, and ends
            numbers = await stage.approve_some(2)
            report = await stage.sync()
            assert not report.failed, report
            stage.must_stand_once(*numbers)
        await stage.must_be_quiet()


async def test_an_account_with_the_compound_job_layout_reads_the_same(tmp_path: Path) -> None:
    async with staged(tmp_path, field={"layout": "compound"}) as stage:
        entered = await stage.enter_work("Compound Cold Storage")
        sent = await stage.send(entered.number)
        assert sent.state == "posted", sent
        (job,) = stage.books.sandbox.views["jobs"](
            {"recnum": str(stage.documents(entered.number)[0]["jobnum"])}
        )
        (client,) = stage.books.sandbox.views["clients"]({"clnnme": "Compound Cold Storage"})
        assert job["clnnum"] == client["recnum"]
        await stage.must_be_quiet()


# -- a customer's own fields and codes ------------------------------------------------------------


async def test_a_field_of_the_customers_own_crosses_both_ways(tmp_path: Path) -> None:
    own = rewriting(
        ("platform: servicetrade\n", "platform: servicetrade\n    custom: {customer: {standing: status}}\n"),
        (
            "platform: sage100-contractor\n",
            "platform: sage100-contractor\n    custom: {customer: {standing: usrdf2}}\n",
        ),
    )
    async with staged(tmp_path, own) as stage:
        books, field = stage.books.sandbox, stage.field.sandbox
        (left, right), *_ = await stage.opened.store.bindings(LINK, "customer")

        def in_books() -> str:
            (client,) = books.views["clients"]({"recnum": right})
            return str(client["usrdf2"])

        def in_field() -> str:
            return next(str(c["status"]) for c in field.views["companies"]({}) if str(c["id"]) == left)

        assert in_books() == in_field(), "filled in by the first sync"
        async with stage.clerk() as clerk:
            await clerk.change(f"/company/{left}", {"status": "pending"})
        await stage.later(1)
        assert in_books() == "pending"
        books.actions["edit_client"]({"recnum": int(right), "columns": {"usrdf2": "inactive"}})
        await stage.later(1)
        assert in_field() == "inactive"
        await stage.must_be_quiet()


async def test_a_code_that_no_crosswalk_covers_is_named_and_posts_once_it_is_added(tmp_path: Path) -> None:
    removed: list[str] = []

    def without_districts(site: DemoSite) -> None:
        path = site.folder / "crosswalks" / f"{LINK}.yaml"
        tax, found, accounts = path.read_text().partition("gl_account:")
        removed.append(tax)
        path.write_text(f"tax:\n  pairs: []\n{found}{accounts}")

    async with staged(tmp_path, without_districts) as stage:
        (number,) = await stage.approve(stage.ready()[0])
        code = stage.shown(number)["taxGroup"]["name"]
        await stage.sync()
        item = await stage.quarantine(number)
        assert item.code == "mapping"
        assert item.field == "tax_district"
        assert repr(code) in item.reason
        assert "tax" in item.reason
        assert stage.documents(number) == []
        await stage.close()
        found = await findings(load(stage.site.config), live=False)
        assert any(repr(code) in f.message and f"crosswalks/{LINK}.yaml" in f.remedy for f in found), found
        path = stage.site.folder / "crosswalks" / f"{LINK}.yaml"
        path.write_text(removed[0] + "gl_account:" + path.read_text().partition("gl_account:")[2])
        await stage.open()
        await stage.operator.quarantine_retry([item.id], "test")
        await stage.later(1)
        stage.must_stand_once(number)
        await stage.must_be_quiet()


# -- money ----------------------------------------------------------------------------------------


async def test_retainage_credits_and_nothing_at_all_post_to_the_cent(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        retained = next(i for i in stage.ready() if Decimal(i["retainage"]))
        credit = await stage.enter_work("Credit Cafe", {"quantity": -1, "price": 7.15})
        nothing = await stage.enter_work(
            "Zero Zone", {"quantity": 1, "price": 10.0}, {"quantity": -1, "price": 10.0}
        )
        odd = await stage.enter_work("Odd Cents", {"quantity": 3, "price": 0.335, "totalPrice": 1.0})
        await stage.sync()  # customers and jobs first, as on any day
        made = [stage.shown(one.number) for one in (credit, nothing, odd)]
        numbers = await stage.approve(retained, *made)
        await stage.later(2)
        stage.must_stand_once(*numbers)
        totals = [stage.documents(number)[0]["invttl"] for number in numbers[1:]]
        assert [Decimal(total) for total in totals] == [Decimal("-7.15"), Decimal(0), Decimal("1.00")]
        (document,) = stage.documents(numbers[0])
        assert Decimal(document["retain"]) == Decimal(retained["retainage"])
        await stage.must_be_quiet()


# -- text -----------------------------------------------------------------------------------------

NAMES = ['Zoë & Söhne "Kälte" <KG>', "O'Hara ]]> Cooling", "冷蔵 Storage № 7", "Tab\tand  two spaces"]


async def test_names_of_any_kind_come_back_as_they_went(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        books, field = stage.books.sandbox, stage.field.sandbox
        entered = [await stage.enter_work(name, {"description": f"{name} &amp; <b>"}) for name in NAMES[:3]]
        for one in entered:
            assert (await stage.send(one.number)).state == "posted"
        for name in NAMES[:3]:
            (client,) = books.views["clients"]({"clnnme": name})
            assert client["insusr"] == "SYNCAPI"
        backward = [f"{name} II" for name in NAMES[:3]]
        for name in backward:
            books.actions["add_client"]({"columns": {"clnnme": name}})
        await stage.later(2)
        for name in (*NAMES[:3], *backward):
            assert len(field.views["companies"]({"name": name})) == 1, name
        stage.must_stand_once(*(one.number for one in entered))
        await stage.must_be_quiet()


# -- after posting --------------------------------------------------------------------------------


async def posted(stage: Stage) -> str:
    """The number of an invoice that stands in the books."""
    (number,) = await stage.approve_some(1)
    await stage.sync()
    stage.must_stand_once(number)
    return number


@pytest.mark.parametrize("change", [{"name": "Another text"}, {"transactionDate": 1_750_000_000}])
async def test_an_edit_of_a_posted_invoice_is_a_conflict_and_never_a_write(
    tmp_path: Path, change: dict[str, object]
) -> None:
    async with staged(tmp_path) as stage:
        number = await posted(stage)
        (before,) = stage.documents(number)
        async with stage.clerk() as clerk:
            await clerk.change(f"/invoice/{stage.shown(number)['id']}", change)
        writes = stage.writes()
        await stage.later(2)
        assert stage.documents(number) == [before]
        assert stage.writes() == writes
        life = await stage.life(number)
        assert life.state == "conflict", life
        status = await stage.operator.status(LINK)
        assert status.links[0].health == "action_required"


async def test_a_payment_booked_in_the_ledger_is_seen(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        number = await posted(stage)
        (document,) = stage.documents(number)
        stage.books.sandbox.actions["book_receipt"](
            {"recnum": document["recnum"], "amount": document["invttl"], "check_number": "CHK-5501"}
        )
        report = await stage.sync()
        (payments,) = [flow for flow in report.flows if flow.flow == "payment"]
        assert payments.changed == 1
        (receipt,) = stage.books.sandbox.views["payments"]({"chknum": "CHK-5501"})
        life = await stage.life(receipt["_idnum"], "payment")
        amounts = {field.name: field.right for field in life.fields}
        assert Decimal(amounts["amount"] or 0) == Decimal(document["invttl"])
        assert amounts["invoice"] == str(document["recnum"])
        assert len(stage.documents(number)) == 1
        await stage.must_be_quiet()


@pytest.mark.parametrize("entity", ["customer", "payment"])
async def test_explain_finds_what_people_call_a_record(tmp_path: Path, entity: str) -> None:
    async with staged(tmp_path) as stage:
        number = await posted(stage)
        (document,) = stage.documents(number)
        stage.books.sandbox.actions["book_receipt"](
            {"recnum": document["recnum"], "amount": document["invttl"], "check_number": "CHK-5501"}
        )
        await stage.enter_work("Name Only Nursery")
        await stage.sync()
        called = {"customer": "Name Only Nursery", "payment": "CHK-5501"}[entity]
        assert await stage.operator.explain(entity, called, LINK)
