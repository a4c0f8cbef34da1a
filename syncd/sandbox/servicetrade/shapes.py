"""How records and refusals look on the wire: embedded stubs, the two layouts of a job, envelopes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import orjson
from aiohttp import web

from syncd.sandbox.servicetrade.world import REFERENCES, Kind, Row, World

APP: Final = "https://app.servicetrade.com/api"
"""Uris inside answers name the ``app.`` host, whichever host was asked (seen in public code)."""

_STUBS: Final = {
    Kind.COMPANY: ("name", "status"),
    Kind.LOCATION: ("name",),
    Kind.JOB: ("name", "number"),
    Kind.CONTRACT: ("name",),
}
_SIBLINGS: Final = {Kind.COMPANY: "companies", Kind.LOCATION: "locations"}


def uri(kind: Kind, ident: int) -> str:
    return f"{APP}/{kind}/{ident}"


def encode(value: Any) -> bytes:
    """JSON bytes; a Decimal is written as a number, as the platform does."""
    return orjson.dumps(value, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)


def record(world: World, row: Row) -> dict[str, Any]:
    """The flat layout: references embedded as stubs."""
    shown = _bare(row)
    for name, kind in REFERENCES.get(row.kind, {}).items():
        if isinstance(ident := shown.get(name), int):
            shown[name] = _stub(world, kind, ident)
    return world.ways.shown(shown) if row.kind is Kind.INVOICE else shown


def fragment(world: World, row: Row) -> orjson.Fragment:
    """``record`` as JSON bytes, rendered once until it or a stub changes."""
    if row.rendered is None or row.rendered[0] != world.stubs:
        row.rendered = (world.stubs, encode(record(world, row)))
    return orjson.Fragment(row.rendered[1])


def compound(world: World, row: Row) -> dict[str, Any]:
    """The layout seen on other accounts: only ids in the record, the others in sibling arrays."""
    siblings: dict[str, list[dict[str, Any]]] = {
        "locations": [],
        "companies": [],
        "contacts": [],
        "users": [],
        "serviceRequests": [],
    }
    for name, kind in REFERENCES[row.kind].items():
        other = world.get(kind, row.fields[name]) if row.fields.get(name) else None
        if other is not None and kind in _SIBLINGS:
            siblings[_SIBLINGS[kind]].append(_bare(other))
    return {str(row.kind): _bare(row), **siblings}


def _bare(row: Row) -> dict[str, Any]:
    return {
        "id": row.id,
        "uri": uri(row.kind, row.id),
        **row.fields,
        "created": row.created,
        "updated": row.updated,
    }


def _stub(world: World, kind: Kind, ident: int) -> dict[str, Any]:
    other = world.get(kind, ident)
    known = {} if other is None else {name: other.fields[name] for name in _STUBS[kind]}
    return {"id": ident, "uri": uri(kind, ident), **known}


def answer(data: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=encode({"data": data}), content_type="application/json")


class Refusal(Exception):
    """The platform refuses a request. The status picks one of the three envelopes seen."""

    def __init__(self, status: int, words: str, *, field: str = "") -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.field = field

    def response(self) -> web.Response:
        """400 and 409: lists by kind; 401 and 403: a bare text; everything else: a plain list."""
        messages: Any
        if self.status in (400, 409):
            validation = bool(self.field)
            messages = {
                "error": [] if validation else [self.words],
                "validation": [self.words] if validation else [],
            }
        elif self.status in (401, 403):
            messages = {"error": self.words}
        else:
            messages = [self.words]
        body = encode({"messages": messages, "data": None})
        return web.Response(status=self.status, body=body, content_type="application/json")
