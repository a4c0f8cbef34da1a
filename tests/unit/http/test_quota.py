"""What platforms say of their quota, in the spellings that are in use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.clock import SystemClock
from syncd.http.budget import Budget
from syncd.http.quota import LONGEST, Quota, quota

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
IN_A_MINUTE = int(NOW.timestamp()) + 60


@pytest.mark.parametrize(
    ("headers", "remaining", "seconds"),
    [
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "60"}, 0, 60),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(IN_A_MINUTE)}, 0, 60),
        ({"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": str(IN_A_MINUTE * 1000)}, 0, 60),
        ({"x-ratelimit-remaining": "0, 0", "x-ratelimit-reset": "60;w=60"}, 0, 60),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "90000"}, 0, 3600),
        ({"RateLimit-Remaining": "3", "RateLimit-Reset": "60"}, 3, None),
        ({"RateLimit-Remaining": "0"}, 0, None),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "soon"}, 0, None),
    ],
)
def test_how_long_to_leave_it_alone(headers: dict[str, str], remaining: int, seconds: int | None) -> None:
    found = quota(headers, NOW)
    assert found is not None
    assert found.remaining == remaining
    assert found.pause(NOW) == (None if seconds is None else timedelta(seconds=seconds))


@given(
    st.dictionaries(
        st.sampled_from(["RateLimit-Remaining", "X-RateLimit-Reset", "Date"]), st.text(max_size=20)
    )
)
def test_no_header_makes_it_raise_or_wait_for_long(headers: dict[str, str]) -> None:
    found = quota(headers, NOW)
    if found is not None:
        assert (found.pause(NOW) or timedelta()) <= LONGEST


def test_a_reset_that_is_past_is_no_reason_to_wait() -> None:
    assert Quota(0, NOW - timedelta(seconds=1)).pause(NOW) is None


def test_a_used_up_quota_pauses_the_connection() -> None:
    budget = Budget(concurrency=2, rate=None, clock=SystemClock())
    budget.spent(timedelta(seconds=30))
    budget.spent(timedelta(seconds=5))
    assert 25 < budget.pause_s <= 30
    assert budget.concurrency == 2, "it did not complain"
