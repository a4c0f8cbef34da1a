"""How Business Central is spoken to, where it differs from an ordinary JSON API. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from syncd.connectors.business_central import wire
from syncd.connectors.business_central.entities import DRAFTS, KINDS, operations, resources
from syncd.connectors.business_central.settings import Settings
from syncd.core.errors import FixInput, UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected
from syncd.http import Answer
from syncd.http.outcomes import error_class
from syncd.ports import WriteRequest
from syncd.rest import Call, Current, Dialect, Row, odata

_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OURS: Final = UUID("5d0d7e7f-3b3c-4f0a-8f57-2f1c6b6a3c11")
"""The space of the ids that we choose."""
_POST: Final = "Microsoft.NAV.post"
_CORRELATION: Final = re.compile(r"\s*CorrelationId:\s*[0-9a-f-]+\.?", re.IGNORECASE)
_CLASSES: Final = {
    "Request_EntityChanged": ErrorClass.CONFLICT,
    "Internal_EntityWithSameKeyExists": ErrorClass.DUPLICATE,
}
_FAMILIES: Final = {
    "Authentication": ErrorClass.AUTH,
    "Authorization": ErrorClass.PERMISSION,
    "Application": ErrorClass.VALIDATION,
}


class BusinessCentralDialect(Dialect):
    def __init__(self, settings: Settings) -> None:
        super().__init__("business-central", resources(settings))
        self._settings = settings

    # -- reading -----------------------------------------------------------------------------

    def joined(self, parameter: str, always: str, also: str) -> str:
        return odata.all_of(always, also) if parameter == "$filter" else also

    def value(self, text: str) -> str:
        return odata.literal(text)

    def record_path(self, entity: str, key: str) -> str:
        if not is_id(key):
            raise FixInput(f"business-central {entity}: a key that is no id")
        return odata.key_path(self.resources[entity].path, key)

    def row(self, entity: str, raw: bytes) -> Row:
        try:
            record = msgspec.json.decode(raw, type=dict[str, Any])
            seen = wire.shown(entity, KINDS[entity], record, self._settings.chart.tax)
        except (msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError):
            raise UnreadableAnswer(
                f"{self.platform} {entity}: a record is not what the API promises",
                remedy="look at the drift report of this connection",
            ) from None
        # says where it was asked for, nothing of the record
        seen.pop("@odata.context", None)
        return super().row(entity, msgspec.json.encode(seen))

    def in_scope(self, entity: str, row: Row) -> bool:
        return not (self.posts(entity) and self.is_draft(row))

    # -- writing -----------------------------------------------------------------------------

    def posts(self, entity: str) -> bool:
        """Whether a new one is posted at once."""
        return KINDS[entity].posts and self._settings.documents == "post"

    def is_draft(self, row: Row) -> bool:
        return msgspec.json.decode(row.raw, type=dict[str, Any]).get("status") in DRAFTS

    def call(self, request: WriteRequest, current: Current | None) -> Call:
        if request.name not in operations(request.entity, self._settings):
            remedy = "set `chart.manual_orders` if its number series takes numbers that are sent"
            raise FixInput(
                f"business-central has no {request.name} of {request.entity} here",
                remedy=remedy if request.entity == "purchase_order" else "",
            )
        return super().call(request, current)

    def new(self, request: WriteRequest) -> Any:
        body: Mapping[str, Any] = dict(request.body)
        if self.resources[request.entity].reference is not None:
            body = {**body, "id": chosen_id(request.reference)}
        return wire.created(request.entity, KINDS[request.entity], body, self._settings.chart)

    def posting(self, entity: str, key: str) -> Call:
        """The action that makes a draft a document."""
        return Call("POST", f"{self.record_path(entity, key)}/{_POST}")

    def posted(self, key: str, answer: Answer) -> Outcome:
        """What the answer to the action says became of the document. A refusal leaves a draft, which the next
        try finds."""
        return Confirmed(key) if answer.ok else Rejected(self.refusal(answer), self.words(answer))

    def refusal(self, answer: Answer) -> ErrorClass:
        """Not every 409 is an edit in between, so codes come before statuses; texts come in the language of
        whoever asks, so they are never looked at."""
        code = _code(answer)
        family = _FAMILIES.get(code.partition("_")[0])
        return _CLASSES.get(code) or family or error_class(answer.status)

    def words(self, answer: Answer) -> str:
        try:
            told = answer.json()["error"]
            text = _CORRELATION.sub("", str(told["message"])).strip()
        except (UnreadableAnswer, KeyError, TypeError):
            return super().words(answer)
        return f"{text} ({told.get('code')})"

    # -- evidence ----------------------------------------------------------------------------

    def looked_up(self, request: WriteRequest) -> Mapping[str, str]:
        unique = KINDS[request.entity].unique
        if not unique:
            return {"$filter": f"id eq {chosen_id(request.reference)}"}
        wanted = [(path, request.body.get(path)) for path in unique]
        return {"$filter": odata.all_of(*(_equals(path, str(value)) for path, value in wanted))}

    def shows(self, request: WriteRequest, wire: Mapping[str, Any]) -> bool:
        if request.operation is Operation.CREATE and not KINDS[request.entity].unique:
            return bool(wire.get("id") == chosen_id(request.reference))
        return super().shows(request, wire)

    def earlier(self, request: WriteRequest, rows: Sequence[Row]) -> Row | Rejected | None:
        """The draft that an earlier try of this request left, to be posted instead of a second one; None:
        there is none. A posted document of this number, or several drafts, are no try of ours."""
        told = [(row, msgspec.json.decode(row.raw, type=dict[str, Any])) for row in rows]
        ours = [row for row, record in told if self.shows(request, record)]
        if not all(self.is_draft(row) for row in ours):
            return Rejected(ErrorClass.DUPLICATE, "a posted document bears this number already")
        if len(ours) > 1:
            words = f"{len(ours)} drafts bear this number: delete all but one"
            return Rejected(ErrorClass.DUPLICATE, words)
        return ours[0] if ours else None


def is_id(key: str) -> bool:
    return _GUID.fullmatch(key) is not None


def chosen_id(reference: str) -> str:
    """The id of a record that we make: the same request chooses the same."""
    return str(uuid5(_OURS, reference))


def _equals(path: str, value: str) -> str:
    """Ids stand without quotes."""
    return f"{path} eq {value}" if is_id(value) else odata.equals(path, value)


def _code(answer: Answer) -> str:
    try:
        return str(answer.json()["error"]["code"])
    except (UnreadableAnswer, KeyError, TypeError):
        return ""
