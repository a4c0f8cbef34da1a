"""The configuration is read anew by a running daemon: taken where it can be opened, refused where not."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

from tests.integration.app.site import configuration, site, until


def test_a_new_link_runs_and_who_called_meanwhile_was_heard(tmp_path: Path) -> None:
    here = site(tmp_path, configuration("acme"))
    with here.daemon() as process:
        before = here.beacon
        caller = Caller(before["url"])
        assert here.links() == ["acme"]
        here.write(configuration("acme", "meadow"))
        done = here.syncd("reload")
        assert (done.code, "2 links" in done.out) == (0, True), done.err
        until(lambda: here.log.count("daemon started") == 2, "the new configuration is up")
        assert here.links() == ["acme", "meadow"]
        assert here.beacon == before, "at the same address, with the same token"
        assert process.poll() is None
        assert caller.stop() == set(), "nobody was turned away"


def test_a_broken_file_is_refused_with_what_is_wrong_and_the_old_one_goes_on(tmp_path: Path) -> None:
    here = site(tmp_path, configuration("acme"))
    with here.daemon() as process:
        here.write(configuration("acme").replace("platform: memory", "platform: memry", 1))
        refused = here.syncd("reload")
        assert refused.code == 2
        assert "memory" in refused.err
        process.send_signal(signal.SIGHUP)
        until(lambda: "the new configuration is not taken" in here.log, "it is said in the log")
        here.write(configuration("acme"))
        assert here.links() == ["acme"]
        assert here.log.count("daemon started") == 1


def test_another_state_is_not_taken_up_while_this_one_is_in_use(tmp_path: Path) -> None:
    here = site(tmp_path, configuration("acme"))
    with here.daemon() as process:
        here.write(configuration("acme", more="state: {url: 'sqlite:///other.db'}\n"))
        process.send_signal(signal.SIGHUP)
        until(lambda: "another state cannot be taken up" in here.log, "it is said in the log")
        assert not (tmp_path / "other.db").exists()


def test_a_signal_does_the_same_and_a_stop_ends_it(tmp_path: Path) -> None:
    here = site(tmp_path, configuration("acme", "meadow"))
    with here.daemon() as process:
        here.write(configuration("meadow"))
        process.send_signal(signal.SIGHUP)
        until(lambda: here.log.count("daemon started") == 2, "the new configuration is up")
        assert here.links() == ["meadow"]
        process.terminate()
        assert process.wait(60) == 0
    assert not (tmp_path / "state.db.daemon.json").exists()
    assert here.syncd("reload").code == 4, "nobody there"


class Caller:
    """Calls all the time, and remembers how it was turned away."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ended = threading.Event()
        self._seen: set[str] = set()
        self._thread = threading.Thread(target=self._call)
        self._thread.start()

    def _call(self) -> None:
        while not self._ended.wait(0.01):
            try:
                with urlopen(f"{self._url}/health/live", timeout=30) as answer:
                    assert answer.status == 200
            except HTTPError as error:
                self._seen.add(str(error.code))
            except OSError as error:
                self._seen.add(type(error).__name__)

    def stop(self) -> set[str]:
        self._ended.set()
        self._thread.join(60)
        return self._seen
