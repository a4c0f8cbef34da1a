"""How records look on the wire, by contract version: wrappers, options, details, the endpoint's swagger."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from syncd.sandbox.acumatica.kinds import KINDS, details_of


def plain(wire: Any) -> Any:
    """What a body says, without its wrappers."""
    if isinstance(wire, list):
        return [plain(entry) for entry in wire]
    if not isinstance(wire, Mapping):
        return wire
    if set(wire) <= {"value", "type"}:
        value = wire.get("value")
        return value.get("id", value) if isinstance(value, Mapping) else value
    return {name: plain(below) for name, below in wire.items()}


def shown(
    name: str, ident: str, fields: Mapping[str, Any], expand: set[str], contract: int
) -> dict[str, Any]:
    """A record as it is answered: linked parts only where they are expanded, ids of details for this
    session only, a field without a value as an empty wrapper."""
    kind, details = KINDS[name], details_of(name)
    wire: dict[str, Any] = {"id": ident, "rowNumber": 1, "note": {"value": ""}}
    for field in (*kind.fields, "LastModifiedDateTime"):
        wire[field] = _value(fields.get(field), option=contract == 5 and field in kind.options)
    for path, parts in (kind.nested or {}).items():
        if path in expand:
            _place(wire, path, fields, parts)
    if details and details in expand:
        wire[details] = [
            _line(kind.details, at, line) for at, line in enumerate(fields.get(details) or [], 1)
        ]
    elif details:
        wire[details] = []
    return {**wire, "custom": {}, "_links": {"self": f"/entity/Default/{name}/{ident}"}}


def _place(wire: dict[str, Any], path: str, fields: Mapping[str, Any], parts: tuple[str, ...]) -> None:
    at, source = wire, fields
    for step in path.split("/"):
        source = source.get(step) or {}
        at = at.setdefault(step, {"id": str(uuid.uuid4())})
    for part in parts:
        at[part] = _value(source.get(part))


def _line(names: tuple[str, ...], at: int, line: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: _value(line.get(name)) for name in names}
    return {"id": str(uuid.uuid4()), "rowNumber": at, **known, "custom": {}}


def _value(value: Any, *, option: bool = False) -> dict[str, Any]:
    if value is None:
        return {}
    return {"value": {"id": value, "description": value} if option else value}


def with_errors(body: Mapping[str, Any], wrong: Mapping[str, str]) -> dict[str, Any]:
    """The posted record echoed, with the refusal beside each bad field."""
    echoed = dict(body)
    for field, words in wrong.items():
        given = echoed.get(field)
        echoed[field] = {**(given if isinstance(given, Mapping) else {}), "error": words}
    return echoed


def swagger(version: str, contract: int) -> dict[str, Any]:
    """The endpoint's own description: OpenAPI 3, one schema an entity, put together with ``allOf``."""
    schemas: dict[str, Any] = {}
    for name, kind in KINDS.items():
        fields = [*kind.fields, "LastModifiedDateTime", *(n for n in (kind.nested or {}) if "/" not in n)]
        fields += [details_of(name)] if kind.details else []
        types = {
            field: "StringSingleSelectValue" if contract == 5 and field in kind.options else "StringValue"
            for field in fields
        }
        properties = {field: {"$ref": f"#/components/schemas/{kind_}"} for field, kind_ in types.items()}
        entity = {"$ref": "#/components/schemas/Entity"}
        schemas[name] = {"allOf": [entity, {"type": "object", "properties": properties}]}
    schemas["Entity"] = {"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}}
    return {
        "openapi": "3.0.1",
        "info": {"title": "Default", "version": version},
        "paths": {f"/{name}": {} for name in KINDS},
        "components": {"schemas": schemas},
    }
