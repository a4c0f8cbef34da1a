"""ServiceTrade's webhooks: what to subscribe to, and what a delivery hints at. Pure.

Deliveries are unsigned and hold ids only; the unguessable part of the address is what proves them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from syncd.connectors.servicetrade.profile import EntityTypes
from syncd.core.errors import UnreadableAnswer

_NAMES: Final[Mapping[str | int, tuple[str, ...]]] = {
    "company": ("customer", "vendor"),
    "location": ("location",),
    "job": ("job",),
    "invoice": ("invoice", "bill"),
    "jobitem": ("job_cost",),
}
"""Kind -> what it may be here: an announcement does not say."""


class _Entity(msgspec.Struct):
    type: str | int
    id: int | str


class _Event(msgspec.Struct):
    entity: _Entity


class _Delivery(msgspec.Struct):
    data: list[_Event]


class Hook(msgspec.Struct, rename="camel"):
    """One subscription as the platform lists it."""

    id: int
    hook_url: str
    entity_events: list[dict[str, Any]] = []


class _Hooks(msgspec.Struct):
    webhooks: list[Hook]


class _HooksAnswer(msgspec.Struct):
    data: _Hooks


def subscription(url: str, types: EntityTypes) -> dict[str, Any]:
    """The body that registers ``url`` for every kind of record we read."""
    numbers = sorted(number for number in _numbers(types) if isinstance(number, int))
    actions = ["created", "updated", "deleted"]
    return {
        "hookUrl": url,
        "entityEvents": [{"entityType": number, "actions": actions} for number in numbers],
        "includeChangesets": False,
    }


def hooks(body: bytes) -> Sequence[Hook]:
    """The subscriptions of the account. Raises ``UnreadableAnswer``."""
    try:
        return msgspec.json.decode(body, type=_HooksAnswer).data.webhooks
    except msgspec.MsgspecError:
        raise UnreadableAnswer("servicetrade /webhook: the list is not what the API promises") from None


def is_current(hook: Hook, url: str, types: EntityTypes) -> bool:
    """Whether it sends us everything, so that nothing must be registered."""
    covered = {entry.get("entityType") for entry in hook.entity_events}
    return hook.hook_url == url and covered >= _numbers(types).keys()


def is_stale(hook: Hook, url: str) -> bool:
    """Whether it was ours: the same place, another unguessable last part."""
    return hook.hook_url.rpartition("/")[0] == url.rpartition("/")[0]


def hints(body: bytes, types: EntityTypes) -> list[tuple[str, str]]:
    """(entity, key) of every record mentioned, each once. Raises ``UnreadableAnswer``."""
    try:
        events = msgspec.json.decode(body, type=_Delivery).data
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UnreadableAnswer("servicetrade: a webhook delivery is not what the API promises") from None
    known = {**_NAMES, **_numbers(types)}
    named = [
        (entity, str(event.entity.id)) for event in events for entity in known.get(event.entity.type, ())
    ]
    return list(dict.fromkeys((entity, key) for entity, key in named if key.isdecimal()))


def _numbers(types: EntityTypes) -> dict[str | int, tuple[str, ...]]:
    return {
        types.company: _NAMES["company"],
        types.location: _NAMES["location"],
        types.job: _NAMES["job"],
        types.invoice: _NAMES["invoice"],
        types.job_item: _NAMES["jobitem"],
    }
