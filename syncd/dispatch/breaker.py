"""Circuit breakers: a platform that is down is left alone, and said to be down once, and to be back once.

A breaker stands around a connection. It opens when nothing but failures came for a while; then whoever
asks is told to come back later, at no cost. When its time has come one request is let through: if it is
answered, the circuit closes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

import structlog

from syncd.core.errors import RenewCredentials, RetryLater, SyncdError, UnreadableAnswer
from syncd.core.outcome import ErrorClass, Outcome, Retry, Unknown
from syncd.ports import Capabilities, Clock, Connector, Finding, Page, Seen, WriteRequest

log = structlog.get_logger(__name__)

T = TypeVar("T")

FAILURES: Final = 5
"""So many in a row ..."""
WITHIN: Final = timedelta(seconds=30)
"""... and nothing else for so long: the platform is down. A short hiccup opens nothing."""
FIRST_PAUSE_S: Final = 15.0
LONGEST_PAUSE_S: Final = 300.0
_DOWN: Final = frozenset({ErrorClass.CONNECTION, ErrorClass.SERVER})
"""What a platform that is down shows; a refused record, a login or a limit is no such thing."""


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"


@dataclass(frozen=True, slots=True)
class State:
    """How a platform has answered lately."""

    circuit: Circuit = Circuit.CLOSED
    since: datetime | None = None
    """When the circuit came to be so; None: it never was otherwise."""
    failures: int = 0
    """In a row."""
    first_failure: datetime | None = None
    opened: int = 0
    """Times it opened without closing in between: each makes the pause longer."""
    next_try_at: datetime | None = None
    error: str = ""


def after_success(before: State, now: datetime) -> State:
    """Pure."""
    if before.circuit is Circuit.CLOSED:
        return State(since=before.since)
    return State(Circuit.CLOSED, now)


def after_failure(before: State, now: datetime, error: str) -> State:
    """Pure."""
    failures = before.failures + 1
    first = before.first_failure or now
    lasting = failures >= FAILURES and now - first >= WITHIN
    if before.circuit is Circuit.CLOSED and not lasting:
        return State(Circuit.CLOSED, before.since, failures, first, error=error)
    if before.circuit is Circuit.OPEN:
        return before  # was under way when it opened
    pause = min(FIRST_PAUSE_S * 2 ** min(before.opened, 16), LONGEST_PAUSE_S)
    since = now if before.circuit is Circuit.CLOSED else before.since
    again = now + timedelta(seconds=pause)
    return State(Circuit.OPEN, since, failures, first, before.opened + 1, again, error)


class Breaker:
    """One connection's."""

    def __init__(
        self, connection: str, clock: Clock, told: Callable[[str, State], None] = lambda _name, _state: None
    ) -> None:
        self.connection = connection
        self.state = State()
        self._clock = clock
        self.told = told
        """Is called once when it goes down, and once when it is back."""

    def wait_s(self) -> float | None:
        """None: go on (it may be this request that finds out). Else: come back after so many seconds."""
        if self.state.circuit is Circuit.CLOSED:
            return None
        now = self._clock.now()
        again = self.state.next_try_at
        if again is not None and again <= now:
            # whoever comes while this one is on its way waits as long as it may take
            pause = now + timedelta(seconds=FIRST_PAUSE_S)
            self.state = replace(self.state, circuit=Circuit.TRYING, next_try_at=pause)
            return None
        return (again - now).total_seconds() if again is not None else FIRST_PAUSE_S

    def succeeded(self) -> None:
        before, self.state = self.state, after_success(self.state, self._clock.now())
        if before.circuit is not Circuit.CLOSED:
            down = self._clock.now() - (before.since or self._clock.now())
            log.info(
                "the platform is back", connection=self.connection, down_s=round(down.total_seconds(), 1)
            )
            self.told(self.connection, self.state)

    def failed(self, error: str) -> None:
        before, self.state = self.state, after_failure(self.state, self._clock.now(), error)
        if before.circuit is Circuit.CLOSED and self.state.circuit is Circuit.OPEN:
            log.error("the platform is down", connection=self.connection, error=error)
            self.told(self.connection, self.state)

    def close(self) -> None:
        """A person says that it is back: the next request finds out."""
        if self.state.circuit is not Circuit.CLOSED:
            self.state = replace(self.state, next_try_at=self._clock.now())

    def refusal(self, wait_s: float) -> RetryLater:
        """What whoever asks is told while it is open."""
        return RetryLater(
            f"{self.connection} is down since {self.state.since:%H:%M:%S} UTC: {self.state.error}",
            after_s=wait_s,
            remedy="it is tried again by itself; `syncd status` shows when it is back",
        )


class BreakingConnector:
    """A connector behind its breaker. What else it can do (webhooks) is asked of ``connector`` itself."""

    def __init__(self, connector: Connector, breaker: Breaker) -> None:
        self.connector = connector
        self.breaker = breaker
        self.under_way = 0
        """Calls of the connection that have not come back yet."""

    @property
    def capabilities(self) -> Capabilities:
        return self.connector.capabilities

    def _enter(self) -> None:
        wait = self.breaker.wait_s()
        if wait is not None:
            raise self.breaker.refusal(wait)
        self.under_way += 1

    def _failed(self, error: SyncdError) -> None:
        """A platform that refuses our login or talks nonsense is there all the same."""
        if isinstance(error, RetryLater):
            self.breaker.failed(error.message)
        elif isinstance(error, RenewCredentials | UnreadableAnswer):
            self.breaker.succeeded()

    async def pages(
        self, entity: str, *, since: str | None, resume: str | None = None
    ) -> AsyncIterator[Page]:
        self._enter()
        try:
            async for page in self.connector.pages(entity, since=since, resume=resume):
                self.breaker.succeeded()
                yield page
        except SyncdError as error:
            self._failed(error)
            raise
        finally:
            self.under_way -= 1

    async def fetch(self, entity: str, key: str) -> Seen | None:
        return await self._asked(lambda: self.connector.fetch(entity, key))

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        return await self._asked(lambda: self.connector.search(entity, number))

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        return await self._asked(lambda: self.connector.evidence(request))

    async def _asked(self, call: Callable[[], Awaitable[T]]) -> T:
        self._enter()
        try:
            answer = await call()
        except SyncdError as error:
            self._failed(error)
            raise
        finally:
            self.under_way -= 1
        self.breaker.succeeded()
        return answer

    async def submit(self, request: WriteRequest) -> Outcome:
        """While it is open nothing is sent, which is proof that nothing was executed."""
        wait = self.breaker.wait_s()
        if wait is not None:
            return Retry(ErrorClass.CONNECTION, self.breaker.refusal(wait).message, wait)
        self.under_way += 1
        try:
            outcome = await self.connector.submit(request)
        finally:
            self.under_way -= 1
        if isinstance(outcome, Retry | Unknown) and outcome.error_class in _DOWN:
            self.breaker.failed(outcome.words)
        else:
            self.breaker.succeeded()
        return outcome

    async def probe(self) -> Sequence[Finding]:
        """Always asked: a person wants to know how it is now."""
        return await self.connector.probe()

    async def close(self) -> None:
        await self.connector.close()
