"""Business Central's lenses: one set for every company."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors.business_central import entities
from syncd.mapping.entity_map import EntityMap


def maps() -> Mapping[str, EntityMap]:
    return entities.maps()
