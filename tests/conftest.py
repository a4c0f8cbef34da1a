"""What every test may rely on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _log_as_at_the_start() -> Iterator[None]:
    """A command configures its process's log; the next test must not inherit that."""
    yield
    structlog.reset_defaults()
