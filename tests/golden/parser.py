"""Reads stories. Strict: a line that is none of the known sentences is an error with its file and line.

A file holds stories; each begins with ``Story: its title``. Lines after ``#`` are for the reader.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

STORIES = Path(__file__).with_name("stories")
_SIDE = r"(?P<side>field|ledger)"
_KIND = r"(?P<kind>customer|location|job|invoice|payment|employee|time entry|time entrie)"
"""As people write it; more than one ends in s."""
_NAME = r'(?P<name>"[^"]+"|[^\s:",]+)'
_STATE = "in step|waiting|quarantined|held|out of scope|gone|in flight"
_REST = r"(?P<values>.+)"

SENTENCES: dict[str, str] = {
    # -- what is agreed
    "flow": rf"flow {_KIND} (?P<mode>both|to ledger|to field|observe)(?P<options>(; [^;]+)*)",
    "product": rf"{_SIDE} is a product that (?P<trait>.+)",
    "crosswalk": r"crosswalk (?P<table>\w+): (?P<rows>.+)",
    "policy": rf"the rules of {_KIND} change: (?P<options>.+)",
    # -- people
    "has": rf"{_SIDE} has {_KIND} {_NAME}(: {_REST})?",
    "changes": rf"{_SIDE} changes {_KIND} {_NAME}: {_REST}",
    "deletes": rf"{_SIDE} deletes {_KIND} {_NAME}",
    "restores": rf"{_SIDE} restores {_KIND} {_NAME}",
    "merges": rf'{_SIDE} merges {_KIND} {_NAME} into (?P<into>"[^"]+"|\S+)',
    "breaks": rf"{_SIDE} breaks {_KIND} {_NAME}: (?P<path>\S+) {_REST}",
    # -- accidents
    "fault": rf"the next (?P<times>\d+ )?(?P<call>write|listing|reading|look-up)s? of {_SIDE} (?P<fault>.+)",
    "refuses": rf'{_SIDE} refuses every {_KIND}: (?P<words>"[^"]+")',
    "accepts": rf"{_SIDE} accepts everything again",
    "sessions": rf"{_SIDE} ends all logins",
    "dies": r"the process dies and starts again",
    # -- the course of time, and operators
    "wait": r"(?P<count>\d+) (?P<unit>second|minute|hour)s? pass",
    "sync": r"sync( (?P<times>\d+) times)?",
    "sweep": r"a full sweep",
    "hint": rf"{_SIDE} announces {_KIND} {_NAME}",
    "hold": r"hold (?P<scope>\S+)",
    "release": r"release everything",
    "retry": r"retry what was refused",
    "skip": r"leave alone what was refused",
    "send": rf"send {_KIND} {_NAME}",
    "resolve": rf"in the conflict of {_KIND} {_NAME} take (?P<take>field|ledger|base)",
    # -- what must be true
    "count": rf"then {_SIDE} has (?P<count>\d+|no) {_KIND}s?",
    "shows": rf"then {_SIDE} shows {_KIND} {_NAME}: {_REST}",
    "state": rf"then {_KIND} {_NAME} is (?P<state>{_STATE})" r'(, because (?P<words>"[^"]+"))?',
    "conflict": rf"then {_KIND} {_NAME} is in conflict on (?P<fields>[\w, ]+)",
    "agree": rf"then both sides agree on {_KIND} {_NAME}",
    "quiet": r"then nothing more is written",
    "writes": rf"then {_SIDE} was written (?P<count>\d+) times?",
    "stopped": rf"then the flow of {_KIND}s? is stopped(, because (?P<words>\"[^\"]+\"))?",
    "running": rf"then the flow of {_KIND}s? is running",
    "plan": r"then a plan shows (?P<count>\d+) (?P<verb>create|update|delete|conflict|quarantine|wait)s?",
}


class BadStory(Exception):
    """``file:line: what is wrong``"""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line: which sentence it is and what stands in its places."""

    kind: str
    words: dict[str, str]
    file: str
    line: int
    text: str

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Story:
    title: str
    file: str
    line: int
    sentences: tuple[Sentence, ...]
    every_step: bool = False
    """Also played with a crash at every resume point."""


@dataclass(slots=True)
class _Draft:
    title: str
    line: int
    sentences: list[Sentence] = field(default_factory=list)
    every_step: bool = False


def parse(text: str, file: str, sentences: Mapping[str, str] = SENTENCES) -> list[Story]:
    """The stories of one file, told in these sentences (name -> pattern). Raises ``BadStory``."""
    drafts: list[_Draft] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.partition("#")[0].strip()
        if not line:
            continue
        if line.startswith("Story:"):
            title = line.removeprefix("Story:").strip()
            if not title:
                raise BadStory(f"{file}:{number}: a story needs a title")
            drafts.append(_Draft(title, number))
        elif not drafts:
            raise BadStory(f"{file}:{number}: stands before the first 'Story:'")
        elif line == "It survives a crash at every step.":
            drafts[-1].every_step = True
        else:
            drafts[-1].sentences.append(_sentence(line, file, number, sentences))
    return [_finished(draft, file) for draft in drafts]


def _sentence(line: str, file: str, number: int, sentences: Mapping[str, str]) -> Sentence:
    for kind, pattern in sentences.items():
        found = re.fullmatch(pattern, line)
        if found:
            given = {name: value for name, value in found.groupdict().items() if value is not None}
            words = {name: v if name in ("values", "options") else v.strip('"') for name, v in given.items()}
            if "kind" in words:
                words["kind"] = words["kind"].replace("entrie", "entry").replace(" ", "_")
            return Sentence(kind, words, file, number, line)
    raise BadStory(f"{file}:{number}: no such sentence: {line!r}")


def _finished(draft: _Draft, file: str) -> Story:
    if not any(one.text.startswith("then ") for one in draft.sentences):
        raise BadStory(f"{file}:{draft.line}: {draft.title!r} says nothing that must be true")
    return Story(draft.title, file, draft.line, tuple(draft.sentences), draft.every_step)


def pairs(values: str, place: str) -> Iterator[tuple[str, str]]:
    """``name "Orchard Foods", total 418.25`` -> (name, Orchard Foods), (total, 418.25)."""
    found = list(re.finditer(r'(?P<name>\w+) (?P<value>"[^"]*"|[^,"]+)(?:, |$)', values))
    if sum(len(one.group(0)) for one in found) != len(values):
        raise BadStory(f"{place}: not 'name value, name value': {values!r}")
    for one in found:
        yield one["name"], one["value"].strip().strip('"')


def all_stories() -> list[Story]:
    """Every story of the folder. Raises ``BadStory``, also for two of one title."""
    stories = [
        story
        for path in sorted(STORIES.glob("*.story"))
        for story in parse(path.read_text("utf-8"), path.name)
    ]
    seen: dict[str, Story] = {}
    for story in stories:
        if story.title in seen:
            raise BadStory(
                f"{story.file}:{story.line}: {story.title!r} is told in {seen[story.title].file}, too"
            )
        seen[story.title] = story
    return stories
