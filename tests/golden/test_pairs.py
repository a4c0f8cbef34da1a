"""Every pair's own stories come true over the wire; every pair of a demo has some, but for the main job,
whose bridge has tests of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.golden.pairs import by_file, labour, told
from tests.golden.parser import Story, parse
from tests.integration.pairs.story import BY_FILE, LABOUR, PAIRS

FOLDER = Path(__file__).with_name("pairs")
ENOUGH = 3
SIZE = 6
"""Customers of each company: the stories need a handful."""


def stories() -> Iterator[tuple[str, Story]]:
    for path in sorted(FOLDER.glob("*.story")):
        for story in parse(path.read_text("utf-8"), path.name, _playing(path.stem).SENTENCES):
            yield path.stem, story


def _playing(pair: str) -> ModuleType:
    """The sentences of a pair's kind, and who plays them."""
    return by_file if pair in BY_FILE else labour if pair in LABOUR else told


STORIES = list(stories())


@pytest.mark.parametrize(("pair", "story"), STORIES, ids=lambda of: of.title if isinstance(of, Story) else of)
async def test_the_story(pair: str, story: Story, tmp_path: Path) -> None:
    await _playing(pair).play(pair, story.sentences, tmp_path, SIZE)


@pytest.mark.parametrize("pair", [*PAIRS, *BY_FILE, *LABOUR])
def test_every_pair_has_stories(pair: str) -> None:
    assert sum(name == pair for name, _ in STORIES) >= ENOUGH
