"""A span a run where somebody collects them: its ids, and nothing that a platform said."""

from __future__ import annotations

from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from syncd.app.storyline import Storyline
from syncd.app.tracing import tracer
from syncd.engine.cycle import CycleOutcome
from syncd.store import migrate
from syncd.store.database import InlineDatabase, sqlite_engine


async def test_a_run_is_a_span_with_the_ids_of_the_log(tmp_path: Path) -> None:
    engine = sqlite_engine(f"sqlite:///{tmp_path / 'state.db'}")
    migrate.upgrade(engine)
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    storyline = Storyline(InlineDatabase(engine), provider.get_tracer("test"))
    storyline.announced("field", [("invoice", "17")], "0123456789abcdef")
    async with storyline.run("acme", "wake", ("field", "books")) as told:
        told.outcome = CycleOutcome("acme", {})
    with pytest.raises(ValueError, match="Nachtigall"):
        async with storyline.run("acme", "schedule", ("field", "books")):
            raise ValueError("Nachtigall owes 418.25")
    engine.dispose()
    good, bad = kept.get_finished_spans()
    assert good.attributes is not None
    assert bad.attributes is not None
    assert (good.name, good.attributes["syncd.link"]) == ("run", "acme")
    assert good.attributes["syncd.deliveries"] == ("0123456789ab",)
    assert bad.attributes["syncd.error"] == "ValueError"
    assert bad.events == ()
    assert "Nachtigall" not in bad.to_json()


def test_nothing_is_sent_unless_it_is_asked_for() -> None:
    assert tracer({}) is None
