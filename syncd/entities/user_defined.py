"""Kinds of record that a site defines for itself, in configuration, beside the shipped ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import create_model

from syncd.core.policy import Kind, Mode
from syncd.entities import ENTITIES
from syncd.entities.entity import LOCAL, Crosses, Entity

ValueType = Literal["text", "money", "number", "integer", "flag", "day", "time"]
_TYPES: Final[Mapping[str, Any]] = {
    "text": str,
    "money": Decimal,
    "number": Decimal | int,
    "integer": int,
    "flag": bool,
    "day": dt.date,
    "time": dt.datetime,
}
SHIPPED: Final = frozenset(ENTITIES)


@dataclass(frozen=True, slots=True)
class Defined:
    """One field of a site's own kind of record."""

    type: ValueType = "text"
    reference: str = ""
    """The kind of record whose key it holds."""
    crosswalk: str = ""
    """The table through which its codes cross."""
    normaliser: str = "exact"
    group: str = ""
    required: bool = False
    local: bool = False
    """It belongs to its side and is never compared."""

    def crosses(self) -> Crosses:
        kind = Kind.REFERENCE if self.reference else Kind.CROSSWALK if self.crosswalk else Kind.PLAIN
        target = self.reference or self.crosswalk
        return Crosses(kind, target, self.normaliser, self.group, self.required)


def defined(
    name: str,
    fields: Mapping[str, Defined],
    match: Sequence[Sequence[str]],
    label: Sequence[str],
    mode: Mode = Mode.OBSERVE,
    *,
    posts: bool = False,
) -> type[Entity]:
    """The kind of record as the shipped ones are: a model whose fields say how they cross."""
    parts: dict[str, Any] = {}
    for field, one in fields.items():
        held = _TYPES["text"] if one.reference or one.crosswalk else _TYPES[one.type]
        # bound by a call: a bare subscription would be read as an annotation of this function's own
        parts[field] = (_annotated(held | None, _how(one)), None)
    kind = create_model(name, __base__=Entity, __module__=__name__, **parts)
    kind.entity, kind.mode, kind.posts = name, mode, posts
    kind.match, kind.label = tuple(tuple(names) for names in match), tuple(label)
    return kind


def use(kinds: Iterable[type[Entity]]) -> None:
    """From now on these are the site's own kinds of record, and no others. One site a process."""
    for name in ENTITIES.keys() - SHIPPED:
        del ENTITIES[name]
    ENTITIES.update({kind.entity: kind for kind in kinds})


def _annotated(held: Any, how: Any) -> Any:
    return Annotated[held, how]


def _how(field: Defined) -> Any:
    return LOCAL if field.local else field.crosses()
