"""A tap over the benchmark's listing, as one writes it with singer-sdk: ``python THIS URL FOLDER``."""

# mypy: disable-error-code="import-not-found, misc"
# (an optional extra, and not there where types are checked)

from __future__ import annotations

import sys
from typing import Any

import requests
from singer_sdk import RESTStream, Stream, Tap
from singer_sdk.pagination import BasePageNumberPaginator


class _Pages(BasePageNumberPaginator):
    def has_more(self, response: requests.Response) -> bool:
        return bool(response.json()["pages"] > self.current_value)


class _Invoices(RESTStream[int]):
    name = "invoice"
    path = "/left/invoice"
    url_base = sys.argv[1]
    records_jsonpath = "$.data[*]"
    schema = {"type": "object", "properties": {"id": {"type": "integer"}}, "additionalProperties": True}  # noqa: RUF012

    def get_new_paginator(self) -> _Pages:
        return _Pages(start_value=1)

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:  # noqa: ARG002
        return {"limit": 200, "page": next_page_token or 1}


class _Tap(Tap):
    name = "tap-bench"
    config_jsonschema = {"type": "object", "properties": {}}  # noqa: RUF012

    def discover_streams(self) -> list[Stream]:
        return [_Invoices(tap=self)]


if __name__ == "__main__":
    _Tap().sync_all()
