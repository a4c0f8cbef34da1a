"""How Acumatica is spoken to, where it differs from an ordinary JSON API. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec

from syncd.connectors.acumatica import wire
from syncd.connectors.acumatica.entities import APPLIED, DOCUMENT, KINDS, TAX, resources
from syncd.connectors.acumatica.profile import AcumaticaProfile
from syncd.connectors.acumatica.settings import Settings
from syncd.core.canonical import money
from syncd.core.errors import UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import Confirmed, ErrorClass, Outcome, Rejected, Retry, Unknown
from syncd.http import Answer
from syncd.mapping.entity_map import apply
from syncd.ports import WriteRequest
from syncd.rest import Call, Current, Dialect, Row, odata
from syncd.rest.dialect import nested, quoted

_APPLICATIONS: Final = "DocumentsToApply"


class AcumaticaDialect(Dialect):
    def __init__(self, settings: Settings, profile: AcumaticaProfile) -> None:
        super().__init__("acumatica", resources(settings, profile))
        self.settings = settings
        self._profile = profile

    # -- reading -----------------------------------------------------------------------------

    def joined(self, parameter: str, always: str, also: str) -> str:
        return odata.all_of(always, also) if parameter == "$filter" else also

    def value(self, text: str) -> str:
        return odata.literal(text)

    def record_path(self, entity: str, key: str) -> str:
        """Documents have two parts to their key, type and number."""
        path = self.resources[entity].path
        if KINDS[entity].key != DOCUMENT:
            return f"{path}/{quoted(key)}"
        kind, _, number = key.partition("/")
        return f"{path}/{quoted(kind)}/{quoted(number or '-')}"

    def row(self, entity: str, raw: bytes) -> Row:
        """One record without its wrappers, in bytes that stay the same while it does."""
        try:
            shown = wire.unwrapped(msgspec.json.decode(raw, type=dict[str, Any]))
        except msgspec.MsgspecError:
            raise UnreadableAnswer(f"acumatica {entity}: a record is not what the API promises") from None
        if KINDS[entity].key == DOCUMENT:
            shown[DOCUMENT] = _document(shown.get("Type"), shown)
        if entity == "invoice":
            self._tell_tax(shown)
        if entity == "payment":
            shown[APPLIED] = _applied(shown.get(_APPLICATIONS))
        return super().row(entity, msgspec.json.encode(shown))

    # -- writing -----------------------------------------------------------------------------

    def call(self, request: WriteRequest, current: Current | None) -> Call:
        plain = super().call(request, current)
        body = self._with_tax(plain.json) if request.entity == "invoice" else dict(plain.json)
        if request.operation is Operation.UPDATE:
            body = apply(nested(KINDS[request.entity].key, request.key), body)
        expand = self.resources[request.entity].query
        # the answer must show what was kept: status 200 alone proves nothing here
        path = f"{plain.path}?{urlencode(expand, quote_via=quote)}" if expand else plain.path
        return Call(plain.method, path, wire.wrapped(body), plain.headers)

    def _tell_tax(self, shown: dict[str, Any]) -> None:
        """Take the lines that carry the other side's tax for what they are."""
        lines = shown.get("Details")
        if not isinstance(lines, list):
            return
        ours = [line for line in lines if self._is_tax(line)]
        shown["Details"] = [line for line in lines if not self._is_tax(line)]
        taxes = [shown.get("TaxTotal"), *(line.get("Amount") for line in ours)]
        shown[TAX] = str(sum((money(tax) for tax in taxes if tax is not None), Decimal(0)))

    def _is_tax(self, line: Any) -> bool:
        item = self._profile.tax_item
        return item is not None and isinstance(line, Mapping) and line.get("InventoryID") == item

    def _with_tax(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The tax as a line of its own; without an item for it Acumatica's own tax is all there is."""
        plain = {name: value for name, value in body.items() if name != TAX}
        if self._profile.tax_item is None or not body.get(TAX):
            return plain
        tax = body[TAX]
        line = {"InventoryID": self._profile.tax_item, "Qty": 1, "UnitPrice": tax, "Amount": tax}
        return {
            **plain,
            "Details": [*plain.get("Details", ()), {**line, "TaxCategory": self._profile.exempt}],
        }

    def outcome(self, request: WriteRequest, answer: Answer) -> Outcome:
        if answer.status >= 500:
            return self._broken(answer)
        if answer.status == 412:
            if request.operation is Operation.CREATE:
                return Rejected(ErrorClass.DUPLICATE, "a record with this key exists already")
            return Rejected(ErrorClass.NOT_FOUND, f"{request.entity} {request.key} is not there")
        return super().outcome(request, answer)

    def done(self, request: WriteRequest, answer: Answer) -> Outcome:
        """A field that the user may not set, or that a rule overrides, is left out without a word."""
        outcome = super().done(request, answer)
        if not isinstance(outcome, Confirmed) or request.operation is not Operation.UPDATE:
            return outcome
        shown = msgspec.json.decode(self.single(request.entity, answer).raw, type=dict[str, Any])
        lost = sorted(_lost(shown, request.body))
        if not lost:
            return outcome
        words = f"Acumatica answered that it was saved and did not keep: {', '.join(lost)}"
        return Rejected(ErrorClass.VALIDATION, words, lost[0])

    def words(self, answer: Answer) -> str:
        """What stands beside each bad field of the record that came back, else the exception's message."""
        try:
            body = answer.json() if answer.body else None
        except UnreadableAnswer:
            body = None
        told = [f"{field}: {words}" if field else words for field, words in wire.errors(body)]
        if told:
            return "; ".join(dict.fromkeys(told))
        if isinstance(body, Mapping) and isinstance(body.get("exceptionMessage"), str):
            return str(body["exceptionMessage"])
        return super().words(answer)

    def _broken(self, answer: Answer) -> Outcome:
        """Business rules answer 500 too, with the exception's words. Nothing was saved then: the request is
        one transaction. Words that are known to pass are tried again; without any, nothing is known."""
        try:
            body = answer.json()
        except UnreadableAnswer:
            body = None
        if not isinstance(body, Mapping) or not body.get("exceptionMessage"):
            return Unknown(ErrorClass.SERVER, f"HTTP {answer.status} without an explanation")
        words = self.words(answer)
        if any(word in words.casefold() for word in self._profile.transient):
            return Retry(ErrorClass.CONFLICT, words)
        return Rejected(ErrorClass.VALIDATION, words)

    # -- evidence ----------------------------------------------------------------------------

    def looked_up(self, request: WriteRequest) -> Mapping[str, str | None]:
        resource = self.resources[request.entity]
        if resource.reference is not None:
            return super().looked_up(request)
        wanted = [(path, request.body.get(path)) for path in resource.unique]
        filters = [odata.equals(path, str(value)) for path, value in wanted if value is not None]
        return {"$filter": odata.all_of(*filters)} if filters else {}


def _document(kind: Any, shown: Mapping[str, Any]) -> str | None:
    number = shown.get("ReferenceNbr") or shown.get("OrderNbr")
    return f"{kind}/{number}" if kind and number else None


def _applied(applications: Any) -> str | None:
    """The one document that a payment is applied to; None where there are several, or none."""
    if not isinstance(applications, list) or len(applications) != 1:
        return None
    return _document(applications[0].get("DocType"), applications[0])


def _lost(shown: Any, wanted: Any, at: str = "") -> set[str]:
    """Fields that were sent and do not stand in the answer. Names only, never what they hold."""
    if isinstance(wanted, Mapping):
        found = shown if isinstance(shown, Mapping) else {}
        lost: set[str] = set()
        for name, value in wanted.items():
            lost |= _lost(found.get(name), value, f"{at}.{name}" if at else name)
        return lost
    return set() if _same(shown, wanted) else {at}


def _same(shown: Any, wanted: Any) -> bool:
    if isinstance(wanted, str):
        # a day comes back as a time, and a text without its outer blanks
        return (
            isinstance(shown, str)
            and shown.strip().startswith(wanted.strip()[:10])
            and (shown.strip() == wanted.strip() or shown[10:11] == "T")
        )
    if isinstance(wanted, int | float) and not isinstance(wanted, bool):
        number = isinstance(shown, int | float) and not isinstance(shown, bool)
        return number and Decimal(str(shown)) == Decimal(str(wanted))
    return bool(shown == wanted) or (wanted is None and shown in (None, ""))
