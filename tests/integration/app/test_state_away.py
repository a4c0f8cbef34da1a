"""A daemon whose database is away, at its start and later: alive, not ready, and back by itself."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from syncd.demo.site import free_ports
from syncd.store import migrate
from syncd.store.opening import open_engine
from tests.integration.app.site import configuration, site, until
from tests.postgres import Postgres


def ready(port: int) -> tuple[int, list[str]]:
    """(status, what it waits for) of the daemon; (0, []) where nobody listens."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=10) as answer:
            return answer.status, json.load(answer)["waiting_for"]
    except HTTPError as refused:
        return refused.code, json.load(refused)["waiting_for"]
    except OSError:
        return 0, []


@pytest.mark.soak
def test_a_daemon_waits_for_its_database_and_notices_when_it_goes(tmp_path: Path) -> None:
    with Postgres.begin() as server:
        url = server.empty()
        server.stop()
        (port,) = free_ports(1)
        here = site(tmp_path, configuration("acme", more=f"state: {{url: '{url}'}}\n"))
        here.write((tmp_path / "syncd.yaml").read_text().replace("{port: 0}", f"{{port: {port}}}"))
        refused = here.syncd("db", "current")
        assert (refused.code, "does not answer" in refused.err) == (1, True)
        with here.daemon(says="waiting for the state") as process:
            until(lambda: ready(port)[0] == 503, "it is not ready")
            assert ready(port)[1][0].startswith(f"the state: the state at {server.folder}/")
            server.start()
            until(lambda: ready(port) == (200, []), "it set the state up and works")
            server.stop("immediate")
            until(lambda: ready(port) == (503, ["the state"]), "it notices")
            server.start()
            until(lambda: ready(port) == (200, []), "it is back by itself")
            assert process.poll() is None


def test_a_daemon_that_waits_can_be_stopped(tmp_path: Path, postgres: Postgres) -> None:
    nowhere = f"postgresql://postgres@/state?host={tmp_path}"
    here = site(tmp_path, configuration("acme", more=f"state: {{url: '{nowhere}'}}\n"))
    with here.daemon(says="waiting for the state") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == os.EX_OK


def test_a_state_of_another_version_is_refused_with_the_command(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.set_up()
    engine = open_engine(url)
    migrate.downgrade(engine, "0006")
    engine.dispose()
    here = site(tmp_path, configuration("acme", more=f"state: {{url: '{url}'}}\n"))
    refused = here.syncd("run")
    assert (refused.code, "syncd db upgrade" in refused.err) == (2, True)
    assert here.syncd("db", "upgrade").code == 0
    assert here.syncd("db", "current").code == 0
