"""A platform held in memory: the reference implementation of ``ports.Connector``, with fault injection."""

from __future__ import annotations

from weakref import WeakValueDictionary

from syncd.connectors.memory.answers import Refused
from syncd.connectors.memory.connector import Manner, MemoryConnector
from syncd.connectors.memory.faults import Call, Fault, FaultKind, OrderedFaults, SeededFaults
from syncd.connectors.memory.platform import Behaviour, Command, Entry, MemoryPlatform
from syncd.connectors.memory.settings import MemorySettings
from syncd.connectors.memory.shapes import FIELD, LEDGER, SHAPES, Shape, trimmed
from syncd.connectors.registry import Opening, Platform

_held: WeakValueDictionary[str, MemoryPlatform] = WeakValueDictionary()
"""Platforms that connections of this process share, by name; gone with their last connection."""


def _open(opening: Opening) -> MemoryConnector:
    settings = opening.settings
    if not isinstance(settings, MemorySettings):
        raise TypeError(f"MemorySettings expected, {type(settings).__name__} given")
    name = settings.platform or opening.connection
    platform = _held.get(name)
    if platform is None:
        shape = SHAPES[settings.shape]
        behaviour = Behaviour(page_size=settings.page_size)
        platform = MemoryPlatform(shape, opening.clock, behaviour=behaviour, normalise=trimmed(shape))
        _held[name] = platform
    manner = Manner(
        concurrency=opening.concurrency or 4,
        overlap_s=settings.overlap_s,
        settle_s=opening.settle_s if opening.settle_s is not None else 0.0,
        settle_provenance="measured" if opening.settle_s is None else opening.settle_provenance,
    )
    return MemoryConnector(platform, manner)


PLATFORM = Platform(
    name="memory",
    title="Memory (reference platform)",
    entities=("customer", "location", "job", "invoice", "payment"),
    settings=MemorySettings,
    open=_open,
)

__all__ = [
    "FIELD",
    "LEDGER",
    "PLATFORM",
    "SHAPES",
    "Behaviour",
    "Call",
    "Command",
    "Entry",
    "Fault",
    "FaultKind",
    "Manner",
    "MemoryConnector",
    "MemoryPlatform",
    "MemorySettings",
    "OrderedFaults",
    "Refused",
    "SeededFaults",
    "Shape",
    "trimmed",
]
