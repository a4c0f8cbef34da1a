"""Metrics over a real state: names, zeros, counts, and how many series there are."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Connection, insert

from monitor.metrics import families as f
from monitor.metrics.exporter import Exporter, WorkerExporter
from monitor.metrics.meters import ConnectionFacts, LinkFacts, Meters, SiteFacts
from monitor.metrics.standing import Live
from syncd.core.model import PairState
from syncd.core.outcome import ErrorClass
from syncd.ports import Exchange, Grant, NewReconciliation
from syncd.ports.webhooks import REJECTIONS
from syncd.store import migrate
from syncd.store.database import InlineDatabase, sqlite_engine
from syncd.store.metering import Meter
from syncd.store.tables import link_line, stream
from tests.integration.store.rows import LEFT, Bench

SITE = SiteFacts(
    links={"acme": LinkFacts("field", "ledger", lambda: 60.0, ("customer", "invoice"))},
    connections={
        "field": ConnectionFacts("servicetrade", announces=True, watched=True),
        "ledger": ConnectionFacts("sage100_contractor", bridged=True),
    },
    channels=("mail",),
)
LIVE = {"field": Live(quota=(40, 500)), "ledger": Live(bridge=True)}
Key = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    engine = sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}")
    migrate.upgrade(engine)
    database = InlineDatabase(engine)
    yield await Bench.set_up(database)
    await database.close()


def exporter(bench: Bench, facts: SiteFacts = SITE) -> tuple[Exporter, Meters]:
    meters = Meters(bench.clock, facts, "1.2.3")
    return Exporter(Meter(bench.store.database), meters, lambda: LIVE), meters


async def scraped(one: Exporter | WorkerExporter) -> dict[Key, float]:
    """Every sample of ours by name and labels; the text is read by the client's own parser."""
    found: dict[Key, float] = {}
    for family in text_string_to_metric_families((await one.scrape()).decode()):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found, f"{key} stands twice"
            found[key] = sample.value
    return {key: value for key, value in found.items() if key[0].startswith(f.PREFIX)}


def at(found: dict[Key, float], name: str, **labels: str) -> float:
    return found[f.PREFIX + name, frozenset(labels.items())]


async def test_everything_declared_is_there_from_the_first_scrape_on(bench: Bench) -> None:
    one, _ = exporter(bench)
    names = {name for name, _ in await scraped(one)}
    # no login has said when it runs out, and this state is one process's only
    shared = (*f.CREW_GAUGES, *f.CREW_COUNTERS)
    unknown_yet = {f.CREDENTIAL_EXPIRY.full, *(family.full for family in shared)}
    for family in f.ALL:
        shown = f"{family.full}_count" if family.kind is f.Kind.HISTOGRAM else family.full
        assert (shown in names) == (shown not in unknown_yet), shown
    declared = {family.full for family in f.ALL}
    suffixed = {name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum") for name in names}
    assert suffixed <= declared


async def test_a_link_that_never_ran_stands_at_zero(bench: Bench) -> None:
    one, _ = exporter(bench)
    found = await scraped(one)
    assert at(found, "run_last_success_timestamp_seconds", link="acme") == 0
    assert at(found, "records_written_total", link="acme", flow="invoice", operation="create") == 0
    assert at(found, "record_failures_by_class_total", error_class="validation") == 0
    assert at(found, "notification_failures_total", channel="mail") == 0
    assert at(found, "connection_up", connection="field") == 0
    assert at(found, "bridge_connected", connection="ledger") == 1
    assert at(found, "webhook_rejections_total", connection="field", reason="signature") == 0
    write = {"platform": "servicetrade", "operation": "write"}
    assert at(found, "api_request_duration_seconds_count", **write) == 0


async def test_writes_are_counted_from_the_journal(bench: Bench) -> None:
    one, _ = exporter(bench)
    await scraped(one)
    row = await bench.lone(LEFT, "F1")
    bench.wait(7)
    await bench.posted(row)
    refused = await bench.sent(await bench.lone(LEFT, "F2"))
    await bench.store.rejected(refused, ErrorClass.VALIDATION, "no such account", "", None)
    found = await scraped(one)
    assert at(found, "records_written_total", link="acme", flow="customer", operation="create") == 1
    assert at(found, "record_failures_total", link="acme", flow="customer") == 1
    assert at(found, "record_failures_by_class_total", error_class="validation") == 1
    assert at(found, "propagation_delay_seconds_sum", link="acme") == 7
    again = await scraped(one)
    assert at(again, "records_written_total", link="acme", flow="customer", operation="create") == 1


async def test_what_was_written_before_the_start_is_not_counted_again(bench: Bench) -> None:
    await bench.posted(await bench.lone(LEFT, "F1"))
    one, _ = exporter(bench)
    assert (
        at(await scraped(one), "records_written_total", link="acme", flow="customer", operation="create") == 0
    )


async def test_gauges_show_how_a_link_stands(bench: Bench) -> None:
    row = await bench.lone(LEFT, "F1")
    since = bench.clock.now().timestamp()
    await bench.rest(row, PairState.QUARANTINED)
    await bench.store.hold("connection:ledger", "maintenance", "ann")
    await bench.store.database.write(lambda c: _stands(c, bench))
    one, _ = exporter(bench)
    found = await scraped(one)
    assert at(found, "quarantined_records", link="acme") == 1
    assert at(found, "quarantine_oldest_timestamp_seconds", link="acme") == since
    assert at(found, "link_paused", link="acme") == 1
    assert at(found, "run_last_success_timestamp_seconds", link="acme") == since
    assert at(found, "connection_up", connection="field") == 1
    assert at(found, "connection_up", connection="ledger") == 0
    assert at(found, "store_size_bytes") > 0


def _stands(c: Connection, bench: Bench) -> None:
    now = bench.clock.now()
    values = {"customer": "", "left": "field", "right": "ledger", "health": "action_required", "rank": 3}
    c.execute(
        insert(link_line).values(
            link="acme", since=now, updated_at=now, last_success_at=now, quarantined=1, **values
        )
    )
    c.execute(stream.update().where(stream.c.connection == "field").values(last_ok_at=now))
    c.execute(stream.update().where(stream.c.connection == "ledger").values(last_ok_at=now, last_error="401"))


async def test_exchanges_logins_and_announcements_are_counted_as_they_happen(bench: Bench) -> None:
    one, meters = exporter(bench)
    for status in (200, 404, 429, 503, 0):
        meters.exchange("field", Exchange("GET", "/invoice", status, {}, seconds=0.2, lost=not status))
    meters.exchange("field", Exchange("POST", "/auth", 200, {}, seconds=3.0, login=True))
    meters.exchange("ledger", Exchange("XML", "ARInvoiceAddRq", 0, {}, seconds=7.0))
    meters.granted("field", Grant(3600.0, (), refresh=True, rotated=True, refresh_lifetime_s=600.0))
    bench.wait(5)
    meters.announced("field")
    meters.run_started()
    meters.run_ended("acme", "wake", 0.4, failed=True)
    found = await scraped(one)
    codes = {c: at(found, "api_requests_total", connection="field", code=c) for c in f.CODES}
    assert codes == {"2xx": 2, "3xx": 0, "4xx": 2, "5xx": 1, "none": 1}
    assert at(found, "api_request_failures_total", connection="field") == 3
    seconds = {
        (platform, use): at(found, "api_request_duration_seconds_sum", platform=platform, operation=use)
        for platform in ("servicetrade", "sage100_contractor")
        for use in f.USES
    }
    assert {key: round(total, 3) for key, total in seconds.items() if total} == {
        ("servicetrade", "read"): 1.0,
        ("servicetrade", "login"): 3.0,
        ("sage100_contractor", "write"): 7.0,
    }
    now = bench.clock.now().timestamp()
    assert at(found, "credential_expiry_timestamp_seconds", connection="field") == now - 5 + 600
    assert at(found, "webhook_last_event_timestamp_seconds", connection="field") == now
    assert at(found, "runs_total", link="acme", trigger="wake") == 1
    assert at(found, "run_failures_total", link="acme") == 1
    assert at(found, "runs_in_progress") == 0


async def test_refused_announcements_are_counted_by_why(bench: Bench) -> None:
    one, meters = exporter(bench)
    meters.rejected("field", "signature")
    meters.rejected("field", "unreadable")
    found = await scraped(one)
    counts = {r: at(found, "webhook_rejections_total", connection="field", reason=r) for r in REJECTIONS}
    assert counts == {"signature": 1, "time": 0, "form": 0, "unreadable": 1}
    assert at(found, "webhook_events_total", connection="field") == 0


async def test_a_check_counts_once_an_answer_was_weighed(bench: Bench) -> None:
    one, meters = exporter(bench)
    name, start = "schema_check_last_success_timestamp_seconds", bench.clock.now().timestamp()
    assert at(await scraped(one), name, connection="field") == start
    bench.wait(60)
    meters.exchange("field", Exchange("GET", "/invoice", 503, {}))
    meters.weighed()
    assert at(await scraped(one), name, connection="field") == start
    meters.exchange("field", Exchange("GET", "/invoice", 200, {}))
    assert at(await scraped(one), name, connection="field") == start
    meters.weighed()
    assert at(await scraped(one), name, connection="field") == start + 60
    bench.wait(60)
    meters.weighed()
    assert at(await scraped(one), name, connection="field") == start + 60


async def test_what_nothing_explains_is_of_each_flows_last_whole_comparison(bench: Bench) -> None:
    one, _ = exporter(bench)
    for unexplained, complete, shown in ((3, True, 3), (0, False, 3), (1, True, 1), (0, True, 0)):
        found = NewReconciliation(complete, 10, unexplained, unexplained, {}, "night")
        await bench.store.reconciled(bench.flow, found)
        assert at(await scraped(one), "reconcile_mismatches", link="acme") == shown


async def test_the_heartbeat_and_the_longest_wait_are_shown(bench: Bench) -> None:
    one, meters = exporter(bench)
    bench.wait(30)
    meters.beat()
    meters.lagged(0.25)
    found = await scraped(one)
    assert at(found, "heartbeat_timestamp_seconds") == bench.clock.now().timestamp()
    assert at(found, "event_loop_lag_seconds") == 0.25
    assert at(found, "rate_limit_remaining_requests", connection="field") == 40
    assert at(found, "rate_limit_limit_requests", connection="field") == 500


async def test_what_is_no_longer_configured_is_dropped(bench: Bench) -> None:
    one, meters = exporter(bench)
    await scraped(one)
    meters.configured(SiteFacts(links={"beta": LinkFacts("x", "y", lambda: 60.0, ("customer",))}))
    for _, labels in await scraped(one):
        assert not {("link", "acme"), ("connection", "field")} & labels


def site(links: int, flows: int = 4) -> SiteFacts:
    names = tuple(f"flow{i}" for i in range(flows))
    return SiteFacts(
        links={f"link-{i}": LinkFacts(f"l{i}", f"r{i}", lambda: 60.0, names) for i in range(links)},
        connections={f"{side}{i}": ConnectionFacts("memory") for i in range(links) for side in "lr"},
    )


@pytest.mark.parametrize("links", [1, 20, f.FOLD_ABOVE + 1])
async def test_the_number_of_series_is_what_is_stated(bench: Bench, links: int) -> None:
    one, _ = exporter(bench, site(links))
    found = await scraped(one)
    assert len(found) == f.budget(links, links * 4, links * 2)
    gauges = [name for name, labels in found if ("link", "link-0") in labels and name in _names_of_gauges()]
    assert len(gauges) <= 20


def _names_of_gauges() -> set[str]:
    return {family.full for family in f.ALL if family.kind is f.Kind.GAUGE}


async def test_labels_are_escaped(bench: Bench) -> None:
    odd = 'a"b\\c\nd'
    one, _ = exporter(bench, SiteFacts(links={odd: LinkFacts("l", "r", lambda: 1.0, ())}))
    assert at(await scraped(one), "link_interval_seconds", link=odd) == 1


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (see .ci/run)")
async def test_a_worker_counts_what_happens_in_it_and_nothing_that_the_state_says(bench: Bench) -> None:
    meters = Meters(bench.clock, SITE, "1.2.3", worker=True)
    one = WorkerExporter(meters, lambda: LIVE)
    before = await scraped(one)
    assert not any(name == "syncd_runs_total" for name, _ in before), "a series comes with what it tells"
    for status in (200, 503):
        meters.exchange("field", Exchange("GET", "/invoice", status, {}, seconds=0.2))
    meters.run_started()
    meters.run_ended("acme", "wake", 2.0, failed=True)
    meters.announced("field")
    found = await scraped(one)
    assert at(found, "api_requests_total", connection="field", code="5xx") == 1
    assert at(found, "api_request_failures_total", connection="field") == 1
    assert at(found, "runs_total", link="acme", trigger="wake") == 1
    assert at(found, "rate_limit_remaining_requests", connection="field") == 40
    assert at(found, "circuit_open", connection="ledger") == 0
    told = {name for name, _ in found}
    assert {one.full for one in f.OF_WORKERS if one.kind is not f.Kind.HISTOGRAM} - told == {
        "syncd_credential_expiry_timestamp_seconds"
    }
    assert told.isdisjoint(one.full for one in f.ALL if one not in f.OF_WORKERS)


async def test_promtool_finds_nothing_to_say(bench: Bench) -> None:
    one, _ = exporter(bench)
    text = await one.scrape()
    command = ["promtool", "check", "metrics"]
    checked = await asyncio.to_thread(subprocess.run, command, input=text, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")


async def test_rules_see_the_same_values_as_a_scrape(bench: Bench) -> None:
    one, meters = exporter(bench)
    meters.announced("field")
    text = await scraped(one)
    samples = {(s.name, frozenset(s.labels)): s.value for s in await one.samples()}
    assert {k: v for k, v in samples.items() if k[0].startswith(f.PREFIX)} == text
