"""Business Central's subscriptions: what to ask for, what to renew, and what a delivery hints at. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from syncd.connectors.business_central.entities import KINDS
from syncd.connectors.business_central.settings import Settings
from syncd.core.errors import UnreadableAnswer

_ENTITIES: Final[Mapping[str, str]] = {kind.set: entity for entity, kind in KINDS.items()}
_RECORD: Final = re.compile(r"companies\((?P<company>[0-9a-f-]+)\)/(?P<set>\w+)\((?P<key>[0-9a-f-]{36})\)$")


class Subscription(msgspec.Struct, rename="camel"):
    """One as the platform shows it."""

    subscription_id: str
    notification_url: str
    resource: str
    expiration_date_time: datetime
    etag: str = msgspec.field(name="@odata.etag", default="*")


class _Listed(msgspec.Struct):
    value: list[Subscription]


class _Told(msgspec.Struct, rename="camel"):
    resource: str
    change_type: str


class _Delivery(msgspec.Struct):
    value: list[_Told]


def resources(settings: Settings) -> Sequence[str]:
    """What is subscribed to: every kind of record that the platform announces."""
    company = f"/api/v2.0/companies({settings.company_id})"
    return [f"{company}/{kind.set}" for kind in KINDS.values() if kind.announced]


def listed(body: bytes) -> Sequence[Subscription]:
    """Raises ``UnreadableAnswer``."""
    try:
        return msgspec.json.decode(body, type=_Listed).value
    except msgspec.MsgspecError:
        raise UnreadableAnswer("business-central: the subscriptions are not what the API promises") from None


def granted(body: bytes) -> Subscription:
    """Raises ``UnreadableAnswer``."""
    try:
        return msgspec.json.decode(body, type=Subscription)
    except msgspec.MsgspecError:
        raise UnreadableAnswer("business-central: a subscription is not what the API promises") from None


def ours(found: Sequence[Subscription], resource: str, url: str) -> Subscription | None:
    """The one that sends news of ``resource`` to ``url``."""
    return next((s for s in found if s.notification_url == url and _same(s.resource, resource)), None)


def stale(found: Sequence[Subscription], settings: Settings, url: str) -> Sequence[Subscription]:
    """Those that were ours: the same place, another unguessable last part."""
    place, wanted = url.rpartition("/")[0], resources(settings)
    return [
        one
        for one in found
        if one.notification_url != url
        and one.notification_url.rpartition("/")[0] == place
        and any(_same(one.resource, resource) for resource in wanted)
    ]


def _same(left: str, right: str) -> bool:
    return left.strip("/") == right.strip("/")


def body(resource: str, url: str, state: str) -> dict[str, Any]:
    """What makes or renews one. Either is answered only after a handshake."""
    return {"notificationUrl": url, "resource": resource, "clientState": state}


def hints(delivery: bytes, settings: Settings) -> Sequence[tuple[str, str]]:
    """(entity, key) of every record of this company, each once. News of a whole collection names no record:
    the next reading finds what changed. Raises ``UnreadableAnswer``."""
    try:
        told = msgspec.json.decode(delivery, type=_Delivery).value
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise UnreadableAnswer("business-central: a delivery is not what the API promises") from None
    found = [_RECORD.search(one.resource) for one in told if one.change_type != "collection"]
    named = [(_ENTITIES.get(m["set"]), m["key"]) for m in found if m and m["company"] == settings.company_id]
    return list(dict.fromkeys((entity, key) for entity, key in named if entity is not None))
