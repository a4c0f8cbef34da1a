"""A platform that is down is left alone, is said to be down once, and to be back once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.errors import NothingMatched, RenewCredentials, RetryLater, SyncdError
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Retry, Unknown
from syncd.dispatch.breaker import Breaker, BreakingConnector, Circuit, State
from syncd.ports import Capabilities, Finding, Page, Seen, WriteRequest

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
REQUEST = WriteRequest("invoice", Operation.CREATE, "r-1")


class Watch:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Platform:
    """Answers as it is told."""

    def __init__(self) -> None:
        self.error: SyncdError | None = None
        self.outcome: Outcome = Confirmed("1")
        self.asked = 0
        self.closed = False

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities("made up", {})

    async def pages(
        self, entity: str, *, since: str | None, resume: str | None = None
    ) -> AsyncIterator[Page]:
        self._ask()
        yield Page([])

    async def fetch(self, entity: str, key: str) -> Seen | None:
        self._ask()
        return None

    async def search(self, entity: str, number: str) -> Sequence[Seen]:
        self._ask()
        return []

    async def evidence(self, request: WriteRequest) -> Sequence[Seen]:
        self._ask()
        return []

    async def submit(self, request: WriteRequest) -> Outcome:
        self.asked += 1
        return self.outcome

    async def probe(self) -> Sequence[Finding]:
        self._ask()
        return []

    async def close(self) -> None:
        self.closed = True

    def _ask(self) -> None:
        self.asked += 1
        if self.error is not None:
            raise self.error


class There:
    def __init__(self) -> None:
        self.watch = Watch()
        self.platform = Platform()
        self.told: list[Circuit] = []
        self.breaker = Breaker("books", self.watch, self._tell)
        self.connector = BreakingConnector(self.platform, self.breaker)

    def _tell(self, connection: str, state: State) -> None:
        assert connection == "books"
        self.told.append(state.circuit)

    async def go_down(self) -> None:
        self.platform.error = RetryLater("connection refused")
        for _ in range(6):
            with pytest.raises(RetryLater, match="connection refused"):
                await self.connector.fetch("invoice", "1")
            self.watch.at += timedelta(seconds=7)
        assert self.breaker.state.circuit is Circuit.OPEN


@pytest.fixture
def there() -> There:
    return There()


async def test_down_it_is_said_once_and_nothing_is_sent(there: There) -> None:
    await there.go_down()
    asked = there.platform.asked
    for _ in range(5):
        with pytest.raises(RetryLater, match="books is down since") as refused:
            await there.connector.search("invoice", "S-1")
        assert refused.value.after_s is not None
        outcome = await there.connector.submit(REQUEST)
        assert isinstance(outcome, Retry), "proven not executed"
    with pytest.raises(RetryLater):
        _ = [page async for page in there.connector.pages("invoice", since=None)]
    assert there.platform.asked == asked
    assert there.told == [Circuit.OPEN]


async def test_one_request_finds_out_that_it_is_back_and_that_is_said_once(there: There) -> None:
    await there.go_down()
    there.platform.error = None
    there.watch.at += timedelta(seconds=20)
    for _ in range(3):
        await there.connector.evidence(REQUEST)
    assert there.told == [Circuit.OPEN, Circuit.CLOSED]
    assert there.breaker.state.since == there.watch.at


async def test_still_down_it_is_left_alone_for_longer_each_time(there: There) -> None:
    await there.go_down()
    pauses = []
    for _ in range(8):
        again = there.breaker.state.next_try_at
        assert again is not None
        there.watch.at = again
        with pytest.raises(RetryLater, match="connection refused"):
            await there.connector.fetch("invoice", "1")
        assert there.breaker.state.next_try_at is not None
        pauses.append((there.breaker.state.next_try_at - there.watch.at).total_seconds())
    assert pauses == [30, 60, 120, 240, 300, 300, 300, 300]
    assert there.told == [Circuit.OPEN]


async def test_while_one_finds_out_the_others_wait(there: There) -> None:
    await there.go_down()
    there.watch.at += timedelta(seconds=20)
    assert there.breaker.wait_s() is None
    assert there.breaker.wait_s() is not None


async def test_a_hiccup_opens_nothing(there: There) -> None:
    there.platform.error = RetryLater("busy")
    for _ in range(20):
        with pytest.raises(RetryLater):
            await there.connector.fetch("invoice", "1")
    assert there.breaker.state.circuit is Circuit.CLOSED, "many at once, but not for long"
    there.platform.error = None
    await there.connector.fetch("invoice", "1")
    assert there.breaker.state.failures == 0


@pytest.mark.parametrize("error", [RenewCredentials("log in again"), NothingMatched("no")])
async def test_a_platform_that_refuses_is_there(there: There, error: SyncdError) -> None:
    there.platform.error = error
    for _ in range(20):
        with pytest.raises(type(error)):
            await there.connector.fetch("invoice", "1")
        there.watch.at += timedelta(seconds=10)
    assert there.told == []


@pytest.mark.parametrize(
    ("outcome", "failures"),
    [
        (Unknown(ErrorClass.CONNECTION, "reset"), 1),
        (Retry(ErrorClass.SERVER, "503"), 1),
        (Retry(ErrorClass.RATE_LIMIT, "429"), 0),
        (Rejected(ErrorClass.VALIDATION, "period is closed"), 0),
        (Confirmed("1"), 0),
    ],
)
async def test_what_a_write_says_of_its_platform(there: There, outcome: Outcome, failures: int) -> None:
    there.platform.outcome = outcome
    assert await there.connector.submit(REQUEST) == outcome
    assert there.breaker.state.failures == failures
    assert there.connector.under_way == 0


async def test_a_person_may_ask_at_once(there: There) -> None:
    await there.go_down()
    there.platform.error = None
    await there.connector.probe()
    there.breaker.close()
    await there.connector.fetch("invoice", "1")
    assert there.breaker.state.circuit is Circuit.CLOSED
    await there.connector.close()
    assert there.platform.closed
