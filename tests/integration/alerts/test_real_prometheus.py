"""A real Prometheus scrapes a real daemon: every panel shows something, nothing cries wolf, and when the
daemon stops, a real Alertmanager tells somebody."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from deploy.generate import HERE
from deploy.panels import ROWS, Panel, Shape
from monitor.alerts.prometheus import rule_file
from monitor.alerts.rules import rules
from syncd.demo.site import free_ports
from tests.integration.whole.house import LINK, House, at_home, until

PROMETHEUS = shutil.which("prometheus")
ALERTMANAGER = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        PROMETHEUS is None or ALERTMANAGER is None,
        reason="prometheus and alertmanager are not installed (.ci/run installs them where it can)",
    ),
]
PANELS = {panel.title: panel for _, row in ROWS for panel in row}
VARIABLES = {
    "$__rate_interval": "30s",
    "$job": "syncd",
    "$instance": ".*",
    "$link": ".*",
    "$flow": ".*",
    "$connection": ".*",
}


@dataclass
class Told:
    """Everything that Alertmanager sent to its webhook."""

    port: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list)

    def alerts(self, name: str) -> list[dict[str, Any]]:
        found = [alert for message in self.messages for alert in message["alerts"]]
        return [alert for alert in found if alert["labels"]["alertname"] == name]


@dataclass
class Watched:
    house: House
    daemon: subprocess.Popen[bytes]
    url: str
    told: Told

    def ask(self, path: str, **query: str) -> Any:
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(query)}") as answer:
            return json.load(answer)["data"]

    def firing(self) -> set[str]:
        return {
            one["labels"]["alertname"] for one in self.ask("alerts")["alerts"] if one["state"] == "firing"
        }


@contextmanager
def listening() -> Iterator[Told]:
    told = Told()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.messages.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def program(log: Path, *command: str | None) -> Iterator[None]:
    with log.open("ab") as file:
        running = subprocess.Popen([str(part) for part in command], stdout=file, stderr=file)
        try:
            yield
        finally:
            running.terminate()
            running.wait(20)


def configured(folder: Path, scraped: int, alertmanager: int, told: Told) -> None:
    """The shipped rules, with waits of a second; and the shipped way to Alertmanager."""
    quick = [replace(rule, for_s=min(rule.for_s, 1.0)) for rule in rules()]
    (folder / "rules.yaml").write_text(rule_file(quick))
    text = (HERE / "prometheus" / "prometheus.yaml").read_text()
    text = text.replace("15s", "1s").replace("127.0.0.1:8323", f"127.0.0.1:{scraped}")
    (folder / "prometheus.yaml").write_text(text.replace("127.0.0.1:9093", f"127.0.0.1:{alertmanager}"))
    text = (HERE / "prometheus" / "alertmanager.yaml").read_text()
    text = text.replace("http://127.0.0.1:9999/", f"http://127.0.0.1:{told.port}/").replace("30s", "1s")
    (folder / "alertmanager.yaml").write_text(text)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("prometheus")
    scraped, prometheus, alertmanager = free_ports(3)
    with ExitStack() as running:
        house = running.enter_context(at_home(folder / LINK))
        with (house.folder / "syncd.yaml").open("a") as site:
            site.write(f"\nmetrics:\n  port: {scraped}\n")
        assert house.syncd("sync").code in (0, 3)
        told = running.enter_context(listening())
        configured(folder, scraped, alertmanager, told)
        daemon = running.enter_context(house.daemon())
        running.enter_context(
            program(
                folder / "alertmanager.log",
                ALERTMANAGER,
                f"--config.file={folder / 'alertmanager.yaml'}",
                f"--storage.path={folder / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{alertmanager}",
                "--cluster.listen-address=",
            )
        )
        running.enter_context(
            program(
                folder / "prometheus.log",
                PROMETHEUS,
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{prometheus}",
            )
        )
        there = Watched(house, daemon, f"http://127.0.0.1:{prometheus}", told)
        until(lambda: scrapes(there) >= 10, "ten scrapes")
        # requests that Prometheus sees happen: those of the first run were made before its first scrape
        assert house.syncd("sync").code in (0, 3)
        yield there


def scrapes(there: Watched) -> float:
    try:
        found = there.ask("query", query='count_over_time(up{job="syncd"}[1m]) and up{job="syncd"} == 1')
    except URLError:
        return 0
    return float(found["result"][0]["value"][1]) if found["result"] else 0


@pytest.mark.parametrize("title", PANELS)
def test_every_panel_shows_what_a_real_run_left(watched: Watched, title: str) -> None:
    panel: Panel = PANELS[title]
    if panel.said_by_some:
        pytest.skip("neither of the two platforms of this run says anything about it")
    for query in panel.queries:
        text = query.text
        for name, value in VARIABLES.items():
            text = text.replace(name, value)
        until(partial(shows, watched, panel, text), f"{title}: {text}")


def shows(there: Watched, panel: Panel, text: str) -> bool:
    if panel.shape is not Shape.LINES:
        return bool(there.ask("query", query=text)["result"])
    now = float(there.ask("query", query="time()")["result"][1])
    asked = {"query": text, "start": str(now - 180), "end": str(now), "step": "1"}
    return any(series["values"] for series in there.ask("query_range", **asked)["result"])


def test_no_rule_fails_and_what_is_recorded_is_there(watched: Watched) -> None:
    for group in watched.ask("rules")["groups"]:
        for rule in group["rules"]:
            assert rule["health"] == "ok", rule
    recorded = watched.ask("query", query="link:syncd_propagation_delay_seconds:p95_30m")
    assert [series["metric"]["link"] for series in recorded["result"]] == [LINK]


def test_a_daemon_that_does_its_work_alerts_nobody(watched: Watched) -> None:
    until(lambda: "SyncdWatchdog" in watched.firing(), "the watchdog barks")
    assert watched.firing() == {"SyncdWatchdog"}


def test_alerts_fire_through_alertmanager_to_a_webhook(watched: Watched) -> None:
    """Last in this file: it stops the daemon."""
    until(lambda: watched.told.alerts("SyncdWatchdog"), "the watchdog is heard at the far end")
    watched.daemon.terminate()
    until(lambda: watched.told.alerts("SyncdEngineDown"), "somebody is told that the daemon is down")
    (alert, *_) = watched.told.alerts("SyncdEngineDown")
    assert alert["status"] == "firing"
    assert alert["labels"]["severity"] == "critical"
    assert alert["annotations"]["runbook_url"].endswith("runbooks/SyncdEngineDown.md")
    assert (HERE.parent / "docs/runbooks/SyncdEngineDown.md").is_file()
