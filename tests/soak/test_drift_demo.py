"""The drift story as a person runs it, by its own ``--json``."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.soak


def test_four_changes_of_a_platform_are_noticed_held_mended_and_drained() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "syncd", "demo", "drift", "--json"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    assert told["left_total"] == told["right_total"]
    assert told["posted"] == told["approved"]
    held, alerted = told["drifts"][:3], told["drifts"][3]
    for one in held:
        assert one["bad_records_posted"] == 0
        assert one["seconds_to_hold"] is not None
        assert one["held"] == one["drained"] > 0
    assert alerted["seconds_to_hold"] is None, "a shorter life alone holds nothing"
