"""One sandbox for each test, small, on free ports."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.sandbox_sage100_contractor.site import Site, site_of


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with site_of() as made:
        yield made
