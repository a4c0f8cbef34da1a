"""ComputerEase against the suite: what a ledger that is written by file can be asked."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from tests.conformance.by_file import ENTITIES, FileHarness
from tests.conformance.connector_suite import ConnectorSuite


class TestComputerEase(ConnectorSuite):
    package: ClassVar[str] = "syncd.connectors.computerease"
    entities: ClassVar[tuple[str, ...]] = ENTITIES
    main: ClassVar[str] = "customer"

    @pytest.fixture
    def harness(self, tmp_path: Path) -> FileHarness:
        return FileHarness(tmp_path, "computerease")
