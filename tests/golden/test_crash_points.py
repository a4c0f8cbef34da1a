"""The process may die at any step of a story: its books end as if it had not."""

from __future__ import annotations

import pytest

from tests.golden.crashes import expected, faults_of, once
from tests.golden.parser import Story, all_stories
from tests.sim.database import Memory

SURVIVORS = [story for story in all_stories() if story.every_step]


@pytest.fixture(scope="module")
def memory() -> Memory:
    return Memory()


@pytest.mark.parametrize("at", range(0, len(SURVIVORS), 6))
def test_some_crash_points_of_some_stories(at: int, memory: Memory) -> None:
    story = SURVIVORS[at]
    wanted, points = expected(memory, story)
    for step in points.steps[3::11]:
        assert faults_of(memory, story, wanted, step)[0] == []


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("story", SURVIVORS, ids=lambda story: story.title)
def test_every_crash_point(story: Story, memory: Memory) -> None:
    assert [wrong for faults in once(memory, story) for wrong in faults] == []
