"""What can go wrong on the way to a platform, as small typed values that a test or a simulator orders."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Final, Protocol


class Call(StrEnum):
    """The kinds of request a fault can strike."""

    PAGE = "page"
    FETCH = "fetch"
    SEARCH = "search"
    """``search`` and ``evidence``: a look-up through the platform's index."""
    WRITE = "write"


class FaultKind(StrEnum):
    """What happens to one request."""

    LOST_BEFORE = "lost_before"
    """The connection breaks; the platform never saw the request, and we cannot know that."""
    LOST_AFTER = "lost_after"
    """Carried out, and the answer is lost."""
    LATE = "late"
    """We give up; the platform carries it out ``after_s`` seconds later."""
    RETRY_LATER = "retry_later"
    """Throttled or locked: refused before it was read (with ``after_s``, or without any hint)."""
    REJECTED = "rejected"
    """The platform refuses the content, in ``words``."""
    UNREADABLE = "unreadable"
    """Served, but what comes back is a web page; a write was carried out."""
    TRUNCATED = "truncated"
    """Served, but the answer breaks off in the middle; a write was carried out."""
    LOGIN_EXPIRED = "login_expired"
    """The session ended; the request was not looked at."""
    PAGE_SHIFT = "page_shift"
    """A record moves up one place between two pages, so that the walk would miss it."""
    INCOMPLETE = "incomplete"
    """A listing leaves a record out and says that it is not whole."""


_ANY: Final = frozenset(
    {
        FaultKind.LOST_BEFORE,
        FaultKind.RETRY_LATER,
        FaultKind.UNREADABLE,
        FaultKind.TRUNCATED,
        FaultKind.LOGIN_EXPIRED,
    }
)
STRIKES: Final[Mapping[Call, frozenset[FaultKind]]] = {
    Call.PAGE: _ANY | {FaultKind.PAGE_SHIFT, FaultKind.INCOMPLETE},
    Call.FETCH: _ANY,
    Call.SEARCH: _ANY,
    Call.WRITE: _ANY | {FaultKind.LOST_AFTER, FaultKind.LATE, FaultKind.REJECTED},
}
"""Which faults make sense for which call."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing going wrong. ``after_s``: how late (LATE) or when to ask again (RETRY_LATER)."""

    kind: FaultKind
    after_s: float | None = None
    words: str = "The record was refused."


class FaultSource(Protocol):
    """Decides, call by call, what goes wrong."""

    def draw(self, call: Call) -> Fault | None: ...


@dataclass(slots=True)
class OrderedFaults:
    """Faults in the order in which they were ordered: each strikes the next call of its kind."""

    waiting: dict[Call, deque[Fault]] = field(default_factory=dict)
    struck: Counter[FaultKind] = field(default_factory=Counter)

    def order(self, call: Call, fault: Fault, *, after: int = 0, times: int = 1) -> None:
        """Strike the next ``times`` calls of that kind, after ``after`` calls that go well.

        Raises ``ValueError`` for a fault that cannot strike such a call.
        """
        if fault.kind not in STRIKES[call]:
            raise ValueError(f"{fault.kind} cannot strike {call}")
        queue = self.waiting.setdefault(call, deque())
        queue.extend([_GOES_WELL] * after + [fault] * times)

    def draw(self, call: Call) -> Fault | None:
        queue = self.waiting.get(call)
        if not queue:
            return None
        fault = queue.popleft()
        if fault is _GOES_WELL:
            return None
        self.struck[fault.kind] += 1
        return fault


_GOES_WELL: Final = Fault(FaultKind.LOST_BEFORE, words="")
"""A place in the queue, compared by identity: this call is spared."""


@dataclass(slots=True)
class SeededFaults:
    """Faults at given rates, the same for the same seed. ``rates``: probability per call and kind."""

    random: Random
    rates: Mapping[FaultKind, float]
    late_s: float = 60.0
    """The longest late execution; each draws its own between zero and this."""
    stopped: bool = False
    """Set to let everything go well from now on."""
    struck: Counter[FaultKind] = field(default_factory=Counter)

    def draw(self, call: Call) -> Fault | None:
        if self.stopped:
            return None
        dice = self.random.random()
        for kind in sorted(STRIKES[call] & self.rates.keys()):
            dice -= self.rates[kind]
            if dice < 0:
                self.struck[kind] += 1
                return self._fault(kind)
        return None

    def _fault(self, kind: FaultKind) -> Fault:
        if kind is FaultKind.LATE:
            return Fault(kind, after_s=self.random.uniform(0, self.late_s))
        if kind is FaultKind.RETRY_LATER:
            return Fault(kind, after_s=self.random.choice((None, 1.0, 30.0)))
        return Fault(kind)
