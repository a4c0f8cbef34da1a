"""Where ServiceTrade's answers become records: envelopes, the two layouts, and the platform's words.

Pure. Records keep the platform's own bytes, so that unchanged ones are recognised without parsing; only
a layout that differs is rewritten, always in the same way. Raises ``UnreadableAnswer``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from syncd.connectors.servicetrade.entities import REFERENCES, TOTAL_COST, TOTAL_WITH_TAX
from syncd.connectors.servicetrade.profile import Totals
from syncd.core.canonical import money, number
from syncd.core.errors import UnreadableAnswer
from syncd.http import Answer
from syncd.rest import Listed, Row
from syncd.rest.rows import at


class _Envelope(msgspec.Struct):
    data: dict[str, msgspec.Raw]


class _Head(msgspec.Struct):
    """What a walk must know of a record; the rest stays bytes."""

    id: int
    updated: int | None = None


class _Written(msgspec.Struct):
    data: _Head


_written = msgspec.json.Decoder(_Written)
_envelopes = msgspec.json.Decoder(_Envelope)
_lists = msgspec.json.Decoder(list[msgspec.Raw])
_heads = msgspec.json.Decoder(_Head)
_counts = msgspec.json.Decoder(int)


@dataclass(frozen=True)
class Edge:
    """Reads the answers about one kind of record on one account."""

    entity: str
    path: str
    """Where it is found; a single record stands under its name."""
    list_key: str
    totals: Totals

    @property
    def references(self) -> Mapping[str, str]:
        return REFERENCES.get(self.entity, {})

    def listed(self, answer: Answer) -> Listed:
        """One page of a list. A missing ``totalPages`` means one page."""
        try:
            data = _envelopes.decode(answer.body).data
            raws = _lists.decode(data[self.list_key])
            total = _counts.decode(data["totalPages"]) if "totalPages" in data else 1
            heads = [_heads.decode(raw) for raw in raws]
        except (msgspec.MsgspecError, KeyError):
            raise UnreadableAnswer(
                f"servicetrade {self.path}: the list is not what the API promises",
                remedy="look at the drift report of this connection",
            ) from None
        if raws and self._differs(_record(bytes(raws[0]))):
            texts = [self._rewritten(_record(bytes(raw)), {}) for raw in raws]
        else:
            texts = [bytes(raw) for raw in raws]
        return Listed([self._row(head, text) for head, text in zip(heads, texts, strict=True)], pages=total)

    def single(self, answer: Answer) -> Row:
        """One record, in whichever layout this account has."""
        try:
            data = _envelopes.decode(answer.body).data
            inner = data.get(self.path.removeprefix("/"))
            if inner is not None and "id" not in data:
                siblings = {name: _siblings(raw) for name, raw in data.items() if raw is not inner}
                raw = self._rewritten(_record(bytes(inner)), siblings)
            else:
                raw = _data_of(answer.body)
                wire = _record(raw)
                raw = self._rewritten(wire, {}) if self._differs(wire) else raw
            head = _heads.decode(raw)
        except msgspec.MsgspecError:
            raise UnreadableAnswer(
                f"servicetrade {self.path}: the record is not what the API promises",
                remedy="look at the drift report of this connection",
            ) from None
        return self._row(head, raw)

    def _row(self, head: _Head, raw: bytes) -> Row:
        return Row(str(head.id), raw, head.updated, self.entity == "job_cost" and _costs_nothing_yet(raw))

    def _differs(self, wire: Mapping[str, Any]) -> bool:
        """Whether a record is not flat yet, its references bare ids, or lacks a sum that is added here."""
        return bool(self._sum) or any(isinstance(wire.get(name), int) for name in self.references)

    @property
    def _sum(self) -> str:
        """The field that is added: a sum that the platform leaves to its readers."""
        if self.entity == "job_cost":
            return TOTAL_COST
        apart = self.entity in ("invoice", "bill") and not self.totals.total_includes_tax
        return TOTAL_WITH_TAX if apart else ""

    def _rewritten(self, wire: dict[str, Any], siblings: Mapping[str, Mapping[int, Any]]) -> bytes:
        for name, plural in self.references.items():
            ident = wire.get(name)
            if isinstance(ident, int):
                wire[name] = siblings.get(plural, {}).get(ident, {"id": ident})
        if self._sum:
            wire[self._sum] = self._summed(wire)
        return msgspec.json.encode(wire)

    def _summed(self, wire: Mapping[str, Any]) -> str | None:
        """The exact sum as text; None if either part is missing: half a total is none."""
        try:
            if self.entity == "job_cost":
                # `cost` is the cost of one: public code multiplies it so
                return str(money(number(wire.get("quantity")) * number(wire.get("cost"))))
            return str(money(wire.get("totalPrice")) + money(at(wire, self.totals.tax)))
        except ValueError:
            return None


def identity(answer: Answer) -> str:
    """The id of what a write answered with."""
    try:
        return str(_written.decode(answer.body).data.id)
    except msgspec.MsgspecError:
        raise UnreadableAnswer("servicetrade: the answer to a write names no record") from None


def words(answer: Answer) -> str:
    """What the platform says of a refusal, in its own words. Lists by kind, bare texts, or a plain list."""
    try:
        body = answer.json()
    except UnreadableAnswer:
        body = None
    messages = body.get("messages") if isinstance(body, dict) else None
    found = [text.strip() for text in _texts(messages) if text.strip()]
    return "; ".join(dict.fromkeys(found)) or f"HTTP {answer.status} without a word"


def _texts(messages: Any) -> list[str]:
    if isinstance(messages, str):
        return [messages]
    if isinstance(messages, list):
        return [text for entry in messages for text in _texts(entry)]
    if isinstance(messages, dict):
        return [text for entry in messages.values() for text in _texts(entry)]
    return []


def _costs_nothing_yet(raw: bytes) -> bool:
    """A job item without a cost, or without a day on which it was used, is planned and no cost."""
    wire = _record(raw)
    return wire.get(TOTAL_COST) is None or wire.get("usedOn") is None


def _record(raw: bytes) -> dict[str, Any]:
    return msgspec.json.decode(raw, type=dict[str, Any])


def _data_of(body: bytes) -> bytes:
    return bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw])["data"])


def _siblings(raw: msgspec.Raw) -> dict[int, Any]:
    value = msgspec.json.decode(raw)
    entries = value if isinstance(value, list) else []
    return {entry["id"]: entry for entry in entries if isinstance(entry, dict) and "id" in entry}
