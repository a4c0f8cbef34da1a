"""Where answers become records: the list inside an envelope, each record's own bytes, its key. Pure.

Records keep the platform's bytes, so that unchanged ones are recognised without being parsed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from syncd.core.errors import UnreadableAnswer


class Row(NamedTuple):
    """One listed record. ``modified``: ticks of the resource's stamp, where the platform says."""

    key: str
    raw: bytes
    modified: int | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list, and what it says of those that follow."""

    rows: Sequence[Row]
    places: int = -1
    """Records that the page held, also those that are none of ours; -1: as many as ``rows``."""
    following: str | None = None
    """Where the platform says the next page is: a token or an address."""
    pages: int | None = None
    """How many pages there are in all."""
    total: int | None = None
    """How many records there are in all."""
    more: bool | None = None
    """Whether the platform says that more follow."""
    complete: bool = True
    """False: the platform says that it left something out."""

    @property
    def held(self) -> int:
        return len(self.rows) if self.places < 0 else self.places


_record: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list: Final = msgspec.json.Decoder(list[msgspec.Raw])


def below(raw: bytes | msgspec.Raw, path: str) -> bytes | None:
    """The bytes at ``path`` (dots descend; empty: all of it); None where nothing stands there.

    Raises ``msgspec.MsgspecError`` where a step is no record.
    """
    at = raw if isinstance(raw, msgspec.Raw) else msgspec.Raw(raw)
    for step in _steps(path):
        found = _record.decode(at).get(step)
        if found is None:
            return None
        at = found
    return bytes(at)


def value_at(raw: bytes, path: str) -> Any:
    """The value at ``path``, decoded; None where nothing stands there. Raises ``msgspec.MsgspecError``."""
    found = below(raw, path)
    return None if found is None else msgspec.json.decode(found)


def at(wire: Any, path: str) -> Any:
    """The value at ``path`` of a decoded record; None where nothing stands there."""
    for step in _steps(path):
        wire = wire.get(step) if isinstance(wire, Mapping) else None
    return wire


def listed_records(body: bytes, path: str) -> Sequence[bytes]:
    """The records of the list at ``path``. Raises ``UnreadableAnswer`` where there is no list."""
    try:
        found = below(body, path)
        if found is not None:
            return [bytes(raw) for raw in _list.decode(found)]
    except msgspec.MsgspecError:
        pass
    where = f"at {path!r}" if path else "as its body"
    raise UnreadableAnswer(
        f"the answer holds no list {where}", remedy="look at the drift report of this connection"
    )


@lru_cache(maxsize=256)
def head_reader(*paths: str) -> Callable[[bytes], tuple[Any, ...]]:
    """A function that reads the values at ``paths`` of a record and leaves the rest alone: faster than
    parsing it. A path that the record lacks reads as None. It raises ``msgspec.MsgspecError``."""
    steps = [_steps(path) for path in paths]
    decoder = msgspec.json.Decoder(_struct([way for way in steps if way]))

    def read(raw: bytes) -> tuple[Any, ...]:
        head = decoder.decode(raw)
        return tuple(_climbed(head, way) for way in steps)

    return read


def _struct(ways: Sequence[Sequence[str]]) -> type[msgspec.Struct]:
    """A struct with one field for each first step of ``ways``, nested as they are."""
    branches: dict[str, list[Sequence[str]]] = {}
    for first, *deeper in ways:
        branches.setdefault(first, []).extend([deeper] if deeper else [])
    fields: list[tuple[str, Any, Any]] = []
    for name, deeper_ways in branches.items():
        kind: Any = (_struct(deeper_ways) | None) if deeper_ways else Any
        fields.append((_attribute(name), kind, msgspec.field(default=None, name=name)))
    return msgspec.defstruct("Head", fields)


def _climbed(head: Any, way: Sequence[str]) -> Any:
    if not way:
        return None
    for step in way:
        head = getattr(head, _attribute(step), None)
    return head


def _attribute(step: str) -> str:
    return "f_" + "".join(c if c.isalnum() else f"_{ord(c)}_" for c in step)


def _steps(path: str) -> list[str]:
    """``audit.lastUpdated`` -> two steps. A name that itself holds dots (``@odata.etag``) is one."""
    if not path:
        return []
    if path.startswith("@"):
        return [path]
    return path.split(".")
