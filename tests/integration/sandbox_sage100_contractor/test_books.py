"""The company's books before anybody syncs, and the ways to look into them from outside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from syncd.core.errors import FixInput
from syncd.sandbox.company import Company
from syncd.sandbox.control import SandboxControl
from syncd.sandbox.faults import Fault, FaultKind
from syncd.sandbox.sage100_contractor.product import OWN_PROFILE
from syncd.sandbox.sandbox import Order
from syncd.sandbox.serve import SandboxProcess, running
from tests.integration.sandbox_sage100_contractor.site import Site, job_invoice, site_of

COMPANY = Company.of_size(3, 12)


async def test_the_ledger_holds_the_companys_customers_under_its_own_spelling(site: Site) -> None:
    rows = site.rows("select recnum, clnnme, shtnme from reccln")
    assert {(r["recnum"], r["clnnme"]) for r in rows} == {
        (c.ledger_number, c.ledger_name) for c in COMPANY.ledger_customers
    }
    assert all(0 < len(r["shtnme"]) <= 30 for r in rows)


async def test_jobs_refer_to_clients_by_number_and_references_are_zero_not_null(site: Site) -> None:
    orphans = site.rows("select 1 from actrec where clnnum not in (select recnum from reccln)")
    assert orphans == []
    assert site.rows("select 1 from acrinv where phsnum is null or vodrec is null") == []
    assert site.rows("select 1 from acrinv where phsnum <> 0") == []


async def test_past_invoices_add_up_by_the_products_own_rules(site: Site) -> None:
    for invoice in site.rows("select * from acrinv"):
        lines = site.rows("select extprc from arivln where _idref = ?", invoice["_idnum"])
        money = {name: Decimal(invoice[name]) for name in ("invttl", "slstax", "amtpad", "invbal", "retain")}
        assert sum(Decimal(x["extprc"]) for x in lines) + money["slstax"] == money["invttl"]
        assert money["amtpad"] + money["invbal"] == money["invttl"]
        paid = [
            Decimal(p["amount"])
            for p in site.rows("select amount from acrpmt where _idref = ?", invoice["_idnum"])
        ]
        assert sum(paid) == money["amtpad"]
        assert invoice["status"] == (4 if paid and not money["invbal"] else 1)


@pytest.mark.parametrize("billing", ["job", "service"])
async def test_every_invoice_of_the_past_stands_once_where_the_site_bills(billing: str) -> None:
    async with site_of(billing=billing) as site:
        posted = [i for i in COMPANY.invoices if i.in_ledger]
        by_job = [i.number for i in posted if i.job is not None and billing == "job"]
        assert {r["invnum"] for r in site.rows("select invnum from acrinv")} == set(by_job)
        assert {r["invnum"] for r in site.rows("select invnum from srvinv")} == {
            i.number for i in posted
        } - set(by_job)


async def test_catalogues_are_filled(site: Site) -> None:
    for table in ("clnsts", "jobsts", "jobtyp", "taxdst", "lgract", "cstcde", "csttyp"):
        assert site.rows(f"select recnum from {table}"), table
    assert site.rows("select recnum from cstcde")[0]["recnum"] == "1.000"


async def test_a_seed_means_one_company(site: Site) -> None:
    async with site_of() as other:
        for table in ("reccln", "actrec", "acrinv", "arivln", "srvinv", "acrpmt"):
            statement = f"select * from {table} order by _idnum"
            assert site.rows(statement) == other.rows(statement)


async def test_views_show_what_was_written_by_whom_and_how_often(site: Site) -> None:
    await site.submit(job_invoice(site.a_job()), set_id="run-9")
    (invoice,) = await site.control.view("invoices", usrdf1="ref-1")
    assert (invoice["table"], invoice["invnum"], invoice["jobnum"]) == ("acrinv", "FS-1", site.a_job())
    assert (invoice["invttl"], invoice["void"], invoice["lines"]) == ("100.00", False, 1)
    assert await site.control.view("writes") == {"acrinv": 1, "arivln": 1}
    (submission,) = await site.control.view("submissions", set_id="run-9")
    assert (submission["element"], submission["code"], submission["request_id"]) == (
        "ARInvoiceAddRq",
        "0",
        "1",
    )
    state = await site.control.state()
    assert (state["submissions"], state["writes"], state["licences_used"]) == (1, 2, 0)
    assert state["reccln"] == len(COMPANY.ledger_customers)
    assert len(await site.control.view("clients")) == len(COMPANY.ledger_customers)
    assert len(await site.control.view("jobs")) == state["actrec"]


async def test_a_person_edits_a_client_in_the_product(site: Site) -> None:
    number = site.a_client()
    before = site.row("select upddte from reccln where recnum = ?", number)["upddte"]
    await site.control.act("edit_client", recnum=number, columns={"phnnum": "614-555-0100"})
    (client,) = await site.control.view("clients", recnum=str(number))
    assert (client["phnnum"], client["updusr"]) == ("614-555-0100", "Dana")
    assert client["upddte"] > before
    await site.control.act("edit_invoice", recnum=1, columns={"dscrpt": "Corrected by hand"})
    assert site.row("select dscrpt from acrinv where recnum = 1")["dscrpt"] == "Corrected by hand"


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("edit_client", {"recnum": 999999, "columns": {"phnnum": "1"}}),
        ("edit_client", {"recnum": 1001}),
        ("edit_client", {"recnum": 1001, "columns": {"nothing": "1"}}),
        ("book_receipt", {"recnum": 1, "amount": "much"}),
        ("void_invoice", {"table": "acpinv", "recnum": 1}),
        ("close_period", {"year": "x", "month": 1}),
    ],
)
async def test_an_action_that_is_not_understood_says_so(
    site: Site, action: str, body: dict[str, object]
) -> None:
    with pytest.raises(FixInput, match="the sandbox refused"):
        await site.control.act(action, **body)


async def test_reset_goes_back_to_the_start(site: Site) -> None:
    before = site.rows("select * from acrinv order by _idnum")
    await site.submit(job_invoice(site.a_job()))
    await site.control.act("close_period", year=2026, month=10)
    await site.control.order(Fault(kind=FaultKind.LOCKED, times=None))
    await site.control.reset()
    assert site.rows("select * from acrinv order by _idnum") == before
    assert await site.control.view("submissions") == []
    assert (await site.submit(job_invoice(site.a_job())))[0].code == "0"


async def test_a_database_file_that_is_named_stays_and_is_taken_up_again(tmp_path: Path) -> None:
    file = str(tmp_path / "company.db")
    async with site_of(database=file) as site:
        await site.submit(job_invoice(site.a_job()))
    async with site_of(database=file) as site:
        assert site.invoice("FS-1")["invttl"] == "100.00"


async def test_a_file_with_other_tables_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table mine (a)")
    with pytest.raises(FixInput, match="other tables"):
        async with site_of(database=str(file)):
            pass


@pytest.mark.parametrize("options", [{"licence": "3"}, {"licences": "many"}, {"billing": "both"}])
async def test_an_option_that_is_not_known_is_named(options: dict[str, str]) -> None:
    with pytest.raises(FixInput, match="option"):
        async with running("sage100-contractor", Order(size=12, options=options)):
            pass


async def test_a_schema_that_is_none_is_refused_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "mbxml.xsd").write_text("<not-a-schema/>", encoding="utf-8")
    profile = tmp_path / "site.yaml"
    profile.write_bytes(OWN_PROFILE.read_bytes())
    with pytest.raises(FixInput, match=r"mbxml\.xsd: not an XML schema"):
        async with running("sage100-contractor", Order(size=12, profile=profile)):
            pass


async def test_it_runs_as_a_process_of_its_own_and_says_where_everything_is() -> None:
    order = Order(seed=3, size=12)
    async with (
        SandboxProcess.start("sage100-contractor", order) as process,
        SandboxControl(process.control_url) as control,
    ):
        site = Site(process.ready, control)
        assert (await site.submit(job_invoice(site.a_job())))[0].code == "0"
        assert set(process.ready.details) == {
            "database_url", "object_url", "data_source", "company", "user", "password", "profile",
        }  # fmt: skip
