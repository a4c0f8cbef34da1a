"""Hours in Sage: one line of daily payroll for one class of pay."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, Outcome, Rejected
from syncd.ports import Connector, WriteRequest
from syncd.sandbox.sage100_contractor.tables import ACTREC, DLYPYR
from tests.unit.connectors.sage100_contractor.site import Site, walked


async def entered(site: Site, connector: Connector, **record: Any) -> Outcome:
    """What comes of hours that are handed over."""
    wanted = {"employee": str(site.employee()["recnum"]), "date": date(2026, 3, 2), **record}
    body = connector.capabilities.entities["time_entry"].map.put(wanted, None)
    return await connector.submit(WriteRequest("time_entry", Operation.CREATE, "sy-1", body=body))


@pytest.mark.parametrize(("hours", "pay_type"), [("regular", 1), ("overtime", 2), ("double", 3)])
async def test_a_class_of_hours_becomes_its_pay_type(site: Site, hours: str, pay_type: int) -> None:
    connector, _ = site.connect()
    job = str(site.job()["recnum"])
    outcome = await entered(site, connector, job=job, cost_code="15.5", **{f"{hours}_hours": Decimal("1.75")})
    assert isinstance(outcome, Confirmed), outcome
    (line,) = site.rows(DLYPYR)
    assert (line["paytyp"], line["payhrs"], line["cstcde"]) == (pay_type, Decimal("1.75"), Decimal("15.500"))
    assert (line["usrdf1"], line["insusr"]) == ("sy-1", "SYNCAPI")


async def test_several_classes_in_one_line_are_refused_here(site: Site) -> None:
    connector, channel = site.connect()
    outcome = await entered(site, connector, regular_hours=Decimal(8), overtime_hours=Decimal(1))
    assert isinstance(outcome, Rejected)
    assert "one class" in outcome.words
    assert channel.documents == []


async def test_a_class_that_no_pay_type_pays_is_refused_here(tmp_path: Any) -> None:
    site = Site(tmp_path, pay_types={1: "regular", 2: "overtime"})
    connector, _ = site.connect()
    assert isinstance(await entered(site, connector, double_hours=Decimal(1)), Rejected)
    site.close()


async def test_a_closed_job_takes_no_hours(site: Site) -> None:
    connector, _ = site.connect()
    job = site.job()
    site.edit(ACTREC, job["_idnum"], status=6)
    outcome = await entered(site, connector, job=str(job["recnum"]), regular_hours=Decimal(8))
    assert isinstance(outcome, Rejected)
    assert outcome.words == f"Job {job['recnum']} is closed."


async def test_lines_of_other_pay_types_are_read_without_hours(site: Site) -> None:
    connector, _ = site.connect()
    key = str(site.hours(paytyp=5, payhrs=Decimal(8))["_idnum"])
    record = connector.capabilities.entities["time_entry"].map.get(
        json.loads((await walked(connector, "time_entry"))[key])
    )
    assert {record[f"{name}_hours"] for name in ("regular", "overtime", "double")} == {None}


async def test_hours_and_people_are_offered_on_demand_alone(site: Site) -> None:
    connector, _ = site.connect(payroll=False)
    assert not {"employee", "time_entry"} & set(connector.capabilities.entities)
