"""Every platform's lenses, one module a package: ``maps()`` gives them by name. Found by folder, so that a
new platform adds its own file and nothing else; a module may register wire values for atoms of its own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from syncd.connectors.registry import names
from syncd.mapping.entity_map import EntityMap


def by_platform() -> Mapping[str, Mapping[str, EntityMap]]:
    """Platform -> its lenses by name. Raises ``ModuleNotFoundError`` for a platform that has none here."""
    return {name: import_module(f"{__name__}.{name.replace('-', '_')}").maps() for name in names()}
