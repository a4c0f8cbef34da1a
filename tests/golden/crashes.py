"""Every crash point of a story, enumerated, none sampled: where nothing durable has changed since the last
resume point, a crash is the same crash; so each state that one can leave behind is crashed into once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.golden.parser import Story, all_stories
from tests.golden.player import Player
from tests.golden.world import StoryWorld
from tests.sim.database import Memory


@dataclass(frozen=True, slots=True)
class Ending:
    """What a story comes to."""

    books: Mapping[str, list[str]]
    states: Mapping[tuple[str, str], int]
    """(entity, state of the pair) -> how many."""


@dataclass(frozen=True, slots=True)
class Points:
    """The resume points of one playing: all of them, and the first of each durable state."""

    total: int
    steps: Sequence[int]


class _Recorder:
    """Notes every step of a process, and what is durable before it."""

    def __init__(self, world: StoryWorld, after: int = 0) -> None:
        self._world = world
        self._after = after
        self._mark: object = None
        self.total = 0
        self.steps: list[int] = []

    def __call__(self, owner: int) -> None:
        if not owner or self._world.loop.steps <= self._after:
            return
        self.total += 1
        if self._world.mark != self._mark:
            self._mark = self._world.mark
            self.steps.append(self._world.loop.steps)

    @property
    def points(self) -> Points:
        return Points(self.total, self.steps)


def played(memory: Memory, story: Story, *crashes: int, record: bool = False) -> tuple[StoryWorld, Points]:
    """Play it, killing the process right before each of these steps; run until it is quiet."""
    world = StoryWorld(memory)
    player = Player(world, story, asserting=False)
    recorder = _Recorder(world, after=crashes[-1] if crashes else 0)
    if record:
        world.loop.before_step = recorder
    world.loop.at_step.update(dict.fromkeys(crashes, world.kill))

    async def whole() -> None:
        await player.play()
        world.loop.at_step.clear()
        await player.recover()

    world.loop.run_until_complete(whole())
    return world, recorder.points


def ending(world: StoryWorld) -> Ending:
    rows = world.memory.driver.execute(
        "select f.entity, p.state from pair p join flow f on f.id = p.flow_id where p.state <> 'gone'"
    )
    return Ending(world.books(), Counter(rows.fetchall()))


def expected(memory: Memory, story: Story) -> tuple[Ending, Points]:
    """Its ending without a crash, and its crash points."""
    world, points = played(memory, story, record=True)
    try:
        return ending(world), points
    finally:
        world.loop.bury()


def faults_of(memory: Memory, story: Story, wanted: Ending, *crashes: int) -> tuple[list[str], Points]:
    """What is wrong at the end of a playing with these crashes (nothing, it is hoped); and the points
    at which it could be crashed once more."""
    world, points = played(memory, story, *crashes, record=True)
    try:
        found = ending(world)
        wrong = [
            f"{name}: {found.books.get(name)} instead of {books}"
            for name, books in wanted.books.items()
            if found.books.get(name) != books
        ]
        if found.states != wanted.states:
            wrong.append(f"pairs: {dict(found.states)} instead of {dict(wanted.states)}")
        doubled = sum(platform.duplicates for platform in world.platforms.values())
        if doubled:
            wrong.append(f"{doubled} records stand twice")
        before = world.writes()
        world.loop.run_until_complete(Player(world, story).settle())
        if world.writes() != before:
            wrong.append(f"{world.writes() - before} writes though nothing happens any more")
        return [f"{story.title!r}, dead before steps {crashes}: {one}" for one in wrong], points
    finally:
        world.loop.bury()


def once(memory: Memory, story: Story) -> Iterator[list[str]]:
    """A crash into every durable state of the story."""
    wanted, points = expected(memory, story)
    for step in points.steps:
        yield faults_of(memory, story, wanted, step)[0]


def twice(memory: Memory, story: Story) -> Iterator[list[str]]:
    """And after each of them, a crash into every durable state of its recovery."""
    wanted, points = expected(memory, story)
    for first in points.steps:
        _, again = faults_of(memory, story, wanted, first)
        for second in again.steps:
            yield faults_of(memory, story, wanted, first, second)[0]


def report(asked: tuple[str, bool]) -> tuple[str, int, int, int, list[str]]:
    """(title, resume points, durable states, playings, faults) of one story."""
    title, again = asked
    memory = Memory()
    story = next(one for one in all_stories() if one.title == title)
    _, points = expected(memory, story)
    outcomes = list((twice if again else once)(memory, story))
    return title, points.total, len(points.steps), len(outcomes), [wrong for one in outcomes for wrong in one]
