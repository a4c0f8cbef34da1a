"""Service invoices and work orders: they hang off a client, and post only as invoices."""

from __future__ import annotations

import pytest

from syncd.sandbox.sage100_contractor.refusals import Code
from tests.integration.sandbox_sage100_contractor.site import Site

LINE = (
    "<Line><Desc>Labor</Desc><Quantity>2</Quantity><Price>59.25</Price>"
    "<CostTypeRef><ObjectID>2</ObjectID></CostTypeRef></Line>"
)


def work_order(
    client: int,
    *,
    number: str = "FS-1",
    job: int = 0,
    status: int = 1,
    on: str = "<InvoiceDate>2026-10-01</InvoiceDate>",
    money: str = "",
    lines: str = f"<Lines>{LINE}</Lines>",
) -> str:
    return (
        f'<WorkOrderAddRq requestID="1"><InvoiceNumber>{number}</InvoiceNumber>'
        f"<ClientRef><ObjectID>{client}</ObjectID></ClientRef><JobRef><ObjectID>{job}</ObjectID></JobRef>"
        f"<WorkOrderDate>2026-10-01</WorkOrderDate>{on}<Desc>Quarterly inspection</Desc>"
        f"<WorkOrderStatus>{status}</WorkOrderStatus>{money}<UserDef1>ref-1</UserDef1>{lines}</WorkOrderAddRq>"
    )


def update(recnum: int, fields: str) -> str:
    return (
        f'<WorkOrderUpdRq requestID="1"><ObjectRef><ObjectID>{recnum}</ObjectID></ObjectRef>'
        f"{fields}</WorkOrderUpdRq>"
    )


async def code_of(site: Site, request: str) -> str:
    (answer,) = await site.submit(request)
    return answer.code


def document(site: Site) -> dict[str, object]:
    return site.row("select * from srvinv where usrdf1 = 'ref-1'")


async def test_an_open_service_invoice_posts_with_the_products_totals(site: Site) -> None:
    assert await code_of(site, work_order(site.a_client(), money="<SalesTax>1.50</SalesTax>")) == Code.GOOD
    made = document(site)
    assert [made[n] for n in ("invttl", "invbal", "slstax", "jobnum", "status")] == [
        "120.00", "120.00", "1.50", 0, 1,
    ]  # fmt: skip
    assert made["ordnum"] == str(made["recnum"])
    assert made["lgrrec"] != 0
    (line,) = site.rows("select * from srvlin where _idref = ?", made["_idnum"])
    assert [line[n] for n in ("extprc", "curbll", "csttyp", "prtqty")] == ["118.50", "118.50", 2, "2.0000"]


async def test_a_work_order_is_not_an_invoice_yet_and_posts_when_it_becomes_one(site: Site) -> None:
    assert await code_of(site, work_order(site.a_client(), number="", on="", status=7)) == Code.GOOD
    made = document(site)
    assert (made["lgrrec"], made["invdte"], made["actper"]) == (0, None, 0)
    recnum = made["recnum"]
    assert isinstance(recnum, int)
    assert await code_of(site, update(recnum, "<WorkOrderStatus>1</WorkOrderStatus>")) == Code.REQUIRED
    fields = (
        "<InvoiceNumber>FS-9</InvoiceNumber><InvoiceDate>2026-10-03</InvoiceDate>"
        "<WorkOrderStatus>1</WorkOrderStatus><SalesTax>0.50</SalesTax>"
    )
    await site.control.act("close_period", year=2026, month=10)
    assert await code_of(site, update(recnum, fields)) == Code.PERIOD
    await site.control.act("open_period", year=2026, month=10)
    assert await code_of(site, update(recnum, fields)) == Code.GOOD
    posted = document(site)
    assert (posted["invnum"], posted["actper"], posted["invttl"]) == ("FS-9", 10, "119.00")
    assert posted["lgrrec"] != 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ("<ClientRef><ObjectID>1002</ObjectID></ClientRef>", Code.POSTED),
        ("<SalesTax>9.00</SalesTax>", Code.POSTED),
        ("<WorkOrderStatus>4</WorkOrderStatus>", Code.STATUS),
        ("<WorkOrderStatus>7</WorkOrderStatus>", Code.STATUS),
        ("<Desc>Other words</Desc>", Code.GOOD),
    ],
)
async def test_client_and_money_of_a_posted_one_stay(site: Site, fields: str, code: Code) -> None:
    await site.submit(work_order(site.a_client()))
    recnum = document(site)["recnum"]
    assert isinstance(recnum, int)
    assert await code_of(site, update(recnum, fields)) == code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client": 0}, Code.REQUIRED),
        ({"client": 9}, Code.NOT_FOUND),
        ({"job": 9}, Code.NOT_FOUND),
        ({"status": 5}, Code.STATUS),
        ({"status": 11}, Code.INVALID),
        ({"number": ""}, Code.REQUIRED),
        ({"on": ""}, Code.REQUIRED),
        ({"lines": ""}, Code.REQUIRED),
        ({"lines": f"<Lines>{LINE.replace('<ObjectID>2', '<ObjectID>12')}</Lines>"}, Code.NOT_FOUND),
        ({"money": "<ControlTotal>1.00</ControlTotal>"}, Code.TOTALS),
    ],
)
async def test_what_the_books_do_not_allow_is_refused(
    site: Site, change: dict[str, object], code: Code
) -> None:
    wanted: dict[str, object] = {"client": site.a_client(), **change}
    assert await code_of(site, work_order(**wanted)) == code  # type: ignore[arg-type]
    assert await site.control.view("writes") == {}


async def test_the_job_is_optional_but_must_exist(site: Site) -> None:
    assert await code_of(site, work_order(site.a_client(), job=site.a_job())) == Code.GOOD


async def test_receipts_move_the_balance_but_their_table_is_not_known(site: Site) -> None:
    await site.submit(work_order(site.a_client()))
    recnum = document(site)["recnum"]
    receipts = len(site.rows("select 1 from acrpmt"))
    done = await site.control.act("book_receipt", table="srvinv", recnum=recnum, amount="118.50")
    assert done == {"receipt": None, "balance": "0.00"}
    assert (document(site)["status"], document(site)["amtpad"]) == (4, "118.50")
    assert len(site.rows("select 1 from acrpmt")) == receipts


async def test_a_locked_document_takes_no_edits(site: Site) -> None:
    await site.submit(work_order(site.a_client()))
    recnum = document(site)["recnum"]
    assert isinstance(recnum, int)
    await site.control.act("lock_edit", recnum=recnum)
    assert await code_of(site, update(recnum, "<Desc>X</Desc>")) == Code.POSTED
