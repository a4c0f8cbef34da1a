"""JSON Schema (the words all drafts share) into the contract's dialect: references resolved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from ruamel.yaml.error import YAMLError

from monitor.contract import yaml
from syncd.core.errors import FixInput

DEPTH_MAX: Final = 12
"""References inside references; a record that holds its own kind is cut off here."""

_KEPT: Final = ("enum", "format", "maxLength", "readOnly", "writeOnly", "deprecated", "const")


def schemas(published: bytes) -> Mapping[str, Mapping[str, Any]]:
    """The document's own schema as ``root``, and everything under ``$defs`` or ``definitions``."""
    document = parse(published)
    found = {"root": resolve(document, document)}
    for words in ("$defs", "definitions"):
        for name, schema in document.get(words, {}).items():
            found[name] = resolve(schema, document)
    return found


def parse(published: bytes) -> dict[str, Any]:
    """A JSON or YAML document. Raises ``FixInput``."""
    try:
        document = orjson.loads(published)
    except orjson.JSONDecodeError:
        try:
            handler = yaml()
            handler.allow_duplicate_keys = True
            document = handler.load(published.decode("utf-8", "replace"))
        except YAMLError as wrong:
            raise FixInput(f"neither JSON nor YAML: {type(wrong).__name__}") from None
    if not isinstance(document, Mapping):
        raise FixInput("the document holds no object at its top")
    return dict(document)


def resolve(schema: Any, document: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """``schema`` in the contract's dialect. What is open or too deep stays open."""
    if not isinstance(schema, Mapping) or depth > DEPTH_MAX:
        return {}
    schema = _merged(_followed(schema, document), document, depth)
    found: dict[str, Any] = {}
    types = _types(schema)
    if types:
        found["type"] = types[0] if len(types) == 1 else types
    found |= {word: schema[word] for word in _KEPT if word in schema}
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if "required" in schema:
        found["required"] = list(schema["required"])
    if isinstance(schema.get("properties"), Mapping):
        found["properties"] = {
            str(name): resolve(inner, document, depth + 1) for name, inner in schema["properties"].items()
        }
    if isinstance(schema.get("items"), Mapping):
        found["items"] = resolve(schema["items"], document, depth + 1)
    if isinstance(schema.get("additionalProperties"), Mapping) and schema["additionalProperties"]:
        found["additionalProperties"] = resolve(schema["additionalProperties"], document, depth + 1)
    return found


def _followed(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    followed = 0
    while "$ref" in schema and followed < DEPTH_MAX:
        followed += 1
        at: Any = document
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            at = at.get(step.replace("~1", "/").replace("~0", "~"), {}) if isinstance(at, Mapping) else {}
        beside = {word: value for word, value in schema.items() if word != "$ref"}
        schema = {**at, **beside} if isinstance(at, Mapping) else beside
    return schema


def _merged(schema: Mapping[str, Any], document: Mapping[str, Any], depth: int) -> dict[str, Any]:
    """``allOf`` all together; ``oneOf`` and ``anyOf`` as what any of them may show."""
    merged = dict(schema)
    for part in schema.get("allOf", ()):
        below = _merged(_followed(part, document), document, depth + 1) if depth < DEPTH_MAX else {}
        merged["properties"] = {**below.get("properties", {}), **merged.get("properties", {})}
        merged["required"] = [*below.get("required", ()), *merged.get("required", ())]
        for word in ("type", "items", "enum", "format", "additionalProperties", "nullable"):
            if word in below:
                merged.setdefault(word, below[word])
    branches = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    if branches and depth < DEPTH_MAX:
        _join(merged, [_merged(_followed(branch, document), document, depth + 1) for branch in branches])
    if not merged.get("properties"):
        merged.pop("properties", None)
    if not merged.get("required"):
        merged.pop("required", None)
    return merged


def _join(merged: dict[str, Any], branches: list[dict[str, Any]]) -> None:
    types = [kind for branch in branches for kind in _types(branch)]
    merged["type"] = list(dict.fromkeys([*_types(merged), *types]))
    for branch in branches:
        merged["properties"] = {**branch.get("properties", {}), **merged.get("properties", {})}
        if "items" in branch:
            merged.setdefault("items", branch["items"])


def _types(schema: Mapping[str, Any]) -> list[str]:
    given = schema.get("type")
    types = [] if given is None else [given] if isinstance(given, str) else [str(kind) for kind in given]
    if not types and "properties" in schema:
        types = ["object"]
    if not types and "items" in schema:
        types = ["array"]
    if types and (schema.get("nullable") or schema.get("x-nullable")) and "null" not in types:
        types.append("null")
    return types
