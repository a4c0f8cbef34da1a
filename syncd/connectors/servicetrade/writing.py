"""From a write request to one HTTP call, and from its answer to an outcome. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from syncd.connectors.servicetrade import edge
from syncd.connectors.servicetrade.profile import ServiceTradeProfile
from syncd.core.errors import FixInput, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Unknown
from syncd.http import Answer
from syncd.http.outcomes import error_class
from syncd.ports import WriteRequest
from syncd.rest import Call, Resource
from syncd.rest.dialect import holds

ACTIONS: Final = ("set_status", "set_external_id", "comment")
"""What can be done to an invoice once the other side has answered."""

_ADDRESS: Final = ("street", "city", "state", "postalCode")


def needs_current(request: WriteRequest) -> bool:
    """Whether the record must be read before this can be sent: an address is written whole."""
    return request.operation is Operation.UPDATE and "address" in request.body and request.expected is None


def call(
    request: WriteRequest, resource: Resource, profile: ServiceTradeProfile, current: bytes | None
) -> Call:
    """What to send. ``current``: the record as it stands, where there is one. Raises ``FixInput`` for an
    action that this platform does not have."""
    path = f"{resource.path}/{request.key}"
    match request.operation:
        case Operation.CREATE:
            return Call("POST", resource.path, _create(request, resource, profile))
        case Operation.UPDATE:
            return Call("PUT", path, _whole(request.body, current))
        case Operation.DELETE:
            return Call("DELETE", path)
    match request.action:
        case "set_status":
            return Call("PUT", path, {"status": request.argument})
        case "set_external_id":
            ids = profile.external_ids
            return Call("PUT", path, {ids.field: {ids.system: request.argument}})
        case "comment":
            return Call("POST", profile.comments.path, _comment(request, profile))
    raise FixInput(f"servicetrade has no action {request.action!r}", remedy=f"it has: {', '.join(ACTIONS)}")


def outcome(request: WriteRequest, answer: Answer) -> Outcome:
    """What the answer says became of it."""
    if answer.ok:
        if request.operation is not Operation.CREATE:
            return _done(request, answer)
        try:
            return Confirmed(edge.identity(answer))
        except UnreadableAnswer as unreadable:
            return Unknown(ErrorClass.PARSE, unreadable.message)
    if answer.status == 404 and request.operation is Operation.DELETE:
        return Confirmed(request.key or "")
    return Rejected(error_class(answer.status), edge.words(answer))


def _done(request: WriteRequest, answer: Answer) -> Outcome:
    """Carried out, if what came is an answer at all: a page of HTML has status 200 too."""
    if request.operation is not Operation.DELETE:
        try:
            answer.json()
        except UnreadableAnswer as unreadable:
            return Unknown(ErrorClass.PARSE, unreadable.message)
    return Confirmed(request.key or "")


def external_key(request: WriteRequest) -> str:
    """What a record that we create carries as its external id: its key on the other side."""
    return request.source_key or request.reference


def marker(reference: str) -> str:
    """What our comments end with, and are found by."""
    return f"[syncd {reference}]"


def shows(request: WriteRequest, wire: Mapping[str, Any], profile: ServiceTradeProfile) -> bool:
    """Whether a record that exists looks as it does after ``request`` (not for comments)."""
    if request.operation is Operation.UPDATE or request.entity == "payment":
        # a payment has no place for a reference of ours: invoice, number, day and amount must all agree
        return holds(wire, request.body)
    ids = profile.external_ids
    external = (wire.get(ids.field) or {}).get(ids.system)
    match request.operation:
        case Operation.CREATE:
            return bool(external) and external == external_key(request)
        case Operation.DELETE:
            return False
    if request.action == "set_external_id":
        return bool(external == request.argument)
    return bool(wire.get("status") == request.argument)


def _create(request: WriteRequest, resource: Resource, profile: ServiceTradeProfile) -> dict[str, Any]:
    body = {**resource.fixed, **request.body}
    if request.entity == "payment":
        return body
    company = body.pop("company", None)
    if isinstance(company, dict):
        body["companyId"] = company["id"]
    body["address"] = _address({}, body.get("address") or {})
    ids = profile.external_ids
    return {**body, ids.field: {ids.system: external_key(request)}}


def _whole(body: Mapping[str, Any], current: bytes | None) -> dict[str, Any]:
    if "address" not in body or current is None:
        return dict(body)
    present = msgspec.json.decode(current, type=dict[str, Any]).get("address") or {}
    return {**body, "address": _address(present, body["address"])}


def _address(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """All four parts and whatever else stands there: what is not sent may be lost."""
    return {**dict.fromkeys(_ADDRESS, ""), **present, **wanted}


def _comment(request: WriteRequest, profile: ServiceTradeProfile) -> dict[str, Any]:
    names = profile.comments
    body: dict[str, Any] = {
        names.text: f"{request.argument} {marker(request.reference)}".strip(),
        names.entity_id: int(request.key or 0),
    }
    if names.entity_type is not None:
        body[names.entity_type] = profile.entity_types.invoice
    return body
