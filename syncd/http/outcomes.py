"""What an HTTP exchange proves, by verb. Pure: a table, and the reading of ``Retry-After``.

| exchange                               | a read                      | a write                      |
|----------------------------------------|-----------------------------|------------------------------|
| never sent (refused, DNS, TLS)         | again, then RetryLater      | Retry                        |
| 2xx, readable                          | Answer                      | Answer                       |
| 2xx, unreadable                        | again, then Unreadable      | Unknown                      |
| 3xx                                    | ForbiddenDestination        | Unknown                      |
| 401 (or what the scheme calls expired) | renew, again, then Renew    | renew, again, then Retry     |
| 403                                    | RenewCredentials            | Answer                       |
| 408                                    | again, then RetryLater      | Unknown                      |
| 421, 423, 425, 429                     | again, then RetryLater      | Retry                        |
| other 4xx, readable                    | Answer                      | Answer                       |
| other 4xx, unreadable                  | again, then Unreadable      | Retry                        |
| 5xx                                    | again, then RetryLater      | Unknown                      |
| time out, reset, cut off               | again, then RetryLater      | Unknown                      |
| too large                              | Unreadable, at once         | by its status, as unreadable |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from syncd.core.outcome import ErrorClass
from syncd.http.answer import Answer

LONGEST_RETRY_AFTER_S: Final = 3600.0
"""A platform that asks for more is asked again after this: a figure of years is a mistake."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """No byte of the request left: refused connection, unknown host, failed TLS handshake."""

    words: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Sent, and no whole, readable answer came back. ``status`` if at least its head did."""

    error_class: ErrorClass
    words: str
    status: int | None = None


Exchange = Answer | NotSent | Lost
"""One request and what came of it. ``Answer`` stands for a body that could be read whole."""


class Shows(StrEnum):
    """What one exchange proves."""

    ANSWERED = "answered"
    """The platform's own word about this request; the connector reads it."""
    NOT_EXECUTED = "not_executed"
    UNCERTAIN = "uncertain"
    LOGIN_REFUSED = "login_refused"
    FORBIDDEN = "forbidden"
    REDIRECTED = "redirected"


_NOT_EXECUTED: Final = frozenset({421, 423, 425, 429})
_ERROR_CLASSES: Final = {
    401: ErrorClass.AUTH,
    403: ErrorClass.PERMISSION,
    404: ErrorClass.NOT_FOUND,
    408: ErrorClass.CONNECTION,
    409: ErrorClass.CONFLICT,
    412: ErrorClass.CONFLICT,
    413: ErrorClass.TOO_LARGE,
    423: ErrorClass.CONFLICT,
    425: ErrorClass.CONNECTION,
    421: ErrorClass.CONNECTION,
    429: ErrorClass.RATE_LIMIT,
}


def error_class(status: int) -> ErrorClass:
    """The class of a status that is not 2xx."""
    if status >= 500:
        return ErrorClass.SERVER
    if 300 <= status < 400:
        return ErrorClass.GUARD
    return _ERROR_CLASSES.get(status, ErrorClass.VALIDATION)


def body_matters(status: int) -> bool:
    """Whether the body must be readable for the answer to mean anything: 2xx, and 4xx about a record."""
    return 200 <= status < 300 or (400 <= status < 500 and status not in _NOT_EXECUTED | {401, 408})


def shows(exchange: Exchange) -> Shows:
    """What ``exchange`` proves, whatever the verb."""
    if isinstance(exchange, NotSent):
        return Shows.NOT_EXECUTED
    if isinstance(exchange, Lost):
        refused = exchange.status is not None and 400 <= exchange.status < 500
        return Shows.NOT_EXECUTED if refused else Shows.UNCERTAIN
    status = exchange.status
    if status >= 500 or status == 408 or status < 200:
        return Shows.UNCERTAIN
    if status in _NOT_EXECUTED:
        return Shows.NOT_EXECUTED
    if status == 401:
        return Shows.LOGIN_REFUSED
    if status == 403:
        return Shows.FORBIDDEN
    if 300 <= status < 400:
        return Shows.REDIRECTED
    return Shows.ANSWERED


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that ``Retry-After`` asks to wait (seconds or an HTTP date), between 0 and an hour.

    None where it is absent or says nothing that can be read.
    """
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            until = parsedate_to_datetime(text)
        except ValueError:
            return None
        seconds = (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds()
    if seconds != seconds:  # NaN compares unequal to itself
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)
