"""The page about file connectors shows what works: its layout and its connection are read as they stand."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML

from syncd.connectors import registry
from syncd.files.layout import Layout

PAGE = Path(__file__).resolve().parents[3] / "docs" / "file-connectors.md"


def test_what_the_page_shows_is_read() -> None:
    connection, layout = (
        YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.S)
    )
    shown = connection["connections"]["books"]
    platform = registry.platform(shown["platform"])
    settings = platform.settings.model_validate(shown["settings"])
    read, handed_over = ("customer", "job", "employee"), ("invoice", "time_entry", "job_cost")
    assert platform.entities_of(settings) == read + handed_over
    document = {"number": "S-1", "customer": "C1", "date": "2026-10-01", "total": "400"}
    line = {"item": "4010", "description": "x" * 40, "amount": "400"}
    assert Layout.model_validate(layout).rows({**document, "lines": [line]}, "sy-1") == [
        "I,S-1,C1,10012026,400.00,sy-1",
        f"D,1,4010,{'x' * 30},400.00",
    ]
