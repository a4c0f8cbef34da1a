"""Plays a story sentence by sentence. What must be true raises ``AssertionError`` with its file and line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from syncd.connectors.memory import Call, Fault, FaultKind, Refused
from syncd.core.errors import NothingMatched
from syncd.core.model import PairState, Side
from syncd.core.outcome import ErrorClass
from tests.golden import agreed, records
from tests.golden.parser import BadStory, Sentence, Story
from tests.golden.world import LINK, SIDES, Died, StoryWorld

_CALLS = {"write": Call.WRITE, "listing": Call.PAGE, "reading": Call.FETCH, "look-up": Call.SEARCH}
_FAULTS: dict[str, Callable[[], Fault]] = {
    "is carried out, but its answer is lost": lambda: Fault(FaultKind.LOST_AFTER),
    "never arrives": lambda: Fault(FaultKind.LOST_BEFORE),
    "is carried out 20 seconds late": lambda: Fault(FaultKind.LATE, after_s=20.0),
    "is answered by a web page": lambda: Fault(FaultKind.UNREADABLE),
    "breaks off": lambda: Fault(FaultKind.TRUNCATED),
    "is told to come back later": lambda: Fault(FaultKind.RETRY_LATER),
    "is told to come back in 60 seconds": lambda: Fault(FaultKind.RETRY_LATER, after_s=60.0),
    "finds its login expired": lambda: Fault(FaultKind.LOGIN_EXPIRED),
    "leaves a record out and says so": lambda: Fault(FaultKind.INCOMPLETE),
    "is refused": lambda: Fault(FaultKind.REJECTED, words="The record is locked by another user."),
    "shifts by one": lambda: Fault(FaultKind.PAGE_SHIFT),
}
_COMMANDS = {"hold", "release", "retry", "skip", "send", "resolve"}
_UNITS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}


class Player:
    """One playing of one story."""

    def __init__(self, world: StoryWorld, story: Story, *, asserting: bool = True) -> None:
        """``asserting`` off: what happens is played and nothing said about it (crashes change its course)."""
        self.world = world
        self._story = story
        self._asserting = asserting
        self._started = False

    async def play(self) -> None:
        """From the first sentence to the last."""
        for sentence in self._story.sentences:
            if sentence.text.startswith("then ") and not self._asserting:
                continue
            try:
                await self._do(sentence)
            except Died:
                await self.recover()
                await self._once_more(sentence)
            except AssertionError as wrong:
                raise AssertionError(f"{sentence.place}: {sentence.text}: {wrong}") from None
            except BadStory:
                raise
            except Exception as error:
                error.add_note(f"{sentence.place}: {sentence.text}")
                raise
        self._start()

    async def _once_more(self, sentence: Sentence) -> None:
        """A command that died with the process is given again, unless it was carried out already."""
        if sentence.kind in _COMMANDS:
            with suppress(AssertionError, NothingMatched):
                await self._do(sentence)

    async def recover(self) -> None:
        """The process starts again, at once with everything in doubt, and runs until that is settled."""
        while True:
            self.world.start()
            try:
                await self._cycle()
                await self.settle()
            except Died:
                continue
            return

    async def settle(self) -> None:
        """Two cycles, each after the longest that anything takes to settle."""
        for _ in range(3):
            await asyncio.sleep(61.0)
            await self._cycle()

    async def _cycle(self) -> None:
        await self.world.act(self.world.engine.drain(scheduled=True))

    async def _do(self, sentence: Sentence) -> None:
        method = getattr(self, f"_{sentence.kind}")
        if sentence.kind not in ("flow", "product", "crosswalk"):
            self._start()
        found = method(sentence, **sentence.words)
        if found is not None:
            await found

    def _start(self) -> None:
        if not self._started:
            self._started = True
            self.world.start()

    # -- what is agreed

    def _flow(self, at: Sentence, kind: str, mode: str, options: str = "") -> None:
        self.world.policies[kind] = agreed.policy(kind, mode, agreed.phrases(options), at.place)

    def _product(self, at: Sentence, side: str, trait: str) -> None:
        if trait == "never says how long anything takes":
            self.world.settle_s = None
            return
        which = SIDES[side]
        self.world.behaviours[which] = agreed.behaviour(self.world.behaviours[which], trait, at.place)

    def _crosswalk(self, at: Sentence, table: str, rows: str) -> None:
        self.world.tables[table] = agreed.crosswalk(rows, at.place)

    def _policy(self, at: Sentence, kind: str, options: str) -> None:
        old = self.world.policies[kind]
        self.world.policies[kind] = agreed.changed(old, agreed.phrases(f"; {options}"), at.place)
        self.world.start()

    # -- people

    def _has(self, at: Sentence, side: str, kind: str, name: str, values: str = "") -> None:
        records.add(self.world, SIDES[side], kind, name, values, at.place)

    def _changes(self, at: Sentence, side: str, kind: str, name: str, values: str) -> None:
        records.change(self.world, SIDES[side], kind, name, values, at.place)

    def _deletes(self, _at: Sentence, side: str, kind: str, name: str) -> None:
        self.world.platforms[SIDES[side]].remove(kind, self._key(side, kind, name))

    def _restores(self, _at: Sentence, side: str, kind: str, name: str) -> None:
        self.world.platforms[SIDES[side]].restore(kind, self._key(side, kind, name))

    def _merges(self, _at: Sentence, side: str, kind: str, name: str, into: str) -> None:
        platform = self.world.platforms[SIDES[side]]
        platform.merge(kind, self._key(side, kind, name), self._key(side, kind, into))

    def _breaks(self, _at: Sentence, side: str, kind: str, name: str, path: str, values: str) -> None:
        key = self._key(side, kind, name)
        self.world.platforms[SIDES[side]].edit(kind, key, records.nested(path, values.strip('"')))

    def _key(self, side: str, kind: str, name: str) -> str:
        return records.key_of(self.world, SIDES[side], kind, name)

    # -- accidents

    def _fault(self, at: Sentence, call: str, side: str, fault: str, times: str = "1") -> None:
        if fault not in _FAULTS:
            raise BadStory(f"{at.place}: no such accident: {fault!r}; known: {', '.join(_FAULTS)}")
        self.world.faults[SIDES[side]].order(_CALLS[call], _FAULTS[fault](), times=int(times))

    def _refuses(self, _at: Sentence, side: str, kind: str, words: str) -> None:
        self.world.platforms[SIDES[side]].refuse = lambda entity, _operation, _wire: (
            Refused(ErrorClass.VALIDATION, words) if entity == kind else None
        )

    def _accepts(self, _at: Sentence, side: str) -> None:
        self.world.platforms[SIDES[side]].refuse = lambda _entity, _operation, _wire: None

    def _sessions(self, _at: Sentence, side: str) -> None:
        self.world.platforms[SIDES[side]].expire_sessions()

    def _dies(self, _at: Sentence) -> None:
        self.world.kill()
        self.world.start()

    # -- the course of time, and operators

    async def _wait(self, _at: Sentence, count: str, unit: str) -> None:
        await asyncio.sleep(int(count) * _UNITS[unit])

    async def _sync(self, _at: Sentence, times: str = "1") -> None:
        for n in range(int(times)):
            await asyncio.sleep(61.0 if n else 1.0)
            await self._cycle()

    async def _sweep(self, _at: Sentence) -> None:
        await asyncio.sleep(3_700.0)
        await self.world.act(self.world.engine.sweep())
        await self._cycle()

    async def _hint(self, _at: Sentence, side: str, kind: str, name: str) -> None:
        world = self.world
        key = self._key(side, kind, name)
        await world.act(world.store.add_hints(side, [(kind, key)], f"story-{world.loop.steps}"))
        await world.act(world.engine.drain(scheduled=False))

    async def _hold(self, _at: Sentence, scope: str) -> None:
        await self.world.act(self.world.operator.hold(scope, "the story holds it", "bookkeeper"))

    async def _release(self, _at: Sentence) -> None:
        holds = await self.world.act(self.world.store.holds())
        await self.world.act(self.world.operator.release([hold.id for hold in holds], "bookkeeper"))

    async def _retry(self, _at: Sentence) -> None:
        refused = await self.world.act(self.world.operator.quarantine())
        await self.world.act(self.world.operator.quarantine_retry([one.id for one in refused], "bookkeeper"))

    async def _skip(self, _at: Sentence) -> None:
        refused = await self.world.act(self.world.operator.quarantine())
        ids = [one.id for one in refused]
        await self.world.act(self.world.operator.quarantine_skip(ids, "not ours", "bookkeeper"))

    async def _send(self, _at: Sentence, kind: str, name: str) -> None:
        await self.world.act(self.world.operator.send(LINK, kind, name, "bookkeeper"))

    async def _resolve(self, _at: Sentence, kind: str, name: str, take: str) -> None:
        sides = {"field": "left", "ledger": "right", "base": "base"}
        await self.world.act(records.resolve(self.world, kind, name, sides[take]))

    # -- what must be true

    def _count(self, _at: Sentence, side: str, count: str, kind: str) -> None:
        living = self.world.platforms[SIDES[side]].records(kind)
        wanted = 0 if count == "no" else int(count)
        assert len(living) == wanted, f"there are {len(living)}"

    def _shows(self, at: Sentence, side: str, kind: str, name: str, values: str) -> None:
        wrong = records.differences(self.world, SIDES[side], kind, name, values, at.place)
        assert not wrong, "; ".join(wrong)

    async def _state(self, _at: Sentence, kind: str, name: str, state: str, words: str = "") -> None:
        life = await self.world.act(records.life_of(self.world, kind, name))
        found = life.row.state
        assert found is PairState(state.replace(" ", "_")), f"it is {found.value}: {life.reason}"
        assert words.lower() in life.reason.lower(), f"because: {life.reason}"

    async def _conflict(self, _at: Sentence, kind: str, name: str, fields: str) -> None:
        found = await self.world.act(records.contested(self.world, kind, name))
        wanted = sorted(fields.replace(" ", "").split(","))
        assert found == wanted, f"it is in conflict on {found or 'nothing'}"

    def _agree(self, _at: Sentence, kind: str, name: str) -> None:
        wrong = records.disagreements(self.world, kind, name)
        assert not wrong, "; ".join(wrong)

    async def _quiet(self, _at: Sentence) -> None:
        await self.settle()
        before = self.world.writes()
        await asyncio.sleep(86_400.0)
        await self._cycle()
        written = self.world.writes() - before
        assert not written, f"{written} writes"

    def _writes(self, _at: Sentence, side: str, count: str) -> None:
        written = self.world.writes(SIDES[side])
        assert written == int(count), f"it was written {written} times"

    async def _stopped(self, _at: Sentence, kind: str, words: str = "") -> None:
        holds = await self.world.act(self.world.store.holds([f"flow:{LINK}/{kind}"]))
        assert holds, "it is not"
        assert any(words.lower() in hold.reason.lower() for hold in holds), [hold.reason for hold in holds]

    async def _running(self, _at: Sentence, kind: str) -> None:
        holds = await self.world.act(self.world.store.holds([f"flow:{LINK}/{kind}"]))
        assert not holds, [hold.reason for hold in holds]

    async def _plan(self, _at: Sentence, count: str, verb: str) -> None:
        view = await self.world.act(self.world.operator.plan(LINK))
        found = sum(1 for item in view.items if item.verb == verb)
        assert found == int(count), f"it shows {[(item.verb, item.label) for item in view.items]}"


def play(world: StoryWorld, story: Story) -> None:
    """Play it once, start to end, with everything it says checked."""
    player = Player(world, story)
    try:
        world.loop.run_until_complete(player.play())
    finally:
        world.loop.bury()


__all__ = ["Player", "Side", "play"]
