"""AR invoices (job billing): what is computed, what is refused, what stays once it is posted."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from syncd.sandbox.control import SandboxControl
from syncd.sandbox.sage100_contractor.product import OWN_PROFILE
from syncd.sandbox.sage100_contractor.refusals import Code
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import running
from tests.integration.sandbox_sage100_contractor.site import (
    Site,
    job_invoice,
    job_invoice_update,
    line,
    site_of,
)

TAX = "<TaxDistrictRef><ObjectID>1</ObjectID></TaxDistrictRef><SalesTax>18.25</SalesTax>"


async def code_of(site: Site, request: str) -> str:
    (answer,) = await site.submit(request)
    return answer.code


async def test_totals_are_the_products_own_exact_to_the_cent(site: Site) -> None:
    lines = line("3", "33.335") + line("0.1", "0.25")
    request = job_invoice(site.a_job(), money=f"{TAX}<Retention>10.00</Retention>", lines=lines)
    assert await code_of(site, request) == Code.GOOD
    invoice = site.invoice("FS-1")
    amounts = ("slstax", "taxabl", "nontax", "invttl", "amtpad", "ttlpad", "invbal", "invnet", "retain")
    assert [invoice[name] for name in amounts] == [
        "18.25", "100.04", "0.00", "118.29", "0.00", "0.00", "118.29", "108.29", "10.00",
    ]  # fmt: skip
    assert invoice["invamt"] == "0.00", "the column that is nothing on every invoice"
    assert (invoice["status"], invoice["invtyp"], invoice["actper"], invoice["postyr"]) == (1, 1, 10, 2026)
    assert (invoice["phsnum"], invoice["vodrec"], invoice["usrdf1"]) == (0, 0, "ref-1")
    assert invoice["lgrrec"] > 0


async def test_lines_join_by_the_surrogate_key_and_are_numbered(site: Site) -> None:
    await site.submit(job_invoice(site.a_job(), lines=line("2", "5.00") + line("1", "-1.00")))
    lines = site.rows(
        "select linnum, linqty, extprc, lgract, cstcde, l.upddte as changed from arivln l"
        " join acrinv i on i._idnum = l._idref where invnum = 'FS-1' order by linnum"
    )
    assert [(x["linnum"], x["linqty"], x["extprc"], x["lgract"], x["cstcde"]) for x in lines] == [
        (1, "2.0000", "10.00", 4010, "0.000"),
        (2, "1.0000", "-1.00", 4010, "0.000"),
    ]
    assert all(x["changed"] for x in lines)


async def test_numbers_count_on(site: Site) -> None:
    before = site.row("select max(recnum) as n, max(lgrrec) as t from acrinv")
    for number in ("FS-1", "FS-2"):
        await site.submit(job_invoice(site.a_job(), number))
    made = [site.invoice(number) for number in ("FS-1", "FS-2")]
    assert [m["recnum"] for m in made] == [before["n"] + 1, before["n"] + 2]
    assert before["t"] < made[0]["lgrrec"] < made[1]["lgrrec"]


async def test_an_amount_alone_is_a_line_too(site: Site) -> None:
    alone = (
        "<Line><ExtendedPrice>42.10</ExtendedPrice>"
        "<LedgerAccountRef><ObjectID>4010</ObjectID></LedgerAccountRef></Line>"
    )
    await site.submit(job_invoice(site.a_job(), lines=alone))
    assert site.invoice("FS-1")["invttl"] == "42.10"


async def test_a_credit_is_a_negative_invoice(site: Site) -> None:
    await site.submit(job_invoice(site.a_job(), lines=line("-2", "50.00")))
    assert (site.invoice("FS-1")["invttl"], site.invoice("FS-1")["invbal"]) == ("-100.00", "-100.00")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (lambda job: job_invoice(job, number=""), Code.REQUIRED),
        (lambda job: job_invoice(0), Code.REQUIRED),
        (lambda job: job_invoice(999999), Code.NOT_FOUND),
        (lambda job: job_invoice(job, lines=line(account=1)), Code.NOT_FOUND),
        (lambda job: job_invoice(job, lines=line(account=0)), Code.REQUIRED),
        (lambda job: job_invoice(job, number="N" * 21), Code.TOO_LONG),
        (lambda job: job_invoice(job, before=f"<Desc>{'d' * 51}</Desc>"), Code.TOO_LONG),
        (lambda job: job_invoice(job, after=f"<UserDef1>{'u' * 51}</UserDef1>"), Code.TOO_LONG),
        (lambda job: job_invoice(job, before="<InvoiceType>3</InvoiceType>"), Code.INVALID),
        (lambda job: job_invoice(job, before="<InvoiceStatus>4</InvoiceStatus>"), Code.STATUS),
        (lambda job: job_invoice(job, before="<InvoiceStatus>5</InvoiceStatus>"), Code.STATUS),
        (lambda job: job_invoice(job, before="<InvoiceStatus>7</InvoiceStatus>"), Code.INVALID),
        (lambda job: job_invoice(job, money="<ControlTotal>99.99</ControlTotal>"), Code.TOTALS),
        (lambda job: job_invoice(job, money="<Retention>100.01</Retention>"), Code.TOTALS),
        (lambda job: job_invoice(job, money="<Retention>-1.00</Retention>"), Code.TOTALS),
        (
            lambda job: job_invoice(job, lines=line("3", "1.00", more="<ExtendedPrice>2.99</ExtendedPrice>")),
            Code.TOTALS,
        ),
        (lambda job: job_invoice(job, lines=line("1.00001", "1")), Code.INVALID),
        (
            lambda job: job_invoice(job, money="<TaxDistrictRef><ObjectID>77</ObjectID></TaxDistrictRef>"),
            Code.NOT_FOUND,
        ),
    ],
)
async def test_what_the_books_do_not_allow_is_refused_and_leaves_nothing(
    site: Site, request_: object, code: Code
) -> None:
    assert callable(request_)
    assert await code_of(site, request_(site.a_job())) == code
    assert await site.control.view("writes") == {}


async def test_lines_refer_to_cost_codes_and_parts_that_exist(site: Site) -> None:
    def lines(code: str, part: int) -> str:
        return (
            "<Line><ExtendedPrice>1.00</ExtendedPrice><LedgerAccountRef><ObjectID>4010</ObjectID>"
            f"</LedgerAccountRef><CostCodeRef><ObjectID>{code}</ObjectID></CostCodeRef>"
            f"<PartRef><ObjectID>{part}</ObjectID></PartRef></Line>"
        )

    assert await code_of(site, job_invoice(site.a_job(), lines=lines("15.5", 0))) == Code.GOOD
    assert await code_of(site, job_invoice(site.a_job(), lines=lines("15.501", 0))) == Code.NOT_FOUND
    assert await code_of(site, job_invoice(site.a_job(), lines=lines("15.5", 3))) == Code.NOT_FOUND


async def test_a_control_total_that_agrees_is_good(site: Site) -> None:
    request = job_invoice(site.a_job(), money=f"{TAX}<ControlTotal>118.25</ControlTotal>")
    assert await code_of(site, request) == Code.GOOD


async def test_a_phase_must_be_one_of_the_job(site: Site) -> None:
    request = job_invoice(site.a_job()).replace(
        "</JobRef>", "</JobRef><PhaseRef><ObjectID>9</ObjectID></PhaseRef>"
    )
    assert await code_of(site, request) == Code.NOT_FOUND


async def test_a_closed_period_takes_nothing_until_it_is_opened(site: Site) -> None:
    await site.control.act("close_period", year=2026, month=10)
    request = job_invoice(site.a_job())
    (answer,) = await site.submit(request)
    assert (answer.code, answer.message) == (Code.PERIOD, "Posting period 10 of 2026 is closed.")
    assert await code_of(site, job_invoice(site.a_job(), on="2026-11-01")) == Code.GOOD
    await site.control.act("open_period", year=2026, month=10)
    assert await code_of(site, request) == Code.GOOD


async def test_another_period_than_the_dates_needs_its_right() -> None:
    period = "<PostingPeriod>11</PostingPeriod><PostingYear>2026</PostingYear>"
    async with site_of() as site:
        assert await code_of(site, job_invoice(site.a_job(), money=period)) == Code.RIGHT
    async with site_of(change_period_right="true") as site:
        assert await code_of(site, job_invoice(site.a_job(), money=period)) == Code.GOOD
        assert site.invoice("FS-1")["actper"] == 11
        thirteen = period.replace("11", "13")
        assert await code_of(site, job_invoice(site.a_job(), money=thirteen)) == Code.PERIOD


@pytest.mark.parametrize(
    ("rule", "code", "count"), [("warned", "0", 2), ("allowed", "0", 2), ("refused", "33", 1)]
)
async def test_what_happens_to_a_known_invoice_number_is_the_profiles_to_say(
    tmp_path: Path, rule: str, code: str, count: int
) -> None:
    text = OWN_PROFILE.read_text(encoding="utf-8")
    schema = OWN_PROFILE.with_name("mbxml.xsd")
    text = text.replace("duplicate_invoice_numbers: warned", f"duplicate_invoice_numbers: {rule}")
    profile = tmp_path / "site.yaml"
    profile.write_text(text, encoding="utf-8")
    (tmp_path / "mbxml.xsd").write_bytes(schema.read_bytes())
    async with (
        running("sage100-contractor", Order(size=12, profile=profile)) as live,
        SandboxControl(live.control_url) as control,
    ):
        site = Site(live.ready, control)
        answers = [(await site.submit(job_invoice(site.a_job())))[0] for _ in range(2)]
        assert [a.code for a in answers] == ["0", code]
        assert ("Warning" in answers[1].message) == (rule == "warned")
        assert len(site.rows("select 1 from acrinv where invnum = 'FS-1'")) == count


async def test_header_text_of_a_posted_invoice_can_be_edited(site: Site) -> None:
    await site.submit(job_invoice(site.a_job()))
    before = site.invoice("FS-1")
    fields = "<DueDate>2026-12-24</DueDate><Desc>Other words</Desc><InvoiceStatus>3</InvoiceStatus>"
    assert await code_of(site, job_invoice_update(before["recnum"], fields)) == Code.GOOD
    after = site.invoice("FS-1")
    assert (after["duedte"], after["dscrpt"], after["status"]) == ("2026-12-24", "Other words", 3)
    assert after["invttl"] == before["invttl"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("<JobRef><ObjectID>1</ObjectID></JobRef>", Code.POSTED),
        ("<InvoiceDate>2026-10-02</InvoiceDate>", Code.POSTED),
        ("<SalesTax>1.00</SalesTax>", Code.POSTED),
        ("<ControlTotal>1.00</ControlTotal>", Code.POSTED),
        ("<PostingPeriod>9</PostingPeriod>", Code.POSTED),
        ("<InvoiceStatus>4</InvoiceStatus>", Code.STATUS),
        ("<InvoiceStatus>5</InvoiceStatus>", Code.STATUS),
    ],
)
async def test_money_job_and_period_of_a_posted_invoice_stay(site: Site, fields: str, code: Code) -> None:
    await site.submit(job_invoice(site.a_job()))
    before = site.invoice("FS-1")
    assert await code_of(site, job_invoice_update(before["recnum"], fields)) == code
    assert site.invoice("FS-1") == before


async def test_repeating_what_stands_there_is_no_change(site: Site) -> None:
    await site.submit(job_invoice(site.a_job()))
    same = job_invoice_update(site.invoice("FS-1")["recnum"], "<ControlTotal>100.00</ControlTotal>")
    assert await code_of(site, same) == Code.GOOD


async def test_a_receipt_moves_the_balance_and_pays_at_nothing_left(site: Site) -> None:
    await site.submit(job_invoice(site.a_job()))
    recnum = site.invoice("FS-1")["recnum"]
    await site.control.act(
        "book_receipt", recnum=recnum, amount="40.00", check_number="881", date="2026-10-05"
    )
    assert [site.invoice("FS-1")[n] for n in ("amtpad", "invbal", "status")] == ["40.00", "60.00", 1]
    await site.control.act("book_receipt", recnum=recnum, amount="58.80", discount="1.20", date="2026-10-09")
    paid = site.invoice("FS-1")
    assert [paid[n] for n in ("amtpad", "ttlpad", "invbal", "status")] == ["98.80", "100.00", "0.00", 4]
    receipts = await site.control.view("payments", invnum="FS-1")
    assert [(r["amount"], r["dsctkn"], r["chknum"]) for r in receipts] == [
        ("40.00", "0.00", "881"),
        ("58.80", "1.20", ""),
    ]
    row = site.row(
        "select p.actper, p.lgrrec from acrpmt p join acrinv i on i._idnum = p._idref where chknum = '881'"
    )
    assert row["actper"] == 10
    assert row["lgrrec"] > 0
    with pytest.raises(Exception, match="takes no receipts"):
        await site.control.act("book_receipt", recnum=recnum, amount="1.00")
    edit = job_invoice_update(recnum, "<InvoiceStatus>1</InvoiceStatus>")
    assert await code_of(site, edit) == Code.STATUS


async def test_a_receipt_is_not_more_than_the_balance_and_not_in_a_closed_period(site: Site) -> None:
    await site.submit(job_invoice(site.a_job()))
    recnum = site.invoice("FS-1")["recnum"]
    with pytest.raises(Exception, match="more than the balance"):
        await site.control.act("book_receipt", recnum=recnum, amount="100.01")
    await site.control.act("close_period", year=2026, month=10)
    with pytest.raises(Exception, match="closed"):
        await site.control.act("book_receipt", recnum=recnum, amount="1.00", date="2026-10-05")


async def test_a_void_stays_as_status_five_and_needs_its_payments_reversed(site: Site) -> None:
    for number in ("FS-1", "FS-2"):
        await site.submit(job_invoice(site.a_job(), number))
    first, second = (site.invoice(n)["recnum"] for n in ("FS-1", "FS-2"))
    await site.control.act("void_invoice", recnum=first)
    void = site.invoice("FS-1")
    assert (void["status"], void["invbal"], void["invttl"]) == (5, "0.00", "100.00")
    assert void["vodrec"] > void["lgrrec"]
    assert await code_of(site, job_invoice_update(first, "<Desc>X</Desc>")) == Code.POSTED
    with pytest.raises(Exception, match="void already"):
        await site.control.act("void_invoice", recnum=first)
    await site.control.act("book_receipt", recnum=second, amount="1.00")
    with pytest.raises(Exception, match="Reverse the payments"):
        await site.control.act("void_invoice", recnum=second)
    assert [i["void"] for i in await site.control.view("invoices", usrdf1="ref-1")] == [True, False]


async def test_a_void_number_is_free_again(site: Site) -> None:
    await site.submit(job_invoice(site.a_job()))
    await site.control.act("void_invoice", recnum=site.invoice("FS-1")["recnum"])
    (again,) = await site.submit(job_invoice(site.a_job()))
    assert again.message == "Ok", "no warning"


async def test_money_is_kept_exact_where_floats_would_not(site: Site) -> None:
    tenth = line("1", "0.10") * 3
    await site.submit(job_invoice(site.a_job(), lines=tenth))
    assert Decimal(site.invoice("FS-1")["invttl"]) == Decimal("0.30")
