"""How BuildOps is spoken to, where it differs from an ordinary JSON API. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from syncd.connectors.buildops.entities import ADDRESS, SHAPES, resources
from syncd.connectors.buildops.profile import BuildopsProfile
from syncd.connectors.buildops.settings import Settings
from syncd.core.canonical import money
from syncd.core.errors import UnreadableAnswer
from syncd.core.model import Operation
from syncd.core.outcome import ErrorClass
from syncd.http import Answer
from syncd.ports import WriteRequest
from syncd.rest import Call, Current, Dialect, Row

_DISCOUNT: Final = "Discount"
_OTHER: Final = "OtherLineItem"


class BuildopsDialect(Dialect):
    def __init__(self, settings: Settings, profile: BuildopsProfile) -> None:
        super().__init__("buildops", resources(settings, profile))
        self.profile = profile
        self._parts = SHAPES[profile.address.shape]

    # -- reading -----------------------------------------------------------------------------

    def row(self, entity: str, raw: bytes) -> Row:
        """One record with its one address in our shape, in bytes that stay the same while it does."""
        if entity not in ("customer", "location", "invoice"):
            return super().row(entity, raw)
        try:
            shown = msgspec.json.decode(raw, type=dict[str, Any])
        except msgspec.MsgspecError:
            raise UnreadableAnswer(f"buildops {entity}: a record is not what the API promises") from None
        if entity == "invoice":
            _tell_discount(shown)
        else:
            address = self._address(shown) if entity == "customer" else shown.get("address")
            found = address if isinstance(address, dict) else {}
            shown[ADDRESS] = {ours: found.get(theirs) for ours, theirs in self._parts.items()}
        return super().row(entity, msgspec.json.encode(shown))

    def _address(self, shown: Mapping[str, Any]) -> dict[str, Any] | None:
        """The address that a customer is billed at."""
        addresses = shown.get("addresses")
        listed = addresses if isinstance(addresses, list) else []
        return next((a for a in listed if a.get("addressType") == self.profile.address.type), None)

    # -- writing -----------------------------------------------------------------------------

    def new(self, request: WriteRequest) -> Any:
        return self._with_address(super().new(request), [])

    def call(self, request: WriteRequest, current: Current | None) -> Call:
        plain = super().call(request, current)
        if request.operation is not Operation.UPDATE:
            return plain
        body = dict(plain.json)
        return Call(
            plain.method, plain.path, self._with_address(body, body.get("addresses") or []), plain.headers
        )

    def _with_address(self, body: Mapping[str, Any], addresses: list[Any]) -> dict[str, Any]:
        """Our address put back into the list that it came from; every other one stays as it was."""
        rest = {name: value for name, value in body.items() if name != ADDRESS}
        wanted = {
            theirs: body[ADDRESS][ours]
            for ours, theirs in self._parts.items()
            if ours in body.get(ADDRESS, {})
        }
        if not any(value not in (None, "") for value in wanted.values()) and not addresses:
            return rest
        billing = self.profile.address.type
        kept = [a for a in addresses if a.get("addressType") != billing]
        present = next((a for a in addresses if a.get("addressType") == billing), {"addressType": billing})
        return {**rest, "addresses": [*kept, {**present, **wanted}]}

    def refusal(self, answer: Answer) -> ErrorClass:
        return ErrorClass.CONFLICT if answer.status in self.profile.stale else super().refusal(answer)

    def shows(self, request: WriteRequest, wire: Mapping[str, Any]) -> bool:
        if request.operation is Operation.CREATE and self.profile.reference is None:
            return False
        return super().shows(request, wire)


def _tell_discount(invoice: dict[str, Any]) -> None:
    """A discount of the whole invoice as a line of its own, so that lines and tax add up to the total."""
    try:
        discount = money(invoice.get("discount") or 0)
    except ValueError:
        return
    lines = invoice.get("invoiceItems")
    if discount and isinstance(lines, list):
        line = {"lineItemType": _OTHER, "name": _DISCOUNT, "amount": float(-discount), "taxable": False}
        invoice["invoiceItems"] = [*lines, line]
