"""The page about hours shows what works: its link is loaded as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from syncd.config.load import load
from syncd.demo.site import PROFILES

PAGE = Path(__file__).resolve().parents[3] / "docs" / "hours.md"
_ABOVE = "master_key: env:MASTER\nstate: {url: 'sqlite:///state.db'}\n"
_CODES = "cost_code:\n  pairs:\n    - {left: '15-500', right: '15.5'}\n"


def test_what_the_page_shows_is_loaded(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    (tmp_path / "syncd.yaml").write_text(_ABOVE + shown)
    for folder in ("profiles", "crosswalks"):
        (tmp_path / folder).mkdir()
    for name in ("sage100-contractor.yaml", "mbxml.xsd"):
        (tmp_path / "profiles" / name).write_bytes((PROFILES / name).read_bytes())
    (tmp_path / "crosswalks" / "acme.yaml").write_text(_CODES)
    link = load(tmp_path / "syncd.yaml").links["acme-hours"]
    assert set(link.config.flows) == {"employee", "job", "time_entry"}
    offered = [end.platform.entities_of(end.settings) for end in (link.left, link.right)]
    assert all({"employee", "job", "time_entry"} <= set(entities) for entities in offered)
