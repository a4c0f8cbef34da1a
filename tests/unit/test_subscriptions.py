"""Subscriptions are made, renewed before they end, and watched for whether anything arrives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from syncd.core.errors import RetryLater, SyncdError
from syncd.ports.webhooks import Subscribed
from syncd.service.subscriptions import AGAIN, CHECK, GRACE, Subscriptions

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class Watch:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Receiver:
    """A platform that grants subscriptions of three days, or refuses."""

    def __init__(self, watch: Watch, life: timedelta | None = timedelta(days=3)) -> None:
        self.asked: list[tuple[datetime, str]] = []
        self.error: SyncdError | None = None
        self._watch = watch
        self._life = life

    async def subscribe(self, url: str) -> Subscribed | None:
        self.asked.append((self._watch.at, url))
        if self.error is not None:
            raise self.error
        return None if self._life is None else Subscribed(self._watch.at + self._life)

    def hints(self, headers: object, body: bytes) -> list[tuple[str, str]]:
        return []


class Told:
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def announced(self, connection: str) -> None:
        self.seen.append((connection, ""))

    def rejected(self, connection: str, reason: str) -> None:
        self.seen.append((connection, reason))


@pytest.fixture
def watch() -> Watch:
    return Watch()


def made(watch: Watch, receiver: Receiver) -> Subscriptions:
    return Subscriptions({"books": receiver}, lambda name: f"https://here/{name}", watch)


async def pass_by(subscriptions: Subscriptions, watch: Watch, span: timedelta) -> None:
    until = watch.at + span
    while watch.at < until:
        await subscriptions.step()
        watch.at += timedelta(minutes=1)


async def test_one_that_ends_is_renewed_in_time(watch: Watch) -> None:
    receiver = Receiver(watch)
    subscriptions = made(watch, receiver)
    await pass_by(subscriptions, watch, timedelta(days=9))
    gaps = [
        (b - a).total_seconds() / 86_400
        for (a, _), (b, _) in zip(receiver.asked, receiver.asked[1:], strict=False)
    ]
    assert gaps == pytest.approx([2.0] * len(gaps), abs=0.01)
    assert len(gaps) == 4
    assert receiver.asked[0][1] == "https://here/books"


async def test_a_renewal_that_fails_is_tried_again_while_the_old_one_lives(watch: Watch) -> None:
    receiver = Receiver(watch)
    subscriptions = made(watch, receiver)
    await subscriptions.step()
    receiver.error = RetryLater("busy")
    await pass_by(subscriptions, watch, timedelta(days=2, hours=1))
    assert subscriptions.deliveries("books").subscribed
    assert subscriptions.deliveries("books").detail == "busy"
    assert 10 <= len(receiver.asked) <= 14, f"every {AGAIN}"
    await pass_by(subscriptions, watch, timedelta(days=1))
    assert not subscriptions.deliveries("books").subscribed
    receiver.error = None
    await pass_by(subscriptions, watch, timedelta(minutes=6))
    assert subscriptions.deliveries("books").subscribed


async def test_one_that_does_not_end_is_made_sure_of(watch: Watch) -> None:
    receiver = Receiver(watch, life=None)
    await pass_by(made(watch, receiver), watch, timedelta(days=1))
    assert len(receiver.asked) == timedelta(days=1) / CHECK


async def test_changes_that_nobody_announced_are_told_once_and_subscribed_anew(
    watch: Watch, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver = Receiver(watch, life=None)
    subscriptions = made(watch, receiver)
    await subscriptions.step()
    watch.at += GRACE
    for _ in range(40):
        subscriptions.changed("books", 1)
        watch.at += timedelta(minutes=1)
    assert subscriptions.deliveries("books").silent
    await subscriptions.step()
    assert len(receiver.asked) == 2
    subscriptions.announced("books")
    assert not subscriptions.deliveries("books").silent
    said = capsys.readouterr().out
    assert (said.count("no webhook announced"), said.count("arriving again")) == (1, 1)


async def test_changes_that_were_announced_are_no_silence(watch: Watch) -> None:
    subscriptions = made(watch, Receiver(watch, life=None))
    await subscriptions.step()
    watch.at += GRACE
    for _ in range(60):
        subscriptions.announced("books")
        subscriptions.changed("books", 5)
        watch.at += timedelta(minutes=2)
    shown = subscriptions.deliveries("books")
    assert (shown.silent, shown.received) == (False, 60)


async def test_a_quiet_platform_is_not_silent_and_one_burst_is_none_either(watch: Watch) -> None:
    subscriptions = made(watch, Receiver(watch, life=None))
    await subscriptions.step()
    watch.at += timedelta(days=3)
    subscriptions.changed("books", 500)
    assert not subscriptions.deliveries("books").silent, "their announcements may still be on their way"
    subscriptions.changed("unknown", 1)
    assert not subscriptions.deliveries("unknown").expected


async def test_whoever_counts_is_told(watch: Watch) -> None:
    told = Told()
    subscriptions = Subscriptions({"books": Receiver(watch)}, str, watch, told)
    subscriptions.announced("books")
    subscriptions.rejected("books", "signature")
    assert told.seen == [("books", ""), ("books", "signature")]
    assert subscriptions.deliveries("books").refused == 1
