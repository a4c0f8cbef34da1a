"""BuildOps' lenses, as the sandbox's profile has them."""

from __future__ import annotations

from collections.abc import Mapping

from syncd.connectors.buildops import entities
from syncd.connectors.buildops.profile import load_profile
from syncd.mapping.entity_map import EntityMap
from syncd.sandbox.buildops.server import OWN_PROFILE


def maps() -> Mapping[str, EntityMap]:
    return entities.maps(load_profile(OWN_PROFILE), "America/New_York")
