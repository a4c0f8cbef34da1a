"""A daemon whose database is away, at its start and later: alive, not ready, and back by itself."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg
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


@pytest.mark.soak
def test_a_worker_waits_for_its_database(tmp_path: Path) -> None:
    with Postgres.begin() as server:
        url = server.set_up()
        server.stop()
        here = site(tmp_path, configuration("acme", more=f"state: {{url: '{url}'}}\n"))
        with here.running("worker", says="the worker waits for its state") as process:
            assert f"the state at {server.folder}/" in here.log
            assert "does PostgreSQL run there" in here.log
            server.start()
            until(lambda: "worker started" in here.log, "it began by itself")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == os.EX_OK


@pytest.mark.soak
@pytest.mark.parametrize("command", ["run", "worker"])
def test_a_server_without_a_free_connection_is_waited_for(tmp_path: Path, command: str) -> None:
    with (
        Postgres.begin("max_connections=20", "superuser_reserved_connections=0") as server,
        ExitStack() as stack,
    ):
        url = server.set_up()
        here = site(tmp_path, configuration("acme", more=f"state: {{url: '{url}'}}\n"))
        taken = stack.enter_context(ExitStack())
        with suppress(psycopg.OperationalError):
            while True:
                taken.enter_context(psycopg.connect(url))
        refused = here.syncd("workers")
        assert (refused.code, "it takes no more connections" in refused.err) == (1, True)
        assert "raise max_connections there, or run fewer workers" in refused.err
        with here.running(command, says="it takes no more connections"):
            taken.close()
            until(lambda: any(f"{one} started" in here.log for one in ("daemon", "worker")), "it began")


@pytest.mark.parametrize(
    ("revision", "remedy"), [("0006", "run: syncd db upgrade"), ("9999", "install a newer syncd")]
)
def test_a_state_of_another_version_is_refused_with_the_command(
    tmp_path: Path, postgres: Postgres, revision: str, remedy: str
) -> None:
    url = postgres.set_up()
    with psycopg.connect(url) as state:
        state.execute("update alembic_version set version_num = %s", [revision])
    here = site(tmp_path, configuration("acme", more=f"state: {{url: '{url}'}}\n"))
    for command in ("run", "worker", "workers", "status"):
        refused = here.syncd(command)
        assert (refused.code, remedy in refused.err) == (2, True), command


def test_an_older_state_is_brought_up_by_the_command(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.set_up()
    engine = open_engine(url)
    migrate.downgrade(engine, "0006")
    engine.dispose()
    here = site(tmp_path, configuration("acme", more=f"state: {{url: '{url}'}}\n"))
    assert here.syncd("db", "current").code == 1
    assert here.syncd("db", "upgrade").code == 0
    assert here.syncd("db", "current").code == 0
