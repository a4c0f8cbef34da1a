"""Every pair that carries hours can be checked at both ends; its stories are in tests/golden/pairs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.pairs.story import LABOUR, labouring


@pytest.mark.parametrize("name", LABOUR)
async def test_both_ends_can_be_checked(name: str, tmp_path: Path) -> None:
    async with labouring(name, tmp_path) as story:
        await story.at.opened.wait_for_bridges()
        for connector in story.at.opened.connectors.values():
            found = await connector.probe()
            assert [finding for finding in found if finding.level == "error"] == []
