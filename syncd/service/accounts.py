"""Connections as people see them: reachability, login, budget, circuit, webhooks; and a test now.

What a platform says of itself in its answers (its quota, its token's life) is noted as it goes by.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syncd.api.fleet import (
    Allowance,
    Breaker,
    Circuit,
    CircuitTurned,
    ConnectionLine,
    Credential,
    Deliveries,
    Found,
    Tested,
)
from syncd.api.models import Done
from syncd.core.errors import NothingMatched, SyncdError
from syncd.dispatch.breaker import BreakingConnector, State
from syncd.engine import views
from syncd.http.outcomes import retry_after
from syncd.http.quota import quota
from syncd.http.tokens import no_way_to_revoke
from syncd.ports import BridgeChannel, Clock, Finding, Observation, Records, RevokesLogin
from syncd.ports.watching import Exchange, Grant, Written
from syncd.service.events import Feed
from syncd.store import board
from syncd.store.database import Database


@dataclass(frozen=True, slots=True)
class Said:
    """What a platform has said of itself."""

    scheme: str = ""
    expires_at: datetime | None = None
    renewed_at: datetime | None = None
    rotates: bool = False
    refused: str = ""
    remaining: int | None = None
    limit: int = 0
    """Of how many requests; where it does not say, the most it ever had left."""
    resets_at: datetime | None = None
    pause_until: datetime | None = None


class Listening:
    """A ``Tap`` that keeps the last word of each platform about login and quota."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._said: dict[str, Said] = {}
        self.changed: Callable[[str, int], None] = lambda _connection, _count: None
        """Is told how many known records of a connection were found changed."""

    def of(self, connection: str) -> Said:
        return self._said.get(connection, Said())

    def exchange(self, connection: str, seen: Exchange) -> None:
        before = self.of(connection)
        after = after_exchange(before, seen, self._clock.now())
        if after is not before:
            self._said[connection] = after

    def granted(self, connection: str, grant: Grant) -> None:
        now = self._clock.now()
        before = self.of(connection)
        self._said[connection] = replace(
            before,
            scheme="OAuth 2",
            expires_at=None if grant.lifetime_s is None else now + timedelta(seconds=grant.lifetime_s),
            renewed_at=now,
            rotates=before.rotates or grant.rotated,
            refused="",
        )

    def records(self, connection: str, entity: str, shown: Sequence[Observation]) -> None:  # noqa: ARG002
        """Changes that were found by reading."""
        changed = sum(one.known is not None for one in shown)
        if changed:
            self.changed(connection, changed)

    def walked(self, connection: str, entity: str, problem: str) -> None:  # noqa: ARG002
        return None

    def wrote(self, connection: str, entity: str, seen: Written) -> None:  # noqa: ARG002
        return None


def after_exchange(before: Said, seen: Exchange, now: datetime) -> Said:
    """The same object where nothing was said. Pure."""
    if seen.status == 401:
        return before if before.refused else replace(before, refused="HTTP 401")
    after = before
    if before.refused and 0 < seen.status < 400:
        after = replace(after, refused="")
    left = quota(seen.headers, now)
    if left is not None:
        limit = left.limit or max(before.limit, left.remaining)
        after = replace(after, remaining=left.remaining, limit=limit, resets_at=left.resets_at)
    if seen.status == 429:
        after = replace(after, pause_until=now + timedelta(seconds=retry_after(seen.headers, now) or 0.0))
    return after


def granted(said: Said, now: datetime) -> tuple[int, int] | None:
    """(requests left, of how many); None where nothing was said of it. Pure. Once the platform counts anew,
    all of them are left."""
    if said.remaining is None:
        return None
    anew = said.resets_at is not None and said.resets_at <= now
    return (said.limit if anew else said.remaining), said.limit


@dataclass(frozen=True, slots=True)
class Account:
    """One connection, as the composition root opened it."""

    platform: str
    connector: BreakingConnector
    links: tuple[str, ...]
    channel: BridgeChannel | None
    scheme: str
    """How it logs in, by its configuration."""


DeliveriesOf = Callable[[str], Deliveries]
EndsOf = Callable[[Collection[str]], Awaitable[Mapping[str, datetime]]]


class AccountDesk:
    """Answers for connections. ``deliveries``: how webhooks stand; ``ends``: when the first of a connection's
    certificates and secrets ends."""

    def __init__(
        self,
        accounts: Mapping[str, Account],
        records: Records,
        clock: Clock,
        listening: Listening,
        deliveries: DeliveriesOf,
        ends: EndsOf,
    ) -> None:
        self._accounts = accounts
        self._records = records
        self._clock = clock
        self._listening = listening
        self._deliveries = deliveries
        self._ends = ends

    def tell_circuits(self, feed: Feed) -> None:
        """From now on whoever watches sees each platform go down once, and come back once."""

        def told(connection: str, state: State) -> None:
            links = list(self._accounts[connection].links)
            turned = CircuitTurned(connection=connection, links=links, breaker=breaker(state))
            feed.publish("circuit", turned)

        for account in self._accounts.values():
            account.connector.breaker.told = told

    async def connections(self, connection: str | None = None) -> Sequence[ConnectionLine]:
        """Raises ``NothingMatched``."""
        errors = await self._records.stream_errors()
        chosen = self._accounts if connection is None else {connection: self._known(connection)}
        ends = await self._ends(chosen)
        return [self._line(name, account, errors, ends.get(name)) for name, account in chosen.items()]

    def _line(
        self,
        name: str,
        account: Account,
        errors: Mapping[tuple[str, str], str],
        ends_at: datetime | None,
    ) -> ConnectionLine:
        now = self._clock.now()
        connected = None if account.channel is None else account.channel.connected
        status = views.connection_status(name, account.platform, connected, errors)
        said = self._listening.of(name)
        return ConnectionLine(
            connection=name,
            platform=account.platform,
            links=list(account.links),
            up=status.up,
            detail=status.detail,
            bridge=status.bridge,
            allowance=allowance(account.connector, said, now),
            breaker=breaker(account.connector.breaker.state),
            credential=credential(account.scheme, said, ends_at),
            deliveries=self._deliveries(name),
        )

    async def connection_test(self, connection: str, actor: str = "") -> Tested:  # noqa: ARG002 - for the audit
        """Raises ``NothingMatched``."""
        account = self._known(connection)
        began = self._clock.now()
        try:
            findings = await account.connector.probe()
        except SyncdError as error:
            findings = [Finding("error", connection, error.message, error.remedy)]
        else:
            account.connector.breaker.close()
        seconds = (self._clock.now() - began).total_seconds()
        found = [
            Found(level=f.level, subject=f.subject, message=f.message, remedy=f.remedy) for f in findings
        ]
        return Tested(connection=connection, seconds=round(seconds, 3), findings=found)

    async def connection_revoke(self, connection: str, actor: str = "") -> Done:  # noqa: ARG002 - for the audit
        """Raises ``NothingMatched``, ``FixInput`` where its platform documents no way."""
        connector = self._known(connection).connector.connector
        if not isinstance(connector, RevokesLogin):
            raise no_way_to_revoke(connection)
        if await connector.revoke():
            return Done(count=1, message=f"the refresh token of {connection} is ended and forgotten")
        return Done(count=0, message=f"no refresh token of {connection} was kept")

    def _known(self, connection: str) -> Account:
        found = self._accounts.get(connection)
        if found is None:
            raise NothingMatched(
                f"no connection is called {connection!r}",
                remedy=f"known: {', '.join(sorted(self._accounts)[:20]) or 'none'}",
            )
        return found


async def endings(database: Database, connections: Collection[str]) -> Mapping[str, datetime]:
    """What ``ends`` of the desk says, from the state."""
    return await database.scan(lambda c: board.ends(c, connections))


def allowance(connector: BreakingConnector, said: Said, now: datetime) -> Allowance:
    """Pure."""
    pause = said.pause_until
    return Allowance(
        limit=connector.capabilities.concurrency,
        under_way=connector.under_way,
        pause_s=max((pause - now).total_seconds(), 0.0) if pause is not None else 0.0,
        remaining=said.remaining,
        resets_at=said.resets_at,
    )


def breaker(state: State) -> Breaker:
    """Pure."""
    return Breaker(
        circuit=Circuit(state.circuit.value),
        since=state.since,
        failures=state.failures,
        next_try_at=state.next_try_at,
        error=state.error,
    )


def credential(scheme: str, said: Said, ends_at: datetime | None) -> Credential | None:
    """Pure."""
    if not scheme and not said.scheme and ends_at is None:
        return None
    return Credential(
        scheme=said.scheme or scheme,
        expires_at=said.expires_at,
        ends_at=ends_at,
        renewed_at=said.renewed_at,
        rotates=said.rotates,
        refused=said.refused,
    )
