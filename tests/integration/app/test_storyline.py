"""From an announcement to the ledger in the log: one line an event, tied together by ids, no values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import structlog

from syncd.app.installation import installation
from syncd.app.measures import Measures
from syncd.config.load import load
from syncd.core.outcome import ErrorClass
from syncd.engine.cycle import CycleOutcome
from syncd.logs import configure
from tests.integration.app.site import configuration, site
from tests.integration.store.rows import LEFT, RIGHT, Bench

DELIVERY = "0123456789abcdef" * 4
SECRET_WORDS = "Nachtigall owes 418.25"


@pytest.fixture
async def lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Sequence[dict[str, Any]]:
    """A delivery, the run that it woke (one record posted, one refused), and a quiet run."""
    site(tmp_path, configuration("acme"))
    configure()
    async with installation(load(tmp_path / "syncd.yaml")) as opened:
        measures = Measures(opened)
        store = measures.hints(opened.store.add_hints)
        await store("acme-field", [("customer", "F1")], DELIVERY)
        await store("acme-field", [("customer", "F1")], DELIVERY)

        async def work(_scheduled: bool) -> CycleOutcome:
            streams = {
                LEFT: await opened.store.stream("acme-field", "customer"),
                RIGHT: await opened.store.stream("acme-books", "customer"),
            }
            row = await opened.store.flow("acme", "customer")
            bench = Bench(opened.store, opened.clock, row, streams)  # type: ignore[arg-type]
            await bench.posted(await bench.lone(LEFT, "F1", natural=SECRET_WORDS), key="17")
            refused = await bench.sent(await bench.lone(LEFT, "F2"))
            await opened.store.rejected(refused, ErrorClass.VALIDATION, SECRET_WORDS, "", None)
            return CycleOutcome("acme", {})

        async def nothing(_scheduled: bool) -> CycleOutcome:
            return CycleOutcome("acme", {})

        await measures.run("acme", work)(False)
        await measures.run("acme", nothing)(True)
    structlog.reset_defaults()
    text = capsys.readouterr().err
    assert "Nachtigall" not in text
    return [json.loads(line) for line in text.splitlines()]


def test_one_search_leads_from_the_webhook_to_the_ledger(lines: Sequence[dict[str, Any]]) -> None:
    announced, *rest = lines
    assert (announced["event"], announced["records"]) == ("announced", ["customer/F1"])
    of_run = [line for line in rest if line.get("deliveries") == [announced["delivery"]]]
    assert len({line["run"] for line in of_run}) == 1
    assert [line["event"] for line in of_run] == [
        "planned",
        "sent",
        "posted",
        "planned",
        "sent",
        "rejected",
        "run ended",
    ]
    posted = next(line for line in of_run if line["event"] == "posted")
    assert (posted["link"], posted["entity"], posted["key"]) == ("acme", "customer", "17")
    assert posted["reference"].startswith("sy-")
    rejected = next(line for line in of_run if line["event"] == "rejected")
    assert (rejected["level"], rejected["error_class"]) == ("warning", "validation")


def test_a_delivery_that_comes_twice_and_a_quiet_run_are_no_news(lines: Sequence[dict[str, Any]]) -> None:
    assert [line["event"] for line in lines].count("announced") == 1
    assert [line["event"] for line in lines].count("run ended") == 1


def test_every_line_is_one_json_object_with_time_and_level(lines: Sequence[dict[str, Any]]) -> None:
    for line in lines:
        assert line["timestamp"].endswith("Z")
        assert line["level"] in ("info", "warning", "error")
