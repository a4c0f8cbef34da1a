"""Clients and jobs: numbers, names, widths, references, stamps."""

from __future__ import annotations

import re

import pytest

from syncd.sandbox.sage100_contractor.refusals import Code
from tests.integration.sandbox_sage100_contractor.site import Site, job_invoice


def client(fields: str, request_id: str = "1") -> str:
    return f'<ClientAddNextRq requestID="{request_id}">{fields}</ClientAddNextRq>'


def client_update(recnum: int, fields: str) -> str:
    return (
        f'<ClientUpdRq requestID="1"><ObjectRef><ObjectID>{recnum}</ObjectID></ObjectRef>'
        f"{fields}</ClientUpdRq>"
    )


def job(fields: str) -> str:
    return f'<JobAddNextRq requestID="1">{fields}</JobAddNextRq>'


async def test_a_client_gets_the_next_number_stamps_and_the_reference_it_was_given(site: Site) -> None:
    highest = site.row("select max(recnum) as n from reccln")["n"]
    await site.submit(client("<Name>Acme Cold Storage</Name><UserDef1>syncd:1</UserDef1>"))
    row = site.row("select * from reccln where usrdf1 = 'syncd:1'")
    assert (row["recnum"], row["clnnme"], row["shtnme"]) == (highest + 1, *["Acme Cold Storage"] * 2)
    assert re.fullmatch(r"[0-9a-f-]{36}", row["_idnum"])
    assert (row["insusr"], row["updusr"], row["taxdst"], row["phnnum"]) == ("SYNCAPI", "SYNCAPI", 0, "")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", row["upddte"])


async def test_a_client_takes_a_free_number_of_our_choice(site: Site) -> None:
    request = '<ClientAddRq requestID="1"><ObjectID>77</ObjectID><Name>Numbered</Name></ClientAddRq>'
    assert [a.code for a in await site.submit(request)] == [Code.GOOD]
    assert [a.code for a in await site.submit(request)] == [Code.EXISTS]
    zero = request.replace("77", "0")
    assert [a.code for a in await site.submit(zero)] == [Code.INVALID]


async def test_a_name_is_trimmed_and_cut_to_its_width(site: Site) -> None:
    await site.submit(client(f"<Name>  {'N' * 60}  </Name><UserDef1>cut</UserDef1>"))
    row = site.row("select clnnme, shtnme from reccln where usrdf1 = 'cut'")
    assert row == {"clnnme": "N" * 50, "shtnme": "N" * 30}


@pytest.mark.parametrize(
    "fields",
    [
        f"<ShortName>{'s' * 31}</ShortName><Name>X</Name>",
        f"<Name>X</Name><Addr1>{'a' * 51}</Addr1>",
        "<Name>X</Name><State>Ohio</State>",
        f"<Name>X</Name><UserDef1>{'u' * 51}</UserDef1>",
    ],
)
async def test_any_other_overlong_text_is_refused(site: Site, fields: str) -> None:
    (answer,) = await site.submit(client(fields))
    assert answer.code == Code.TOO_LONG
    assert "characters" in answer.message


@pytest.mark.parametrize(
    "fields",
    [
        "<Name>X</Name><TaxDistrictRef><ObjectID>555</ObjectID></TaxDistrictRef>",
        "<Name>X</Name><ClientStatusRef><ObjectID>555</ObjectID></ClientStatusRef>",
    ],
)
async def test_a_client_refers_only_to_what_exists(site: Site, fields: str) -> None:
    assert (await site.submit(client(fields)))[0].code == Code.NOT_FOUND


async def test_a_client_without_a_name_is_refused(site: Site) -> None:
    assert (await site.submit(client("<Name>   </Name>")))[0].code == Code.REQUIRED
    update = client_update(site.a_client(), "<Name/>")
    assert (await site.submit(update))[0].code == Code.REQUIRED


async def test_an_update_changes_what_it_names_empties_what_it_gives_empty_and_stamps(site: Site) -> None:
    number = site.a_client()
    before = site.row("select * from reccln where recnum = ?", number)
    await site.submit(client_update(number, "<City>Akron</City><ZipCode/>"))
    after = site.row("select * from reccln where recnum = ?", number)
    assert (after["ctynme"], after["zipcde"], after["clnnme"]) == ("Akron", "", before["clnnme"])
    assert after["upddte"] > before["upddte"]
    assert (after["updusr"], after["insusr"]) == ("SYNCAPI", before["insusr"])
    assert (await site.submit(client_update(999999, "<City>X</City>")))[0].code == Code.NOT_FOUND


async def test_a_job_hangs_off_a_client_that_exists(site: Site) -> None:
    ref = f"<ClientRef><ObjectID>{site.a_client()}</ObjectID></ClientRef>"
    assert (await site.submit(job(f"<Name>New roof unit</Name>{ref}")))[0].code == Code.GOOD
    made = site.row("select * from actrec where jobnme = 'New roof unit'")
    assert (made["clnnum"], made["status"], made["shtnme"]) == (site.a_client(), 4, "New roof unit")
    assert (await site.submit(job("<Name>No client</Name>")))[0].code == Code.REQUIRED
    unknown = "<Name>X</Name><ClientRef><ObjectID>9</ObjectID></ClientRef>"
    assert (await site.submit(job(unknown)))[0].code == Code.NOT_FOUND
    status = f"<Name>X</Name>{ref}<JobStatus>17</JobStatus>"
    assert (await site.submit(job(status)))[0].code == Code.NOT_FOUND


async def test_a_job_takes_a_number_of_our_choice(site: Site) -> None:
    request = (
        '<JobAddRq requestID="1"><ObjectID>240017</ObjectID><Name>Numbered</Name>'
        f"<ClientRef><ObjectID>{site.a_client()}</ObjectID></ClientRef></JobAddRq>"
    )
    assert [(await site.submit(request))[0].code for _ in range(2)] == [Code.GOOD, Code.EXISTS]


async def test_a_client_with_records_cannot_be_deleted_another_goes_for_good(site: Site) -> None:
    made = await site.control.act("add_client", columns={"clnnme": "Short lived"})
    await site.control.act("delete_client", recnum=made["recnum"])
    assert site.rows("select 1 from reccln where recnum = ?", made["recnum"]) == []
    owner = site.row("select clnnum from actrec where recnum = ?", site.a_job())["clnnum"]
    with pytest.raises(Exception, match="has records"):
        await site.control.act("delete_client", recnum=owner)


async def test_a_billed_job_keeps_its_client(site: Site) -> None:
    number = site.a_job()
    await site.submit(job_invoice(number))
    owner = site.row("select clnnum from actrec where recnum = ?", number)["clnnum"]
    other = site.row("select min(recnum) as n from reccln where recnum <> ?", owner)["n"]
    with pytest.raises(Exception, match="its client cannot be changed"):
        await site.control.act("edit_job", recnum=number, columns={"clnnum": str(other)})
    await site.control.act("edit_job", recnum=number, columns={"jobnme": "Renamed"})
    assert site.row("select jobnme from actrec where recnum = ?", number)["jobnme"] == "Renamed"
