"""The JSON Schemas of a site's files, for editors: completion, explanation and checking while typing."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, TypeAdapter

from syncd.config.models import CrosswalkTable, SiteConfig
from syncd.connectors import registry
from syncd.core.errors import FixInput
from syncd.entities import ENTITIES

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_REF: Final = "#/$defs/{model}"


def site_schema() -> dict[str, Any]:
    """Of ``syncd.yaml``; the settings of a connection follow from its platform."""
    schema = SiteConfig.model_json_schema(ref_template=_REF)
    definitions = schema["$defs"]
    connection = definitions["ConnectionConfig"]
    connection["properties"]["platform"]["enum"] = list(registry.names())
    connection["allOf"] = []
    for name in registry.names():
        settings = _settings(registry.platform(name).settings, name, definitions)
        connection["allOf"].append(
            {
                "if": {"properties": {"platform": {"const": name}}, "required": ["platform"]},
                "then": {"properties": {"settings": settings}},
            }
        )
    definitions["LinkConfig"]["properties"]["flows"]["propertyNames"] = {
        # the shipped ones complete while typing; a site's own are whatever it calls them
        "anyOf": [{"enum": list(ENTITIES)}, {"pattern": "^[a-z][a-z0-9_]*$"}]
    }
    return {"$schema": _DIALECT, "title": "syncd.yaml", **schema}


def crosswalks_schema() -> dict[str, Any]:
    """Of a crosswalk file."""
    schema = TypeAdapter(dict[str, CrosswalkTable]).json_schema(ref_template=_REF)
    return {"$schema": _DIALECT, "title": "A link's crosswalk tables", **schema}


def profile_schema(name: str) -> dict[str, Any]:
    """Of the site profile of a platform. Raises ``FixInput`` where it has none."""
    platform = registry.platform(name)
    if platform.profile is None:
        raise FixInput(f"{platform.title} takes no profile")
    return {"$schema": _DIALECT, **platform.profile.model_json_schema(ref_template=_REF)}


def _settings(model: type[BaseModel], platform: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a platform's settings; what it refers to moves to ``definitions`` under a name of
    the platform's own, so that two platforms may use the same words."""
    prefix = platform.replace("-", "_")
    schema = model.model_json_schema(ref_template=f"#/$defs/{prefix}.{{model}}")
    for inner, definition in schema.pop("$defs", {}).items():
        definitions[f"{prefix}.{inner}"] = definition
    return schema
