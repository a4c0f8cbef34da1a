"""Each planted bug can still be planted, and one of them is hunted down as an example."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.mutants.__main__ import hunted
from tests.mutants.mutations import MUTATIONS, Mutation
from tests.mutants.plant import changed
from tests.mutants.worlds import WORLDS


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_its_text_still_stands_in_its_module(mutation: Mutation) -> None:
    spec = find_spec(mutation.module)
    assert spec is not None
    assert spec.origin is not None
    compile(changed(Path(spec.origin).read_text(encoding="utf-8"), mutation), spec.origin, "exec")


def test_there_are_enough_and_each_has_its_name() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 30
    assert {mutation.world for mutation in MUTATIONS} == WORLDS.keys()


def test_a_planted_bug_is_found() -> None:
    found = hunted("holds are not looked at", 20)
    assert found["by"] == "simulation"
    assert "hold" in found["words"]
