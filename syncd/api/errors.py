"""Errors over HTTP: one table, read by the daemon to answer and by the client to raise the same again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from syncd.core import errors
from syncd.core.errors import Place, SyncdError


class Problem(BaseModel):
    """The body of every answer that is not a success."""

    model_config = ConfigDict(frozen=True)

    error: str
    """What happened, for a person."""
    remedy: str = ""
    id: str
    """Also in the daemon's log, beside everything that is not for the wire."""
    kind: str
    """A key of ``KINDS``."""
    details: dict[str, Any] = {}
    """The error's own attributes (``Kind.details``)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One class of error: its HTTP status, and the attributes that go with it."""

    raises: type[SyncdError]
    status: int
    details: tuple[str, ...] = ()


KINDS: Final[Mapping[str, Kind]] = {
    "fix_input": Kind(errors.FixInput, 400, ("place",)),
    "nothing_matched": Kind(errors.NothingMatched, 404),
    "needs_confirmation": Kind(errors.NeedsConfirmation, 409),
    "state_locked": Kind(errors.StateLocked, 423),
    "state_unavailable": Kind(errors.StateUnavailable, 503),
    "fenced": Kind(errors.Fenced, 409),
    "await_reference": Kind(errors.AwaitReference, 409, ("side", "entity", "key")),
    "refuse_record": Kind(errors.RefuseRecord, 422, ("code", "field")),
    "renew_credentials": Kind(errors.RenewCredentials, 502),
    "unreadable_answer": Kind(errors.UnreadableAnswer, 502),
    "forbidden_destination": Kind(errors.ForbiddenDestination, 502),
    "retry_later": Kind(errors.RetryLater, 503, ("after_s",)),
    "daemon_unreachable": Kind(errors.DaemonUnreachable, 504),
    "failed": Kind(errors.SyncdError, 500),
}
_NAMES: Final = {kind.raises: name for name, kind in KINDS.items()}


def problem(error: SyncdError, ident: str) -> tuple[int, Problem]:
    """The answer for ``error``: status and body."""
    name = next(_NAMES[base] for base in type(error).__mro__ if base in _NAMES)
    kind = KINDS[name]
    details = {field: _plain(getattr(error, field)) for field in kind.details}
    return kind.status, Problem(
        error=error.message,
        remedy=error.remedy,
        id=ident,
        kind=name,
        details=details,
    )


def exception(found: Problem) -> SyncdError:
    """The error that ``found`` tells of, as it was raised in the daemon."""
    kind = KINDS.get(found.kind, KINDS["failed"])
    details = {name: found.details.get(name) for name in kind.details}
    place = details.pop("place", None)
    error = kind.raises(found.error, remedy=found.remedy, **details)
    if isinstance(error, errors.FixInput) and place:
        error.place = Place(**place)  # the message names it already
    return error


def _plain(value: object) -> object:
    if isinstance(value, Place):
        return {"file": value.file, "line": value.line, "field": value.field}
    return value
