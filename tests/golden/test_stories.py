"""Every story comes true; and a story that is badly told is refused with its file and line."""

from __future__ import annotations

import pytest

from tests.golden.parser import BadStory, Story, all_stories, parse
from tests.golden.player import play
from tests.golden.world import StoryWorld
from tests.sim.database import Memory

STORIES = all_stories()


@pytest.fixture(scope="module")
def memory() -> Memory:
    return Memory()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.title)
def test_the_story(story: Story, memory: Memory) -> None:
    play(StoryWorld(memory), story)


def test_there_are_enough_of_them() -> None:
    assert len(STORIES) >= 40
    assert sum(story.every_step for story in STORIES) >= 20


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sync", "a.story:1: stands before the first 'Story:'"),
        ("Story:", "a.story:1: a story needs a title"),
        ("Story: x\nfield has a customer", "a.story:2: no such sentence: 'field has a customer'"),
        ("Story: x\n\nsync", "a.story:1: 'x' says nothing that must be true"),
    ],
)
def test_a_bad_story_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(BadStory) as refused:
        parse(text, "a.story")
    assert str(refused.value) == says


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("flow customer both; name by magic", "a.story:2: no such rule or field: 'name' by 'magic'"),
        (
            "flow customer both\nfield has customer X: colour red",
            "a.story:3: a customer has no 'colour' on that side",
        ),
        (
            "flow customer both\nfield has customer X: phone",
            "a.story:3: not 'name value, name value': 'phone'",
        ),
        ("ledger is a product that sings", "a.story:2: no such product: 'sings'"),
        ("the next write of field explodes", "a.story:2: no such accident: 'explodes'"),
    ],
)
def test_what_a_story_cannot_mean_is_told_when_it_is_played(lines: str, says: str, memory: Memory) -> None:
    (story,) = parse(f"Story: x\n{lines}\nthen nothing more is written", "a.story")
    with pytest.raises(BadStory) as refused:
        play(StoryWorld(memory), story)
    assert str(refused.value).startswith(says)


def test_a_story_that_does_not_come_true_says_where_and_what(memory: Memory) -> None:
    (story,) = parse("Story: x\nflow customer both\nsync\nthen field has 2 customers", "a.story")
    with pytest.raises(AssertionError, match=r"a\.story:4: then field has 2 customers: there are 0"):
        play(StoryWorld(memory), story)
