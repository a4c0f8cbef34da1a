"""A declarative source over the benchmark's listing, with airbyte-cdk: ``python THIS URL FOLDER``."""

# mypy: disable-error-code="import-not-found, misc"
# (an optional extra, and not there where types are checked)

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airbyte_cdk.entrypoint import launch
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource

_SCHEMA: dict[str, Any] = {"type": "object", "properties": {"id": {"type": "integer"}}}


def _parameter(name: str) -> dict[str, Any]:
    return {"type": "RequestOption", "inject_into": "request_parameter", "field_name": name}


def manifest(base_url: str) -> dict[str, Any]:
    """One stream of pages of 200."""
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["invoice"]},
        "spec": {
            "type": "Spec",
            "connection_specification": {"type": "object", "properties": {}},
        },
        "streams": [
            {
                "type": "DeclarativeStream",
                "name": "invoice",
                "primary_key": ["id"],
                "schema_loader": {"type": "InlineSchemaLoader", "schema": _SCHEMA},
                "retriever": {
                    "type": "SimpleRetriever",
                    "requester": {
                        "type": "HttpRequester",
                        "url_base": base_url,
                        "path": "/left/invoice",
                        "http_method": "GET",
                    },
                    "record_selector": {
                        "type": "RecordSelector",
                        "extractor": {"type": "DpathExtractor", "field_path": ["data"]},
                    },
                    "paginator": {
                        "type": "DefaultPaginator",
                        "page_token_option": _parameter("page"),
                        "page_size_option": _parameter("limit"),
                        "pagination_strategy": {
                            "type": "PageIncrement",
                            "page_size": 200,
                            "start_from_page": 1,
                            "inject_on_first_request": True,
                        },
                    },
                },
            }
        ],
    }


def main(base_url: str, folder: Path) -> None:
    """Read everything, to stdout."""
    stream = {"name": "invoice", "json_schema": _SCHEMA, "supported_sync_modes": ["full_refresh"]}
    configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
    catalog, config = folder / "catalog.json", folder / "config.json"
    catalog.write_text(json.dumps({"streams": [configured]}))
    config.write_text("{}")
    source = ConcurrentDeclarativeSource(None, {}, None, source_config=manifest(base_url))
    launch(source, ["read", "--config", str(config), "--catalog", str(catalog)])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
