"""Every pair's own stories come true over the wire; every pair of a demo that needs no bridge has some."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden.pairs import by_file, told
from tests.golden.parser import Story, parse
from tests.integration.pairs.story import BY_FILE, PAIRS

FOLDER = Path(__file__).with_name("pairs")
ENOUGH = 3
SIZE = 6
"""Customers of each company: the stories need a handful."""


def stories() -> Iterator[tuple[str, Story]]:
    for path in sorted(FOLDER.glob("*.story")):
        sentences = by_file.SENTENCES if path.stem in BY_FILE else told.SENTENCES
        for story in parse(path.read_text("utf-8"), path.name, sentences):
            yield path.stem, story


STORIES = list(stories())


@pytest.mark.parametrize(("pair", "story"), STORIES, ids=lambda of: of.title if isinstance(of, Story) else of)
async def test_the_story(pair: str, story: Story, tmp_path: Path) -> None:
    play = by_file.play if pair in BY_FILE else told.play
    await play(pair, story.sentences, tmp_path, SIZE)


@pytest.mark.parametrize("pair", [*PAIRS, *BY_FILE])
def test_every_pair_has_stories(pair: str) -> None:
    assert sum(name == pair for name, _ in STORIES) >= ENOUGH
