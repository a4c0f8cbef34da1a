"""What ``check`` says about a connection: each finding with its place and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from monitor import describing
from syncd.connectors.registry import Opening, platform
from syncd.connectors.sage100_contractor import PLATFORM, Settings
from syncd.core.errors import FixInput, RetryLater
from syncd.ports import Connector, Describes
from syncd.sandbox.sage100_contractor.people import BOOKKEEPER
from tests.unit.connectors.sage100_contractor.site import (
    DirectChannel,
    NoVault,
    Site,
    SystemClock,
    sandbox_profile,
)


async def _found(connector: Connector, level: str) -> Mapping[str, str]:
    findings = await connector.probe()
    assert all(finding.remedy for finding in findings if finding.level != "ok")
    return {finding.subject: finding.message for finding in findings if finding.level == level}


def _opening(site: Site, **changes: Any) -> Opening:
    given: dict[str, Any] = {
        "connection": "ledger",
        "settings": Settings(company="Demo Mechanical", user="SYNCAPI", dialect="sqlite"),
        "clock": SystemClock(),
        "vault": NoVault(),
        "profile": site.profile,
        "channel": DirectChannel(site.database.path, site.installation.open()),
    }
    return Opening(**{**given, **changes})


def test_the_platform_is_found_by_its_name() -> None:
    assert platform("sage100-contractor") is PLATFORM
    assert PLATFORM.bridged


@pytest.mark.parametrize(("missing", "said"), [("profile", "profile"), ("channel", "bridge")])
def test_without_profile_or_bridge_it_refuses_and_says_what_to_supply(
    site: Site, missing: str, said: str
) -> None:
    with pytest.raises(FixInput, match=said) as refused:
        PLATFORM.open(_opening(site, **{missing: None}))
    assert said in refused.value.remedy


def test_a_settle_time_has_its_provenance(site: Site) -> None:
    assert PLATFORM.open(_opening(site)).capabilities.settle_provenance == "unknown"
    assert PLATFORM.open(_opening(site, settle_s=30.0)).capabilities.settle_provenance == "assumed"


async def test_a_good_site_shows_its_xsd_and_tables(site: Site) -> None:
    connector, _ = site.connect()
    good = await _found(connector, "ok")
    assert "fingerprint" in good["mbxml.xsd"]
    assert {"bridge", "table acrinv", "table arivln", "catalogue clnsts", "API user"} <= set(good)
    assert await _found(connector, "error") == {}


async def test_the_database_describes_what_is_read_of_it(site: Site) -> None:
    connector, _ = site.connect()
    assert isinstance(connector, Describes)
    described = describing.described(await connector.description(), "sage100-contractor")
    assert set(described) == set(connector.capabilities.entities)
    fields = described["invoice"].fields
    assert "string" in fields["invnum"].types
    lens = connector.capabilities.entities["invoice"].map
    assert {f.path for f in lens.fields if f.path in fields} >= {"invnum", "invdte"}


async def test_it_writes_nothing(site: Site) -> None:
    connector, _ = site.connect()
    before = site.database.writes.copy()
    await connector.probe()
    assert site.database.writes == before


async def test_a_bridge_that_is_away_is_one_clear_finding(site: Site) -> None:
    connector, channel = site.connect()
    channel.connected = False
    assert "bridge" in await _found(connector, "error")
    assert channel.queries == []


async def test_a_column_that_is_not_there_is_named(site: Site) -> None:
    with site.database.work(BOOKKEEPER) as work:
        work.connection.execute(text("ALTER TABLE acrinv RENAME COLUMN retain TO retain2"))
    connector, _ = site.connect()
    assert "retain" in (await _found(connector, "error"))["table acrinv"]


async def test_a_table_that_is_not_there_is_named(site: Site) -> None:
    with site.database.work(BOOKKEEPER) as work:
        work.connection.execute(text("DROP TABLE acrpmt"))
    connector, _ = site.connect()
    assert "table acrpmt" in await _found(connector, "error")


async def test_a_request_that_the_xsd_does_not_know_is_named(tmp_path: Path) -> None:
    profile = sandbox_profile()
    add = profile.requests.job_billing_add
    assert add is not None
    other = add.model_copy(update={"name": "InvoiceInventedRq"})
    site = Site(tmp_path, requests=profile.requests.model_copy(update={"job_billing_add": other}))
    connector, _ = site.connect()
    assert "InvoiceInventedRq" in (await _found(connector, "error"))["profile requests.job_billing_add"]


async def test_statuses_without_a_word_are_warned_of(tmp_path: Path) -> None:
    site = Site(tmp_path)
    connector, channel = site.connect()
    site.profile = site.profile.model_copy(update={"client_statuses": {1: "active"}})
    assert "2, 3" in (await _found(site.open(channel), "warning"))["catalogue clnsts"]
    site.close()
    assert connector is not None


async def test_a_status_for_new_records_must_exist(site: Site) -> None:
    connector, _ = site.connect(client_status=77)
    assert "77" in (await _found(connector, "error"))["catalogue clnsts"]


async def test_a_refused_api_user_is_an_error(site: Site) -> None:
    connector, _ = site.connect(user="SOMEBODY")
    assert "refused" in (await _found(connector, "error"))["API user"]


async def test_a_database_that_fails_is_a_finding_and_no_traceback(site: Site) -> None:
    connector, channel = site.connect()
    channel.before_query.append(lambda: RetryLater("the database cannot be reached or is locked"))
    assert "cannot be reached" in (await _found(connector, "error"))["sage"]
