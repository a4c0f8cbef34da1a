from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.connectors.sage100_contractor.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site that bills through jobs."""
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def service_site(tmp_path: Path) -> Iterator[Site]:
    """A site that bills clients directly."""
    made = Site(tmp_path, billing="service")
    yield made
    made.close()
