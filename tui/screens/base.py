"""What every screen has: the bar with the age of what is shown, loading off the paint, keys by right."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, ClassVar, cast

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.events import Key, Resize
from textual.screen import Screen
from textual.widgets import Static

from syncd.api import endpoints
from syncd.api.endpoint import A, Endpoint, T
from syncd.api.requests import Later
from syncd.api.scopes import Scope, carrying
from syncd.core.errors import DaemonUnreachable, SyncdError
from tui.text import harmless
from tui.views import jobs
from tui.views.standing import banner
from tui.views.tabs import tabs
from tui.widgets.keyline import KeyLine

if TYPE_CHECKING:
    from tui.app import Dashboard


class Board(Screen[None]):
    """Base of all screens. A subclass composes ``body`` and paints in ``load``."""

    MODE: ClassVar[str] = ""
    """What it is called to go to; empty: it has no number of its own."""
    TAB: ClassVar[str] = ""
    """Its name in the line over all screens."""
    NEEDS: ClassVar[Mapping[str, Scope]] = {}
    """Action -> the scope it asks for; without it the key is shown, greyed."""

    @property
    def dashboard(self) -> Dashboard:
        return cast("Dashboard", self.app)

    def compose(self) -> ComposeResult:
        yield Static("", id="banner")
        yield Static("", id="pending")
        yield Static("", id="tabs")
        yield Static("", id="headline")
        with Vertical(id="body"):
            yield from self.body()
        yield KeyLine()

    def body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    async def load(self) -> None:
        """Ask, and paint. Raises ``SyncdError``; never called twice at once."""

    def headline(self, text: object) -> None:
        """The line over the body: what this is, and how much of it there is."""
        self.query_one("#headline", Static).update(text)  # type: ignore[arg-type]

    def on_screen_resume(self) -> None:
        self.reload()

    @work(exclusive=True, group="load")
    async def reload(self) -> None:
        """Read anew what this screen shows; what was shown stays until the answer is there."""
        try:
            await self.load()
        except DaemonUnreachable as lost:
            self.dashboard.lost(lost.message)
        except SyncdError as error:
            self.dashboard.reached()
            self.headline(harmless(f"{error.message}  {error.remedy}"))
        else:
            self.dashboard.reached()

    def tick(self) -> None:
        """Once a second: the age of what is shown, and what can still be taken back."""
        now = self.dashboard.now()
        self._line("#banner", banner(self.dashboard.standing, now))
        self._line("#pending", jobs.pending(self.dashboard.planned, now))

    def _line(self, which: str, said: str) -> None:
        for line in self.query(which).results(Static):  # none while the screen is still being laid out
            if line.content != said:  # else the whole screen would be laid out anew each second
                line.update(said)
                line.display = bool(said)

    def on_resize(self, event: Resize) -> None:
        shown = tabs(self.dashboard.tabs, self.dashboard.current_mode, event.size.width)
        self.query_one("#tabs", Static).update(shown)

    async def answered(self, asking: Awaitable[T]) -> T | None:
        """What came of it; None where it was refused or nobody answered, which the person is told."""
        try:
            return await asking
        except SyncdError as error:
            self.dashboard.refused(error)
            return None

    async def ask(self, endpoint: Endpoint[A, T], asked: A) -> T:
        return await self.dashboard.daemon.call(endpoint, asked)

    @work(group="act")
    async def act(self, endpoint: Endpoint[A, T], asked: A, said: str) -> None:
        """Do something and say what it did. ``said`` may hold ``{message}`` of the answer."""
        answer = await self.answered(self.ask(endpoint, asked))
        if answer is None:
            return
        message = harmless(str(getattr(answer, "message", "")))
        self.notify(said.replace("{message}", message), markup=False)
        self.reload()

    def later(self, call: Endpoint[A, T], asked: A, *, leave: bool = False) -> None:
        """Have the daemon decide something in a moment; until then ``U`` takes it back. ``leave``: go back to
        the queue it came from."""
        said = asked.model_dump(mode="json", exclude={"actor"})
        self.dashboard.plan(endpoints.LATER, Later.model_validate({"call": call.name, "asked": said}))
        if leave:
            self.dashboard.pop_screen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """None greys a key out: the token does not allow it."""
        return None if self.lacks(action) else True

    def lacks(self, action: str) -> str:
        """What the token would have to be made for to do ``action``; empty: it may."""
        needed = self.NEEDS.get(action.partition("(")[0])
        if needed is None or needed in self.dashboard.scopes:
            return ""
        return " or ".join(carrying(needed))

    def on_key(self, event: Key) -> None:
        """A key that is greyed out says why."""
        pressed = self.active_bindings.get(event.key)
        if pressed is not None and (lacks := self.lacks(pressed.binding.action)):
            does = pressed.binding.description
            self.notify(f"{does}: your token lacks the scope {lacks}", severity="warning")
