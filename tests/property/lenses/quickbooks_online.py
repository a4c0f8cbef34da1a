"""QuickBooks Online's lenses: one set for every company."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors.quickbooks_online import entities
from syncd.mapping.entity_map import EntityMap


def maps() -> Mapping[str, EntityMap]:
    return entities.maps()
