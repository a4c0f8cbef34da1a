"""Lenses as configuration makes them: one entity with a field of every type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from syncd.connectors.rest.connector import lens
from syncd.connectors.rest.settings import EntityAt
from syncd.mapping.entity_map import EntityMap

_EVERY_TYPE: Final[Mapping[str, Mapping[str, Any]]] = {
    "name": {"at": "name", "max_length": 12},
    "customer": {"at": "customer.id", "type": "id"},
    "job": {"at": "job_id", "type": "numeric_id"},
    "total": {"at": "amounts.total", "type": "money"},
    "tax": {"at": "amounts.tax", "type": "money", "as_text": True},
    "quantity": {"at": "quantity", "type": "number"},
    "count": {"at": "count", "type": "integer"},
    "taxable": {"at": "taxable", "type": "flag"},
    "date": {"at": "date", "type": "day"},
    "due_date": {"at": "due", "type": "unix_day", "timezone": "America/Chicago", "as_text": True},
    "status": {"at": "status", "type": "code", "words": {"O": "open", "C": "closed"}},
    "lines": {
        "at": "lines",
        "type": "lines",
        "lines": {"amount": {"at": "amount", "type": "money"}, "item": {"at": "sku"}},
    },
}


def maps() -> Mapping[str, EntityMap]:
    def made(**how: Any) -> EntityMap:
        entity = {"path": "/things", "fields": _EVERY_TYPE, "unique": ["name"], **how}
        return lens("thing", EntityAt.model_validate(entity))

    return {
        "both": made(create={"verb": "POST"}, update={"verb": "PATCH"}),
        "created": made(create={"verb": "POST"}),
        "read": made(),
    }
