"""A contract: what one operation of a platform answers, as a file that people review.

The file is JSON Schema 2020-12 in YAML, with the words of ``VOCABULARY`` for what a consumer
needs beyond it. Comments are kept when the tool edits it. It holds shapes, never a customer's
data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from io import StringIO
from pathlib import Path
from typing import Any, Final, Self

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from monitor import paths
from syncd.core.errors import FixInput, Place

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

VOCABULARY: Final[Mapping[str, str]] = {
    "x-platform": "the platform's name",
    "x-operation": "what is asked for; the file's name",
    "x-entity": "the canonical kind of record that the answers hold",
    "x-version": "asked and served: the version we ask for and the one the platform answers with",
    "x-provenance": "where the contract comes from: source, records, learned, of",
    "x-presence": "how often an optional field is there: usually (>= 90 %), sometimes, rarely (< 10 %)",
    "x-known-values": "values seen in a domain that may grow; `enum` is a closed one",
    "x-unit": "currency, cents, percent, fraction, seconds, milliseconds, minutes, hours ...",
    "x-format": "a spelling that JSON Schema's `format` has no word for (see monitor/lexical.py)",
    "x-role": "key, cursor, reference, amount, date, status: why it matters even if no lens reads it",
    "x-required-to-create": "paths that a new record must carry when we write it",
    "x-seen": "records a place was learned from, where they are few: nulls and gaps there prove nothing yet",
}
"""Every word that stands in a contract and is not JSON Schema's own."""

SANDBOX: Final = "sandbox"
LIVE: Final = "live"
SPECIFICATION: Final = "specification"
OVERLAY: Final = "overlay"

GROUNDED_AT: Final = 50
"""Distinct real records before a contract that came from a sandbox may hold anything on drift."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a contract comes from, so that nobody takes a guess for a promise."""

    source: str = LIVE
    """sandbox | live | specification | overlay"""
    records: int = 0
    """Distinct records it was learned from."""
    learned: str = ""
    """The day, ISO."""
    of: str = ""
    """Which account, sandbox or document, in words."""

    @property
    def holds(self) -> bool:
        """Whether drift from it may hold writes: a sandbox's baseline guards lenses only."""
        return self.source != SANDBOX


@dataclass(frozen=True, slots=True)
class Field:
    """One place of a contract, as the comparing and guarding code reads it."""

    path: str
    types: frozenset[str]
    """JSON Schema's type names; empty: anything."""
    required: bool = False
    enum: tuple[Any, ...] | None = None
    """The closed set, where there is one."""
    known_values: tuple[Any, ...] = ()
    format: str = ""
    """``format`` or ``x-format``."""
    unit: str = ""
    role: str = ""
    presence: str = ""
    max_length: int | None = None
    thin: bool = False
    """Learned from few records: that it was always there, and never null, may be chance."""

    @property
    def nullable(self) -> bool:
        return not self.types or "null" in self.types


@dataclass(frozen=True)
class Contract:
    """One operation's contract. Immutable: an edit gives a new one."""

    platform: str
    operation: str
    schema: Mapping[str, Any]
    """JSON Schema of **one record**."""
    entity: str = ""
    provenance: Provenance = Provenance()
    asked_version: str = ""
    served_version: str = ""

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Every place by its path, the record itself under the empty one."""
        found: dict[str, Field] = {}
        _flatten(self.schema, "", True, found)
        return found

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the contract says something else (not when its file's comments do)."""
        return blake2b(
            msgspec.json.encode(_plain(self.schema), order="deterministic"), digest_size=8
        ).hexdigest()

    @cached_property
    def maps(self) -> frozenset[str]:
        """Places that hold dynamic maps."""
        end = "." + paths.ANY
        return frozenset(path[: -len(end)] for path in self.fields if path.endswith(end)) | (
            {""} if paths.ANY in self.fields else frozenset()
        )

    def names(self, path: str) -> bool:
        """Whether the record at ``path`` has fields of its own here (and so is no dynamic map)."""
        return path in self._named

    @cached_property
    def _named(self) -> frozenset[str]:
        return frozenset(
            paths.parent(path)
            for path in self.fields
            if path and paths.leaf(path) not in (paths.ITEMS, paths.ANY)
        )

    def read_only(self, path: str) -> bool:
        """Whether the platform says that it does not take the place from us (``readOnly``)."""
        at: Any = self.schema
        for step in paths.steps(path):
            at = at.get("items", {}) if step == paths.ITEMS else at.get("properties", {}).get(step, {})
            if at.get("readOnly"):
                return True
        return False

    def with_overlay(self, overlay: Contract) -> Contract:
        """This contract as one connection shows it: ``overlay`` adds its own fields and relaxes others."""
        return replace(self, schema=_overlaid(self.schema, overlay.schema))

    # -- the file -------------------------------------------------------------------------------

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read one file. Raises ``FixInput`` with file and line."""
        return cls.parse(file.read_text(encoding="utf-8"), str(file))

    @classmethod
    def parse(cls, text: str, name: str = "contract") -> Self:
        """Read a contract's text; ``name`` is what errors call it. Raises ``FixInput``."""
        try:
            document = yaml().load(text)
        except MarkedYAMLError as wrong:
            line = wrong.problem_mark.line + 1 if wrong.problem_mark else None
            raise FixInput(str(wrong.problem), place=Place(name, line), remedy="mend the YAML") from None
        return cls.of(document, name)

    @classmethod
    def of(cls, document: Any, name: str = "contract") -> Self:
        """A contract from a parsed document. Raises ``FixInput``."""
        if not isinstance(document, Mapping) or "x-platform" not in document or "x-operation" not in document:
            raise FixInput(
                "not a contract: x-platform and x-operation are missing",
                place=Place(name),
                remedy="write one with `syncd contract learn`, or take contracts/README.md as the pattern",
            )
        version = document.get("x-version") or {}
        given = document.get("x-provenance") or {}
        learned = {key: given[key] for key in ("source", "records", "learned", "of") if key in given}
        if "learned" in learned:
            learned["learned"] = str(learned["learned"])
        return cls(
            platform=str(document["x-platform"]),
            operation=str(document["x-operation"]),
            schema=_plain(document),
            entity=str(document.get("x-entity", "")),
            provenance=Provenance(**learned),
            asked_version=str(version.get("asked", "")),
            served_version=str(version.get("served", "")),
        )

    def text(self) -> str:
        """The file's text, without comments of its own."""
        into = StringIO()
        yaml().dump(self.document(), into)
        return into.getvalue()

    def document(self) -> dict[str, Any]:
        """The whole document, heading first."""
        heading: dict[str, Any] = {
            "$schema": DIALECT,
            "$id": f"{self.platform}/{self.operation}",
            "x-platform": self.platform,
            "x-operation": self.operation,
        }
        if self.entity:
            heading["x-entity"] = self.entity
        if self.asked_version or self.served_version:
            heading["x-version"] = {"asked": self.asked_version, "served": self.served_version}
        origin = self.provenance
        heading["x-provenance"] = {
            name: value
            for name, value in (
                ("source", origin.source),
                ("records", origin.records),
                ("learned", origin.learned),
                ("of", origin.of),
            )
            if value
        }
        return heading | {name: value for name, value in self.schema.items() if name not in _HEADING}


_HEADING: Final = frozenset(
    {"$schema", "$id", "x-platform", "x-operation", "x-entity", "x-version", "x-provenance"}
)


def yaml() -> YAML:
    """Reads and writes contracts: comments, quotes and order survive an edit."""
    handler = YAML()
    handler.preserve_quotes = True
    handler.width = 110
    handler.indent(mapping=2, sequence=4, offset=2)
    return handler


def types_of(schema: Mapping[str, Any]) -> frozenset[str]:
    """The type names a schema allows; empty: anything."""
    given = schema.get("type")
    if given is not None:
        return frozenset([given] if isinstance(given, str) else given)
    return frozenset(kind for branch in schema.get("anyOf", ()) for kind in types_of(branch))


def _flatten(schema: Mapping[str, Any], path: str, required: bool, found: dict[str, Field]) -> None:
    branches = [schema, *schema.get("anyOf", ())]
    enum = schema.get("enum")
    found[path] = Field(
        path=path,
        types=types_of(schema),
        required=required,
        enum=tuple(enum) if enum is not None else None,
        known_values=tuple(schema.get("x-known-values", ())),
        format=str(schema.get("format") or schema.get("x-format") or ""),
        unit=str(schema.get("x-unit", "")),
        role=str(schema.get("x-role", "")),
        presence="always" if required else str(schema.get("x-presence", "")),
        max_length=schema.get("maxLength"),
        thin="x-seen" in schema,
    )
    for branch in branches:
        needed = frozenset(branch.get("required", ()))
        for name, inner in branch.get("properties", {}).items():
            _flatten(inner, paths.below(path, name), name in needed, found)
        if isinstance(items := branch.get("items"), Mapping):
            _flatten(items, paths.items(path), False, found)
        if isinstance(values := branch.get("additionalProperties"), Mapping):
            _flatten(values, f"{path}.{paths.ANY}" if path else paths.ANY, False, found)


def _overlaid(schema: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(schema)
    for word, value in over.items():
        if word in _HEADING:
            continue
        if word in ("properties", "items") and isinstance(merged.get(word), Mapping):
            below = merged[word]
            merged[word] = (
                {**below, **{n: _overlaid(below.get(n, {}), inner) for n, inner in value.items()}}
                if word == "properties"
                else _overlaid(below, value)
            )
        else:
            merged[word] = value
    return merged


def _plain(value: Any) -> Any:
    """A parsed document without its comments: plain dicts, lists and scalars."""
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return str(value)
