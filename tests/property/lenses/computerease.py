"""The lenses of a ComputerEase connection."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors.computerease import PLATFORM
from syncd.mapping.entity_map import EntityMap
from tests.property.by_file import lenses


def maps() -> Mapping[str, EntityMap]:
    return lenses(PLATFORM)
