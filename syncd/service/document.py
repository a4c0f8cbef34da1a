"""The OpenAPI document of the control API, made from the declarations that the routes are made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp import web
from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from syncd import __version__
from syncd.api.endpoint import PREFIX, Endpoint, Form
from syncd.api.endpoints import ENDPOINTS
from syncd.api.errors import KINDS, Problem
from syncd.api.requests import Asked
from syncd.api.scopes import Scope
from syncd.service.access import Route

PATH: Final = f"{PREFIX}openapi.json"
_REF: Final = "#/components/schemas/{model}"
_NOT_OURS: Final = {401: "The token is not known.", 403: "The token lacks the scope.", 429: "Slow down."}

Call = Endpoint[Asked, object]
Schemas = Mapping[str, Any]


def document(calls: Iterable[Call] = ENDPOINTS) -> dict[str, Any]:
    """OpenAPI 3.1. Pure."""
    every = tuple(calls)
    inputs: list[tuple[str, JsonSchemaMode, TypeAdapter[Any]]] = [
        (f"{call.name}.asked", "validation", TypeAdapter(call.asked)) for call in every
    ]
    inputs += [(f"{call.name}.answer", "serialization", call.answer) for call in every]
    inputs.append(("problem", "serialization", TypeAdapter(Problem)))
    schemas, found = TypeAdapter.json_schemas(inputs, ref_template=_REF, schema_generator=GenerateJsonSchema)
    named = {key: schema for (key, _mode), schema in schemas.items()}
    definitions = found.get("$defs", {})
    paths: dict[str, dict[str, Any]] = {}
    for call in every:
        paths.setdefault(PREFIX + call.path, {})[call.method.lower()] = _operation(call, named, definitions)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "syncd control API",
            "version": __version__,
            "description": "Everything a person may see and do. Errors are of one form, `Problem`.",
        },
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(call: Call, named: Schemas, definitions: Schemas) -> dict[str, Any]:
    asked = _resolved(named[f"{call.name}.asked"], definitions)
    operation: dict[str, Any] = {
        "operationId": call.name,
        "summary": call.summary,
        "description": f"Needs the scope `{call.scope.value}`.",
        "x-scope": call.scope.value,
        "responses": {
            "200": {
                "description": "Done." if call.acts else "As it is.",
                "content": {call.form.value: {"schema": _answer_schema(call, named)}},
            },
            **{str(status): _refusal(text) for status, text in _refusals().items()},
        },
    }
    if call.method == "GET":
        operation["parameters"] = [
            {
                "name": name,
                "in": "query",
                "required": name in asked.get("required", ()),
                "schema": _in_a_query(schema),
            }
            for name, schema in asked.get("properties", {}).items()
        ]
    else:
        operation["requestBody"] = {
            "required": bool(asked.get("required")),
            "content": {"application/json": {"schema": named[f"{call.name}.asked"]}},
        }
    return operation


def _in_a_query(schema: Any) -> Any:
    """The same without ``null``: a query is all text, and what is not asked for is left out of it."""
    others = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(others) != 1:
        return schema
    return {name: said for name, said in schema.items() if name not in ("anyOf", "default")} | others[0]


def _answer_schema(call: Call, named: Schemas) -> Any:
    # a stream's schema is that of one of its documents, which a reader of whole bodies cannot apply
    return named[f"{call.name}.answer"] if call.form is Form.DOCUMENT else {"type": "string"}


def _refusals() -> dict[int, str]:
    ours = {kind.status: kind.raises.__doc__ or "" for kind in KINDS.values()}
    return {status: text.split("\n")[0] for status, text in (ours | _NOT_OURS).items()}


def _refusal(text: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model="Problem")}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _resolved(schema: Any, definitions: Schemas) -> Any:
    while "$ref" in schema:
        schema = definitions[schema["$ref"].rsplit("/", 1)[1]]
    return schema


def routes(calls: Iterable[Call]) -> tuple[Route, ...]:
    """The document, served to whoever may look."""
    served = document(calls)

    async def show(_request: web.Request) -> web.StreamResponse:
        return web.json_response(served)

    return (Route("GET", PATH, Scope.READ, show),)
