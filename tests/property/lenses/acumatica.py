"""Acumatica's lenses, as the sandbox's profile has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from syncd.connectors.acumatica import entities
from syncd.connectors.acumatica.profile import load_profile
from syncd.mapping.entity_map import EntityMap
from syncd.sandbox.acumatica.server import OWN_PROFILE
from tests.property.wires import wire_values


def maps() -> Mapping[str, EntityMap]:
    return entities.maps(load_profile(OWN_PROFILE))


@wire_values.register
def _(atom: entities.HoursAndMinutes) -> st.SearchStrategy[Any]:
    return st.integers(0, 6000).map(lambda minutes: f"{minutes // 60:02d}:{minutes % 60:02d}")


@wire_values.register
def _(atom: entities.Category) -> st.SearchStrategy[Any]:
    return st.sampled_from(list(atom.taxable))
