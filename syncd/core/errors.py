"""Every error syncd raises on purpose, named for what the caller does next.

A message is written for a person: what happened, to which record, what to do. It never
holds a secret or a customer's value; record keys and field names are allowed, contents not.
The tree is pinned by ``tests/unit/core/test_errors.py``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person must look: a file and line, and the path of the field inside it."""

    file: str
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        at = self.file if self.line is None else f"{self.file}:{self.line}"
        return at if self.field is None else f"{at} ({self.field})"


class SyncdError(Exception):
    """Base of all. ``remedy`` says what to do about it, in one sentence."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class FixInput(SyncdError):
    """A person must mend a file or an argument; nothing was done. Exit code 2."""

    def __init__(self, message: str, *, place: Place | None = None, remedy: str = "") -> None:
        super().__init__(f"{place}: {message}" if place else message, remedy=remedy)
        self.place = place


class NothingMatched(SyncdError):
    """The selection names no record. Exit code 4 where the caller asked to fail on that."""


class NeedsConfirmation(SyncdError):
    """The action is safe only if a person agrees to it. Exit code 5."""


class DaemonUnreachable(SyncdError):
    """The control API does not answer. Exit code 6."""


class StateLocked(SyncdError):
    """Another process owns this state; speak to it, or stop it first."""


class StateUnavailable(SyncdError):
    """The state's database takes nothing just now (unreachable, full, busy). Nothing is lost; ask again.

    It proves nothing of a remote write.
    """


class Fenced(SyncdError):
    """Our lease on the link is gone: drop what is in hand and write nothing more."""


class RenewCredentials(SyncdError):
    """The platform refuses our login. Stop the connection until a person renews it."""


class RetryLater(SyncdError):
    """The platform cannot serve us now; nothing was executed. Ask again after ``after_s`` seconds."""

    def __init__(self, message: str, *, after_s: float | None = None, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.after_s = after_s


class UnreadableAnswer(SyncdError):
    """The platform answered something its API does not promise (HTML, truncated, too large).

    For a read: the listing is incomplete, the cursor stays. For a write: the outcome is unknown.
    """


class ForbiddenDestination(SyncdError):
    """A request would leave the connection's own host (redirect, foreign address). Never follow."""


class RefuseRecord(SyncdError):
    """This one record cannot go on; quarantine it with the reason, everything else flows."""

    def __init__(self, message: str, *, code: str, field: str | None = None, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.field = field


class AwaitReference(SyncdError):
    """The record points at another that is not paired yet; wait for it or bring it along."""

    def __init__(self, message: str, *, side: str, entity: str, key: str, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.side = side
        """left | right: the side on which ``key`` is known."""
        self.entity = entity
        self.key = key
