"""A customer leaves a daemon that goes on for the others."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.app.site import configuration, site, until


def test_one_customer_is_erased_while_the_daemon_keeps_the_other(tmp_path: Path) -> None:
    here = site(tmp_path, configuration("acme", "meadow"))
    with here.daemon():
        until(lambda: here.links() == ["acme", "meadow"], "both run")
        assert here.syncd("hold", "link:acme", "--reason", "gone at the end of the month").code == 0
        refused = here.syncd("erase", "acme", "--yes")
        assert refused.code == 2
        assert "acme is still configured" in refused.err
        here.write(configuration("meadow"))
        assert here.syncd("reload").code == 0
        until(lambda: here.links() == ["meadow"], "one is left")
        found = json.loads(here.syncd("erase", "acme", "--dry-run", "--json").out)
        assert (found["links"], found["unused"]) == (["acme"], ["acme-books", "acme-field"])
        done = json.loads(here.syncd("erase", "acme", *found["unused"], "--yes", "--json").out)
        assert (done["links"], done["connections"]) == (["acme"], ["acme-books", "acme-field"])
        assert here.syncd("audit", "verify").code == 0
        exported = here.syncd("audit", "export").out
        assert "end of the month" not in exported
        kinds = {json.loads(line)["kind"] for line in exported.splitlines()}
        assert {"hold", "erase", "erased"} <= kinds, "that it was, and who did what, stays"
        again = here.syncd("erase", "acme", "--dry-run")
        assert again.code == 0, "its chain is still known"
        assert here.links() == ["meadow"]
