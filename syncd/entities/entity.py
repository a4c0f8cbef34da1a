"""What every canonical entity is: a typed record whose fields say how they cross between sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from syncd.core.errors import RefuseRecord
from syncd.core.model import Record
from syncd.core.policy import FieldPolicy, Kind, Mode

CUSTOM = "custom."
"""Prefix of a customer's own fields; they are text and belong to no shipped entity."""


@dataclass(frozen=True, slots=True)
class Crosses:
    """How a field crosses from one side to the other; put it in a field's ``Annotated``."""

    kind: Kind = Kind.PLAIN
    target: str = ""
    normaliser: str = "exact"
    group: str = ""
    required: bool = False
    key: str = ""
    """For lines: the field by which a line is known on both sides, where both keep it."""


ADDRESS = Crosses(group="address", normaliser="text")
"""For each part of an address: they merge as one value."""

LOCAL = "local"
"""In a field's ``Annotated``: the field belongs to its side (a workflow status) and is never compared."""


class Part(BaseModel):
    """A typed piece of a record: the record itself, or one line of it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Entity(Part):
    """Base of the canonical entities. Every field may be ABSENT: a platform need not have it."""

    entity: ClassVar[str]
    match: ClassVar[tuple[tuple[str, ...], ...]]
    """Natural keys in order of trust, as tuples of field names; ``name~40``: its first 40 normalised
    characters, for sides that cut it."""
    label: ClassVar[tuple[str, ...]]
    """Fields a person recognises the record by, best first."""
    mode: ClassVar[Mode] = Mode.OBSERVE
    """What a flow does where its file is silent: left is the field side, right the ledger."""
    posts: ClassVar[bool] = False
    """A document that is posted: created once, never edited on the other side, unless a flow says so."""

    @classmethod
    def policies(cls) -> tuple[FieldPolicy, ...]:
        """The shared fields with their defaults; a flow's configuration overrides rules, not kinds."""
        return _policies(cls)

    @classmethod
    def references(cls) -> frozenset[str]:
        """The entities this one refers to (its parents)."""
        fields = [part for p in cls.policies() for part in (p, *p.lines)]
        return frozenset(p.target for p in fields if p.kind is Kind.REFERENCE)

    @classmethod
    def guard(cls, record: Record) -> None:
        """Check the types of a record that is being decided. Raises ``RefuseRecord``.

        Run on changed records only: on every record read it would cost more than reading it.
        """
        shipped = {name: value for name, value in record.items() if not name.startswith(CUSTOM)}
        try:
            cls.model_validate(shipped)
        except ValidationError as wrong:
            first = wrong.errors(include_input=False, include_url=False)[0]
            field = ".".join(str(step) for step in first["loc"])
            raise RefuseRecord(
                f"{cls.entity}.{field}: {first['msg']}",
                code="validation",
                field=field,
                remedy="mend the record at its source",
            ) from None


def _policies(part: type[Part]) -> tuple[FieldPolicy, ...]:
    return tuple(
        _policy(name, info) for name, info in part.model_fields.items() if LOCAL not in info.metadata
    )


def _policy(name: str, info: FieldInfo) -> FieldPolicy:
    crosses = next((m for m in info.metadata if isinstance(m, Crosses)), Crosses())
    return FieldPolicy(
        name=name,
        kind=crosses.kind,
        target=crosses.target,
        normaliser=crosses.normaliser,
        group=crosses.group,
        required=crosses.required,
        key=crosses.key,
        lines=_policies(_line_type(info.annotation)) if crosses.kind is Kind.LINES else (),
    )


def _line_type(annotation: object) -> type[Part]:
    """``tuple[Line, ...]`` -> ``Line``."""
    if get_origin(annotation) is tuple:
        line = get_args(annotation)[0]
        if isinstance(line, type) and issubclass(line, Part):
            return line
    raise TypeError(f"{annotation} does not hold lines")
