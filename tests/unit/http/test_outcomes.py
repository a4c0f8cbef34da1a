"""What an exchange proves, row by row, and how ``Retry-After`` is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from syncd.core.outcome import ErrorClass
from syncd.http.answer import Answer
from syncd.http.outcomes import Lost, NotSent, Shows, error_class, retry_after, shows

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "proof"),
    [
        *(
            (status, Shows.ANSWERED)
            for status in (200, 201, 202, 204, 400, 404, 405, 409, 410, 412, 413, 422)
        ),
        *((status, Shows.REDIRECTED) for status in (300, 301, 302, 303, 304, 307, 308)),
        (401, Shows.LOGIN_REFUSED),
        (403, Shows.FORBIDDEN),
        *((status, Shows.NOT_EXECUTED) for status in (421, 423, 425, 429)),
        *((status, Shows.UNCERTAIN) for status in (408, 500, 501, 502, 503, 504, 520, 599)),
    ],
)
def test_a_status_proves(status: int, proof: Shows) -> None:
    assert shows(Answer(status, {}, b"{}")) is proof


@pytest.mark.parametrize(
    ("status", "proof"),
    [
        (None, Shows.UNCERTAIN),
        (200, Shows.UNCERTAIN),
        (201, Shows.UNCERTAIN),
        (400, Shows.NOT_EXECUTED),
        (404, Shows.NOT_EXECUTED),
        (500, Shows.UNCERTAIN),
    ],
)
def test_an_answer_that_cannot_be_read_proves(status: int | None, proof: Shows) -> None:
    assert shows(Lost(ErrorClass.PARSE, "cut off", status)) is proof


def test_what_was_never_sent_was_not_executed() -> None:
    assert shows(NotSent("refused")) is Shows.NOT_EXECUTED


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (302, ErrorClass.GUARD),
        (400, ErrorClass.VALIDATION),
        (401, ErrorClass.AUTH),
        (403, ErrorClass.PERMISSION),
        (404, ErrorClass.NOT_FOUND),
        (409, ErrorClass.CONFLICT),
        (418, ErrorClass.VALIDATION),
        (429, ErrorClass.RATE_LIMIT),
        (503, ErrorClass.SERVER),
    ],
)
def test_a_status_has_a_class(status: int, expected: ErrorClass) -> None:
    assert error_class(status) is expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Nov 2026 12:00:30 -0000", 30.0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 3600.0),
        ("999999999999", 3600.0),
        ("inf", 3600.0),
        ("nan", None),
        ("soon", None),
        ("Sat, 99 Foo 2026 99:99:99 GMT", None),
    ],
)
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert retry_after({} if text is None else {"Retry-After": text}, NOW) == seconds
