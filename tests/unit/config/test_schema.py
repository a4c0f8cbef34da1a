"""The JSON Schemas that editors use say what the loader says."""

from __future__ import annotations

import pytest

from syncd.config.models import SiteConfig
from syncd.config.schema import crosswalks_schema, profile_schema, site_schema
from syncd.core.errors import FixInput


def test_every_key_explains_itself() -> None:
    schema = SiteConfig.model_json_schema()
    silent = [
        f"{name}.{key}"
        for name, part in {**schema["$defs"], "": schema}.items()
        for key, found in part.get("properties", {}).items()
        if "description" not in found
    ]
    assert silent == []


def test_a_connections_settings_follow_from_its_platform() -> None:
    schema = site_schema()
    connection = schema["$defs"]["ConnectionConfig"]
    assert {"fieldserv", "ledger"} <= set(connection["properties"]["platform"]["enum"])
    branch = next(b for b in connection["allOf"] if b["if"]["properties"]["platform"]["const"] == "fieldserv")
    settings = branch["then"]["properties"]["settings"]
    assert settings["additionalProperties"] is False
    assert settings["properties"]["base_url"]["description"] == "Address of the API."


def test_every_reference_leads_somewhere() -> None:
    for schema in (site_schema(), crosswalks_schema(), profile_schema("ledger")):
        assert references(schema) <= {f"#/$defs/{name}" for name in schema.get("$defs", {})}


def references(part: object) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*(references(inner) for inner in part.values()))
    if isinstance(part, list):
        return set[str]().union(*(references(inner) for inner in part))
    return set()


def test_a_platform_without_a_profile_has_no_schema_of_one() -> None:
    with pytest.raises(FixInput, match="takes no profile"):
        profile_schema("fieldserv")
