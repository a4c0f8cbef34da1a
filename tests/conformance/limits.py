"""The rules of a transport in trouble: busy, broken, a web page, cut off, huge, redirected."""

from __future__ import annotations

from syncd.core.errors import (
    ForbiddenDestination,
    RetryLater,
    UnreadableAnswer,
)
from tests.conformance.harness import Harness, Trouble
from tests.conformance.steps import (
    Suite,
)


class Limits(Suite):
    """The rules of a transport in trouble: busy, broken, a web page, cut off, huge, redirected."""

    async def test_reads_wait_when_the_platform_is_busy(self, harness: Harness) -> None:
        await self.read_in_trouble(harness, Trouble.BUSY, RetryLater)

    async def test_reads_wait_when_the_platform_breaks(self, harness: Harness) -> None:
        await self.read_in_trouble(harness, Trouble.SERVER_ERROR, RetryLater)

    async def test_reads_wait_when_the_connection_breaks(self, harness: Harness) -> None:
        await self.read_in_trouble(harness, Trouble.LOST_BEFORE, RetryLater)

    async def test_a_web_page_is_no_record(self, harness: Harness) -> None:
        await self.read_in_trouble(harness, Trouble.HTML, UnreadableAnswer)

    async def test_a_truncated_page_is_no_page(self, harness: Harness) -> None:
        await self.read_in_trouble(harness, Trouble.TRUNCATED, (UnreadableAnswer, RetryLater))

    async def test_a_huge_answer_is_refused(self, harness: Harness) -> None:
        await self.read_in_trouble(harness, Trouble.HUGE, UnreadableAnswer)

    async def test_a_redirect_is_not_followed(self, harness: Harness) -> None:
        await self.read_in_trouble(harness, Trouble.REDIRECT, ForbiddenDestination)
