"""Whom a site tells, and from which figures on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from syncd.app import channels
from syncd.config.load import load
from syncd.core.errors import FixInput, NothingMatched
from tests.integration.app.site import configuration, site

CHANNELS = """alerts:
  thresholds: {stale_intervals: 6, quarantine_age: 2d, quota_left_share: 0.25}
  channels:
    on-call: {url: "file:on-call.url"}
"""


@pytest.fixture
def heard() -> Iterator[tuple[int, list[Any]]]:
    """(port, what was posted there)."""
    posted: list[Any] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            return None

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], posted
    server.shutdown()
    thread.join()
    server.server_close()


async def test_a_channel_can_be_tried(tmp_path: Path, heard: tuple[int, list[Any]]) -> None:
    port, posted = heard
    here = site(tmp_path, configuration("acme", more=CHANNELS))
    url = here.folder / "on-call.url"
    url.touch(mode=0o600)
    url.write_text(f"json://127.0.0.1:{port}/")
    read = load(here.folder / "syncd.yaml")
    assert await channels.try_out(read, "on-call")
    assert "nothing is wrong" in json.dumps(posted)
    with pytest.raises(NothingMatched, match="no channel is called 'mail'"):
        await channels.try_out(read, "mail")


def test_a_sites_figures_are_in_the_rules(tmp_path: Path) -> None:
    here = site(tmp_path, configuration("acme", more=CHANNELS))
    text = channels.prometheus_rules(load(here.folder / "syncd.yaml"), "https://wiki.example.com/syncd")
    assert "> 6)" in text
    assert "> 172800" in text
    assert "< 0.25" in text
    assert "runbook_url: https://wiki.example.com/syncd/runbooks/SyncdLinkStale.md" in text


@pytest.mark.parametrize("wrong", ["stale_intervals: 1", "quota_left_share: 2", "loop_lag: soon", "such: 1"])
def test_figures_that_are_none_are_refused(tmp_path: Path, wrong: str) -> None:
    here = site(tmp_path, configuration("acme", more=f"alerts: {{thresholds: {{{wrong}}}}}\n"))
    with pytest.raises(FixInput):
        load(here.folder / "syncd.yaml")
