"""Rhumbix' lenses."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors.rhumbix import entities
from syncd.mapping.entity_map import EntityMap


def maps() -> Mapping[str, EntityMap]:
    return entities.maps()
