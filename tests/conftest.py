"""What every test may rely on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import structlog

if TYPE_CHECKING:
    from tests.postgres import Postgres


@pytest.fixture(autouse=True)
def _log_as_at_the_start() -> Iterator[None]:
    """A command configures its process's log; the next test must not inherit that."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this run's own."""
    from tests.postgres import Postgres  # noqa: PLC0415 - most runs need none

    with Postgres.begin() as server:
        yield server


@pytest.fixture(scope="session")
def _postgres_state(postgres: Postgres) -> str:
    return postgres.set_up()


@pytest.fixture
def postgres_url(_postgres_state: str) -> Iterator[str]:
    """The address of a state on PostgreSQL that was just set up."""
    from tests.postgres import wipe  # noqa: PLC0415 - as above

    yield _postgres_state
    wipe(_postgres_state)
