"""The rules of writes in trouble: what was surely not executed, and what may have been."""

from __future__ import annotations

from syncd.core.outcome import Confirmed, Retry, Unknown
from tests.conformance.harness import Harness, Trouble
from tests.conformance.steps import (
    Suite,
)


class Doubt(Suite):
    """The rules of writes in trouble: what was surely not executed, and what may have been."""

    async def test_a_write_to_a_busy_platform_was_not_executed(self, harness: Harness) -> None:
        outcome, done = await self.write_in_trouble(harness, Trouble.BUSY)
        assert isinstance(outcome, Retry), outcome
        assert not done

    async def test_a_write_to_a_broken_platform_is_unknown(self, harness: Harness) -> None:
        assert isinstance((await self.write_in_trouble(harness, Trouble.SERVER_ERROR))[0], Unknown)

    async def test_a_write_answered_by_a_web_page_is_unknown(self, harness: Harness) -> None:
        assert isinstance((await self.write_in_trouble(harness, Trouble.HTML))[0], Unknown)

    async def test_a_write_with_a_truncated_answer_is_unknown(self, harness: Harness) -> None:
        assert isinstance((await self.write_in_trouble(harness, Trouble.TRUNCATED))[0], Unknown)

    async def test_a_write_with_an_expired_login_is_done_once(self, harness: Harness) -> None:
        """Refused before it was looked at, so it may go again after a new login: once."""
        outcome, done = await self.write_in_trouble(harness, Trouble.LOGIN_EXPIRED)
        assert isinstance(outcome, Confirmed | Retry), outcome
        assert done == isinstance(outcome, Confirmed)
