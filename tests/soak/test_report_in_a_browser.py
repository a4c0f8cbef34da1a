"""The page of one drift in a real browser, as wide as a phone: nothing runs off its side or is fetched."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from monitor.report import page
from tests.unit.monitor.test_report import view

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = (390, 844)
_MEASURE = """<script>
const wide = [...document.querySelectorAll("body *")].filter(
    one => one.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(one).overflowX === "visible"
        && !one.closest("pre, .wide"));
document.title = JSON.stringify({
    page: document.documentElement.scrollWidth, window: innerWidth, wide: wide.map(one => one.tagName),
    fetched: performance.getEntriesByType("resource").length,
    small: [...document.querySelectorAll("p, li, td")].filter(
        one => parseFloat(getComputedStyle(one).fontSize) < 13).length,
});
</script>"""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(BROWSER is None, reason="no browser on this machine; CI installs one"),
]


def test_it_reads_well_on_a_phone(tmp_path: Path) -> None:
    text = page(view(path="customer.billing.address.a_rather_long_name_of_a_field_that_somebody_chose"))
    measured, policies = re.subn(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", text)
    assert policies == 1, "the page runs no script, so its copy that measures itself drops that rule"
    # a headless window is 500 points wide at least: the phone is a frame in it
    (tmp_path / "report.html").write_text(measured.replace("</body>", f"{_MEASURE}</body>"))
    frame = f'<iframe id="phone" src="report.html" width="{PHONE[0]}" height="{PHONE[1]}"></iframe>'
    told = "onload=\"document.title = document.getElementById('phone').contentDocument.title\""
    (tmp_path / "phone.html").write_text(f"<!doctype html><body {told}>{frame}</body>")
    assert BROWSER is not None
    shown = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
            f"--user-data-dir={tmp_path}/profile", "--virtual-time-budget=5000", "--dump-dom",
            (tmp_path / "phone.html").as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=100,
    ).stdout  # fmt: skip
    title = re.search(r"<title>(.*?)</title>", shown)
    assert title is not None, shown[:2000]
    found = json.loads(html.unescape(title[1]))
    assert found["window"] == PHONE[0]
    assert found["page"] <= PHONE[0], "nothing has to be scrolled sideways"
    assert (found["wide"], found["fetched"], found["small"]) == ([], 0, 0)
