"""The dashboard: its screens by number, the way to the daemon, the clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from inspect import getdoc
from typing import ClassVar

from textual import work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from syncd.api import endpoints, requests
from syncd.api.client import LiveEvent
from syncd.api.endpoint import A, Endpoint
from syncd.api.fleet import JobState, JobView
from syncd.api.models import HoldView, SyncReport
from syncd.api.scopes import Scope
from syncd.core.errors import SyncdError
from tui.daemon import Daemon
from tui.screens.asking import Ask, Question
from tui.screens.base import Board
from tui.screens.conflicts import Conflicts
from tui.screens.held import HeldWrites
from tui.screens.help import Help
from tui.screens.link import Link
from tui.screens.listing import Listing
from tui.screens.matching import Matches
from tui.screens.numbered import NAMED, NUMBERED
from tui.screens.quarantine import Reasons
from tui.screens.record import Record
from tui.text import harmless
from tui.views import jobs
from tui.views.keys import Key
from tui.views.link import said
from tui.views.standing import Standing
from tui.words import many

_EVERY_S = 5.0
"""How often what is shown is read anew where nothing announces a change."""
_SETTLE_S = 0.3
"""Changes that come together are read together."""


class Dashboard(App[None]):
    """Reads through ``daemon`` and paints; owns no state that matters to anybody."""

    TITLE = "syncd"
    CSS_PATH = "dashboard.tcss"
    MODES: ClassVar[dict[str, type[Screen[None]]]] = {  # type: ignore[assignment]
        screen.MODE: screen for screen in (*NUMBERED, *NAMED)
    }
    DEFAULT_MODE = "fleet"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(at), f"go('{screen.MODE}')", screen.TAB, id=f"go.{screen.MODE}", show=False)
            for at, screen in enumerate(NUMBERED, 1)
        ),
        Binding("colon", "jump", "Jump", id="app.jump", show=False),
        Binding("escape", "back", "Back", id="app.back", show=False),
        Binding("ctrl+r,f5", "refresh", "Refresh", id="app.refresh", show=False),
        Binding("U", "take_back", "Take back", id="app.take_back", show=False),
        Binding("P", "freeze", "Freeze", id="app.freeze", show=False),
        Binding("T", "absolute", "Clock or age", id="app.absolute", show=False),
        Binding("question_mark,f1", "help", "Help", id="app.help"),
        Binding("q", "quit", "Quit", id="app.quit"),
    ]

    def __init__(
        self,
        daemon: Daemon,
        scopes: frozenset[Scope],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``scopes``: what the token allows; ``now``: aware UTC."""
        super().__init__()
        self.daemon = daemon
        self.scopes = scopes
        self.now = now
        self.standing = Standing()
        self.frozen = False
        self.absolute = False
        self._changed = False
        self.planned: JobView | None = None
        """What was last asked for here and is carried out in a moment."""
        self.tabs = {screen.MODE: screen.TAB for screen in NUMBERED}

    def on_mount(self) -> None:
        self.set_interval(1.0, self._tick)
        self.set_interval(_EVERY_S, self._read_again)
        self.follow()

    # -- the way to the daemon ----------------------------------------------------------------------

    def reached(self) -> None:
        self.standing = self.standing.reached(self.now())
        self._tick()

    def lost(self, words: str) -> None:
        self.standing = self.standing.lost(words, self.now())
        self._tick()

    @work(group="events", exclusive=True)
    async def follow(self) -> None:
        """Listen to what changes; without that, what is shown is read every few seconds all the same."""
        last: str | None = None
        while True:
            try:
                async for event in self.daemon.events(last_event_id=last):
                    last = event.id or last
                    self._heard(event)
                    if not self._changed:
                        self._changed = True
                        self.set_timer(_SETTLE_S, self._read_changed)
            except SyncdError as error:
                self.lost(error.message)
            await asyncio.sleep(self._until_next_try())

    def _heard(self, event: LiveEvent) -> None:
        """What came of the thing that was last asked for here."""
        if event.kind != "job" or self.planned is None:
            return
        job = JobView.model_validate_json(event.data)
        if job.id != self.planned.id:
            return
        self.planned = job
        if job.state in (JobState.DONE, JobState.FAILED):
            short = job.state is JobState.FAILED or job.done < job.total
            said = harmless(jobs.ended(job))
            self.notify(said, severity="warning" if short else "information", markup=False)
        self._tick()

    def _until_next_try(self) -> float:
        at = self.standing.next_try_at
        return 1.0 if at is None else min(max((at - self.now()).total_seconds(), 0.2), 30.0)

    def _read_changed(self) -> None:
        self._changed = False
        self._read_again()

    def _read_again(self) -> None:
        waits = self.standing.next_try_at
        if self.frozen or (waits is not None and waits > self.now()):
            return
        if isinstance(self.screen, Board):
            self.screen.reload()

    def _tick(self) -> None:
        if isinstance(self.screen, Board):
            self.screen.tick()

    # -- from screen to screen ----------------------------------------------------------------------

    def open_link(self, link: str) -> None:
        self.push_screen(Link(link))

    def open_record(self, entity: str, ident: str, link: str | None) -> None:
        self.push_screen(Record(entity, ident, link))

    def open_conflicts(self, link: str) -> None:
        self.push_screen(Conflicts(link))

    def open_refused(self, link: str) -> None:
        self.push_screen(Reasons(link))

    def open_matches(self, link: str) -> None:
        self.push_screen(Matches(link))

    def open_held(self, link: str) -> None:
        self.push_screen(HeldWrites(link))

    # -- what several screens do --------------------------------------------------------------------

    def question(self, asked: Question, do: Callable[[str], object]) -> None:
        """Ask, and ``do`` with what was typed unless the answer is Cancel."""

        def answered(text: str | None) -> None:
            if text is not None:
                do(text)

        self.push_screen(Ask(asked), answered)

    def hold(self, scope: str) -> None:
        """Let no write pass there, with a reason."""
        board = self.screen
        question = Question(
            f"Hold {scope}?",
            "No write passes until it is released; what is on the wire is finished.",
            reason="why, for the audit and the next on call",
            yes="Hold",
        )

        def place(reason: str) -> None:
            if isinstance(board, Board):
                board.act(endpoints.HOLD, requests.Hold(scope=scope, reason=reason), f"{scope} is held.")

        self.question(question, place)

    def release(self, holds: Sequence[HoldView]) -> None:
        """Let writes pass again; what waited is planned anew."""
        board = self.screen
        if not holds or not isinstance(board, Board):
            self.notify("Nothing is held here")
            return
        listed = "; ".join(f"{one.scope} ({one.reason})" for one in holds[:5])
        question = Question(f"Release {many(len(holds), 'hold')}?", listed, yes="Release")
        asked = requests.Release(ids=[one.id for one in holds])
        self.question(question, lambda _: board.act(endpoints.RELEASE, asked, "{message}"))

    def take_back(self, ident: int) -> None:
        """A job that has not begun never will; of one that has, no more is done."""
        self.plan(endpoints.JOB_CANCEL, requests.JobCancel(id=ident))

    @work(group="act")
    async def plan(self, endpoint: Endpoint[A, JobView], asked: A) -> None:
        """Have the daemon do something in a moment; until then ``U`` takes it back, from any screen."""
        try:
            self.planned = await self.daemon.call(endpoint, asked)
        except SyncdError as error:
            self.refused(error)
            return
        if self.planned.state is JobState.CANCELLED:
            self.notify(f"Taken back: {jobs.what(self.planned)}")
        self._tick()
        self._read_again()

    @work(group="run")
    async def run_now(self, link: str) -> None:
        """Run a link once and say what came of it."""
        self.notify(f"{harmless(link)} is running …", markup=False)
        did: list[str] = []
        try:
            async for step in self.daemon.sync(link):
                if isinstance(step, SyncReport):
                    trips = "; ".join(trip.message for trip in step.trips)
                    did.append(
                        f"{step.link} ran {step.seconds:.1f}s: {trips or said(step.flows) or 'all in step'}"
                    )
        except SyncdError as error:
            self.refused(error)
            return
        self.notify(harmless(" ".join(did)), markup=False)
        self._read_again()

    def refused(self, error: SyncdError) -> None:
        """Say why something was not done, and what to do."""
        self.notify(harmless(f"{error.message} {error.remedy}"), severity="error", markup=False)

    def copy_words(self, text: str) -> None:
        """To the terminal's clipboard (also over ssh)."""
        self.copy_to_clipboard(text)
        self.notify("Copied", timeout=2)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette: every screen and what works on all of them, beside Textual's own."""
        yield from super().get_system_commands(screen)
        for one in (*NUMBERED, *NAMED):
            says = (getdoc(one) or "").partition("\n")[0]
            yield SystemCommand(f"Go to {one.TAB}", says, partial(self.action_go, one.MODE))
        yield SystemCommand("Jump", "To a link, a screen, or a record by its number", self.action_jump)
        yield SystemCommand("Take back", "What was just asked for, while it can be", self.action_take_back)
        yield SystemCommand("Freeze", "Hold the view still, or let it run again", self.action_freeze)
        yield SystemCommand(
            "Clock or age", "Times as the clock shows them, or how long ago", self.action_absolute
        )

    # -- keys ---------------------------------------------------------------------------------------

    async def action_go(self, mode: str) -> None:
        """To a screen by its number: to its begin, however far down it was left."""
        if mode != self.current_mode:
            await self.switch_mode(mode)
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def action_take_back(self) -> None:
        if self.planned is None or self.planned.state is not JobState.PLANNED:
            self.notify("Nothing that was asked for here can be taken back any more")
        elif Scope.UNDO not in self.scopes:
            self.notify("Your token does not allow it", severity="warning")
        else:
            self.take_back(self.planned.id)

    async def action_back(self) -> None:
        """First the filter, then the screen below; never out of the program."""
        if isinstance(self.screen, Listing) and self.screen.clear_filter():
            return
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def action_jump(self) -> None:
        """``invoice S-10442`` opens a record, ``fleet`` a screen, anything else a link of that name."""

        def jump(text: str) -> None:
            first, _, rest = text.partition(" ")
            if rest:
                self.open_record(first, rest.strip(), None)
            elif first in self.MODES:
                self.call_later(self.action_go, first)
            else:
                self.open_link(first)

        says = f"a screen ({', '.join(self.MODES)}), a link, or ENTITY NUMBER"
        self.question(Question("Go to", reason=says, yes="Go"), jump)

    def action_help(self) -> None:
        board = self.screen
        keys = [
            Key(
                ", ".join(self.get_key_display(one) for one in [active.binding]),
                active.binding.description,
                (active.binding.id or "").partition(".")[0],
                board.lacks(active.binding.action) if isinstance(board, Board) else "",
            )
            for active in board.active_bindings.values()
            if active.binding.id
        ]
        self.push_screen(Help(keys, getdoc(board) or ""))

    def action_refresh(self) -> None:
        self.standing = Standing(self.standing.reached_at)
        self._read_again()

    def action_freeze(self) -> None:
        self.frozen = not self.frozen
        self.notify("The view is frozen; P lets it run again" if self.frozen else "The view runs again")

    def action_absolute(self) -> None:
        self.absolute = not self.absolute
        self._read_again()
