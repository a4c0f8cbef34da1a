"""Rhumbix' lenses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from syncd.connectors.rhumbix import entities
from syncd.connectors.rhumbix.entities import Hours
from syncd.mapping.entity_map import EntityMap
from tests.property.wires import wire_values


@wire_values.register
def _(_atom: Hours) -> st.SearchStrategy[Any]:
    return st.integers(0, 24 * 60)


def maps() -> Mapping[str, EntityMap]:
    return entities.maps()
