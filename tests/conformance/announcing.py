"""The rules of announcements, and of ending."""

from __future__ import annotations

from typing import Any

import pytest

from syncd.core.errors import (
    UnreadableAnswer,
)
from tests.conformance.harness import Harness
from tests.conformance.steps import (
    Suite,
)


class Announcing(Suite):
    """The rules of announcements, and of ending."""

    async def test_announcements_are_hints(self, harness: Harness) -> None:
        """A delivery names records; what is not one is refused without a traceback."""
        connector: Any = await harness.connect()
        assert connector.capabilities.webhooks
        headers, body, hints = await harness.delivery()
        assert list(connector.hints(headers, body)) == list(hints)
        for junk in (b"", b"<html>", b"[]", b'{"data": 7}', b'{"data": [7]}', body[:-9]):
            with pytest.raises(UnreadableAnswer):
                connector.hints(headers, junk)

    async def test_forged_announcements_are_refused(self, harness: Harness) -> None:
        """A delivery that does not prove where it comes from names nothing."""
        connector: Any = await harness.connect()
        for headers, body in await harness.forgeries():
            with pytest.raises(UnreadableAnswer):
                connector.hints(headers, body)

    async def test_without_announcements_none_are_declared(self, harness: Harness) -> None:
        connector = await harness.connect()
        assert connector.capabilities.webhooks == hasattr(connector, "hints")

    async def test_closing_twice_is_harmless(self, harness: Harness) -> None:
        connector = await harness.connect()
        await connector.probe()
        await connector.close()
        await connector.close()
