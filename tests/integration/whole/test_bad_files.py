"""Files that cannot be right, through the real command: exit code 2, the place, and no traceback."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from syncd.demo.pair import DEFAULT, pair
from syncd.demo.site import DemoSite, write_site
from syncd.sandbox.company import Company
from syncd.sandbox.serve import Ready
from tests.commands import syncd
from tests.integration.whole.stage import CUSTOMERS, SEED, rewriting

FIELD = {"base_url": "http://127.0.0.1:1/api", "client_id": "demo", "client_secret": "made-up"}
BOOKS = {
    "company": "Demo",
    "user": "api",
    "password": "made-up",
    "data_source": "X",
    "database_url": "sqlite:///none.db",
}


@pytest.fixture
def site(tmp_path: Path) -> DemoSite:
    """A site folder with nothing wrong in it."""
    field = Ready(platform="servicetrade", url="http://127.0.0.1:1", control_url="", details=FIELD)
    books = Ready(platform="sage100-contractor", url="http://127.0.0.1:1", control_url="", details=BOOKS)
    return write_site(tmp_path, pair(DEFAULT), field, books, Company.of_size(SEED, CUSTOMERS), port=0)


def without_profile(site: DemoSite) -> None:
    (site.folder / "profiles" / "servicetrade.yaml").unlink()


def readable_by_all(site: DemoSite) -> None:
    (site.folder / "keys" / "servicetrade").chmod(0o644)


@pytest.mark.parametrize(
    ("spoil", "place", "words"),
    [
        pytest.param(rewriting(("state:\n", "state: [\n")), r"syncd\.yaml:\d+", "", id="malformed-yaml"),
        pytest.param(
            rewriting(("platform: servicetrade", "platform: servicetrad")),
            r"syncd\.yaml:\d+ \(connections\.field\.platform\)",
            "servicetrade",
            id="unknown-platform",
        ),
        pytest.param(
            rewriting(("    webhooks: true", "    webhoks: true")),
            r"syncd\.yaml:\d+ \(links\.northwind\.webhoks\)",
            "webhooks",
            id="unknown-key-with-the-nearest",
        ),
        pytest.param(
            rewriting(("client_secret: file:keys/servicetrade", "client_secret: hunter2-canary")),
            r"syncd\.yaml:\d+ \(connections\.field\.settings\.auth\.client_secret\)",
            "env:",
            id="inline-secret",
        ),
        pytest.param(readable_by_all, r"servicetrade", "chmod 600", id="world-readable-key"),
        pytest.param(
            without_profile,
            r"syncd\.yaml:\d+ \(connections\.field\.profile\)",
            "servicetrade.yaml",
            id="profile-file-missing",
        ),
        pytest.param(
            rewriting(("    profile: profiles/servicetrade.yaml\n", "")),
            r"syncd\.yaml:\d+ \(connections\.field",
            "profile",
            id="no-profile-named",
        ),
        pytest.param(
            rewriting(("crosswalks: crosswalks/northwind.yaml", "crosswalks: crosswalks/nowhere.yaml")),
            r"syncd\.yaml:\d+ \(links\.northwind\.crosswalks\)",
            "nowhere.yaml",
            id="crosswalk-file-missing",
        ),
        pytest.param(
            rewriting(("{every: 5s}", '{cron: "61 * * * *"}')),
            r"syncd\.yaml:\d+ \(links\.northwind\.schedule",
            "cron",
            id="bad-cron-line",
        ),
    ],
)
def test_it_is_refused_by_its_place(
    site: DemoSite, spoil: Callable[[DemoSite], None], place: str, words: str
) -> None:
    spoil(site)
    ended = syncd("sync", "--config", str(site.config), cwd=site.folder)
    assert ended.code == 2, ended.err
    assert ended.out == ""
    assert re.search(place, ended.err), ended.err
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert "hunter2-canary" not in ended.err, "not even to say what is wrong with it"
    assert not (site.folder / "state.db").exists(), "nothing was begun"
