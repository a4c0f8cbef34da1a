"""A daemon measured: scraped at its own port or behind a token, alerting by itself, its audit anchored."""

from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.metrics import families
from monitor.metrics.meters import Meters
from syncd.app.installation import installation
from syncd.app.measures import Measures
from syncd.app.upkeep import verify
from syncd.config.load import load
from syncd.core.brakes import Brake, Trip
from syncd.demo.site import free_ports
from syncd.ports.alerting import Alert
from tests.integration.app.site import configuration, site, until


def scraped(url: str, token: str = "") -> dict[str, float]:
    """Samples of one link's name at most, by name (their labels are tested elsewhere)."""
    request = Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urlopen(request) as answer:
        families = text_string_to_metric_families(answer.read().decode())
        return {sample.name: sample.value for family in families for sample in family.samples}


def test_prometheus_has_a_port_of_its_own_and_others_need_a_token(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    here = site(tmp_path, configuration("acme", more=f"metrics: {{port: {port}}}\n"))
    with here.daemon() as process:
        own = f"http://127.0.0.1:{port}/metrics"
        until(lambda: scraped(own)["syncd_run_last_success_timestamp_seconds"] > 0, "it ran once")
        assert scraped(own)["syncd_links"] == 1
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"http://127.0.0.1:{port}/api/v1/status")
        with pytest.raises(HTTPError, match="401"):
            scraped(f"{here.beacon['url']}/metrics")
        assert scraped(f"{here.beacon['url']}/metrics", here.beacon["token"])["syncd_links"] == 1
        assert scraped(own)["syncd_config_last_reload_successful"] == 1
        here.write(configuration("acme", more="no_such_key: 1\n"))
        process.send_signal(signal.SIGHUP)
        until(lambda: scraped(own)["syncd_config_last_reload_successful"] == 0, "the refusal is measured")


def test_a_worker_tells_what_it_alone_knows(tmp_path: Path, postgres_url: str) -> None:
    (port,) = free_ports(1)
    here = site(tmp_path, configuration("acme", more=f"state: {{url: '{postgres_url}'}}\n"))
    own = f"http://127.0.0.1:{port}"
    with here.running("worker", "--metrics-port", str(port), says="worker started") as process:
        until(lambda: scraped(f"{own}/metrics").get("syncd_runs_total"), "it ran the link")
        until(lambda: "syncd_event_loop_lag_seconds" in scraped(f"{own}/metrics"), "its loop is measured")
        found = scraped(f"{own}/metrics")
        assert found["syncd_run_duration_seconds_count"] >= 1
        assert found["syncd_wakeup_delay_seconds_count"] >= 1
        assert found["syncd_heartbeat_timestamp_seconds"] > 0
        assert found["syncd_circuit_open"] == 0
        told = {name for name in found if name.startswith("syncd_")}
        mine = {one.full for one in families.OF_WORKERS}
        others = {name for name in told if not name.startswith(tuple(mine))}
        assert not others, "what stands in the state is the daemon's to tell"
        assert [urlopen(f"{own}/health/{kind}").status for kind in ("live", "ready")] == [200, 200]
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{own}/api/v1/status")
        process.terminate()
        assert process.wait(30) == 0


def test_the_audit_is_anchored_from_the_start_and_its_end_is_in_the_log(tmp_path: Path) -> None:
    here = site(tmp_path, configuration("acme"))
    with here.daemon():
        assert here.syncd("hold", "link:acme", "--reason", "month end").code == 0
    with here.daemon():
        until(lambda: here.log.count("audit anchored") == 2, "anchored")
    lines = [json.loads(line) for line in here.log.splitlines() if '"audit anchored"' in line]
    assert lines[-1]["chains"] == 1
    here_site = load(tmp_path / "syncd.yaml")
    found = verify(here_site, [], lines[-1]["end"])
    assert (found.breaks, found.anchors) == ([], 1)


class Kept:
    """Keeps what it is told."""

    def __init__(self, _meters: Meters) -> None:
        self.alerts: list[Alert] = []

    async def notify(self, alerts: Sequence[Alert]) -> None:
        self.alerts += alerts


async def test_the_daemon_tells_by_itself_what_prometheus_would(tmp_path: Path) -> None:
    site(tmp_path, configuration("acme"))
    async with installation(load(tmp_path / "syncd.yaml")) as opened:
        told: list[Kept] = []

        def kept(meters: Meters) -> Kept:
            told.append(Kept(meters))
            return told[0]

        measures = Measures(opened, kept)
        await measures.look()
        assert told[0].alerts == []
        flow = await opened.store.flow("acme", "customer")
        await opened.store.trip(flow, [Trip(Brake.MASS_DELETE, "40 of 41 would be deleted", 40)])
        await measures.look()
        await measures.look()
        ((alert),) = told[0].alerts
        assert (alert.name, dict(alert.labels), alert.firing) == ("SyncdGuardTripped", {"link": "acme"}, True)
        assert alert.runbook == "runbooks/SyncdGuardTripped.md"
        (hold,) = await opened.store.holds()
        await opened.store.release([hold.id], "ann")
        await measures.look()
        assert [a.firing for a in told[0].alerts] == [True, False]
        assert measures.firing() == []


async def test_without_a_channel_alerts_stand_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site(tmp_path, configuration("acme"))
    async with installation(load(tmp_path / "syncd.yaml")) as opened:
        measures = Measures(opened)
        flow = await opened.store.flow("acme", "customer")
        await opened.store.trip(flow, [Trip(Brake.MASS_DELETE, "40 of 41 would be deleted", 40)])
        await measures.look()
        said: Any = capsys.readouterr()
        assert "SyncdGuardTripped" in said.out + said.err
        assert b'syncd_notifications_total{channel="log"} 1.0' in await measures.scrape()
