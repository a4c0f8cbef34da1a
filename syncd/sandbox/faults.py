"""Faults that a test can order, and the plan a sandbox asks at every request. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random
from typing import Final

from pydantic import BaseModel, ConfigDict, Field


class FaultKind(StrEnum):
    """What goes wrong."""

    LOST_BEFORE = "lost_before"
    """The connection drops before anything is carried out."""
    LOST_ANSWER = "lost_answer"
    """Carried out; then the connection drops."""
    DELAY = "delay"
    """Answered ``seconds`` late."""
    HANG = "hang"
    """Nothing is carried out and no answer comes for ``seconds``; then the connection drops."""
    STATUS = "status"
    """``status`` instead of being carried out; with ``Retry-After`` where ``retry_after_s`` is set."""
    COMMIT_THEN_STATUS = "commit_then_status"
    """Carried out, and answered with ``status`` all the same."""
    HTML = "html"
    """Not carried out: a login page with status 200."""
    TRUNCATED = "truncated"
    """Carried out; the body ends in the middle. ``full_length`` says what Content-Length claims."""
    HUGE = "huge"
    """Not carried out: a body of ``size`` bytes."""
    GZIP_BOMB = "gzip_bomb"
    """Not carried out: a small compressed body that unpacks to ``size`` bytes."""
    REDIRECT = "redirect"
    """Not carried out: 302 to ``location``."""
    WRONG_TYPE = "wrong_type"
    """Carried out; every ``field`` in the answer's JSON has a value of another type."""
    EXPIRE_TOKEN = "expire_token"  # noqa: S105 - a kind of fault
    """Every access token and session given out so far is dead from this request on."""
    SHIFT_PAGES = "shift_pages"
    """The listing moves by ``shift`` records before the page is cut."""
    CLOSED_PERIOD = "closed_period"
    """A ledger's posting period is closed for this request."""
    LOCKED = "locked"
    """The record, or the product, is held by another user."""


TRANSPORT: Final = frozenset(FaultKind) - {
    FaultKind.EXPIRE_TOKEN,
    FaultKind.SHIFT_PAGES,
    FaultKind.CLOSED_PERIOD,
    FaultKind.LOCKED,
}
"""Kinds that any HTTP sandbox plays the same way; the others are played by the platform's own code."""


class Fault(BaseModel):
    """One ordered fault: which requests it hits, how often, and what happens then."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind
    method: str = "*"
    """Glob over the verb."""
    path: str = "*"
    """Glob over the request's path, without the query."""
    operation: str = "*"
    """Glob over the operation's name, where a platform has one path for all of them (MBXML)."""
    after: int = Field(default=0, ge=0)
    """So many matching requests pass unharmed first."""
    times: int | None = Field(default=1, ge=1)
    """How often it fires before it is spent; None: until it is cleared."""
    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    """Chance of firing on each matching request, from the plan's seed."""
    seconds: float = Field(default=30.0, ge=0.0)
    status: int = Field(default=503, ge=100, le=599)
    retry_after_s: int | None = None
    """Adds a ``Retry-After`` of so many seconds."""
    retry_after_as_date: bool = False
    """Writes that header as an HTTP date."""
    full_length: bool = True
    """For ``truncated``: Content-Length claims the whole body (else the short body's own length)."""
    size: int = Field(default=50 * 1024 * 1024, ge=1)
    """Bytes, for ``huge`` and ``gzip_bomb``."""
    location: str = "http://elsewhere.invalid/"
    """For ``redirect``."""
    shift: int = 1
    """For ``shift_pages``: above zero, so many records at the front have left, and a walk skips as
    many; below zero, so many came in there, and a walk sees as many twice."""
    field: str = ""
    """For ``wrong_type``: the key whose values change type."""

    def matches(self, method: str, path: str, operation: str) -> bool:
        """Whether this request is one of those it is meant for."""
        return (
            fnmatchcase(method, self.method)
            and fnmatchcase(path, self.path)
            and fnmatchcase(operation, self.operation)
        )


class FaultCount(BaseModel):
    """An ordered fault and what became of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fault: Fault
    seen: int
    """Matching requests so far."""
    fired: int


class FaultPlan:
    """The faults on order. Seeded: the same requests in the same order meet the same faults."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._orders: list[Fault] = []
        self._seen: list[int] = []
        self._fired: list[int] = []
        self.clear()

    def add(self, faults: Iterable[Fault]) -> None:
        """Order more faults, after those that are there."""
        for fault in faults:
            self._orders.append(fault)
            self._seen.append(0)
            self._fired.append(0)

    def clear(self) -> None:
        """Forget all orders and counts, and start the plan's chances over."""
        self._random = Random(self._seed)  # noqa: S311 - a reproducible run, not a secret
        self._orders.clear()
        self._seen.clear()
        self._fired.clear()

    def pick(
        self, kinds: frozenset[FaultKind], *, method: str = "", path: str = "", operation: str = ""
    ) -> Fault | None:
        """The fault that fires on this request, or None. Call once a request and set of kinds."""
        for at, fault in enumerate(self._orders):
            if fault.kind in kinds and fault.matches(method, path, operation) and self._fires(at, fault):
                return fault
        return None

    def _fires(self, at: int, fault: Fault) -> bool:
        self._seen[at] += 1
        if self._seen[at] <= fault.after:
            return False
        if fault.times is not None and self._fired[at] >= fault.times:
            return False
        if fault.probability < 1.0 and self._random.random() >= fault.probability:
            return False
        self._fired[at] += 1
        return True

    def counts(self) -> Sequence[FaultCount]:
        """Every order with its counts, in the order of ordering."""
        return [
            FaultCount(fault=fault, seen=seen, fired=fired)
            for fault, seen, fired in zip(self._orders, self._seen, self._fired, strict=True)
        ]
