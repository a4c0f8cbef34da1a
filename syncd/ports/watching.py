"""What a monitor sees of the engine's work (``Tap``) and what it may stop (``Guard``).

The engine reads anyway: every exchange is a free sample. Nobody has to watch; ``UNWATCHED`` does
nothing and costs nothing. Neither is told a token, and what they keep holds shapes, no values.
"""

# ruff: noqa: ARG002 (who does nothing needs none of what he is told)

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from syncd.core.errors import RefuseRecord
from syncd.ports.streams import Observation

_trying: ContextVar[bool] = ContextVar("trying", default=False)


@contextmanager
def trying() -> Iterator[None]:
    """While the block runs, nobody learns from what is read: a plan leaves no trace."""
    token = _trying.set(True)
    try:
        yield
    finally:
        _trying.reset(token)


def is_a_trial() -> bool:
    """Whether what is read just now is read for a plan."""
    return _trying.get()


class Use(StrEnum):
    """What a request is for."""

    LOGIN = "login"
    READ = "read"
    WRITE = "write"


_READING: Final = frozenset({"GET", "HEAD", "SQL"})


class Exchange(NamedTuple):
    """One request of a connection and how it was answered."""

    method: str
    """HTTP verb; of a bridge: ``SQL`` or ``XML``."""
    path: str
    """Without its query; of a bridge: what was asked for (table, request name)."""
    status: int
    """0 where the way there has no status."""
    headers: Mapping[str, str]
    problem: str = ""
    """Why the answer could not be read, in our words: a web page where JSON was promised."""
    asked: Any = None
    """Query parameters and headers that ask for a version, as the connector gave them."""
    seconds: float | None = None
    """From the request to its answer; None where nobody measured."""
    login: bool = False
    """Whether it asked for a login."""
    lost: bool = False
    """No answer came: refused, broken off, or not in time."""
    body: bytes = b""
    """Of what was read, as it came: for what stands around the records. Never kept."""

    @property
    def use(self) -> Use:
        if self.login:
            return Use.LOGIN
        return Use.READ if self.method in _READING else Use.WRITE

    @property
    def failed(self) -> bool:
        """The platform could not answer, asked us to wait, or answered nonsense."""
        return self.lost or self.status == 429 or self.status >= 500 or bool(self.problem)


class Grant(NamedTuple):
    """What a token endpoint gave, but for the tokens."""

    lifetime_s: float | None
    """None: it does not say."""
    scopes: tuple[str, ...]
    """Sorted; empty where it does not say."""
    refresh: bool
    """Whether a refresh token came with it."""
    rotated: bool
    """Whether that one differs from the one we had."""
    refresh_lifetime_s: float | None = None


class Written(NamedTuple):
    """What became of one write, field by field. Canonical names, no values."""

    record: str
    """Tells its record from others."""
    fields: Sequence[str]
    """What it carried."""
    refused: str = ""
    """The field for which the platform refused all of it; empty: it was accepted."""
    cut: Sequence[str] = ()
    """Texts that were read back shorter than they were sent."""


class Tap(Protocol):
    """Is told of everything. Its methods return at once and never raise."""

    def exchange(self, connection: str, seen: Exchange) -> None: ...

    def granted(self, connection: str, grant: Grant) -> None: ...

    def records(self, connection: str, entity: str, shown: Sequence[Observation]) -> None:
        """Records whose bytes are new to us, as their platform shows them."""
        ...

    def walked(self, connection: str, entity: str, problem: str) -> None:
        """One listing was read to its end, or (``problem``) was not what the connector can read."""
        ...

    def wrote(self, connection: str, entity: str, seen: Written) -> None:
        """The platform accepted a write, or refused it naming a field."""
        ...


class Guard(Protocol):
    """Is asked before anything is decided."""

    async def caught_up(self, connection: str) -> None:
        """Returns once everything tapped so far of a connection has been weighed, and the holds that
        follow from it are on disk."""
        ...

    def objection(
        self, connection: str, entity: str, key: str, wire: Mapping[str, Any]
    ) -> RefuseRecord | None:
        """Why this record must not be decided about; None: it is as the contract says. No I/O."""
        ...


class Unwatched:
    """No monitor: sees nothing, stops nothing."""

    def exchange(self, connection: str, seen: Exchange) -> None:
        return None

    def granted(self, connection: str, grant: Grant) -> None:
        return None

    def records(self, connection: str, entity: str, shown: Sequence[Observation]) -> None:
        return None

    def walked(self, connection: str, entity: str, problem: str) -> None:
        return None

    def wrote(self, connection: str, entity: str, seen: Written) -> None:
        return None

    async def caught_up(self, connection: str) -> None:
        return None

    def objection(
        self,
        connection: str,
        entity: str,
        key: str,
        wire: Mapping[str, Any],
    ) -> RefuseRecord | None:
        return None


UNWATCHED: Final = Unwatched()
