"""The lenses of a Sage 300 CRE connection."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors.sage300_cre import PLATFORM
from syncd.mapping.entity_map import EntityMap
from tests.property.by_file import lenses


def maps() -> Mapping[str, EntityMap]:
    return lenses(PLATFORM)
