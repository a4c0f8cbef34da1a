"""How ServiceTrade is spoken to, where it differs from an ordinary JSON API. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from syncd.connectors.servicetrade import edge, writing
from syncd.connectors.servicetrade.edge import Edge
from syncd.connectors.servicetrade.entities import BILL, ROLES, resources
from syncd.connectors.servicetrade.profile import ServiceTradeProfile
from syncd.connectors.servicetrade.settings import Settings
from syncd.core.outcome import Outcome
from syncd.http import Answer
from syncd.ports import WriteRequest
from syncd.rest import Call, Current, Dialect, Listed, Row

ID_DIGITS: Final = 12
"""Ids are far longer (16 digits seen), human numbers far shorter."""


class ServiceTradeDialect(Dialect):
    def __init__(self, profile: ServiceTradeProfile, settings: Settings) -> None:
        super().__init__("servicetrade", resources(profile, settings))
        self.profile = profile
        self._settings = settings
        self._edges = {
            entity: Edge(entity, resource.path, resource.rows.partition(".")[2], profile.totals)
            for entity, resource in self.resources.items()
        }

    def listed(self, entity: str, answer: Answer) -> Listed:
        return self._edges[entity].listed(answer)

    def single(self, entity: str, answer: Answer) -> Row:
        return self._edges[entity].single(answer)

    def comments(self, answer: Answer) -> Listed:
        """One page of a list of comments."""
        names = self.profile.comments
        return Edge("comment", names.path, names.list_key, self.profile.totals).listed(answer)

    def in_scope(self, entity: str, row: Row) -> bool:
        """What is announced as an invoice is one to a customer, or a vendor's bill, or neither here."""
        types = {"invoice": self._settings.invoice_types, "bill": (BILL,)}.get(entity)
        return types is None or msgspec.json.decode(row.raw, type=dict[str, Any]).get("type") in types

    def finding(self, entity: str, number: str) -> Sequence[tuple[str, Mapping[str, str] | None]]:
        if entity != "job":
            return super().finding(entity, number)
        # the one number with a filter of its own, which also lifts the status filter
        wanted = number.isdecimal() and len(number) < ID_DIGITS
        return [("number", {"number": number})] if wanted else []

    def words(self, answer: Answer) -> str:
        return edge.words(answer)

    # -- writing -----------------------------------------------------------------------------

    def needs_current(self, request: WriteRequest) -> bool:
        return writing.needs_current(request)

    def call(self, request: WriteRequest, current: Current | None) -> Call:
        raw = current.row.raw if current is not None else request.expected
        return writing.call(request, self.resources[request.entity], self.profile, raw)

    def outcome(self, request: WriteRequest, answer: Answer) -> Outcome:
        return writing.outcome(request, answer)

    def looked_up(self, request: WriteRequest) -> Mapping[str, str | None]:
        if request.entity == "payment":
            name = self.profile.payments.invoice_id if self.profile.payments else ""
            return {name: str(request.body[name])} if name in request.body else {}
        ids = self.profile.external_ids
        # one that was just made may not be listed as a customer yet
        everybody = {ROLES[request.entity]: None} if request.entity in ROLES else {}
        if ids.filter_parameter is None:
            return everybody
        return {**everybody, ids.filter_parameter: f"{ids.system}:{writing.external_key(request)}"}

    def shows(self, request: WriteRequest, wire: Mapping[str, Any]) -> bool:
        return writing.shows(request, wire, self.profile)
