"""The memory platform's lenses, of every shape it takes."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors import memory
from syncd.mapping.entity_map import EntityMap


def maps() -> Mapping[str, EntityMap]:
    return {
        f"{shape.name}-{entity}": lens
        for shape in memory.SHAPES.values()
        for entity, lens in shape.maps.items()
    }
