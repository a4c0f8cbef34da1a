"""Platforms by name. A new platform is a new package here with a ``PLATFORM``, and nothing else; or a
package of another distribution, with an entry point.

The package of ``sage100-contractor`` is ``syncd.connectors.sage100_contractor``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

import syncd.connectors as _packages
from syncd.core.errors import FixInput
from syncd.ports import UNWATCHED, BridgeChannel, Clock, Connector, Tap, Vault
from syncd.ports.allowance import Allowance

if TYPE_CHECKING:
    from syncd.files.desk import ExportDesk


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything a connector is given when a connection is opened."""

    connection: str
    settings: BaseModel
    """An instance of the platform's ``settings`` model."""
    clock: Clock
    vault: Vault
    folder: Path = Path()
    """The site folder: where the paths of secret references start."""
    profile: BaseModel | None = None
    """An instance of the platform's ``profile`` model, where it has one."""
    channel: BridgeChannel | None = None
    """For platforms reached through a bridge."""
    concurrency: int | None = None
    settle_s: float | None = None
    settle_provenance: str = "unknown"
    custom: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """entity -> {name: path in the wire record}: a customer's own fields."""
    tap: Tap = UNWATCHED
    """For the connection's HTTP client; a bridge's channel comes tapped already."""
    allowance: Allowance | None = None
    """Where other processes use the same connection: its limits are theirs, too."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A product we can speak to. Its module exposes one of these as ``PLATFORM``."""

    name: str
    title: str
    entities: tuple[str, ...]
    settings: type[BaseModel]
    open: Callable[[Opening], Connector]
    """Builds the connection; does no I/O (``probe`` does)."""
    profile: type[BaseModel] | None = None
    """The site profile: facts the platform's public documents do not give. Required where present."""
    bridged: bool = False
    """Reached through ``syncd bridge``."""
    offers: Callable[[BaseModel], tuple[str, ...]] | None = None
    """What a connection with these settings has, where that is for its settings to say."""

    exports: Callable[[str, BaseModel, Path], ExportDesk] | None = None
    """For platforms written by file: (connection, its settings, the site folder) -> its batches; no I/O."""

    def entities_of(self, settings: BaseModel) -> tuple[str, ...]:
        """The kinds of record that a connection with these settings has."""
        return self.entities if self.offers is None else self.offers(settings)


OUTSIDE: Final = "syncd.connectors"
"""The entry points' group: a package of another distribution names its ``PLATFORM`` there."""


def names() -> tuple[str, ...]:
    """Every platform that has a package here, or an entry point in another distribution."""
    shipped = {m.name.replace("_", "-") for m in iter_modules(_packages.__path__) if m.ispkg}
    return tuple(sorted(shipped | outside().keys()))


def platform(name: str) -> Platform:
    """The platform of that name. Raises ``FixInput`` with the nearest known name."""
    if name not in names():
        near = get_close_matches(name, names(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names())}"
        raise FixInput(f"unknown platform {name!r}", remedy=hint)
    if name in outside():
        named: Platform = outside()[name].load()
        return named
    module = import_module(f"syncd.connectors.{name.replace('-', '_')}")
    found: Platform = module.PLATFORM
    return found


@lru_cache(maxsize=1)
def outside() -> Mapping[str, EntryPoint]:
    """Platforms of other distributions, by name. Those shipped here come first."""
    shipped = {m.name.replace("_", "-") for m in iter_modules(_packages.__path__) if m.ispkg}
    return {point.name: point for point in entry_points(group=OUTSIDE) if point.name not in shipped}
