"""Edits of a contract's file: one accepted change at a time, comments kept.

A baseline moves by **the accepted change only**: whatever else differs stays reported.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, Final

from monitor import lexical, paths, units
from monitor.contract import Contract, yaml
from monitor.differences import Difference, Kind
from syncd.core.errors import FixInput, Place


def accept(text: str, difference: Difference, *, values: Sequence[Any] = (), name: str = "contract") -> str:
    """The file's ``text`` with ``difference`` accepted into it.

    ``values``: for a new enum value, the values to add (an event holds only what the field's set
    declares). Raises ``FixInput`` where the file has no such place (any more).
    """
    handler = yaml()
    document = handler.load(text)
    Contract.of(document, name)
    for path in difference.after.get("paths", (difference.path,)):
        if path:
            _accept_at(document, replace(difference, path=path), values, name)
    into = StringIO()
    handler.dump(document, into)
    Contract.parse(into.getvalue(), name)
    return into.getvalue()


def meant(
    kind: str, path: str, before: Mapping[str, Any], after: Mapping[str, Any], renamed_to: str = ""
) -> Difference:
    """The difference that accepting a drift writes down; ``renamed_to``: the likeliest new name, if there is
    one. Raises ``FixInput`` for a kind that no contract holds (a login's)."""
    if kind not in set(Kind):
        raise FixInput(f"no contract holds a {kind.replace('_', ' ')}", remedy="syncd drift ack")
    what = Kind(kind)
    if what in (Kind.FIELD_GONE, Kind.FIELD_RENAMED) and renamed_to:
        return Difference(Kind.FIELD_RENAMED, path, before, {**after, "renamed_to": renamed_to})
    return Difference(what, path, before, after)


def write(file: Path, contract: Contract) -> None:
    """Write a contract. Where the file is there already, its comments and what people wrote in the
    monitor's own words (units, roles, closed sets) stay."""
    handler = yaml()
    fresh = contract.document()
    if file.exists():
        document = handler.load(file.read_text(encoding="utf-8"))
        _laid_over(document, fresh)
        fresh = document
    into = StringIO()
    handler.dump(fresh, into)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(into.getvalue(), encoding="utf-8")


_PEOPLES: Final = frozenset(
    {"x-unit", "x-role", "enum", "x-known-values", "description", "title", "x-required-to-create", "readOnly"}
)


def _laid_over(old: MutableMapping[str, Any], new: Mapping[str, Any]) -> None:
    for word in [word for word in old if word not in new and word not in _PEOPLES]:
        del old[word]
    for word, value in new.items():
        held = old.get(word)
        if isinstance(held, MutableMapping) and isinstance(value, Mapping):
            _laid_over(held, value)
        elif word not in old or (word not in _PEOPLES and held != value):
            old[word] = value


def _accept_at(
    document: MutableMapping[str, Any], difference: Difference, values: Sequence[Any], name: str
) -> None:
    steps = paths.steps(difference.path)
    above = _descend(document, steps[:-1], name)
    leaf = steps[-1]
    match difference.kind:
        case Kind.FIELD_RENAMED if "renamed_to" in difference.after:
            _descend(above, (leaf,), name)
            _rename(document, above, leaf, paths.steps(difference.after["renamed_to"]), name)
        case Kind.FIELD_GONE | Kind.FIELD_RENAMED:
            _forget(above, leaf)
        case Kind.FIELD_NEW:
            shown = {"type": _types(difference.after.get("types", ()))}
            above.setdefault("properties", {})[leaf] = {**shown, "x-presence": "sometimes"}
        case Kind.OPTIONAL:
            _not_required(above, leaf)
            _descend(above, (leaf,), name)["x-presence"] = "usually"
        case _:
            _accept_facet(_descend(above, (leaf,), name), difference, values)


def _accept_facet(place: MutableMapping[str, Any], difference: Difference, values: Sequence[Any]) -> None:
    after = difference.after
    match difference.kind:
        case Kind.NULLABLE:
            place["type"] = _types([*_as_list(place.get("type")), "null"])
        case Kind.TYPE_CHANGED | Kind.TYPE_WIDENED | Kind.SHAPE_CHANGED:
            nullable = ["null"] if "null" in _as_list(place.get("type")) else []
            place["type"] = _types([*after.get("types", ()), *nullable])
            for word in ("format", "x-format"):
                place.pop(word, None)
        case Kind.ENUM_NEW if "enum" in place:
            place["enum"] += [value for value in values if value not in place["enum"]]
        case Kind.FORMAT_CHANGED if "format" in after:
            for word in ("format", "x-format"):
                place.pop(word, None)
            spelled = str(after["format"])
            if spelled != "text":
                place["format" if spelled in lexical.STANDARD_FORMATS else "x-format"] = spelled
        case Kind.SCALE:
            place["x-unit"] = units.times(str(place.get("x-unit", "")), float(after.get("factor", 1.0)))
        case _:
            # a share, a sign, a key: the counts beside the contract are what moves
            return


def _rename(
    document: MutableMapping[str, Any],
    above: MutableMapping[str, Any],
    leaf: str,
    successor: Sequence[str],
    name: str,
) -> None:
    """The new field is what the old one was, with all that people wrote about it."""
    beside = _descend(document, successor[:-1], name)
    beside.setdefault("properties", {})[successor[-1]] = above["properties"][leaf]
    if leaf in above.get("required", ()):
        beside.setdefault("required", []).append(successor[-1])
    _forget(above, leaf)


def _forget(above: MutableMapping[str, Any], leaf: str) -> None:
    _not_required(above, leaf)
    above.get("properties", {}).pop(leaf, None)


def _not_required(above: MutableMapping[str, Any], leaf: str) -> None:
    required = above.get("required")
    if required is not None and leaf in required:
        required.remove(leaf)
        if not required:
            del above["required"]


def _descend(document: MutableMapping[str, Any], steps: Sequence[str], name: str) -> MutableMapping[str, Any]:
    at = document
    for step in steps:
        word = {paths.ITEMS: "items", paths.ANY: "additionalProperties"}.get(step)
        below = at.get(word) if word else at.get("properties", {}).get(step)
        if not isinstance(below, MutableMapping):
            told = paths.join(tuple(steps))
            raise FixInput(
                f"the contract has no place {told!r}",
                place=Place(name),
                remedy="it was edited since the drift was seen: run `syncd contract diff`",
            )
        at = below
    return at


def _as_list(types: Any) -> list[str]:
    return [] if types is None else [types] if isinstance(types, str) else list(types)


def _types(names: Sequence[str]) -> str | list[str]:
    unique = sorted(set(names))
    if "number" in unique and "integer" in unique:
        unique.remove("integer")
    return unique[0] if len(unique) == 1 else unique
