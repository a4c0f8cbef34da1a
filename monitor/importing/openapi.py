"""OpenAPI 3 and swagger 2: component schemas by name, and answers by ``GET /path``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.importing.json_schema import parse, resolve


def schemas(published: bytes) -> Mapping[str, Mapping[str, Any]]:
    """Components (or definitions) under their own names, successful answers under ``METHOD /path``."""
    document = parse(published)
    named = document.get("components", {}).get("schemas") or document.get("definitions") or {}
    found = {str(name): resolve(schema, document) for name, schema in named.items()}
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items() if isinstance(methods, Mapping) else ():
            if not isinstance(operation, Mapping):
                continue
            answer = _answer(operation, document)
            if answer:
                found[f"{method.upper()} {path}"] = answer
    return found


def _answer(operation: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The record in a successful answer: of a list, one of its items."""
    for status in ("200", "201", 200, 201, "default"):
        answer = operation.get("responses", {}).get(status)
        if not isinstance(answer, Mapping):
            continue
        content = answer.get("content", {})
        schema = answer.get("schema") or next(
            (media.get("schema") for kind, media in content.items() if "json" in kind), None
        )
        if schema is not None:
            resolved = resolve(schema, document)
            return dict(resolved.get("items", resolved)) if resolved.get("type") == "array" else resolved
    return {}
